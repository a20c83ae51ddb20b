"""What is ruled of a talk's recording before it begins, as the dialplan and the journal have it. Pure."""

from datetime import datetime

from ivr.call import facts
from ivr.call.calls import LiveCall
from ivr.site import Site
from ivr.site.recordings import needs_notice
from recordings.policy import Level, Rule, Ruling, Said, Wish, rule_for

RECORDED, SILENT, NOT = "1", "s", "0"
"""Values of REC: the contract with [acd-agent] of the dialplan."""


def may_ever(site: Site) -> bool:
    """Whether any talk of the site may be recorded at all."""
    rules = [queue.record for queue in site.queues.values()]
    for level in (site.recordings.directions, site.recordings.numbers, site.recordings.agents):
        rules += level.values()
    return any(needs_notice(rule) for rule in rules)


def ruling_of(site: Site, live: LiveCall, queue: str, agent: str, room: bool) -> Ruling:
    """Whether a talk of this call with this agent is recorded, and why. `room`: on the disk."""
    said = said_of(site, live, queue, agent)
    return rule_for(said, call=live.call, notice_heard=live.notice is not None, declined=live.declined, room=room)


def said_of(site: Site, live: LiveCall, queue: str, agent: str) -> dict[Level, Said]:
    """What each level says about a talk of this call with this agent."""
    direction = "internal" if live.inside else "inbound"
    said = site.recordings.said(direction=direction, number=live.did, agent=agent)
    if (settings := site.queues.get(queue)) is not None:
        said[Level.QUEUE] = Said(Level.QUEUE, queue, settings.record)
    wish, step = live.wish
    if wish:
        said[Level.STEP] = Said(Level.STEP, step, Rule(Wish(wish)))
    return said


def rec_of(ruling: Ruling, live: LiveCall, room: bool) -> str:
    """What REC says to the leg of an offer: a phone of the house that asks for a caller begins silent."""
    if ruling.record:
        return RECORDED
    return SILENT if room and (ruling.may_begin or live.inside) else NOT


def fact_of(ruling: Ruling, at: datetime, live: LiveCall, leg: str, queue: str, agent: str) -> facts.RecordingRuled:
    """The ruling, as the journal has it."""
    return facts.RecordingRuled(
        at=at,
        call=live.call,
        leg=leg,
        queue=queue,
        agent=agent,
        record=ruling.record,
        why=ruling.why.value,
        said=tuple(_words(one) for one in ([ruling.by] if ruling.by else []) + list(ruling.others)),
    )


def _words(said: Said) -> str:
    share = f"{said.rule.percent:g} %" if said.rule.wish is Wish.YES and said.rule.percent < 100 else ""
    return "|".join(filter(None, (said.level.value, said.name, said.rule.wish.value, share)))
