"""What is journalled about versions of the site: which one came into force, and which one was tried on some callers."""

from dataclasses import dataclass
from datetime import datetime

from acd.codec import event

EDITION_DIGITS = 12
"""Of a version (SHA-256): how people and calls name it."""


@event("version activated")
@dataclass(frozen=True, slots=True, kw_only=True)
class VersionActivated:
    """A version of the site is in force for the calls that begin from now on."""

    at: datetime
    version: str
    before: str
    """The version that was in force; empty at the very first start."""
    how: str
    """`start`, `file change`, `reload`, `signal`, `rollback` or `canary`."""
    who: str
    why: str = ""


@event("canary started")
@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStarted:
    """Some callers begin with `version`, all others with `beside`. The callers of a list are not named here."""

    at: datetime
    version: str
    beside: str
    percent: int
    callers: int
    """How many are on its list."""
    bounds: tuple[str, ...] = ()
    who: str
    why: str = ""


@event("canary ended")
@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryEnded:
    """No call begins with the tried version any more, or all do. `how`: `promoted`, `stopped`, or `returned` because a
    bound was passed (`why` says which)."""

    at: datetime
    version: str
    how: str
    who: str
    why: str = ""


VersionFact = VersionActivated | CanaryStarted | CanaryEnded


def told(fact: VersionFact) -> str:
    """A fact in words."""
    match fact:
        case VersionActivated():
            return f"version {_short(fact.version)} came into force ({fact.how}, by {fact.who}){_reason(fact.why)}"
        case CanaryStarted():
            return f"version {_short(fact.version)} is tried on some callers, by {fact.who}{_reason(fact.why)}"
        case CanaryEnded():
            return f"the trial of version {_short(fact.version)} was {fact.how}, by {fact.who}{_reason(fact.why)}"


def _short(version: str) -> str:
    return version[:EDITION_DIGITS]


def _reason(why: str) -> str:
    return f": {why}" if why else ""
