"""The soak's own reading of the journal notices what it is there to notice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.soak.audit import Agents, Record, counted_once, unannounced
from tests.soak.channels import Channel
from tests.soak.inspection import dropped, undecided
from tests.soak.traffic import Leg, Seen

START = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


class Day:
    """A journal that is written by hand; a second passes with each entry."""

    def __init__(self) -> None:
        self.entries: list[Record] = []

    def tell(self, name: str, *decisions: dict[str, Any], **fields: Any) -> "Day":
        n = len(self.entries)
        event = {"e": name, "at": at(n), "t": n * 1_000_000, **fields}
        self.entries.append(Record(n + 1, event, decisions))
        return self

    def joined(self, visit: str, queue: str = "one") -> "Day":
        return self.tell("caller joined", visit=visit, queue=queue, priority=0)

    def agents(self) -> list[str]:
        agents = Agents()
        for entry in self.entries:
            agents.take(entry)
        return agents.faults


def made(offer: str, visit: str, agent: str, overtaken: tuple[str, ...] = ()) -> dict[str, Any]:
    passed = [{"who": who, "why": "refused or missed this caller"} for who in overtaken]
    return {"e": "offer made", "offer": offer, "visit": visit, "agent": agent, "call": visit, "overtaken": passed}


def closed(offer: str, visit: str, agent: str, result: str) -> dict[str, Any]:
    return {"e": "offer closed", "offer": offer, "visit": visit, "agent": agent, "result": result}


def wrap_up(agent: str, until: int) -> dict[str, Any]:
    return {"e": "wrap-up begun", "agent": agent, "until": until}


def test_two_offers_at_once_are_told() -> None:
    day = Day().tell("tick", made("1", "a", "101")).tell("tick", made("2", "b", "101"))
    assert day.agents() == ["entry 2: 101 gets 2 and has 1"]


def test_a_talk_is_no_time_for_an_offer() -> None:
    day = (
        Day().tell("tick", made("1", "a", "101")).tell("offer bridged", closed("1", "a", "101", "answered"), offer="1")
    )
    assert len(day.tell("tick", made("2", "b", "101")).agents()) == 1


def test_wrap_up_is_respected() -> None:
    day = (
        Day().tell("tick", made("1", "a", "101")).tell("offer bridged", closed("1", "a", "101", "answered"), offer="1")
    )
    day.tell("talk ended", wrap_up("101", 4_000_000), offer="1")
    day.tell("tick", made("2", "b", "101"))
    assert day.agents() == ["entry 4: 101 gets 2 1000000 us too soon"]


def test_a_refused_offer_makes_free() -> None:
    day = Day().tell("tick", made("1", "a", "101")).tell("offer failed", closed("1", "a", "101", "refused"))
    assert day.tell("tick", made("2", "b", "101")).agents() == []


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        (Day().tell("call started", call="a"), "call a began 1 times and ended 0 times"),
        (Day().tell("call ended", call="a"), "call a began 0 times and ended 1 times"),
        (Day().tell("tick", made("1", "a", "101")), "offer 1 began 1 times and ended 0 times"),
        (Day().joined("a").joined("a"), "visit a began 1 times and ended 0 times"),
    ],
)
def test_what_does_not_end_exactly_once_is_told(day: Day, fault: str) -> None:
    assert counted_once(day.entries) == [fault]


def test_a_recording_needs_a_notice_before() -> None:
    day = Day().tell("offer bridged", offer="1").tell("notice heard", call="a")
    assert len(unannounced(day.entries, ["a_1"])) == 1
    assert len(unannounced(day.entries, ["b_1"])) == 1
    early = Day().tell("notice heard", call="a").tell("offer bridged", offer="1")
    assert unannounced(early.entries, ["a_1"]) == []


def leg(**more: Any) -> Leg:
    shown = {"extension": "101", "number": "3000000001", "shown": "Cartera", "rang": 10.0, "plan": "talk"}
    return Leg(**{**shown, "talking": 11.0, "ended": 15.0, "by": "us", **more})


def caller(**more: Any) -> Seen:
    return Seen("3000000001", "6017436967", **{"answered": 5.0, "ended": 15.2, "by": "them", **more})


def test_a_caller_who_was_hung_up_on_is_told() -> None:
    assert dropped([caller()], []) != []
    assert dropped([caller()], [leg(by="them")]) != []
    assert dropped([caller()], [leg(number="3000000002")]) != []
    assert dropped([caller()], [leg()]) == []
    assert dropped([caller(by="us")], []) == []
    assert dropped([caller(farewell=True)], []) == []


def test_a_ring_without_a_decision_is_told() -> None:
    decided = Day().tell("tick", made("1", "a", "101")).entries
    channels = {name: Channel(name, "PJSIP/101-1", "from-extension", "s", 1.0) for name in ("acd-1", "acd-2", "n1-1.0")}
    assert undecided(channels, decided) == ["2"]
