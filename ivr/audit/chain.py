"""The audit's chain: how an entry is written, how entries hold on to each other, and what is wrong with them. Pure.

The hash of an entry is SHA-256 of the hash before it, a line break, and the entry's canonical text: JSON in ASCII with
sorted keys and without blanks, in which its number in the chain and its moment stand too. So an entry that was changed,
removed, inserted or moved does not fit. Entries cut off at the end leave a whole chain behind: only an anchor, the
latest hash kept in another place, tells that they were there.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any

GENESIS = "0" * 64
"""What stands before the first entry."""

LONGEST_TEXT = 1_000
LONGEST_ENTRY = 30_000
"""Characters of a canonical text: a change of a whole list is told by its size, not word by word."""
DEEPEST = 6
MOST_ITEMS = 500
"""Of a list: as many calls as a page shows, for it is told which they were."""
MOST_FAULTS = 100
"""Faults that are told one by one; a chain with more is not judged any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Who did what, from where, and how it ended. `who` is the person, `account` the account that was used; `via` and
    `credential` tell the session or token by its public id; `before`, `after` and `detail` are plain JSON values."""

    at: datetime
    action: str
    who: str = ""
    account: str = ""
    role: str = ""
    via: str = ""
    credential: str = ""
    address: str = ""
    object: str = ""
    before: Any = None
    after: Any = None
    result: str = "done"
    why: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is stored. `text` is canonical and holds everything; `hash` closes it."""

    seq: int
    text: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The end of the chain as it once was, kept at `place`."""

    seq: int
    hash: str
    at: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is wrong with the chain at an entry. `kind`: changed, missing, order, columns or cut off."""

    seq: int
    kind: str
    why: str


def seal(entry: Entry, seq: int, before: str) -> Row:
    """The entry as number `seq` of the chain, after the one with the hash `before`."""
    text = canonical(entry, seq)
    return Row(seq, text, digest(before, text))


def digest(before: str, text: str) -> str:
    """The hash of a canonical text."""
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def canonical(entry: Entry, seq: int) -> str:
    """One text for one entry, whatever the order of its keys. Never fails: what is long or no JSON is told short."""
    values = {one.name: _plain(getattr(entry, one.name)) for one in fields(entry)}
    values |= {"seq": seq, "at": moment(entry.at)}
    text = _text(values)
    for name in ("detail", "after", "before"):
        if len(text) > LONGEST_ENTRY:
            values[name] = {"left out": f"{len(_text(values[name]))} characters"}
            text = _text(values)
    return text


def moment(at: datetime) -> str:
    """UTC with microseconds: as text these sort like the moments."""
    try:
        return at.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:  # at the ends of time
        return at.replace(tzinfo=UTC).isoformat(timespec="microseconds")


def values_of(text: str) -> dict[str, Any]:
    """What a canonical text says. Raises ValueError for a text that is none."""
    try:
        values = json.loads(text)
    except RecursionError:
        raise ValueError("not an entry") from None
    if not isinstance(values, dict):
        raise ValueError("not an entry")
    return values


def _text(values: Any) -> str:
    return json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else str(value)[:LONGEST_TEXT]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, datetime):
        return moment(value) if value.tzinfo else value.isoformat()
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return _shortened({_plain(str(k)): _plain(v, depth + 1) for k, v in list(value.items())[:MOST_ITEMS]}, value)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        items = [_plain(item, depth + 1) for item in value[:MOST_ITEMS]]
        return [*items, f"and {len(value) - MOST_ITEMS} more"] if len(value) > MOST_ITEMS else items
    return _plain(str(value), depth)


def _shortened(items: dict[str, Any], whole: Mapping[Any, Any]) -> dict[str, Any]:
    return items | {"…": f"and {len(whole) - MOST_ITEMS} more"} if len(whole) > MOST_ITEMS else items


class Verification:
    """Walks a chain: `feed` every row in the order of its number, then `end` once."""

    def __init__(self, anchors: Iterable[Anchor] = ()) -> None:
        self.entries = 0
        self.last = 0
        self.hash = GENESIS
        self.faults: list[Fault] = []
        self._anchors = sorted({(a.seq, a.hash): a for a in anchors if a.seq > 0}.values(), key=lambda a: a.seq)
        self._met = 0

    def feed(self, row: Row, columns: Iterable[str] = ()) -> None:
        """The next row. `columns`: those of the table that do not say what the entry says."""
        self.entries += 1
        if row.seq != self.last + 1:
            self._number(row.seq)
        if digest(self.hash, row.text) != row.hash:
            if row.seq == self.last + 1:
                self._fault(row.seq, "changed", "the entry, or the one before it, is not as it was written")
        elif row.seq != self.last + 1:  # it follows on what is stored before it: somebody made the chain anew
            self._fault(row.seq, "changed", "the entry was written anew after others were taken away")
        self._content(row, columns)
        self.last, self.hash = max(self.last, row.seq), row.hash
        self._meet(row)

    def end(self) -> None:
        """There are no more rows."""
        for anchor in self._anchors[self._met :]:
            self._fault(
                anchor.seq,
                "cut off",
                f"{_place(anchor)} entry {anchor.seq} was there at {anchor.at}, and the chain ends with {self.last}: "
                "its end was cut off, or an older copy of the database was put back",
            )

    @property
    def sound(self) -> bool:
        """Nothing is wrong so far."""
        return not self.faults

    def _number(self, seq: int) -> None:
        first = self.last + 1
        if seq <= self.last:
            self._fault(seq, "order", f"it stands after entry {self.last}")
        else:
            gone = f"entry {first} is" if seq == first + 1 else f"entries {first} to {seq - 1} are"
            self._fault(first, "missing", f"{gone} not there")

    def _content(self, row: Row, columns: Iterable[str]) -> None:
        try:
            values = values_of(row.text)
        except ValueError:
            self._fault(row.seq, "changed", "what stands there is no entry")
            return
        if values.get("seq") != row.seq:
            self._fault(row.seq, "order", f"it was written as entry {values.get('seq')}")
        if wrong := sorted(columns):
            self._fault(row.seq, "columns", f"the table's {', '.join(wrong)} is not what the entry says")

    def _meet(self, row: Row) -> None:
        while self._met < len(self._anchors) and self._anchors[self._met].seq <= row.seq:
            anchor = self._anchors[self._met]
            self._met += 1
            if anchor.seq == row.seq and anchor.hash != row.hash:
                self._fault(row.seq, "changed", f"{_place(anchor)} the entry had another hash at {anchor.at}")

    def _fault(self, seq: int, kind: str, why: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(seq, kind, why))


def _place(anchor: Anchor) -> str:
    return f"by the anchor in {anchor.place}," if anchor.place else "by an anchor,"
