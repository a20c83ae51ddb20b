"""Who serves a queue: skills that nobody has, agents that do not exist, and what is said twice."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from ivr.language.problems import Problem, suggestion
from ivr.language.queue_staff import Staff
from ivr.language.queue_words import Alternative, Alternatives, as_needs, str_need
from ivr.language.queues import QueueFile, QueuesFile
from ivr.language.reader import Document, Path_
from ivr.text import quoted


def need_problems(document: Document, model: QueuesFile, staff: Staff) -> Iterator[Problem]:
    """Of every queue and its steps."""
    for name, queue in model.queues.items():
        base: Path_ = ("queues", name)
        if not queue.needs and not queue.agents:
            message = f"{quoted(name)} does not say who serves it; add 'needs' (skills), or 'agents' (extensions)"
            yield Problem.at(document.key_place(base), "ACD001", message)
        wanted: list[tuple[Path_, Alternatives]] = [((*base, "needs"), queue.needs)]
        wanted += [((*base, "widen", index, "needs"), step.needs) for index, step in enumerate(queue.widen)]
        for path, alternatives in wanted:
            yield from _alternatives(document, staff, path, alternatives)
        yield from _names(document, model, staff, base, queue)


def _alternatives(document: Document, staff: Staff, path: Path_, alternatives: Alternatives) -> Iterator[Problem]:
    """Those that nobody meets, and those that another one says already."""
    served = [bool(staff.with_all(one.needs)) for one in alternatives]
    # The queue's own needs, all in vain: the queue is without agents.
    code = "CONF023" if "widen" not in path and not any(served) else "ACD002"
    for one, meets_it in zip(alternatives, served, strict=True):
        if not meets_it:
            place = document.place_within(path, one.offset)
            yield Problem.at(place, code, _lack(one, staff.best))
    for one, other in combinations(alternatives, 2):
        for narrow, wide in ((one, other), (other, one)):
            if _includes(wide, narrow) and (narrow is not one or not _includes(one, other)):
                place = document.place_within(path, narrow.offset)
                message = f"who has {quoted(str(narrow))} has {quoted(str(wide))} too; delete it here"
                yield Problem.at(place, "ACD003", message)


def _lack(one: Alternative, best: Mapping[str, int]) -> str:
    """Why nobody meets an alternative, and what to do."""
    for need in one.needs:
        if need.skill not in best:
            return f"no agent has the skill {quoted(need.skill)}{suggestion(need.skill, best, '; give it to an agent')}"
        if best[need.skill] < need.level:
            top = f"{need.skill} at least {best[need.skill]}"
            return f"no agent has {quoted(str_need(need))}; give it to an agent, or write {top}"
    return f"no agent has {quoted(str(one))} together; give them to one, or ask for a lower level"


def _includes(wide: Alternative, narrow: Alternative) -> bool:
    """Whether everybody who meets `narrow` meets `wide`, whatever the agents."""
    levels = {need.skill: need.level for need in narrow.needs}
    return all(levels.get(need.skill, 0) >= need.level for need in wide.needs)


def _names(document: Document, model: QueuesFile, staff: Staff, base: Path_, queue: QueueFile) -> Iterator[Problem]:
    """Names below `agents` and `also` that do not exist, or say nothing."""
    seen: set[str] = set()
    by_skill = staff.with_any(as_needs(queue.needs))
    for index, agent in enumerate(queue.agents):
        place = document.place((*base, "agents", index))
        if agent not in model.agents:
            hint = suggestion(agent, model.agents)
            yield Problem.at(place, "ACD005", f"{quoted(agent)} is nobody of 'agents' below{hint}")
        elif agent in seen:
            yield Problem.at(place, "CONF034", f"{quoted(agent)} stands here twice; delete one")
        elif agent in by_skill:
            message = f"{quoted(agent)} serves by 'needs' already; delete it here"
            yield Problem.at(place, "ACD004", message)
        seen.add(agent)


def skills_asked(model: QueuesFile) -> frozenset[str]:
    """Every skill that a queue or a step asks for."""
    queues = model.queues.values()
    wanted = [*(queue.needs for queue in queues), *(step.needs for queue in queues for step in queue.widen)]
    return frozenset(need.skill for alternatives in wanted for one in alternatives for need in one.needs)
