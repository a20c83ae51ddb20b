"""A day of callers, phones and Asterisk that Hypothesis drives; what the engine hears of it is another matter."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from acd import facts as f
from acd.config import SECOND
from acd.facts import CallerSeen, DeviceSeen
from acd.model import (
    AgentId,
    CallId,
    DeviceState,
    Doors,
    LegState,
    OfferId,
    OfferResult,
    QueueId,
    VisitId,
)
from tests.property.configs import AGENTS, ALL_STRATEGIES, CHANGED, CONFIG, QUEUES, with_strategies
from tests.property.ground import Ground
from tests.property.shadow import look

FAILURES = [r for r in OfferResult if r not in (OfferResult.ANSWERED, OfferResult.CANCELLED)]
KEYS = ("", "k1", "k2", "k3")

ORDINARY = ["join"] * 5 + ["ring"] * 2 + ["answer"] * 2 + ["bridge"] * 4 + ["hang_up"] * 4 + ["ring out"] * 2
ORDINARY += ["fail", "leave", "deliver_late", "free", "free", "deadline", "ready", "ready", "ready", "hold"]
ORDINARY += ["blink", "pause", "back", "pass on"]


class World(Ground):
    """Callers, phones and Asterisk, as they really are."""

    # -- the day begins

    @initialize(
        away=st.lists(st.sampled_from(AGENTS), unique=True, max_size=3),
        strategies=st.tuples(*[st.sampled_from(ALL_STRATEGIES)] * 3),
    )
    def begin(self, away: list[AgentId], strategies: tuple[str, ...]) -> None:
        self.config = with_strategies(CONFIG, strategies)
        self.devices = {a: DeviceState.UNREACHABLE if a in away else DeviceState.FREE for a in AGENTS}
        self.start()
        self.resynchronise(whole=True)

    # -- callers

    @rule(
        queue=st.sampled_from(QUEUES),
        priority=st.sampled_from([0, 0, 0, 1, 9]),
        key=st.sampled_from(KEYS),
        last=st.sampled_from([None, None, *AGENTS]),
        keeps=st.booleans(),
        again=st.booleans(),
        late=st.booleans(),
    )
    def join(
        self,
        queue: QueueId,
        priority: int,
        key: str,
        last: AgentId | None,
        keeps: bool,
        again: bool,
        late: bool,
    ) -> None:
        """A new call, or one that has been in a queue before."""
        call = self.free_calls.pop(0) if again and self.free_calls else self.new_call()
        self.enter(call, queue, priority, late, caller=key, last_agent=last, keeps=keeps)

    def new_call(self) -> CallId:
        self.calls += 1
        return CallId(f"c{self.calls}")

    def enter(self, call: CallId, queue: QueueId, priority: int, late: bool, **more: Any) -> None:
        self.visits[call] = self.visits.get(call, 0) + 1
        visit = VisitId(f"{call}/{self.visits[call]}")
        ticket = {name: more[name] for name in ("caller", "only") if name in more}
        seen = CallerSeen(
            visit=visit, call=call, queue=queue, priority=priority, joined_at=self.now(), parked=False, **ticket
        )
        self.waiting[visit], self.call_of[visit] = seen, call
        self.happens(self.fact(f.CallerJoined, visit=visit, call=call, queue=queue, priority=priority, **more), late)

    @rule(queue=st.sampled_from(QUEUES), agent=st.sampled_from(AGENTS), late=st.booleans(), again=st.booleans())
    def transfer(self, queue: QueueId, agent: AgentId, late: bool, again: bool) -> None:
        """Somebody sends a caller, new or known, to one agent."""
        if any(q.id == queue for q in self.config.queues):
            call = self.free_calls.pop(0) if again and self.free_calls else self.new_call()
            self.enter(call, queue, 0, late, only=agent)

    def caller(self, pick: int) -> VisitId | None:
        visits = list(self.waiting)
        return visits[pick % len(visits)] if visits else None

    @rule(pick=st.integers(0, 9), late=st.booleans(), hung_up=st.booleans())
    def leave(self, pick: int, late: bool, hung_up: bool) -> None:
        if visit := self.caller(pick):
            seen = self.waiting.pop(visit)
            if not hung_up:
                self.free_calls.append(seen.call)
            self.happens(self.fact(f.CallerGone, visit=visit, hung_up=hung_up), late)

    @rule(pick=st.integers(0, 9), queue=st.sampled_from(QUEUES), late=st.booleans(), keeps=st.booleans())
    def move(self, pick: int, queue: QueueId, late: bool, keeps: bool) -> None:
        """A caller leaves one queue for another, and what is heard first is left to chance."""
        if visit := self.caller(pick):
            seen = self.waiting.pop(visit)
            gone = self.fact(f.CallerGone, visit=visit, hung_up=False)
            if not late:
                self.happens(gone, False)
            self.enter(seen.call, queue, seen.priority, False, keeps=keeps)
            if late:
                self.happens(gone, True)

    @rule(pick=st.integers(0, 9), parked=st.booleans())
    def park(self, pick: int, parked: bool) -> None:
        if visit := self.caller(pick):
            self.waiting[visit] = replace(self.waiting[visit], parked=parked)
            self.happens(self.fact(f.CallerParked if parked else f.CallerReturned, visit=visit), False)

    @rule(pick=st.integers(0, 9))
    def swap(self, pick: int) -> None:
        """An attended transfer puts another call where this one waits."""
        if visit := self.caller(pick):
            call = self.new_call()
            self.visits[call] = 9
            self.waiting[visit], self.call_of[visit] = replace(self.waiting[visit], call=call), call
            self.happens(self.fact(f.CallerSwapped, visit=visit, call=call), False)

    # -- agents

    @rule(agent=st.sampled_from(AGENTS), state=st.sampled_from([DeviceState.FREE, DeviceState.FREE, *DeviceState]))
    def device(self, agent: AgentId, state: DeviceState) -> None:
        self.devices[agent] = state
        self.happens(self.fact(f.DeviceChanged, agent=agent, state=state), False)

    @rule(
        agent=st.sampled_from(AGENTS),
        what=st.sampled_from(["in", "in", "in", "out", "pause", "ready", "ready"]),
        late=st.booleans(),
    )
    def work(self, agent: AgentId, what: str, late: bool) -> None:
        """An agent comes, goes, pauses, or goes on."""
        match what:
            case "in":
                self.happens(self.fact(f.AgentLoggedIn, agent=agent, by="telephone"), late)
            case "out":
                self.happens(self.fact(f.AgentLoggedOut, agent=agent, by="telephone"), late)
            case "pause":
                self.happens(self.fact(f.AgentPaused, agent=agent, reason="Almuerzo", by="telephone"), late)
            case "ready":
                self.happens(self.fact(f.AgentReady, agent=agent, by="telephone"), late)

    @rule(what=st.sampled_from(["in", "in", "out"]))
    def everybody(self, what: str) -> None:
        """The shift begins or ends."""
        for agent in AGENTS:
            self.work(agent, what, False)

    # -- legs

    def leg(self, pick: int, *states: LegState) -> OfferId | None:
        legs = [o for o, s in self.legs.items() if s in states]
        return legs[pick % len(legs)] if legs else None

    @rule(pick=st.integers(0, 9), late=st.booleans())
    def ring(self, pick: int, late: bool) -> None:
        if offer := self.leg(pick, LegState.RINGING):
            self.happens(self.fact(f.OfferRinging, offer=offer), late)

    @rule(pick=st.integers(0, 9), late=st.booleans())
    def answer(self, pick: int, late: bool) -> None:
        if offer := self.leg(pick, LegState.RINGING):
            self.legs[offer] = LegState.ANSWERED
            self.happens(self.fact(f.OfferAnswered, offer=offer), late)

    @rule(pick=st.integers(0, 9), late=st.booleans())
    def bridge(self, pick: int, late: bool) -> None:
        offer = self.leg(pick, LegState.RINGING, LegState.ANSWERED)
        if offer is None:
            return
        if self.waiting.pop(self.visit_of[offer], None):
            self.legs[offer] = LegState.BRIDGED
            self.happens(self.fact(f.OfferBridged, offer=offer), late)
        else:
            del self.legs[offer]
            self.happens(self.fact(f.OfferFailed, offer=offer, result=OfferResult.LOST), late)

    @rule(pick=st.integers(0, 9), late=st.booleans(), result=st.sampled_from(FAILURES))
    def fail(self, pick: int, late: bool, result: OfferResult) -> None:
        if offer := self.leg(pick, LegState.RINGING, LegState.ANSWERED):
            del self.legs[offer]
            self.happens(self.fact(f.OfferFailed, offer=offer, result=result), late)

    @rule(pick=st.integers(0, 9), late=st.booleans(), held=st.booleans())
    def hold(self, pick: int, late: bool, held: bool) -> None:
        if offer := self.leg(pick, LegState.BRIDGED):
            self.happens(self.fact(f.TalkHeld if held else f.TalkResumed, offer=offer), late)

    @rule(pick=st.integers(0, 9), late=st.booleans(), goes_on=st.booleans())
    def hang_up(self, pick: int, late: bool, goes_on: bool = False) -> None:
        """A talk ends; the caller may be sent to another queue."""
        if offer := self.leg(pick, LegState.BRIDGED):
            del self.legs[offer]
            if goes_on:
                self.free_calls.append(self.call_of[self.visit_of[offer]])
            self.happens(self.fact(f.TalkEnded, offer=offer), late)

    # -- the house

    @rule(
        queue=st.sampled_from(QUEUES),
        doors=st.sampled_from([Doors.OPEN, Doors.OPEN, Doors.CLOSED, Doors.EMERGENCY]),
        late=st.booleans(),
    )
    def turn_the_key(self, queue: QueueId, doors: Doors, late: bool) -> None:
        self.happens(self.fact(f.QueueDoors, queue=queue, doors=doors), late)

    @rule(later=st.integers(-1, 1))
    def new_day(self, later: int) -> None:
        self.days = max(0, self.days + later)
        self.happens(self.fact(f.DayBegun, day=f"2026-11-{10 + self.days}"), False)

    @rule(steps=st.lists(st.tuples(st.sampled_from(ORDINARY), st.integers(0, 9)), min_size=4, max_size=25))
    def an_ordinary_stretch(self, steps: list[tuple[str, int]]) -> None:
        """Many things that happen all day, so that the rarer ones meet a busy house."""
        for what, pick in steps:
            self.t += 300_000 + 100_000 * pick
            self.happen(what, pick)

    @rule(number=st.integers(0, 1 << 32), length=st.integers(1, 60), hurry=st.integers(1, 20))
    def a_busy_hour(self, number: int, length: int, hurry: int) -> None:
        """The same, drawn by lot: longer than what is drawn one by one."""
        lot = Random(number)
        for _ in range(length):
            self.t += lot.randrange(2_000_000) // hurry
            self.happen(lot.choice(ORDINARY), lot.randrange(10))
            while (due := self.engine.next_deadline()) is not None and due <= self.t:
                self.tell(self.fact(f.Tick))

    def happen(self, what: str, pick: int) -> None:
        """One ordinary thing."""
        match what:
            case "join":
                last = AGENTS[(pick + self.calls) % len(AGENTS)] if pick % 4 == 1 else None
                self.join(QUEUES[pick % 3], pick // 8, KEYS[pick % 4], last, pick != 5, pick > 4, late=False)
            case "ring" | "answer" | "bridge" | "hang_up":
                getattr(self, what)(pick, False)
            case "deliver_late":
                if self.late:
                    self.deliver_late(pick)
            case "fail" | "ring out":
                self.fail(pick, False, OfferResult.NO_ANSWER if what == "ring out" else FAILURES[pick % len(FAILURES)])
            case "leave":
                self.leave(pick, False, pick % 3 > 0)
            case "free":
                self.device(AGENTS[pick % len(AGENTS)], DeviceState.FREE)
            case "ready":
                self.work(AGENTS[pick % len(AGENTS)], "in" if pick > 7 else "ready", False)
            case "hold":
                self.hold(pick, False, pick % 2 == 0)
            case "blink" | "pause" | "back" | "pass on":
                self.interrupt(what, pick)
            case "deadline":
                self.deadline()

    def interrupt(self, what: str, pick: int) -> None:
        """A phone loses its registration for a moment; who is rung says pause; a caller goes to the menu and back,
        or is passed on to one agent."""
        offers = self.engine.offers()
        agent = offers[pick % len(offers)].agent if offers and pick % 2 else AGENTS[pick % len(AGENTS)]
        if what == "pause":
            self.work(agent, "pause", False)
        elif what == "blink":
            now = self.devices.get(agent, DeviceState.FREE)
            self.device(agent, DeviceState.UNREACHABLE)
            self.device(agent, now)
        elif what == "pass on":
            self.transfer(QUEUES[pick % 3], agent, False, pick > 4)
        elif (visit := self.caller(pick)) is not None:
            self.move(pick, self.waiting[visit].queue, False, True)

    # -- time, order, loss

    @rule(us=st.integers(0, 4 * SECOND))
    def pass_time(self, us: int) -> None:
        self.t += us
        self.tell(self.fact(f.Tick))

    @rule()
    def deadline(self) -> None:
        due = self.engine.next_deadline()
        if due is not None:
            self.t = max(self.t, due)
            self.tell(self.fact(f.Tick))

    @precondition(lambda self: self.late)
    @rule(pick=st.integers(0, 9))
    def deliver_late(self, pick: int) -> None:
        self.tell(self.late.pop(pick % len(self.late)))

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 50))
    def deliver_twice(self, pick: int) -> None:
        fact = self.sent[-1 - pick % len(self.sent)]
        if not isinstance(fact, f.DeviceChanged | f.CallerParked | f.CallerReturned) and fact not in self.late:
            self.tell(fact)

    @rule(happen=st.booleans())
    def deeds(self, happen: bool) -> None:
        self.deeds_happen = happen

    # -- links and crashes

    @rule()
    def lose_link(self) -> None:
        self.tell(self.fact(f.LinkLost))

    @rule()
    def take_picture(self) -> None:
        self.picture = {**self.look(), "began": self.t}

    @rule(whole=st.booleans())
    def resynchronise(self, whole: bool) -> None:
        """With a picture of now, or with one that was begun a while ago."""
        picture, self.picture = self.picture, None
        self.tell(self.fact(f.Resynchronised, **(self.look() if whole or picture is None else picture)))

    @rule()
    def keep_checkpoint(self) -> None:
        self.store_checkpoint()

    @rule(from_checkpoint=st.booleans(), lose_facts=st.booleans())
    def crash(self, from_checkpoint: bool, lose_facts: bool) -> None:
        """Die and come back: the journal is all that the next engine knows."""
        self.sound = False
        before = self.engine.snapshot()
        self.engine = self.recovered(from_checkpoint)
        assert self.engine.snapshot() == before, "the recovered engine believes something else"
        look(self.shadow.house, self.engine)
        self.sound = True
        if lose_facts:
            self.late.clear()
        self.start()
        self.resynchronise(whole=True)

    # -- the day ends

    def teardown(self) -> None:
        if not self.journal or not self.sound:
            return
        while self.late:
            self.tell(self.late.pop())
        self.deeds_happen = True
        self.waiting.clear()
        self.legs.clear()
        self.t += 1
        self.tell(self.fact(f.Resynchronised, **self.look()))
        self.t += 5 * SECOND
        self.tell(self.fact(f.Tick))
        while (due := self.engine.next_deadline()) is not None:
            self.t = max(self.t, due)
            self.tell(self.fact(f.Tick))
        self.reconcile()
        self.replay()


class ChangedWorld(World):
    """A day on which the site is changed now and then."""

    @rule(number=st.integers(0, 4), told=st.booleans())
    def reconfigure(self, number: int, told: bool) -> None:
        self.config = CHANGED[number]
        self.devices.setdefault(AgentId("7"), DeviceState.FREE)
        seen = tuple(DeviceSeen(agent=a, state=s) for a, s in self.devices.items()) if told else ()
        self.tell(self.fact(f.Reconfigured, config=self.config.text, devices=seen))
        assert self.engine.config == self.config


def days(examples: int, steps: int = 60, **more: Any) -> settings:
    """So many generated days of so many steps."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )
