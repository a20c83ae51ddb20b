"""Whether a talk is recorded, and what agents and the API change about it while it lasts.

Asterisk records by itself (MixMonitor on the agent's leg, in the dialplan); the server says beforehand whether it does,
and only ever makes it silent, or lets it go on in another file (ivr.exchange.renewal). So AMI needs no right to begin
one, for which it would have to be allowed to run commands. A talk that may be recorded later (on demand; a phone of the
house that asks for a caller) begins with a recording that is silent from its first frame, and that nobody keeps unless
it is let hear.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from acd.decisions import MakeOffer
from acd.model import CallId, OfferId, offer_channel
from ivr.asterisk.agi.session import Session
from ivr.asterisk.ami import AmiError, AmiLink, AmiRefused
from ivr.call import facts
from ivr.call.calls import LiveCall, LiveCalls
from ivr.clock import Clock
from ivr.exchange.channels import leg_of
from ivr.exchange.renewal import NoFile, Renewals
from ivr.site import Site
from ivr.site.recordings import needs_notice
from recordings.policy import Level, Rule, Ruling, Said, Why, Wish, rule_for

log = structlog.get_logger(__name__)

RECORDED, SILENT, NOT = "1", "s", "0"
"""Values of REC: the contract with [acd-agent] of the dialplan."""

BEGINS_SILENT = frozenset({Why.ON_DEMAND.value, Why.NOT_DRAWN.value})
"""Rulings of talks whose recording is there, and holds silence until it is begun."""

REST = 3.0
"""Seconds from one file of a recording to the next: a phone that holds and goes on all the time makes no storm."""

REMEMBERED_LEGS = 1_000
"""Of talks between phones of the house."""

ATTEMPTS = 3
"""How often another file is tried where Asterisk does not begin it, REST apart."""

Hear = Callable[[LiveCall, str], Awaitable[bool]]
"""Lets the silent recording of a leg hear; False: Asterisk has not done it."""


class CannotChange(Exception):
    """The recording of this talk cannot be changed so. The message says why."""


class NotDone(CannotChange):
    """Asterisk was asked, and has not done it, or nobody knows."""


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def record(self, event: object, key: str | None = None) -> object: ...


class Recorder:
    """Every talk's recording. `room()`: whether the disk has room for another one."""

    def __init__(
        self,
        desk: Desk,
        calls: LiveCalls,
        clock: Clock,
        link: AmiLink,
        site: Callable[[], Site],
        room: Callable[[], bool] = lambda: True,
        not_renewed: Callable[[], None] = lambda: None,
    ) -> None:
        """`not_renewed()` counts that a recording should have gone on in another file, and did not."""
        self._desk, self._calls, self._clock, self._link, self._site = desk, calls, clock, link, site
        self._room, self._not_renewed = room, not_renewed
        self._renewals = Renewals(link)
        self._tasks: set[asyncio.Task[None]] = set()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._handed_over: set[str] = set()
        self._waiting: dict[str, asyncio.Task[None]] = {}  # legs that are to go on in another file
        self._nobodys: dict[str, None] = {}  # legs of talks between phones, silent as long as no caller is in them
        self._renewed: dict[str, int] = {}  # engine time of the latest file of a leg

    @asynccontextmanager
    async def _alone(self, leg: str) -> AsyncIterator[None]:
        """One change of a leg's recording after the other: a pause must not fall between another file's order and its
        beginning, which would be heard."""
        async with self._locks.setdefault(leg, asyncio.Lock()):
            await self._renewals.settled(leg)
            yield

    # ------------------------------------------------------------------ beforehand
    def of_offer(self, offer: MakeOffer, live: LiveCall) -> str:
        """What REC says to the leg of an offer; the ruling is told to the journal."""
        ruling = self._ruled(live, offer.offer, offer.queue, offer.agent)
        if ruling.record:
            return RECORDED
        return SILENT if self._room() and (ruling.may_begin or live.inside) else NOT

    async def of_leg(self, session: Session) -> str:
        """What becomes of a leg that Dial makes: the same values as REC. The talk of a phone that calls another one is
        none of a caller's yet, and nobody's ruling: it begins silent, for a caller may be handed over in it."""
        call, leg, extension = (*session.arguments, "", "", "")[:3]
        live = self._calls.get(CallId(call))
        if live is None or live.inside:
            if not (self._may_ever() and self._room()):
                return NOT
            self._nobodys[leg] = None
            while len(self._nobodys) > REMEMBERED_LEGS:
                del self._nobodys[next(iter(self._nobodys))]
            return SILENT
        return RECORDED if self._ruled(live, leg, "", extension).record else NOT

    def joined(self, live: LiveCall, leg: str, extension: str) -> None:
        """A caller was handed to somebody who talked already (attended transfer): that talk is his from now on."""
        known = next((other.ruled[leg] for other in self._calls if leg in other.ruled), None)
        self._soon(self._takes_over(live, leg, known.queue if known else "", extension))

    def _soon(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _takes_over(self, live: LiveCall, leg: str, queue: str, extension: str) -> None:
        """Where nothing began silent (the server was away then) there is nothing to let hear."""
        async with self._alone(leg):
            ruling = self.ruling(live, queue, extension)
            if ruling.record:
                self._handed_over.add(leg)
                try:
                    if not await self._hear(live, leg):
                        ruling = replace(ruling, why=Why.IMPOSSIBLE)
                finally:
                    self._handed_over.discard(leg)
            self._tell(live, leg, queue, extension, ruling)

    def _ruled(self, live: LiveCall, leg: str, queue: str, agent: str) -> Ruling:
        """The ruling, told to the journal."""
        ruling = self.ruling(live, queue, agent)
        self._tell(live, leg, queue, agent, ruling)
        return ruling

    def _tell(self, live: LiveCall, leg: str, queue: str, agent: str, ruling: Ruling) -> None:
        fact = facts.RecordingRuled(
            at=self._clock.now(),
            call=live.call,
            leg=leg,
            queue=queue,
            agent=agent,
            record=ruling.record,
            why=ruling.why.value,
            said=tuple(_words(one) for one in ([ruling.by] if ruling.by else []) + list(ruling.others)),
        )
        self._desk.record(fact, key=f"recording ruled:{live.call}:{leg}")

    def _may_ever(self) -> bool:
        """Whether any talk of the site may be recorded at all."""
        site = self._site()
        rules = [queue.record for queue in site.queues.values()]
        for level in (site.recordings.directions, site.recordings.numbers, site.recordings.agents):
            rules += level.values()
        return any(needs_notice(rule) for rule in rules)

    def ruling(self, live: LiveCall, queue: str, agent: str) -> Ruling:
        """Whether a talk of this call with this agent is recorded, and why."""
        said = said_of(self._site(), live, queue, agent)
        return rule_for(
            said, call=live.call, notice_heard=live.notice is not None, declined=live.declined, room=self._room()
        )

    # ------------------------------------------------------------------ while it lasts
    async def key(self, session: Session) -> str:
        """The agent's key: begins what is on demand, pauses what is recorded, resumes what is paused. Returns what
        became of it: begun, paused, resumed, refused; empty when nobody knows, and the recording has to end."""
        leg = self._of(session)[1]
        waited = self._waits_no_more(leg)
        async with self._alone(leg):
            live = self._of(session)[0]  # a caller who is just handed over is ruled by now
            if live is None or leg not in live.ruled:
                if leg in self._nobodys:
                    return "refused"
                log.warning("the recording's key was pressed in a talk that nobody knows", leg=leg)
                return ""  # it may be recorded: nobody may be told that it is not
            try:
                return await self._turn(session, live, leg)
            except NotDone:
                return ""
            except CannotChange as why:
                if waited:
                    self.anew(live, leg)
                log.info("the recording's key has changed nothing", call=live.call, leg=leg, why=str(why))
                return "refused"

    async def _turn(self, session: Session, live: LiveCall, leg: str) -> str:
        hear = functools.partial(self._hear_at_the_key, session)
        if leg in live.silenced:
            return await self._resume(live, leg, "telephone", hear)
        if _is_recorded(live, leg):
            return await self._pause(live, leg, "telephone")
        return await self._begin(live, leg, "telephone", hear)

    async def hush(self, session: Session) -> bool:
        """Make a recording silent that begins so. False: it could not be done, and must not begin."""
        return self._room() and await self._mute(self._of(session)[1], True)

    async def pause(self, live: LiveCall, leg: str, by: str) -> str:
        """From now on silence, on both sides. Raises CannotChange."""
        waited = self._waits_no_more(leg)
        try:
            async with self._alone(leg):
                return await self._pause(live, leg, by)
        except CannotChange:
            if waited:
                self.anew(live, leg)
            raise

    async def _pause(self, live: LiveCall, leg: str, by: str) -> str:
        self._goes_on(live, leg)
        if not _is_recorded(live, leg):
            raise CannotChange("this talk is not recorded")
        if leg in live.silenced:
            raise CannotChange("the recording of this talk is paused already")
        if not await self._mute(leg, True):
            raise NotDone("Asterisk has not done it")
        self._desk.record(facts.RecordingPaused(at=self._clock.now(), call=live.call, leg=leg, by=by))
        return "paused"

    async def resume(self, live: LiveCall, leg: str, by: str) -> str:
        """From now on voices again. Raises CannotChange."""
        async with self._alone(leg):
            return await self._resume(live, leg, by, self._hear)

    async def _resume(self, live: LiveCall, leg: str, by: str, hear: Hear) -> str:
        self._goes_on(live, leg)
        if leg not in live.silenced:
            raise CannotChange("the recording of this talk is not paused")
        if live.declined:
            raise CannotChange("the caller does not want to be recorded")
        # Told first: whatever is heard from here on is no gap.
        self._desk.record(facts.RecordingResumed(at=self._clock.now(), call=live.call, leg=leg, by=by))
        if not await hear(live, leg):
            self._desk.record(facts.RecordingPaused(at=self._clock.now(), call=live.call, leg=leg, by=by))
            raise NotDone("Asterisk has not done it")
        return "resumed"

    async def begin(self, live: LiveCall, leg: str, by: str) -> str:
        """Let a silent recording hear from now on. Raises CannotChange."""
        async with self._alone(leg):
            return await self._begin(live, leg, by, self._hear)

    async def _begin(self, live: LiveCall, leg: str, by: str, hear: Hear) -> str:
        self._goes_on(live, leg)
        ruled = live.ruled.get(leg)
        if ruled is None:
            raise CannotChange("nothing is known of this talk")
        if not self.ruling(live, ruled.queue, ruled.agent).may_begin:
            raise CannotChange("this talk may not be recorded")
        self._desk.record(facts.RecordingBegun(at=self._clock.now(), call=live.call, leg=leg, by=by))
        if not await hear(live, leg):
            self._desk.record(facts.RecordingPaused(at=self._clock.now(), call=live.call, leg=leg, by=by))
            raise NotDone("Asterisk has not done it")
        return "begun"

    # ------------------------------------------------------------------ in another file
    def anew(self, live: LiveCall, leg: str) -> None:
        """A party of this talk may number its packets anew from now on, which Asterisk would take for silence. A silent
        recording stays as it is: it goes on in another file when it is let hear. One file that waits is enough."""
        if leg not in self._waiting and self._hears(live, leg):
            self._waiting[leg] = self._soon(self._go_on(live, leg))

    def linked_again(self) -> None:
        """Asterisk was away, or we were: somebody may have been on hold meanwhile."""
        for live in self._calls:
            for leg in live.ruled:
                if self._talk_of(leg) is live:
                    self.anew(live, leg)

    def _waits_no_more(self, leg: str) -> bool:
        """Nobody is kept waiting by a file that is not begun yet. Returns whether one waited."""
        task = self._waiting.pop(leg, None)
        return task is not None and task.cancel()

    async def part(self, session: Session) -> bool:
        """Whether the channel that asks is to begin another file, and which one."""
        leg, part = _part_of(session)
        if part < 2 or any(leg in live.stopped_recordings for live in self._calls):
            return False
        live = self._calls.get(self._renewals.expects(leg) or "")
        if live is None or not self._may_be_heard(leg):
            return False
        self._tell_part(live, leg, part)
        return True

    def part_begun(self, session: Session) -> None:
        """The channel has begun the other file. Where it came so late that silence was ordered meanwhile, for the file
        before, it is made silent too."""
        leg = _part_of(session)[0]
        self._renewals.begun(leg)
        if not self._may_be_heard(leg):
            self._soon(self._silence(leg))

    async def _silence(self, leg: str) -> None:
        async with self._alone(leg):
            over = any(leg in live.stopped_recordings for live in self._calls)
            if not self._may_be_heard(leg) and (over or not await self._mute(leg, True)):
                await self._end(leg)

    async def _go_on(self, live: LiveCall, leg: str, attempts: int = ATTEMPTS) -> None:
        rested = (self._clock.engine_us() - self._renewed[leg]) / 1e6 if leg in self._renewed else REST
        if rested < REST:
            await self._clock.sleep(REST - rested)
        async with self._alone(leg):
            self._waiting.pop(leg, None)
            if not self._hears(live, leg):
                return
            try:
                if await self._renewals.press(live.call, leg, _channel(leg)):
                    return
            except NoFile:
                return
        self._not_renewed()
        log.warning("a recording does not go on in another file: a voice may be missing", call=live.call, leg=leg)
        self._renewed[leg] = self._clock.engine_us()
        if attempts > 1 and leg not in self._waiting:
            self._waiting[leg] = self._soon(self._go_on(live, leg, attempts - 1))

    def _may_be_heard(self, leg: str) -> bool:
        """Whether the leg's recording may hold voices now."""
        live = self._talk_of(leg)
        return leg in self._handed_over or (live is not None and self._hears(live, leg))

    def _hears(self, live: LiveCall, leg: str) -> bool:
        if live.declined or leg in live.silenced or leg in live.stopped_recordings:
            return False
        return _is_recorded(live, leg)

    async def _hear(self, live: LiveCall, leg: str) -> bool:
        """In another file: what went by while it was silent may have numbered its packets anew."""
        try:
            return await self._renewals.press(live.call, leg, _channel(leg)) or await self._mute(leg, False)
        except NoFile:
            return False

    async def _hear_at_the_key(self, session: Session, live: LiveCall, leg: str) -> bool:
        """The channel runs the key's dialplan, and goes on to the other file by itself."""
        part = _part_of(session)[1]
        if part < 2:
            return await self._mute(leg, False)
        await session.set_variable("ANEW", "1")
        self._renewals.at_once(live.call, leg)
        self._tell_part(live, leg, part)
        return True

    def _tell_part(self, live: LiveCall, leg: str, part: int) -> None:
        now = self._clock.engine_us()
        self._renewed = {other: at for other, at in self._renewed.items() if now - at < REST * 1e6} | {leg: now}
        renewed = facts.RecordingRenewed(at=self._clock.now(), call=live.call, leg=leg, part=part)
        self._desk.record(renewed, key=f"recording renewed:{leg}:{part}")

    # ------------------------------------------------------------------ the end before its time
    async def stop_all(self, why: str) -> int:
        """End the recording of every talk for good; the talks go on. How many were ended. The files are complete, and
        taken in as they are. Harmless when it is asked again, for those that have begun since: a talk whose phone was
        ringing may begin to be recorded a moment later. What Asterisk has not done is tried again then; which channels
        live, and record, it knows alone."""
        legs = [(live, leg) for live in self._calls for leg in live.ruled if _has_a_file(live, leg)]
        asked = [self._stop(live, leg, why) for live, leg in legs if self._talk_of(leg) is live]
        return sum(await asyncio.gather(*asked))

    async def _stop(self, live: LiveCall, leg: str, why: str) -> bool:
        async with self._alone(leg):
            if not await self._end(leg):
                return False
            self._desk.record(facts.RecordingStopped(at=self._clock.now(), call=live.call, leg=leg, why=why))
            return True

    async def _end(self, leg: str) -> bool:
        try:
            await self._link.action("StopMixMonitor", {"Channel": _channel(leg)})
        except AmiRefused as refused:
            log.debug("no recording was ended", leg=leg, why=str(refused))  # it rings, or has hung up
            return False
        except AmiError as error:
            log.warning("a recording could not be ended", leg=leg, why=str(error))
            return False
        return True

    @staticmethod
    def _goes_on(live: LiveCall, leg: str) -> None:
        if leg in live.stopped_recordings:
            raise CannotChange("the recording of this talk was ended: there was no room on the disk")

    def _of(self, session: Session) -> tuple[LiveCall | None, str]:
        """The call and the leg that the dialplan names; after a transfer the leg's talk is another caller's."""
        call, leg = (*session.arguments, "", "")[:2]
        return self._talk_of(leg) or self._calls.get(CallId(call)), leg

    def _talk_of(self, leg: str) -> LiveCall | None:
        """The call that talks in a leg, or that the leg was ruled for last."""
        talks = next((live for live in self._calls if live.talk == leg), None)
        ruled = [live for live in self._calls if leg in live.ruled]
        return talks or max(ruled, key=lambda live: live.ruled[leg].at, default=None)

    async def _mute(self, leg: str, silent: bool) -> bool:
        fields = {"Channel": _channel(leg), "Direction": "both", "State": str(int(silent))}
        try:
            await self._link.action("MixMonitorMute", fields)
        except AmiError as error:
            log.warning("a recording could not be changed", leg=leg, silent=silent, why=str(error))
            return False
        return True


def said_of(site: Site, live: LiveCall, queue: str, agent: str) -> dict[Level, Said]:
    """What each level says about a talk of this call with this agent."""
    direction = "internal" if live.inside else "inbound"
    said = site.recordings.said(direction=direction, number=live.did, agent=agent)
    if (settings := site.queues.get(queue)) is not None:
        said[Level.QUEUE] = Said(Level.QUEUE, queue, settings.record)
    wish, step = live.wish
    if wish:
        said[Level.STEP] = Said(Level.STEP, step, Rule(Wish(wish)))
    return said


def _channel(leg: str) -> str:
    """A leg of an offer is known by its name, one that Dial made by its channel's unique id."""
    return leg if "." in leg else offer_channel(OfferId(leg))


def _part_of(session: Session) -> tuple[str, int]:
    """Leg and number of the part, as the dialplan names them; 0 for none."""
    _, channel, part = (*session.arguments, "", "", "")[:3]
    return leg_of(channel) or channel, int(part) if part.isdecimal() else 0


def _words(said: Said) -> str:
    share = f"{said.rule.percent:g} %" if said.rule.wish is Wish.YES and said.rule.percent < 100 else ""
    return "|".join(filter(None, (said.level.value, said.name, said.rule.wish.value, share)))


def _is_recorded(live: LiveCall, leg: str) -> bool:
    ruled = live.ruled.get(leg)
    return leg in live.begun_recordings or (ruled is not None and ruled.record)


def _has_a_file(live: LiveCall, leg: str) -> bool:
    """Whether Asterisk may be writing a file for this talk, silent or not."""
    ruled = live.ruled.get(leg)
    if ruled is None or leg in live.stopped_recordings:
        return False
    return _is_recorded(live, leg) or ruled.why in BEGINS_SILENT or live.inside
