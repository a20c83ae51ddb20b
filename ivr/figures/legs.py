"""A call's legs: every phone that was rung for it, by a queue or by the flow. Pure.

They are computed anew from the call's parts at each change. A fact that comes late may put a leg before others: the
numbers after it move on by one, and none is ever taken away.
"""

from collections.abc import Iterable
from dataclasses import replace

from ivr.figures.call_folds import microseconds
from ivr.figures.call_record import CallRecord, Dial, LegRecord, OfferRecord


def legs_of(call_id: str, call: CallRecord | None, offers: Iterable[OfferRecord]) -> tuple[LegRecord, ...]:
    """All legs of a call, in the order of ringing."""
    dials = call.dials if call is not None else ()
    found = [(o.made, o.offer, _of_offer(call_id, o)) for o in offers]
    found += [(x.begun, x.extension, _of_dial(call_id, x)) for x in dials]
    found.sort(key=lambda leg: leg[:2])
    return tuple(replace(leg, n=n) for n, (_, _, leg) in enumerate(found, 1))


def _of_offer(call: str, offer: OfferRecord) -> LegRecord:
    return LegRecord(
        call=call,
        n=0,
        kind="offer",
        agent=offer.agent,
        queue=offer.queue,
        offer=offer.offer,
        began=offer.made,
        answered=offer.bridged,
        ended=offer.talk_ended if offer.bridged else offer.closed,
        result=offer.result.value if offer.result else "",
        talk_us=offer.talk_us or 0,
        hold_us=offer.hold_us,
        wrap_us=offer.wrap_us or 0,
        transfer=offer.transfer,
    )


def _of_dial(call: str, dial: Dial) -> LegRecord:
    return LegRecord(
        call=call,
        n=0,
        kind="dial",
        agent=dial.extension,
        queue="",
        offer="",
        began=dial.begun,
        answered=dial.answered,
        ended=dial.ended,
        result=dial.result,
        talk_us=microseconds(dial.ended - dial.answered) if dial.answered and dial.ended else 0,
        hold_us=0,
        wrap_us=0,
        transfer=dial.transfer,
    )
