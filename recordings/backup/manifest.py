"""The manifest: what is in a backup, kept at the target itself.

Compressed JSON lines. The first tells when it was made, how many items follow and how many bytes they have; then each
item of audio and each snapshot by object and size (name and SHA-256 are the object's). The SHA-256 of the file stands
in its own name, `manifests/<number>.<sha256>`: a manifest that was cut or altered is not believed.
"""

import gzip
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from recordings.backup.targets import Entry, Target, TargetError, checked, sealed, unsealed

MANIFESTS = "manifests"
SNAPSHOTS = "snapshots"
FORM = 1


@dataclass(frozen=True, slots=True)
class Head:
    """What a manifest says of itself."""

    made: datetime
    items: int
    bytes: int


@dataclass(frozen=True, slots=True, order=True)
class Numbered:
    """An object `<folder>/<number>.<sha256>`: a manifest, or a generation of a snapshot."""

    number: int
    object: str
    bytes: int

    @property
    def sha256(self) -> str:
        return self.object[-64:]


def numbered(entries: Iterable[Entry], folder: str) -> list[Numbered]:
    """Those of one folder, the newest first."""
    found = []
    for entry in entries:
        told = unsealed(entry.name)
        above, _, number = told[0].rpartition("/") if told else ("", "", "")
        if above == folder and number.isascii() and number.isdigit():
            found.append(Numbered(int(number), entry.name, entry.bytes))
    return sorted(found, reverse=True)


def next_object(folder: str, have: list[Numbered], sha256: str) -> str:
    """The object that comes after those."""
    return sealed(f"{folder}/{(have[0].number if have else 0) + 1:012d}", sha256)


def write(file: Path, made: datetime, total: tuple[int, int], entries: Iterable[Entry]) -> str:
    """Write a manifest; its SHA-256."""
    with file.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6) as packed:
        head = {"form": FORM, "made": made.isoformat(), "items": total[0], "bytes": total[1]}
        packed.write(json.dumps(head).encode() + b"\n")
        for entry in entries:
            packed.write(json.dumps([entry.name, entry.bytes]).encode() + b"\n")
    with file.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


class Manifest:
    """A manifest that was fetched, and is what its seal says."""

    def __init__(self, file: Path, object_: str) -> None:
        self._file, self.object = file, object_
        with gzip.open(file, "rb") as packed:
            head = json.loads(packed.readline())
        if head["form"] != FORM:
            raise ValueError(f"manifest of form {head['form']}: made by another version")
        self.head = Head(datetime.fromisoformat(head["made"]), int(head["items"]), int(head["bytes"]))

    def entries(self) -> Iterator[Entry]:
        """Audio and snapshots."""
        with gzip.open(self._file, "rb") as packed:
            packed.readline()
            for line in packed:
                name, size = json.loads(line)
                yield Entry(checked(name), int(size))

    def audio(self) -> Iterator[Entry]:
        yield from (entry for entry in self.entries() if entry.name.startswith("audio/"))

    def snapshots(self) -> dict[str, list[Numbered]]:
        """Generations of each, the newest first."""
        kept = [entry for entry in self.entries() if entry.name.startswith(SNAPSHOTS + "/")]
        return generations(kept)


def generations(entries: Iterable[Entry]) -> dict[str, list[Numbered]]:
    """Snapshots by name, each with its generations, the newest first."""
    kept = list(entries)
    names = {entry.name.rpartition("/")[0].removeprefix(SNAPSHOTS + "/") for entry in kept}
    found = {name: numbered(kept, f"{SNAPSHOTS}/{name}") for name in sorted(names)}
    return {name: numbers for name, numbers in found.items() if numbers}


def fetch(target: Target, folder: Path) -> tuple[Manifest | None, list[str]]:
    """The newest manifest that is what its seal says, and the newer ones that are not."""
    refused: list[str] = []
    for found in numbered(target.list(MANIFESTS), MANIFESTS):
        digest = hashlib.sha256()
        with tempfile.NamedTemporaryFile(dir=folder, prefix="manifest-", delete=False) as file:
            try:
                for chunk in target.get(found.object):
                    digest.update(chunk)
                    file.write(chunk)
            except TargetError as error:
                if error.transient:
                    raise
                digest = hashlib.sha256(b"not readable")
        path = Path(file.name)
        if digest.hexdigest() == found.sha256:
            return Manifest(path, found.object), refused
        path.unlink()
        refused.append(found.object)
    return None, refused
