"""Who answered a caller last: asked in time, forgotten after days, and never waited for."""

import threading
from datetime import UTC, datetime, timedelta

from ivr.exchange import last_agents
from ivr.exchange.last_agents import LastAgents, Talk
from ivr.testing.clock import ManualClock
from tests.tools import run

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


class Records:
    """Answers from a dictionary, in another thread, when `go` is set."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {"anna": ("301", NOW - timedelta(days=3))}
        self.asked: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def find(self, caller: str) -> Talk | None:
        self.go.wait(5)
        self.asked.append(caller)
        if caller == "broken":
            raise OSError
        return self.talks.get(caller)


def made(records: Records) -> LastAgents:
    clock = ManualClock()
    clock.wall = NOW
    return LastAgents(records.find, clock)


@run
async def test_the_answer_counts_for_so_many_days() -> None:
    records = Records()
    agents = made(records)
    agents.begin("anna")
    assert await agents.of("anna", 7) == "301"
    assert await agents.of("anna", 2) is None
    assert await agents.of("bert", 7) is None
    assert await agents.of("", 7) is None
    assert records.asked == ["anna", "bert"], "who was not asked for is asked then; an anonymous caller never"
    await agents.close()


@run
async def test_each_call_asks_anew() -> None:
    records = Records()
    agents = made(records)
    agents.begin("anna")
    assert await agents.of("anna", 7) == "301"
    records.talks["anna"] = ("302", NOW)
    agents.begin("anna")
    assert await agents.of("anna", 7) == "302"
    await agents.close()


@run
async def test_records_that_are_slow_or_broken_keep_nobody_waiting() -> None:
    records = Records()
    agents = made(records)
    assert await agents.of("broken", 7) is None
    records.go.clear()
    agents.begin("anna")
    agents.begin("anna")
    assert await agents.of("anna", 7) is None
    records.go.set()
    assert await agents.of("anna", 7) == "301"
    assert records.asked == ["broken", "anna"]
    await agents.close()


@run
async def test_only_so_many_callers_are_remembered() -> None:
    records = Records()
    agents = made(records)
    for number in range(last_agents.REMEMBERED + 5):
        agents.begin(f"caller {number}")
    assert len(agents._asked) == last_agents.REMEMBERED
    await agents.close()
