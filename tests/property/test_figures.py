"""Sums (invariant 1) over whatever the engine decides: after every entry, for calls, visits and offers; and the same
figures when the fold is stored and taken up again at any entry."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from acd import facts as f
from acd.config import SECOND, AgentConfig, EngineConfig, QueueConfig
from acd.engine import Engine
from acd.model import AgentId, CallId, DeviceState, OfferId, OfferResult, QueueId, VisitId
from ivr.call import facts as c
from ivr.figures.projection import Projection
from ivr.figures.tally import Tally

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
AGENTS = tuple(AgentId(x) for x in ("101", "102"))
QUEUES = (QueueId("servicio"), QueueId("cartera"))
CALLS = tuple(CallId(f"n1-1.{i}") for i in range(4))

KINDS = (
    *("start", "join", "gone", "end", "device", "answer", "bridge", "fail", "talked", "tick", "sync"),
    *("held", "resumed", "handed on", "direct", "swapped", "paused", "ready", "logout", "login"),
)

deeds = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 20_000_000),
    ),
    max_size=60,
)


def config() -> EngineConfig:
    service, cartera = QUEUES
    queues = (
        QueueConfig(id=service, agents=AGENTS, most_callers=3),
        QueueConfig(id=cartera, agents=AGENTS, strategy="ring all", longest_wait_us=60 * SECOND),
    )
    return EngineConfig(queues=queues, agents=tuple(AgentConfig(id=agent) for agent in AGENTS))


def entry(engine: Engine, kind: str, one: int, other: int, t: int) -> tuple[Any, tuple[Any, ...]]:
    """What is journalled when this happens, sensible or not: facts come late, twice and in any order."""
    at = START + timedelta(microseconds=t)
    call, agent, queue = CALLS[one], AGENTS[other % 2], QUEUES[other // 2]
    visit = VisitId(f"{call}/{1 + other}")
    offers = [view.offer for view in engine.offers()] or [OfferId("none")]
    offer = offers[one % len(offers)]
    if kind == "start":
        return c.CallStarted(at=at, call=call, did="6017436967", caller="", flow="x", config="v"), ()
    if kind == "handed on":
        leg = offers[other % len(offers)] if other % 2 else ""
        return c.TalkTransferred(at=at, call=call, offer=offer, by=agent, how="blind", to="cartera", leg=leg), ()
    if kind == "end":
        return c.CallEnded(at=at, call=call, cause=16, by="caller"), ()
    facts: dict[str, f.Fact] = {
        "join": f.CallerJoined(at=at, t=t, visit=visit, call=call, queue=queue),
        "gone": f.CallerGone(at=at, t=t, visit=visit, hung_up=bool(one % 2)),
        "direct": f.CallerJoined(at=at, t=t, visit=visit, call=call, queue=queue, only=agent),
        "swapped": f.CallerSwapped(at=at, t=t, visit=visit, call=CALLS[other]),
        "held": f.TalkHeld(at=at, t=t, offer=offer),
        "resumed": f.TalkResumed(at=at, t=t, offer=offer),
        "paused": f.AgentPaused(at=at, t=t, agent=agent, reason="Almuerzo"),
        "ready": f.AgentReady(at=at, t=t, agent=agent),
        "login": f.AgentLoggedIn(at=at, t=t, agent=agent),
        "logout": f.AgentLoggedOut(at=at, t=t, agent=agent),
        "device": f.DeviceChanged(at=at, t=t, agent=agent, state=list(DeviceState)[one]),
        "answer": f.OfferAnswered(at=at, t=t, offer=offer),
        "bridge": f.OfferBridged(at=at, t=t, offer=offer),
        "fail": f.OfferFailed(at=at, t=t, offer=offer, result=(OfferResult.NO_ANSWER, OfferResult.REFUSED)[one % 2]),
        "talked": f.TalkEnded(at=at, t=t, offer=offer),
        "tick": f.Tick(at=at, t=t),
        "sync": f.Resynchronised(
            at=at,
            t=t,
            callers=(
                f.CallerSeen(visit=visit, call=call, queue=queue, priority=0, joined_at=at, parked=bool(one % 2)),
            ),
            legs=(),
            devices=tuple(f.DeviceSeen(agent=x, state=DeviceState.FREE) for x in AGENTS),
        ),
    }
    return facts[kind], engine.apply(facts[kind])


class Fold:
    def __init__(self) -> None:
        self.projection, self.tally = Projection(), Tally()

    def take(self, event: Any, decisions: tuple[Any, ...]) -> None:
        self.tally.count(event, self.projection.apply(event.at, event, decisions), decisions)

    def stored_and_taken_up(self) -> "Fold":
        again = Fold()
        records = [*self.projection.calls.values(), *self.projection.visits.values(), *self.projection.offers.values()]
        again.projection = Projection(records, self.projection.waiting_facts())
        again.tally.restore(self.tally.state())
        return again

    def everything(self) -> Any:
        return (
            dict(self.projection.calls),
            self.projection.visits,
            self.projection.offers,
            self.tally.state(),
            {call: self.projection.legs(call) for call in CALLS},
        )


@settings(max_examples=150, deadline=None)
@given(deeds, st.integers(0, 60))
def test_sums_hold_after_every_entry_and_every_restart(deeds: list[tuple[str, int, int, int]], crash: int) -> None:
    engine = Engine(config())
    start = f.EngineStarted(at=START, t=0, engine_version=1, config_hash="x", prefix="p" * 13, node="n1")
    whole, restarted = Fold(), Fold()
    entries: list[tuple[Any, tuple[Any, ...]]] = [(start, engine.apply(start))]
    t = 0
    for kind, one, other, later in deeds:
        t += later
        entries.append(entry(engine, kind, one, other, t))
    for number, (event, decisions) in enumerate(entries):
        whole.take(event, decisions)
        if number == crash:
            restarted = restarted.stored_and_taken_up()
        restarted.take(event, decisions)
        assert whole.tally.difference(whole.projection) == {"calls": 0, "visits": 0, "offers": 0}
    waiting = {visit.visit for visit in whole.projection.open_visits()}
    assert waiting == {view.visit for queue in QUEUES for view in engine.in_queue(queue)}
    assert restarted.everything() == whole.everything()
