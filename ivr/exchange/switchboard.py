"""Turns what AMI tells into facts for the engine and the journal.

After every login the events are held back until a snapshot of everything that lives has been taken and submitted as
one `Resynchronised`; then they are replayed in their order. A listed state can be newer than a held event, but then
the event that made it is also held, behind: the last word is always the newest.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from acd.decisions import MakeOffer
from acd.facts import (
    CallerGone,
    CallerParked,
    CallerSeen,
    DeviceChanged,
    DeviceSeen,
    Fact,
    LegSeen,
    LinkLost,
    OfferAnswered,
    OfferBridged,
    OfferFailed,
    OfferRinging,
    Resynchronised,
    TalkEnded,
)
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, OfferResult, offer_of_channel
from ivr.asterisk.ami import Event
from ivr.asterisk.snapshot import RINGING, UP, ChannelSeen, Snapshot, agent_of, device_state
from ivr.call import facts
from ivr.call.calls import LiveCall, LiveCalls, number_of
from ivr.call.effects import Kind
from ivr.clock import Clock
from ivr.exchange import picture
from ivr.exchange.causes import NO_KEY_CAUSE, UNREACHABLE_CAUSE, result_of
from ivr.exchange.channels import leg_of
from ivr.exchange.talks import House, Talks
from ivr.exchange.ticket import Ticket

log = structlog.get_logger(__name__)

END_KEY = "ended:{}"
"""The journal key of a call's end: AMI, CEL and the resynchronisation tell it, the first one counts."""


class Desk(Protocol):
    """What the switchboard needs of the dispatcher."""

    def submit(self, fact: Fact) -> object: ...
    def record(self, event: object, key: str | None = None) -> object: ...
    def now_us(self) -> int: ...


class Switchboard:
    """Follows the channels that concern us and tells the engine."""

    def __init__(
        self,
        desk: Desk,
        calls: LiveCalls,
        clock: Clock,
        agents: Callable[[], frozenset[str]],
        started: Callable[[CallId, str, str], facts.CallStarted],
        cancel_again: Callable[[OfferId], None],
        house: Callable[[], House] = House,
        part: Callable[[CallId, str, str], None] = lambda call, channel, by: None,
        joined: Callable[[LiveCall, str, str], None] = lambda live, leg, extension: None,
        anew: Callable[[LiveCall, str], None] = lambda live, leg: None,
    ) -> None:
        """`started(call, did, number)` gives the beginning of a call that ended before it asked for its flow;
        `cancel_again(offer)` hangs up a leg that appears although its offer was cancelled. `house`, `part`, `joined`
        and `anew` are for hold and transfers (see Talks)."""
        self._cancel_again = cancel_again
        self._desk = desk
        self._started = started
        self._calls = calls
        self._clock = clock
        self._agents = agents
        self._callers: dict[OfferId, CallId] = {}
        self._talks = Talks(desk, calls, clock, self._callers, house, part, joined, anew)
        self._legs: set[OfferId] = set()  # a channel of theirs was seen
        self._rung: set[OfferId] = set()
        self._cancelled: set[OfferId] = set()
        self._picked_up: set[OfferId] = set()
        self._answered: set[OfferId] = set()  # picked up, and the caller is this agent's alone
        self._bridges: dict[str, set[str]] = {}
        self._bridged: set[OfferId] = set()
        self._held: list[Event] | None = []
        self.phones: dict[AgentId, DeviceState] = {}
        """What was heard of every phone, also of those of no agent: who becomes one is known at once."""
        self._handlers: dict[str, Callable[[Event], None]] = {
            "DeviceStateChange": self._device,
            "Newchannel": self._newchannel,
            "Newstate": self._newstate,
            "DialState": self._dial_state,
            "OriginateResponse": self._originate_response,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "BridgeDestroy": self._bridge_destroy,
            "HangupRequest": self._hangup_request,
            "SoftHangupRequest": self._hangup_request,
            "DialEnd": self._dial_end,
            "Hangup": self._hangup,
            "UserEvent": self._user_event,
            **self._talks.handlers,
        }

    # ------------------------------------------------------------------ what the dispatcher decided
    def on_offer(self, offer: MakeOffer) -> None:
        """Remember whose leg this will be."""
        self._callers[offer.offer] = offer.call

    def on_cancel(self, offer: OfferId) -> None:
        """The leg's end will be our own doing."""
        self._cancelled.add(offer)

    def unreachable(self, offer: OfferId) -> None:
        """Asterisk refused to ring the phone at all."""
        self._leg_ended(offer, cause=UNREACHABLE_CAUSE)

    # ------------------------------------------------------------------ the link
    def lost(self) -> None:
        """AMI is gone."""
        self._held = []
        self._talks.forget()
        self._desk.submit(LinkLost(at=self._clock.now(), t=self._clock.engine_us()))

    async def logged_in(self, snapshot: Callable[[], Awaitable[Snapshot]], gap: Callable[[], Awaitable[None]]) -> int:
        """Take a snapshot, fill the gap from the CEL file, submit what lives. Returns the drift: how many of our
        beliefs were wrong."""
        self._held = []
        began = self._desk.now_us()
        known = [live.call for live in self._calls]
        seen = await snapshot()
        await gap()
        drift = self._resynchronise(seen, began, known)
        held, self._held = self._held, None
        for event in held:
            self._dispatch(event)
        return drift

    def event(self, event: Event) -> None:
        """Every AMI event comes here."""
        if self._held is not None:
            self._held.append(event)
        else:
            self._dispatch(event)

    def _dispatch(self, event: Event) -> None:
        handler = self._handlers.get(event.name)
        if handler is not None:
            handler(event)

    # ------------------------------------------------------------------ resynchronisation
    def _resynchronise(self, seen: Snapshot, began: int, known: Sequence[CallId]) -> int:
        drift = self._close_gone(known, {channel.uniqueid for channel in seen.channels})
        # Who hung up after the picture was begun has ended in the gap that was filled since: no phone rings for him.
        callers = [channel for channel in picture.callers(seen) if not self._calls.has_ended(channel.uniqueid)]
        self._bridges = picture.bridges(seen)
        legs = self._legs_seen(seen, {channel.uniqueid for channel in callers})
        drift += sum(self._meet(channel) for channel in callers)
        self._talks.found(seen.channels)
        talking = {self._callers.get(leg.offer) for leg in legs if leg.state is LegState.BRIDGED}
        waiting = [self._waiting(channel) for channel in callers if channel.uniqueid not in talking]
        self._desk.submit(
            Resynchronised(
                at=self._clock.now(),
                t=self._clock.engine_us(),
                callers=tuple(caller for caller in waiting if caller is not None),
                legs=legs,
                devices=tuple(DeviceSeen(agent=AgentId(a), state=s) for a, s in sorted(seen.devices.items())),
                began=began,
            )
        )
        return drift

    def _legs_seen(self, seen: Snapshot, calls: set[str]) -> tuple[LegSeen, ...]:
        legs = []
        self._picked_up.clear()
        self._answered.clear()
        self._bridged.clear()
        for channel in seen.channels:
            if (offer := leg_of(channel.uniqueid)) is None:
                continue
            if caller := picture.caller_of_leg(channel, calls, self._bridges):
                self._callers[offer] = caller
            self._legs.add(offer)
            state = picture.leg_state(channel, self._bridges)
            if channel.state == UP:
                self._picked_up.add(offer)
            if state is not LegState.RINGING:
                self._answered.add(offer)
            if state is LegState.BRIDGED:
                self._bridged.add(offer)
            legs.append(LegSeen(offer=offer, state=state))
        return tuple(legs)

    def _waiting(self, channel: ChannelSeen) -> CallerSeen | None:
        """The caller as one who waits; None when no valid ticket says so, or somebody has him."""
        ticket = picture.ticket_of(channel)
        if ticket is None:
            if channel.variables.get("RETURNED", "").startswith(f"{Kind.KEY.value} "):
                # Left by a key, and the server died before the journal had it: no abandoned caller.
                self._caller_gone(self._calls.meet(CallId(channel.uniqueid)), hung_up=False)
            return None
        if channel.bridge:
            self._caller_gone(self._calls.meet(CallId(channel.uniqueid)), hung_up=False)
            return None
        return picture.caller_seen(channel, ticket)

    def _close_gone(self, known: Sequence[CallId], alive: set[str]) -> int:
        """Of those that were `known` before the picture was begun: who came meanwhile may not be in it, and lives."""
        gone = [call for call in known if call not in alive and self._calls.get(call) is not None]
        for call in gone:
            self._call_ended(call, cause=0, by="unknown", source="resynchronisation")
        return len(gone)

    def _meet(self, channel: ChannelSeen) -> int:
        known = self._calls.get(channel.uniqueid)
        live = known or self._calls.meet(CallId(channel.uniqueid))
        live.number, live.channel = channel.caller_number or live.number, channel.name
        live.did = live.did or channel.variables.get("DID", "")
        if ticket := Ticket.parse(channel.variables.get("TICKET", "")):  # also of who talks by now
            live.visits = max(live.visits, number_of(ticket.visit))
        if channel.variables.get("FALLBACK") == "1" and not live.fallback:
            self._desk.record(
                facts.FallbackBegun(at=self._clock.now(), call=live.call), key=f"fallback:{live.call}:{live.visits}"
            )
        return 0 if known else 1

    # ------------------------------------------------------------------ events
    def _device(self, event: Event) -> None:
        agent = agent_of(event.get("Device"))
        if agent is None:
            return
        state = self.phones[agent] = device_state(event.get("State"))
        if agent in self._agents():
            now, t = self._clock.now(), self._clock.engine_us()
            self._desk.submit(DeviceChanged(at=now, t=t, agent=agent, state=state))

    def _newstate(self, event: Event) -> None:
        offer = leg_of(event.get("Uniqueid"))
        if offer and event.get("ChannelState") == str(RINGING):
            self._rings(offer)
        elif offer and event.get("ChannelState") == str(UP):
            self._picked_up.add(offer)

    def _claimed(self, offer: OfferId) -> None:
        """Who picks up has not answered yet: another phone may have won the caller, and on a line to outside it may be
        a machine. The dialplan tells who has."""
        if offer in self._callers and offer not in self._answered:
            self._answered.add(offer)
            self._desk.submit(OfferAnswered(at=self._clock.now(), t=self._clock.engine_us(), offer=offer))

    def _dial_state(self, event: Event) -> None:
        """A leg to outside is a Local channel: only this tells that the far phone rings (or plays its own tone)."""
        offer = leg_of(event.get("DestUniqueid"))
        if offer and event.get("DialStatus") in ("RINGING", "PROGRESS"):
            self._rings(offer)

    def _rings(self, offer: OfferId) -> None:
        if offer not in self._rung | self._picked_up:
            self._rung.add(offer)
            self._desk.submit(OfferRinging(at=self._clock.now(), t=self._clock.engine_us(), offer=offer))

    def _newchannel(self, event: Event) -> None:
        if offer := offer_of_channel(event.get("Uniqueid")):
            self._legs.add(offer)
            if offer in self._cancelled:
                self._cancel_again(offer)

    def _originate_response(self, event: Event) -> None:
        """Only a failure without any channel matters: every other end comes as `Hangup` with its cause, often later.

        A phone that is not registered gets no channel. A second Originate under a living ChannelId fails too, and that
        must not end the offer.
        """
        offer = offer_of_channel(event.get("Uniqueid"))
        if offer and event.get("Response") == "Failure" and offer not in self._legs:
            self._leg_ended(offer, cause=UNREACHABLE_CAUSE)

    def _bridge_enter(self, event: Event) -> None:
        members = self._bridges.setdefault(event.get("BridgeUniqueid"), set())
        members.add(event.get("Uniqueid"))
        for member in members:
            offer = offer_of_channel(member)
            if offer is not None and offer not in self._bridged and self._callers.get(offer) in members:
                self._bridged.add(offer)
                self._desk.submit(OfferBridged(at=self._clock.now(), t=self._clock.engine_us(), offer=offer))

    def _bridge_leave(self, event: Event) -> None:
        self._bridges.get(event.get("BridgeUniqueid"), set()).discard(event.get("Uniqueid"))

    def _bridge_destroy(self, event: Event) -> None:
        self._bridges.pop(event.get("BridgeUniqueid"), None)

    def _hangup_request(self, event: Event) -> None:
        """Who hung up is told here and nowhere else; our own Hangup and Redirect show as a soft request."""
        uniqueid = event.get("Uniqueid")
        if live := self._calls.get(uniqueid):
            # The caller's own BYE is the last word: an agent's came before, at the end of a talk.
            live.hung_up_by = "caller" if event.name == "HangupRequest" else live.hung_up_by or "us"
        elif (offer := offer_of_channel(uniqueid)) and event.name == "HangupRequest" and offer in self._bridged:
            caller = self._calls.get(self._callers.get(offer, CallId("")))
            if caller is not None:
                caller.hung_up_by = caller.hung_up_by or "agent"
        elif event.name == "HangupRequest" and (call := self._talks.talks_with(uniqueid)):
            self._calls.meet(call).hung_up_by = "agent"

    def _dial_end(self, event: Event) -> None:
        if event.get("DialStatus") != "ANSWER":
            return
        self._talks.dialled(event)
        live = self._calls.get(event.get("Uniqueid"))
        if live is None:
            return
        extension = event.get("DestChannel").removeprefix("PJSIP/").rpartition("-")[0]
        self._desk.record(
            facts.DialAnswered(at=self._clock.now(), call=live.call, extension=extension),
            key=f"dial answered:{event.get('DestUniqueid')}",
        )
        if live.fallback:
            self._caller_gone(live, hung_up=False)  # reception has him

    def _hangup(self, event: Event) -> None:
        uniqueid = event.get("Uniqueid")
        cause = int(text) if (text := event.get("Cause")).isdecimal() else 0
        self._talks.gone(uniqueid)
        if (offer := offer_of_channel(uniqueid)) is not None:
            if not uniqueid.endswith(";2"):
                self._leg_ended(offer, cause)
        elif live := self._calls.get(uniqueid):
            self._call_ended(live.call, cause, live.hung_up_by or ("us" if live.reason else "unknown"), source="ami")
        elif uniqueid and event.variables.get("CALL_ID") == uniqueid and not self._calls.has_ended(uniqueid):
            # The end came before the beginning: AGI and AMI are two wires, and the visit may have stood in the queue of
            # a busy server. The caller who is gone must not begin to live when it is read. Who hangs up within a few
            # milliseconds never comes to a visit at all, and is a call all the same: it was answered.
            if did := event.variables.get("DID"):
                number = event.get("CallerIDNum")
                self._desk.record(self._started(CallId(uniqueid), did, number), key=f"started:{uniqueid}")
            self._call_ended(CallId(uniqueid), cause, "unknown", source="ami")
        elif uniqueid and event.get("Context") == picture.INSIDE_QUEUE:
            # So may the end of a phone of the house, whose channel does not carry its id.
            self._calls.forget(CallId(uniqueid))

    def _leg_ended(self, offer: OfferId, cause: int) -> None:
        now, t = self._clock.now(), self._clock.engine_us()
        if offer in self._bridged:
            self._desk.submit(TalkEnded(at=now, t=t, offer=offer))
        elif offer in self._cancelled:
            self._desk.submit(OfferFailed(at=now, t=t, offer=offer, result=OfferResult.CANCELLED))
        elif offer in self._picked_up:
            # picked up and gone before the bridge: the agent did not want it, or a machine has no finger for the key
            result = OfferResult.NO_ANSWER if cause == NO_KEY_CAUSE else OfferResult.REFUSED
            self._desk.submit(OfferFailed(at=now, t=t, offer=offer, result=result))
        else:
            result = result_of(cause)
            self._desk.submit(OfferFailed(at=now, t=t, offer=offer, result=result))
        self.forget(offer)

    def forget(self, offer: OfferId) -> None:
        """The offer is over."""
        self._callers.pop(offer, None)
        for known in (self._legs, self._rung, self._picked_up, self._answered, self._bridged, self._cancelled):
            known.discard(offer)

    def _call_ended(self, call: CallId, cause: int, by: str, source: str) -> None:
        live = self._calls.get(call)
        if live is not None and not live.begun:
            self._calls.forget(call)
            return
        if live is not None:
            self._caller_gone(live)
        now = self._clock.now()
        reason = live.reason if live else ""
        self._desk.record(
            facts.CallEnded(at=now, call=call, cause=cause, by=by, reason=reason, source=source),
            key=END_KEY.format(call),
        )

    def _caller_gone(self, live: LiveCall, hung_up: bool = True) -> None:
        if live.visit is not None:
            now, t = self._clock.now(), self._clock.engine_us()
            self._desk.submit(CallerGone(at=now, t=t, visit=live.visit, hung_up=hung_up))

    def _user_event(self, event: Event) -> None:
        now = self._clock.now()
        match event.get("UserEvent"):
            case "LineRefused":
                call = CallId(event.get("CallId"))
                refused = facts.CallRefused(at=now, call=call, did=event.get("Did"))
                self._desk.record(refused, key=f"refused:{call}")
            case "AcdClaim":
                self._claimed(OfferId(event.get("Offer")))
            case "AcdLost":
                offer = OfferId(event.get("Offer"))
                if offer in self._callers:
                    lost = OfferFailed(at=now, t=self._clock.engine_us(), offer=offer, result=OfferResult.LOST)
                    self._desk.submit(lost)
                    self.forget(offer)
            case "FallbackBegun":
                self._fallback(CallId(event.get("CallId")))

    def _fallback(self, call: CallId) -> None:
        live = self._calls.get(call)
        if live is None:
            return
        self._desk.record(facts.FallbackBegun(at=self._clock.now(), call=call))
        if live.visit is not None:
            self._desk.submit(CallerParked(at=self._clock.now(), t=self._clock.engine_us(), visit=live.visit))
