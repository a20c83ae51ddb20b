"""The engine's alarm clock: one deadline per thing, the next one at hand."""

import heapq
from collections.abc import Iterable

Key = tuple[str, str]
"""Kind ("agent", "offer", "queue", "visit") and id. Equal times come in the order of the keys, so that a restored
engine acts in the same order as the one that it replaces."""


class Deadlines:
    """A heap with lazy removal; `set` and `next` cost O(log n)."""

    def __init__(self) -> None:
        self._due: dict[Key, int] = {}
        self._heap: list[tuple[int, Key]] = []

    def set(self, key: Key, due: int | None) -> None:
        """Give a thing its deadline, or none."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
            if len(self._heap) > 64 and len(self._heap) > 4 * len(self._due):
                self._heap = [(d, k) for k, d in self._due.items()]
                heapq.heapify(self._heap)

    def at(self, key: Key) -> int | None:
        """The deadline of a thing."""
        return self._due.get(key)

    def next(self) -> int | None:
        """The earliest deadline."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def due(self, t: int) -> list[Key]:
        """The keys that are due at `t`, earliest first. They keep their deadlines; `again` puts back those that nobody
        has changed meanwhile."""
        found = []
        while self._heap and self._heap[0][0] <= t:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                found.append(key)
        return found

    def again(self, keys: Iterable[Key], t: int) -> None:
        """Have an eye on keys of `due` again."""
        for key in keys:
            due = self._due.get(key)
            if due is not None and due <= t:
                heapq.heappush(self._heap, (due, key))

    def take(self, t: int) -> list[Key]:
        """Remove and return the keys that are due at `t`, earliest first. Who takes them gives them a new deadline."""
        keys: list[Key] = []
        while (due := self.next()) is not None and due <= t:
            _, key = heapq.heappop(self._heap)
            del self._due[key]
            keys.append(key)
        return keys
