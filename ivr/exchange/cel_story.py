"""From channel events to facts: what the engine and the records would have been told by AMI. Pure.

The dialplan's contexts tell what a row means (asterisk-conf/extensions.conf.j2): a channel that begins in `from-trunk`
is a call; `Dial` in `CALLER_DIALS` rings an extension for it; `acd-...` is the leg of an offer. A transfer is written
down on the channel of the phone that transferred.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from acd import facts as f
from acd.model import CallId, OfferId, OfferResult, VisitId, offer_of_channel
from ivr.asterisk.cel import Row
from ivr.call import facts as c
from ivr.exchange.causes import WITHDRAWN, result_of
from ivr.exchange.channels import NAMELESS, TRANSFER_KEY, TRUNK, extension_of, leg_of
from ivr.figures.call_record import CallOutcome
from ivr.figures.projection import Projection

FROM_OUTSIDE = "from-trunk"
CALLER_DIALS = frozenset({"ring", "fallback", "transfer-ring", "from-extension"})
_COUNTRY_CODE = re.compile(r"\+?57(?=\d{10}$)")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")
_SAME_MOMENT = timedelta(seconds=2)
"""AMI and CEL tell one event this far apart at most; further apart are two events."""
_EXTENSION = re.compile(r"PJSIP/([0-9*#]{1,20})(?![0-9*#@])")
"""A phone's channel, or what Dial was given; `PJSIP/<number>@<trunk>` is a number outside, none of ours."""

EngineFact = f.OfferAnswered | f.OfferBridged | f.OfferFailed | f.TalkEnded | f.CallerGone


@dataclass(frozen=True, slots=True)
class Told:
    """A fact to hand on: to the engine (`key` is None) or, under an idempotent key, only to the journal."""

    fact: c.CallFact | EngineFact
    key: str | None = None


@dataclass(frozen=True, slots=True)
class _Arrival:
    call: CallId
    row: Row
    told: bool = False
    refused: bool = False
    answered: str = ""  # the dialled extension that talked
    dialled: str = ""  # unique id of that leg


def site_number(exten: str) -> str:
    """The site's own number, however the trunk writes it.

    >>> site_number("+576017436967")
    '6017436967'
    """
    return _COUNTRY_CODE.sub("", exten)


def who_hung_up(row: Row) -> str:
    """caller, agent, us or unknown."""
    if not row.source:
        return "unknown"
    if row.source == row.channel:
        return "caller"
    return "agent" if row.source.startswith("PJSIP/") else "us"


class Story:
    """Reads rows in their order and tells the facts that the projection does not have yet."""

    def __init__(self, projection: Projection, caller_key: Callable[[str], str], config: str, t: int) -> None:
        """`t`: engine time for the engine's facts (they happened before now). `config`: the version in force."""
        self._known = projection
        self._caller_key, self._config, self._t = caller_key, config, t
        self._arrivals: dict[str, _Arrival] = {}
        self._channels: dict[str, str] = {}  # name -> unique id
        self._offers: dict[OfferId, str] = {}  # how far we told an offer: answered, bridged, over
        self._ended: set[CallId] = set()
        self._served: set[str] = set()  # calls that met an agent in these rows

    def read(self, row: Row) -> list[Told]:
        """The facts that this row tells."""
        if row.event == "CHAN_START":
            self._channels[row.channel] = row.uniqueid
            if row.context == FROM_OUTSIDE and _NUMBER.fullmatch(row.exten):  # our own legs to a trunk have "s"
                self._arrivals[row.uniqueid] = _Arrival(CallId(row.uniqueid), row)
            return []
        if row.event in ("BLINDTRANSFER", "ATTENDEDTRANSFER"):
            return self._transferred(row)
        offer = offer_of_channel(row.uniqueid)
        if offer is not None:
            return self._leg(offer, row) if not row.uniqueid.endswith(";2") else []
        if row.event == "LINE_REFUSED":
            return self._refused(row)
        arrival = self._arrival(row)
        if arrival is None or arrival.refused:
            return []
        return self._call(arrival, row)

    # ------------------------------------------------------------------ calls
    def _arrival(self, row: Row) -> _Arrival | None:
        """The call of that row's channel, also when its first row was read before: at an earlier gap, or live."""
        found = self._arrivals.get(row.uniqueid)
        if found is not None:
            return found
        call = CallId(row.uniqueid)
        known = self._known.calls.get(call)
        if known is None:
            if not (row.channel.startswith(TRUNK) and _NUMBER.fullmatch(row.dialled)):
                return None
            return self._arrivals.setdefault(call, _Arrival(call, replace(row, exten=row.dialled)))
        if known.outcome is CallOutcome.REFUSED:
            return None
        talked = next((dial.extension for dial in reversed(known.dials) if dial.answered), "")
        return self._arrivals.setdefault(call, _Arrival(call, row, told=True, answered=talked))

    def _refused(self, row: Row) -> list[Told]:
        arrival = self._arrivals.get(row.uniqueid)
        if arrival is not None:
            self._arrivals[row.uniqueid] = replace(arrival, refused=True)
        if row.uniqueid in self._known.calls:
            return []
        did = site_number(str(row.extra.get("extra", row.exten)))
        call = CallId(row.uniqueid)
        return [Told(c.CallRefused(at=row.at, call=call, did=did), f"refused:{call}")]

    def _call(self, arrival: _Arrival, row: Row) -> list[Told]:
        if row.event == "ANSWER":
            return self._began(arrival, row)
        if row.event == "FALLBACK":
            known = self._known.calls.get(arrival.call)
            if known is not None and known.fallback:
                return []
            key = f"fallback:{arrival.call}:{row.at.isoformat()}"
            return [*self._began(arrival, row), Told(c.FallbackBegun(at=row.at, call=arrival.call), key)]
        if row.event in ("BRIDGE_ENTER", "BRIDGE_EXIT") and self._is_dialled(row):
            return self._dialled(arrival, row)
        return self._hung_up(arrival, row) if row.event == "HANGUP" else []

    def _began(self, arrival: _Arrival, now: Row) -> list[Told]:
        """The call's start. CHAN_START has the trunk's own number yet; the caller's stands in the rows after it."""
        if arrival.told:
            return []
        self._arrivals[arrival.call] = replace(arrival, told=True)
        # Asked also for a call that the journal has: its number is kept beside the journal and a moment later, so a
        # server that was killed in between knows it from here alone.
        caller = self._caller_key("" if now.number == NAMELESS else now.number)
        if arrival.call in self._known.calls:
            return []
        row = arrival.row
        started = c.CallStarted(
            at=row.at,
            call=arrival.call,
            did=site_number(row.exten),
            caller=caller,
            flow="",
            config=self._config,
        )
        return [Told(started, f"started:{arrival.call}")]

    def _is_dialled(self, row: Row) -> bool:
        """Whether the call meets, or leaves, a phone that no queue has given: one that was dialled, or, by an attended
        transfer, one that its agent had asked."""
        if row.app == "Dial" and row.context in CALLER_DIALS:
            return True
        peer = self._channels.get(row.peer, "")
        return bool(peer and _EXTENSION.match(row.peer)) and offer_of_channel(peer) is None

    def _transferred(self, row: Row) -> list[Told]:
        """A phone handed a call on: blind, or to one whom it had asked. Which offer goes on then, AMI alone tells."""
        call = CallId(str(row.extra.get("transferee_channel_uniqueid", "")))
        to = row.extra.get("extension") or extension_of(str(row.extra.get("transfer_target_channel_name", "")))
        offer = leg_of(row.uniqueid)
        known = self._known.offers.get(offer) if offer is not None else None
        if call not in self._known.calls or not to or (known is not None and known.transfer):
            return []
        fact = c.TalkTransferred(
            at=row.at,
            call=call,
            offer=offer or "",
            by=extension_of(row.channel) or (known.agent if known is not None else ""),
            how="blind" if row.event == "BLINDTRANSFER" else "attended",
            to=str(to),
        )
        return [Told(fact, TRANSFER_KEY.format(row.uniqueid, call))]

    def _dialled(self, arrival: _Arrival, row: Row) -> list[Told]:
        match = _EXTENSION.match(row.peer) or _EXTENSION.match(row.data)
        if match is None:
            return []
        extension = match[1]
        if row.event == "BRIDGE_ENTER":
            leg = self._channels.get(row.peer, f"{arrival.call}:{row.at.isoformat()}")
            self._arrivals[arrival.call] = replace(self._arrivals[arrival.call], answered=extension, dialled=leg)
            answered = c.DialAnswered(at=row.at, call=arrival.call, extension=extension)
            return [] if self._has_answered(row, extension) else [Told(answered, f"dial answered:{leg}")]
        leg = self._arrivals[arrival.call].dialled or f"{arrival.call}:{row.at.isoformat()}"
        ended = c.DialEnded(at=row.at, call=arrival.call, extension=extension, result="answered")
        return [] if self._has_ended_dial(row, extension) else [Told(ended, f"dial ended:{leg}")]

    def _has_answered(self, row: Row, extension: str) -> bool:
        known = self._known.calls.get(row.uniqueid)
        times = [dial.answered for dial in known.dials if dial.extension == extension] if known else []
        return any(at and abs(at - row.at) < _SAME_MOMENT for at in times)

    def _has_ended_dial(self, row: Row, extension: str) -> bool:
        known = self._known.calls.get(row.uniqueid)
        times = [dial.ended for dial in known.dials if dial.extension == extension] if known else []
        return any(at and abs(at - row.at) < _SAME_MOMENT for at in times)

    def _hung_up(self, arrival: _Arrival, row: Row) -> list[Told]:
        known = self._known.calls.get(arrival.call)
        if arrival.call in self._ended or (known and known.ended and known.source != "resynchronisation"):
            return []
        self._ended.add(arrival.call)
        told = self._began(arrival, row)
        told += [Told(gone) for gone in self._visits_left(arrival, row)]
        ended = c.CallEnded(at=row.at, call=arrival.call, cause=row.cause, by=who_hung_up(row), source="cel")
        return [*told, Told(ended, f"ended:{arrival.call}")]

    def _visits_left(self, arrival: _Arrival, row: Row) -> list[f.CallerGone]:
        served = bool(self._arrivals[arrival.call].answered)
        open_visits: list[VisitId] = [
            VisitId(v.visit) for v in self._known.open_visits() if v.call == arrival.call and v.joined <= row.at
        ]
        if arrival.call in self._served:
            return []  # the bridge has ended the visit already; the projection only has not seen it yet
        return [f.CallerGone(at=row.at, t=self._t, visit=visit, hung_up=not served) for visit in open_visits]

    # ------------------------------------------------------------------ agents' legs
    def _leg(self, offer: OfferId, row: Row) -> list[Told]:
        known = self._known.offers.get(offer)
        if known is None or known.talk_ended is not None:
            return []  # a ghost: the resynchronisation deals with what still lives of it
        stage = self._offers.get(offer) or ("bridged" if known.bridged else "answered" if known.answered else "")
        if stage == "over" or (known.result is not None and not known.bridged):
            return []
        fact: EngineFact
        if row.event == "ANSWER" and not stage and not row.channel.startswith("Local/"):  # outside: a key decides
            fact, stage = f.OfferAnswered(at=row.at, t=self._t, offer=offer), "answered"
        elif row.event == "BRIDGE_ENTER" and stage != "bridged" and row.linkedid == known.call:
            fact, stage = f.OfferBridged(at=row.at, t=self._t, offer=offer), "bridged"
            self._served.add(known.call)
        elif row.event == "HANGUP" and stage == "bridged":
            fact, stage = f.TalkEnded(at=row.at, t=self._t, offer=offer), "over"
        elif row.event == "HANGUP":
            # Nobody knows any more whether we withdrew it: a phone that refuses says 21.
            unanswered = OfferResult.CANCELLED if row.cause in WITHDRAWN else result_of(row.cause)
            result = OfferResult.LOST if stage else unanswered
            fact, stage = f.OfferFailed(at=row.at, t=self._t, offer=offer, result=result), "over"
        else:
            return []
        self._offers[offer] = stage
        return [Told(fact)]
