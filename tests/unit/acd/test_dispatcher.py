"""The shell round the engine: durable first, then the deed; recovery; time; a journal that is away."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from acd.decisions import Decision, MakeOffer
from acd.dispatcher import CHECKPOINT_EVERY, Dispatcher, Recorded
from acd.engine import Engine
from acd.facts import (
    CallerGone,
    CallerJoined,
    DeviceChanged,
    DeviceSeen,
    EngineStarted,
    OfferAnswered,
    OfferBridged,
    Resynchronised,
    TalkEnded,
    Tick,
)
from acd.journal import Journal, JournalUnavailable, open_journal
from acd.journal.memory import MemoryJournal
from acd.journal.port import Json
from acd.model import AgentId, CallId, DeviceState
from acd.testing import RememberingTelephone
from ivr.call.facts import CallEnded
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.acd.floor import SERVICE, SITE, TREASURY, visit


class SlowJournal(MemoryJournal):
    """A journal in memory that makes entries durable only when it is told to, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[tuple[asyncio.Future[int], asyncio.Future[int]]] | None = None

    def append(
        self, at: datetime, event: Json, decisions: Sequence[Json] = (), key: str | None = None
    ) -> "asyncio.Future[int]":
        real = super().append(at, event, decisions, key)
        if self.held is None:
            return real
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.held.append((future, real))
        return future

    def release(self, count: int) -> None:
        assert self.held is not None
        for future, real in self.held[:count]:
            future.set_result(real.result())
        del self.held[:count]


class Shell:
    """A dispatcher over a journal, with everything it did and told."""

    def __init__(self, journal: Journal, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.phone = RememberingTelephone()
        self.journal = journal
        self.dispatcher = Dispatcher(Engine(SITE), journal, self.phone, self.clock, node="n1")
        self.told: list[Recorded] = []
        self.dispatcher.on_entry(self.told.append, after=0)

    async def begin(self, *free: str) -> "Shell":
        await self.dispatcher.recover()
        self.look(*free)
        return self

    def look(self, *free: str) -> None:
        seen = tuple(DeviceSeen(agent=AgentId(a), state=DeviceState.FREE) for a in free)
        self.dispatcher.tell(Resynchronised, callers=(), legs=(), devices=seen)

    def joins(self, name: str, queue: Any = SERVICE) -> tuple[Decision, ...]:
        return self.dispatcher.tell(CallerJoined, visit=visit(name), call=CallId(name), queue=queue)

    def kinds(self) -> list[str]:
        return [type(r.event).__name__ for r in self.told]


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@run
async def test_the_deed_waits_for_the_journal() -> None:
    journal = SlowJournal()
    shell = await Shell(journal).begin("101")
    await shell.dispatcher.settled()
    journal.held = []
    (made,) = shell.joins("a")
    shell.dispatcher.tell(CallerGone, visit=visit("a"), hung_up=True)
    await turns()
    assert shell.phone.deeds == []
    assert shell.kinds() == ["EngineStarted", "Resynchronised"]
    journal.release(1)
    await turns()
    assert shell.phone.deeds == [("ring", made.offer)]
    journal.release(1)
    await turns()
    assert shell.phone.deeds == [("ring", made.offer), ("cancel", made.offer)]
    assert shell.kinds()[2:] == ["CallerJoined", "CallerGone"]
    await shell.dispatcher.close()


@run
async def test_a_phone_rings_before_anybody_is_told() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    await shell.dispatcher.settled()
    rung: list[bool] = []
    shell.dispatcher.on_entry(lambda _: rung.append(bool(shell.phone.deeds)))
    shell.joins("a")
    shell.joins("b")
    await turns()
    assert rung == [True, True]
    assert [r.position for r in shell.told] == [1, 2, 3, 4], "in their order"
    await shell.dispatcher.close()


@run
async def test_callers_come_first_when_the_journal_stays_away() -> None:
    journal = SlowJournal()
    shell = await Shell(journal).begin("101", "102")
    await shell.dispatcher.settled()
    journal.held = []
    shell.joins("a")
    shell.clock.advance(0.9)
    await turns()
    assert not shell.phone.deeds
    shell.clock.advance(0.1)
    await turns()
    assert len(shell.phone.deeds) == 1
    assert shell.dispatcher.degraded
    shell.joins("b")
    await turns()
    assert len(shell.phone.deeds) == 2, "no further second for the next ones"
    assert len(shell.told) == 2, "nothing is told that is not durable"
    journal.release(2)
    await turns()
    assert not shell.dispatcher.degraded
    assert len(shell.phone.deeds) == 2, "each deed once"
    assert [r.position for r in shell.told] == [1, 2, 3, 4]
    await shell.dispatcher.close()


@run
async def test_recovery_folds_tells_and_does_nothing_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    clock = ManualClock()
    journal = await open_journal(url, clock)
    first = await Shell(journal, clock).begin("101")
    (made,) = first.joins("a")
    first.joins("b")
    first.dispatcher.tell(OfferAnswered, offer=made.offer)
    await first.dispatcher.settled()
    before = first.dispatcher.engine.snapshot()
    await journal.close()  # no farewell of the dispatcher: it was killed

    journal = await open_journal(url, clock)
    second = Shell(journal, clock)
    seen: list[dict[str, Any]] = []
    second.dispatcher.on_entry(
        lambda r: seen.append(second.dispatcher.engine.snapshot()) if r.position == 5 else None, after=0
    )
    await second.dispatcher.recover()
    assert seen == [before]
    assert [r.live for r in second.told] == [False] * 5 + [True]
    assert [(r.position, r.event, r.decisions) for r in second.told[:5]] == [
        (r.position, r.event, r.decisions) for r in first.told
    ]
    assert second.phone.deeds == []
    assert not second.dispatcher.engine.linked
    await second.dispatcher.close()
    await journal.close()


@run
async def test_each_start_has_its_own_offer_ids() -> None:
    journal = MemoryJournal()
    clock = ManualClock()
    ids = set()
    for name in ("a", "b", "c"):
        clock.advance(0.000001)
        shell = await Shell(journal, clock).begin("101", "102")
        made = [d for d in shell.joins(name) if isinstance(d, MakeOffer)]
        await shell.dispatcher.settled()
        ids |= {d.offer for d in made}
    assert len({len(i) for i in ids}) == 1
    assert len(ids) == 2  # the third caller waits: both agents are being rung
    prefixes = {r.event.prefix for r in shell.told if isinstance(r.event, EngineStarted)}
    assert len(prefixes) == 3


@run
async def test_the_alarm_rings_at_the_deadline() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    (made,) = shell.joins("a")
    shell.dispatcher.tell(OfferBridged, offer=made.offer)
    shell.dispatcher.tell(TalkEnded, offer=made.offer)
    shell.clock.advance(19.9)
    await turns()
    assert "Tick" not in shell.kinds()
    shell.clock.advance(0.1)
    await turns()
    assert shell.kinds()[-1] == "Tick"
    assert shell.joins("b")
    await shell.dispatcher.close()
    assert shell.clock.pending == 0


@run
async def test_a_wall_clock_that_jumps_changes_nothing() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    shell.joins("a")
    for jump in (timedelta(days=-400), timedelta(days=800)):
        shell.clock.wall += jump
        shell.clock.advance(1)
        await turns()
    assert shell.kinds().count("Tick") == 0
    assert [o.visit for o in shell.dispatcher.engine.offers()] == ["a/1"]
    await shell.dispatcher.close()


@run
async def test_engine_time_goes_on_after_a_reboot_of_the_machine() -> None:
    journal = MemoryJournal()
    before = await Shell(journal, ManualClock(boot_us=9_000_000_000)).begin("101")
    before.dispatcher.tell(OfferBridged, offer=before.joins("a")[0].offer)  # type: ignore[union-attr]
    before.dispatcher.tell(TalkEnded, offer=before.dispatcher.engine.offers()[0].offer)
    await before.dispatcher.settled()

    clock = ManualClock(wall=before.clock.wall + timedelta(seconds=15), boot_us=1000)
    after = Shell(journal, clock)
    await after.dispatcher.recover()
    assert after.dispatcher.now_us() == before.dispatcher.now_us() + 15_000_000
    after.look("101")
    assert after.joins("b") == (), "5 s of the wrap-up are left"
    clock.advance(5)
    await turns()
    assert [o.visit for o in after.dispatcher.engine.offers()] == ["b/1"]
    await after.dispatcher.close()


@run
async def test_time_never_goes_back() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    first = shell.dispatcher.now_us()
    shell.clock.boot_us -= 500
    assert shell.dispatcher.now_us() == first
    await shell.dispatcher.close()


@run
async def test_call_facts_are_recorded_and_a_key_counts_once() -> None:
    shell = await Shell(MemoryJournal()).begin()
    ended = CallEnded(at=shell.clock.now(), call=CallId("n1-1.1"), cause=16, by="caller")
    for _ in range(3):
        shell.dispatcher.record(ended, key="call ended:n1-1.1")
    shell.dispatcher.record(ended)
    await shell.dispatcher.settled()
    assert [r.event for r in shell.told[2:]] == [ended, ended]
    assert [r.position for r in shell.told] == [1, 2, 3, 4]
    await shell.dispatcher.close()


@run
async def test_an_imported_fact_keeps_its_true_time() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    (made,) = shell.joins("a")
    true = shell.clock.now() - timedelta(seconds=7)
    shell.dispatcher.tell(OfferBridged, at=true, key="bridged:x", offer=made.offer)
    await shell.dispatcher.settled()
    assert shell.told[-1].event.at == true
    assert shell.told[-1].event.t == shell.dispatcher.now_us()
    await shell.dispatcher.close()


@run
async def test_a_keyed_fact_with_decisions_is_never_dropped() -> None:
    """Its key was journalled before, but this time something follows from it: what follows must be journalled."""
    shell = await Shell(MemoryJournal()).begin()
    shell.dispatcher.tell(DeviceChanged, key="k", agent=AgentId("101"), state=DeviceState.BUSY)
    shell.joins("a")
    assert shell.dispatcher.tell(DeviceChanged, key="k", agent=AgentId("101"), state=DeviceState.FREE)
    await shell.dispatcher.settled()
    assert [d for d in shell.told[-1].decisions if isinstance(d, MakeOffer)]
    await shell.dispatcher.close()


@run
async def test_a_failing_deed_or_listener_stops_nobody() -> None:
    shell = await Shell(MemoryJournal()).begin("101", "102")

    def fail(_: Recorded) -> None:
        raise RuntimeError("a listener that fails")

    stop = shell.dispatcher.on_entry(fail)
    shell.phone.broken = RuntimeError("a deed that fails")
    shell.joins("a")
    await shell.dispatcher.settled()
    shell.phone.broken = None
    stop()
    shell.joins("b")
    shell.joins("c", TREASURY)
    await shell.dispatcher.settled()
    assert [d[0] for d in shell.phone.deeds] == ["ring", "ring"]
    assert shell.kinds()[-3:] == ["CallerJoined"] * 3
    await shell.dispatcher.close()


@run
async def test_an_overflow_sends_the_caller_back() -> None:
    shell = await Shell(MemoryJournal()).begin("101")
    shell.joins("a", TREASURY)
    await shell.dispatcher.settled()
    assert shell.phone.deeds == [("send back", "a/1", "nobody there")]
    await shell.dispatcher.close()


@run
async def test_recovery_starts_at_the_checkpoint_and_a_projection_at_its_own_place() -> None:
    journal = MemoryJournal()
    clock = ManualClock()
    first = await Shell(journal, clock).begin("101")
    first.joins("a")
    first.joins("b")
    await first.dispatcher.close()
    state = first.dispatcher.engine.snapshot()
    assert await journal.latest_checkpoint() == (4, state)

    second = Dispatcher(Engine(SITE), journal, RememberingTelephone(), clock, node="n1")
    figures: list[int] = []
    fresh: list[int] = []
    second.on_entry(lambda r: figures.append(r.position), after=2)
    second.on_entry(lambda r: fresh.append(r.position))
    await second.recover()
    assert figures == [3, 4, 5]
    assert fresh == [5]
    assert {v.visit for v in second.engine.in_queue(SERVICE)} == {"a/1", "b/1"}
    await second.close()


@run
async def test_a_checkpoint_belongs_to_its_entry() -> None:
    journal = MemoryJournal()
    shell = await Shell(journal).begin("101")
    for _ in range(CHECKPOINT_EVERY):
        shell.dispatcher.tell(Tick)
    shell.joins("a")
    await shell.dispatcher.settled()
    await turns()
    found = await journal.latest_checkpoint()
    assert found is not None
    position, state = found
    assert position == CHECKPOINT_EVERY
    assert state["visits"] == []
    await shell.dispatcher.close()


@run
async def test_a_checkpoint_of_another_version_is_passed_over() -> None:
    journal = MemoryJournal()
    shell = await Shell(journal).begin("101")
    shell.joins("a")
    await shell.dispatcher.settled()
    await journal.save_checkpoint(3, {"format": 99})
    again = Shell(journal, shell.clock)
    await again.dispatcher.recover()
    assert again.dispatcher.engine.visit(visit("a")) is not None
    await again.dispatcher.close()


@run
async def test_an_entry_that_cannot_be_kept_is_told_and_the_next_goes_on(caplog: Any) -> None:
    class Full(MemoryJournal):
        full = False

        def append(self, *args: Any, **more: Any) -> "asyncio.Future[int]":
            if not self.full:
                return super().append(*args, **more)
            future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            future.set_exception(JournalUnavailable("full"))
            return future

    journal = Full()
    shell = await Shell(journal).begin("101")
    journal.full = True
    shell.joins("a")
    journal.full = False
    shell.joins("b")
    await shell.dispatcher.settled()
    assert "an entry is lost: full" in caplog.text
    assert [d[0] for d in shell.phone.deeds] == ["ring"], "the caller is served nevertheless"
    assert shell.kinds()[-1] == "CallerJoined"
    await shell.dispatcher.close()
