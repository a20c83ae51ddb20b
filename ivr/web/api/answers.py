"""What the routes of all parts share: how a refusal looks in the description of the API, and text from outside.

@router.post("/agents/{agent}/pause", responses=refusals(404, 409))
"""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ivr.text import printable

WHY = {
    400: "The request is not understood; `problems` says where.",
    401: "Nobody is logged in, and no valid token was sent.",
    403: "This account's role or queues, or the token's scopes, do not allow it.",
    404: "There is no such thing, or it is not within this account's reach.",
    409: "Refused as things stand; the message says why and what to do.",
    410: "It was there, and is not any more; the message says what became of it.",
    413: "What was sent is too long.",
    416: "Nothing of the range that was asked for is there; `Content-Range` says how much there is.",
    429: "Too often; try again after the seconds of `Retry-After`.",
    500: "A fault of the server; its log says why.",
    503: "Not possible at this moment: a store that cannot be read or written, or too much at once.",
}
ALWAYS = (400, 401, 403, 429, 500, 503)


class ErrorAnswer(BaseModel):
    """Every refusal. Some say more in further fields."""

    model_config = ConfigDict(extra="allow")

    error: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=`: these, and those that every route may answer with."""
    return {status: {"model": ErrorAnswer, "description": WHY[status]} for status in sorted({*ALWAYS, *statuses})}


def _printable(text: str) -> str:
    return printable(text, len(text))


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("a whole number is expected")
    return value


def _written(value: Any) -> Any:
    if isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("a moment is expected, for example 2026-12-24T17:00:00-05:00")
    return value


Words = Annotated[str, AfterValidator(_printable)]
"""A text from outside without control characters; bound it: `Annotated[Words, Field(max_length=40)]`."""

WHOLE = BeforeValidator(_number)
"""Yes and no are no numbers: `Annotated[int, Field(ge=0), WHOLE]`."""

Moment = Annotated[datetime, BeforeValidator(_written)]
"""As ISO 8601 writes it; seconds since some year are none."""

Name = Annotated[Words, Field(max_length=200)]
"""Of something that is there or not; never longer than this."""
