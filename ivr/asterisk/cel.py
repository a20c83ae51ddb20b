"""Asterisk's channel events on disk: rows of `cel.csv` in, facts out. Sans-I/O.

AMI replays nothing, so what happened while the server was away stands only here. Asterisk quotes every field and
doubles the quotes inside, so a text that a caller controls cannot forge a row: what is not a whole row of quoted
fields is counted as broken and skipped.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FIELDS = (
    # In the order of asterisk-conf/cel_custom.conf; a test holds them together.
    "eventtype",
    "eventtime",
    "uniqueid",
    "linkedid",
    "channame",
    "context",
    "exten",
    "appname",
    "appdata",
    "userdeftype",
    "eventextra",
    "num",
    "dnid",
    "peer",
)
LONGEST_ROW = 65_536

_QUOTED = '"(?:[^"]|"")*+"'  # possessive: a hostile line costs no backtracking
_ROW = re.compile(",".join([_QUOTED] * len(FIELDS)))
_FIELD = re.compile('"((?:[^"]|"")*+)"')
_TIME = re.compile(r"([0-9]{9,11})\.([0-9]{6})")
_ID = re.compile(r"[A-Za-z0-9._;-]{1,150}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One channel event. `event` is Asterisk's name of it, or the name given to CELGenUserEvent."""

    event: str
    at: datetime
    uniqueid: str
    linkedid: str
    channel: str
    context: str
    exten: str
    app: str
    data: str
    number: str
    dialled: str
    peer: str
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def cause(self) -> int:
        """Q.850 cause of a HANGUP; 0 when the phone gave none."""
        cause = self.extra.get("hangupcause", 0)
        return cause if isinstance(cause, int) else 0

    @property
    def source(self) -> str:
        """Who hung up: a channel's name, "dialplan/...", or empty."""
        return str(self.extra.get("hangupsource", ""))


def parse_row(line: str) -> Row | None:
    """The row of a line without its line break, or None when it is none of ours."""
    if len(line) > LONGEST_ROW or not _ROW.fullmatch(line):
        return None
    values = dict(zip(FIELDS, (m.replace('""', '"') for m in _FIELD.findall(line)), strict=True))
    moment = _TIME.fullmatch(values["eventtime"])
    if moment is None or not _ID.fullmatch(values["uniqueid"]) or not values["eventtype"]:
        return None
    return Row(
        event=values["eventtype"],
        at=_EPOCH + timedelta(seconds=int(moment[1]), microseconds=int(moment[2])),
        uniqueid=values["uniqueid"],
        linkedid=values["linkedid"],
        channel=values["channame"],
        context=values["context"],
        exten=values["exten"],
        app=values["appname"],
        data=values["appdata"],
        number=values["num"],
        dialled=values["dnid"],
        peer=values["peer"],
        extra=_extra(values["eventextra"]),
    )


def _extra(text: str) -> Mapping[str, object]:
    try:
        parsed = json.loads(text) if text else {}
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


class RowReader:
    """Bytes of the file in, whole rows out; a torn last line waits for its rest."""

    def __init__(self) -> None:
        self.consumed = 0  # bytes up to the end of the last whole line
        self.broken = 0  # lines that were no rows
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Row]:
        """All rows that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        rows = []
        for line in lines:
            self.consumed += len(line) + 1
            if self._skipping:
                self._skipping = False
                continue
            row = parse_row(line.rstrip(b"\r").decode("utf-8", "replace"))
            if row is not None:
                rows.append(row)
            elif line.strip():
                self.broken += 1
        if len(self._rest) > LONGEST_ROW:  # no line break for too long: not a row, and not to be kept
            self.consumed += len(self._rest)
            self.broken += not self._skipping
            self._rest, self._skipping = b"", True
        return rows
