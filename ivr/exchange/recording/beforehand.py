"""Whether a talk is recorded: said before the phone rings, and told to the journal."""

from collections.abc import Callable

from acd.decisions import MakeOffer
from ivr.call.calls import LiveCall, LiveCalls
from ivr.exchange.recording.ruling import NOT, RECORDED, SILENT, may_ever, rec_of, ruling_of
from ivr.exchange.recording.telling import Telling
from ivr.site import Site
from recordings.policy import Ruling

REMEMBERED_LEGS = 1_000
"""Of talks between phones of the house."""


class Beforehand:
    """`site()` is the one in force; `room()`: whether the disk has room for another recording."""

    def __init__(self, calls: LiveCalls, site: Callable[[], Site], room: Callable[[], bool], telling: Telling) -> None:
        self._calls, self._site, self.room, self._telling = calls, site, room, telling
        self._nobodys: dict[str, None] = {}  # legs of talks between phones, silent as long as no caller is in them

    def of_offer(self, offer: MakeOffer, live: LiveCall) -> str:
        """What REC says to the leg of an offer; the ruling is told to the journal."""
        return rec_of(self._ruled(live, offer.offer, offer.queue, offer.agent), live, self.room())

    def of_leg(self, call: str, leg: str, extension: str) -> str:
        """What becomes of a leg that Dial makes: the same values as REC. The talk of a phone that calls another one is
        none of a caller's yet, and nobody's ruling: it begins silent, for a caller may be handed over in it."""
        live = self._calls.get(call)
        if live is None or live.inside:
            if not (may_ever(self._site()) and self.room()):
                return NOT
            self._nobodys[leg] = None
            while len(self._nobodys) > REMEMBERED_LEGS:
                del self._nobodys[next(iter(self._nobodys))]
            return SILENT
        return RECORDED if self._ruled(live, leg, "", extension).record else NOT

    def is_nobodys(self, leg: str) -> bool:
        """Whether the leg's talk began between phones of the house."""
        return leg in self._nobodys

    def ruling(self, live: LiveCall, queue: str, agent: str) -> Ruling:
        """What holds at this moment for a talk of this call with this agent. Told to nobody."""
        return ruling_of(self._site(), live, queue, agent, self.room())

    def _ruled(self, live: LiveCall, leg: str, queue: str, agent: str) -> Ruling:
        ruling = self.ruling(live, queue, agent)
        self._telling.ruled(live, leg, queue, agent, ruling)
        return ruling
