"""Recordings are ended before their time: for want of room on the disk."""

import pytest

from acd.facts import TalkEnded
from ivr.asterisk.ami import AmiLost, AmiRefused, AmiTimeout
from ivr.call import facts
from ivr.exchange.recording.leg import CannotChange
from recordings.policy import Wish
from tests.tools import run
from tests.unit.exchange.recording.house import CALL, LEG, OTHER, Asks, recorded, rung


@pytest.mark.parametrize("wish", [Wish.YES, Wish.ON_DEMAND])
@run
async def test_what_is_recorded_is_ended_in_good_order_and_once(wish: Wish) -> None:
    house = rung(wish)
    house.asterisk.fails_at = {"StopMixMonitor": AmiRefused("Could not stop monitoring channel")}
    assert await house.recorder.stop_all("disk") == 0, "the phone rings still"
    house.asterisk.fails_at = {}
    house.talks()
    assert await house.recorder.stop_all("disk") == 1
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}]
    stopped = house.journal[-1]
    assert isinstance(stopped, facts.RecordingStopped)
    assert (stopped.call, stopped.leg, stopped.why) == (CALL, LEG, "disk")
    assert await house.recorder.stop_all("disk") == 0 and len(house.asterisk.stopped) == 1
    for change in (house.pause, house.resume, house.begin):
        with pytest.raises(CannotChange, match="no room"):
            await change()
    assert await house.legs.key(Asks(LEG)) == "refused"


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel"), AmiTimeout("5 s")])
@run
async def test_what_asterisk_has_not_ended_is_tried_again(fails: Exception) -> None:
    house = recorded()
    house.asterisk.fails = fails
    assert await house.recorder.stop_all("disk") == 0 and house.told() == ["RecordingRuled"]
    house.asterisk.fails = None
    assert await house.recorder.stop_all("disk") == 1


@run
async def test_only_talks_with_a_file_are_ended() -> None:
    house = recorded(Wish.NO)
    assert await house.recorder.stop_all("disk") == 0 and house.asterisk.stopped == []
    over = recorded()
    over.calls.take(TalkEnded(at=over.now, t=2, offer=LEG), ())
    over.asterisk.fails_at = {"StopMixMonitor": AmiRefused("No such channel")}
    assert await over.recorder.stop_all("disk") == 0 and over.told() == ["RecordingRuled"]


def test_a_restart_knows_what_was_ended() -> None:
    house = rung()
    house.record(facts.RecordingStopped(at=house.now, call=CALL, leg=LEG, why="disk"))
    live = house.restarted().get(CALL)
    assert live is not None and live.stopped_recordings == {LEG}


@run
async def test_both_legs_of_a_call_that_was_handed_on_are_ended_for_want_of_room() -> None:
    house = recorded()
    house.handed_over()
    await house.settles()
    assert await house.recorder.stop_all("disk") == 2
    assert sorted(one["Channel"] for one in house.asterisk.stopped) == sorted([f"acd-{LEG}", OTHER])


@run
async def test_a_leg_in_which_another_caller_talks_now_is_ended_once_and_in_his_talk() -> None:
    house = recorded()
    before = house.talks_elsewhere()
    house.handed_over()
    await house.settles()
    assert await house.recorder.stop_all("disk") == 2
    assert house.live.stopped_recordings == {LEG, OTHER} and before.stopped_recordings == set()
