"""Many files as one: a compressed tar whose paths are those of a new instance (`config/`, `flows/`, `var/`).

Only regular files go in and come out. Files with the same content by a hard link are stored once. Nothing that a tar
says can lead out of the folder, or over a file that is there.
"""

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TOPS = frozenset({"config", "flows", "var"})
LEVEL = 6
_COPY_BYTES = 1 << 20


class NotAPack(Exception):
    """What was to be unpacked is not what `pack` makes. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, and where it lies in an instance."""

    path: str
    file: Path


def site_files(folder: Path, at: str) -> list[Piece]:
    """All that people have put there; links are followed, and what is hidden (.git) is left out."""
    return sorted(_walk(folder, at, frozenset(), follow=True, hidden=False), key=lambda piece: piece.path)


def own_files(folder: Path, at: str, without: Collection[str] = ()) -> list[Piece]:
    """All that the server has written there; a link leads to what is not ours. `without`: names in the folder."""
    found = _walk(folder, at, frozenset(), follow=False, hidden=True)
    left_out = {f"{at}/{name}" for name in without}
    return sorted((piece for piece in found if piece.path not in left_out), key=lambda piece: piece.path)


def fingerprint(pieces: Iterable[Piece], also: Iterable[str] = ()) -> str:
    """Another one whenever a file comes, goes, or is written. `also`: what matters besides."""
    digest = hashlib.sha256("\0".join(also).encode())
    for piece in pieces:
        with suppress(OSError):
            status = piece.file.stat()
            digest.update(f"\0{piece.path}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def pack(pieces: Iterable[Piece], into: Path) -> None:
    """What vanishes meanwhile is left out. Raises OSError."""
    linked: dict[tuple[int, int], str] = {}
    with (
        into.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=LEVEL) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for piece in pieces:
            with suppress(FileNotFoundError), piece.file.open("rb") as stream:
                status = os.fstat(stream.fileno())
                told = tarfile.TarInfo(piece.path)
                told.mode, told.mtime = status.st_mode & 0o777, int(status.st_mtime)
                before = linked.setdefault((status.st_dev, status.st_ino), piece.path)
                if before != piece.path:
                    told.type, told.linkname = tarfile.LNKTYPE, before
                    tar.addfile(told)
                else:
                    told.size = status.st_size
                    tar.addfile(told, stream)


def unpack(packed: Path, into: Path) -> list[str]:
    """Into a folder of ours; the paths of all. Raises NotAPack, OSError."""
    made: list[str] = []
    try:
        with gzip.open(packed, "rb") as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                for told in tar:
                    _one(tar, told, into, made)
                    made.append(told.name)
            while plain.read(_COPY_BYTES):
                pass  # to the checksum
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, FileExistsError) as error:
        raise NotAPack(f"it cannot be unpacked: {error}") from None
    return made


def _one(tar: tarfile.TarFile, told: tarfile.TarInfo, into: Path, made: Collection[str]) -> None:
    steps = told.name.split("/")
    if steps[0] not in TOPS or len(steps) < 2 or any(step in ("", ".", "..") or "\0" in step for step in steps):
        raise NotAPack(f"{told.name[:200]!r} is no place in an instance")
    into.mkdir(mode=0o700, exist_ok=True)
    place = into
    for step in steps[:-1]:
        place /= step
        place.mkdir(mode=0o700, exist_ok=True)
    place /= steps[-1]
    if told.islnk() and told.linkname in made:
        os.link(into / told.linkname, place)
        return
    stream = tar.extractfile(told) if told.isreg() else None
    if stream is None:
        raise NotAPack(f"{told.name[:200]!r} is no file")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(place, flags, 0o600), "wb") as written:
        shutil.copyfileobj(stream, written, _COPY_BYTES)
        written.flush()
        os.fchmod(written.fileno(), told.mode & 0o777 | 0o600)
        os.utime(written.fileno(), (told.mtime, told.mtime))
        os.fsync(written.fileno())


def _walk(folder: Path, at: str, above: frozenset[tuple[int, int]], *, follow: bool, hidden: bool) -> Iterator[Piece]:
    """`above`: folders that we are in: a link to one of them is a circle."""
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    for entry in entries:
        path = f"{at}/{entry.name}"
        if entry.name.startswith(".") and not hidden:
            continue
        if entry.is_dir(follow_symlinks=follow):
            yield from _walk(Path(entry.path), path, above | {here}, follow=follow, hidden=hidden)
        elif entry.is_file(follow_symlinks=follow):
            yield Piece(path, Path(entry.path))
