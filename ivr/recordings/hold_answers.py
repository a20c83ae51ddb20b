"""What is asked and told of legal holds over the API."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from ivr.web.api.answers import Name, Words
from ivr.web.api.routing import Refusal
from recordings.catalogue import State
from recordings.holds import Hold, OverQueue

FIRST_YEAR, LAST_YEAR = 2000, 9000


def _written(value: Any) -> Any:
    if isinstance(value, str) or value is None:
        return value
    raise ValueError("a day is expected, for example 2026-12-24")


Day = Annotated[date, BeforeValidator(_written)]
Reason = Annotated[Words, Field(min_length=3, max_length=200, description="a case, an order of a court; in the audit")]


class HoldRequest(BaseModel):
    """What is to be kept, whatever the rules say: one of `recording`, `call`, `number` (of the caller, however it is
    written), `caller` (the opaque key, from another answer) and `queue`. Of a queue the talks that ended on the days
    `from` to `to`, both included, by the site's calendar; without `to` also those to come."""

    model_config = {"extra": "forbid"}

    recording: Name = ""
    call: Annotated[Words, Field(max_length=64)] = ""
    number: Annotated[Words, Field(max_length=64)] = ""
    caller: Annotated[Words, Field(max_length=64)] = ""
    queue: Name = ""
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    reason: Reason


class ReleaseRequest(BaseModel):
    """Why it is lifted."""

    model_config = {"extra": "forbid"}

    reason: Reason


class OverAnswer(BaseModel):
    """What a hold is over: the recording, the call, the caller's opaque key, or the queue with its days. `others`: keys
    of the same number, where trunks wrote it in several ways."""

    kind: Literal["recording", "call", "caller", "queue"]
    recording: str | None = None
    call: str | None = None
    caller: str | None = None
    others: list[str] | None = None
    queue: str | None = None
    first: Annotated[date | None, Field(serialization_alias="from")] = None
    last: Annotated[date | None, Field(serialization_alias="to")] = None


class LiftedAnswer(BaseModel):
    """Who ended a hold, when and why."""

    who: str
    at: datetime
    why: str


class HoldAnswer(BaseModel):
    """A hold. `recordings`: how many it keeps now; `gone`: how many of those it is over were deleted before."""

    hold: str
    who: str
    why: str
    since: datetime
    over: OverAnswer
    lifted: LiftedAnswer | None
    recordings: int
    gone: int


class HoldsAnswer(BaseModel):
    """The newest first."""

    holds: list[HoldAnswer]


def over_queue(queue: str, first: date | None, last: date | None) -> OverQueue:
    """Raises Refusal."""
    if first is None:
        raise Refusal("from: say on which day a queue's hold begins", status=400)
    for name, one in (("from", first), ("to", last)):
        if one is not None and not FIRST_YEAR <= one.year <= LAST_YEAR:
            raise Refusal(f"{name}: this is not a possible day", status=400)
    try:
        return OverQueue(queue, first, last)
    except ValueError as fault:
        raise Refusal(str(fault), status=400) from None


def answer_of(hold: Hold, covered: Mapping[State, int]) -> HoldAnswer:
    """`covered`: how many recordings are under it, by state."""
    told = hold.as_json()
    return HoldAnswer(
        hold=hold.hold,
        who=hold.who,
        why=hold.why,
        since=hold.since,
        over=OverAnswer(**told["over"]),
        lifted=LiftedAnswer(**told["lifted"]) if told["lifted"] is not None else None,
        recordings=sum(count for state, count in covered.items() if state is not State.DELETED),
        gone=covered.get(State.DELETED, 0),
    )
