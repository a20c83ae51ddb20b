"""What the agent's key does, in whosever talk, and what it is answered."""

import asyncio

from ivr.exchange.recording import parts
from ivr.exchange.recording.ruling import RECORDED, SILENT
from recordings.policy import Wish
from tests.tools import run
from tests.unit.exchange.recording.house import LEG, OTHER, Asks, House, recorded, turns


@run
async def test_at_the_key_the_channel_goes_on_by_itself() -> None:
    house = recorded()
    await house.pause()
    key = Asks(LEG, "2")
    assert await house.legs.key(key) == "resumed"
    assert key.given == [("ANEW", "1")]
    assert house.asterisk.pressed == [] and house.calls.parts_of(LEG) == 2
    pausing = asyncio.ensure_future(house.pause())
    await turns()
    assert len(house.asterisk.muted) == 1
    house.part_begun()
    assert await pausing == "paused"


@run
async def test_a_channel_that_knows_of_no_file_is_let_hear_as_it_is() -> None:
    house = recorded()
    await house.pause()
    key = Asks(LEG, "0")
    assert await house.legs.key(key) == "resumed"
    assert key.given == [] and house.asterisk.states == ["1", "0"]


@run
async def test_two_keys_at_once_pause_and_go_on() -> None:
    house = recorded()
    became = await asyncio.gather(house.legs.key(Asks(LEG, "0")), house.legs.key(Asks(LEG, "0")))
    assert became == ["paused", "resumed"] and house.asterisk.states == ["1", "0"]


@run
async def test_the_key_waits_for_no_file_that_has_not_begun() -> None:
    house = recorded()
    house.asterisk.recording_part = house.recording_part_without_end
    house.comes_back()
    await turns()
    house.comes_back()
    house.clock.advance(parts.REST)
    await turns()
    pressed = asyncio.ensure_future(house.legs.key(Asks(LEG, "3")))
    await turns()
    house.part_begun()
    assert await pressed == "paused"
    await house.settles()
    assert len(house.asterisk.pressed) == 1


@run
async def test_a_channel_that_asks_twice_begins_one_file() -> None:
    house, answers = recorded(), []

    async def asks_twice(channel: str) -> None:
        answers.extend([await house.legs.part(Asks(channel, "2")) for _ in range(2)])
        house.part_begun()

    house.asterisk.recording_part = asks_twice
    house.comes_back()
    await house.settles()
    assert answers == [True, False] and house.calls.parts_of(LEG) == 2


@run
async def test_whoever_presses_that_key_at_a_phone_gets_nothing() -> None:
    house = recorded()
    assert not await house.legs.part(Asks(f"acd-{LEG}", "2"))
    assert not await house.legs.part(Asks("acd-unknown", "2"))
    assert house.calls.parts_of(LEG) == 1 and house.told() == ["RecordingRuled"]


@run
async def test_a_phone_that_dial_rang_pauses_by_its_key() -> None:
    house, leg = House(), "1795291423.7"
    house.hears_the_notice()
    house.wishes("yes")
    assert await house.legs.of_leg(Asks(leg, "201")) == RECORDED
    key = Asks(leg, "2", call="")
    assert await house.legs.key(key) == "paused" and house.live.silenced == {leg}
    assert house.asterisk.muted == [{"Channel": leg, "Direction": "both", "State": "1"}]
    assert await house.legs.key(key) == "resumed" and not house.live.silenced
    house.legs.part_begun(key)
    await house.settles()


@run
async def test_a_talk_between_phones_is_nobodys_and_its_silent_recording_stays() -> None:
    house, key = House(Wish.YES), Asks(OTHER, "2", call="")
    assert await house.legs.key(key) == "", "who knows?"
    assert await house.legs.of_leg(Asks(OTHER, "201", call="n1-other.0")) == SILENT
    assert await house.legs.key(key) == "refused"


@run
async def test_a_key_at_the_moment_of_a_transfer_waits_for_the_ruling() -> None:
    house = recorded()
    house.live.talk = OTHER
    house.asterisk.answers.clear()
    house.handed_over()
    await turns()
    pressed = asyncio.ensure_future(house.legs.key(Asks(OTHER, "2")))
    await turns()
    house.asterisk.answers.set()
    assert await pressed == "paused" and house.live.silenced == {OTHER}
