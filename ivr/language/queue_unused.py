"""What queues.yaml has and nobody uses: told once everything else is right."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ivr.language.problems import Problem, bounded
from ivr.language.queue_needs import skills_asked
from ivr.language.queue_staff import Staff
from ivr.text import quoted

if TYPE_CHECKING:
    from ivr.language.config import Configuration


def unused_problems(configuration: "Configuration") -> Iterator[Problem]:
    """Agents without a queue, skills that nobody asks for, screen pops that no queue has, weights without a use."""
    yield from bounded(_unused(configuration))


def _unused(configuration: "Configuration") -> Iterator[Problem]:
    document, model = configuration.queues.document, configuration.queues.model
    if document is None or model is None:
        return
    staff = Staff(model)
    serving = staff.queues_of
    by_weight = [staff.rings(queue) for queue in model.queues.values() if queue.strategy == "weighted"]
    weighted = {agent for found in by_weight for agent in found}
    asked = skills_asked(model)
    for extension, agent in model.agents.items():
        path = ("agents", extension)
        if extension not in serving:
            message = f"no queue is for the agent {quoted(extension)}; give a skill that is asked for, or delete it"
            yield Problem.at(document.key_place(path), "ACD006", message)
        if "weight" in agent.model_fields_set and extension not in weighted:
            message = "'weight' does nothing here: no queue of this agent has the strategy weighted; delete this line"
            yield Problem.at(document.key_place((*path, "weight")), "ACD031", message)
        for skill in agent.skills:
            if extension in serving and skill not in asked:
                message = f"no queue asks for the skill {quoted(skill)}; ask for it, or delete it"
                yield Problem.at(document.key_place((*path, "skills", skill)), "ACD007", message)
    used = {queue.screen_pop for queue in model.queues.values()}
    for name in model.screen_pops:
        if name not in used:
            message = f"no queue has the screen pop {quoted(name)}; add it to one, or delete it"
            yield Problem.at(document.key_place(("screen pops", name)), "ACD044", message)
