"""How a call is shown: by the API, and by `ivr calls --json`."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from ivr.figures.call_record import CallRecord, LegRecord, VisitRecord
from ivr.log import mask_number, mask_text


class DialAnswer(BaseModel):
    """An extension that was rung for the caller without a queue."""

    extension: str
    begun: datetime
    answered: datetime | None
    ended: datetime | None
    result: str
    transfer: str


class LegAnswer(BaseModel):
    """One phone that was rung for a call (`ivr.figures.call_record.LegRecord`). Durations in microseconds."""

    call: str
    n: int
    kind: str
    agent: str
    queue: str
    offer: str
    began: datetime
    answered: datetime | None
    ended: datetime | None
    result: str
    talk_us: int
    hold_us: int
    wrap_us: int
    transfer: str


class VisitAnswer(BaseModel):
    """One stay in one queue."""

    visit: str
    call: str
    queue: str
    joined: datetime
    priority: int
    parked: bool
    transfer: bool
    ended: datetime | None
    outcome: str | None
    wait_us: int
    agent: str
    why: str


class CallAnswer(BaseModel):
    """One call (`ivr.figures.call_record.CallRecord`). Durations in microseconds; `outcome` is null while it lives.

    `caller` is an opaque key, the same for all calls of a caller. `number` is masked unless numbers were asked for, and
    so are numbers outside that somebody was transferred to; empty: withheld, or erased. `legs`: where they were asked
    for.
    """

    call: str
    did: str
    started: datetime
    caller: str
    flow: str
    config: str
    ended: datetime | None
    outcome: str | None
    complete: bool
    keys: list[str]
    wrong_keys: int
    no_keys: int
    steps: int
    step: str
    notice: str
    queue: str
    agent: str
    wait_us: int
    talk_us: int
    dials: list[DialAnswer]
    fallback: bool
    transferred: bool
    recordings: list[str]
    messages: list[str]
    open_message: str
    prompts_missing: int
    by: str
    cause: int
    reason: str
    source: str
    number: str
    legs: list[LegAnswer]


class WholeCallAnswer(CallAnswer):
    """With its stays in queues."""

    visits: list[VisitAnswer]


def call_answer(call: CallRecord, number: str, legs: Iterable[LegRecord], full: bool) -> CallAnswer:
    """`full`: with numbers."""
    return CallAnswer(**_fields(call, number, legs, full))


def whole_answer(
    call: CallRecord, number: str, legs: Iterable[LegRecord], visits: Iterable[VisitRecord], full: bool
) -> WholeCallAnswer:
    """As `call_answer`, with the visits."""
    stays = [VisitAnswer(**{**asdict(v), "outcome": v.outcome.value if v.outcome else None}) for v in visits]
    return WholeCallAnswer(**_fields(call, number, legs, full), visits=stays)


def shown_number(number: str, full: bool) -> str:
    """A caller's number as this answer shows it."""
    return number if full else mask_number(number)


def _fields(call: CallRecord, number: str, legs: Iterable[LegRecord], full: bool) -> dict[str, Any]:
    def shown(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
        return {**row, **{name: row[name] if full else mask_text(row[name]) for name in names}}

    return {
        **shown(asdict(call), "agent"),
        "outcome": call.outcome.value if call.outcome else None,
        "dials": [DialAnswer(**shown(asdict(dial), "extension", "transfer")) for dial in call.dials],
        "number": shown_number(number, full),
        "legs": [LegAnswer(**shown(asdict(leg), "agent", "transfer")) for leg in legs],
    }
