"""A call centre for tests of skills, steps and strategies: `House(queue=..., agents=...)` on top of `Floor`."""

from typing import Any

from acd.config import AgentConfig, EngineConfig, Need, OfferRule, QueueConfig
from acd.decisions import Decision, EndVisit, MakeOffer
from acd.facts import CallerJoined, OfferBridged, OfferFailed, TalkEnded
from acd.living import AgentStatus
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, SkillId, VisitId
from tests.unit.acd.floor import Floor

S = SkillId("s")
ONE, TWO = QueueId("one"), QueueId("two")


def level(least: int, skill: SkillId = S) -> tuple[tuple[Need, ...], ...]:
    return ((Need(skill=skill, least=least),),)


def agent(name: str, skill: int = 3, **settings: Any) -> AgentConfig:
    return AgentConfig(id=AgentId(name), skills={S: skill}, **settings)


def queue(name: QueueId = ONE, **settings: Any) -> QueueConfig:
    return QueueConfig(id=name, **({"needs": level(1), "wrap_up_us": 0} | settings))


class House(Floor):
    """Agents a, b, c, ... whose phones are free, and queue "one" unless told otherwise."""

    def __init__(self, *agents: AgentConfig, queues: tuple[QueueConfig, ...] = (), **settings: Any) -> None:
        rules = {"no_answer": OfferRule(), "refused": OfferRule()} | settings
        config = EngineConfig(queues=queues or (queue(),), agents=agents, **rules)
        super().__init__(*(one.id for one in agents), config=config)

    def caller(self, name: str, into: QueueId = ONE, visit: int = 1, **fields: Any) -> tuple[Decision, ...]:
        return self.tell(CallerJoined, visit=VisitId(f"{name}/{visit}"), call=CallId(name), queue=into, **fields)

    def served(self, name: str, into: QueueId = ONE) -> str:
        """Join, be offered, talk and hang up at once: the agent."""
        made = next(d for d in self.caller(name, into) if isinstance(d, MakeOffer))
        self.tell(OfferBridged, offer=made.offer)
        self.t += 1
        self.tell(TalkEnded, offer=made.offer)
        return made.agent

    def fails(self, offer: OfferId, result: OfferResult = OfferResult.NO_ANSWER) -> tuple[Decision, ...]:
        return self.tell(OfferFailed, offer=offer, result=result)

    def status(self, name: str) -> AgentStatus:
        return next(one.status for one in self.engine.agents() if one.agent == name)


def rung(decisions: tuple[Decision, ...]) -> list[str]:
    """The agents who are offered somebody, in order."""
    return [d.agent for d in decisions if isinstance(d, MakeOffer)]


def offers(decisions: tuple[Decision, ...]) -> list[MakeOffer]:
    return [d for d in decisions if isinstance(d, MakeOffer)]


def exits(decisions: tuple[Decision, ...]) -> list[tuple[str, str]]:
    """Visits that overflowed, and where to."""
    return [(d.visit, d.why) for d in decisions if isinstance(d, EndVisit)]
