"""Callers in the order of their places: kept sorted, so that the first one is at hand."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from acd.living import Visit

Place = tuple[int, int]
"""A caller's place: engine time of joining less the head start, then a sequence number. Smaller is served first."""


class Lane:
    """A sorted list of callers. No two have the same place."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[tuple[Place, Visit]] = []

    def add(self, visit: "Visit") -> None:
        """Put a caller, who is not here yet, at the right place."""
        insort(self.items, (visit.place, visit))

    def remove(self, visit: "Visit") -> None:
        """Take a caller, who is here, away."""
        del self.items[bisect_left(self.items, (visit.place,))]

    def before(self, place: Place) -> int:
        """How many callers have an earlier place."""
        return bisect_left(self.items, (place,))

    def __iter__(self) -> "Iterator[Visit]":
        return (visit for _, visit in self.items)

    def __len__(self) -> int:
        return len(self.items)
