"""One call's story: the facts that concern it, the decisions that they caused, and the reasons of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from acd import decisions as d
from acd import facts as f
from acd.engine import Engine
from acd.living import AgentStatus
from acd.model import AgentId, CallId, QueueId
from acd.what_if import Record
from ivr.call import facts as c
from ivr.explanation.helped import helped
from ivr.explanation.told import told
from ivr.explanation.words import Words
from ivr.site.overrides import OverrideSet

MOST_ASIDE = 40
"""So many lines are told of what a queue's agents did while the caller waited."""

_ASIDE = f.AgentLoggedIn | f.AgentLoggedOut | f.AgentPaused | f.AgentReady

NOT_CHOSEN = "the strategy took another"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story. `depth` 0 is a fact, 1 a decision that it caused, 2 a reason."""

    at: datetime
    depth: int
    text: str


class Explanation:
    """Collects what concerns `call` from the journal's entries, given in their order: from the first one on, or from a
    checkpoint (`begin`) that is older than the call."""

    def __init__(self, call: str, language: str = "en") -> None:
        self.call = call
        self.lines: list[Line] = []
        self.record = Record(CallId(call))
        self._say = Words(language)
        self._offers: dict[str, str] = {}  # of this call -> agent
        self._visits: dict[str, QueueId] = {}  # of this call, also those that another one began
        self._waiting: dict[str, QueueId] = {}
        self._held: dict[str, datetime] = {}
        self._wrapping: dict[str, None] = {}
        self._pauses: dict[str, str] = {}  # agent -> reason
        self._aside = 0
        self._overrides: dict[str, OverrideSet] = {}

    def begin(self, state: Mapping[str, Any]) -> None:
        """Begin with the engine's state of a checkpoint. Raises acd.snapshot.UnknownSnapshot."""
        self.record.begin(state)
        self._pauses = {view.agent: view.reason for view in self.record.engine.agents() if view.reason}

    def look_back(self, event: Any, decisions: Sequence[Any]) -> None:
        """An entry of before the checkpoint."""
        if isinstance(event, OverrideSet):
            self._overridden(event)
        elif isinstance(event, f.Fact):
            self.record.look_back(event, decisions)

    def take(self, event: Any, decisions: Sequence[Any]) -> None:
        """One journal entry."""
        if isinstance(event, OverrideSet):
            self._overridden(event)
            return
        if isinstance(event, f.Fact):
            self._paused(event, decisions)
            self.record.take(event, decisions)
        mine = [decision for decision in decisions if self._concerns(decision, event)]
        own = self._concerns(event)
        if mine or own:
            self._tell(event, mine, own)
        else:
            self._while_waiting(event, decisions)

    def helped(self) -> list[str]:
        """For each stay in a queue, once the journal is read: how it was, and what would have answered it sooner."""
        return [line for window in self.record.windows.values() for line in helped(self._say, window, self.record)]

    # ------------------------------------------------------------------ what concerns the call
    def _concerns(self, thing: Any, event: Any = None) -> bool:
        if getattr(thing, "call", None) == self.call:
            self._know(thing)
            return True
        visit, offer = str(getattr(thing, "visit", "")), getattr(thing, "offer", None)
        if visit in self._visits or visit.startswith(self.call + "/") or offer in self._offers:
            return True
        return self._follows(thing, event)

    def _follows(self, thing: Any, event: Any) -> bool:
        """Decisions that name neither call nor offer, but follow from an offer of this call."""
        cause = self._offers.get(str(getattr(event, "offer", "")), "")
        if isinstance(thing, d.BeginWrapUp) and thing.agent == cause:
            self._wrapping[thing.agent] = None
            return True
        if isinstance(thing, d.PauseAgent) and thing.agent == cause:
            return True
        return isinstance(thing, d.EndWrapUp) and self._wrapping.pop(thing.agent, 0) is None

    def _know(self, thing: Any) -> None:
        match thing:
            case d.MakeOffer():
                self._offers[thing.offer] = thing.agent
            case f.CallerJoined():
                self._visits[thing.visit] = self._waiting[thing.visit] = thing.queue
            case f.CallerSwapped() if (view := self.record.engine.visit(thing.visit)) is not None:
                self._visits[thing.visit] = self._waiting[thing.visit] = view.queue
            case d.EndVisit():
                self._waiting.pop(thing.visit, None)
            case c.TalkTransferred() if thing.leg:
                self._offers[thing.leg] = thing.to

    def _while_waiting(self, event: Any, decisions: Sequence[Any]) -> None:
        """What the queue's agents and doors did meanwhile."""
        queues = dict.fromkeys(self._waiting.values())
        if not queues or self._aside >= MOST_ASIDE:
            return
        door = isinstance(event, f.QueueDoors) and event.queue in queues
        if door or (isinstance(event, _ASIDE) and self._serves(event.agent, queues)):
            self._line(event.at, 0, told(self._say, event))
        else:
            rules = [x for x in decisions if isinstance(x, d.PauseAgent | d.EndPause) and self._serves(x.agent, queues)]
            for decision in rules:
                self._line(event.at, 1, self._decided(decision, event))
            if not rules:
                return
        self._aside += 1

    def _serves(self, agent: AgentId, queues: Iterable[QueueId]) -> bool:
        config = self.record.engine.config
        return any(agent in config.rings(queue) for queue in config.queues if queue.id in queues)

    # ------------------------------------------------------------------ telling
    def _line(self, at: datetime, depth: int, text: str) -> None:
        self.lines.append(Line(at, depth, text))

    def _tell(self, event: Any, mine: Sequence[Any], own: bool) -> None:
        at: datetime = event.at
        text = self._happened(event)
        others = not own and any(hasattr(event, name) for name in ("offer", "visit", "call"))
        self._line(at, 0, self._say("another call", text=text) if others else text)
        if isinstance(event, f.CallerJoined) and not any(isinstance(x, d.MakeOffer | d.EndVisit) for x in mine):
            for text in self._standing(event):
                self._line(at, 2, text)
        for decision in mine:
            self._line(at, 1, self._decided(decision, event))
            for text in reasons(self._say, decision, self._pauses):
                self._line(at, 2, text)
        if isinstance(event, c.StepEntered) and event.verb == "hours":
            # The fact does not say which timetable was asked: all that were overridden then are told.
            for override in self._overrides.values():
                self._line(at, 2, told(self._say, override))

    def _happened(self, event: Any) -> str:
        say = self._say
        if isinstance(event, f.TalkHeld):
            self._held.setdefault(event.offer, event.at)
        elif isinstance(event, f.TalkResumed) and (since := self._held.pop(event.offer, None)) is not None:
            return say(
                "resumed", after=say("after", seconds=say.seconds((event.at - since) // timedelta(microseconds=1)))
            )
        elif isinstance(event, f.CallerJoined):
            return told(say, event) + self._credit(event)
        return told(say, event)

    def _credit(self, event: f.CallerJoined) -> str:
        view = self.record.engine.visit(event.visit)
        if view is None or view.since_us >= view.joined_us:
            return ""
        return self._say("with credit", seconds=self._say.seconds(view.joined_us - view.since_us))

    def _decided(self, decision: Any, event: Any) -> str:
        say = self._say
        text = told(say, decision)
        if isinstance(decision, d.WidenCircle):
            added = _added(self.record.engine, decision)
            return say(
                "widened", step=decision.step, agents=say("and with it", agents=say.listed(added)) if added else ""
            )
        if isinstance(decision, d.PauseAgent) and decision.until is not None and isinstance(event, f.Fact):
            return text + say("for", seconds=say.seconds(max(0, decision.until - event.t)))
        return text

    def _standing(self, event: f.CallerJoined) -> Iterator[str]:
        """A caller for whom nobody is rung at once: the place, and what the queue's agents do."""
        say, engine = self._say, self.record.engine
        view = engine.visit(event.visit)
        if view is None:
            return
        if view.position:
            yield say("place", position=view.position, count=len(engine.waiting(event.queue)))
        if self._kept(event):
            yield say("kept for", agent=event.last_agent)
        rings = _rings(engine, event.queue)
        passed = [
            d.PassedOver(who=one.agent, why=_why(one.status, rings[one.agent], view.step))
            for one in engine.agents()
            if one.agent in rings
        ]
        yield from grouped(say, passed, self._pauses)

    def _kept(self, event: f.CallerJoined) -> bool:
        agent = next((one for one in self.record.engine.agents() if one.agent == event.last_agent), None)
        queue = next((q for q in self.record.engine.config.queues if q.id == event.queue), None)
        if agent is None or queue is None or queue.last_agent == "off" or event.only is not None:
            return False
        member = queue.last_agent == "any" or agent.agent in self.record.engine.config.rings(queue)
        return member and agent.logged_in and not agent.reason and agent.status is not AgentStatus.UNREACHABLE

    def _paused(self, event: f.Fact, decisions: Sequence[Any]) -> None:
        if isinstance(event, f.AgentPaused):
            self._pauses[event.agent] = event.reason
        for decision in decisions:
            if isinstance(decision, d.PauseAgent):
                self._pauses[decision.agent] = decision.reason

    def _overridden(self, event: OverrideSet) -> None:
        self._overrides.pop(event.timetable, None)
        if event.state != "none":
            self._overrides[event.timetable] = event


def reasons(say: Words, decision: Any, pauses: Mapping[str, str]) -> Iterator[str]:
    """Why this agent and not another one, and who was overtaken."""
    if not isinstance(decision, d.MakeOffer):
        return
    yield say("rule", rule=say.word(decision.rule))
    if decision.step:
        yield say("at step", step=decision.step)
    yield from grouped(say, decision.others, pauses)
    if decision.left_out:
        yield say("more agents", count=decision.left_out)
    for one in decision.overtaken:
        yield say("overtaken", who=one.who, why=say.word(one.why))


def grouped(say: Words, passed: Iterable[d.PassedOver], pauses: Mapping[str, str]) -> Iterator[str]:
    """Who else was in question: the eligible ones, then the others by the rule that removed them."""
    found: dict[str, list[str]] = {}
    for one in passed:
        reason = pauses.get(one.who, "") if one.why == AgentStatus.PAUSED.value else ""
        found.setdefault(one.why, []).append(f"{one.who} ({say.word(reason)})" if reason else one.who)
    for why in (AgentStatus.AVAILABLE.value, NOT_CHOSEN):
        if names := found.pop(why, []):
            yield say("also free", agents=say.listed(names))
    for why, names in found.items():
        yield say("removed", agents=say.listed(names), why=say.word(why))


def _rings(engine: Engine, queue: QueueId) -> dict[AgentId, int]:
    return next((engine.config.rings(q) for q in engine.config.queues if q.id == queue), {})


def _added(engine: Engine, widened: d.WidenCircle) -> list[str]:
    return [str(name) for name, ring in _rings(engine, widened.queue).items() if ring == widened.step]


def _why(status: AgentStatus, ring: int, step: int) -> str:
    if status is AgentStatus.AVAILABLE and ring > step:
        return "has not waited long enough for this agent"
    return status.value
