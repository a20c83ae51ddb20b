"""What the records know of a talk whose recording has finished."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from ivr.call.calls import LiveCall
from ivr.figures.call_record import CallRecord, TalkRuling
from recordings.catalogue import BEFORE_THE_CALLER, NOT_BEGUN, PAUSED
from recordings.intake import Silence, Talk

_EVER = datetime.min.replace(tzinfo=UTC)


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
        silences=tuple(_silences(ruling)),
    )


def _silences(ruling: TalkRuling) -> Iterator[Silence]:
    """Of a leg that talked before the caller came to it, what it said is nobody's; on demand there is nothing before
    somebody demanded it."""
    if ruling.ruled is not None:
        yield _EVER, ruling.ruled, BEFORE_THE_CALLER
    if ruling.begun is not None and not ruling.record:
        yield ruling.ruled or _EVER, ruling.begun, NOT_BEGUN
    for pause in ruling.pauses:
        yield pause.begun, pause.ended, PAUSED


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
