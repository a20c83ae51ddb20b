"""Whether a talk may go on, by the living calls and by the records."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acd.model import CallId
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallEnded, CallStarted, RecordingRuled
from ivr.figures.call_record import CallRecord, Pause, TalkRuling
from ivr.records.talks import still, talk_of
from recordings.intake import gaps_of

AT = datetime(2026, 11, 23, 15, tzinfo=UTC)
CALL, LEG = "n1-1795291036.6", "000000000002"


def living(*legs: str) -> LiveCalls:
    calls = LiveCalls()
    calls.take(CallStarted(at=AT, call=CallId(CALL), did="601", caller="", flow="", config="v1"), ())
    for leg in legs:
        said: Any = {"queue": "servicio", "agent": "101", "record": True, "why": "queue"}
        calls.take(RecordingRuled(at=AT, call=CallId(CALL), leg=leg, **said), ())
    return calls


def test_a_talk_goes_on_as_long_as_its_call_lives() -> None:
    calls = living()
    lives = still(lambda: calls, lambda call: None, lambda leg: None)
    assert lives(CALL, LEG) and not lives("n1-1795291036.7", LEG)
    calls.take(CallEnded(at=AT, call=CallId(CALL), by="caller", cause=16, reason="", source="cel"), ())
    assert not lives(CALL, LEG)


def test_a_caller_who_was_handed_to_a_talk_keeps_it_alive() -> None:
    assert still(lambda: living("n1-1.3"), lambda call: None, lambda leg: None)("n1-1.2", "n1-1.3")


@pytest.mark.parametrize("handed_on", [False, True])
def test_after_a_restart_the_records_tell_which_calls_have_not_ended(handed_on: bool) -> None:
    ruling = TalkRuling(leg=LEG, queue="servicio", agent="101", record=True, why="queue")
    record = CallRecord(call="n1-1795291036.9" if handed_on else CALL, did="601", started=AT, rulings=(ruling,))
    records = {record.call: record}
    lives = still(LiveCalls, records.get, lambda leg: record.call if handed_on and leg == LEG else None)
    assert lives(CALL, LEG) and not lives("n1-1795291036.7", "1")
    records[record.call] = replace(record, ended=AT)
    assert not lives(CALL, LEG)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ruled", "more", "expected"),
    [
        (-1, {}, []),
        (-1, {"pauses": (Pause(begun=AT + 2 * SECOND, by="101", ended=AT + 3 * SECOND),)}, [(2, 3, "paused")]),
        (4, {}, [(0, 4, "before the caller")]),
        (4, {"pauses": (Pause(begun=AT + 8 * SECOND, by="101"),)}, [(0, 4, "before the caller"), (8, 10, "paused")]),
        (-1, {"record": False, "begun": AT + 3 * SECOND}, [(0, 3, "not begun")]),
        (4, {"record": False, "begun": AT + 6 * SECOND}, [(0, 4, "before the caller"), (4, 6, "not begun")]),
        (None, {}, []),
    ],
)
def test_a_recording_of_ten_seconds_tells_where_it_hears_nobody(
    ruled: int | None, more: dict[str, Any], expected: list[tuple[int, int, str]]
) -> None:
    when = None if ruled is None else AT + ruled * SECOND
    ruling = TalkRuling(
        **{"leg": LEG, "queue": "", "agent": "101", "record": True, "why": "site", "ruled": when, **more}
    )
    talk = talk_of(CallRecord(call=CALL, did="601", started=AT), ruling)
    gaps = gaps_of(AT, 10_000_000, talk.silences)
    assert [(gap.from_us / 1e6, gap.to_us / 1e6, gap.why) for gap in gaps] == expected
