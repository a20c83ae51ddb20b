"""Numbers of callers never enter the journal: by the kinds of its events, and by the engine's own words.

That a whole line with marked numbers leaves them in one erasable table alone is tested with a real Asterisk
(tests/live/test_privacy.py); that erasing a caller leaves every figure intact, in tests/unit/records.
"""

import dataclasses
import importlib
import json
import pkgutil
import types
import typing
from enum import Enum
from random import Random
from typing import Any

import ivr
from acd import codec
from acd.codec import decode, encode
from acd.engine import Engine
from acd.facts import CallerJoined, EngineStarted, Resynchronised, Tick
from acd.model import AgentId, CallId, QueueId, VisitId
from tests.property.configs import AGENTS, CONFIG, QUEUES
from tests.property.ground import START

TEXTS = {
    "agent": "extension of an agent",
    "back": "extension of who transferred",
    "before": "version of the site",
    "beside": "version of the site",
    "bounds": "names of flows and lines",
    "by": "role, or extension of an agent",
    "call": "unique id of a channel",
    "caller": "opaque key",
    "config": "hash, or the configuration of the engine",
    "config_hash": "hash",
    "day": "date",
    "did": "number of the site",
    "extension": "number of the site",
    "file": "file of the site",
    "flow": "name of a flow",
    "hash": "hash of the audit's chain",
    "how": "word of the program",
    "key": "one key of a menu",
    "language": "language",
    "last_agent": "extension of an agent",
    "leg": "unique id of a channel",
    "mailbox": "name of a mailbox",
    "message": "id of a message",
    "node": "name of a server",
    "offer": "id of an offer",
    "only": "extension of an agent",
    "outcome": "word of the program",
    "prefix": "boot and start of a server",
    "prompt": "name of a prompt",
    "queue": "name of a queue",
    "reason": "word of the site's pauses, or of the program",
    "recording": "id of a recording",
    "result": "word of the program",
    "rule": "word of the engine",
    "said": "level, name in the site, wish and percent",
    "source": "name of a source",
    "state": "word of the program",
    "step": "name of a step",
    "then": "name of a step",
    "timetable": "name of a timetable",
    "to": "extension or queue",
    "verb": "word of the language",
    "version": "hash",
    "visit": "unique id of a channel, and a count",
    "way": "word of the language",
    "what": "word of the program",
    "who": "extension of an agent, or a visit",
    "why": "word of the program",
    "wish": "word of the language",
}
"""Every text field of an event, and what it holds. None of it is a caller's number, name, or what a caller entered."""


def kinds() -> dict[str, type]:
    """Every kind of event that this program can write."""
    for module in pkgutil.walk_packages(ivr.__path__, "ivr."):
        if ".migrations." not in module.name:  # alembic's own, without events
            importlib.import_module(module.name)
    return {name: kind for (name, _), kind in codec._by_name.items()}


def texts(kind: type) -> list[str]:
    """The fields of an event that can hold a text."""
    hints = typing.get_type_hints(kind)
    return [field.name for field in dataclasses.fields(kind) if _is_text(hints[field.name])]


def _is_text(hint: Any) -> bool:
    if typing.get_origin(hint) in (typing.Union, types.UnionType, tuple):
        return any(_is_text(part) for part in typing.get_args(hint))
    return getattr(hint, "__supertype__", hint) is str


def test_every_text_of_every_event_is_known_to_hold_no_number() -> None:
    found = {name: [field for field in texts(kind) if field not in TEXTS] for name, kind in kinds().items()}
    assert {name: fields for name, fields in found.items() if fields} == {}, "say above what a new field holds"
    assert set(TEXTS) == {field for kind in kinds().values() for field in texts(kind)}


def test_every_event_comes_back_from_its_json_and_says_nothing_more() -> None:
    """A marked text in every field: what is written holds the marks and nothing else."""
    for name, kind in kinds().items():
        value = _marked(kind)
        stored = json.loads(json.dumps(encode(value)))
        assert decode(stored) == value, name
        assert set(stored) == {"e", "v", *(field.name for field in dataclasses.fields(kind))}


def _marked(kind: type) -> Any:
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name]) for field in dataclasses.fields(kind)})


def _value(hint: Any) -> Any:
    origin, hint = typing.get_origin(hint), getattr(hint, "__supertype__", hint)
    if origin in (typing.Union, types.UnionType):
        return _value(typing.get_args(hint)[0])
    if origin is tuple:
        return (_value(typing.get_args(hint)[0]),)
    if dataclasses.is_dataclass(hint):
        return _marked(hint)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return {str: "marked", int: 7, bool: True}.get(hint, START)


def test_the_engine_writes_a_caller_s_key_only_where_it_was_told() -> None:
    """Decisions name visits, calls, queues and agents, never the caller's key: it cannot be joined with anything that
    is not a fact about the same call."""
    engine, lot, journal = Engine(CONFIG), Random(1), []
    start = EngineStarted(at=START, t=0, engine_version=2, config_hash="", prefix="0" * 13, node="n1")
    engine.apply(start)
    engine.apply(Resynchronised(at=START, t=0, callers=(), legs=(), devices=()))
    for number in range(200):
        call, key = CallId(f"c{number}"), f"key-{lot.randrange(1 << 60):x}"
        joined = CallerJoined(
            at=START,
            t=number * 100_000,
            visit=VisitId(f"{call}/1"),
            call=call,
            queue=QueueId(QUEUES[number % 3]),
            caller=key,
            last_agent=AgentId(AGENTS[number % 6]),
        )
        journal += [json.dumps(encode(d)) for d in engine.apply(joined)]
        journal += [json.dumps(encode(d)) for d in engine.apply(Tick(at=START, t=number * 100_000 + 50_000))]
    assert journal and not any("key-" in line for line in journal)
