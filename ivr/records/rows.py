"""Records as rows of their tables, and back."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Table

from acd.model import OfferResult, VisitOutcome
from ivr.figures.call_record import (
    CallOutcome,
    CallRecord,
    Dial,
    LegRecord,
    OfferRecord,
    Pause,
    Record,
    TalkRuling,
    VisitRecord,
)
from ivr.records import tables

TABLE_OF: dict[type, Table] = {
    CallRecord: tables.calls,
    VisitRecord: tables.visits,
    OfferRecord: tables.offers,
    LegRecord: tables.legs,
}


def row_of(record: Record) -> dict[str, Any]:
    """The values of the record's columns; text is cut to what its column holds."""
    table = TABLE_OF[type(record)]
    return {
        f.name: _plain(getattr(record, f.name), getattr(table.c[f.name].type, "length", None))
        for f in dataclasses.fields(record)
    }


def _plain(value: Any, longest: int | None) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_part_row(v) if isinstance(v, Dial | TalkRuling) else v for v in value]
    if isinstance(value, str):
        # PostgreSQL takes no zero bytes, and neither database may refuse a record for a hostile text's length.
        return value.replace("\0", "")[:longest]
    return value


def _part_row(part: Dial | TalkRuling) -> dict[str, Any]:
    return {key: _json(value) for key, value in dataclasses.asdict(part).items()}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return {key: _json(item) for key, item in value.items()} if isinstance(value, dict) else value


def _dial(row: Mapping[str, Any]) -> Dial:
    times = {key: datetime.fromisoformat(row[key]) for key in ("begun", "answered", "ended") if row[key]}
    return Dial(extension=row["extension"], result=row["result"], transfer=row.get("transfer", ""), **times)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _ruling(row: Mapping[str, Any]) -> TalkRuling:
    pauses = tuple(
        Pause(begun=datetime.fromisoformat(pause["begun"]), by=pause["by"], ended=_moment(pause["ended"]))
        for pause in row["pauses"]
    )
    moments = {name: _moment(row.get(name)) for name in ("ruled", "begun", "stopped")}
    return TalkRuling(**{**row, "said": tuple(row["said"]), "pauses": pauses, **moments})


def call_of(row: Mapping[str, Any]) -> CallRecord:
    """A row of `calls` as a record."""
    values = dict(row)
    values["outcome"] = CallOutcome(row["outcome"]) if row["outcome"] else None
    values["keys"], values["recordings"] = tuple(row["keys"]), tuple(row["recordings"])
    values["messages"] = tuple(row["messages"])
    values["dials"] = tuple(_dial(dial) for dial in row["dials"])
    values["rulings"] = tuple(_ruling(ruling) for ruling in row["rulings"])
    return CallRecord(**values)


def visit_of(row: Mapping[str, Any]) -> VisitRecord:
    """A row of `visits` as a record."""
    return VisitRecord(**{**row, "outcome": VisitOutcome(row["outcome"]) if row["outcome"] else None})


def offer_of(row: Mapping[str, Any]) -> OfferRecord:
    """A row of `offers` as a record."""
    return OfferRecord(**{**row, "result": OfferResult(row["result"]) if row["result"] else None})


def leg_of(row: Mapping[str, Any]) -> LegRecord:
    """A row of `legs` as a record."""
    return LegRecord(**row)
