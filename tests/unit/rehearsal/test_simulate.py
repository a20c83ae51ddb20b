"""A simulated call knows what a real one knows, and ends whatever is tried; a comparison misses nothing that calls
show."""

import random
from datetime import datetime
from pathlib import Path

import pytest

from ivr.comparison.differences import compare
from ivr.expression.names import BUILT_INS
from ivr.language.load import load_site
from ivr.rehearsal.events import End, Event, Heard, Rings, Waits
from ivr.rehearsal.scenario_file import Given
from ivr.rehearsal.scripted import NotSaid, Scripted, situation_of
from ivr.rehearsal.simulate import Simulated, info_of
from ivr.site import Site
from ivr.site.values import type_of
from tests.unit.language.whole_site import loaded, whole_site

AT = datetime.fromisoformat("2026-11-20 10:00")  # a Friday; the site gives it its zone
MUTATIONS = 40
CALLS = 60


def test_every_built_in_name_has_a_value_of_its_type(tmp_path: Path) -> None:
    site = loaded(whole_site(tmp_path))
    situation = situation_of(site, Given(at=AT, caller="3001234567"), "6017436967")
    stands_for = {
        "LIST": next(iter(site.lists)),
        "TIMETABLE": next(iter(site.hours)),
        "QUEUE": next(iter(site.queues)),
    }
    for name, built_in in BUILT_INS.items():
        for word, real in stands_for.items():
            name = name.replace(word, real)
        if name != "language":  # the story knows it
            assert type_of(situation.value_of(name)) is built_in.type, name


def test_a_caller_who_is_sent_round_by_a_queue_comes_to_an_end(tmp_path: Path) -> None:
    site = whole_site(tmp_path)
    flow = site / "flows" / "principal.yaml"
    text = flow.read_text().replace("queue: servicio", "queue: servicio\n    after the talk: servicio")
    flow.write_text(text, encoding="utf-8")
    given = Given.model_validate({"at": AT, "keys": ["1"], "queues": {"servicio": "answered"}})
    assert call(loaded(site), given)[-1] == End(kind="endless")


def test_a_blocked_caller_hears_nothing(tmp_path: Path) -> None:
    site = loaded(whole_site(tmp_path))
    situation = situation_of(site, Given(at=AT), "6017436967")
    told: list[Event] = []
    info = info_of(site, "6017436967", blocked=True)
    scripted = Scripted(situation, Given(at=AT))
    end = Simulated(site, site.default_flow, info, scripted, situation.local, told.append).run()
    assert (str(end), told) == ("hang up blocked", [])


# ---------------------------------------------------------------------- the comparison against calls
def call(site: Site, given: Given) -> list[object]:
    """What a caller notices."""
    did = next(iter(site.numbers))
    situation = situation_of(site, given, did)
    told: list[Event] = []
    machine = Simulated(
        site, site.flows[site.entry[did]], info_of(site, did), Scripted(situation, given), situation.local, told.append
    )
    try:
        end: object = machine.run()
    except NotSaid as fault:
        end = str(fault)
    return [*(event for event in told if isinstance(event, Heard | Waits | Rings)), end]


def some_call(dice: random.Random) -> Given:
    """A caller who does anything, in a world that answers anything."""
    settings: dict[str, object] = {
        "at": dice.choice((AT, AT.replace(day=22))),
        "keys": [dice.choice(("1", "2", "0", "9", "none", "80123456#", "12#", "hang up")) for _ in range(6)],
        "queues": {"servicio": dice.choice(("answered", "nobody there", "waited too long"))},
        "phones": {"100": dice.choice(("answered", "no answer", "busy"))},
        "look-ups": {"clientes": dice.choice(("not found", "failed", "too slow", {"saldo": "1200"}))},
        "message": dice.choice(("10 s", "nothing")),
    }
    return Given.model_validate(settings)


TARGETS = ("servicio", "recepcion", "cerrado", "menu", "saldo", "hang up", "a person", "horario")
LEADS = ("1: servicio", "2: saldo", "0: recepcion", "nobody there: recepcion", "waited too long: recepcion")
LEADS_TOO = ("no answer: cerrado", "closed: cerrado", "open: menu", "tries: 3", "play: cerrado")


def mutated(text: str, dice: random.Random) -> str:
    """A flow with another target, another prompt, or fewer tries somewhere."""
    lead = dice.choice(LEADS + LEADS_TOO)
    setting = lead.split(":")[0]
    other = {"tries": ("1", "2"), "play": ("espera", "bienvenida")}.get(setting, TARGETS)
    return text.replace(f" {lead}\n", f" {setting}: {dice.choice(other)}\n", 1)


@pytest.mark.parametrize("seed", range(MUTATIONS))
def test_whatever_calls_show_the_comparison_has_told(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    folder = whole_site(tmp_path)
    old = loaded(folder)
    flow = folder / "flows" / "principal.yaml"
    text = mutated(flow.read_text(), dice)
    flow.write_text(mutated(text, dice) if seed % 2 else text, encoding="utf-8")
    new = load_site(folder / "config", folder / "flows").site
    if new is None:
        return  # the check refuses it: no step leads to the old target any more
    calls = [some_call(dice) for _ in range(CALLS)]
    differ = [given for given in calls if call(old, given) != call(new, given)]
    found = compare(old, new)
    assert not found.walked.cut_short
    assert bool(found.walked.ways) or not differ, differ[0]
    if old.version == new.version:
        assert found.same
