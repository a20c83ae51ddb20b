"""What the engine's shell asks of the world around it. `ivr` implements these."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from acd.decisions import MakeOffer
from acd.model import CallId, OfferId, VisitId


class Timer(Protocol):
    """A pending call-back."""

    def cancel(self) -> None:
        """Forget the call-back; harmless when it already ran."""


class Clock(Protocol):
    """Reads time and owns timers."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""

    def engine_us(self) -> int:
        """Microseconds that never decrease within a boot of the machine."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once, `seconds` from now."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for `seconds`."""


class Telephone(Protocol):
    """The deeds. Each is idempotent: after a crash it may be asked for again.

    A deed that fails may raise; the dispatcher logs it, and the engine goes on when the offer's time is over or the
    next picture tells what became of it. A known refusal is better told as an `OfferFailed`.
    """

    async def ring(self, offer: MakeOffer) -> None:
        """Originate the agent's leg under the offer's channel id."""

    async def cancel(self, offer: OfferId) -> None:
        """Hang up the offer's leg, if there is one."""

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None:
        """Send a waiting caller back into the flow: "waited too long" or "nobody there"."""
