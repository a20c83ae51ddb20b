"""From the journal's entries to what a desktop is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acd.decisions import BeginWrapUp
from acd.facts import CallerJoined, OfferBridged, OfferRinging, TalkEnded
from acd.model import OfferResult
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallEnded, CallStarted
from ivr.language import load_site
from ivr.screenpops.message import Message
from ivr.screenpops.screen_pops import ScreenPops
from ivr.site import ScreenPop, Site
from ivr.site.callers import CallerEntries
from ivr.site.callers import Entry as Line
from tests.unit.screenpops.test_story import CALL, FIRST, QUEUE, VISIT, at, close, offer

ROOT = Path(__file__).parents[3]
POP = ScreenPop(name="crm", url="http://127.0.0.1:1/", secret="crm")


@dataclass
class Entry:
    event: Any
    decisions: tuple[Any, ...] = ()
    at: datetime = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@dataclass
class Told:
    """A delivery that keeps what it is given."""

    sent: list[tuple[ScreenPop, dict[str, Any]]] = field(default_factory=list)

    def send(self, pop: ScreenPop, message: Message) -> None:
        self.sent.append((pop, json.loads(message.body)))


@pytest.fixture(scope="module")
def plain() -> Site:
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    return site


class Scene:
    def __init__(self, site: Site) -> None:
        cartera = replace(site.queues["cartera"], screen_pop="crm")
        self.site = replace(site, queues={**site.queues, "cartera": cartera}, screen_pops={"crm": POP})
        self.calls, self.told = LiveCalls(), Told()
        self.pops = ScreenPops(lambda: self.site, self.calls, self.told)  # type: ignore[arg-type]

    def entry(self, event: Any, *decisions: Any) -> None:
        self.calls.take(event, decisions)
        self.pops.on_entry(Entry(event, decisions))

    def call(self, number: str = "3000000001") -> None:
        self.entry(CallStarted(at=at(0), call=CALL, did="6017436967", caller="k", flow="f", config="c"))
        live = self.calls.get(CALL)
        assert live is not None
        live.number = number
        self.entry(CallerJoined(at=at(0), t=0, visit=VISIT, call=CALL, queue=QUEUE), offer(FIRST))

    def rings(self) -> None:
        self.entry(OfferRinging(at=at(3), t=0, offer=FIRST))


@pytest.fixture
def scene(plain: Site) -> Iterator[Scene]:
    yield Scene(plain)


def test_the_desktop_of_a_queue_is_told_with_the_number(scene: Scene) -> None:
    scene.call()
    scene.rings()
    ((pop, told),) = scene.told.sent
    assert pop is POP
    assert (told["event"], told["caller"], told["did"]) == ("ringing", "3000000001", "6017436967")
    assert (told["queue"], told["queue_label"], told["waited_seconds"]) == ("cartera", "Cartera", 3.0)


def test_the_end_knows_the_number_although_the_call_is_over(scene: Scene) -> None:
    scene.call()
    scene.rings()
    scene.entry(OfferBridged(at=at(5), t=0, offer=FIRST), close(FIRST, OfferResult.ANSWERED))
    scene.entry(CallEnded(at=at(9), call=CALL, cause=16, by="caller", reason="", source="ami"))
    wrap_up = BeginWrapUp(agent=offer(FIRST).agent, queue=QUEUE, until=0, talk_us=4_000_000)
    scene.entry(TalkEnded(at=at(9), t=0, offer=FIRST), wrap_up)
    assert [told["event"] for _, told in scene.told.sent] == ["ringing", "answered", "ended"]
    assert {told["caller"] for _, told in scene.told.sent} == {"3000000001"}
    assert scene.told.sent[-1][1]["talk_seconds"] == 4.0
    assert not scene.pops._known, "nothing is kept of a call that is over"


def test_the_segment_is_that_of_the_sites_lists(scene: Scene) -> None:
    vip = replace(scene.site.lists["vip"], entries=CallerEntries({"573000000001": Line()}, {}))
    scene.site = replace(scene.site, lists={**scene.site.lists, "vip": vip})
    scene.call()
    scene.rings()
    assert scene.told.sent[0][1]["segment"] == "vip"


def test_a_withheld_number_is_empty(scene: Scene) -> None:
    scene.call(number="")
    scene.rings()
    assert scene.told.sent[0][1]["caller"] == ""


def test_a_queue_without_a_hook_tells_nobody(scene: Scene) -> None:
    cartera = replace(scene.site.queues["cartera"], screen_pop="")
    scene.site = replace(scene.site, queues={**scene.site.queues, "cartera": cartera})
    scene.call()
    scene.rings()
    assert scene.told.sent == []
