"""What queues.yaml means, and faults that lie between it and another file."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from acd.config import EngineConfig, OfferRule
from ivr.language.load import load_site
from ivr.language.problems import Problem
from ivr.language.queue_words import ConditionsText, NeedsText, as_needs, str_condition
from ivr.routing import engine_config
from ivr.site import Condition, Need, ServiceLevel, Site, Widening
from ivr.site import OfferRule as SiteRule
from ivr.site.queues import default_offer_rules
from tests.unit.language.fixtures import GOOD, good_site, load

GOOD_QUEUES = sorted((GOOD / "queues").glob("*.yaml"))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def with_queues(folder: Path, text: str) -> Path:
    """A copy of the good site with another queues.yaml."""
    site = good_site(folder)
    (site / "config" / "queues.yaml").write_text(text)
    return site


def made(folder: Path, name: str) -> Site:
    """The site of a good file."""
    checked = load(with_queues(folder, (GOOD / "queues" / f"{name}.yaml").read_text()))
    assert checked.site is not None
    return checked.site


def problems(folder: Path, text: str) -> list[Problem]:
    return list(load(with_queues(folder, text)).problems)


@pytest.mark.parametrize("path", GOOD_QUEUES, ids=lambda path: path.stem)
def test_a_good_file_has_no_problem_and_makes_an_engine(path: Path, tmp_path: Path) -> None:
    assert problems(tmp_path, path.read_text()) == []
    config = engine_config(made(tmp_path / "again", path.stem))
    assert EngineConfig.parse(config.text) == config


# ---------------------------------------------------------------------- what it means
def test_every_setting_comes_to_the_site(tmp_path: Path) -> None:
    site = made(tmp_path, "everything")
    queue = site.queues["servicio"]
    three = Need(skill="servicio", level=3)
    assert queue.needs == ((three, Need(skill="ingles")), (Need(skill="tecnico", level=4),))
    assert (queue.named, queue.agents, queue.agents_ever) == ((), ("101",), ("100", "101", "102"))
    assert queue.widen == (
        Widening(after=timedelta(), needs=((three,),), when=(Condition(what="service level", value=80, most=True),)),
        Widening(
            after=30 * SECOND,
            agents=("100", "102"),
            when=(Condition(what="waiting", value=2), Condition(what="idle", value=1, most=True)),
        ),
    )
    assert (queue.strategy, queue.weight, queue.ring_another) == ("ring progressively", 2, 4 * SECOND)
    assert (queue.most_callers, queue.nobody_there, queue.open) == (20, 30 * SECOND, "oficina")
    assert (queue.last_agent, queue.last_agent_wait, queue.last_agent_days) == ("members", 10 * SECOND, 30)
    assert (queue.regain, queue.service_level) == (2 * MINUTE, ServiceLevel(90, 15 * SECOND))
    assert (queue.position, queue.screen_pop) == (False, "crm")
    assert (site.queues["ventas"].last_agent, site.queues["ventas"].last_agent_days) == ("any", 7)


def test_agents_rules_and_screen_pops_come_to_the_site(tmp_path: Path) -> None:
    site = made(tmp_path, "everything")
    first, second, third = site.agents.values()
    assert not first.begins_logged_in and second.begins_logged_in
    assert (second.ring, second.wrap_up, second.label) == (30 * SECOND, MINUTE, "SAC 1")
    assert (third.weight, third.outside, third.label) == (3, "3001234567", "Second")
    assert site.offer_rules == {
        **default_offer_rules(),
        "no answer": SiteRule(again_after=10 * SECOND, rest=5 * SECOND, pause_after=2, pause_for=5 * MINUTE),
        "refused": SiteRule(rest=5 * SECOND, pause_after=3, pause_for=None),
        "busy": SiteRule(),
    }
    assert site.priority_worth == 3 * MINUTE and site.pause_reasons == {1: "Almuerzo", 2: "Baño"}
    pop = site.screen_pops["crm"]
    assert (pop.url, pop.secret, pop.at_most, pop.tries) == ("https://crm.example/ring", "crm", 3 * SECOND, 2)


def test_the_engine_is_told_the_same(tmp_path: Path) -> None:
    site = made(tmp_path, "everything")
    config = engine_config(site)
    queue = config.queues[0]
    assert config.rings(queue) == {"100": 2, "101": 0, "102": 1}
    assert [(step.after_us, [c.value for c in step.when]) for step in queue.steps] == [(0, [80]), (30_000_000, [2, 1])]
    assert (queue.ring_another_us, queue.regain_us, queue.service_level_us) == (4_000_000, 120_000_000, 15_000_000)
    assert config.priority_us == 180_000_000
    assert config.refused == OfferRule(rest_us=5_000_000, pause_after=3, pause_us=None)
    assert [(a.ring_us, a.weight, a.logged_in) for a in config.agents] == [
        (None, 1, False),
        (30_000_000, 1, True),
        (None, 3, True),
    ]


@pytest.mark.parametrize("name", [path.stem for path in GOOD_QUEUES])
def test_the_check_and_the_engine_agree_on_who_serves(name: str, tmp_path: Path) -> None:
    site = made(tmp_path, name)
    config = engine_config(site)
    for queue in config.queues:
        assert tuple(config.rings(queue)) == site.queues[queue.id].agents_ever
        assert config.members(queue) == site.queues[queue.id].agents


def test_a_wait_in_a_condition_is_in_the_engines_unit(tmp_path: Path) -> None:
    text = (GOOD / "queues" / "everything.yaml").read_text()
    site = load(with_queues(tmp_path, text.replace("service level at most 80 %", "longest wait at least 2 min"))).site
    assert site is not None
    assert engine_config(site).queues[0].steps[0].when[0].value == 120_000_000


# ---------------------------------------------------------------------- the small languages
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("servicio", ((("servicio", 1),),)),
        (
            "servicio at least 3 and ingles, or tecnico at least 4",
            ((("servicio", 3), ("ingles", 1)), (("tecnico", 4),)),
        ),
        ("a or b and c", ((("a", 1),), (("b", 1), ("c", 1)))),
        (" a ,or  b ", ((("a", 1),), (("b", 1),))),
    ],
)
def test_needs(text: str, meant: tuple[tuple[tuple[str, int], ...], ...]) -> None:
    found = as_needs(TypeAdapter(NeedsText).validate_python(text))
    assert tuple(tuple((need.skill, need.level) for need in one) for one in found) == meant


@pytest.mark.parametrize(
    "text", ["waiting at least 5", "longest wait at least 120 s", "idle at most 0", "service level at most 80 %"]
)
def test_a_condition_is_written_as_it_was_read(text: str) -> None:
    [condition] = TypeAdapter(ConditionsText).validate_python(text)
    assert str_condition(condition) == text


@pytest.mark.parametrize("text", ["", " ", "and", ", or", "a and", "a at", "a at least", "a at least 0", "a, b", "a b"])
def test_needs_that_say_nothing(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(NeedsText).validate_python(text)


# ---------------------------------------------------------------------- between files
def test_a_queue_that_is_never_open(tmp_path: Path) -> None:
    site = with_queues(tmp_path, (GOOD / "queues" / "everything.yaml").read_text().replace("oficina", "nunca"))
    hours = site / "config" / "hours.yaml"
    hours.write_text(
        hours.read_text() + "  nunca:\n    label: Never\n    week: {monday to sunday: closed}\n    holidays: closed\n"
    )
    found = {(p.code, Path(p.file).name, p.line) for p in load(site).problems}
    assert found == {("ACD021", "queues.yaml", 21), ("CONF036", "hours.yaml", 11)}


def test_a_number_outside_needs_a_trunk_to_it(tmp_path: Path) -> None:
    site = with_queues(tmp_path, (GOOD / "queues" / "everything.yaml").read_text())
    path = site / "config" / "site.yaml"
    path.write_text(path.read_text().replace("    calls to outside: 127.0.0.10:5060\n", ""))
    [found] = load(site).problems
    assert (found.code, found.line, found.column) == ("ACD040", 50, 14)


def test_a_file_of_many_queues_and_agents_is_checked_soon(tmp_path: Path) -> None:
    queue = "    label: Q\n    needs: s1 and s2, or s3\n    ring: 20 s\n    longest wait: 5 min\n    record: no\n"
    text = "queues:\n  servicio:\n" + queue + "".join(f"  q{n}:\n{queue}" for n in range(900))
    text += "agents:\n" + "".join(f'  "{n}": {{skills: {{s1: 1, s2: 2, s3: 3}}}}\n' for n in range(1000, 6000))
    found = problems(tmp_path, text)
    assert {problem.code for problem in found} == {"CONF022"}


def test_a_file_in_force_makes_an_engine_also_when_the_check_has_become_stricter(tmp_path: Path) -> None:
    text = (GOOD / "queues" / "everything.yaml").read_text()
    text = text.replace('agents: ["100", "102"]', 'agents: ["100", "109"]').replace("after: 0 s", "after: 40 s")
    site = with_queues(tmp_path, text.replace("also: [ventas]", "also: [ventas, nada]"))
    checked = load_site(site / "config", site / "flows", in_force=True)
    assert {p.code for p in checked.errors} == {"ACD005", "ACD011"} and checked.site is not None
    assert engine_config(checked.site).queues[0].steps[0].after_us == 30_000_000


def test_a_file_in_force_that_nobody_can_read_makes_no_site(tmp_path: Path) -> None:
    site = with_queues(tmp_path, "queues: {")
    checked = load_site(site / "config", site / "flows", in_force=True)
    assert checked.site is None and {p.code for p in checked.errors} == {"YAML007"}
