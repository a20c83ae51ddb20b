"""The audit over the API: searched page by page, exported as a stream, verified. Nothing of it can be changed."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, AwareDatetime, BaseModel
from sqlalchemy.exc import SQLAlchemyError

from ivr.access.model import Reach
from ivr.access.rights import reads
from ivr.aside import aside
from ivr.audit.audit import Anchors, Audit
from ivr.audit.chain import Row, values_of
from ivr.audit.in_journal import JournalUnread
from ivr.audit.store import MOST_FOUND, Wanted
from ivr.web.api.answers import Name, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from ivr.web.api.turns import Turns

Looks = Annotated[Granted, Allowed(reads("audit", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))]

LARGEST_SEQ = 2**53
VERIFICATIONS_WAITING = 2
_FORMULA_WITHIN = re.compile(r"([;,|\"'])(?=[=+@-])")
COLUMNS = (
    "seq",
    "at",
    "who",
    "account",
    "role",
    "via",
    "credential",
    "address",
    "action",
    "object",
    "result",
    "why",
    "before",
    "after",
    "detail",
    "hash",
)


def _of_our_time(at: datetime) -> datetime:
    if not 2000 <= at.year <= 2200:
        raise ValueError("a year between 2000 and 2200 is expected")
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time), Query(description="with its time zone")]
Text = Annotated[Name, Query()]
Pattern = Annotated[Name, Query(description="whole, or its beginning and `*`")]


class EntryAnswer(BaseModel):
    """One entry. `hash` closes it: SHA-256 of the hash before it, a line break and the canonical text."""

    seq: int
    at: str
    who: str
    account: str
    role: str
    via: str
    credential: str
    address: str
    action: str
    object: str
    before: Any = None
    after: Any = None
    result: str
    why: str
    detail: dict[str, Any]
    hash: str


class EntriesAnswer(BaseModel):
    """The newest stands first. `next`: give it as `before` for the page after this one; null: there is none."""

    entries: list[EntryAnswer]
    next: int | None


class FaultAnswer(BaseModel):
    """What is wrong at an entry: it was `changed`, is `missing`, stands in another `order`, has `columns` that do not
    agree with it, or was `cut off` the end."""

    seq: int
    kind: Literal["changed", "missing", "order", "columns", "cut off"]
    why: str


class VerifiedAnswer(BaseModel):
    """`entries`: how many were looked at, `last` and `hash`: the chain's end."""

    sound: bool
    entries: int
    last: int
    hash: str
    faults: list[FaultAnswer]


class AuditRoutes:
    """Search, export, verify. `journal`: the anchors that the journal holds."""

    def __init__(self, audit: Audit, journal: Anchors | None = None) -> None:
        self._audit, self._journal = audit, journal
        self._verifying = Turns(1, "verifications", VERIFICATIONS_WAITING)

    def routes(self) -> APIRouter:
        """Everything is only read."""
        router = api_router("audit")
        router.get("/audit", responses=refusals())(self.search)
        router.get("/audit/export", responses=refusals(), response_class=StreamingResponse)(self.export)
        router.get("/audit/verify", responses=refusals())(self.verify)
        return router

    async def search(
        self,
        granted: Looks,
        who: Text = "",
        action: Pattern = "",
        object: Pattern = "",
        address: Text = "",
        result: Text = "",
        since: Moment | None = None,
        until: Moment | None = None,
        before: Annotated[int, Query(ge=0, le=LARGEST_SEQ)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_FOUND)] = 100,
    ) -> EntriesAnswer:
        """The entries that fit, the newest first."""
        wanted = Wanted(
            who=who,
            action=action,
            object=object,
            address=address,
            result=result,
            since=since,
            until=until,
            before=before,
        )
        found = await _read(self._audit.store.find, wanted, limit)
        entries = [EntryAnswer(**values) for values in found]
        return EntriesAnswer(entries=entries, next=entries[-1].seq if len(entries) == limit else None)

    async def export(
        self,
        granted: Looks,
        format: Literal["csv", "jsonl"] = "jsonl",
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> StreamingResponse:
        """All entries, the oldest first: a table for a spreadsheet, or JSON lines `{"hash": ..., "entry": ...}` in
        which the entry is its canonical text, so that others can verify the chain. One that was made unreadable is
        null, with what stands in its place as `text`."""
        upto, _ = await _read(self._audit.store.last)
        granted.shows("audit.export", format=format, upto=upto)
        lines = self._exported(_csv if format == "csv" else _json, Wanted(since=since, until=until), upto)
        head = {"Content-Disposition": f'attachment; filename="audit.{format}"'}
        media = "text/csv; charset=utf-8" if format == "csv" else "application/jsonl"
        return StreamingResponse(_headed(lines) if format == "csv" else lines, media_type=media, headers=head)

    async def verify(self, granted: Looks, journal: bool = True) -> VerifiedAnswer:
        """Walk the whole chain, and compare it with the anchors in the files beside it and in the journal."""
        granted.shows("audit.verify", journal=journal)
        others = [self._journal] if journal and self._journal is not None else []
        async with self._verifying.one():
            try:
                walked = await self._audit.verify(*others)
            except (SQLAlchemyError, OSError, JournalUnread) as error:
                raise _away(error) from None
        granted.note.after = {"sound": walked.sound, "last": walked.last, "faults": len(walked.faults)}
        faults = [FaultAnswer(seq=one.seq, kind=one.kind, why=one.why) for one in walked.faults]
        return VerifiedAnswer(
            sound=walked.sound, entries=walked.entries, last=walked.last, hash=walked.hash, faults=faults
        )

    async def _exported(self, told: Any, wanted: Wanted, upto: int) -> AsyncIterator[str]:
        after = -1
        while rows := await aside(self._audit.store.rows, after, upto, wanted):
            yield await aside(told, rows)
            after = rows[-1].seq


async def _read(function: Any, *values: Any) -> Any:
    try:
        return await aside(function, *values)
    except SQLAlchemyError as error:
        raise _away(error) from None


def _away(error: Exception) -> Refusal:
    return Refusal(f"the audit cannot be read now: {str(error).splitlines()[0]}", status=503)


async def _headed(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    async for line in lines:
        yield line


def _json(rows: list[Row]) -> str:
    return "".join(map(_line, rows))


def _line(row: Row) -> str:
    """A tampered text must not look like several lines, nor like another entry."""
    if _values(row) is not None and row.text.splitlines() == [row.text]:
        return f'{{"hash":{json.dumps(row.hash)},"entry":{row.text}}}\n'
    return json.dumps({"hash": row.hash, "entry": None, "seq": row.seq, "text": row.text}) + "\n"


def _values(row: Row) -> dict[str, Any] | None:
    try:
        return values_of(row.text)
    except ValueError:
        return None


def _csv(rows: list[Row]) -> str:
    lines = io.StringIO(newline="")
    table = csv.writer(lines)
    for row in rows:
        values = (_values(row) or {"seq": row.seq, "why": f"unreadable: {row.text}"}) | {"hash": row.hash}
        table.writerow([cell(values.get(name)) for name in COLUMNS])
    return lines.getvalue()


def cell(value: Any) -> str:
    """A value for a spreadsheet, in which none is taken for a formula (a name or an object may begin with `=`).

    Where a semicolon parts the cells, as in Colombia, it does so within a cell of ours too: behind it (and behind
    quotes) comes a blank.
    """
    if value is None or value == {}:
        return ""
    text = value if isinstance(value, str) else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    text = _FORMULA_WITHIN.sub(r"\1 ", text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "'") else text
