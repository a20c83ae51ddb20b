"""What is known of a leg's recording, and what may be changed about it: one state of a talk after the other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from acd.model import CallId, OfferId
from ivr.call import facts
from ivr.call.calls import LiveCall
from ivr.exchange.recording.leg import (
    CannotChange,
    NotDone,
    channel_of,
    check_begin,
    check_pause,
    check_resume,
    has_a_file,
    hears,
    is_recorded,
    talk_of,
    was_ended,
)
from ivr.testing.clock import ManualClock
from recordings.policy import Ruling, Why
from tests.unit.exchange.recording.house import LEG, OTHER

NOW = ManualClock().now()
NOT_RECORDED, PAUSED, NOT_PAUSED = "is not recorded", "is paused already", "is not paused"
DECLINED, ENDED = "does not want to be recorded", "no room on the disk"


def talk(why: Why | None = Why.YES, *, begun: bool = False, later: int = 0, **known: object) -> LiveCall:
    """A call that this was ruled for in a leg, so many seconds later than others; None: nothing was."""
    live = LiveCall(CallId(f"n1-{later}.0"), **known)  # type: ignore[arg-type]
    if why is not None:
        at, record = NOW + timedelta(seconds=later), Ruling(why).record
        ruled = {"leg": LEG, "queue": "servicio", "agent": "101", "record": record, "why": why.value}
        live.ruled = {LEG: facts.RecordingRuled(at=at, call=live.call, **ruled)}  # type: ignore[arg-type]
    live.begun_recordings = {LEG} if begun else set()
    return live


@dataclass(frozen=True)
class State:
    """What holds in a state of a talk; `pause` and `resume`: why not, empty = it can be done."""

    live: LiveCall
    recorded: bool = False
    hears: bool = False
    file: bool = False
    pause: str = NOT_RECORDED
    resume: str = NOT_PAUSED


STATES = {
    "recorded": State(talk(), recorded=True, hears=True, file=True, pause=""),
    "forced": State(talk(Why.FORCED), recorded=True, hears=True, file=True, pause=""),
    "paused": State(talk(silenced={LEG}), recorded=True, file=True, pause=PAUSED, resume=""),
    "declined": State(talk(declined=True), recorded=True, file=True, pause=""),
    "paused, then declined": State(
        talk(silenced={LEG}, declined=True), recorded=True, file=True, pause=PAUSED, resume=DECLINED
    ),
    "on demand": State(talk(Why.ON_DEMAND), file=True),
    "not drawn": State(talk(Why.NOT_DRAWN), file=True),
    "begun on demand": State(talk(Why.ON_DEMAND, begun=True), recorded=True, hears=True, file=True, pause=""),
    "could not be begun": State(
        talk(Why.ON_DEMAND, begun=True, silenced={LEG}), recorded=True, file=True, pause=PAUSED, resume=""
    ),
    "ended": State(talk(stopped_recordings={LEG}), recorded=True, pause=ENDED, resume=ENDED),
    "paused, then ended": State(
        talk(silenced={LEG}, stopped_recordings={LEG}), recorded=True, pause=ENDED, resume=ENDED
    ),
    "another leg was ended": State(talk(stopped_recordings={OTHER}), recorded=True, hears=True, file=True, pause=""),
    "not wanted": State(talk(Why.NO)),
    "not wanted, of a phone of the house": State(talk(Why.NO, did="*71"), file=True),
    "impossible": State(talk(Why.IMPOSSIBLE)),
    "nothing ruled": State(talk(None)),
}


def refusal(check: Callable[..., None], *given: object) -> str:
    try:
        check(*given)
    except CannotChange as why:
        assert not isinstance(why, NotDone)
        return str(why)
    return ""


@pytest.mark.parametrize("name", STATES)
def test_what_holds_in_each_state(name: str) -> None:
    state = STATES[name]
    assert is_recorded(state.live, LEG) is state.recorded
    assert hears(state.live, LEG) is state.hears
    assert has_a_file(state.live, LEG) is state.file


@pytest.mark.parametrize("name", STATES)
def test_what_may_be_changed_in_each_state(name: str) -> None:
    state = STATES[name]
    for check, why in ((check_pause, state.pause), (check_resume, state.resume)):
        told = refusal(check, state.live, LEG)
        assert why in told and bool(why) is bool(told)


@pytest.mark.parametrize("why", list(Why))
def test_only_what_may_begin_now_is_begun(why: Why) -> None:
    told = refusal(check_begin, talk(Why.ON_DEMAND), LEG, Ruling(why))
    assert told == ("" if why in (Why.ON_DEMAND, Why.NOT_DRAWN) else "this talk may not be recorded")
    assert ENDED in refusal(check_begin, talk(stopped_recordings={LEG}), LEG, Ruling(why))


def test_of_what_was_never_ruled_nothing_begins() -> None:
    assert refusal(check_begin, talk(None), LEG, None) == "nothing is known of this talk"


def test_a_leg_is_of_whoever_talks_in_it_else_of_whom_it_was_ruled_for_last() -> None:
    first, second, stranger = talk(later=1), talk(later=2), talk(None, later=3)
    assert talk_of([], LEG) is talk_of([stranger], LEG) is None
    assert talk_of([first, second, stranger], LEG) is talk_of([second, first], LEG) is second
    first.talk = LEG
    assert talk_of(iter([second, first]), LEG) is first
    stranger.talk, first.talk = LEG, OTHER
    assert talk_of([first, second, stranger], LEG) is stranger


def test_a_recording_that_was_ended_is_so_in_whosever_talk() -> None:
    calls = [talk(later=1), talk(later=2, stopped_recordings={LEG})]
    assert was_ended(calls, LEG) and not was_ended(calls, OTHER)


def test_the_channel_of_an_offers_leg_and_of_dials() -> None:
    assert channel_of(LEG) == f"acd-{LEG}" and channel_of(OfferId(OTHER)) == OTHER
