"""The vault's folder: sealed files by day, under names that say nothing.

    YYYY/MM/DD/<32 hexadecimal digits>.cva    one recording, mode 0600
    .incoming/<32 hexadecimal digits>.part    one that is being written; locked (flock) as long as its writer lives
    .incoming/expected                        names of those that are about to be written, a line each

A file appears whole, by a rename, after its content is on the disk. Every path is walked folder by folder without
following a link, so that no name leads out. The vault's own folder must exist: one that vanished with its disk is not
made again on another. Blocking: call it off the loop.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

from recordings.vault.inside import day, exists, folder, make, make_day, no_link, tidy, told_of
from recordings.vault.sealed import Sealed, seal

ENDING = ".cva"
INCOMING = ".incoming"
PART = ".part"
EXPECTED = "expected"
_FILE = re.compile(r"([0-9]{4})/([0-9]{2})/([0-9]{2})/([0-9a-f]{32}\.cva)")
_LEVELS = (re.compile(r"[0-9]{4}"), re.compile(r"[0-9]{2}"), re.compile(r"[0-9]{2}"))
_NAME = re.compile(r"[0-9a-f]{32}\.cva")
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_TRIES = 10
"""How often a folder of a day is made again that another just tidied away."""

_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies: the folders from the vault's own to its day's, and its name."""

    folders: tuple[str, str, str]
    name: str


def new_file(of: date) -> str:
    """A name for a new recording of that day, relative to the vault: random, never used before."""
    return f"{of:%Y/%m/%d}/{secrets.token_hex(16)}{ENDING}"


def place_of(file: str) -> Place:
    """Raises ValueError for anything but a name that `new_file` could have given."""
    found = _FILE.fullmatch(file)
    if found is None:
        raise ValueError(f"not a file of the vault: {file[:100]!r}")
    year, month, number, name = found.groups()
    try:
        date(int(year), int(month), int(number))
    except ValueError:
        raise ValueError(f"not a file of the vault: there is no day {year}-{month}-{number}") from None
    return Place((year, month, number), name)


class Vault:
    """One folder. Several threads and processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def admit(self, source: BinaryIO, key: bytes, file: str) -> Sealed:
        """Seal what `source` holds with a data key and keep it as `file` (of `new_file`), on the disk when this
        returns. Raises OSError (a full disk too), then nothing is left; FileExistsError when there is one."""
        with told_of(self._path), self._descriptor() as root:
            return self._bring(root, place_of(file), lambda target: seal(source, target, key))

    def expect(self, files: Sequence[str]) -> None:
        """Write down, on the disk, what is about to be admitted, in place of what was written down before: what a crash
        leaves without anybody who knows it is found by that. Raises OSError."""
        with self._descriptor() as root:
            make(root, INCOMING)
            with (
                folder(root, INCOMING) as incoming,
                os.fdopen(os.open(EXPECTED, _ANEW, 0o600, dir_fd=incoming), "wb", 0) as written,
            ):
                _write_all(written, "".join(f"{file}\n" for file in files).encode())
                os.fsync(written.fileno())
                os.fsync(incoming)

    def expected(self) -> list[str]:
        """Those of `expect` that lie in the vault."""
        try:
            with self._descriptor() as root, folder(root, INCOMING) as incoming:
                descriptor = os.open(EXPECTED, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=incoming)
                with os.fdopen(descriptor, "rb") as written:
                    names = written.read().decode("ascii", "replace").splitlines()
        except FileNotFoundError:
            return []
        return [name for name in names if _FILE.fullmatch(name) and self._holds(name)]

    def _holds(self, file: str) -> bool:
        try:
            self.open(file).close()
        except (FileNotFoundError, ValueError):
            return False
        return True

    def open(self, file: str) -> BinaryIO:
        """The sealed file, for a `Reader`; the caller closes it. Raises ValueError for a name that is none or leads
        over a link, FileNotFoundError, OSError."""
        place = place_of(file)
        with self._descriptor() as root, day(root, place.folders) as where:
            try:
                descriptor = os.open(
                    place.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=where
                )
            except OSError as error:
                raise no_link(error, file) from None
            opened = os.fdopen(descriptor, "rb")
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                opened.close()
                raise ValueError(f"{file} is not a file")
            return opened

    def remove(self, file: str) -> bool:
        """Remove it, on the disk too, and the folders of its day that are empty then. Whether it was there: again is
        harmless. Raises ValueError as `open` does, OSError."""
        place = place_of(file)
        with self._descriptor() as root:
            try:
                with day(root, place.folders) as where:
                    os.unlink(place.name, dir_fd=where)
                    os.fsync(where)
                removed = True
            except FileNotFoundError:
                removed = False
            tidy(root, place.folders)
        return removed

    def walk(self) -> Iterator[str]:
        """All files, by day and name. Holds the names of one day. What is no file of the vault is left out; what is
        added or removed meanwhile may come or not."""
        yield from self._walk("", 0)

    def sweep(self, older_than: timedelta, now: datetime) -> list[str]:
        """Remove what a crash left half-written: parts without a living writer that were last written to so long ago.
        Their names."""
        oldest = (now - older_than).timestamp()
        swept = []
        with self._descriptor() as root, contextlib.suppress(FileNotFoundError), folder(root, INCOMING) as incoming:
            for name in sorted(entry.name for entry in os.scandir(incoming)):
                if name.endswith(PART) and _abandoned(incoming, name, oldest):
                    os.unlink(name, dir_fd=incoming)
                    swept.append(name)
        return swept

    @contextlib.contextmanager
    def _descriptor(self) -> Iterator[int]:
        root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield root
        finally:
            os.close(root)

    def _bring(self, root: int, place: Place, write: Callable[[BinaryIO], _Told]) -> _Told:
        """Write a part, then rename it to its place."""
        make(root, INCOMING)
        part = secrets.token_hex(16) + PART
        with (
            folder(root, INCOMING) as incoming,
            os.fdopen(os.open(part, _NEW, 0o600, dir_fd=incoming), "wb") as target,
        ):
            try:
                fcntl.flock(target, fcntl.LOCK_EX)
                told = write(target)
                target.flush()
                os.fsync(target.fileno())
                _settle(root, incoming, part, place)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=incoming)
                raise
        return told

    def _walk(self, path: str, depth: int) -> Iterator[str]:
        """What lies in one folder, `depth` levels below the vault's."""
        if depth == len(_LEVELS):
            yield from (path + name for name in self._listed(path, _NAME, folders=False))
            return
        for name in self._listed(path, _LEVELS[depth], folders=True):
            yield from self._walk(f"{path}{name}/", depth + 1)

    def _listed(self, path: str, names: re.Pattern[str], *, folders: bool) -> list[str]:
        """The names in one folder, sorted; none when it was tidied away meanwhile."""
        try:
            with os.scandir(self._path / path) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if names.fullmatch(entry.name)
                    and (entry.is_dir(follow_symlinks=False) if folders else entry.is_file(follow_symlinks=False))
                )
        except FileNotFoundError:
            if not path:
                raise
            return []


def _write_all(into: BinaryIO, data: bytes) -> None:
    """Unbuffered: what could not be written is not tried again when it is closed."""
    if data and into.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _settle(root: int, incoming: int, part: str, place: Place) -> None:
    """Rename a part to its place, and have that on the disk."""
    for left in reversed(range(_TRIES)):
        try:
            make_day(root, place.folders)
            with day(root, place.folders) as where:
                if exists(where, place.name):
                    raise FileExistsError(f"the vault has {'/'.join((*place.folders, place.name))} already")
                os.rename(part, place.name, src_dir_fd=incoming, dst_dir_fd=where)
                try:
                    os.fsync(where)
                except OSError:
                    os.unlink(place.name, dir_fd=where)
                    raise
            return
        except FileNotFoundError:
            if not left:
                raise


def _abandoned(incoming: int, name: str, oldest: float) -> bool:
    """Whether a part is old and nobody writes it."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=incoming)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(descriptor)
        return stat.S_ISREG(found.st_mode) and found.st_mtime <= oldest
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
