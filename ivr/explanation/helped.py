"""How a stay in a queue was, and what would have answered the caller sooner."""

from collections.abc import Iterable, Iterator, Mapping

from acd.decisions import CloseOffer, PauseAgent
from acd.facts import AgentPaused
from acd.what_if import NEWCOMER, Record, Sooner, Window, what_if
from acd.what_if.changes import NOT_PAUSED
from ivr.explanation.words import Words

TOLD = 4
"""So many different ways are told."""


def helped(say: Words, window: Window, record: Record) -> Iterator[str]:
    """The lines about one visit."""
    yield _summary(say, window)
    answer = what_if(window, record.trails, most=100)
    if answer.sooner:
        yield say("sooner")
        for line in list(_ways(say, answer.sooner, _pauses(window)))[:TOLD]:
            yield f"  {line}"
    else:
        yield say("nothing", tried=answer.tried) if answer.tried else say("not tried")
    if not answer.faithful:
        yield say("not faithful")
    if not answer.whole:
        yield say("not whole")


def _pauses(window: Window) -> dict[str, str]:
    """Why who was paused, the first reason while the caller waited."""
    found: dict[str, str] = {view.agent: view.reason for view in window.agents if view.reason}
    for fact, decisions in window.entries:
        if isinstance(fact, AgentPaused):
            found.setdefault(fact.agent, fact.reason)
        for decision in decisions:
            if isinstance(decision, PauseAgent):
                found.setdefault(decision.agent, decision.reason)
    return found


def _summary(say: Words, window: Window) -> str:
    ended = window.ended
    offers = [
        say("offer result", agent=decision.agent, result=say.word(decision.result.value))
        for _, decisions in window.entries
        for decision in decisions
        if isinstance(decision, CloseOffer) and decision.visit == window.visit
    ]
    return say(
        "summary",
        queue=window.queue,
        seconds=say.seconds(ended.wait_us if ended is not None else window.end_t - window.t),
        outcome=say.word(ended.outcome.value) if ended is not None else say("still waits"),
        agent=say("by agent", agent=ended.agent) if ended is not None and ended.agent else "",
        why=f": {say.word(ended.why)}" if ended is not None and ended.why else "",
        offers=say.listed(offers) or say("none"),
    )


def _ways(say: Words, sooner: Iterable[Sooner], pauses: Mapping[str, str]) -> Iterator[str]:
    """Agents with whom the same change gives the same are told together."""
    groups: dict[tuple[str, int, bool], list[Sooner]] = {}
    for one in sooner:
        itself = one.agent == one.change.agent
        groups.setdefault((one.change.kind, one.wait_us // 1_000_000, itself), []).append(one)
    for (kind, _, itself), alike in groups.items():
        first = alike[0]
        names = [_named(say, one, pauses) for one in alike]
        change = say(f"change {kind}", agents=say.listed(names, say("or")))
        agent = _who(say, first)
        if itself and len(alike) > 1:
            agent = say.listed([str(one.agent) for one in alike], say("or"))
        wait = say.seconds(first.wait_us)
        if first.saved_us is None:
            yield say("would answer", change=change, agent=agent, wait=wait)
        else:
            yield say("saved", change=change, saved=say.seconds(first.saved_us), wait=wait, agent=agent)


def _named(say: Words, one: Sooner, pauses: Mapping[str, str]) -> str:
    reason = pauses.get(str(one.change.agent), "") if one.change.kind == NOT_PAUSED else ""
    return f"{one.change.agent} ({say.word(reason)})" if reason else str(one.change.agent)


def _who(say: Words, one: Sooner) -> str:
    return say("the newcomer") if one.agent == NEWCOMER else str(one.agent)
