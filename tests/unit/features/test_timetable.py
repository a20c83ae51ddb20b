"""Overriding a timetable by telephone."""

from datetime import timedelta
from pathlib import Path

from ivr.site.overrides import State
from tests.tools import run
from tests.unit.features.line import Line, line

PIN = "555666"


async def dial(place: Line, *keys: str, **how: float) -> list[str]:
    heard = await place.dial("timetable", PIN, *keys, about="oficina", **how)  # type: ignore[arg-type]
    return heard.sounds


@run
async def test_closed_for_three_hours(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        said = await dial(place, "-", "2", "-", "3#")
        assert said == [
            *["enter_pin", "now_timetable", "override_menu", "override_hours"],
            *["now_closed", "override_until", "at", "goodbye"],
        ]
        override = place.overrides.state("oficina")
        assert override is not None
        assert (override.state, override.by, override.who) == (State.CLOSED, "telephone", "101")
        assert override.until == place.house.clock.now() + timedelta(hours=3)


@run
async def test_open_until_further_notice_and_back(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        said = await dial(place, "-", "1", "-", "#")
        assert said[-3:] == ["now_open", "override_until_further_notice", "goodbye"]
        override = place.overrides.state("oficina")
        assert override is not None and override.until is None and override.state is State.OPEN
        said = await dial(place, "-", "0")
        assert said[1] == "now_open" and said[-2:] == ["now_timetable", "goodbye"]
        assert place.overrides.state("oficina") is None


@run
async def test_an_emergency_with_an_announcement(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        # recorded, heard, recorded again, used; then until further notice
        said = await dial(place, "-", "3", "--", "-" * 6, "2", "---", "3", "-" * 9, "1", "-", "#")
        override = place.overrides.state("oficina")
        assert override is not None and override.state is State.EMERGENCY
        path = place.overrides.path_of(override.file)
        assert path is not None and path.stat().st_size > 16_000
        assert said.count("record_emergency") == 2
        assert path.stem in said, "the review plays it"
        assert said[-3:] == ["now_emergency", "override_until_further_notice", "goodbye"]


@run
async def test_star_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        assert (await dial(place, "-", "*"))[-2:] == ["nothing_changed", "goodbye"]
        assert (await dial(place, "-", "3", "-" * 9, "*"))[-3:] == ["record_review", "nothing_changed", "goodbye"]
        assert place.overrides.all() == []


@run
async def test_who_hangs_up_before_the_end_changes_nothing(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        for moment in (3.0, 5.0, 9.0):
            await dial(place, "-", "3", hang_up_at=moment)
        await dial(place, "-", "2", hang_up_at=3.5)
        assert place.overrides.all() == []
        assert place.count("feature_calls", feature="timetable", result="hung up") == 4


@run
async def test_impossible_hours_are_asked_again(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        said = await dial(place, "-", "2", "-", "0#", "--", "721", "--", "12#")
        assert said.count("wrong_key") == 2
        override = place.overrides.state("oficina")
        assert override is not None
        assert override.until == place.house.clock.now() + timedelta(hours=12)


@run
async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        (tmp_path / "overrides").write_text("no folder")
        assert (await dial(place, "-", "3"))[-2:] == ["failed", "goodbye"]


@run
async def test_a_timetable_that_the_site_no_longer_has(tmp_path: Path) -> None:
    async with line(tmp_path) as place:
        heard = await place.dial("timetable", PIN, about="bodega")
        assert heard.sounds == ["not_available", "goodbye"]
