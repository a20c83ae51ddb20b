"""Exits and settings of the verbs that the site of the repository does not use."""

from pathlib import Path

import pytest

from acd.model import CallId
from ivr.call.effects import RESUMED, HangUp, JoinQueue, Kind, Play, Remember, Returned, Ring
from ivr.call.machine import MAX_STEPS
from ivr.call.place import MAX_NOTICES, Place
from ivr.call.story import CallInfo, Story
from ivr.site import Site
from tests.unit.call.driver import BEGIN, Caller, drive
from tests.unit.language.fixtures import good_site, load

FLOW = """
flow: principal
language: en
numbers: ["6017436967"]
start: aviso
steps:
  aviso:
    notice: anuncio
    then: menu
  menu:
    ask: menu
    keys: {1: servicio, 2: segundo, 0: recepcion}
    no key: no_le_escuche
    wrong key: opcion_invalida
    tries: 2
    wait: 3 s
    can be cut: no
    then: segundo
  segundo:
    same as: menu
    can be cut: yes
    keys: {1: servicio, "*": menu}
    then: recepcion
  servicio:
    queue: servicio
    priority: 4
    after the talk: gracias
    nobody there: recepcion
    waited too long: gracias
  recepcion:
    dial: "101"
    for: 1 min
    no answer: gracias
    busy: servicio
    after the talk: fin
  gracias:
    play: bienvenida
    then: hang up
  fin:
    hang up: self-served
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = good_site(tmp_path)
    (folder / "flows" / "principal.yaml").write_text(FLOW)
    hours = folder / "config" / "hours.yaml"
    assert hours.exists()
    found = load(folder)
    assert found.site is not None, found.problems
    return found.site


def at(step: str, **known: object) -> Place:
    return Place(flow="principal", step=step, **known)  # type: ignore[arg-type]


def test_prompts_are_in_the_flows_language(site: Site) -> None:
    log = drive(site, Caller())
    assert {effect.language for effect in log.effects if isinstance(effect, Play)} == {"en"}


def test_a_menu_that_cannot_be_cut_is_played_to_its_end_and_the_key_counts(site: Site) -> None:
    log = drive(site, Caller(during={"menu": ["1"]}))
    (menu,) = [e for e in log.effects if isinstance(e, Play) and e.prompt == "menu"]
    assert menu.notice and menu.keys == ""
    assert log.end == JoinQueue(queue="servicio", priority=4)


def test_each_menu_has_its_own_tries(site: Site) -> None:
    log = drive(site, Caller())
    assert log.heard == ["anuncio", *["menu", "no_le_escuche"] * 4]
    assert log.end == Ring(extension="101", seconds=60)


def test_back_to_a_menu_begins_its_tries_anew(site: Site) -> None:
    log = drive(site, Caller(silence=["9", "2", "*"]))
    assert [e.place.tries for e in log.effects if isinstance(e, Remember) and e.place.step == "menu"][-3:] == [0, 1, 2]


@pytest.mark.parametrize(
    ("status", "end"),
    [("BUSY", JoinQueue(queue="servicio", priority=4)), ("ANSWER", HangUp("self-served"))],
)
def test_the_exits_of_dial(site: Site, status: str, end: object) -> None:
    assert drive(site, Caller(), at("recepcion"), Returned(Kind.DIAL, status)).end == end


def test_dial_without_busy_takes_no_answer(site: Site, tmp_path: Path) -> None:
    folder = good_site(tmp_path / "other")
    (folder / "flows" / "principal.yaml").write_text(FLOW.replace("    busy: servicio\n", ""))
    without = load(folder).site
    assert without is not None
    assert drive(without, Caller(), at("recepcion"), Returned(Kind.DIAL, "BUSY")).heard == ["bienvenida"]


@pytest.mark.parametrize(
    ("returned", "heard"),
    [
        (Returned(Kind.TALK, "SUCCESS"), ["bienvenida"]),
        (Returned(Kind.QUEUE, "waited too long"), ["bienvenida"]),
        (Returned(Kind.QUEUE, "nobody there"), []),
    ],
)
def test_the_exits_of_queue(site: Site, returned: Returned, heard: list[str]) -> None:
    assert drive(site, Caller(), at("servicio"), returned).heard == heard


def test_after_a_talk_the_steps_count_anew(site: Site) -> None:
    log = drive(site, Caller(), at("servicio", steps=MAX_STEPS), Returned(Kind.TALK, "SUCCESS"))
    assert log.complaints == [] and log.place.steps == 1
    log = drive(site, Caller(), at("servicio", steps=MAX_STEPS), Returned(Kind.QUEUE, "nobody there"))
    assert log.complaints == ["went in circles"]


def test_a_notice_that_was_completed_before_the_crash_is_not_repeated(site: Site) -> None:
    log = drive(site, Caller(silence=["1"]), at("aviso", notices=("anuncio",)), RESUMED)
    assert log.heard == ["menu"]
    assert log.end == JoinQueue(queue="servicio", priority=4)


def test_a_key_from_before_a_queue_is_not_kept_for_a_later_menu(site: Site) -> None:
    log = drive(site, Caller(), at("servicio", key="1"), RESUMED)
    assert isinstance(log.end, JoinQueue)
    log = drive(site, Caller(), at("recepcion", key="1"), RESUMED)
    assert isinstance(log.end, Ring)


def test_the_latest_notices_are_known(site: Site) -> None:
    info = CallInfo(call=CallId("n1-1.1"), did="")
    story = Story(site=site, flow=site.default_flow, info=info, at=BEGIN, language="es-CO")
    for prompt in ("a", "b", "a", "c"):
        story.notice_completed(prompt)
    assert story.notices == ("a", "c") and len(story.notices) == MAX_NOTICES
