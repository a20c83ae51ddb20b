"""A target in memory, for tests and experiments."""

import threading
from collections.abc import Iterator
from pathlib import Path

from recordings.backup.targets import CHUNK, Entry, ObjectMissing, Pace, checked, reading, unbounded


class MemoryTarget:
    """Keeps objects in `objects`, which tests may look into and spoil."""

    def __init__(self, name: str = "memory") -> None:
        self._name = name
        self._lock = threading.Lock()
        self.objects: dict[str, bytes] = {}

    @property
    def name(self) -> str:
        return self._name

    def prepare(self) -> None:
        """Nothing to do."""

    def check(self) -> None:
        """Memory is always there."""

    def put(self, name: str, source: Path | bytes, sha256: str, pace: Pace = unbounded) -> None:
        data = b"".join(reading(checked(name), source, sha256, pace))
        with self._lock:
            self.objects[name] = data

    def get(self, name: str) -> Iterator[bytes]:
        data = self.objects.get(checked(name))
        if data is None:
            raise ObjectMissing(self._name, name)
        for start in range(0, len(data), CHUNK):
            yield data[start : start + CHUNK]

    def stat(self, name: str) -> int | None:
        data = self.objects.get(checked(name))
        return None if data is None else len(data)

    def list(self, folder: str = "") -> Iterator[Entry]:
        above = f"{checked(folder)}/" if folder else ""
        with self._lock:
            found = [Entry(name, len(data)) for name, data in self.objects.items() if name.startswith(above)]
        yield from found

    def delete(self, name: str) -> None:
        with self._lock:
            self.objects.pop(checked(name), None)

    def close(self) -> None:
        """Nothing stays open."""
