"""Folders within a folder, each opened from the one above and never over a link: no name leads out.

A parent is an open descriptor; what is opened here is closed at the end of its `with`.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(parent: int, name: str) -> None:
    """A folder that exists then, also after a loss of power."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def make_day(root: int, folders: tuple[str, ...]) -> None:
    """Folders within folders that exist then."""
    if folders:
        make(root, folders[0])
        with folder(root, folders[0]) as inner:
            make_day(inner, folders[1:])


@contextlib.contextmanager
def folder(parent: int, name: str) -> Iterator[int]:
    """A folder within a folder, opened. Raises ValueError when it is a link or no folder."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        raise no_link(error, name) from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def day(root: int, folders: tuple[str, str, str]) -> Iterator[int]:
    """A day's folder, opened. Raises as `folder` does."""
    year, month, number = folders
    with folder(root, year) as inner, folder(inner, month) as innermost, folder(innermost, number) as found:
        yield found


def tidy(root: int, folders: tuple[str, str, str]) -> None:
    """Remove a day's folder, its month's and its year's, from below, as far as they are empty."""
    year, month, number = folders
    with contextlib.suppress(OSError, ValueError), folder(root, year) as inner:
        with contextlib.suppress(OSError, ValueError), folder(inner, month) as innermost:
            os.rmdir(number, dir_fd=innermost)
        os.rmdir(month, dir_fd=inner)
    with contextlib.suppress(OSError):
        os.rmdir(year, dir_fd=root)


def exists(parent: int, name: str) -> bool:
    """Whether there is anything of that name, a link too."""
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def no_link(error: OSError, name: str) -> Exception:
    """A link or a file where a folder should be leads out of the vault; everything else stays what it is."""
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return ValueError(f"{name} leads out of the vault: a link, or no folder")
    return error


@contextlib.contextmanager
def told_of(place: Path) -> Iterator[None]:
    """An error of the system that names no file (a full disk) says where it was."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(place)
        raise
