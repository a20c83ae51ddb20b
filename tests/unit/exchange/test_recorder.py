"""Whether a talk is recorded, and what the key and the API change about it, with Asterisk obedient, deaf or away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from acd.decisions import EndVisit, MakeOffer
from acd.facts import OfferBridged, TalkEnded
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId, VisitOutcome
from ivr.asterisk.agi.session import Session
from ivr.asterisk.ami import AmiLink, AmiLost, AmiRefused, AmiTimeout
from ivr.call import facts
from ivr.call.calls import LiveCall, LiveCalls
from ivr.exchange import recorder, renewal
from ivr.exchange.recorder import NOT, RECORDED, SILENT, CannotChange, NotDone, Recorder
from ivr.language import load_site
from ivr.site import Site
from ivr.testing.clock import ManualClock
from recordings.policy import Rule, Why, Wish
from tests.tools import run
from tests.unit.exchange.bench import ROOT

CALL, LEG = CallId("n1-1795291423.0"), OfferId("000000000007")


class Asterisk:
    """Does what it is asked, or what `fails` says. `recording_part`: what the key makes a channel do; or nothing."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.fails_at: dict[str, Exception] = {}
        self.without: set[str] = set()
        """Channels that record nothing, and have no key."""
        self.asked: list[Mapping[str, str]] = []
        self.stopped: list[Mapping[str, str]] = []
        self.pressed: list[Mapping[str, str]] = []
        self.recording_part: Callable[[str], Awaitable[None]] | None = None
        self.answers = asyncio.Event()
        self.answers.set()

    async def action(self, name: str, fields: Mapping[str, str]) -> Mapping[str, str]:
        await self.answers.wait()
        if (failure := self.fails_at.get(name, self.fails)) is not None:
            raise failure
        if name == "Getvar":
            return {"Value": "" if fields["Channel"] in self.without else "a file"}
        {"MixMonitorMute": self.asked, "StopMixMonitor": self.stopped, "PlayDTMF": self.pressed}[name].append(fields)
        if name == "PlayDTMF" and self.recording_part is not None:
            await self.recording_part(fields["Channel"])
        return {}


def asks(*arguments: str) -> Session:
    """The visit of a channel of the call."""
    return cast(Session, SimpleNamespace(arguments=(CALL, *arguments), set_variable=AsyncMock()))


class House:
    def __init__(self, **wishes: Wish) -> None:
        self.calls, self.asterisk, self.clock = LiveCalls(), Asterisk(), ManualClock()
        self.journal: list[facts.CallFact] = []
        self.room, self.failed = True, 0
        site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
        assert site is not None
        queues = {name: replace(q, record=Rule(wishes.get(name, Wish.NO))) for name, q in site.queues.items()}
        self.site: Site = replace(site, queues=queues)
        link = cast(AmiLink, self.asterisk)
        self.recorder = Recorder(
            self, self.calls, self.clock, link, lambda: self.site, lambda: self.room, self.not_renewed
        )
        self.record(facts.CallStarted(at=self.now, call=CALL, did="6017436967", caller="k", flow="f", config="c"))
        self.asterisk.recording_part = self.recording_part
        self.parts = 1

    def not_renewed(self) -> None:
        self.failed += 1

    async def recording_part(self, channel: str) -> None:
        """As the dialplan does it."""
        session = asks(channel, str(self.parts + 1))
        if await self.recorder.part(session):
            self.parts += 1
            self.recorder.part_begun(session)

    async def settles(self) -> None:
        """Until whatever was begun in the background is done, however long it rests."""
        while tasks := self.recorder._tasks | self.recorder._renewals._tasks:
            self.clock.advance(1)
            await asyncio.wait(tasks, timeout=0.001)

    @property
    def now(self) -> Any:
        return self.clock.now()

    def record(self, event: Any, key: str | None = None) -> None:
        self.journal.append(event)
        self.calls.take(event, ())

    def hears_the_notice(self) -> None:
        self.record(facts.NoticeHeard(at=self.now, call=CALL, prompt="p", version="v"))

    def wishes(self, wish: str) -> None:
        self.record(facts.RecordingWished(at=self.now, call=CALL, step="s", wish=wish))

    @property
    def live(self) -> LiveCall:
        live = self.calls.get(CALL)
        assert live is not None
        return live

    def offered(self, queue: str = "servicio", agent: str = "101") -> str:
        offer = MakeOffer(
            offer=LEG,
            visit=VisitId(f"{CALL}/1"),
            call=CALL,
            queue=QueueId(queue),
            agent=AgentId(agent),
            ring_us=1,
            rule="",
        )
        return self.recorder.of_offer(offer, self.live)

    def talks(self) -> None:
        """The offer becomes a talk."""
        offer, visit = LEG, VisitId(f"{CALL}/1")
        end = EndVisit(
            visit=visit,
            call=CALL,
            queue=QueueId("servicio"),
            outcome=VisitOutcome.ANSWERED,
            wait_us=1,
            agent=AgentId("101"),
        )
        self.calls.take(OfferBridged(at=self.now, t=1, offer=offer), (end,))

    def told(self) -> list[str]:
        return [type(one).__name__ for one in self.journal if type(one).__name__.startswith("Recording")]


def test_it_is_ruled_before_the_phone_rings_and_the_journal_knows_why() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    assert house.offered() == RECORDED
    ruled = house.journal[-1]
    assert isinstance(ruled, facts.RecordingRuled) and ruled.record and ruled.why == Why.YES.value
    assert ruled.said == ("queue|servicio|yes",) and (ruled.leg, ruled.agent) == (LEG, "101")


@pytest.mark.parametrize(("heard", "wish", "rec"), [(False, "", NOT), (True, "declined", NOT), (True, "never", NOT)])
def test_nothing_is_recorded_without_the_notice_or_against_a_word(heard: bool, wish: str, rec: str) -> None:
    house = House(servicio=Wish.FORCE)
    if heard:
        house.hears_the_notice()
    if wish:
        house.wishes(wish)
    assert house.offered() == rec


def test_who_agrees_again_is_recorded_again() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.wishes("declined")
    house.wishes("agreed")
    assert house.offered() == RECORDED


def test_a_steps_wish_counts_before_the_queues() -> None:
    house = House()
    house.hears_the_notice()
    house.wishes("yes")
    assert house.offered() == RECORDED
    assert cast(facts.RecordingRuled, house.journal[-1]).said == ("step|s|yes", "queue|servicio|no")


def test_what_may_be_recorded_later_begins_silent() -> None:
    house = House(servicio=Wish.ON_DEMAND)
    house.hears_the_notice()
    assert house.offered() == SILENT


@run
async def test_pausing_and_going_on_are_told_when_asterisk_has_done_them() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    assert await house.recorder.pause(house.live, LEG, "telephone") == "paused"
    with pytest.raises(CannotChange, match="paused already"):
        await house.recorder.pause(house.live, LEG, "telephone")
    assert await house.recorder.resume(house.live, LEG, "api") == "resumed"
    with pytest.raises(CannotChange, match="not paused"):
        await house.recorder.resume(house.live, LEG, "api")
    assert house.told() == ["RecordingRuled", "RecordingPaused", "RecordingResumed", "RecordingRenewed"]
    (silent,) = house.asterisk.asked
    assert (silent["Channel"], silent["Direction"], silent["State"]) == (f"acd-{LEG}", "both", "1")
    assert house.parts == 2, "what is heard again is so in another file"


@run
async def test_where_no_other_file_can_be_begun_the_present_one_is_let_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    await house.recorder.pause(house.live, LEG, "telephone")
    house.asterisk.recording_part = None
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    assert await house.recorder.resume(house.live, LEG, "api") == "resumed"
    assert [one["State"] for one in house.asterisk.asked] == ["1", "0"]
    assert len(house.asterisk.pressed) == renewal.TRIES and house.calls.parts_of(LEG) == 1


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel")])
@run
async def test_a_pause_that_was_not_done_is_not_told_as_done(fails: Exception) -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    house.asterisk.fails = fails
    with pytest.raises(NotDone):
        await house.recorder.pause(house.live, LEG, "telephone")
    assert house.told() == ["RecordingRuled"] and not house.live.silenced


@run
async def test_going_on_that_was_not_done_leaves_it_paused() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    await house.recorder.pause(house.live, LEG, "telephone")
    house.asterisk.fails = AmiLost("gone")
    with pytest.raises(NotDone):
        await house.recorder.resume(house.live, LEG, "telephone")
    assert house.live.silenced == {LEG}


@run
async def test_on_demand_begins_once_and_can_be_paused_then() -> None:
    house = House(servicio=Wish.ON_DEMAND)
    house.hears_the_notice()
    house.offered()
    with pytest.raises(CannotChange, match="not recorded"):
        await house.recorder.pause(house.live, LEG, "telephone")
    assert await house.recorder.begin(house.live, LEG, "telephone") == "begun"
    assert await house.recorder.pause(house.live, LEG, "telephone") == "paused"


@run
async def test_who_declines_while_it_is_paused_is_heard_no_more() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    await house.recorder.pause(house.live, LEG, "telephone")
    house.wishes("declined")
    with pytest.raises(CannotChange, match="does not want"):
        await house.recorder.resume(house.live, LEG, "telephone")
    with pytest.raises(CannotChange, match="may not be recorded"):
        await house.recorder.begin(house.live, LEG, "telephone")


def test_a_restart_knows_what_was_paused() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    house.record(facts.RecordingPaused(at=house.now, call=CALL, leg=LEG, by="telephone"))
    again = LiveCalls()
    for fact in house.journal:
        again.take(fact, ())
    live = again.get(CALL)
    assert live is not None and live.silenced == {LEG} and live.ruled[LEG].record


@pytest.mark.parametrize("wish", [Wish.FORCE, Wish.YES, Wish.ON_DEMAND])
def test_without_room_nothing_begins_and_the_journal_knows_why(wish: Wish) -> None:
    house = House(servicio=wish)
    house.hears_the_notice()
    house.room = False
    assert house.offered() == NOT
    ruled = cast(facts.RecordingRuled, house.journal[-1])
    assert not ruled.record and ruled.why == Why.NO_ROOM.value and ruled.said == (f"queue|servicio|{wish}",)


def test_without_room_what_nobody_wanted_keeps_its_reason() -> None:
    house = House()
    house.hears_the_notice()
    house.room = False
    house.offered()
    assert cast(facts.RecordingRuled, house.journal[-1]).why == Why.NO.value


@run
async def test_a_silent_recording_does_not_begin_when_the_room_is_gone_meanwhile() -> None:
    house = House(servicio=Wish.ON_DEMAND)
    house.hears_the_notice()
    house.offered()
    session = cast(Session, SimpleNamespace(arguments=(CALL, LEG)))
    assert await house.recorder.hush(session)
    house.room = False
    assert not await house.recorder.hush(session)


@pytest.mark.parametrize("wish", [Wish.YES, Wish.ON_DEMAND])
@run
async def test_what_is_recorded_is_ended_in_good_order_and_once(wish: Wish) -> None:
    house = House(servicio=wish)
    house.hears_the_notice()
    house.offered()
    house.asterisk.fails_at = {"StopMixMonitor": AmiRefused("Could not stop monitoring channel")}
    assert await house.recorder.stop_all("disk") == 0, "the phone rings still"
    house.asterisk.fails_at = {}
    house.talks()
    assert await house.recorder.stop_all("disk") == 1
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}]
    stopped = cast(facts.RecordingStopped, house.journal[-1])
    assert (stopped.call, stopped.leg, stopped.why) == (CALL, LEG, "disk")
    assert await house.recorder.stop_all("disk") == 0 and len(house.asterisk.stopped) == 1
    for change in (house.recorder.pause, house.recorder.resume, house.recorder.begin):
        with pytest.raises(CannotChange, match="no room"):
            await change(house.live, LEG, "telephone")
    assert await house.recorder.key(cast(Session, SimpleNamespace(arguments=(CALL, LEG)))) == "refused"


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel"), AmiTimeout("5 s")])
@run
async def test_what_asterisk_has_not_ended_is_tried_again(fails: Exception) -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    house.talks()
    house.asterisk.fails = fails
    assert await house.recorder.stop_all("disk") == 0 and house.told() == ["RecordingRuled"]
    house.asterisk.fails = None
    assert await house.recorder.stop_all("disk") == 1


@run
async def test_only_talks_with_a_file_are_ended() -> None:
    house = House(servicio=Wish.NO)
    house.hears_the_notice()
    house.offered()
    house.talks()
    assert await house.recorder.stop_all("disk") == 0 and house.asterisk.stopped == []
    over = House(servicio=Wish.YES)
    over.hears_the_notice()
    over.offered()
    over.talks()
    over.calls.take(TalkEnded(at=over.now, t=2, offer=LEG), ())
    over.asterisk.fails_at = {"StopMixMonitor": AmiRefused("No such channel")}
    assert await over.recorder.stop_all("disk") == 0 and over.told() == ["RecordingRuled"]


def test_a_restart_knows_what_was_ended() -> None:
    house = House(servicio=Wish.YES)
    house.hears_the_notice()
    house.offered()
    house.record(facts.RecordingStopped(at=house.now, call=CALL, leg=LEG, why="disk"))
    again = LiveCalls()
    for fact in house.journal:
        again.take(fact, ())
    live = again.get(CALL)
    assert live is not None and live.stopped_recordings == {LEG}


@run
async def test_a_leg_that_dial_makes_needs_room_too_and_is_ended_by_its_channel() -> None:
    house, leg = House(), OfferId("1795291423.7")
    house.hears_the_notice()
    house.wishes("yes")
    session = cast(Session, SimpleNamespace(arguments=(CALL, leg, "201")))
    inside = cast(Session, SimpleNamespace(arguments=("n1-other.0", "1795291424.8", "201")))
    assert await house.recorder.of_leg(session) == RECORDED
    assert await house.recorder.stop_all("disk") == 1 and house.asterisk.stopped == [{"Channel": leg}]
    assert house.live.stopped_recordings == {leg}
    house.site = replace(
        house.site, queues={n: replace(q, record=Rule(Wish.YES)) for n, q in house.site.queues.items()}
    )
    assert await house.recorder.of_leg(inside) == SILENT
    house.room = False
    assert await house.recorder.of_leg(session) == await house.recorder.of_leg(inside) == NOT
    assert cast(facts.RecordingRuled, house.journal[-1]).why == Why.NO_ROOM.value


# ---- another file
async def turns() -> None:
    """Whatever can be done at once is done."""
    for _ in range(20):
        await asyncio.sleep(0)


def recorded(wish: Wish = Wish.YES) -> House:
    """A talk."""
    house = House(servicio=wish)
    house.hears_the_notice()
    house.offered()
    house.talks()
    return house


@run
async def test_after_a_hold_the_recording_goes_on_in_another_file_each_time() -> None:
    house = recorded()
    house.recorder.anew(house.live, LEG)
    await house.settles()
    house.recorder.anew(house.live, LEG)
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert house.parts == house.calls.parts_of(LEG) == 3 and house.asterisk.asked == []
    assert house.asterisk.pressed == [{"Channel": f"acd-{LEG}", "Digit": "D", "Receive": "true"}] * 2
    told = [fact for fact in house.journal if isinstance(fact, facts.RecordingRenewed)]
    assert [(fact.call, fact.leg, fact.part) for fact in told] == [(CALL, LEG, part) for part in (2, 3)]


@run
async def test_a_storm_of_holds_begins_one_file_in_a_few_seconds() -> None:
    house = recorded()
    for _ in range(20):
        house.recorder.anew(house.live, LEG)
        await turns()
    assert house.parts == 2
    house.clock.advance(recorder.REST - 0.1)
    await turns()
    assert house.parts == 2
    house.clock.advance(0.1)
    await turns()
    assert house.parts == 3, "the last hold is heard of"
    await house.settles()
    assert house.parts == 3 and len(house.asterisk.pressed) == 2


@run
async def test_a_pause_waits_for_no_file_that_has_not_begun() -> None:
    house = recorded()

    async def slow(channel: str) -> None:
        assert await house.recorder.part(asks(channel, str(len(house.asterisk.pressed) + 1)))

    house.asterisk.recording_part = slow
    house.recorder.anew(house.live, LEG)
    await turns()
    house.recorder.anew(house.live, LEG)
    house.clock.advance(recorder.REST)
    await turns()
    pausing = asyncio.ensure_future(house.recorder.pause(house.live, LEG, "telephone"))
    await turns()
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    assert await pausing == "paused"
    await house.settles()
    assert len(house.asterisk.pressed) == 1


@run
async def test_where_nothing_was_paused_the_file_that_waited_is_begun() -> None:
    house = recorded()
    house.recorder.anew(house.live, LEG)
    await turns()
    house.recorder.anew(house.live, LEG)
    house.asterisk.fails_at = {"MixMonitorMute": AmiRefused("No such audio hook")}
    with pytest.raises(NotDone):
        await house.recorder.pause(house.live, LEG, "telephone")
    await house.settles()
    assert house.parts == 3


@pytest.mark.parametrize("state", ["paused", "stopped", "declined", "on demand"])
@run
async def test_what_is_silent_or_over_is_left_as_it_is(state: str) -> None:
    house = recorded(Wish.ON_DEMAND if state == "on demand" else Wish.YES)
    if state == "paused":
        await house.recorder.pause(house.live, LEG, "telephone")
    elif state == "stopped":
        await house.recorder.stop_all("disk")
    elif state == "declined":
        house.wishes("declined")
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts == 1 and house.failed == 0


@run
async def test_what_begins_on_demand_or_is_handed_over_does_so_in_a_file_of_its_own() -> None:
    house = recorded(Wish.ON_DEMAND)
    assert await house.recorder.begin(house.live, LEG, "api") == "begun"
    assert house.parts == 2 and house.asterisk.asked == []
    over, leg = recorded(), "n1-1795291424.8"
    over.wishes("yes")
    over.recorder.joined(over.live, leg, "103")
    await over.settles()
    assert over.parts == over.calls.parts_of(leg) == 2 and over.asterisk.asked == []


@run
async def test_whoever_presses_that_key_at_a_phone_gets_nothing() -> None:
    house = recorded()
    assert not await house.recorder.part(asks(f"acd-{LEG}", "2"))
    assert not await house.recorder.part(asks("acd-unknown", "2"))
    assert house.calls.parts_of(LEG) == 1 and house.told() == ["RecordingRuled"]


@run
async def test_a_pause_and_an_end_wait_until_the_other_file_is_begun() -> None:
    """Else they would be of the file that ends."""
    house, done = recorded(), asyncio.Event()

    async def slow(channel: str) -> None:
        assert await house.recorder.part(asks(channel, "2"))
        asyncio.get_running_loop().call_soon(done.set)

    house.asterisk.recording_part = slow
    house.recorder.anew(house.live, LEG)
    await done.wait()
    pausing = asyncio.ensure_future(house.recorder.pause(house.live, LEG, "telephone"))
    ending = asyncio.ensure_future(house.recorder.stop_all("disk"))
    await asyncio.sleep(0)
    assert house.asterisk.asked == house.asterisk.stopped == []
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    assert await pausing == "paused" and await ending == 1
    assert not await house.recorder.part(asks(f"acd-{LEG}", "3")), "once for each time"


@run
async def test_at_the_key_the_channel_goes_on_by_itself() -> None:
    house = recorded()
    await house.recorder.pause(house.live, LEG, "telephone")
    session = asks(LEG, "2")
    assert await house.recorder.key(session) == "resumed"
    cast(Any, session).set_variable.assert_awaited_once_with("ANEW", "1")
    assert house.asterisk.pressed == [] and house.calls.parts_of(LEG) == 2
    pausing = asyncio.ensure_future(house.recorder.pause(house.live, LEG, "telephone"))
    await asyncio.sleep(0)
    assert len(house.asterisk.asked) == 1
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    assert await pausing == "paused"


@run
async def test_a_channel_that_knows_of_no_file_is_let_hear_as_it_is() -> None:
    house = recorded()
    await house.recorder.pause(house.live, LEG, "telephone")
    session = asks(LEG, "0")
    assert await house.recorder.key(session) == "resumed"
    cast(Any, session).set_variable.assert_not_awaited()
    assert [one["State"] for one in house.asterisk.asked] == ["1", "0"]


@run
async def test_what_was_ended_is_not_begun_again_by_a_channel_that_asks_late() -> None:
    house = recorded()

    async def meanwhile(channel: str) -> None:
        house.record(facts.RecordingStopped(at=house.now, call=CALL, leg=LEG, why="disk"))
        await house.recording_part(channel)

    house.asterisk.recording_part = meanwhile
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(renewal, "ASKED_WITHIN", 0.01)
        house.recorder.anew(house.live, LEG)
        await house.settles()
    assert house.parts == 1


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel")])
@run
async def test_without_asterisk_it_goes_on_as_it_was(fails: Exception) -> None:
    house = recorded()
    house.asterisk.fails = fails
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert house.told() == ["RecordingRuled"]


def test_a_restart_knows_how_many_files_there_are() -> None:
    house = recorded()
    house.record(facts.RecordingRenewed(at=house.now, call=CALL, leg=LEG, part=3))
    again = LiveCalls()
    for fact in house.journal:
        again.take(fact, ())
    assert again.parts_of(LEG) == 3
    again.take(facts.CallEnded(at=house.now, call=CALL, cause=16, by="caller"), ())
    assert again.parts_of(LEG) == 1, "then what lies there is all"


# ---- silence that was ordered is kept
@run
async def test_while_a_pause_is_on_its_way_no_other_file_is_begun() -> None:
    """Its silence would be that of the file that ends."""
    house = recorded()
    house.asterisk.answers.clear()
    pausing = asyncio.ensure_future(house.recorder.pause(house.live, LEG, "telephone"))
    await asyncio.sleep(0)
    house.recorder.anew(house.live, LEG)
    await turns()
    house.asterisk.answers.set()
    assert await pausing == "paused"
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts == 1 and house.failed == 0


@run
async def test_two_keys_at_once_pause_and_go_on() -> None:
    house = recorded()
    became = await asyncio.gather(house.recorder.key(asks(LEG, "0")), house.recorder.key(asks(LEG, "0")))
    assert became == ["paused", "resumed"] and [one["State"] for one in house.asterisk.asked] == ["1", "0"]


@run
async def test_a_channel_that_asks_when_the_caller_has_declined_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()

    async def meanwhile(channel: str) -> None:
        house.wishes("declined")
        await house.recording_part(channel)

    house.asterisk.recording_part = meanwhile
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert len(house.asterisk.pressed) > 0 and house.parts == 1 and "RecordingRenewed" not in house.told()


async def begins_late(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel is to begin another file, and does so when nobody waits for it any more."""

    async def asked(channel: str) -> None:
        assert await house.recorder.part(asks(channel, "2"))

    house.asterisk.recording_part = asked
    monkeypatch.setattr(renewal, "BEGUN_WITHIN", 0.01)
    house.recorder.anew(house.live, LEG)
    await house.settles()


@run
async def test_a_file_that_begins_after_a_pause_is_made_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    await begins_late(house, monkeypatch)
    await house.recorder.pause(house.live, LEG, "telephone")
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    await house.settles()
    assert [one["State"] for one in house.asterisk.asked] == ["1", "1"] and house.asterisk.stopped == []


@run
async def test_where_it_cannot_be_made_silent_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    await begins_late(house, monkeypatch)
    await house.recorder.pause(house.live, LEG, "telephone")
    house.asterisk.fails_at = {"MixMonitorMute": AmiRefused("No such audio hook")}
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    await house.settles()
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}]


@run
async def test_a_file_that_begins_after_the_end_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    await begins_late(house, monkeypatch)
    assert await house.recorder.stop_all("disk") == 1
    house.recorder.part_begun(asks(f"acd-{LEG}"))
    await house.settles()
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}] * 2


@run
async def test_what_could_not_be_begun_is_known_as_silent() -> None:
    house = recorded(Wish.ON_DEMAND)
    house.asterisk.fails = AmiLost("gone")
    with pytest.raises(NotDone):
        await house.recorder.begin(house.live, LEG, "api")
    assert house.live.silenced == {LEG}
    house.asterisk.fails = None
    assert await house.recorder.resume(house.live, LEG, "api") == "resumed"


# ---- the key is pressed where there is one
@run
async def test_where_the_phone_has_no_such_key_the_caller_hears_none() -> None:
    """The server was away when the leg would have asked about its recording."""
    house, leg = recorded(), "1795291424.8"
    house.asterisk.without = {leg}
    house.wishes("yes")
    house.recorder.joined(house.live, leg, "103")
    await house.settles()
    ruled = house.live.ruled[leg]
    assert house.asterisk.pressed == house.asterisk.asked == [] and ruled.why == Why.IMPOSSIBLE.value
    assert not ruled.record


@run
async def test_a_channel_that_is_gone_goes_on_in_no_file() -> None:
    house = recorded()
    house.asterisk.fails_at = {"Getvar": AmiRefused("No such channel")}
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts == 1 and house.failed == 0


# ---- what does not go on is not forgotten
@run
async def test_what_does_not_go_on_is_counted_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    house.asterisk.fails = AmiLost("gone")
    house.recorder.anew(house.live, LEG)
    await turns()
    assert house.failed == 1
    house.asterisk.fails = None
    await house.settles()
    assert house.parts == 2 and house.failed == 1


@run
async def test_it_is_tried_a_few_times_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    house.asterisk.recording_part = None
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.001)
    house.recorder.anew(house.live, LEG)
    await house.settles()
    assert house.failed == recorder.ATTEMPTS and house.parts == 1
    assert len(house.asterisk.pressed) == renewal.TRIES * recorder.ATTEMPTS


@run
async def test_a_pause_ends_the_attempts() -> None:
    house = recorded()
    house.asterisk.fails_at = {"PlayDTMF": AmiLost("gone")}
    house.recorder.anew(house.live, LEG)
    await turns()
    assert await house.recorder.pause(house.live, LEG, "telephone") == "paused"
    await house.settles()
    assert house.failed == 1


@run
async def test_when_asterisk_is_there_again_every_recording_that_hears_goes_on_in_another_file() -> None:
    """Whoever was on hold meanwhile, nobody heard of it."""
    house = recorded()
    other = "1795291424.8"
    for leg, record in ((other, True), ("1795291424.9", False)):
        house.record(
            facts.RecordingRuled(
                at=house.now, call=CALL, leg=leg, queue="", agent="103", record=record, why="yes" if record else "no"
            )
        )
    await house.recorder.pause(house.live, other, "telephone")
    house.recorder.linked_again()
    await house.settles()
    assert [one["Channel"] for one in house.asterisk.pressed] == [f"acd-{LEG}"]


# ---- whoever was rung without a queue
@run
async def test_both_legs_of_a_call_that_was_handed_on_are_ended_for_want_of_room() -> None:
    house, leg = recorded(), "1795291424.8"
    house.wishes("yes")
    house.recorder.joined(house.live, leg, "103")
    await house.settles()
    assert await house.recorder.stop_all("disk") == 2
    assert sorted(one["Channel"] for one in house.asterisk.stopped) == sorted([f"acd-{LEG}", leg])


@run
async def test_a_phone_that_dial_rang_pauses_by_its_key() -> None:
    house, leg = House(), "1795291423.7"
    house.hears_the_notice()
    house.wishes("yes")
    assert await house.recorder.of_leg(asks(leg, "201")) == RECORDED
    key = cast(Session, SimpleNamespace(arguments=("", leg, "2"), set_variable=AsyncMock()))
    assert await house.recorder.key(key) == "paused" and house.live.silenced == {leg}
    assert house.asterisk.asked == [{"Channel": leg, "Direction": "both", "State": "1"}]
    assert await house.recorder.key(key) == "resumed" and not house.live.silenced
    house.recorder.part_begun(key)
    await house.settles()


@run
async def test_a_talk_between_phones_is_nobodys_and_its_silent_recording_stays() -> None:
    house, leg = House(servicio=Wish.YES), "1795291424.8"
    inside = cast(Session, SimpleNamespace(arguments=("n1-other.0", leg, "201")))
    key = cast(Session, SimpleNamespace(arguments=("", leg, "2")))
    assert await house.recorder.key(key) == "", "who knows?"
    assert await house.recorder.of_leg(inside) == SILENT
    assert await house.recorder.key(key) == "refused"


@run
async def test_a_key_at_the_moment_of_a_transfer_waits_for_the_ruling() -> None:
    house, leg = recorded(), "1795291424.8"
    house.wishes("yes")
    house.live.talk = OfferId(leg)
    house.asterisk.answers.clear()
    house.recorder.joined(house.live, leg, "103")
    await turns()
    pressed = asyncio.ensure_future(house.recorder.key(asks(leg, "2")))
    await turns()
    house.asterisk.answers.set()
    assert await pressed == "paused" and house.live.silenced == {leg}
