"""Things to back up, and targets that fail in a known way."""

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from recordings.backup import manifest as manifests
from recordings.backup.engine import Backup
from recordings.backup.memory import MemoryTarget
from recordings.backup.outcome import Limits
from recordings.backup.sources import Audio, Snapshot
from recordings.backup.targets import Entry, Pace, Target, TargetError, unbounded

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
QUICK = Limits(tries=3, first_pause=0.0, at_once=2)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Stock:
    """A vault and its databases. `files`: content of each recording; `data`: content of each snapshot."""

    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    data: dict[str, bytes] = field(default_factory=lambda: {"records": b"rows", "keys": b"wrapped"})
    keep: dict[str, int] = field(default_factory=lambda: {"keys": 1, "records": 2})

    def add(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.files[name] = data

    def fill(self, count: int) -> "Stock":
        for number in range(count):
            self.add(f"2026/11/23/{number:04x}.opus", f"recording {number} ".encode() * 50)
        return self

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()
        del self.files[name]

    def audio(self) -> Iterator[Audio]:
        for name, data in self.files.items():
            yield Audio(name, self.folder / name, sha256(data), len(data))

    def snapshots(self) -> Sequence[Snapshot]:
        def making(data: bytes) -> Callable[[Path], None]:
            return lambda path: path.write_bytes(data) and None

        return [Snapshot(name, making(data), self.keep.get(name, 7)) for name, data in sorted(self.data.items())]

    def object(self, name: str) -> str:
        return f"audio/{name}.{sha256(self.files[name])}"


def backup(
    target: Target, stock: Stock, state: Path, limits: Limits = QUICK, stop: threading.Event | None = None
) -> Backup:
    return Backup(target, stock, state, now=lambda: NOW, randomness=random.Random(1), limits=limits, stop=stop)


class Through:
    """A target before another one: it counts, and tests make it fail."""

    def __init__(self, inner: Target) -> None:
        self.inner = inner
        self.puts: list[str] = []
        self.deleted: list[str] = []
        self.fail: Callable[[str, str], None] = lambda what, name: None
        self.spoil: Callable[[str, bytes], bytes] = lambda name, data: data

    @property
    def name(self) -> str:
        return self.inner.name

    def prepare(self) -> None:
        self.inner.prepare()

    def check(self) -> None:
        self.fail("check", "")
        self.inner.check()

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        self.fail("put", name)
        self.puts.append(name)
        self.inner.put(name, source, sha256, pace)

    def get(self, name: str) -> Iterator[bytes]:
        self.fail("get", name)
        for chunk in self.inner.get(name):
            yield self.spoil(name, chunk)

    def stat(self, name: str) -> int | None:
        return self.inner.stat(name)

    def list(self, folder: str = "") -> Iterator[Entry]:
        self.fail("list", folder)
        yield from self.inner.list(folder)

    def delete(self, name: str) -> None:
        self.fail("delete", name)
        self.deleted.append(name)
        self.inner.delete(name)

    def close(self) -> None:
        self.inner.close()


def down(target: str = "memory", *, transient: bool = True) -> TargetError:
    return TargetError(target, "503", "wait", transient=transient)


def audio_of(target: MemoryTarget) -> set[str]:
    return {name for name in target.objects if name.startswith("audio/")}


def generations(target: MemoryTarget, name: str) -> list[bytes]:
    """Contents of a snapshot at the target, the newest first."""
    return [target.objects[one] for one in sorted(target.objects, reverse=True) if one.startswith(f"snapshots/{name}/")]


def manifest_of(target: MemoryTarget, folder: Path) -> manifests.Manifest:
    found, _ = manifests.fetch(target, folder)
    assert found is not None
    return found
