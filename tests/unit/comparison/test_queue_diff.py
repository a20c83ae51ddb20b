"""`ivr diff` of queues, agents and rules: nothing that differs is left untold."""

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.comparison.queue_diff import queue_changes
from ivr.rehearsal.words import Words
from ivr.site import AgentSettings, Condition, Need, OfferRule, QueueSettings, ScreenPop, ServiceLevel, Site, Widening
from recordings.policy import Rule, Wish
from tests.unit.language.test_queues import made

ENGLISH, SPANISH = Words("en"), Words("es-CO")
UNSEEN = {"needs", "named", "agents_ever", "secret", "name", "skills"}
"""What is told as who serves, and what nobody shall see."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return made(tmp_path_factory.mktemp("site"), "everything")


def other(value: Any, name: str) -> Any:
    """A value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case timedelta():
            return value + timedelta(seconds=7)
        case ServiceLevel():
            return ServiceLevel(70, value.within)
        case Rule():
            return Rule(Wish.YES, 20)
        case tuple():
            return () if value else (Widening(after=timedelta(seconds=5), agents=("100",)),)
        case None:
            return "espera" if name in ("announce", "whisper") else timedelta(seconds=33)
    return {"strategy": "linear", "last_agent": "any"}.get(name, f"{value}x")


def told(old: Site, new: Site) -> list[str]:
    lines = list(queue_changes(old, new, ENGLISH))
    assert len(lines) == len(list(queue_changes(old, new, SPANISH)))
    return lines


def settings(kind: Any) -> list[str]:
    return [field.name for field in fields(kind) if field.name not in UNSEEN]


@pytest.mark.parametrize("name", settings(QueueSettings))
def test_every_setting_of_a_queue(name: str, site: Site) -> None:
    queue = site.queues["servicio"]
    changed = replace(queue, **{name: other(getattr(queue, name), name)})
    assert len(told(site, replace(site, queues={**site.queues, "servicio": changed}))) >= 1
    assert told(site, site) == []


def test_who_is_recorded_in_words(site: Site) -> None:
    some = replace(site.queues["servicio"], record=Rule(Wish.YES, 20))
    [line] = told(site, replace(site, queues={**site.queues, "servicio": some}))
    assert line.endswith("recording before yes, now 20 % of the calls")


@pytest.mark.parametrize("name", [name for name in settings(AgentSettings) if name != "label"])
def test_every_setting_of_an_agent(name: str, site: Site) -> None:
    agent = site.agents["102"]
    changed = replace(agent, **{name: other(getattr(agent, name), name)})
    [line] = told(site, replace(site, agents={**site.agents, "102": changed}))
    assert line.startswith("SAC 2 (102): ")


@pytest.mark.parametrize("name", settings(OfferRule))
def test_every_rule_of_offers(name: str, site: Site) -> None:
    rule = site.offer_rules["refused"]
    changed = replace(rule, **{name: other(getattr(rule, name), name)})
    [line] = told(site, replace(site, offer_rules={**site.offer_rules, "refused": changed}))
    assert line.startswith("refused: ")


@pytest.mark.parametrize("name", settings(ScreenPop))
def test_every_setting_of_a_screen_pop(name: str, site: Site) -> None:
    pop = site.screen_pops["crm"]
    changed = replace(pop, **{name: other(getattr(pop, name), name)})
    assert len(told(site, replace(site, screen_pops={"crm": changed}))) == 1


def test_what_holds_for_all_queues(site: Site) -> None:
    assert told(site, replace(site, priority_worth=timedelta(seconds=60))) == [
        "all queues: priority is worth before 180 s, now 60 s"
    ]
    assert told(site, replace(site, pause_reasons={1: "Almuerzo"})) == [
        "all queues: pause reasons before 1 Almuerzo, 2 Baño, now 1 Almuerzo"
    ]
    assert len(told(site, replace(site, screen_pops={}))) == 1


def test_a_step_is_told_as_it_is_written(site: Site, tmp_path: Path) -> None:
    step = Widening(
        after=timedelta(seconds=30),
        needs=((Need(skill="tecnico", level=2),),),
        agents=("100",),
        when=(Condition(what="waiting", value=3),),
    )
    changed = replace(site.queues["ventas"], widen=(step,))
    assert told(site, replace(site, queues={**site.queues, "ventas": changed})) == [
        "Sales: widens before nothing, now 30 s: tecnico at least 2, 100 (waiting at least 3)"
    ]
