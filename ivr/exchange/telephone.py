"""Carries out the engine's decisions through AMI: ring an agent's phone, stop ringing, send a caller back.

Failures are facts, not exceptions: whatever goes wrong with a deed is told to the engine through `failed`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from acd.decisions import MakeOffer
from acd.model import CallId, OfferId, VisitId, offer_channel
from ivr.asterisk.ami import AmiError, AmiLink, AmiLost, AmiRefused, variables
from ivr.call.calls import LiveCall, LiveCalls
from ivr.exchange.errands import Errands
from ivr.exchange.exits import OVERFLOW
from ivr.exchange.recording.beforehand import Beforehand
from ivr.exchange.visiting import Visiting
from ivr.site import Site

log = structlog.get_logger(__name__)

RING_GRACE_MS = 1_000
"""Asterisk's own limit lies this much behind the engine's: the engine ends an offer, Asterisk only if we are dead."""

OUTSIDE = {"OUTSIDE": "1"}
"""The variable of a leg to outside: whoever picks up has to press a key."""

_UNSAFE_IN_NAME = re.compile(r"[^\w .,&()/-]")
_CHANNEL_NAME = re.compile(r"[\w/@.+:;-]{1,79}", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[^0-9+*#]")
_UNSAFE_IN_HEADER = re.compile(r"[^A-Za-z0-9._/-]")


def shown_caller(label: str, number: str) -> str:
    """What the agent's phone shows: the queue's label and the caller's number, neither of them able to break out.

    >>> shown_caller('Cartera', '3000000001')
    '"Cartera" <3000000001>'
    """
    name = _UNSAFE_IN_NAME.sub(" ", label)[:40]
    digits = _NOT_A_NUMBER.sub("", number)[:20] or "anonymous"
    return f'"{name}" <{digits}>'


def _headers(offer: MakeOffer) -> dict[str, str]:
    """What the agent's phone is told in its INVITE, for a desktop that shows the customer. Never sent to outside."""
    told = {"X-Call-Id": offer.call, "X-Queue": offer.queue}
    return {f"PJSIP_HEADER(add,{name})": _UNSAFE_IN_HEADER.sub("", text) for name, text in told.items()}


class Board(Protocol):
    """Who hears of a deed before it is done (ivr.exchange.switchboard)."""

    def on_offer(self, offer: MakeOffer) -> None: ...
    def on_cancel(self, offer: OfferId) -> None: ...
    def unreachable(self, offer: OfferId) -> None: ...


class Telephone:
    """The engine's hands on Asterisk. `attach` the board before the first deed."""

    def __init__(
        self,
        link: AmiLink,
        calls: LiveCalls,
        site: Callable[[], Site],
        whisper: Callable[[str], str | None],
        visiting: Visiting,
    ) -> None:
        """`site()` is the one in force; `whisper(queue)` gives the sound that the agent hears first."""
        self._link = link
        self._calls = calls
        self._site = site
        self._whisper = whisper
        self._visiting = visiting
        self._board: Board | None = None
        self._beforehand: Beforehand | None = None
        self._errands = Errands()

    def attach(self, board: Board, beforehand: Beforehand) -> None:
        """Both are made after the telephone: they hear of the engine, which the telephone serves."""
        self._board, self._beforehand = board, beforehand

    async def ring(self, offer: MakeOffer) -> None:
        """Originate the agent's leg. A second one with the same ChannelId rings nobody, so the deed is idempotent."""
        board, beforehand = self._board, self._beforehand
        assert board is not None and beforehand is not None, "attach a board first"
        board.on_offer(offer)
        site = self._site()
        live = self._calls.get(offer.call) or LiveCall(offer.call)
        settings = site.queues.get(offer.queue)
        agent = site.agents.get(offer.agent)
        outside = bool(agent and agent.outside)
        fields = {
            "Channel": f"Local/{offer.agent}@agent-outside/n" if outside else f"PJSIP/{offer.agent}",
            "Context": "acd-agent",
            "Exten": "s",
            "Priority": "1",
            "Timeout": str(offer.ring_us // 1000 + RING_GRACE_MS),
            "CallerID": shown_caller(settings.label if settings else offer.queue, live.number),
            "ChannelId": offer_channel(offer.offer),
            "Async": "true",
            "Variable": variables(
                self._carried(offer, live, beforehand.of_offer(offer, live)) | (OUTSIDE if outside else _headers(offer))
            ),
        }
        try:
            await self._link.action("Originate", fields)
        except AmiRefused as refused:
            log.warning("agent's leg refused", offer=offer.offer, agent=offer.agent, why=str(refused))
            board.unreachable(offer.offer)
        except AmiError as error:
            # Whether Asterisk saw it is unknown: the resynchronisation after the next login tells.
            log.warning("agent's leg in doubt", offer=offer.offer, agent=offer.agent, why=str(error))

    def _carried(self, offer: MakeOffer, live: LiveCall, recorded: str) -> dict[str, str]:
        """The variables of the leg: the contract with [acd-agent] of the dialplan."""
        return {
            "CALLER_CHAN": live.channel if _CHANNEL_NAME.fullmatch(live.channel) else offer.call,
            "CALL_ID": offer.call,
            "VISIT": offer.visit,
            "OFFER": offer.offer,
            "WHISPER": self._whisper(offer.queue) or "",
            "REC": recorded,
            "TRANSFER_CONTEXT": "acd-transfer",
            "BRIDGE_FEATURES": "T",
            "DYNAMIC_FEATURES": "recording#recording-part",
        }

    async def cancel(self, offer: OfferId) -> None:
        """Hang the offer's leg up; harmless when it is gone."""
        if self._board is not None:
            self._board.on_cancel(offer)
        await self._attempt("Hangup", {"Channel": offer_channel(offer), "Cause": "16"})

    def cancel_again(self, offer: OfferId) -> None:
        """The leg of a cancelled offer has appeared only now: the first Hangup came before its channel."""
        self._errands.begin(self.cancel(offer))

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None:
        """Send a waiting caller back into the flow, at one of the queue's exits."""
        await self._redirect(call, "overflow", OVERFLOW[exit])

    def part(self, call: CallId, channel: str, by: str) -> None:
        """A caller was joined with another line to outside (`channel`; empty while it rings), which no rule allows: the
        caller goes back to `by`, the line is ended."""
        self._errands.begin(self._part(call, channel, by))

    async def _part(self, call: CallId, channel: str, by: str) -> None:
        log.warning("a caller was transferred to outside", by=by)
        await self._attempt("Setvar", {"Channel": call, "Variable": "TRANSFER_BY", "Value": by})
        await self._redirect(call, "transferred", "outside")
        if channel:
            await self._attempt("Hangup", {"Channel": channel, "Cause": "16"})

    async def _redirect(self, call: CallId, context: str, extension: str) -> None:
        await self._visiting.rests(call)
        await self._attempt("Redirect", {"Channel": call, "Context": context, "Exten": extension, "Priority": "1"})

    async def _attempt(self, action: str, fields: Mapping[str, str]) -> None:
        try:
            await self._link.action(action, fields)
        except AmiRefused as refused:
            log.info("nothing to do", action=action, channel=fields["Channel"], why=str(refused))
        except AmiLost:
            log.warning("not done, AMI is away", action=action, channel=fields["Channel"])
        except AmiError as error:
            log.warning("not done", action=action, channel=fields["Channel"], why=str(error))
