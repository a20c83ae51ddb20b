"""When a queue's doors open and close: the timetable's minutes, overrides, and other versions of the site."""

from dataclasses import replace
from datetime import UTC, datetime

from acd.config import EngineConfig, QueueConfig
from acd.engine import Engine
from acd.facts import Fact, QueueDoors
from acd.model import Doors, QueueId
from ivr.exchange.doors import QueueDoorkeeper
from ivr.language import load_site
from ivr.site import Site
from ivr.site.overrides import Override, State
from ivr.testing.clock import ManualClock
from tests.unit.exchange.bench import ROOT

BEFORE_OPENING = datetime(2026, 11, 23, 12, 59, 30, tzinfo=UTC)
"""A Monday, 07:59:30 in Bogotá."""

TIMETABLE = "oficina"


def site_of(**queues: str) -> Site:
    """The company's, whose queues have these timetables."""
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    changed = {name: replace(queue, open=queues.get(name, "")) for name, queue in site.queues.items()}
    return replace(site, queues=changed)


class Floor:
    """A doorkeeper with a real engine behind it."""

    def __init__(self, site: Site, at: datetime) -> None:
        self.site, self.told = site, list[tuple[str, str]]()
        self.clock = ManualClock()
        self.clock.wall = at
        self.overrides: dict[str, Override] = {}
        self.engine = Engine(EngineConfig(queues=tuple(QueueConfig(id=QueueId(q)) for q in site.queues), agents=()))
        self.keeper = QueueDoorkeeper(
            self, self.clock, lambda: self.site, lambda name: self.overrides.get(name), lambda: self.engine.queues()
        )

    def submit(self, fact: Fact) -> None:
        assert isinstance(fact, QueueDoors)
        self.told.append((fact.queue, fact.doors.value))
        self.engine.apply(fact)

    def override(self, state: State) -> None:
        self.overrides[TIMETABLE] = Override(
            timetable=TIMETABLE, state=state, since=self.clock.now(), by="cli", who="test"
        )
        self.keeper.look()


def test_a_queue_is_closed_at_the_start_and_opens_with_its_timetables_minute() -> None:
    floor = Floor(site_of(servicio=TIMETABLE), BEFORE_OPENING)
    floor.keeper.start()
    assert floor.told == [("servicio", "closed")], "the others have no timetable, and are open anyway"
    floor.clock.advance(29)
    assert len(floor.told) == 1
    floor.clock.advance(2)
    assert floor.told[1:] == [("servicio", "open")]
    floor.clock.advance(600)
    assert len(floor.told) == 2, "told only when it changes"


def test_an_override_counts_at_once() -> None:
    floor = Floor(site_of(servicio=TIMETABLE, cartera=TIMETABLE), BEFORE_OPENING)
    floor.override(State.OPEN)
    assert floor.told == []
    floor.override(State.EMERGENCY)
    assert floor.told == [("servicio", "emergency"), ("cartera", "emergency")]
    del floor.overrides[TIMETABLE]
    floor.keeper.look()
    assert floor.told[2:] == [("servicio", "closed"), ("cartera", "closed")]


def test_a_version_without_the_timetable_opens_the_queue() -> None:
    floor = Floor(site_of(servicio=TIMETABLE), BEFORE_OPENING)
    floor.keeper.start()
    floor.site = site_of()
    floor.keeper.look()
    assert floor.told == [("servicio", "closed"), ("servicio", "open")]
    assert all(view.doors is Doors.OPEN for view in floor.engine.queues())


def test_after_the_end_nothing_is_looked_at() -> None:
    floor = Floor(site_of(servicio=TIMETABLE), BEFORE_OPENING)
    floor.keeper.start()
    floor.keeper.close()
    floor.clock.advance(120)
    assert len(floor.told) == 1
