"""The houses in which the generated days happen: few agents, few callers, every feature."""

from dataclasses import replace

from acd.config import SECOND, STRATEGIES, AgentConfig, Condition, EngineConfig, Need, OfferRule, QueueConfig, Step
from acd.model import AgentId, QueueId, SkillId

A, B, C = SkillId("a"), SkillId("b"), SkillId("c")


def skill(name: SkillId, least: int = 1) -> Need:
    return Need(skill=name, least=least)


ONE = QueueConfig(
    id=QueueId("one"),
    needs=((skill(A, 2),),),
    steps=(
        Step(after_us=6 * SECOND, needs=((skill(A),),)),
        Step(after_us=12 * SECOND, agents=(AgentId("6"),), when=(Condition(what="waiting", value=2),)),
    ),
    longest_wait_us=40 * SECOND,
    wrap_up_us=8 * SECOND,
    most_callers=5,
    last_agent="members",
    last_agent_us=9 * SECOND,
    regain_us=6 * SECOND,
)
TWO = QueueConfig(
    id=QueueId("two"),
    needs=((skill(A, 3), skill(B)), (skill(C, 2),)),
    steps=(
        Step(after_us=4 * SECOND, needs=((skill(A),), (skill(B),)), when=(Condition(what="idle", value=0, most=True),)),
    ),
    weight=1,
    ring_us=10 * SECOND,
    ring_another_us=3 * SECOND,
    service_level_us=6 * SECOND,
)
THREE = QueueConfig(
    id=QueueId("three"),
    agents=(AgentId("4"), AgentId("5")),
    steps=(
        Step(
            after_us=2 * SECOND,
            needs=((skill(C),),),
            when=(
                Condition(what="longest wait", value=7 * SECOND),
                Condition(what="service level", value=80, most=True),
            ),
        ),
        Step(after_us=20 * SECOND, needs=((skill(A),),), when=(Condition(what="waiting", value=4, most=True),)),
    ),
    ring_another_us=2 * SECOND,
    wrap_up_us=0,
    nobody_there_us=5 * SECOND,
    service_level_us=5 * SECOND,
    last_agent="any",
    last_agent_us=8 * SECOND,
    regain_us=30 * SECOND,
)
QUEUES = (ONE.id, TWO.id, THREE.id)

CONFIG = EngineConfig(
    queues=(ONE, TWO, THREE),
    agents=(
        AgentConfig(id=AgentId("1"), skills={A: 1}),
        AgentConfig(id=AgentId("2"), skills={A: 3, B: 1}, ring_us=7 * SECOND, weight=2),
        AgentConfig(id=AgentId("3"), skills={A: 5, B: 5, C: 1}, wrap_up_us=3 * SECOND),
        AgentConfig(id=AgentId("4"), skills={A: 2}, weight=3),
        AgentConfig(id=AgentId("5"), skills={C: 4, B: 2}, wrap_up_us=0),
        AgentConfig(id=AgentId("6"), skills={C: 2}, logged_in=False),
    ),
    priority_us=10 * SECOND,
    no_answer=OfferRule(pause_after=2, pause_us=15 * SECOND),
    busy=OfferRule(rest_us=5 * SECOND, again_us=8 * SECOND),
    refused=OfferRule(rest_us=4 * SECOND, pause_after=3),
    unreachable=OfferRule(rest_us=10 * SECOND, again_us=2 * SECOND),
)
AGENTS = tuple(a.id for a in CONFIG.agents)


def with_strategies(config: EngineConfig, names: tuple[str, ...]) -> EngineConfig:
    """The same house with other strategies."""
    named = tuple(replace(q, strategy=names[n % len(names)]) for n, q in enumerate(config.queues))
    return replace(config, queues=named)


ALL_STRATEGIES = STRATEGIES

FEWER = replace(CONFIG, agents=CONFIG.agents[:2], queues=(replace(ONE, steps=ONE.steps[:1]), replace(TWO, weight=0)))
SWIFTER = replace(
    CONFIG,
    queues=(replace(ONE, longest_wait_us=5 * SECOND, wrap_up_us=1 * SECOND, steps=ONE.steps[:1], weight=2), THREE),
    no_answer=OfferRule(pause_after=1, pause_us=None),
    priority_us=0,
)
OTHERS = replace(
    CONFIG,
    agents=(*(replace(a, skills={A: 5}) for a in reversed(CONFIG.agents)), AgentConfig(id=AgentId("7"), skills={A: 5})),
    queues=(
        replace(THREE, agents=()),
        replace(TWO, needs=ONE.needs, strategy="ring all"),
        replace(ONE, agents=(AgentId("1"),), needs=(), strategy="ring progressively", most_callers=2),
    ),
)
EMPTY = EngineConfig(queues=(), agents=())
CHANGED = (CONFIG, FEWER, SWIFTER, OTHERS, EMPTY)
