"""A caller who does anything: walks at random through a site's flows, with a telephone company of its own in memory.

It drives the call's machine as the server does (one machine a visit, place and values as text between them) and knows
nothing of `ivr.proof`, which it is there to contradict: its clock, its lists, its look-ups and its idea of what a good
call is are written a second time here, in the simplest way.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from acd.model import CallId
from ivr.call import effects, facts
from ivr.call.machine import Machine
from ivr.call.memory import Memory
from ivr.call.place import Place
from ivr.call.story import CallInfo
from ivr.expression import EvaluationError, evaluate
from ivr.site import Site
from ivr.site.values import Type
from recordings.policy import Level, Rule, Said, Why, Wish, rule_for

AT = datetime(2026, 11, 21, tzinfo=UTC)
MOST_VISITS, MOST_EFFECTS = 120, 4000
KEYS = "0123456789*#"
SELDOM = ("full", "nobody logged in", "the last one left", "closed", "emergency")
"""Exits of a queue that few of its callers take."""
COMPLAINTS = {"went in circles": "circle", "cannot be computed": "no value", "cannot be said": "not said"}
DAYS_OF_THE_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass
class Walked:
    """What happened to one caller."""

    idle: bool
    went_wrong: set[str] = field(default_factory=set)
    """Words: circle, no notice, no prompt, not said, no value, hung up on, saved, endless, broken."""
    steps: set[tuple[str, str]] = field(default_factory=set)
    taken: set[tuple[str, str, str]] = field(default_factory=set)
    """Flow, step and way of a branch."""
    between: set[tuple[str, str, str]] = field(default_factory=set)
    """Flow, a step and the one after it."""
    seconds: float = 0.0
    """Until a person, a message's tone or a named end; while the caller is idle an upper bound of what he waited."""
    keys: int = 0
    arrived: bool = False
    restarted: bool = False
    trail: list[str] = field(default_factory=list)


class _HungUp(Exception):
    pass


class _Restart(Exception):
    pass


class Walker:
    """Walks through one site; the same seed walks the same way."""

    def __init__(self, site: Site, seed: int, first: date = date(2026, 11, 21)) -> None:
        self._site, self._random, self._first = site, random.Random(seed), first
        self._dids = list(site.entry)

    def walk(self, idle: bool | None = None, did: str | None = None) -> Walked:
        """One call, from its first step to its end."""
        idle = self._random.random() < 0.3 if idle is None else idle
        return _Call(self._site, self._random, self._first, did or self._random.choice(self._dids), idle).go()


class _Call:
    def __init__(self, site: Site, chance: random.Random, first: date, did: str, idle: bool) -> None:
        self._site, self._chance, self._did, self._idle = site, chance, did, idle
        self._now = self._a_time(first)
        self._in_lists = {name for name in site.lists if chance.random() < 0.3}
        self._overridden = self._an_override()
        self._caller = chance.choice(["", "573000000001", "573000000777", "576010000001"])
        self._segment = chance.choice(["", *(found.segment for found in site.lists.values()), "otro"])
        self._flow = site.flows[site.entry[did]]
        self._place: Place | None = None
        self._memory = ""
        self._completed: set[str] = set()
        self._wishes: list[str] = []
        self._nobody_answers = chance.random() < 0.2
        self._queues_closed = chance.random() < 0.1
        self._all_fails = chance.random() < 0.2  # what is asked outside
        self._offered = False
        self._before: tuple[str, str] | None = None
        self._mentioned = self._all_mentioned()
        self.walked = Walked(idle)

    # ------------------------------------------------------------------ the call
    def go(self) -> Walked:
        returned: effects.Returned | None = effects.FRESH
        visits = 0
        while returned is not None:
            visits += 1
            if visits > MOST_VISITS:
                self.walked.went_wrong.add("endless")
                break
            try:
                returned = self._visit(returned)
            except _Restart:
                self.walked.restarted = True
                returned = effects.RESUMED if self._place is not None else effects.FRESH
            except _HungUp:
                self._undo()
                break
            except (LookupError, TypeError, ValueError, AttributeError) as fault:
                self.walked.went_wrong.add("broken")
                self.walked.trail.append(repr(fault))
                break
        return self.walked

    def _machine(self, returned: effects.Returned, hung_up: bool = False) -> Machine:
        place = Place.decode(self._place.encode()) if self._place is not None else None
        info = CallInfo(call=CallId("walk"), did=self._did)
        memory = Memory.decode(self._memory)
        return Machine(self._site, self._flow, info, place, returned, memory, hung_up=hung_up)

    def _visit(self, returned: effects.Returned) -> effects.Returned | None:
        machine = self._machine(returned)
        effect = machine.start(AT)
        for _ in range(MOST_EFFECTS):
            if isinstance(effect, effects.HangUp | effects.Ring | effects.JoinQueue):
                return self._let_go(machine, effect)
            effect = machine.step(self._answer(machine, effect), AT)
        self.walked.went_wrong.add("endless")
        return None

    def _undo(self) -> None:
        flow = self._site.flows.get(self._place.flow) if self._place is not None else None
        step = flow.steps.get(self._place.step) if flow is not None and self._place is not None else None
        if step is None or not step.when_hung_up:
            return
        machine = self._machine(effects.FRESH, hung_up=True)
        effect = machine.start(AT)
        while not machine.finished:
            self.walked.steps.add((machine.story.flow.name, machine.story.step))
            effect = machine.step(self._answer(machine, effect, undoing=True), AT)

    def _let_go(self, machine: Machine, effect: Any) -> effects.Returned | None:
        step = machine.story.flow.steps.get(machine.story.step)
        if isinstance(effect, effects.HangUp):
            named = effect.reason == "voicemail" or (step is not None and step.verb == "hang up")
            if not (self._offered or named):
                self.walked.went_wrong.add("hung up on")
            elif not self._offered:
                self.walked.arrived = True
            return None
        if not self._completed and self._may_be_recorded(effect):
            self.walked.went_wrong.add("no notice")
        if isinstance(effect, effects.JoinQueue):
            queue = self._site.queues[effect.queue]
            if queue.announce and machine.story.language not in self._site.prompts[queue.announce].languages:
                self.walked.went_wrong.add("no prompt")
        self._arrive()
        return self._comes_back(effect)

    def _may_be_recorded(self, effect: effects.JoinQueue | effects.Ring) -> bool:
        """Whether some talk would be, if the notice had been heard."""
        declined = [one for one in self._wishes if one in ("declined", "agreed")][-1:] == ["declined"]
        wishes = [one for one in self._wishes if one not in ("declined", "agreed")][-1:]
        own = {Level.STEP: Said(Level.STEP, "s", Rule(Wish(wishes[0])))} if wishes else {}
        agents: tuple[str, ...] = ()
        if isinstance(effect, effects.JoinQueue):
            queue = self._site.queues[effect.queue]
            own[Level.QUEUE] = Said(Level.QUEUE, effect.queue, queue.record)
            agents = queue.agents_ever
        else:
            agents = (effect.extension,)
        for agent in agents:
            said = {**self._site.recordings.said(direction="inbound", number=self._did, agent=agent), **own}
            ruling = rule_for(said, call="walk", notice_heard=True, declined=declined)
            if ruling.why in (Why.FORCED, Why.YES, Why.NOT_DRAWN, Why.ON_DEMAND):
                return True
        return False

    def _comes_back(self, effect: Any) -> effects.Returned | None:
        ways = [] if self._nobody_answers else [effects.Returned(effects.Kind.TALK), None]
        if isinstance(effect, effects.JoinQueue) and self._queues_closed:
            return effects.Returned(effects.Kind.QUEUE, "closed")
        if isinstance(effect, effects.JoinQueue):
            ways += [effects.Returned(effects.Kind.QUEUE, exit) for exit in ("nobody there", "waited too long")] * 2
            ways += [effects.Returned(effects.Kind.QUEUE, exit) for exit in SELDOM]
            ways += [effects.Returned(effects.Kind.KEY, key) for key in effect.keys if not self.walked.idle] * 2
        else:
            for status in ("ANSWER", "NOANSWER", "BUSY", "CONGESTION", "CANCEL")[self._nobody_answers :]:
                ways.append(effects.Returned(effects.Kind.DIAL, status, effect.extension))
        return self._chance.choice(ways)

    def _arrive(self) -> None:
        self._offered = self.walked.arrived = True

    # ------------------------------------------------------------------ answers
    def _answer(self, machine: Machine, effect: Any, undoing: bool = False) -> effects.Input:
        story = machine.story
        if not undoing and self._place is not None and not isinstance(effect, effects.Remember):
            luck = self._chance.random()
            if luck < 0.01 and not self.walked.idle:
                raise _HungUp
            if luck > 0.99 and not self.walked.restarted:
                raise _Restart
        match effect:
            case effects.Remember(place=place, memory=memory):
                self._place, self._memory = place, memory.encode()
                assert Place.decode(place.encode()) == place, "a place that cannot be read again"
            case effects.Tell(fact=fact):
                self._told(fact, story)
            case effects.Complain(problem=problem):
                self.walked.went_wrong.add(COMPLAINTS.get(problem, "saved"))
            case effects.KeepMessage() | effects.DropMessage():
                pass
            case effects.AskOpen() | effects.Decide() | effects.Compute() | effects.LookUp():
                return self._found_out(effect)
            case _:
                return self._with_caller(effect, story)
        return effects.Done()

    def _with_caller(self, effect: Any, story: Any) -> effects.Input:
        match effect:
            case effects.Play() | effects.PlayFile():
                return self._play(effect, story)
            case effects.WaitKey(seconds=seconds):
                key = self._key(story, KEYS)
                self._spend(seconds)
                return effects.Pressed(key)
            case effects.TakeDigits():
                return self._digits(effect)
            case effects.RecordMessage():
                return self._record(effect)
        raise TypeError(effect)

    def _found_out(self, effect: Any) -> effects.Input:
        match effect:
            case effects.AskOpen(timetable=timetable):
                return self._opening(timetable)
            case effects.Decide(conditions=conditions, known=known):
                return self._decide(conditions, known)
            case effects.Compute(expression=expression, known=known):
                try:
                    return effects.Computed(evaluate(expression, lambda name: self._value(name, known)))
                except EvaluationError:
                    return effects.Computed(None)
        return self._look_up(effect.source)

    def _told(self, fact: Any, story: Any) -> None:
        match fact:
            case facts.StepEntered(flow=flow, step=step):
                self.walked.steps.add((flow, step))
                self.walked.trail.append(step)
                if self._before is not None and self._before[0] == flow:
                    self.walked.between.add((*self._before, step))
                self._before = (flow, step)
            case facts.NoticeHeard(prompt=prompt):
                self._completed.add(prompt)
            case facts.RecordingWished(wish=wish):
                self._wishes.append(wish)
            case facts.BranchTaken(way=way):
                self.walked.taken.add((story.flow.name, story.step, way))

    def _play(self, effect: Any, story: Any) -> effects.Input:
        if isinstance(effect, effects.PlayFile):
            self._spend(60)
            key = self._key(story, effect.keys)
            return effects.Played(key=key, complete=key is None)
        prompt = self._site.prompts.get(effect.prompt)
        if prompt is None or effect.language not in prompt.languages:
            self.walked.went_wrong.add("no prompt")
            return effects.Played(complete=False, missing=True)
        self._spend(0.6 + len((prompt.texts.get(effect.language) or "").split()) / 2.2)
        key = self._key(story, KEYS if effect.notice else effect.keys)
        return effects.Played(key=key, complete=effect.notice or key is None, version="walk")

    def _key(self, story: Any, listened: str) -> str | None:
        """A key, or none. Who is idle presses what no step of any flow mentions, if there is such a key."""
        if not listened:
            return None
        if self._idle:
            useless = [key for key in listened if key not in self._mentioned]
            return self._chance.choice(useless) if useless and self._chance.random() < 0.4 else None
        if self._chance.random() < 0.5:
            return None
        self.walked.keys += not self._offered
        step = story.flow.steps.get(story.step)
        liked = [key for key in getattr(step, "keys", ()) if key in listened]
        return self._chance.choice(liked if liked and self._chance.random() < 0.7 else listened)

    def _all_mentioned(self) -> set[str]:
        """Every key that some step of some flow has a use for."""
        found = {"*"}
        for flow in self._site.flows.values():
            for step in flow.steps.values():
                if step.verb in ("collect", "extension", "voicemail"):
                    found |= set(KEYS)
                found |= {*getattr(step, "keys", ()), getattr(step, "repeat", ""), getattr(step, "back", "")}
        return found

    def _digits(self, take: effects.TakeDigits) -> effects.Input:
        if take.begun == take.finish:
            return effects.Entered("")
        count = self._chance.choice([0, 1, take.most, take.most, self._chance.randint(1, take.most)])
        if self._idle:
            count = 0
        text = take.begun + "".join(self._chance.choice("0123456789") for _ in range(count))
        if not self._idle and self._chance.random() < 0.15:
            text = (text + self._chance.choice("*#"))[: take.most].split(take.finish)[0]
        text = text[: take.most]
        self.walked.keys += bool(text and not take.begun and not self._offered)
        self._spend((0 if take.begun else take.first) + take.between * len(text))
        return effects.Entered(text)

    def _record(self, record: effects.RecordMessage) -> effects.Input:
        self._arrive()
        ended = self._chance.choice(["key", "silence", "limit", "hang up", "full", "failed"])
        if ended in ("full", "failed"):
            return effects.Recorded(ended=ended)
        seconds = self._chance.choice([0.0, 1.0, 3.0, record.longest])
        return effects.Recorded(ended=ended, seconds=seconds, key="#" if ended == "key" else "", file="f")

    def _spend(self, seconds: float) -> None:
        if not self._offered:
            self.walked.seconds += seconds

    # ------------------------------------------------------------------ the world
    def _a_time(self, first: date) -> datetime:
        day = first + timedelta(days=self._chance.randrange(365))
        minute = self._chance.choice([self._chance.randrange(1440), 480, 719, 720, 840, 1050, 1049, 600, 600, 600])
        return datetime.combine(day, time(minute // 60, minute % 60))

    def _an_override(self) -> dict[str, str]:
        if not self._site.hours or self._chance.random() < 0.6:
            return {}
        state = self._chance.choice(["open", "closed", "emergency", "emergency by telephone"])
        return {self._chance.choice(list(self._site.hours)): state}

    def _opening(self, timetable: str) -> effects.Opening:
        hours = self._site.hours[timetable]
        state = self._overridden.get(timetable)
        if state == "emergency":
            return effects.Opening(state, hours.emergency)
        if state == "emergency by telephone":
            return effects.Opening("emergency", file="spoken")
        return effects.Opening(state or ("open" if hours.is_open(self._now, self._site.holidays) else "closed"))

    def _decide(self, conditions: Any, known: Mapping[str, Any]) -> effects.Input:
        for index, condition in enumerate(conditions):
            try:
                if evaluate(condition, lambda name: self._value(name, known)) is True:
                    return effects.Decided(index)
            except EvaluationError:
                self.walked.went_wrong.add("no value")
        return effects.Decided(None)

    def _value(self, name: str, known: Mapping[str, Any]) -> Any:
        if name in known:
            return known[name]
        if name.startswith("caller in "):
            return name.removeprefix("caller in ") in self._in_lists
        if name.startswith("open("):
            return self._opening(name[5:-1]).state == "open"
        if name.startswith(("queues.", "lines.")):
            return Decimal(self._chance.choice([0, 1, 3, 20, 600]))
        return {
            "caller.number": self._caller,
            "caller.anonymous": not self._caller,
            "caller.segment": self._segment,
            "did": self._did,
            "today": self._now.date(),
            "now": self._now.time(),
            "weekday": DAYS_OF_THE_WEEK[self._now.weekday()],
            "holiday": self._site.holidays.name_of(self._now.date()) is not None,
        }[name]

    def _look_up(self, source: str) -> effects.Input:
        found = self._site.look_ups[source]
        self._spend(found.at_most.total_seconds())
        outcome = self._chance.choice(["found", "found", "not found", "too slow", "failed", "failed"])
        if self._all_fails:
            return effects.LookedUp("failed")
        if outcome != "found":
            return effects.LookedUp(outcome)
        return effects.LookedUp(outcome, {name: self._some(answer.type) for name, answer in found.answers.items()})

    def _some(self, kind: Type) -> Any:
        some: dict[Type, list[Any]] = {
            Type.TEXT: ["", "1", "una palabra"],
            Type.NUMBER: [Decimal(0), Decimal(-5), Decimal("1234.50"), Decimal(1000000)],
            Type.YES_NO: [True, False],
            Type.DATE: [date(2026, 12, 24), date(2027, 1, 1)],
            Type.TIME: [time(8, 0), time(23, 59)],
        }
        return self._chance.choice(some[kind])
