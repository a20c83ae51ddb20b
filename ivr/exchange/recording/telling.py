"""What the journal is told of a leg's recording."""

from datetime import datetime
from typing import Protocol

from ivr.call import facts
from ivr.call.calls import LiveCall
from ivr.clock import Clock
from ivr.exchange.recording.ruling import fact_of
from recordings.policy import Ruling


class Desk(Protocol):
    """Where facts go in (ivr.exchange.desk)."""

    def record(self, event: object, key: str | None = None) -> object: ...


class Telling:
    """What happened, at this moment. `by`: who did it."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk, self._clock = desk, clock

    def now(self) -> datetime:
        """This moment, to tell of it later."""
        return self._clock.now()

    def ruled(
        self, live: LiveCall, leg: str, queue: str, agent: str, ruling: Ruling, at: datetime | None = None
    ) -> None:
        """Once for each leg of a call. `at`: when the caller came to a leg that talked already."""
        fact = fact_of(ruling, at or self._clock.now(), live, leg, queue, agent)
        self._desk.record(fact, key=f"recording ruled:{live.call}:{leg}")

    def begun(self, live: LiveCall, leg: str, by: str) -> None:
        """On demand."""
        self._desk.record(facts.RecordingBegun(at=self._clock.now(), call=live.call, leg=leg, by=by))

    def paused(self, live: LiveCall, leg: str, by: str) -> None:
        """Silent from now on."""
        self._desk.record(facts.RecordingPaused(at=self._clock.now(), call=live.call, leg=leg, by=by))

    def resumed(self, live: LiveCall, leg: str, by: str) -> None:
        """Heard again from now on."""
        self._desk.record(facts.RecordingResumed(at=self._clock.now(), call=live.call, leg=leg, by=by))

    def renewed(self, live: LiveCall, leg: str, part: int) -> None:
        """It goes on in the file of this number."""
        renewed = facts.RecordingRenewed(at=self._clock.now(), call=live.call, leg=leg, part=part)
        self._desk.record(renewed, key=f"recording renewed:{leg}:{part}")

    def stopped(self, live: LiveCall, leg: str, why: str) -> None:
        """Before the talk's end, for good."""
        self._desk.record(facts.RecordingStopped(at=self._clock.now(), call=live.call, leg=leg, why=why))
