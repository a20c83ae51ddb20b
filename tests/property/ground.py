"""The ground that a generated day stands on: what Asterisk has, how the engine is told, how it dies and comes back."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from acd import facts as f
from acd.codec import decode, encode
from acd.decisions import CancelOffer, Decision, EndVisit, HangUpOrphan, MakeOffer, SendBackAgain
from acd.engine import ENGINE_VERSION, Engine
from acd.facts import CallerSeen, DeviceSeen, Fact, LegSeen
from acd.model import AgentId, CallId, DeviceState, LegState, OfferId, OfferResult, VisitId, VisitOutcome
from tests.property.configs import CONFIG, QUEUES
from tests.property.shadow import Shadow

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Ground(RuleBasedStateMachine):
    """Callers, phones and Asterisk, as they really are, and an engine that hears of them."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = Engine(CONFIG)
        self.shadow = Shadow(CONFIG)
        self.config = CONFIG
        self.journal: list[str] = []
        self.t = 0
        self.starts = 0
        self.calls = 0
        self.days = 0
        self.visits: dict[CallId, int] = {}  # how many queues a call has been in
        self.free_calls: list[CallId] = []  # in the flow, in no queue
        self.waiting: dict[VisitId, CallerSeen] = {}  # callers on music, as Asterisk has them
        self.legs: dict[OfferId, LegState] = {}
        self.visit_of: dict[OfferId, VisitId] = {}
        self.call_of: dict[VisitId, CallId] = {}
        self.devices: dict[AgentId, DeviceState] = {}
        self.late: list[Fact] = []
        self.sent: list[Fact] = []
        self.checkpoint: tuple[int, str] | None = None
        self.picture: dict[str, Any] | None = None
        self.deeds_happen = True
        self.sound = True

    # -- telling the engine

    def now(self) -> datetime:
        return START + timedelta(microseconds=self.t)

    def fact(self, kind: type[Fact], **fields: Any) -> Fact:
        return kind(at=self.now(), t=self.t, **fields)

    def tell(self, fact: Fact) -> tuple[Decision, ...]:
        self.t = max(self.t, fact.t)
        self.sound = False  # until this fact has passed every check
        self.shadow.hear(fact)
        decisions = self.engine.apply(fact)
        self.journal.append(json.dumps([encode(fact), [encode(d) for d in decisions]]))
        self.shadow.see(fact, decisions, self.engine)
        self.sound = True
        self.perform(decisions)
        return decisions

    def perform(self, decisions: tuple[Decision, ...]) -> None:
        for decision in decisions if self.deeds_happen else ():
            match decision:
                case MakeOffer():
                    self.legs[decision.offer] = LegState.RINGING
                    self.visit_of[decision.offer] = decision.visit
                case CancelOffer() | HangUpOrphan():
                    if self.legs.pop(decision.offer, None):
                        self.late.append(self.fact(f.OfferFailed, offer=decision.offer, result=OfferResult.CANCELLED))
                case EndVisit(outcome=VisitOutcome.OVERFLOWED) | SendBackAgain():
                    if (seen := self.waiting.pop(decision.visit, None)) is not None:
                        self.free_calls.append(seen.call)

    def happens(self, fact: Fact, late: bool) -> None:
        self.sent.append(fact)
        if late:
            self.late.append(fact)
        else:
            self.tell(fact)

    # -- its death and its return

    def start(self) -> None:
        self.starts += 1
        prefix = f"{self.starts:013x}"
        text = self.config.text
        self.tell(
            self.fact(
                f.EngineStarted,
                engine_version=ENGINE_VERSION,
                config_hash=self.config.hash,
                prefix=prefix,
                node="n1",
                config=text,
            )
        )

    def look(self) -> dict[str, Any]:
        return {
            "callers": tuple(self.waiting.values()),
            "legs": tuple(LegSeen(offer=o, state=s) for o, s in self.legs.items()),
            "devices": tuple(DeviceSeen(agent=a, state=s) for a, s in self.devices.items()),
        }

    def store_checkpoint(self) -> None:
        self.checkpoint = (len(self.journal), json.dumps(self.engine.snapshot()))

    def recovered(self, from_checkpoint: bool) -> Engine:
        position, engine = 0, Engine(CONFIG)
        if from_checkpoint and self.checkpoint:
            position = self.checkpoint[0]
            engine.load(json.loads(self.checkpoint[1]))
        for line in self.journal[position:]:
            fact, decisions = json.loads(line)
            engine.fold(decode(fact), [decode(d) for d in decisions])
        return engine

    # -- at the end of the day

    def reconcile(self) -> None:
        house = self.shadow.house
        assert set(house.ends) == set(house.callers), "a visit without an outcome"
        assert set(house.results) == set(house.phones), "an offer without a result"
        assert not self.engine.offers() and all(worker.phone is None for worker in house.workers.values())
        assert not any(self.engine.in_queue(q) for q in QUEUES)

    def replay(self) -> None:
        again = Engine(CONFIG)
        for line in self.journal:
            fact, decisions = json.loads(line)
            assert [encode(d) for d in again.apply(decode(fact))] == decisions, "another decision in the replay"
        assert again.snapshot() == self.engine.snapshot()
