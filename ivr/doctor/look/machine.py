"""Clock, disks and backups of this machine."""

import ctypes
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from ivr.backup.state import of_all
from ivr.doctor.observed import Backup, Gap, TimeKeeping, Volume

_TIME_ERROR = 5
"""adjtimex(2): the kernel's clock is not synchronised."""
_STA_UNSYNC = 0x40
_PROGRAM_SECONDS = 5
_MOST_BACKUPS = 20_000


def time_keeping() -> tuple[TimeKeeping | None, tuple[Gap, ...]]:
    """What keeps the clock right: chrony where it runs, else what the kernel was told by whoever keeps it."""
    seen = _chrony() or _kernel()
    if seen is not None:
        return seen, ()
    return None, (Gap("clock", "neither chrony nor the kernel tells whether the clock is kept right (a container may "
                      "not ask)", "look on the machine itself: timedatectl, or chronyc tracking"),)  # fmt: skip


def _chrony() -> TimeKeeping | None:
    program = shutil.which("chronyc")
    if program is None:
        return None
    try:
        done = subprocess.run((program, "-n", "tracking"), capture_output=True, text=True, check=False,
                              timeout=_PROGRAM_SECONDS)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return tracking(done.stdout) if done.returncode == 0 else None


def tracking(said: str) -> TimeKeeping | None:
    """What `chronyc tracking` says; None when it is something else."""
    status = re.search(r"(?m)^Leap status\s*: (.+)$", said)
    off = re.search(r"(?m)^System time\s*: ([0-9.]+) seconds (slow|fast)", said)
    if status is None:
        return None
    offset = float(off[1]) * (1 if off[2] == "fast" else -1) if off else None
    return TimeKeeping(status[1].strip() != "Not synchronised", "chrony", offset)


class _Timex(ctypes.Structure):
    """struct timex of Linux, as far as it is read; the rest of it is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def _kernel() -> TimeKeeping | None:
    """adjtimex(2) with nothing to change: what `timedatectl` shows as `System clock synchronized`."""
    try:
        timex = _Timex()
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if state < 0:
        return None
    return TimeKeeping(state != _TIME_ERROR and not timex.status & _STA_UNSYNC, "the kernel's clock (adjtimex)")


def volumes(*folders: Path) -> tuple[Volume, ...]:
    """The disks that these folders lie on, each once. A folder that is not there counts as its nearest one above."""
    found: dict[int, Volume] = {}
    for folder in folders:
        place = existing(folder)
        try:
            disk, about = place.stat().st_dev, os.statvfs(place)
        except OSError:
            continue
        found.setdefault(
            disk,
            Volume(
                str(place),
                size=about.f_blocks * about.f_frsize,
                free=about.f_bavail * about.f_frsize,
                inodes=about.f_files,
                inodes_free=about.f_favail,
                read_only=bool(about.f_flag & os.ST_RDONLY),
            ),
        )
    return tuple(found.values())


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def backup(folder: Path, var: Path) -> tuple[Backup | None, tuple[Gap, ...]]:
    """The newest whole backup of config/recordings.yaml; without one, the newest file with something in it, wherever it
    lies in the folder of backups."""
    if (made := _made(var)) is not None:
        return made, ()
    if not folder.exists():
        return Backup(str(folder), exists=False), ()
    try:
        newest = max((about.st_mtime for about in _files(folder) if about.st_size), default=None)
        same = folder.stat().st_dev == existing(var).stat().st_dev
    except OSError as error:
        return None, (Gap(str(folder), f"the backups cannot be looked at ({error.strerror})",
                          "run `ivr doctor` as a user who may, or root"),)  # fmt: skip
    at = datetime.fromtimestamp(newest, UTC) if newest is not None else None
    return Backup(str(folder), True, at, same), ()


def _made(var: Path) -> Backup | None:
    """What the server knows of its own backups."""
    try:
        whole = [(one.success, one) for one in of_all(var) if one.success is not None]
    except OSError:
        return None
    if not whole:
        return None
    newest, latest = max(whole, key=lambda pair: pair[0])
    same = all(_on_disk_of(var, one.folder) for _, one in whole)
    return Backup(latest.folder or latest.target, True, newest, same)


def _on_disk_of(var: Path, folder: str) -> bool:
    try:
        return bool(folder) and existing(Path(folder)).stat().st_dev == existing(var).stat().st_dev
    except OSError:
        return False


def _files(folder: Path) -> list[os.stat_result]:
    """Of every file below. Raises OSError."""
    found: list[os.stat_result] = []
    waiting = [folder]
    while waiting and len(found) < _MOST_BACKUPS:
        for one in os.scandir(waiting.pop()):
            if one.is_dir(follow_symlinks=False):
                waiting.append(Path(one.path))
            elif one.is_file(follow_symlinks=False):
                found.append(one.stat(follow_symlinks=False))
    return found


def latest_write(*databases: Path) -> tuple[str, datetime] | None:
    """The one of these files of SQLite, or of the logs beside them, that was written last, and when."""
    found = []
    for file in (beside for one in databases for beside in (one, one.with_name(f"{one.name}-wal"))):
        try:
            found.append((file.stat().st_mtime, str(file)))
        except OSError:
            continue
    if not found:
        return None
    at, name = max(found)
    return name, datetime.fromtimestamp(at, UTC)
