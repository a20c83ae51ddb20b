"""`hours` while somebody has overridden the timetable."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.model import CallId
from ivr.call.effects import (
    FRESH,
    RESUMED,
    AskOpen,
    Done,
    Effect,
    HangUp,
    Input,
    Opening,
    Play,
    Played,
    PlayFile,
    Pressed,
    Returned,
    WaitKey,
)
from ivr.call.machine import Machine
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.site import Site
from tests.unit.language.fixtures import good_site, load

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
FILE = "overrides/oficina-20261123T120000-0a1b"

FLOW = """
flow: principal
language: en
numbers: ["6017436967"]
start: horario
steps:
  horario:
    hours: oficina
    open: abierto
    closed: cerrado
    emergency: menu
  menu:
    ask: menu
    keys: {1: abierto}
    no key: no_le_escuche
    wrong key: opcion_invalida
    tries: 1
    then: cerrado
  abierto:
    hang up: self-served
  cerrado:
    hang up: closed
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = good_site(tmp_path)
    (folder / "flows" / "principal.yaml").write_text(FLOW)
    hours = folder / "config" / "hours.yaml"
    hours.write_text(hours.read_text().replace("label: Office", "label: Office\n    emergency: anuncio"))
    checked = load(folder).site
    assert checked is not None
    return checked


def drive(
    site: Site, opening: Opening, key: str = "", missing: bool = False, place: Place | None = None
) -> tuple[list[str], Effect]:
    """What the caller hears, and the end. `key` is pressed in the first message."""
    info = CallInfo(call=CallId("n1-1.1"), did="6017436967", caller="key")
    returned: Returned = RESUMED if place is not None else FRESH
    machine = Machine(site, site.default_flow, info, place, returned)
    heard: list[str] = []
    effect = machine.start(AT)
    while not machine.finished:
        answer: Input = Done()
        if isinstance(effect, AskOpen):
            assert effect.timetable == "oficina"
            answer = opening
        elif isinstance(effect, PlayFile):
            heard.append(effect.file)
            answer = Played(missing=missing, complete=not missing, key=None if missing else key or None)
            key = key if missing else ""
        elif isinstance(effect, Play):
            heard.append(effect.prompt)
            answer, key = Played(key=key or None), ""
        elif isinstance(effect, WaitKey):
            answer = Pressed(None)
        effect = machine.step(answer, AT)
    return heard, effect


def test_open_and_closed_are_heard_without_a_message(site: Site) -> None:
    assert drive(site, Opening("open")) == ([], HangUp("self-served"))
    assert drive(site, Opening("closed")) == ([], HangUp("closed"))


def test_the_message_of_an_emergency_is_heard_before_its_exit(site: Site) -> None:
    heard, _ = drive(site, Opening("emergency", file=FILE))
    assert heard[:2] == [FILE, "menu"]
    heard, _ = drive(site, Opening("emergency", prompt="anuncio"))
    assert heard[:2] == ["anuncio", "menu"]
    heard, _ = drive(site, Opening("emergency"))
    assert heard[0] == "menu"


@pytest.mark.parametrize("opening", [Opening("emergency", file=FILE), Opening("emergency", prompt="anuncio")])
def test_a_key_in_the_message_counts_in_the_next_menu(site: Site, opening: Opening) -> None:
    heard, end = drive(site, opening, key="1")
    assert heard == [opening.file or opening.prompt]
    assert end == HangUp("self-served")


def test_a_recording_that_is_gone_gives_way_to_the_timetables_own_words(site: Site) -> None:
    heard, _ = drive(site, Opening("emergency", file=FILE), missing=True)
    assert heard[:3] == [FILE, "anuncio", "menu"]


def test_a_message_that_had_begun_is_not_repeated_after_a_restart(site: Site) -> None:
    place = Place(flow="principal", step="horario", edition=site.edition)
    heard, _ = drive(site, Opening("emergency", file=FILE), place=place)
    assert heard[0] == "menu"


def test_without_an_exit_of_its_own_an_emergency_goes_on_as_closed(site: Site) -> None:
    flow = site.flows["principal"]
    step = flow.steps["horario"].model_copy(update={"emergency": ""})
    plain = replace(site, flows={"principal": replace(flow, steps={**flow.steps, "horario": step})})
    assert drive(plain, Opening("emergency", file=FILE)) == ([FILE], HangUp("closed"))
