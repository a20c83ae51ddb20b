"""The pages "Design your queues": every example is right, and the engine does what the page claims of it."""

import asyncio
import functools
import re
from pathlib import Path
from typing import Any

import pytest

from acd.config import SECOND, STRATEGIES
from acd.decisions import Decision, EndVisit, MakeOffer, PauseAgent, WidenCircle
from acd.facts import (
    AgentLoggedOut,
    AgentPaused,
    CallerGone,
    CallerJoined,
    OfferBridged,
    OfferFailed,
    TalkEnded,
)
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitOutcome
from ivr.language.load import load_site
from ivr.language.problems import Severity
from ivr.routing import engine_config
from ivr.site import Site
from ivr.verbs.queue import EXITS
from tests.pages import ROOT, Block, blocks
from tests.stories import copy_repository, lay_over, shell, short_folder
from tests.tools import run
from tests.unit.acd.floor import Floor, visit

PAGES = (ROOT / "docs/design-your-queues.md", ROOT / "docs/disene-sus-colas.md")
GROUP, SKILLS, VIP = "A simple hunt group", "Skills that widen, and an overflow", "Preferred customers"
MINUTE = 60


def examples(page: Path) -> dict[str, list[Block]]:
    """The examples of a page by section."""
    found: dict[str, list[Block]] = {}
    for block in blocks(page):
        if block.kind == "yaml":
            found.setdefault(block.section, []).append(block)
    return found


def designed(told: list[Block], folder: Path) -> Site:
    """The repository's site with examples laid over it, which has no problem at all."""
    copy_repository(folder)
    for block in told:
        lay_over(block, folder)
    checked = load_site(folder / "config", folder / "ivr" / "flows")
    assert [str(problem) for problem in checked.problems if problem.severity is not Severity.WARNING] == []
    assert [str(problem) for problem in checked.problems if problem.code.startswith("ACD")] == []
    assert checked.site is not None
    return checked.site


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """The site of the English page's section that a test names."""
    return designed(examples(PAGES[0])[request.param], tmp_path)


of = functools.partial(pytest.mark.parametrize, "site", indirect=True, ids=[""])


# ---------------------------------------------------------------------- the pages
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@functools.partial(run, seconds=180)
async def test_ivr_check_finds_nothing_in_any_example(page: Path) -> None:
    told = examples(page)
    assert len(told) == 3
    for section in told.values():
        with short_folder() as name:
            folder = Path(name)
            await asyncio.to_thread(designed, section, folder)
            # The menu's prompt does not name the new keys: the flows' own tests are not asked.
            status, said = await asyncio.to_thread(shell, ".venv/bin/ivr check --no-tests", folder)
            assert status == 0 and "No error found." in said, said
            assert re.search(r" (ACD|CONF|FLOW|YAML)\d", said) is None, said


def test_both_languages_have_the_same_examples() -> None:
    english, spanish = ([re.sub(r"(?m)\s+# .*$", "", b.text) for b in blocks(page)] for page in PAGES)
    assert english == spanish


def test_both_languages_tell_every_strategy_and_every_way_out() -> None:
    for page in PAGES:
        rows = re.findall(r"(?m)^\| `([^`]+)` \|", page.read_text(encoding="utf-8"))
        assert rows[: len(STRATEGIES)] == list(STRATEGIES)
        assert set(rows[len(STRATEGIES) :]) == {*EXITS, "keys"}


# ---------------------------------------------------------------------- a floor with the example's queues
class Desk(Floor):
    """A floor whose phones are free, with callers of several queues."""

    def __init__(self, site: Site, *free: str) -> None:
        super().__init__(*free, config=engine_config(site))

    def calls(self, name: str, queue: str, **more: Any) -> list[str]:
        """A caller joins; whose phones ring then, as `agent caller`."""
        return rings(self.tell(CallerJoined, visit=visit(name), call=CallId(name), queue=QueueId(queue), **more))

    def offer_to(self, agent: str) -> OfferId:
        [found] = [offer.offer for offer in self.engine.offers() if offer.agent == agent]
        return found

    def picks_up(self, agent: str) -> None:
        self.tell(OfferBridged, offer=self.offer_to(agent))

    def lets_it_ring(self, agent: str) -> tuple[Decision, ...]:
        return self.tell(OfferFailed, offer=self.offer_to(agent), result=OfferResult.NO_ANSWER)

    def hangs_up(self, agent: str) -> tuple[Decision, ...]:
        return self.tell(TalkEnded, offer=self.offer_to(agent))

    def talks(self, agent: str, queue: str) -> None:
        """A caller comes and talks with this agent, who is the one to be asked."""
        assert self.calls(f"for {agent}", queue) == [f"{agent} for {agent}"]
        self.picks_up(agent)

    def line(self, queue: str) -> list[str]:
        return [str(view.call) for view in self.engine.waiting(QueueId(queue))]


def rings(decisions: tuple[Decision, ...]) -> list[str]:
    return [f"{made.agent} {made.call}" for made in decisions if isinstance(made, MakeOffer)]


def leaves(decisions: tuple[Decision, ...]) -> list[tuple[str, str]]:
    return [
        (str(end.call), end.why)
        for end in decisions
        if isinstance(end, EndVisit) and end.outcome is VisitOutcome.OVERFLOWED
    ]


# ---------------------------------------------------------------------- a simple hunt group
@of([GROUP])
def test_a_group_shares_calls_in_turn(site: Site) -> None:
    desk = Desk(site, "501", "502", "503")
    for agent in ("501", "502", "503"):
        desk.talks(agent, "soporte")
    desk.after(60)
    for agent in ("502", "501"):  # 502 has been free for longer then
        desk.hangs_up(agent)
        desk.after(1)
    assert desk.calls("early", "soporte") == []
    assert rings(desk.after(27)) == [] and rings(desk.after(1)) == ["502 early"]  # 30 s after the talk


@of([GROUP])
def test_a_phone_that_nobody_picks_up_is_passed_over_and_the_place_is_kept(site: Site) -> None:
    desk = Desk(site, "501", "502", "503")
    desk.talks("501", "soporte")
    desk.talks("502", "soporte")
    assert desk.calls("a", "soporte") == ["503 a"]
    assert desk.calls("b", "soporte") == []
    assert rings(desk.lets_it_ring("503")) == ["503 b"]  # free for others; a caller is not rung twice at once
    desk.picks_up("503")
    desk.hangs_up("501")
    assert rings(desk.after(30)) == ["501 a"]


@of([GROUP])
def test_three_calls_that_ring_out_pause_for_a_minute(site: Site) -> None:
    desk = Desk(site, "501")
    desk.calls("a", "soporte")
    for _ in range(2):
        assert not any(isinstance(decision, PauseAgent) for decision in desk.lets_it_ring("501"))
        assert rings(desk.after(5)) == ["501 a"]
    [pause] = [decision for decision in desk.lets_it_ring("501") if isinstance(decision, PauseAgent)]
    assert pause.until == desk.t + 60 * SECOND
    assert rings(desk.after(59)) == [] and rings(desk.after(1)) == ["501 a"]


@of([GROUP])
def test_a_sixth_caller_goes_on_and_so_does_who_comes_when_nobody_is_logged_in(site: Site) -> None:
    desk = Desk(site, "501", "502", "503")
    for agent in ("501", "502", "503"):
        desk.talks(agent, "soporte")
    for number in range(5):
        desk.calls(f"c{number}", "soporte")
    assert desk.line("soporte") == [f"c{number}" for number in range(5)]
    sixth = desk.tell(CallerJoined, visit=visit("c5"), call=CallId("c5"), queue=QueueId("soporte"))
    assert leaves(sixth) == [("c5", "full")]
    for agent in ("501", "502", "503"):
        desk.tell(AgentLoggedOut, agent=AgentId(agent))
    gone = desk.after(15)
    assert leaves(gone) == [(f"c{number}", "the last one left") for number in range(5)]
    late = desk.tell(CallerJoined, visit=visit("late"), call=CallId("late"), queue=QueueId("soporte"))
    assert leaves(late) == [("late", "nobody logged in")]
    assert site.flows["linea_principal"].steps["soporte"].then_at("full") == "recepcion"  # type: ignore[attr-defined]


# ---------------------------------------------------------------------- skills, steps, overflow
@of([SKILLS])
def test_the_expert_first_and_the_beginner_after_half_a_minute(site: Site) -> None:
    desk = Desk(site, "503", "502", "501")
    desk.talks("501", "tecnica")
    desk.talks("502", "tecnica")
    assert desk.calls("third", "tecnica") == []
    assert rings(desk.after(29)) == []
    decided = desk.after(1)
    assert rings(decided) == ["503 third"]
    assert [step.step for step in decided if isinstance(step, WidenCircle)] == [1]


def waiting_for_two_minutes(site: Site) -> Desk:
    """All technicians talk; two callers have waited for two minutes, while customer service has a free phone."""
    desk = Desk(site, "501", "502", "503", "101")
    desk.talks("501", "tecnica")
    desk.talks("502", "tecnica")
    desk.calls("for 503", "tecnica")
    desk.after(30)
    desk.picks_up("503")
    assert desk.calls("one", "tecnica") == desk.calls("two", "tecnica") == []
    assert rings(desk.after(120)) == []
    return desk


@of([SKILLS])
def test_customer_service_is_asked_when_three_wait(site: Site) -> None:
    desk = waiting_for_two_minutes(site)
    assert desk.calls("three", "tecnica") == ["101 one"]
    desk.tell(CallerGone, visit=visit("three"), hung_up=True)
    assert [offer.agent for offer in desk.engine.offers()].count("101") == 1  # what was given is not taken back
    desk.picks_up("101")
    desk.hangs_up("101")
    assert rings(desk.after(30)) == ["101 two"]


@of([SKILLS])
def test_who_waited_too_long_is_before_who_came_to_customer_service_since(site: Site) -> None:
    desk = waiting_for_two_minutes(site)
    desk.talks("101", "servicio")
    desk.after(100)
    assert desk.calls("later", "servicio") == []
    assert leaves(desk.after(80)) == [("one", "waited too long"), ("two", "waited too long")]
    step = site.flows["linea_principal"].steps["tecnica"]
    assert step.then_at("waited too long") == "servicio"  # type: ignore[attr-defined]
    desk.tell(CallerJoined, visit=visit("one").replace("/1", "/2"), call=CallId("one"), queue=QueueId("servicio"))
    assert desk.line("servicio") == ["one", "later"]


# ---------------------------------------------------------------------- priority, last agent, weight
@of([VIP])
def test_a_weight_and_a_priority_are_a_head_start(site: Site) -> None:
    desk = Desk(site, "501")
    desk.talks("501", "ventas")
    for name, queue, priority, pause in (
        ("after sales, very early", "posventa", 0, 2 * MINUTE),
        ("after sales, early", "posventa", 0, 2 * MINUTE),
        ("sales", "ventas", 0, 1 * MINUTE),
        ("good customer", "ventas", site.lists["vip"].priority, 0),
    ):
        desk.calls(name, queue, priority=priority)
        desk.after(pause)
    desk.hangs_up("501")
    served = []
    for _ in range(4):
        desk.after(20)
        [offer] = [offer for offer in desk.engine.offers() if offer.agent == "501"]
        served.append(desk.engine.visit(offer.visit).call)  # type: ignore[union-attr]
        desk.picks_up("501")
        desk.hangs_up("501")
    assert served == ["good customer", "after sales, very early", "sales", "after sales, early"]


@of([VIP])
def test_a_good_customer_is_before_who_came_six_minutes_earlier_and_no_more(site: Site) -> None:
    desk = Desk(site, "501")
    desk.talks("501", "ventas")
    for name, priority, pause in (("first", 0, 1), ("second", 0, 6 * MINUTE), ("good customer", 2, 0)):
        desk.calls(name, "ventas", priority=priority)
        desk.after(pause)
    assert site.lists["vip"].priority == 2
    assert desk.line("ventas") == ["first", "second", "good customer"]
    desk = Desk(site, "501")
    desk.talks("501", "ventas")
    for name, priority, pause in (("first", 0, 2), ("second", 0, 6 * MINUTE - 1), ("good customer", 2, 0)):
        desk.calls(name, "ventas", priority=priority)
        desk.after(pause)
    assert desk.line("ventas") == ["first", "good customer", "second"]


@of([VIP])
def test_nobody_is_overtaken_by_who_comes_half_an_hour_later(site: Site) -> None:
    assert engine_config(site).overtaking_bound_us == 30 * MINUTE * SECOND
    desk = Desk(site, "501")
    desk.talks("501", "ventas")
    desk.calls("first", "posventa")
    desk.after(29 * MINUTE)
    desk.calls("best customer, just in time", "ventas", priority=9)
    desk.hangs_up("501")
    assert rings(desk.after(20)) == ["501 best customer, just in time"]


@of([VIP])
def test_the_person_of_last_time_comes_first_for_20_seconds(site: Site) -> None:
    desk = Desk(site, "501", "502")
    assert desk.calls("knows 502", "ventas", last_agent=AgentId("502")) == ["502 knows 502"]
    desk.picks_up("502")
    assert desk.calls("knows 502 too", "ventas", last_agent=AgentId("502")) == []
    assert rings(desk.after(19)) == []
    assert rings(desk.after(1)) == ["501 knows 502 too"]


@of([VIP])
def test_nobody_waits_for_who_is_paused(site: Site) -> None:
    desk = Desk(site, "501", "502")
    desk.tell(AgentPaused, agent=AgentId("502"), reason="Almuerzo")
    assert desk.calls("knows 502", "ventas", last_agent=AgentId("502")) == ["501 knows 502"]


@of([VIP])
def test_who_calls_again_within_two_minutes_has_the_old_place(site: Site) -> None:
    desk = Desk(site, "501")
    desk.talks("501", "ventas")
    desk.calls("a", "ventas", caller="key of a")
    desk.after(10)
    desk.calls("b", "ventas", caller="key of b")
    desk.tell(CallerGone, visit=visit("a"), hung_up=True)
    desk.after(110)
    desk.calls("a again", "ventas", caller="key of a")
    assert desk.line("ventas") == ["a again", "b"]
    desk.tell(CallerGone, visit=visit("a again"), hung_up=True)
    desk.after(121)
    desk.calls("too late", "ventas", caller="key of a")
    assert desk.line("ventas") == ["b", "too late"]
