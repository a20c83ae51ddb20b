"""What is ruled before a phone rings, and what its leg is told."""

import pytest

from ivr.exchange.recording.ruling import NOT, RECORDED, SILENT
from recordings.policy import Why, Wish
from tests.tools import run
from tests.unit.exchange.recording.house import LEG, OTHER, Asks, House, rung


def informed(wish: Wish = Wish.NO) -> House:
    """A caller who has heard the notice."""
    house = House(wish)
    house.hears_the_notice()
    return house


def test_it_is_ruled_before_the_phone_rings_and_the_journal_knows_why() -> None:
    house = informed(Wish.YES)
    assert house.offered() == RECORDED
    ruled = house.ruled()
    assert ruled.record and ruled.why == Why.YES.value
    assert ruled.said == ("queue|servicio|yes",) and (ruled.leg, ruled.agent) == (LEG, "101")


@pytest.mark.parametrize(("heard", "wish", "rec"), [(False, "", NOT), (True, "declined", NOT), (True, "never", NOT)])
def test_nothing_is_recorded_without_the_notice_or_against_a_word(heard: bool, wish: str, rec: str) -> None:
    house = House(Wish.FORCE)
    if heard:
        house.hears_the_notice()
    if wish:
        house.wishes(wish)
    assert house.offered() == rec


def test_who_agrees_again_is_recorded_again() -> None:
    house = informed(Wish.YES)
    house.wishes("declined")
    house.wishes("agreed")
    assert house.offered() == RECORDED


def test_a_steps_wish_counts_before_the_queues() -> None:
    house = informed()
    house.wishes("yes")
    assert house.offered() == RECORDED
    assert house.ruled().said == ("step|s|yes", "queue|servicio|no")


def test_what_may_be_recorded_later_begins_silent() -> None:
    assert informed(Wish.ON_DEMAND).offered() == SILENT


@pytest.mark.parametrize("wish", [Wish.FORCE, Wish.YES, Wish.ON_DEMAND])
def test_without_room_nothing_begins_and_the_journal_knows_why(wish: Wish) -> None:
    house = informed(wish)
    house.room = False
    assert house.offered() == NOT
    ruled = house.ruled()
    assert not ruled.record and ruled.why == Why.NO_ROOM.value and ruled.said == (f"queue|servicio|{wish}",)


def test_without_room_what_nobody_wanted_keeps_its_reason() -> None:
    house = informed()
    house.room = False
    house.offered()
    assert house.ruled().why == Why.NO.value


@run
async def test_a_silent_recording_does_not_begin_when_the_room_is_gone_meanwhile() -> None:
    house = rung(Wish.ON_DEMAND)
    assert await house.legs.hush(Asks(LEG))
    house.room = False
    assert not await house.legs.hush(Asks(LEG))


@run
async def test_a_leg_that_dial_makes_needs_room_too_and_is_ended_by_its_channel() -> None:
    house = informed()
    house.wishes("yes")
    leg, inside = Asks("1795291423.7", "201"), Asks(OTHER, "201", call="n1-other.0")
    assert await house.legs.of_leg(leg) == RECORDED
    assert await house.recorder.stop_all("disk") == 1 and house.asterisk.stopped == [{"Channel": "1795291423.7"}]
    assert house.live.stopped_recordings == {"1795291423.7"}
    house.wish(*house.site.queues, wish=Wish.YES)
    assert await house.legs.of_leg(inside) == SILENT
    house.room = False
    assert await house.legs.of_leg(leg) == await house.legs.of_leg(inside) == NOT
    assert house.ruled().why == Why.NO_ROOM.value
