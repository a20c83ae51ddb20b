"""Skills with alternatives, and circles that widen by waiting time and conditions."""

from acd.config import SECOND, Condition, EngineConfig, Need, Step
from acd.decisions import WidenCircle
from acd.facts import AgentReady, LinkLost
from acd.model import AgentId, DeviceState, SkillId
from tests.unit.acd.house import ONE, House, S, agent, level, offers, queue, rung

STEPS = (Step(after_us=30 * SECOND, needs=level(3)), Step(after_us=60 * SECOND, agents=(AgentId("c"),)))


def test_any_alternative_with_all_its_skills() -> None:
    other = SkillId("t")
    config = EngineConfig(
        queues=(queue(needs=((Need(skill=S, least=3), Need(skill=other)), (Need(skill=S, least=5),))),),
        agents=(agent("a", 3), agent("b", 5), agent("c", 4)),
    )
    assert config.members(config.queues[0]) == ("b",)


def test_the_circle_widens_with_the_wait() -> None:
    floor = House(
        agent("a", 5), agent("b", 3), agent("c", 1), queues=(queue(needs=level(5), ring_us=600 * SECOND, steps=STEPS),)
    )
    assert rung(floor.caller("x")) == ["a"]
    assert rung(floor.caller("y")) == []
    widened = floor.after(30)
    assert [(d.visit, d.step) for d in widened if isinstance(d, WidenCircle)] == [("x/1", 1), ("y/1", 1)]
    assert rung(widened) == ["b"]
    assert rung(floor.after(30)) == [], "x rings at a, and y at b"
    assert rung(floor.caller("z")) == [], "z has not waited for c"
    assert rung(floor.after(60)) == ["c"]


def test_the_inner_ring_is_taken_first() -> None:
    floor = House(agent("a", 3), agent("b", 5), queues=(queue(needs=level(5), steps=STEPS[:1]),))
    floor.phone("a", DeviceState.BUSY)
    floor.phone("b", DeviceState.BUSY)
    floor.caller("x")
    floor.after(30)
    floor.tell(LinkLost)
    floor.phone("a")
    floor.phone("b")
    assert rung(floor.picture(floor.seen("x", 30, ONE))) == ["b"], "a was idle for longer, but b is nearer"


def test_a_condition_opens_the_step_when_it_holds() -> None:
    step = Step(after_us=10 * SECOND, needs=level(1), when=(Condition(what="waiting", value=2),))
    floor = House(agent("a", 5), agent("b", 1), queues=(queue(needs=level(5), ring_us=600 * SECOND, steps=(step,)),))
    assert rung(floor.caller("x")) == ["a"]
    assert rung(floor.after(20)) == []
    joined = floor.caller("y")
    assert [d.visit for d in joined if isinstance(d, WidenCircle)] == ["x/1"], "y has not waited ten seconds"
    assert rung(floor.after(10)) == ["b"]


def test_the_longest_wait_opens_a_step_by_itself() -> None:
    step = Step(after_us=0, needs=level(1), when=(Condition(what="longest wait", value=40 * SECOND),))
    floor = House(agent("a", 5), agent("b", 1), queues=(queue(needs=level(5), ring_us=600 * SECOND, steps=(step,)),))
    floor.caller("x")
    floor.caller("y")
    assert rung(floor.after(39)) == []
    assert rung(floor.after(1)) == ["b"]


def test_why_an_agent_waits_while_a_caller_waits() -> None:
    floor = House(agent("a", 5), agent("b", 3), queues=(queue(needs=level(5), ring_us=600 * SECOND, steps=STEPS[:1]),))
    (made,) = offers(floor.caller("x"))
    assert [(one.who, one.why) for one in made.others] == [("b", "has not waited long enough for this agent")]
    assert floor.tell(AgentReady, agent=AgentId("b")) == ()
