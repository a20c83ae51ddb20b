"""Overrides in force: kept over restarts and crashes, ended by the clock, told to whoever listens."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from ivr.overrides import OverrideRefused, Overrides, store
from ivr.overrides.figures import OverrideFigures
from ivr.site import Prompt
from ivr.site.hours import OpeningHours
from ivr.site.overrides import Override, OverrideSet, State
from ivr.testing.clock import ManualClock
from tests.tools import run

ALWAYS = OpeningHours(label="always", week=((),) * 7, holiday=None)


@dataclass
class Site:
    hours: dict[str, OpeningHours] = field(default_factory=lambda: {"oficina": ALWAYS, "bodega": ALWAYS})
    prompts: dict[str, Prompt] = field(default_factory=lambda: {"averia": Prompt(texts={"en": "x"}, recordings={})})


@dataclass
class House:
    """One instance over its restarts."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    site: Site = field(default_factory=Site)
    facts: list[OverrideSet] = field(default_factory=list)
    told: list[tuple[str, Override | None]] = field(default_factory=list)

    async def open(self) -> Overrides:
        overrides = await Overrides.open(
            self.folder, clock=self.clock, site=lambda: self.site, record=self.facts.append
        )
        overrides.on_change(lambda timetable, override: self.told.append((timetable, override)))
        return overrides

    @property
    def states(self) -> list[tuple[str, str, str]]:
        return [(fact.timetable, fact.state, fact.by) for fact in self.facts]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "overrides")


async def until(condition: Callable[[], bool]) -> None:
    """Let threads end: the file is written in one."""
    for _ in range(4000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


@run
async def test_it_holds_from_the_moment_that_it_is_set_and_is_told(house: House) -> None:
    overrides = await house.open()
    assert overrides.state("oficina") is None
    override = await overrides.set("oficina", State.CLOSED, by="cli", who="ana", why="inventory")
    assert overrides.state("oficina") == override
    assert overrides.state("bodega") is None
    assert overrides.all() == [override]
    assert house.told == [("oficina", override)]
    assert house.states == [("oficina", "closed", "cli")]
    assert house.facts[0].why == "inventory"
    await overrides.close()


@run
async def test_it_is_on_the_disk_before_whoever_set_it_goes_on(house: House) -> None:
    overrides = await house.open()
    end = house.clock.now() + timedelta(hours=2)
    override = await overrides.set("oficina", State.EMERGENCY, by="telephone", who="101", until=end, prompt="averia")
    # no close: the power goes off here
    again = await house.open()
    assert again.state("oficina") == override
    assert house.states == [("oficina", "emergency", "telephone")]  # not told twice
    await overrides.close()
    await again.close()


@run
async def test_somebody_ends_it(house: House) -> None:
    overrides = await house.open()
    await overrides.set("oficina", State.OPEN, by="cli", who="ana")
    assert await overrides.clear("oficina", by="telephone", who="101")
    assert overrides.state("oficina") is None
    assert house.states[-1] == ("oficina", "none", "telephone")
    assert house.told[-1] == ("oficina", None)
    assert not await overrides.clear("oficina", by="telephone", who="101")
    assert len(house.facts) == 2
    again = await house.open()
    assert again.state("oficina") is None
    await overrides.close()
    await again.close()


@run
async def test_the_clock_ends_it_and_tells(house: House) -> None:
    overrides = await house.open()
    end = house.clock.now() + timedelta(minutes=10)
    await overrides.set("oficina", State.CLOSED, by="cli", who="ana", until=end)
    house.clock.advance(599.9)
    assert overrides.state("oficina") is not None
    house.clock.advance(0.2)
    assert overrides.state("oficina") is None  # at once, before anybody is told
    await until(lambda: len(house.facts) == 2)
    assert house.states[-1] == ("oficina", "none", "clock")
    assert house.told[-1] == ("oficina", None)
    assert store.load(house.folder / "overrides.json") == []
    await overrides.close()


@run
async def test_a_wall_clock_that_is_set_forward_ends_it_too(house: House) -> None:
    overrides = await house.open()
    end = house.clock.now() + timedelta(hours=10)
    await overrides.set("oficina", State.CLOSED, by="cli", who="ana", until=end)
    house.clock.wall += timedelta(hours=11)
    assert overrides.state("oficina") is None
    house.clock.advance(31)
    await until(lambda: len(house.facts) == 2)
    assert house.states[-1] == ("oficina", "none", "clock")
    await overrides.close()


@run
async def test_one_that_ended_while_the_server_was_away_is_told_at_the_start(house: House) -> None:
    overrides = await house.open()
    await overrides.set("oficina", State.CLOSED, by="cli", who="ana", until=house.clock.now() + timedelta(hours=1))
    await overrides.close()
    house.clock.advance(7200)
    again = await house.open()
    assert again.state("oficina") is None
    assert house.states[-1] == ("oficina", "none", "clock")
    assert again.all() == []
    await again.close()
    assert house.clock.pending == 0


@run
async def test_what_cannot_be_set_is_refused_and_changes_nothing(house: House) -> None:
    overrides = await house.open()
    past = house.clock.now()
    refusals: list[dict[str, Any]] = [
        {"timetable": "oficna", "state": State.CLOSED},
        {"timetable": "oficina", "state": State.CLOSED, "until": past},
        {"timetable": "oficina", "state": State.CLOSED, "prompt": "averia"},
        {"timetable": "oficina", "state": State.EMERGENCY, "prompt": "no_hay"},
        {"timetable": "oficina", "state": State.EMERGENCY, "file": "overrides/oficina-20261123T120000-0a1b"},
        {"timetable": "oficina", "state": State.EMERGENCY, "file": "../../etc/passwd"},
    ]
    for refusal in refusals:
        with pytest.raises(OverrideRefused):
            await overrides.set(by="cli", who="ana", **refusal)
    assert overrides.all() == []
    assert house.facts == []
    assert not (house.folder / "overrides.json").exists()
    await overrides.close()


@run
async def test_a_recorded_message_is_ours_alone_and_goes_when_nothing_refers_to_it(house: House) -> None:
    overrides = await house.open()
    with pytest.raises(OverrideRefused):
        overrides.new_file("../x")
    file = overrides.new_file("oficina")
    path = overrides.path_of(file)
    assert path is not None
    assert path.parent == house.folder
    path.write_bytes(b"RIFF")
    await overrides.set("oficina", State.EMERGENCY, by="telephone", who="101", file=file)
    long_ago = house.clock.now().timestamp() - 7200
    os.utime(path, (long_ago, long_ago))
    review = house.folder / "bodega-20261123T150000-aaaa.wav"
    review.write_bytes(b"RIFF")
    os.utime(review, (house.clock.now().timestamp(),) * 2)
    await overrides.close()
    again = await house.open()
    assert path.exists()  # in force
    await again.clear("oficina", by="cli", who="ana")
    assert not path.exists()
    assert review.exists()  # somebody may be listening to it
    assert again.path_of("overrides/../../x") is None
    assert again.path_of("voicemail/x") is None
    await again.close()


@run
async def test_a_disk_that_cannot_be_written_does_not_stop_an_emergency(house: House) -> None:
    house.folder.parent.mkdir(exist_ok=True)
    house.folder.write_text("a file where the folder should be")
    overrides = await house.open()
    await overrides.set("oficina", State.CLOSED, by="cli", who="ana")
    assert overrides.state("oficina") is not None
    assert overrides.trouble
    house.folder.unlink()
    house.clock.advance(31)
    await until(lambda: not overrides.trouble)
    assert [o.state for o in store.load(house.folder / "overrides.json")] == [State.CLOSED]
    await overrides.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"version": 2, "overrides": []}',
        b'{"version": 1}',
        b'{"version": 1, "overrides": [{"timetable": "oficina"}]}',
        b'{"version": 1, "overrides": [1]}',
        b'{"version": 1, "overrides": [{"timetable": "oficina", "state": "ajar", "since": "2026-01-01T00:00:00+00:00",'
        b' "until": null, "by": "cli", "who": ""}]}',
        b'{"version": 1, "overrides": [{"timetable": "oficina", "state": "closed", "since": "2026-01-01T00:00:00",'
        b' "until": null, "by": "cli", "who": ""}]}',
        b"x" * 1_000_001,
    ],
)
@run
async def test_an_unreadable_file_is_put_aside_and_the_hours_decide(house: House, content: bytes) -> None:
    house.folder.mkdir()
    (house.folder / "overrides.json").write_bytes(content)
    overrides = await house.open()
    assert overrides.all() == []
    assert (house.folder / "overrides.unreadable").read_bytes() == content
    await overrides.set("oficina", State.OPEN, by="cli", who="ana")
    assert len(store.load(house.folder / "overrides.json")) == 1
    await overrides.close()


@run
async def test_whoever_asks_and_hangs_up_in_the_middle_leaves_a_whole_change(house: House) -> None:
    overrides = await house.open()
    asking = asyncio.ensure_future(overrides.set("oficina", State.CLOSED, by="telephone", who="101"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await overrides.close()
    assert len(house.facts) == len(house.told) == len(store.load(house.folder / "overrides.json"))


@run
async def test_changes_at_the_same_time_leave_the_last_one_in_memory_and_on_the_disk(house: House) -> None:
    overrides = await house.open()
    states = [State.OPEN, State.CLOSED, State.EMERGENCY] * 5
    await asyncio.gather(*(overrides.set("oficina", state, by="cli", who=str(n)) for n, state in enumerate(states)))
    assert overrides.all() == store.load(house.folder / "overrides.json")
    assert len(house.facts) == len(states)
    assert house.facts[-1].state == overrides.all()[0].state.value
    await overrides.close()


@run
async def test_a_listener_that_fails_stops_nobody(house: House) -> None:
    overrides = await house.open()
    house.told.clear()

    def broken(timetable: str, override: Override | None) -> None:
        raise ValueError("lamp")

    overrides._listeners.insert(0, broken)
    override = await overrides.set("oficina", State.CLOSED, by="cli", who="ana")
    overrides.announce()
    assert house.told == [("oficina", override), ("oficina", override), ("bodega", None)]
    await overrides.close()


@run
async def test_a_timetable_that_the_site_no_longer_has_can_be_ended(house: House) -> None:
    overrides = await house.open()
    await overrides.set("bodega", State.CLOSED, by="cli", who="ana")
    del house.site.hours["bodega"]
    assert [o.timetable for o in overrides.all()] == ["bodega"]
    assert await overrides.clear("bodega", by="cli", who="ana")
    await overrides.close()


@run
async def test_what_people_write_is_bounded_and_cannot_steer_a_terminal(house: House) -> None:
    overrides = await house.open()
    override = await overrides.set("oficina", State.CLOSED, by="cli", who="a\x1b[2J" * 50, why="b\n" * 500)
    assert len(override.who) <= 60
    assert len(override.why) <= 200
    assert override.who.isprintable()
    assert override.why.isprintable()
    written = json.loads((house.folder / "overrides.json").read_bytes())
    assert written["overrides"][0]["why"] == override.why == house.facts[0].why
    await overrides.close()


@run
async def test_prometheus_sees_every_timetable_and_who_changed_it(house: House) -> None:
    overrides = await house.open()
    registry = CollectorRegistry()
    registry.register(OverrideFigures(overrides, lambda: house.site))
    end = house.clock.now() + timedelta(hours=1)
    await overrides.set("oficina", State.EMERGENCY, by="telephone", who="101", until=end)
    text = generate_latest(registry).decode()
    assert 'centralita_override{state="emergency",timetable="oficina"} 1.0' in text
    assert 'centralita_override{state="closed",timetable="oficina"} 0.0' in text
    assert 'centralita_override{state="open",timetable="bodega"} 0.0' in text
    assert _value(text, 'centralita_override_until_timestamp_seconds{timetable="oficina"}') == end.timestamp()
    assert 'centralita_override_until_timestamp_seconds{timetable="bodega"}' not in text
    assert 'centralita_overrides_set_total{by="telephone",state="emergency",timetable="oficina"} 1.0' in text
    assert "centralita_override_unsaved 0.0" in text
    await overrides.close()


def _value(text: str, name: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "overrides.json"
    at = datetime.fromisoformat("2026-11-23T15:00:00+00:00")
    one = Override(timetable="oficina", state=State.CLOSED, since=at, by="cli", who="ana", why="ñandú")
    store.save(file, [one])
    assert store.load(file) == [one]
    (tmp_path / "overrides.new").write_bytes(b"{ a crash in the middle of the next one")
    assert store.load(file) == [one]
    store.save(file, [])
    assert store.load(file) == []
