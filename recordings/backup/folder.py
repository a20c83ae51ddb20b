"""A folder as target: another disk, or what is mounted from elsewhere.

Every operation opens the folder anew, looks for the marker in it and goes on from that descriptor, link by link and
never through a symbolic one: neither an unmounted disk nor a planted link can lead elsewhere.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from recordings.backup.targets import (
    CHUNK,
    MARKER,
    PARTS,
    Entry,
    ObjectMissing,
    Pace,
    TargetError,
    checked,
    new_part,
    reading,
    unbounded,
)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TROUBLE = {
    errno.ENOSPC: ("the disk is full", "make room or give it a bigger disk", False),
    errno.EDQUOT: ("the quota is used up", "make room or raise the quota", False),
    errno.EROFS: (
        "the disk is read-only",
        "mount it for writing; look for errors of the disk in the kernel's log",
        False,
    ),
    errno.EACCES: ("access is denied", "give the folder to the server's user", False),
    errno.EPERM: ("access is denied", "give the folder to the server's user", False),
    errno.EIO: ("the disk fails", "look into the kernel's log and replace the disk", False),
    errno.ELOOP: ("a symbolic link stands in the way", "remove it: the backup follows none", False),
    errno.ENOTDIR: ("a file or a link stands where a folder should", "remove it: the backup follows no link", False),
    errno.ESTALE: ("the network file system lost the folder", "mount it again", True),
    errno.ETIMEDOUT: ("the network file system does not answer", "check its server", True),
}


class FolderTarget:
    """A folder that was prepared once. Files are written aside, synced and renamed."""

    def __init__(self, folder: Path, name: str = "folder") -> None:
        self._folder, self._name = folder, name

    @property
    def name(self) -> str:
        return self._name

    def prepare(self) -> None:
        with self._told():
            self._folder.mkdir(parents=True, exist_ok=True)
            root = os.open(self._folder, _FOLDER & ~os.O_NOFOLLOW)
            try:
                os.close(os.open(MARKER, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=root))
                os.fsync(root)
            finally:
                os.close(root)

    def check(self) -> None:
        with self._told(), self._root() as root, self._opened(root, [PARTS], make=True) as parts:
            with os.scandir(parts) as left:
                for entry in left:
                    with suppress(FileNotFoundError):
                        os.unlink(entry.name, dir_fd=parts)
            _write(parts, "probe", [b"can this disk be written to?" * 1000])
            os.unlink("probe", dir_fd=parts)

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        *above, last = checked(name).split("/")
        part = new_part()
        chunks = reading(name, source, sha256, pace)
        with self._told(), self._root() as root, self._opened(root, [PARTS], make=True) as parts:
            try:
                _write(parts, part, chunks)
                with self._opened(root, above, make=True) as folder:
                    os.rename(part, last, src_dir_fd=parts, dst_dir_fd=folder)
                    os.fsync(folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part, dir_fd=parts)
                raise

    def get(self, name: str) -> Iterator[bytes]:
        *above, last = checked(name).split("/")
        with self._told(name), self._root() as root, self._opened(root, above) as folder:
            file = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        with os.fdopen(file, "rb", buffering=0) as opened:
            # What was just written is asked from the disk, not from memory.
            with suppress(OSError):
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            while True:
                with self._told():
                    chunk = opened.read(CHUNK)
                if not chunk:
                    return
                yield chunk

    def stat(self, name: str) -> int | None:
        *above, last = checked(name).split("/")
        try:
            with self._told(name), self._root() as root, self._opened(root, above) as folder:
                found = os.stat(last, dir_fd=folder, follow_symlinks=False)
        except ObjectMissing:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def list(self, folder: str = "") -> Iterator[Entry]:
        way = checked(folder).split("/") if folder else []
        with suppress(ObjectMissing), self._told(folder), self._root() as root, self._opened(root, way) as opened:
            yield from _walk(opened, f"{folder}/" if folder else "")

    def delete(self, name: str) -> None:
        *above, last = checked(name).split("/")
        with suppress(ObjectMissing), self._told(name), self._root() as root, self._opened(root, above) as folder:
            os.unlink(last, dir_fd=folder)
            os.fsync(folder)

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _root(self) -> Iterator[int]:
        unmounted = TargetError(
            self._name,
            f"{self._folder} is not a prepared backup folder",
            "mount the disk; for a new one: ivr backup prepare",
        )
        try:
            root = os.open(self._folder, _FOLDER & ~os.O_NOFOLLOW)
        except FileNotFoundError:
            raise unmounted from None
        try:
            try:
                os.stat(MARKER, dir_fd=root, follow_symlinks=False)
            except FileNotFoundError:
                raise unmounted from None
            yield root
        finally:
            os.close(root)

    @contextmanager
    def _opened(self, root: int, way: Sequence[str], *, make: bool = False) -> Iterator[int]:
        at = os.dup(root)
        try:
            for step in way:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(step, 0o700, dir_fd=at)
                        os.fsync(at)
                below = os.open(step, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    @contextmanager
    def _told(self, missing: str | None = None) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if missing is not None:
                raise ObjectMissing(self._name, missing) from None
            raise TargetError(
                self._name, f"something vanished from {self._folder}", "who else removes files there?", transient=True
            ) from error
        except OSError as error:
            what, remedy, transient = _TROUBLE.get(
                error.errno or 0, (os.strerror(error.errno or errno.EIO), "check the folder and its disk", False)
            )
            raise TargetError(self._name, f"{self._folder}: {what}", remedy, transient=transient) from error


def _write(folder: int, name: str, chunks: Iterable[bytes]) -> None:
    """Write a file and have it on the disk."""
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with os.fdopen(file, "wb", buffering=0) as written:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[written.write(view) :]
        os.fsync(file)


def _walk(folder: int, above: str) -> Iterator[Entry]:
    """What vanishes meanwhile is left out; all the rest comes."""
    with os.scandir(folder) as found:
        for entry in found:
            name = above + entry.name
            try:
                checked(name)
            except ValueError:
                continue
            if entry.is_dir(follow_symlinks=False):
                with _still_there(entry.name, folder) as below:
                    if below is not None:
                        yield from _walk(below, name + "/")
            elif entry.is_file(follow_symlinks=False) and name != MARKER:
                try:
                    size = entry.stat(follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
                yield Entry(name, size)


@contextmanager
def _still_there(name: str, above: int) -> Iterator[int | None]:
    try:
        opened = os.open(name, _FOLDER, dir_fd=above)
    except FileNotFoundError:
        yield None
        return
    try:
        yield opened
    finally:
        os.close(opened)
