"""What becomes of a talk: hold, and the transfers that phones make (asterisk-conf/dialplan/transfers.j2).

Measured order of events: a transfer is told before the legs that it ends hang up, so the agent's part ends with the
`Hangup` of the leg, as without a transfer.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from acd.facts import CallerSwapped, Fact, TalkHeld, TalkResumed
from acd.model import CallId, OfferId, QueueId, offer_channel
from ivr.asterisk.ami import Event
from ivr.asterisk.snapshot import ChannelSeen
from ivr.call import facts
from ivr.call.calls import LiveCall, LiveCalls
from ivr.clock import Clock
from ivr.exchange.channels import TRANSFER_KEY, TRUNK, extension_of, leg_of, target_of

OUTSIDE = "outside"
"""Where a caller was transferred to who was joined with another line to outside."""

_BY_TRANSFER = ("transfer-ring", "from-extension")
"""The contexts whose Dial rings for a caller whom a phone has handed on."""


class Desk(Protocol):
    """What is needed of the dispatcher."""

    def submit(self, fact: Fact) -> object: ...
    def record(self, event: object, key: str | None = None) -> object: ...


@dataclass(frozen=True, slots=True)
class House:
    """What phones can dial: the extensions, and the queues in the order of their numbers."""

    extensions: Collection[str] = ()
    queues: Sequence[str] = ()


@dataclass(slots=True)
class _Dialled:
    """A leg that Dial made, and that talks."""

    caller: str  # name of the channel that dialled
    extension: str
    linked: str  # the call that the channel belongs to
    call: CallId | None = None  # whose dial is told as ended with this leg


@dataclass(frozen=True, slots=True)
class _End:
    """A channel of a transfer, as the event names it."""

    uniqueid: str
    channel: str
    dialled: str

    @classmethod
    def of(cls, event: Event, name: str) -> "_End":
        return cls(event.get(f"{name}Uniqueid"), event.get(f"{name}Channel"), event.get(f"{name}Exten"))


class Talks:
    """Follows talks for the switchboard."""

    def __init__(
        self,
        desk: Desk,
        calls: LiveCalls,
        clock: Clock,
        callers: dict[OfferId, CallId],
        house: Callable[[], House],
        part: Callable[[CallId, str, str], None],
        joined: Callable[[LiveCall, str, str], None] = lambda live, leg, extension: None,
        anew: Callable[[LiveCall, str], None] = lambda live, leg: None,
    ) -> None:
        """`callers`: whose legs these are, shared with the switchboard. `part(call, channel, by)` undoes that a caller
        was joined with a line to outside; that line has no `channel` yet while it rings. `joined(live, leg,
        extension)`: a caller talks with this leg from now on, which talked already. `anew(live, leg)`: one of these two
        was on hold, and sends from now on what may be another stream."""
        self._join, self._anew = joined, anew
        self._desk, self._calls, self._clock = desk, calls, clock
        self._callers = callers
        self._house = house
        self._part = part
        self._dialled: dict[str, _Dialled] = {}
        self.handlers: dict[str, Callable[[Event], None]] = {
            "Hold": self._held,
            "Unhold": self._held,
            "BlindTransfer": self._blind,
            "AttendedTransfer": self._attended,
        }

    # ------------------------------------------------------------------ legs that Dial made
    def forget(self) -> None:
        """Events were missed."""
        self._dialled.clear()

    def found(self, channels: Sequence[ChannelSeen]) -> None:
        """The legs that Dial has made and that talk, as Asterisk shows them after a gap. A caller who is not in a Dial
        of the flow any more has them by a transfer."""
        for leg in channels:
            if not leg.bridge or leg.application != "AppDial" or leg.uniqueid in self._dialled:
                continue
            others = [one for one in channels if one.bridge == leg.bridge and one is not leg]
            others.sort(key=lambda one: self._calls.get(one.uniqueid) is None)
            for other in others[:1]:
                call = self._calls.get(other.uniqueid)
                transfer = other.application != "Dial" or other.context in _BY_TRANSFER
                self._dialled[leg.uniqueid] = _Dialled(
                    other.name,
                    extension_of(leg.name),
                    call.call if call is not None else leg.linkedid,
                    call.call if call is not None and transfer else None,
                )

    def dialled(self, event: Event) -> None:
        """DialEnd: somebody picked up."""
        if leg_of(event.get("DestUniqueid")) is not None:
            return  # an Originate of ours
        call = self._calls.get(event.get("Uniqueid"))
        by_transfer = call is not None and event.get("Context") in _BY_TRANSFER
        self._dialled[event.get("DestUniqueid")] = _Dialled(
            event.get("Channel"),
            extension_of(event.get("DestChannel")),
            event.get("Linkedid"),
            call.call if call is not None and by_transfer else None,
        )
        if call is not None and event.get("DestUniqueid") not in call.ruled:  # he took the place of who had dialled
            self._join(call, event.get("DestUniqueid"), extension_of(event.get("DestChannel")))

    def talks_with(self, uniqueid: str) -> CallId | None:
        """The caller with whom a transfer has put this leg."""
        leg = self._dialled.get(uniqueid)
        return leg.call if leg is not None else None

    def gone(self, uniqueid: str) -> None:
        """A leg has hung up."""
        leg = self._dialled.pop(uniqueid, None)
        if leg is not None and leg.call is not None:
            self._dial_ended(leg.call, leg.extension, uniqueid)

    def _dial_ended(self, call: CallId, extension: str, uniqueid: str) -> None:
        if self._calls.get(call) is not None:
            ended = facts.DialEnded(at=self._clock.now(), call=call, extension=extension, result="answered")
            self._desk.record(ended, key=f"dial ended:{uniqueid}")

    # ------------------------------------------------------------------ hold
    def _held(self, event: Event) -> None:
        offer = leg_of(event.get("Uniqueid"))
        if offer in self._callers:
            kind = TalkHeld if event.name == "Hold" else TalkResumed
            self._desk.submit(kind(at=self._clock.now(), t=self._clock.engine_us(), offer=offer))
        if event.name == "Unhold":
            for live, leg in self._talks_of(event.get("Uniqueid")):
                self._anew(live, leg)

    def _talks_of(self, uniqueid: str) -> list[tuple[LiveCall, str]]:
        """The talks of a channel, a leg's or a caller's, each with its call and its leg."""
        legs: dict[str, str] = {leg: dialled.call or dialled.linked for leg, dialled in self._dialled.items()}
        legs.update((offer, call) for offer, call in self._callers.items())
        own = leg_of(uniqueid) or uniqueid
        found = [(self._calls.get(call), leg) for leg, call in legs.items() if own in (leg, call)]
        return [(live, leg) for live, leg in found if live is not None and leg in live.ruled]

    # ------------------------------------------------------------------ transfers
    def _blind(self, event: Event) -> None:
        call = self._calls.get(event.get("TransfereeUniqueid"))
        if event.get("Result") != "Success" or call is None:
            return
        how = "blind" if event.get("IsExternal") == "Yes" else "feature code"
        by = _End.of(event, "Transferer")
        self._transferred(call.call, by, how, target_of(event.get("Extension"), self._house().queues))

    def _attended(self, event: Event) -> None:
        if event.get("Result") != "Success":
            return
        if event.get("DestType") == "App":
            self._takes_the_place(event)
        else:
            self._joined(event)

    def _takes_the_place(self, event: Event) -> None:
        """The consulted one has not answered: the caller goes on where the phone's second call was, in the middle of a
        queue or while a phone rings."""
        first, second = _End.of(event, "OrigTransferer"), _End.of(event, "SecondTransferer")
        by, consult = (first, second) if event.get("OrigBridgeUniqueid") else (second, first)
        call = CallId(event.get("TransfereeUniqueid"))
        waiting = self._calls.get(consult.uniqueid)
        if waiting is None:
            if self._calls.get(call) is not None:
                self._rings_on(call, by, consult.dialled)
            return
        if self._calls.get(call) is None:  # a phone of the house is put in the place of another one
            started = facts.CallStarted(
                at=self._clock.now(), call=call, did=waiting.did, caller=waiting.caller, flow="", config=waiting.config
            )
            self._desk.record(started, key=f"started:{call}")
        visit, queue = waiting.visit, waiting.queue or QueueId("")
        if visit is not None:
            self._desk.submit(CallerSwapped(at=self._clock.now(), t=self._clock.engine_us(), visit=visit, call=call))
        self._transferred(call, by, "attended", queue)

    def _rings_on(self, call: CallId, by: _End, dialled: str) -> None:
        if dialled not in self._house().extensions:
            self._transferred(call, by, "attended", OUTSIDE)
            self._part(call, "", extension_of(by.channel))
            return
        self._desk.record(facts.DialBegun(at=self._clock.now(), call=call, extension=dialled))
        self._transferred(call, by, "attended", dialled)

    def _joined(self, event: Event) -> None:
        """Both talked: they talk with each other from now on."""
        first, second = _End.of(event, "OrigTransferer"), _End.of(event, "SecondTransferer")
        own, other = _End.of(event, "Transferee"), _End.of(event, "TransferTarget")
        how = "feature code" if first.uniqueid == second.uniqueid else "attended"
        if self._calls.get(own.uniqueid) is not None:
            self._talks_on(first, own, other if other.uniqueid else self._met(own, second), how)
        elif self._calls.get(other.uniqueid) is not None:
            self._talks_on(second, other, own if own.uniqueid else self._met(other, first), how)

    def _met(self, own: _End, consult: _End) -> _End:
        """With whom the phone talked in its second call. A transfer by key does not always name him: the channel may
        just be on its way from one bridge to the other."""
        for uniqueid, leg in reversed(self._dialled.items()):
            by_key = leg.caller.startswith("Local/") and leg.linked == own.uniqueid
            if by_key or leg.caller == consult.channel:
                return _End(uniqueid, f"PJSIP/{leg.extension}-", "")
        for offer, call in self._callers.items():
            if call == consult.uniqueid and (live := self._calls.get(call)) is not None:
                return _End(offer_channel(offer), f"PJSIP/{live.agent}-", "")
        return _End("", "", "")

    def _talks_on(self, by: _End, own: _End, other: _End, how: str) -> None:
        call = CallId(own.uniqueid)
        to_outside = own.channel.startswith(TRUNK) and other.channel.startswith(TRUNK)
        if to_outside and self._calls.get(other.uniqueid) is None:
            self._transferred(call, by, how, OUTSIDE)
            self._part(call, other.uniqueid, extension_of(by.channel))
            return
        offer = leg_of(other.uniqueid)
        extension = extension_of(other.channel)
        self._transferred(call, by, how, extension, offer or "")
        if offer is not None:
            self._callers[offer] = call
            self._tell_joined(call, offer, extension)
        if offer is not None or not extension:
            return
        begun = facts.DialBegun(at=self._clock.now(), call=call, extension=extension)
        self._desk.record(begun)
        uniqueid = self._real(other)
        answered = facts.DialAnswered(at=self._clock.now(), call=call, extension=extension)
        self._desk.record(answered, key=f"dial answered:{uniqueid}")
        self._dialled[uniqueid] = _Dialled("", extension, call, call)
        self._tell_joined(call, uniqueid, extension)

    def _tell_joined(self, call: CallId, leg: str, extension: str) -> None:
        if (live := self._calls.get(call)) is not None:
            self._join(live, leg, extension)

    def _real(self, end: _End) -> str:
        """The phone's leg behind a Local channel that a feature code has made: that one is soon optimised away."""
        far = end.channel.removesuffix("1") + "2"
        return next((leg for leg, dialled in self._dialled.items() if dialled.caller == far), end.uniqueid)

    def _transferred(self, call: CallId, by: _End, how: str, to: str, leg: str = "") -> None:
        live = self._calls.get(call)
        dial = self._dialled.get(by.uniqueid)
        if dial is not None:
            self._dial_ended(call, dial.extension, by.uniqueid)
            dial.call = None
        self._desk.record(
            facts.TalkTransferred(
                at=self._clock.now(),
                call=call,
                offer=leg_of(by.uniqueid) or "",
                by=extension_of(by.channel) or (live.agent if live is not None else ""),
                how=how,
                to=to,
                leg=leg,
            ),
            key=TRANSFER_KEY.format(by.uniqueid, call),
        )
