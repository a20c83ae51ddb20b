"""An announcement ends when a phone rings for the caller who hears it, and no other one does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from acd.decisions import CancelOffer, MakeOffer
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId
from ivr.asterisk.ami import AmiLink, AmiLost
from ivr.call.calls import LiveCalls
from ivr.exchange.hush import Hush
from tests.tools import run


class Link:
    """Notes what is asked of Asterisk; the first action is lost."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Mapping[str, str]]] = []

    async def action(self, name: str, fields: Mapping[str, str]) -> None:
        self.done.append((name, fields))
        if len(self.done) == 1:
            raise AmiLost("away")


@dataclass
class Entry:
    decisions: tuple[Any, ...]
    live: bool = True


def offer(call: str) -> MakeOffer:
    return MakeOffer(
        offer=OfferId("o"),
        visit=VisitId(f"{call}/1"),
        call=CallId(call),
        queue=QueueId("cartera"),
        agent=AgentId("301"),
        ring_us=1,
        rule="longest idle",
    )


@run
async def test_only_the_caller_who_is_offered_and_hears_something_is_stopped() -> None:
    link, calls = Link(), LiveCalls()
    calls.meet(CallId("hears")).announcing = True
    calls.meet(CallId("other")).announcing = True
    calls.meet(CallId("music"))
    hush = Hush(cast(AmiLink, link), calls)
    hush.on_entry(Entry((offer("music"), offer("gone"), CancelOffer(offer=OfferId("o"), agent=AgentId("1"), why=""))))
    hush.on_entry(Entry((offer("hears"),), live=False))
    await hush.close()
    assert link.done == []
    for _ in range(2):  # an action that is lost raises nothing
        hush.on_entry(Entry((offer("hears"),)))
        await hush.close()
    assert link.done == [("ControlPlayback", {"Channel": "hears", "Control": "stop"})] * 2
