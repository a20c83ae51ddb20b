"""A whole journal before the second model of the rules (`tests/property/shadow`), which learns from the same facts,
shares no code with the engine, and judges each decision and each reason that is told."""

from collections.abc import Sequence
from typing import Any

from acd.config import EngineConfig
from acd.facts import EngineStarted, Fact
from ivr.call.journalled import decode
from tests.property.shadow import Shadow
from tests.soak.audit import Record

Decoded = Sequence[tuple[Record, Any, tuple[Any, ...]]]
"""Entries with their event and their decisions."""


def decoded(entries: Sequence[Record]) -> Decoded:
    """Of entries as they are stored."""
    return [(entry, decode(entry.event), tuple(map(decode, entry.decisions))) for entry in entries]


def contradictions(facts: Decoded) -> list[str]:
    """What the model calls wrong. After the first contradiction it knows no more, so there is one at most."""
    shadow: Shadow | None = None
    for entry, fact, decisions in facts:
        if not isinstance(fact, Fact):
            continue
        if shadow is None:
            assert isinstance(fact, EngineStarted)
            shadow = Shadow(EngineConfig.parse(fact.config))
        try:
            shadow.hear(fact)
            shadow.see(fact, decisions)
        except (AssertionError, KeyError) as fault:
            return [f"entry {entry.position} of {len(facts)}, {entry.name}: {fault!r}, decided {decisions}"]
    return []
