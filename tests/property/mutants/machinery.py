"""Mutants of offers, pictures, folds and checkpoints."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import acd.absorb
import acd.engine
import acd.picture
import acd.rules
import acd.state
from acd import facts
from acd.decisions import CloseOffer, HangUpOrphan
from acd.state import State
from tests.property.mutants import MUTANTS, deaf_to, mutant, without
from tests.property.world import World

MUTANTS["offers without result"] = without(CloseOffer)
MUTANTS["legs of nobody are left"] = without(HangUpOrphan)
MUTANTS["deaf to rings"] = deaf_to(facts.OfferRinging)
MUTANTS["deaf to answers"] = deaf_to(facts.OfferAnswered)
MUTANTS["deaf to bridges"] = deaf_to(facts.OfferBridged)
MUTANTS["deaf to failures"] = deaf_to(facts.OfferFailed)
MUTANTS["goes on without a link"] = deaf_to(facts.LinkLost)
MUTANTS["keeps the old prefix"] = deaf_to(facts.EngineStarted)


@mutant
def answered_when_picked_up(patcher: pytest.MonkeyPatch) -> None:
    patcher.setitem(acd.absorb._HANDLERS, facts.OfferAnswered, acd.absorb._HANDLERS[facts.OfferBridged])


@mutant
def waits_for_ever_for_a_phone(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(State, "_offer_due", lambda self, offer: None)


@mutant
def hangs_up_every_leg_it_sees(patcher: pytest.MonkeyPatch) -> None:
    real = acd.picture._adopt

    def adopt(state: State, offer: Any, leg: Any, talk: Any) -> None:
        real(state, offer, leg, talk)
        state.news.orphans[offer.id] = None

    patcher.setattr(acd.picture, "_adopt", adopt)


@mutant
def live_legs_are_orphans(patcher: pytest.MonkeyPatch) -> None:
    real = acd.rules.decide

    def decide(state: State) -> Iterator[Any]:
        yield from real(state)
        for offer in list(state.news.offers)[:1]:
            yield HangUpOrphan(offer=offer)

    patcher.setattr(acd.engine, "decide", decide)


@mutant
def the_picture_ends_nothing(patcher: pytest.MonkeyPatch) -> None:
    real = acd.engine.absorb

    def absorb(state: State, fact: Any) -> None:
        real(state, fact)
        if isinstance(fact, facts.Resynchronised):
            for visit in state.visits.values():
                visit.gone = ""

    patcher.setattr(acd.engine, "absorb", absorb)


@mutant
def the_picture_overrules_newer_facts(patcher: pytest.MonkeyPatch) -> None:
    real = acd.absorb.absorb_picture
    patcher.setattr(
        acd.absorb, "absorb_picture", lambda state, fact, *more: real(state, replace(fact, began=-1), *more)
    )


@mutant
def the_picture_forgets_phones(patcher: pytest.MonkeyPatch) -> None:
    patcher.setattr(acd.picture, "_devices", lambda state, fact, limit: None)


@mutant
def the_ticket_tells_no_transfer(patcher: pytest.MonkeyPatch) -> None:
    real = acd.picture._unknown
    patcher.setattr(acd.picture, "_unknown", lambda state, fact, seen: real(state, fact, replace(seen, only=None)))


@mutant
def the_fold_loses_a_decision(patcher: pytest.MonkeyPatch) -> None:
    real = acd.engine.Engine.fold

    def fold(self: Any, fact: Any, decisions: list[Any]) -> None:
        real(self, fact, [d for d in decisions if not isinstance(d, CloseOffer)])

    patcher.setattr(acd.engine.Engine, "fold", fold)


@mutant
def the_fold_decides_anew(patcher: pytest.MonkeyPatch) -> None:
    def fold(self: Any, fact: Any, decisions: list[Any]) -> None:
        self.apply(fact)
        for decision in decisions:
            acd.engine.carry(self._state, decision)

    patcher.setattr(acd.engine.Engine, "fold", fold)


def _checkpoint_without(*names: str) -> Any:
    """A checkpoint forgets something: the recovery from it must not believe the same."""

    def patch(patcher: pytest.MonkeyPatch) -> None:
        def forgetful(self: World) -> None:
            empty = acd.engine.Engine(self.engine.config).snapshot()
            kept = {**self.engine.snapshot(), **{name: empty[name] for name in names}}
            self.checkpoint = (len(self.journal), json.dumps(kept))

        patcher.setattr(World, "store_checkpoint", forgetful)

    return patch


for _name in ("ready_seq", "visits", "offers", "credits", "queues", "day", "agents"):
    MUTANTS[f"the checkpoint forgets {_name}"] = _checkpoint_without(_name)
