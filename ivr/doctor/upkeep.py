"""Backups, clock, disks, certificates. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ivr.doctor.finding import Finding, fault, warning
from ivr.doctor.observed import Backup, Certificate, TimeKeeping, Volume

BACKUP_OLD = timedelta(days=2)
BACKUP_LOST = timedelta(days=8)
OFFSET_SECONDS = 2.0
AHEAD = timedelta(minutes=2)
"""A file that the server wrote this far in the future says that the clock was set back since."""
CERTIFICATE_SOON = timedelta(days=21)
CERTIFICATE_NOW = timedelta(days=5)
GIGABYTE = 1_000_000_000
ROOM_SHORT, ROOM_GONE = 2 * GIGABYTE, GIGABYTE // 2
"""Bytes: an hour of talks takes 58 MB (8,000 samples of 16 bits a second, wav)."""

_BACK_UP = ("write `backup` into config/recordings.yaml (docs/operations.md, `Backup and restore`), or set "
            "CENTRALITA_BACKUP to where another program's backups lie")  # fmt: skip


def judge_backup(backup: Backup | None, now: datetime) -> Iterator[Finding]:
    """There is one, it is new, and it lies elsewhere."""
    if backup is None:
        return
    if not backup.exists or backup.newest is None:
        what = "the folder of backups does not exist" if not backup.exists else "the folder of backups is empty"
        yield fault("backup-missing", backup.folder, f"{what}: a lost disk loses records, messages and every password",
                    _BACK_UP)  # fmt: skip
        return
    age = now - backup.newest
    if age > BACKUP_OLD:
        say = fault if age > BACKUP_LOST else warning
        yield say("backup-old", backup.folder, f"the newest backup is {age.days} days old",
                  f"see why the latest one failed (ivr backup list); {_BACK_UP}")  # fmt: skip
    if backup.same_disk:
        yield warning("backup-same-disk", backup.folder, "the backup lies on the same disk as what it is for",
                      "back up to another disk or machine")  # fmt: skip


def judge_clock(
    time: TimeKeeping | None, latest_write: tuple[str, datetime] | None, now: datetime
) -> Iterator[Finding]:
    """Records, opening hours, second factors and certificates need the true time."""
    remedy = "apt-get install chrony, and let the firewall pass NTP (UDP 123 to outside)"
    if latest_write is not None and latest_write[1] - now > AHEAD:
        seconds = (latest_write[1] - now).total_seconds()
        yield warning("clock-drift", latest_write[0], f"it was written {seconds:.0f} s in the future: the clock was "
                      "set back, or is wrong now", remedy)  # fmt: skip
    if time is None:
        return
    if not time.synchronised:
        yield warning("clock-drift", time.source, "nothing keeps the clock right: hours, records and one-time codes "
                      "drift", remedy)  # fmt: skip
    elif time.offset_seconds is not None and abs(time.offset_seconds) > OFFSET_SECONDS:
        yield fault("clock-drift", time.source, f"the clock is {time.offset_seconds:+.1f} s wrong",
                    "chronyc makestep, and see why it could drift so far: chronyc sources")  # fmt: skip


def judge_volumes(volumes: Iterable[Volume]) -> Iterator[Finding]:
    """Room for records, messages and talks."""
    remedy = "make room (recordings are the largest), or a larger disk: else talks and messages are lost"
    for one in volumes:
        share = one.free / one.size if one.size else 1.0
        if one.read_only:
            yield fault("disk-full", one.path, "the disk can only be read: nothing is written down",
                        "see the kernel's log (dmesg) for the disk's fault; mount it for writing again")  # fmt: skip
        elif one.free < ROOM_GONE or share < 0.02:
            yield fault("disk-full", one.path, f"{one.free / GIGABYTE:.1f} GB are free ({share:.0%})", remedy)
        elif one.free < ROOM_SHORT or share < 0.1:
            yield warning("disk-full", one.path, f"{one.free / GIGABYTE:.1f} GB are free ({share:.0%})", remedy)
        if one.inodes and one.inodes_free / one.inodes < 0.05:
            yield warning("disk-full", one.path, f"only {one.inodes_free} more files fit on the disk",
                          "remove many small files; `df -i` shows where they are")  # fmt: skip


def judge_certificates(certificates: Iterable[Certificate], now: datetime) -> Iterator[Finding]:
    """They are valid, for long enough, and fit their keys."""
    renew = "renew it and replace both files; the server takes them without a restart"
    for one in certificates:
        if one.fault:
            yield fault("certificate", one.where, one.fault, "write the certificate (with the chain behind it) and its "
                        "key as PEM files that the server's user may read")  # fmt: skip
            continue
        if not one.fits_key:
            yield fault("certificate", one.where, "certificate and key do not belong together", renew)
        if one.begins is not None and one.begins > now:
            yield fault("certificate", one.where, f"it is valid only from {one.begins:%Y-%m-%d %H:%M} UTC",
                        "see whether the machine's clock is right, or wait")  # fmt: skip
        if one.ends is None:
            continue
        left = one.ends - now
        if left <= timedelta(0):
            yield fault("certificate", one.where, f"it ended on {one.ends:%Y-%m-%d}: browsers refuse it", renew)
        elif left < CERTIFICATE_SOON:
            say = fault if left < CERTIFICATE_NOW else warning
            yield say("certificate", one.where, f"it ends on {one.ends:%Y-%m-%d}, in {left.days} days", renew)
