"""Garbage goes: at once where it is young, and at a quiet moment where it grew old while it was in use."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ivr.app.collector import MOST_GROWTH, WHOLE_EVERY_US, Collector
from ivr.testing.clock import ManualClock


class Thing:
    """Refers to itself: only the collector finds it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Company:
    """A collector, and whether it is idle, and its memory."""

    def __init__(self) -> None:
        self.clock, self.idle, self.memory = ManualClock(), False, 100_000_000
        self.collector = Collector(self.clock, lambda: self.idle, lambda: self.memory)
        self.collector.begin()

    def old(self) -> "weakref.ref[Thing]":
        """Garbage that was in use at a look."""
        thing = Thing()
        self.collector.look()
        return weakref.ref(thing)


def test_young_garbage_goes_at_every_look() -> None:
    company = Company()
    gone = weakref.ref(Thing())
    assert gone() is not None
    company.collector.look()
    assert gone() is None


def test_what_was_kept_goes_when_no_call_lives() -> None:
    company = Company()
    gone = company.old()
    company.clock.advance(WHOLE_EVERY_US / 1e6)
    company.collector.look()
    assert gone() is not None
    company.idle = True
    company.collector.look()
    assert gone() is None
    gone = company.old()
    company.collector.look()
    assert gone() is not None, "not so soon again"


def test_or_when_it_has_become_too_much() -> None:
    company = Company()
    gone = company.old()
    company.memory += MOST_GROWTH - 1
    company.collector.look()
    assert gone() is not None
    company.memory += 1
    company.collector.look()
    assert gone() is None


def test_no_full_collection_comes_by_itself() -> None:
    Company()
    before = gc.get_stats()[2]["collections"]
    things = [list[int]() for _ in range(300_000)]
    assert gc.get_stats()[2]["collections"] == before and len(things) == 300_000
