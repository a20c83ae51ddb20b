"""The recordings of a house of one caller, and of an Asterisk that is obedient, deaf or away."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from acd.decisions import EndVisit, MakeOffer
from acd.facts import OfferBridged
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId, VisitOutcome
from ivr.app.floor import recording_of
from ivr.asterisk.ami import AmiLink
from ivr.call import facts
from ivr.call.calls import LiveCall, LiveCalls
from ivr.exchange.desk import Desk
from ivr.exchange.errands import Errands
from ivr.language import load_site
from ivr.site import Site
from ivr.testing.clock import ManualClock
from recordings.policy import Rule, Wish
from tests.unit.exchange.bench import ROOT

CALL, LEG = CallId("n1-1795291423.0"), OfferId("000000000007")
VISIT = VisitId(f"{CALL}/1")
OTHER = OfferId("1795291424.8")
"""A leg that Dial made."""


class Asterisk:
    """Does what it is asked, or what `fails` says. `recording_part`: what the key makes a channel do; or nothing."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.fails_at: dict[str, Exception] = {}
        self.without: set[str] = set()
        """Channels that record nothing, and have no key."""
        self.muted: list[Mapping[str, str]] = []
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
        {"MixMonitorMute": self.muted, "StopMixMonitor": self.stopped, "PlayDTMF": self.pressed}[name].append(fields)
        if name == "PlayDTMF" and self.recording_part is not None:
            await self.recording_part(fields["Channel"])
        return {}

    @property
    def states(self) -> list[str]:
        """1 for each time that a recording was made silent, 0 for each time that it was let hear as it is."""
        return [one["State"] for one in self.muted]


class Asks:
    """The visit of a leg, or of its channel. `given`: the variables that it carries away."""

    def __init__(self, *arguments: str, call: str = CALL) -> None:
        self.arguments = (call, *arguments)
        self.given: list[tuple[str, str]] = []

    async def set_variable(self, name: str, value: str) -> None:
        self.given.append((name, value))


@functools.cache
def _site() -> Site:
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    return site


class House:
    """Everything that records, and a journal. `servicio`: what that queue says; every other one says no."""

    def __init__(self, servicio: Wish = Wish.NO) -> None:
        self.calls, self.asterisk, self.clock, self.errands = LiveCalls(), Asterisk(), ManualClock(), Errands()
        self.journal: list[facts.CallFact] = []
        self.keys: list[str] = []
        self.room, self.failed, self.parts_begun = True, 0, 1
        self.site = _site()
        self.wish(*self.site.queues, wish=Wish.NO)
        self.wish("servicio", wish=servicio)
        whole = recording_of(
            cast(Desk, self),
            self.calls,
            self.clock,
            cast(AmiLink, self.asterisk),
            lambda: self.site,
            lambda: self.room,
            self.not_renewed,
            self.errands,
        )
        self.beforehand, self.recorder, self.parts = whole.beforehand, whole.recorder, whole.parts
        self.legs = cast(Any, whole.legs)
        self.record(facts.CallStarted(at=self.now, call=CALL, did="6017436967", caller="k", flow="f", config="c"))
        self.asterisk.recording_part = self.recording_part

    def wish(self, *queues: str, wish: Wish) -> None:
        """What these queues say from now on."""
        ruled = {name: replace(self.site.queues[name], record=Rule(wish)) for name in queues}
        self.site = replace(self.site, queues={**self.site.queues, **ruled})

    def not_renewed(self) -> None:
        self.failed += 1

    # ------------------------------------------------------------------ what the dialplan does
    async def recording_part(self, channel: str) -> None:
        """The channel goes on in another file."""
        asks = Asks(channel, str(self.parts_begun + 1))
        if await self.legs.part(asks):
            self.parts_begun += 1
            self.legs.part_begun(asks)

    async def recording_part_without_end(self, channel: str) -> None:
        """The channel is to begin another file, and has not begun it: `part_begun` does."""
        assert await self.legs.part(Asks(channel, "2"))

    def part_begun(self) -> None:
        """The leg's channel says that it has begun the other file."""
        self.legs.part_begun(Asks(f"acd-{LEG}"))

    def happens_meanwhile(self, deed: Callable[[], None]) -> None:
        """From now on this happens between the key and the channel's question."""

        async def part(channel: str) -> None:
            deed()
            await self.recording_part(channel)

        self.asterisk.recording_part = part

    async def settles(self) -> None:
        """Until whatever was begun in the background is done, however long it rests."""
        while tasks := self.errands.going:
            self.clock.advance(1)
            await asyncio.wait(tasks, timeout=0.001)

    # ------------------------------------------------------------------ the journal
    @property
    def now(self) -> datetime:
        return self.clock.now()

    def record(self, event: Any, key: str | None = None) -> None:
        self.journal.append(event)
        self.keys += [key] if key else []
        self.calls.take(event, ())

    @property
    def live(self) -> LiveCall:
        live = self.calls.get(CALL)
        assert live is not None
        return live

    def told(self) -> list[str]:
        return [type(one).__name__ for one in self.journal if type(one).__name__.startswith("Recording")]

    def ruled(self) -> facts.RecordingRuled:
        """What was told last."""
        last = self.journal[-1]
        assert isinstance(last, facts.RecordingRuled)
        return last

    def restarted(self) -> LiveCalls:
        """What is known of the calls after a restart."""
        again = LiveCalls()
        for fact in self.journal:
            again.take(fact, ())
        return again

    # ------------------------------------------------------------------ what people do
    def hears_the_notice(self) -> None:
        self.record(facts.NoticeHeard(at=self.now, call=CALL, prompt="p", version="v"))

    def wishes(self, wish: str) -> None:
        self.record(facts.RecordingWished(at=self.now, call=CALL, step="s", wish=wish))

    def offered(self, queue: str = "servicio", agent: str = "101") -> str:
        """A phone is to ring: what REC says to it."""
        queued, rung = QueueId(queue), AgentId(agent)
        offer = MakeOffer(offer=LEG, visit=VISIT, call=CALL, queue=queued, agent=rung, ring_us=1, rule="")
        return self.beforehand.of_offer(offer, self.live)

    def talks(self) -> None:
        """The offer becomes a talk."""
        queue, agent, answered = QueueId("servicio"), AgentId("101"), VisitOutcome.ANSWERED
        end = EndVisit(visit=VISIT, call=CALL, queue=queue, outcome=answered, wait_us=1, agent=agent)
        self.calls.take(OfferBridged(at=self.now, t=1, offer=LEG), (end,))

    def comes_back(self) -> None:
        """From hold."""
        self.parts.anew(self.live, LEG)

    async def pause(self) -> str:
        return await self.recorder.pause(self.live, LEG, "telephone")

    async def resume(self) -> str:
        return await self.recorder.resume(self.live, LEG, "api")

    async def begin(self) -> str:
        return await self.recorder.begin(self.live, LEG, "api")

    def talks_elsewhere(self) -> LiveCall:
        """Another caller, whose recorded talk is in the leg that Dial made."""
        call = CallId("n1-1795291400.0")
        ruled = facts.RecordingRuled(
            at=self.now, call=call, leg=OTHER, queue="servicio", agent="103", record=True, why="yes"
        )
        self.record(ruled)
        self.clock.advance(1)
        live = self.calls.get(call)
        assert live is not None
        return live

    def handed_over(self) -> None:
        """The caller, who is to be recorded, is handed to the phone of a leg that talked already."""
        self.wishes("yes")
        self.recorder.joined(self.live, OTHER, "103")


def rung(wish: Wish = Wish.YES) -> House:
    """A phone rings for a caller who has heard the notice."""
    house = House(wish)
    house.hears_the_notice()
    house.offered()
    return house


def recorded(wish: Wish = Wish.YES) -> House:
    """A talk."""
    house = rung(wish)
    house.talks()
    return house


async def turns() -> None:
    """Whatever can be done at once is done."""
    for _ in range(20):
        await asyncio.sleep(0)
