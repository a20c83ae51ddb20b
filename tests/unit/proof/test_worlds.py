"""The worlds of a proof: every state that a year has, and no other."""

from datetime import date, datetime, timedelta
from pathlib import Path

from ivr.call.effects import Opening
from ivr.proof.keys import Keys
from ivr.proof.worlds import RECORDED, asked, worlds_of
from ivr.site import Site
from tests.proof.company import FIRST_DAY, company, loaded


def site_with(tmp_path: Path, *branches: str) -> Site:
    """The company, whose flow asks these conditions too."""
    site = company(tmp_path)
    ways = "".join(f"      - when: {condition}\n        then: menu\n" for condition in branches)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text(encoding="utf-8")
    text = text.replace("    then: quien\n", "    then: ahora\n", 1)
    ahora = f"  ahora:\n    branch:\n{ways}    otherwise: quien\n"
    flow.write_text(text.replace("  quien:\n", f"{ahora}  quien:\n", 1), encoding="utf-8")
    found = loaded(site).site
    assert found is not None
    return found


def test_every_state_of_the_timetable_in_the_year_is_a_world_and_every_world_has_its_example(tmp_path: Path) -> None:
    site = site_with(tmp_path, 'open(bodega) and weekday = "sunday"', "now >= 18:00", "holiday")
    what = asked(site, FIRST_DAY)
    worlds = worlds_of(site, site.flows["principal"], what)
    parts = [part.text for part in what.parts]
    assert set(parts) == {"open(bodega)", 'weekday = "sunday"', "now >= 18:00", "holiday"}

    def signature(local: datetime) -> tuple[object, ...]:
        return (
            site.hours["oficina"].is_open(local, site.holidays),
            site.hours["bodega"].is_open(local, site.holidays),
            local.weekday() == 6,
            local.hour >= 18,
            site.holidays.name_of(local.date()) is not None,
        )

    met = set()
    for number in range(366):
        day = FIRST_DAY + timedelta(days=number)
        for minute in range(0, 1440, 10):
            local = datetime.combine(day, datetime.min.time(), site.zone) + timedelta(minutes=minute)
            met.add(signature(local))
    found = set()
    for bit in range(worlds.all.bit_length()):
        world = worlds.example(1 << bit)
        if not world.overridden:
            found.add(signature(world.at))
            holding = [text for text in parts if worlds.holding(text) >> bit & 1]
            assert ("now >= 18:00" in holding) == (world.at.hour >= 18)
            assert ("holiday" in holding) == (site.holidays.name_of(world.at.date()) is not None)
    assert found == met


def test_a_timetable_answers_in_all_ways_that_overrides_allow(tmp_path: Path) -> None:
    site = site_with(tmp_path, "holiday")
    worlds = worlds_of(site, site.flows["principal"], asked(site, FIRST_DAY))
    answers = dict(worlds.openings("oficina", worlds.all))
    assert set(answers) == {
        Opening("open"),
        Opening("closed"),
        Opening("emergency", "emergencia"),
        Opening("emergency", file=RECORDED),
    }
    assert sum(answers.values()) == worlds.all  # each world gives one answer


def test_dates_are_met_on_their_day(tmp_path: Path) -> None:
    site = site_with(tmp_path, "today = 2026-12-24", "today = 2024-12-24")
    worlds = worlds_of(site, site.flows["principal"], asked(site, FIRST_DAY))
    assert worlds.example(worlds.holding("today = 2026-12-24")).at.date() == date(2026, 12, 24)
    assert worlds.holding("today = 2024-12-24") == 0


def test_keys_that_no_menu_tells_apart_are_one(tmp_path: Path) -> None:
    found = loaded(company(tmp_path)).site
    assert found is not None
    keys = Keys(found)
    assert [(key.key, key.wrong) for key in keys.at("principal", "menu", "0123456789*#")] == [
        ("0", False),
        ("1", False),
        ("2", False),
        ("3", False),
        ("4", False),
        ("5", False),
        ("6", True),
        ("*", False),
    ]
    # before the menu, * is of no use either: a menu does not take it from before
    kept = [key.key for key in keys.at("principal", "bienvenida", "0123456789*#")]
    assert kept == ["0", "1", "2", "3", "4", "5", "6"]
    assert keys.kept("principal", "bienvenida", "9") == "" and keys.kept("principal", "bienvenida", "3") == "3"
    assert keys.kept("principal", "servicio", "3") == ""  # a queue forgets keys
