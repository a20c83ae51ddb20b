"""What differs between the queues, agents and rules of two versions of a site, in an administrator's words. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TypeVar

from ivr.language.queue_words import str_condition, str_need
from ivr.rehearsal.words import Words
from ivr.site import AgentSettings, Needs, OfferRule, QueueSettings, ScreenPop, Site
from ivr.site.recordings import rule_in_words

T = TypeVar("T")


def queue_changes(old: Site, new: Site, say: Words) -> Iterator[str]:
    """Everything that callers who wait, or agents, may notice."""
    for name in {**old.queues, **new.queues}:
        if name not in old.queues:
            yield say("queue new", queue=new.queues[name].label)
        elif name not in new.queues:
            yield say("queue gone", queue=old.queues[name].label)
        else:
            yield from _who_serves(old, new, name, say)
            yield from _differences(new.queues[name].label, old.queues[name], new.queues[name], _OF_QUEUES, say)
    for extension, agent in new.agents.items():
        if extension in old.agents:
            yield from _differences(person(new, extension), old.agents[extension], agent, _OF_AGENTS, say)
    for failure, rule in new.offer_rules.items():
        yield from _differences(say(failure), old.offer_rules[failure], rule, _OF_OFFERS, say)
    for name, pop in new.screen_pops.items():
        if name in old.screen_pops:
            yield from _differences(name, old.screen_pops[name], pop, _OF_POPS, say)
    yield from _differences(say("all queues"), old, new, _OF_SITES, say)


def person(site: Site, extension: str) -> str:
    """Whose extension it is."""
    known = site.extensions.get(extension)
    return f"{known.label} ({extension})" if known is not None else extension


def _who_serves(old: Site, new: Site, name: str, say: Words) -> Iterator[str]:
    before, now = old.queues[name], new.queues[name]
    for agent in now.agents:
        if agent not in before.agents:
            yield say("serve more", queue=now.label, who=person(new, agent))
    for agent in before.agents:
        if agent not in now.agents:
            yield say("serve less", queue=now.label, who=person(old, agent))
        else:
            skills = sorted({need.skill for one in now.needs for need in one})
            levels = [{skill: site.agents[agent].skills.get(skill) for skill in skills} for site in (old, new)]
            if levels[0] != levels[1]:
                texts = [", ".join(f"{skill} {level}" for skill, level in one.items()) for one in levels]
                yield say("level", queue=now.label, who=person(new, agent), old=texts[0], new=texts[1])


def _differences(whose: str, old: T, new: T, of: Mapping[str, Callable[[T], object]], say: Words) -> Iterator[str]:
    for what, value in of.items():
        texts = [shown(value(one), say) for one in (old, new)]
        if texts[0] != texts[1]:
            yield say("setting", queue=whose, what=say(what), old=texts[0], new=texts[1])


def shown(value: object, say: Words) -> str:
    """A setting's value."""
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f} s"
    return str(value) if value else say("nothing")


def _needs(needs: Needs) -> str:
    return ", or ".join(" and ".join(str_need(need) for need in one) for one in needs)


def _steps(queue: QueueSettings) -> str:
    """`30 s: tecnico; 120 s: 101 (waiting at least 3)`."""
    texts = []
    for step in queue.widen:
        who = ", ".join((*((_needs(step.needs),) if step.needs else ()), *step.agents))
        when = ", ".join(map(str_condition, step.when))
        texts.append(f"{step.after.total_seconds():.0f} s: {who}" + (f" ({when})" if when else ""))
    return "; ".join(texts)


def _last_agent(queue: QueueSettings) -> str:
    if queue.last_agent == "off":
        return ""
    return f"{queue.last_agent}, {queue.last_agent_wait.total_seconds():.0f} s, {queue.last_agent_days} days"


def _record(queue: QueueSettings) -> object:
    words = rule_in_words(queue.record)
    return {"yes": True, "no": False}.get(words, words)


_OF_QUEUES: dict[str, Callable[[QueueSettings], object]] = {
    "label": lambda queue: queue.label,
    "strategy": lambda queue: queue.strategy,
    "widen": _steps,
    "weight": lambda queue: queue.weight,
    "ring": lambda queue: queue.ring,
    "ring another after": lambda queue: queue.ring_another,
    "wrap-up": lambda queue: queue.wrap_up,
    "most callers": lambda queue: queue.most_callers,
    "longest wait": lambda queue: queue.longest_wait,
    "nobody there after": lambda queue: queue.nobody_there,
    "timetable": lambda queue: queue.open,
    "last agent": _last_agent,
    "regain": lambda queue: queue.regain,
    "service level": lambda queue: queue.service_level,
    "announce": lambda queue: queue.announce,
    "announce every": lambda queue: queue.announce_every,
    "position": lambda queue: queue.position,
    "whisper": lambda queue: queue.whisper,
    "record": _record,
    "screen pop": lambda queue: queue.screen_pop,
}
_OF_AGENTS: dict[str, Callable[[AgentSettings], object]] = {
    "ring": lambda agent: agent.ring,
    "wrap-up": lambda agent: agent.wrap_up,
    "weight": lambda agent: agent.weight,
    "begins logged in": lambda agent: agent.begins_logged_in,
    "outside": lambda agent: agent.outside,
}
_OF_OFFERS: dict[str, Callable[[OfferRule], object]] = {
    "again after": lambda rule: rule.again_after,
    "rest": lambda rule: rule.rest,
    "pause after": lambda rule: rule.pause_after,
    "pause for": lambda rule: rule.pause_for or "until ready",
}
_OF_POPS: dict[str, Callable[[ScreenPop], object]] = {
    "address": lambda pop: pop.url,
    "at most": lambda pop: pop.at_most,
    "tries": lambda pop: pop.tries,
}
_OF_SITES: dict[str, Callable[[Site], object]] = {
    "priority is worth": lambda site: site.priority_worth,
    "pause reasons": lambda site: ", ".join(f"{number} {label}" for number, label in site.pause_reasons.items()),
    "screen pops": lambda site: ", ".join(site.screen_pops),
}
