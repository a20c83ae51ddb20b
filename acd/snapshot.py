"""The engine's state as a JSON object, and back: the checkpoint from which a recovery starts.

Indexes and deadlines are not stored; they are built anew, so a checkpoint loads under a changed configuration too.
"""

import typing
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from acd.config import EngineConfig
from acd.living import Agent, Credit, EndedOffer, EndedVisit, Offer, Visit
from acd.model import AgentId, CallId, Doors, OfferId, VisitId
from acd.state import State

FORMAT = 2
_QUEUE = ("nobody_since", "doors", "turns", "last_offered", "answered", "in_time", "abandoned")
T = TypeVar("T")


class UnknownSnapshot(Exception):
    """The checkpoint was written by another version: the journal has to be folded from its beginning."""


def snapshot(state: State) -> dict[str, Any]:
    """Everything that the next decision may depend on."""
    return {
        "format": FORMAT,
        "config": state.config.text,
        "t": state.t,
        "day": state.day,
        "linked": state.linked,
        "prefix": state.prefix,
        "made": state.made,
        "visit_seq": state.visit_seq,
        "ready_seq": state.ready_seq,
        "visits": [_row(v) for v in state.visits.values()],
        "calls": [list(item) for item in state.calls.items()],
        "offers": [_row(o) for o in state.offers.values()],
        "agents": [_row(a) for a in state.agents.values()],
        "queues": [[_plain(getattr(queue, name)) for name in _QUEUE] for queue in state.queues.values()],
        "ended_visits": [[key, *_row(e)] for key, e in state.ended_visits.items()],
        "ended_offers": [[key, *_row(e)] for key, e in state.ended_offers.items()],
        "early": [list(item) for item in state.early.items()],
        "credits": [[key, *_row(credit)] for key, credit in state.credits.items()],
    }


def restore(config: EngineConfig, data: Mapping[str, Any]) -> State:
    """A state that decides like the one that was stored, under the configuration that was in force then.

    `config` is for a checkpoint of an older version, which does not tell. Raises UnknownSnapshot.
    """
    if data.get("format") != FORMAT:
        raise UnknownSnapshot(f"checkpoint format {data.get('format')!r}, this version reads {FORMAT}")
    state = State(EngineConfig.parse(data["config"]) if "config" in data else config)
    state.day = data["day"]
    state.t, state.linked, state.prefix, state.made = data["t"], data["linked"], data["prefix"], data["made"]
    state.visit_seq, state.ready_seq = data["visit_seq"], data["ready_seq"]
    for row in data["agents"]:
        agent = _from_row(Agent, row)
        state.agents[agent.id] = agent
        state.note_status(agent)
    for row in data["offers"]:
        offer = _from_row(Offer, row)
        state.offers[offer.id] = offer
    state.ended_visits.update((VisitId(key), _from_row(EndedVisit, row)) for key, *row in data["ended_visits"])
    state.ended_offers.update((OfferId(key), _from_row(EndedOffer, row)) for key, *row in data["ended_offers"])
    state.early.update((VisitId(key), how) for key, how in data["early"])
    for row in data["visits"]:
        visit = _from_row(Visit, row)
        state.visits[visit.id] = visit
    state.calls = {CallId(call): VisitId(visit) for call, visit in data["calls"]}
    state.credits.update((key, _from_row(Credit, row)) for key, *row in data["credits"])
    for queue, row in zip(list(state.queues.values()), data["queues"], strict=True):
        values = dict(zip(_QUEUE, row, strict=True))
        queue.nobody_since, queue.turns = values["nobody_since"], values["turns"]
        queue.doors, queue.last_offered = Doors(values["doors"]), values["last_offered"]
        queue.answered, queue.in_time, queue.abandoned = values["answered"], values["in_time"], values["abandoned"]
        queue.last_position = state.positions.get(AgentId(queue.last_offered or ""), -1)
    state.index()
    return state


def _row(value: Any) -> list[Any]:
    return [_plain(getattr(value, name)) for name in _names(type(value))]  # type: ignore[arg-type]


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls) if f.init)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return [list(item) for item in value.items()] if isinstance(value, dict) else value


def _from_row(cls: type[T], row: list[Any]) -> T:
    makers = _makers(cls)  # type: ignore[arg-type]
    if len(row) > len(makers):
        raise UnknownSnapshot(f"checkpoint: {cls.__name__} of {len(row)} values, this version knows {len(makers)}")
    # A row of an older version may lack the last fields: they have defaults.
    return cls(*(value if value is None else make(value) for make, value in zip(makers, row, strict=False)))


@cache
def _makers(cls: Any) -> tuple[Callable[[Any], Any], ...]:
    """For each field the function that turns its JSON form into its value."""
    hints = typing.get_type_hints(cls)
    return tuple(_maker(hints[name]) for name in _names(cls))


def _maker(hint: Any) -> Callable[[Any], Any]:
    if typing.get_origin(hint) is dict:
        return dict
    for part in (hint, *typing.get_args(hint)):
        if isinstance(part, type) and issubclass(part, Enum):
            return part
    return lambda value: value
