"""Whom each strategy takes first."""

from typing import Any

import pytest

from acd.config import SECOND
from acd.facts import AgentLoggedIn, DayBegun, OfferAnswered, OfferBridged, QueueDoors, TalkEnded
from acd.model import AgentId, Doors, OfferResult
from tests.unit.acd.house import ONE, House, agent, exits, offers, queue, rung


def house(strategy: str, *agents: Any, **settings: Any) -> House:
    return House(*(agents or (agent("a"), agent("b"), agent("c"))), queues=(queue(strategy=strategy, **settings),))


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("longest idle", "abcabc"),
        ("round robin", "abcabc"),
        ("linear", "aaaaaa"),
        ("fewest calls", "abcabc"),
        ("least talk time", "abcabc"),
        ("weighted", "abcabc"),
        ("best skill", "abcabc"),
    ],
)
def test_equal_agents_take_turns(strategy: str, expected: str) -> None:
    floor = house(strategy)
    assert "".join(floor.served(str(n)) for n in range(6)) == expected


def test_the_best_skill_comes_first() -> None:
    floor = house("best skill", agent("a", 1), agent("b", 5), agent("c", 3))
    made = [rung(floor.caller(str(n))) for n in range(3)]
    assert made == [["b"], ["c"], ["a"]]


def test_twice_the_weight_twice_the_calls() -> None:
    floor = house("weighted", agent("a", weight=2), agent("b"))
    taken = [floor.served(str(n)) for n in range(30)]
    assert (taken.count("a"), taken.count("b")) == (20, 10)


def test_the_least_talk_time_is_that_of_today() -> None:
    floor = house("least talk time", agent("a"), agent("b"))
    (made,) = offers(floor.caller("long"))
    floor.tell(OfferBridged, offer=made.offer)
    floor.t += 300 * SECOND
    floor.tell(TalkEnded, offer=made.offer)
    assert [floor.served(str(n)) for n in range(3)] == ["b", "b", "b"]
    floor.tell(DayBegun, day="2026-11-24")
    assert floor.engine.agents()[0].talk_us == 0
    assert floor.served("tomorrow") == "a"


def test_a_call_counts_once() -> None:
    floor = house("fewest calls", agent("a"))
    floor.served("x")
    assert floor.engine.agents()[0].calls == 1
    (made,) = offers(floor.caller("y"))
    floor.fails(made.offer)
    assert floor.engine.agents()[0].calls == 1, "who rang in vain has served nobody"


def test_chance_is_the_same_each_time_and_not_always_the_same_agent() -> None:
    first, again = house("random"), house("random")
    taken = [first.served(str(n)) for n in range(30)]
    assert taken == [again.served(str(n)) for n in range(30)]
    assert min(taken.count(name) for name in "abc") >= 4


def test_ring_all_rings_all_and_the_first_to_answer_has_the_caller() -> None:
    floor = house("ring all")
    made = offers(floor.caller("x"))
    assert [d.agent for d in made] == ["a", "b", "c"]
    assert rung(floor.caller("y")) == []
    cancelled = floor.tell(OfferAnswered, offer=made[1].offer)
    assert [(d.agent, d.why) for d in cancelled] == [("a", "answered elsewhere"), ("c", "answered elsewhere")]


def test_ring_all_goes_on_when_the_winner_hangs_up_in_the_whisper() -> None:
    floor = house("ring all", agent("a"), agent("b"))
    made = offers(floor.caller("x"))
    floor.tell(OfferAnswered, offer=made[0].offer)
    floor.fails(made[1].offer, OfferResult.CANCELLED)
    again = offers(floor.fails(made[0].offer, OfferResult.REFUSED))
    assert [d.agent for d in again] == ["b"], "who refused is not rung again for this caller"


def test_one_phone_more_each_time() -> None:
    floor = house("ring progressively", ring_another_us=4 * SECOND)
    assert rung(floor.caller("x")) == ["a"]
    assert rung(floor.after(3)) == []
    assert rung(floor.after(1)) == ["b"]
    assert rung(floor.after(4)) == ["c"]


@pytest.mark.parametrize("leaving", ["longest wait", "doors"])
@pytest.mark.parametrize("strategy", ["ring all", "ring progressively"])
def test_who_has_to_leave_gets_no_further_phone(strategy: str, leaving: str) -> None:
    times = {"ring_another_us": 4 * SECOND, "longest_wait_us": 10 * SECOND}
    floor = house(strategy, agent("a"), agent("b"), agent("c", logged_in=False), **times)
    made = offers(floor.caller("x")) + offers(floor.after(4))
    assert [d.agent for d in made] == ["a", "b"]
    if leaving == "doors":
        floor.tell(QueueDoors, queue=ONE, doors=Doors.CLOSED)
    else:
        floor.after(6)
    assert rung(floor.fails(made[0].offer)) == []
    assert rung(floor.tell(AgentLoggedIn, agent=AgentId("c"))) == [], "the phone that still rings is the last one"
    assert exits(floor.fails(made[1].offer)) == [("x/1", "closed" if leaving == "doors" else "waited too long")]
