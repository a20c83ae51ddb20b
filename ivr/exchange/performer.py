"""Carries out what a call's machine asks for, over one AGI session.

`DONE` is always written last: an empty `DONE` tells the dialplan that nobody finished the visit.
"""

from collections.abc import Awaitable, Callable

import structlog

from acd.config import MOST_PRIORITY
from acd.model import QueueId, VisitId
from ivr.asterisk.agi.session import Session
from ivr.call import effects
from ivr.call.calls import LiveCall
from ivr.call.facts import PromptMissing, RecordingWished
from ivr.exchange.carried import Carried
from ivr.exchange.house import House
from ivr.exchange.live_values import LiveValues
from ivr.exchange.ticket import Ticket
from ivr.site import Site

log = structlog.get_logger(__name__)

ALL_KEYS = "0123456789*#"


class Performer:
    """Carries out the effects of one visit of the flow."""

    def __init__(
        self,
        house: House,
        site: Site,
        session: Session,
        live: LiveCall,
        values: LiveValues,
        carried: Carried,
        join: Callable[[Ticket], Awaitable[None]],
    ) -> None:
        """`join` writes a caller's ticket and tells the engine."""
        self._house = house
        self._site = site
        self._sounds = house.sites.sounds_of(site)
        self._session = session
        self._live = live
        self._values = values
        self._carried = carried
        self._join = join
        self._gone = False  # the caller hung up, and the flow knows

    async def perform(self, effect: effects.Effect) -> effects.Input | None:
        """Do it, and give the machine's next input; None when the visit is over."""
        match effect:
            case effects.Play() | effects.PlayFile() | effects.WaitKey() | effects.TakeDigits():
                return await self._with_caller(effect)
            case effects.RecordMessage() | effects.KeepMessage() | effects.DropMessage():
                return await self._message(effect)
            case effects.AskOpen() | effects.Decide() | effects.Compute() | effects.LookUp():
                return await self._answer(effect)
            case effects.Remember(place=place, memory=memory):
                step = self._site.flows[place.flow].steps.get(place.step)
                await self._carried.write(place, memory, undo=bool(step is not None and step.when_hung_up))
                return effects.Done()
            case effects.Tell(fact=fact):
                if isinstance(fact, PromptMissing):
                    log.warning("a prompt is missing and was skipped", prompt=fact.prompt)
                if isinstance(fact, RecordingWished) and fact.wish in ("declined", "agreed"):
                    # On the channel, so that it holds also where the server has forgotten the call.
                    await self._session.set_variable("NOREC", str(int(fact.wish == "declined")))
                self._house.desk.record(fact)
                return effects.Done()
            case effects.Complain(problem=problem, detail=detail):
                self._house.complain(problem, detail)
                return effects.Done()
            case effects.JoinQueue() | effects.Ring() | effects.HangUp():
                await self._leave(effect)
        return None

    async def _leave(self, effect: effects.JoinQueue | effects.Ring | effects.HangUp) -> None:
        """The visit's end: what the dialplan goes on with."""
        match effect:
            case effects.JoinQueue():
                await self._queue(effect)
            case effects.Ring(extension=extension, seconds=seconds):
                await self._session.set_variable("DIAL_TO", extension)
                await self._session.set_variable("DIAL_FOR", str(int(seconds)))
                await self._session.set_variable("DONE", "dial")
            case effects.HangUp(reason=reason):
                # Without a word the caller's own hang-up was undone, which is no reason of the flow's.
                self._live.reason = reason or self._live.reason
                if not self._gone:
                    await self._carried.nothing_to_undo()
                await self._session.set_variable("DONE", "hangup")

    # ------------------------------------------------------------------ heard and pressed
    async def _with_caller(
        self, effect: effects.Play | effects.PlayFile | effects.WaitKey | effects.TakeDigits
    ) -> effects.Input:
        match effect:
            case effects.Play():
                return await self._play(effect)
            case effects.PlayFile(file=file, keys=keys):
                path = self._house.file_of(file)
                if path is None:
                    return effects.Played(complete=False, missing=True)
                played = await self._session.stream_file(path, keys)
                return effects.Played(key=played.key, complete=played.key is None and played.ok, missing=not played.ok)
            case effects.WaitKey(seconds=seconds):
                return effects.Pressed(await self._session.wait_for_digit(int(seconds * 1000)))
            case effects.TakeDigits():
                return await self._digits(effect)

    async def _play(self, effect: effects.Play) -> effects.Input:
        sound = self._sounds.path_of(effect.prompt, effect.language)
        if sound is None:
            return effects.Played(complete=False, missing=True)
        if not effect.notice:
            played = await self._session.stream_file(sound, effect.keys)
            return effects.Played(key=played.key, complete=played.key is None and played.ok, missing=not played.ok)
        version = self._sounds.version_of(effect.prompt, effect.language) or ""
        # A key pressed while STREAM FILE listens to none is lost to AGI. So it listens to all, and the notice goes on
        # from the sample at which the key stopped it.
        first, offset = None, 0
        while True:
            played = await self._session.stream_file(sound, ALL_KEYS, offset)
            if played.key is None:
                # nothing more to play after a key in the last sample is no missing file
                whole = played.ok or offset > 0
                return effects.Played(key=first, complete=whole, missing=not whole, version=version)
            first, offset = first or played.key, played.offset

    async def _digits(self, effect: effects.TakeDigits) -> effects.Input:
        text, key = "", effect.begun
        while True:
            if key == effect.finish:
                return effects.Entered(text)
            text += key
            if len(text) >= effect.most:
                return effects.Entered(text)
            seconds = effect.between if text else effect.first
            key = await self._session.wait_for_digit(int(seconds * 1000)) or effect.finish

    # ------------------------------------------------------------------ messages
    async def _message(
        self, effect: effects.RecordMessage | effects.KeepMessage | effects.DropMessage
    ) -> effects.Input:
        messages = self._house.messages
        if isinstance(effect, effects.RecordMessage):
            return await self._record(effect)
        if isinstance(effect, effects.KeepMessage):
            await messages.keep(effect.mailbox, effect.file)
        else:
            await messages.drop(effect.mailbox, effect.file)
        return effects.Done()

    async def _record(self, effect: effects.RecordMessage) -> effects.Recorded:
        """Record into a new file; a hang-up is an answer, because what was said is kept."""
        messages, call = self._house.messages, self._live.call
        begun = messages.unfinished(effect.mailbox, call) if effect.resume else ""
        if begun:
            return effects.Recorded(ended="silence", file=begun, seconds=await messages.measured(begun))
        try:
            file = await messages.begin(effect.mailbox, call, self._live.caller)
        except OSError as error:
            log.error("a message cannot be recorded", mailbox=effect.mailbox, why=str(error))
            return effects.Recorded(ended="failed")
        path = messages.path_of(file) if file else None
        if path is None:
            return effects.Recorded(ended="full" if not file else "failed")
        done = await self._session.record_file(
            path, longest=effect.longest, silence=effect.silence, keys=effect.keys, beep=effect.beep
        )
        self._gone = done.ended == "hang up"
        seconds = await messages.measured(file)
        return effects.Recorded(ended=done.ended, key=done.key, file=file, seconds=seconds)

    # ------------------------------------------------------------------ questions
    async def _answer(
        self, effect: effects.AskOpen | effects.Decide | effects.Compute | effects.LookUp
    ) -> effects.Input:
        match effect:
            case effects.AskOpen(timetable=timetable):
                state, prompt, file = self._values.opening(timetable)
                return effects.Opening(state.value, prompt, file)
            case effects.Decide():
                return effects.Decided(self._first(effect))
            case effects.Compute(expression=expression, known=known):
                return effects.Computed(self._values.value(expression, known))
            case effects.LookUp(source=source, given=given):
                return await self._house.look_ups.look_up(self._site.look_ups[source], given)

    def _first(self, effect: effects.Decide) -> int | None:
        """The first condition that holds; one that cannot be computed does not, which is told."""
        for index, condition in enumerate(effect.conditions):
            value = self._values.value(condition, effect.known)
            if value is None:
                self._house.complain("cannot be computed", str(condition))
            elif value is True:
                return index
        return None

    # ------------------------------------------------------------------ waiting
    async def _queue(self, effect: effects.JoinQueue) -> None:
        live = self._live
        visit = VisitId(f"{live.call}/{live.visits + 1}")
        queue = self._site.queues[effect.queue]
        wanted = queue.last_agent != "off"
        ticket = Ticket(
            visit,
            QueueId(effect.queue),
            self._house.clock.now(),
            min(MOST_PRIORITY, effect.priority + self._values.facts.priority),
            live.caller,
            await self._house.last_agents.of(live.caller, queue.last_agent_days) if wanted else None,
            effect.keeps,
        )
        await self._join(ticket)
        await self._session.set_variable("DONE", "wait")
