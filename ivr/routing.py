"""The site's queues and agents in the engine's words."""

from datetime import timedelta

from acd.config import AgentConfig, Condition, EngineConfig, Need, Needs, OfferRule, QueueConfig, Step
from acd.model import AgentId, QueueId, SkillId
from ivr.site import AgentSettings, QueueSettings, Site
from ivr.site import Condition as SiteCondition
from ivr.site import Needs as SiteNeeds
from ivr.site import OfferRule as SiteOfferRule

_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


def engine_config(site: Site) -> EngineConfig:
    """What the engine is configured with. A checked site always gives a valid one."""
    rules = site.offer_rules
    return EngineConfig(
        queues=tuple(_queue(name, queue) for name, queue in site.queues.items()),
        agents=tuple(_agent(name, agent) for name, agent in site.agents.items()),
        priority_us=site.priority_worth // _MICROSECOND,
        no_answer=_rule(rules["no answer"]),
        busy=_rule(rules["busy"]),
        refused=_rule(rules["refused"]),
        unreachable=_rule(rules["unreachable"]),
    )


def _queue(name: str, queue: QueueSettings) -> QueueConfig:
    return QueueConfig(
        id=QueueId(name),
        needs=_needs(queue.needs),
        agents=tuple(map(AgentId, queue.named)),
        steps=tuple(
            Step(
                after_us=step.after // _MICROSECOND,
                needs=_needs(step.needs),
                agents=tuple(map(AgentId, step.agents)),
                when=tuple(map(_condition, step.when)),
            )
            for step in queue.widen
        ),
        strategy=queue.strategy,
        weight=queue.weight,
        ring_us=queue.ring // _MICROSECOND,
        ring_another_us=queue.ring_another // _MICROSECOND,
        wrap_up_us=queue.wrap_up // _MICROSECOND,
        most_callers=queue.most_callers,
        longest_wait_us=queue.longest_wait // _MICROSECOND,
        nobody_there_us=queue.nobody_there // _MICROSECOND,
        last_agent=queue.last_agent,
        last_agent_us=queue.last_agent_wait // _MICROSECOND,
        regain_us=queue.regain // _MICROSECOND,
        service_level_us=queue.service_level.within // _MICROSECOND,
    )


def _agent(name: str, agent: AgentSettings) -> AgentConfig:
    return AgentConfig(
        id=AgentId(name),
        skills={SkillId(skill): level for skill, level in agent.skills.items()},
        ring_us=None if agent.ring is None else agent.ring // _MICROSECOND,
        wrap_up_us=None if agent.wrap_up is None else agent.wrap_up // _MICROSECOND,
        weight=agent.weight,
        logged_in=agent.begins_logged_in,
    )


def _needs(needs: SiteNeeds) -> Needs:
    return tuple(tuple(Need(skill=SkillId(n.skill), least=n.level) for n in one) for one in needs)


def _condition(condition: SiteCondition) -> Condition:
    """The file has a wait in seconds."""
    scale = _SECOND if condition.what == "longest wait" else 1
    return Condition(what=condition.what, value=condition.value * scale, most=condition.most)


def _rule(rule: SiteOfferRule) -> OfferRule:
    return OfferRule(
        again_us=rule.again_after // _MICROSECOND,
        rest_us=rule.rest // _MICROSECOND,
        pause_after=rule.pause_after,
        pause_us=None if rule.pause_for is None else rule.pause_for // _MICROSECOND,
    )
