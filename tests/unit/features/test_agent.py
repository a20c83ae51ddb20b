"""What agents dial: log in, log out, pause, ready, and the key with the lamp."""

from pathlib import Path

import pytest

from ivr.speech import PHRASES
from tests.tools import run
from tests.unit.features.line import Line, line


async def dial(place: Line, feature: str, *keys: str, extension: str = "301", about: str = "") -> list[str]:
    heard = await place.dial(feature, *keys, extension=extension, about=about)
    assert heard.done == "hangup" and heard.sounds[-1] == "goodbye"
    return heard.sounds[:-1]


@run
async def test_in_and_out_ready_and_pause_each_confirmed(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert await dial(place, "logout") == ["logged_out"]
        assert place.staff.state() == "logged out"
        assert await dial(place, "login") == ["logged_in"]
        assert place.staff.state() == "available"
        assert await dial(place, "pause", about="2") == ["paused", "pause_reason_2"]
        assert place.staff.agents.rows()[0].reason == "Baño"
        assert await dial(place, "ready") == ["ready"]
        assert place.staff.state() == "available"
        await place.staff.dispatcher.settled()
        by = [entry.event.get("by") async for entry in place.staff.journal.read()][-4:]
        assert by == ["telephone"] * 4
        assert place.count("feature_calls", feature="pause", result="done") == 1


@run
async def test_the_reason_is_asked_for(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        said = await dial(place, "pause", "-------9", "--1")
        assert said[:7] == [
            "pause_reason",
            *("for", "pause_reason_1", "press_1"),
            *("for", "pause_reason_2", "press_2"),
        ]
        assert said[-2:] == ["paused", "pause_reason_1"] and "wrong_key" in said
        assert place.staff.agents.rows()[0].reason == "Almuerzo"


@run
async def test_a_reason_with_two_digits(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        place.staff.site.pause_reasons = {1: "Almuerzo", 12: "Reunión"}
        assert (await dial(place, "pause", "--12"))[-2:] == ["paused", "pause_reason_12"]
        await dial(place, "ready")
        said = await dial(place, "pause", "-" * 10 + "1#")
        assert said[4:7] == ["for", "pause_reason_12", "press"] and said[-1] == "pause_reason_1"


@run
async def test_who_gives_no_reason_goes_on(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        said = await dial(place, "pause")
        assert said[-1] == "no_key" and place.staff.state() == "available"
        assert place.count("feature_calls", feature="pause", result="gave up") == 1
        await place.dial("pause", extension="301", hang_up_at=2.0)
        assert place.staff.state() == "available"


@run
async def test_a_reason_that_the_site_no_longer_has_is_asked_for(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert "pause_reason" in await dial(place, "pause", about="7")
        place.staff.site.pause_reasons = {}
        assert await dial(place, "pause", about="7") == ["paused"]
        assert place.staff.agents.rows()[0].reason == "pause"


@run
async def test_who_is_logged_out_hears_what_to_do_first(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        await dial(place, "logout")
        for feature in ("pause", "ready"):
            assert await dial(place, feature, about="1") == ["log_in_first"]
        assert place.staff.state() == "logged out"


@run
async def test_logging_in_again_does_not_hide_a_pause(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        await dial(place, "pause", about="1")
        assert await dial(place, "login") == ["logged_in", "paused", "pause_reason_1"]
        assert place.staff.state() == "paused"


@pytest.mark.parametrize("feature", ["login", "logout", "pause", "ready", "agent-key"])
@run
async def test_a_phone_that_is_no_agents(feature: str, tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert await dial(place, feature, extension="101", about="301") == ["no_agent"]
        assert place.count("feature_calls", feature=feature, result="no agent") == 1
        assert place.staff.state() == "available"


@run
async def test_the_key_with_the_lamp_does_what_comes_next(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert (await dial(place, "agent-key", "----1", about="301"))[-2:] == ["paused", "pause_reason_1"]
        assert await dial(place, "agent-key", about="301") == ["ready"]
        await dial(place, "logout")
        assert await dial(place, "agent-key", about="301") == ["logged_in"]
        place.staff.agents.log_out("302", "command")
        place.staff.hangs_up(await place.staff.talk("n1-1.0"))
        assert place.staff.state() == "wrap-up"
        assert await dial(place, "agent-key", about="301") == ["ready"]
        assert place.staff.state() == "available"


@run
async def test_nobody_presses_the_key_of_somebody_else(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert await dial(place, "agent-key", extension="302", about="301") == ["not_available"]
        assert [place.staff.state(agent) for agent in ("301", "302")] == ["available", "available"]


def test_every_sentence_and_every_key_of_the_question_is_there() -> None:
    assert {f"phrase_press_{key}" for key in range(1, 10)} <= PHRASES.keys()
