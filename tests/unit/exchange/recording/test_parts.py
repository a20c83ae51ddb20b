"""When a recording goes on in another file, and that silence which was ordered is kept there."""

import asyncio

import pytest

from acd.model import CallId
from ivr.asterisk.ami import AmiLost, AmiRefused
from ivr.call import facts
from ivr.exchange.recording import parts, renewal
from ivr.exchange.recording.leg import NotDone
from recordings.policy import Wish
from tests.tools import run
from tests.unit.exchange.recording.house import CALL, LEG, OTHER, Asks, House, recorded, rung, turns


@run
async def test_after_a_hold_the_recording_goes_on_in_another_file_each_time() -> None:
    house = recorded()
    house.comes_back()
    await house.settles()
    house.comes_back()
    house.comes_back()
    await house.settles()
    assert house.parts_begun == house.calls.parts_of(LEG) == 3 and house.asterisk.muted == []
    assert house.asterisk.pressed == [{"Channel": f"acd-{LEG}", "Digit": "D", "Receive": "true"}] * 2
    told = [fact for fact in house.journal if isinstance(fact, facts.RecordingRenewed)]
    assert [(fact.call, fact.leg, fact.part) for fact in told] == [(CALL, LEG, part) for part in (2, 3)]


@run
async def test_a_storm_of_holds_begins_one_file_in_a_few_seconds() -> None:
    house = recorded()
    for _ in range(20):
        house.comes_back()
        await turns()
    assert house.parts_begun == 2
    house.clock.advance(parts.REST - 0.1)
    await turns()
    assert house.parts_begun == 2
    house.clock.advance(0.1)
    await turns()
    assert house.parts_begun == 3, "the last hold is heard of"
    await house.settles()
    assert house.parts_begun == 3 and len(house.asterisk.pressed) == 2


@run
async def test_a_pause_waits_for_no_file_that_has_not_begun() -> None:
    house = recorded()
    house.asterisk.recording_part = house.recording_part_without_end
    house.comes_back()
    await turns()
    house.comes_back()
    house.clock.advance(parts.REST)
    await turns()
    pausing = asyncio.ensure_future(house.pause())
    await turns()
    house.part_begun()
    assert await pausing == "paused"
    await house.settles()
    assert len(house.asterisk.pressed) == 1


@run
async def test_where_nothing_was_paused_the_file_that_waited_is_begun() -> None:
    house = recorded()
    house.comes_back()
    await turns()
    house.comes_back()
    house.asterisk.fails_at = {"MixMonitorMute": AmiRefused("No such audio hook")}
    with pytest.raises(NotDone):
        await house.pause()
    await house.settles()
    assert house.parts_begun == 3


@pytest.mark.parametrize("state", ["paused", "stopped", "declined", "on demand"])
@run
async def test_what_is_silent_or_over_is_left_as_it_is(state: str) -> None:
    house = recorded(Wish.ON_DEMAND if state == "on demand" else Wish.YES)
    if state == "paused":
        await house.pause()
    elif state == "stopped":
        await house.recorder.stop_all("disk")
    elif state == "declined":
        house.wishes("declined")
    house.comes_back()
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts_begun == 1 and house.failed == 0


@run
async def test_a_pause_and_an_end_wait_until_the_other_file_is_begun() -> None:
    """Else they would be of the file that ends."""
    house = recorded()
    house.asterisk.recording_part = house.recording_part_without_end
    house.comes_back()
    await turns()
    assert len(house.asterisk.pressed) == 1
    pausing = asyncio.ensure_future(house.pause())
    ending = asyncio.ensure_future(house.recorder.stop_all("disk"))
    await turns()
    assert house.asterisk.muted == house.asterisk.stopped == []
    house.part_begun()
    assert await pausing == "paused" and await ending == 1
    assert not await house.legs.part(Asks(f"acd-{LEG}", "3")), "once for each time"


@run
async def test_when_asterisk_is_there_again_every_recording_that_hears_goes_on_in_another_file() -> None:
    """Whoever was on hold meanwhile, nobody heard of it."""
    house = recorded()
    ruled = {"at": house.now, "call": CALL, "queue": "", "agent": "103"}
    house.record(facts.RecordingRuled(**ruled, leg=OTHER, record=True, why="yes"))
    house.record(facts.RecordingRuled(**ruled, leg="1795291424.9", record=False, why="no"))
    await house.recorder.pause(house.live, OTHER, "telephone")
    house.parts.linked_again()
    await house.settles()
    assert [one["Channel"] for one in house.asterisk.pressed] == [f"acd-{LEG}"]


@run
async def test_of_a_leg_in_which_another_caller_talks_now_it_is_his_recording_that_goes_on() -> None:
    house, next_one = rung(), CallId("n1-1795291500.0")
    house.record(facts.NoticeHeard(at=house.now, call=next_one, prompt="p", version="v"))
    house.record(facts.RecordingWished(at=house.now, call=next_one, step="s", wish="yes"))
    house.clock.advance(1)
    live = house.calls.get(next_one)
    assert live is not None
    house.recorder.joined(live, LEG, "103")
    await house.settles()
    house.parts.linked_again()
    await house.settles()
    told = [(one.call, one.leg) for one in house.journal if isinstance(one, facts.RecordingRenewed)]
    assert told == [(next_one, LEG)] * 2


@run
async def test_the_journal_keeps_each_part_of_a_leg_once() -> None:
    house = recorded()
    for _ in range(2):
        house.comes_back()
        await house.settles()
    assert house.keys == [f"recording ruled:{CALL}:{LEG}", *(f"recording renewed:{LEG}:{part}" for part in (2, 3))]


def test_a_restart_knows_how_many_files_there_are() -> None:
    house = recorded()
    house.record(facts.RecordingRenewed(at=house.now, call=CALL, leg=LEG, part=3))
    again = house.restarted()
    assert again.parts_of(LEG) == 3
    again.take(facts.CallEnded(at=house.now, call=CALL, cause=16, by="caller"), ())
    assert again.parts_of(LEG) == 1, "then what lies there is all"


# ---- silence that was ordered is kept
@run
async def test_while_a_pause_is_on_its_way_no_other_file_is_begun() -> None:
    """Its silence would be that of the file that ends."""
    house = recorded()
    house.asterisk.answers.clear()
    pausing = asyncio.ensure_future(house.pause())
    await asyncio.sleep(0)
    house.comes_back()
    await turns()
    house.asterisk.answers.set()
    assert await pausing == "paused"
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts_begun == 1 and house.failed == 0


@run
async def test_what_was_ended_is_not_begun_again_by_a_channel_that_asks_late(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    stopped = facts.RecordingStopped(at=house.now, call=CALL, leg=LEG, why="disk")
    house.happens_meanwhile(lambda: house.record(stopped))
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    house.comes_back()
    await house.settles()
    assert house.parts_begun == 1


@run
async def test_a_channel_that_asks_when_the_caller_has_declined_begins_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    house.happens_meanwhile(lambda: house.wishes("declined"))
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    house.comes_back()
    await house.settles()
    assert len(house.asterisk.pressed) > 0 and house.parts_begun == 1 and "RecordingRenewed" not in house.told()


@run
async def test_what_was_ended_in_one_talk_is_not_begun_again_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    before = house.talks_elsewhere()
    house.record(facts.RecordingStopped(at=house.now, call=before.call, leg=OTHER, why="disk"))
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    house.handed_over()
    await house.settles()
    assert len(house.asterisk.pressed) > 0 and house.parts_begun == 1 and "RecordingRenewed" not in house.told()


async def begins_late(monkeypatch: pytest.MonkeyPatch) -> House:
    """A talk whose channel is to begin another file, and does so when nobody waits for it any more."""
    house = recorded()
    house.asterisk.recording_part = house.recording_part_without_end
    monkeypatch.setattr(renewal, "BEGUN_WITHIN", 0.01)
    house.comes_back()
    await house.settles()
    return house


@run
async def test_a_file_that_begins_after_a_pause_is_made_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    house = await begins_late(monkeypatch)
    await house.pause()
    house.part_begun()
    await house.settles()
    assert house.asterisk.states == ["1", "1"] and house.asterisk.stopped == []


@run
async def test_where_it_cannot_be_made_silent_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    house = await begins_late(monkeypatch)
    await house.pause()
    house.asterisk.fails_at = {"MixMonitorMute": AmiRefused("No such audio hook")}
    house.part_begun()
    await house.settles()
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}]


@run
async def test_a_file_that_begins_after_the_end_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    house = await begins_late(monkeypatch)
    assert await house.recorder.stop_all("disk") == 1
    house.part_begun()
    await house.settles()
    assert house.asterisk.stopped == [{"Channel": f"acd-{LEG}"}] * 2


# ---- the key is pressed where there is one, and what does not go on is not forgotten
@run
async def test_a_channel_that_is_gone_goes_on_in_no_file() -> None:
    house = recorded()
    house.asterisk.fails_at = {"Getvar": AmiRefused("No such channel")}
    house.comes_back()
    await house.settles()
    assert house.asterisk.pressed == [] and house.parts_begun == 1 and house.failed == 0


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel")])
@run
async def test_without_asterisk_it_goes_on_as_it_was(fails: Exception) -> None:
    house = recorded()
    house.asterisk.fails = fails
    house.comes_back()
    await house.settles()
    assert house.told() == ["RecordingRuled"]


@run
async def test_what_does_not_go_on_is_counted_and_tried_again() -> None:
    house = recorded()
    house.asterisk.fails = AmiLost("gone")
    house.comes_back()
    await turns()
    assert house.failed == 1
    house.asterisk.fails = None
    await house.settles()
    assert house.parts_begun == 2 and house.failed == 1


@run
async def test_it_is_tried_a_few_times_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    house = recorded()
    house.asterisk.recording_part = None
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.001)
    house.comes_back()
    await house.settles()
    assert house.failed == parts.ATTEMPTS and house.parts_begun == 1
    assert len(house.asterisk.pressed) == renewal.TRIES * parts.ATTEMPTS


@run
async def test_a_hold_meanwhile_takes_the_place_of_the_other_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    house, holds = recorded(), iter([True])

    async def nothing(channel: str) -> None:
        if next(holds, False):
            house.comes_back()

    house.asterisk.recording_part = nothing
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.001)
    house.comes_back()
    await house.settles()
    assert house.failed == 1 + parts.ATTEMPTS


@run
async def test_a_pause_ends_the_attempts() -> None:
    house = recorded()
    house.asterisk.fails_at = {"PlayDTMF": AmiLost("gone")}
    house.comes_back()
    await turns()
    assert await house.pause() == "paused"
    await house.settles()
    assert house.failed == 1
