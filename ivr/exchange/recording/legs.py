"""What the leg of whoever is rung asks about its recording: the contract with asterisk-conf/dialplan/agents.j2."""

import functools

from ivr.asterisk.agi.session import Session
from ivr.call.calls import LiveCall
from ivr.exchange.channels import leg_of
from ivr.exchange.recording.beforehand import Beforehand
from ivr.exchange.recording.leg import CannotChange, NotDone
from ivr.exchange.recording.monitor import MixMonitor
from ivr.exchange.recording.parts import Parts
from ivr.exchange.recording.recorder import Recorder


class RecordedLegs:
    """Answers the visits. Each names the call, then the leg or its channel."""

    def __init__(self, beforehand: Beforehand, recorder: Recorder, parts: Parts, monitor: MixMonitor) -> None:
        self._beforehand, self._recorder, self._parts, self._monitor = beforehand, recorder, parts, monitor

    async def of_leg(self, session: Session) -> str:
        """What becomes of a leg that Dial makes: a value of REC."""
        call, leg, extension = _arguments(session)
        return self._beforehand.of_leg(call, leg, extension)

    async def hush(self, session: Session) -> bool:
        """Make a recording silent that begins so. False: it could not be done, and must not begin."""
        return self._beforehand.room() and await self._monitor.silence(_arguments(session)[1])

    async def key(self, session: Session) -> str:
        """The agent's key: what became of it (begun, paused, resumed, refused); empty when nobody knows, and the
        recording has to end."""
        call, leg, _ = _arguments(session)
        try:
            return await self._recorder.turn(call, leg, functools.partial(self._hear, session))
        except NotDone:
            return ""
        except CannotChange:
            return "refused"

    async def _hear(self, session: Session, live: LiveCall, leg: str) -> bool:
        """The channel runs the key's dialplan, and goes on to the other file by itself."""
        part = _part_of(session)[1]
        if part < 2:
            return await self._monitor.hear(leg)
        await session.set_variable("ANEW", "1")
        self._parts.by_itself(live, leg, part)
        return True

    async def part(self, session: Session) -> bool:
        """Whether the channel that asks is to begin another file, and which one."""
        return self._parts.may_begin(*_part_of(session))

    def part_begun(self, session: Session) -> None:
        """The channel has begun the other file."""
        self._parts.begun(_part_of(session)[0])


def _arguments(session: Session) -> tuple[str, str, str]:
    call, leg, last = (*session.arguments, "", "", "")[:3]
    return call, leg, last


def _part_of(session: Session) -> tuple[str, int]:
    """Leg and number of the part, as the dialplan names them; 0 for none."""
    _, channel, part = _arguments(session)
    return leg_of(channel) or channel, int(part) if part.isdecimal() else 0
