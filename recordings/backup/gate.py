"""Who may change a target now: uploads together, a deletion alone. Holds between threads and between processes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Gate:
    """Uploads pass together; a deletion passes alone, and none begins while it waits. Also between processes.

    Two locked files: whoever enters the room passes the door, and a deletion keeps the door while the room empties. Who
    dies, leaves."""

    def __init__(self, folder: Path) -> None:
        self._door, self._room = folder / "door.lock", folder / "room.lock"

    @contextmanager
    def together(self) -> Iterator[None]:
        """For an upload."""
        with _locked(self._door, fcntl.LOCK_SH) as door, _locked(self._room, fcntl.LOCK_SH):
            fcntl.flock(door, fcntl.LOCK_UN)
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For a deletion, and whatever must see all or nothing of an upload."""
        with _locked(self._door, fcntl.LOCK_EX), _locked(self._room, fcntl.LOCK_EX):
            yield


@contextmanager
def _locked(file: Path, how: int) -> Iterator[int]:
    opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(opened, how)
        yield opened
    finally:
        os.close(opened)


@contextmanager
def only_one(file: Path) -> Iterator[bool]:
    """Whether we are the only ones to hold this file."""
    try:
        with _locked(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield True
    except BlockingIOError:
        yield False
