"""A call that leaves a message: its outcome, and when it is counted."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from acd.model import CallId
from ivr.call import facts as c
from ivr.explanation import Explanation
from ivr.figures.call_record import CallOutcome, CallRecord
from ivr.figures.projection import Projection
from ivr.figures.tally import Tally

CALL = CallId("n1-1.1")
AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def at(seconds: int) -> dict[str, Any]:
    return {"at": AT + timedelta(seconds=seconds), "call": CALL}


STARTED = c.CallStarted(**at(0), did="6017436967", caller="key", flow="principal", config="v")
STEP = c.StepEntered(**at(1), flow="principal", step="buzon", verb="voicemail")
BEGUN = c.MessageBegun(**at(2), mailbox="servicio", message="m1")
LEFT = c.MessageLeft(**at(9), mailbox="servicio", message="m1", seconds_us=7_000_000)
DROPPED = c.MessageDropped(**at(9), mailbox="servicio", message="m1")
ENDED = c.CallEnded(**at(10), cause=16, by="caller", reason="closed")


class Figures:
    """A fold, and what it counted."""

    def __init__(self, *events: Any) -> None:
        self.projection, self.tally = Projection(), Tally()
        for event in events:
            self.tell(event)

    def tell(self, event: Any) -> None:
        self.tally.count(event, self.projection.apply(event.at, event))

    @property
    def call(self) -> CallRecord:
        return self.projection.calls[CALL]

    @property
    def counted(self) -> dict[tuple[str, ...], int]:
        return dict(self.tally.calls)


@pytest.mark.parametrize("later", list(permutations([LEFT, ENDED])))
def test_left_before_or_after_the_end_is_told_it_is_counted_once_as_voicemail(later: tuple[Any, ...]) -> None:
    figures = Figures(STARTED, STEP, BEGUN, *later)
    assert figures.call.outcome is CallOutcome.VOICEMAIL and figures.call.messages == ("m1",)
    assert figures.counted == {("6017436967", "voicemail"): 1}
    assert figures.tally.corrections.total() == 0 and figures.tally.messages == {("servicio",): 1}
    assert set(figures.tally.difference(figures.projection).values()) == {0}


@pytest.mark.parametrize("later", list(permutations([DROPPED, ENDED])))
def test_a_dropped_message_is_none(later: tuple[Any, ...]) -> None:
    figures = Figures(STARTED, STEP, BEGUN, *later)
    assert figures.counted == {("6017436967", "closed"): 1} and figures.call.messages == ()


def test_a_call_is_not_counted_while_nobody_knows_what_became_of_its_message() -> None:
    figures = Figures(STARTED, STEP, BEGUN, ENDED)
    assert figures.counted == {} and not figures.call.complete
    assert figures.projection.open_calls() == []  # its line is free
    assert set(figures.tally.difference(figures.projection).values()) == {0}
    figures.tell(LEFT)
    assert figures.counted == {("6017436967", "voicemail"): 1}


def test_recording_again_leaves_one_message() -> None:
    again = c.MessageBegun(**at(5), mailbox="servicio", message="m2")
    left = c.MessageLeft(**at(9), mailbox="servicio", message="m2", seconds_us=1)
    figures = Figures(STARTED, STEP, BEGUN, DROPPED, again, left, left, ENDED)
    assert figures.call.messages == ("m2",) and figures.call.complete


def test_who_talked_was_answered_also_with_a_message() -> None:
    dial = [c.DialBegun(**at(2), extension="100"), c.DialAnswered(**at(3), extension="100")]
    figures = Figures(STARTED, STEP, *dial, BEGUN, LEFT, ENDED)
    assert figures.call.outcome is CallOutcome.TRANSFERRED


def test_what_people_did_with_a_message_is_explained_with_its_call() -> None:
    handled = c.MessageHandled(**at(90), mailbox="servicio", message="m1", what="deleted", by="telephone 101")
    explanation = Explanation(CALL)
    for event in (STARTED, BEGUN, LEFT, ENDED, handled):
        explanation.take(event, ())
    told = [line.text for line in explanation.lines]
    assert "left message m1 in mailbox servicio, 7.0 s" in told
    assert told[-1] == "message m1 was deleted by telephone 101"
    figures = Figures(STARTED, BEGUN, LEFT, ENDED)
    before = figures.call
    figures.tell(handled)
    assert figures.call == before and figures.projection.waiting_facts() == []
