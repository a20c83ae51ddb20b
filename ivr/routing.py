"""The site's queues and agents in the engine's words."""

from datetime import timedelta

from acd.config import AgentConfig, EngineConfig, Need, QueueConfig
from acd.model import AgentId, QueueId, SkillId
from ivr.site import Site

_MICROSECOND = timedelta(microseconds=1)


def engine_config(site: Site) -> EngineConfig:
    """What the engine is configured with. A checked site always gives a valid one."""
    return EngineConfig(
        queues=tuple(
            QueueConfig(
                id=QueueId(name),
                needs=(tuple(Need(skill=SkillId(need.skill), least=need.level) for need in queue.needs),),
                strategy=queue.strategy,
                ring_us=queue.ring // _MICROSECOND,
                wrap_up_us=queue.wrap_up // _MICROSECOND,
                longest_wait_us=queue.longest_wait // _MICROSECOND,
            )
            for name, queue in site.queues.items()
        ),
        agents=tuple(
            AgentConfig(id=AgentId(name), skills={SkillId(skill): level for skill, level in agent.skills.items()})
            for name, agent in site.agents.items()
        ),
    )
