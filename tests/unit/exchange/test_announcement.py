"""What a waiting caller is told of the place, on a visit over a real AGI connection."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from acd.model import CallId, QueueId, VisitId
from ivr.asterisk.agi.server import AgiServer
from ivr.call.calls import LiveCalls
from ivr.clock import LoopClock
from ivr.exchange.performer import House
from ivr.exchange.runner import CallRunner
from ivr.exchange.ticket import Ticket
from ivr.language import load_site
from ivr.testing.asterisk_agi import ScriptedChannel
from tests.tools import run

ROOT = Path(__file__).parents[3]
CALL = CallId("n1-1700000000.1")


class Place:
    """A visit's place, and a desk and sounds of which nothing is asked."""

    def __init__(self, place: int | None) -> None:
        self.place = place

    def place_of(self, visit: VisitId) -> int | None:
        return self.place

    def is_over(self, visit: VisitId) -> bool:
        return False

    def exit_of(self, visit: VisitId) -> str | None:
        return None

    def path_of(self, name: str, language: str) -> str | None:
        return None

    def version_of(self, name: str, language: str) -> str | None:
        return None

    def submit(self, fact: object) -> None: ...

    def record(self, event: object, key: str | None = None) -> None: ...


async def told(place: int | None) -> list[str]:
    """The sounds of a visit of a caller at this place who has waited for an hour."""
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    queue = replace(site.queues["cartera"], announce=None, announce_every=timedelta(seconds=30))
    site = replace(site, queues={**site.queues, "cartera": queue})
    clock, asked = LoopClock(), Place(place)
    house = House(
        site=lambda: site,
        sounds=asked,
        desk=asked,
        calls=LiveCalls(),
        clock=clock,
        waiting=asked,
        caller_key=lambda number, name: "",
        complain=lambda problem, detail: None,
        trust_pretended_time=False,
    )
    server = AgiServer(CallRunner(house), clock=clock)
    await server.start("127.0.0.1", 0)
    ticket = Ticket(VisitId(f"{CALL}/1"), QueueId("cartera"), clock.now() - timedelta(hours=1), 0)
    channel = ScriptedChannel(
        path="visit", environment={f"agi_arg_{n}": "" for n in (1, 2, 3)} | {"agi_arg_4": str(ticket)}
    )
    try:
        await channel.call("127.0.0.1", server.port)
    finally:
        await server.close()
    assert channel.variables["DONE"] == "wait"
    return [heard.sound for heard in channel.heard]


@pytest.mark.parametrize(
    ("place", "sounds"),
    [
        (1, ["queue-youarenext"]),
        (2, ["queue-thereare", "digits/2", "queue-callswaiting"]),
        (30, ["queue-thereare", "digits/30", "queue-callswaiting"]),
        (31, []),  # "there are ... calls" without the number would be nonsense
        (None, []),  # an agent's phone rings
    ],
)
@run
async def test_the_place_is_told_when_it_can_be_said(place: int | None, sounds: list[str]) -> None:
    assert await told(place) == sounds
