import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.codec import UnknownEvent, decode, encode
from acd.decisions import MakeOffer, PassedOver
from acd.facts import CallerSeen, DeviceSeen, Resynchronised
from acd.model import AgentId, CallId, DeviceState, OfferId, QueueId, VisitId
from ivr.call.journalled import KNOWN
from tests.tools import run

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def test_what_is_encoded_comes_back_the_same() -> None:
    seen = CallerSeen(
        visit=VisitId("n1-1.1/1"),
        call=CallId("n1-1.1"),
        queue=QueueId("servicio"),
        priority=2,
        joined_at=AT,
        parked=False,
    )
    fact = Resynchronised(
        at=AT, t=7, callers=(seen,), legs=(), devices=(DeviceSeen(agent=AgentId("101"), state=DeviceState.FREE),)
    )
    assert decode(encode(fact)) == fact
    offer = MakeOffer(
        offer=OfferId("0000000000001"),
        visit=VisitId("n1-1.1/1"),
        call=CallId("n1-1.1"),
        queue=QueueId("servicio"),
        agent=AgentId("101"),
        ring_us=15_000_000,
        rule="longest idle",
        others=(PassedOver(who="102", why="busy"),),
    )
    assert decode(encode(offer)) == offer


def test_an_event_of_a_newer_version_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="tick"):
        decode({"e": "tick", "v": 99, "at": AT.isoformat(), "t": 1})


@run
async def test_the_bridge_runs_coroutines() -> None:
    import asyncio

    assert asyncio.get_running_loop() is not None


def test_every_event_of_the_program_is_known_to_whoever_reads_the_journal() -> None:
    root = Path(__file__).parents[2]
    sources = [path for package in ("acd", "ivr", "recordings") for path in (root / package).rglob("*.py")]
    having = {path for path in sources if re.search(r"^@event\(", path.read_text(), re.MULTILINE)}
    assert having == {Path(str(module.__file__)) for module in KNOWN}
