"""What the records know of a talk whose recording has finished."""

from collections.abc import Callable, Iterable

from ivr.call.calls import LiveCall
from ivr.figures.call_record import CallRecord, TalkRuling
from recordings.intake import Talk

PAUSED = "paused"


def talk_of(call: CallRecord, ruling: TalkRuling) -> Talk:
    """As the intake wants it."""
    return Talk(
        call=call.call,
        queue=ruling.queue,
        agent=ruling.agent,
        did=call.did,
        direction="internal" if call.inside else "inbound",
        notice=call.notice,
        wanted=ruling.wanted,
        silences=tuple((pause.begun, pause.ended, PAUSED) for pause in ruling.pauses),
    )


def finder(
    record_of: Callable[[str], CallRecord | None], call_of: Callable[[str], str | None]
) -> Callable[[str, str], Talk | None]:
    """`record_of(call)` gives a call's record, the living ones too; `call_of(leg)` the call of a caller who was handed
    to a leg that talked already. Blocking as these are."""

    def find(call: str, leg: str) -> Talk | None:
        for name in (call_of(leg), call):
            record = record_of(name) if name is not None else None
            rulings = record.rulings if record is not None else ()
            for ruling in rulings:
                if record is not None and ruling.leg == leg:
                    return talk_of(record, ruling)
        return None

    return find


def still(
    living: Callable[[], Iterable[LiveCall]],
    record_of: Callable[[str], CallRecord | None],
    call_of: Callable[[str], str | None],
) -> Callable[[str, str], bool]:
    """Whether a talk may go on: its call lives, or has not ended by its record (the server began a moment ago, and was
    told of no call yet). Blocking as these are."""

    def lives(call: str, leg: str) -> bool:
        if any(live.call == call or leg in live.ruled for live in living()):
            return True
        record = record_of(call_of(leg) or call)
        return record is not None and record.ended is None

    return lives
