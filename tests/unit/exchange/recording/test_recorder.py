"""What agents and the API change about a talk's recording while it lasts, with Asterisk obedient or away."""

import pytest

from ivr.asterisk.ami import AmiLost, AmiRefused
from ivr.call import facts
from ivr.exchange.recording import renewal
from ivr.exchange.recording.leg import CannotChange, NotDone
from recordings.policy import Why, Wish
from tests.tools import run
from tests.unit.exchange.recording.house import CALL, LEG, OTHER, recorded, rung, turns


@run
async def test_pausing_and_going_on_are_told_when_asterisk_has_done_them() -> None:
    house = rung()
    assert await house.pause() == "paused"
    with pytest.raises(CannotChange, match="paused already"):
        await house.pause()
    assert await house.resume() == "resumed"
    with pytest.raises(CannotChange, match="not paused"):
        await house.resume()
    assert house.told() == ["RecordingRuled", "RecordingPaused", "RecordingResumed", "RecordingRenewed"]
    (silent,) = house.asterisk.muted
    assert (silent["Channel"], silent["Direction"], silent["State"]) == (f"acd-{LEG}", "both", "1")
    assert house.parts_begun == 2, "what is heard again is so in another file"


@run
async def test_where_no_other_file_can_be_begun_the_present_one_is_let_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    house = rung()
    await house.pause()
    house.asterisk.recording_part = None
    monkeypatch.setattr(renewal, "ASKED_WITHIN", 0.01)
    assert await house.resume() == "resumed"
    assert house.asterisk.states == ["1", "0"]
    assert len(house.asterisk.pressed) == renewal.TRIES and house.calls.parts_of(LEG) == 1


@pytest.mark.parametrize("fails", [AmiLost("gone"), AmiRefused("No such channel")])
@run
async def test_a_pause_that_was_not_done_is_not_told_as_done(fails: Exception) -> None:
    house = rung()
    house.asterisk.fails = fails
    with pytest.raises(NotDone):
        await house.pause()
    assert house.told() == ["RecordingRuled"] and not house.live.silenced


@run
async def test_going_on_that_was_not_done_leaves_it_paused() -> None:
    house = rung()
    await house.pause()
    house.asterisk.fails = AmiLost("gone")
    with pytest.raises(NotDone):
        await house.resume()
    assert house.live.silenced == {LEG}


@run
async def test_on_demand_begins_once_and_can_be_paused_then() -> None:
    house = rung(Wish.ON_DEMAND)
    with pytest.raises(CannotChange, match="not recorded"):
        await house.pause()
    assert await house.begin() == "begun"
    assert await house.pause() == "paused"


@run
async def test_what_could_not_be_begun_is_known_as_silent() -> None:
    house = recorded(Wish.ON_DEMAND)
    house.asterisk.fails = AmiLost("gone")
    with pytest.raises(NotDone):
        await house.begin()
    assert house.live.silenced == {LEG}
    house.asterisk.fails = None
    assert await house.resume() == "resumed"


@run
async def test_who_declines_while_it_is_paused_is_heard_no_more() -> None:
    house = rung()
    await house.pause()
    house.wishes("declined")
    with pytest.raises(CannotChange, match="does not want"):
        await house.resume()
    with pytest.raises(CannotChange, match="may not be recorded"):
        await house.begin()


def test_a_restart_knows_what_was_paused() -> None:
    house = rung()
    house.record(facts.RecordingPaused(at=house.now, call=CALL, leg=LEG, by="telephone"))
    live = house.restarted().get(CALL)
    assert live is not None and live.silenced == {LEG} and live.ruled[LEG].record


@run
async def test_what_begins_on_demand_or_is_handed_over_does_so_in_a_file_of_its_own() -> None:
    house = recorded(Wish.ON_DEMAND)
    assert await house.begin() == "begun"
    assert house.parts_begun == 2 and house.asterisk.muted == []
    over = recorded()
    over.handed_over()
    await over.settles()
    assert over.parts_begun == over.calls.parts_of(OTHER) == 2 and over.asterisk.muted == []


@run
async def test_the_talk_is_the_callers_from_when_he_came_however_long_asterisk_needs() -> None:
    """Before that it is a gap, and what is heard in a gap would be a lie."""
    house = recorded()
    came = house.now
    house.asterisk.answers.clear()
    house.handed_over()
    await turns()
    house.clock.advance(2)
    house.asterisk.answers.set()
    await house.settles()
    (ruled,) = [one for one in house.journal if isinstance(one, facts.RecordingRuled) and one.leg == OTHER]
    assert ruled.at == came < house.now


@run
async def test_where_the_phone_has_no_such_key_the_caller_hears_none() -> None:
    """The server was away when the leg would have asked about its recording."""
    house = recorded()
    house.asterisk.without = {OTHER}
    house.handed_over()
    await house.settles()
    ruled = house.live.ruled[OTHER]
    assert house.asterisk.pressed == house.asterisk.muted == [] and ruled.why == Why.IMPOSSIBLE.value
    assert not ruled.record
