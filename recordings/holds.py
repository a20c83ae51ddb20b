"""Legal holds: what nobody may delete, whatever the rules of retention say, until somebody lifts the hold. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recordings.retention import Kept


@dataclass(frozen=True, slots=True)
class OverRecording:
    """One recording."""

    recording: str


@dataclass(frozen=True, slots=True)
class OverCall:
    """All recordings of a call."""

    call: str


@dataclass(frozen=True, slots=True)
class OverCaller:
    """All recordings of a caller, by the opaque key. `others`: keys of the same number, written otherwise."""

    caller: str
    others: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All of them."""
        return self.caller, *self.others


@dataclass(frozen=True, slots=True)
class OverQueue:
    """All recordings of a queue that ended from `first` to `last`, both included, on the site's calendar. `last` None:
    those to come too."""

    queue: str
    first: date
    last: date | None = None

    def __post_init__(self) -> None:
        if self.last is not None and self.last < self.first:
            raise ValueError("a hold ends on a day before it begins")


Over = OverRecording | OverCall | OverCaller | OverQueue
"""What a hold is over."""

_KINDS: Mapping[str, type[Over]] = {
    "recording": OverRecording,
    "call": OverCall,
    "caller": OverCaller,
    "queue": OverQueue,
}


@dataclass(frozen=True, slots=True)
class Lifted:
    """Who ended a hold, when and why."""

    who: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold: who asked for it, why (a case, an order of a court), since when, over what. It stands until it is
    lifted; no date ends it by itself."""

    hold: str
    who: str
    why: str
    since: datetime
    over: Over
    lifted: Lifted | None = None

    def __post_init__(self) -> None:
        if not self.who or not self.why:
            raise ValueError("a hold says who asked for it, and why")

    def as_json(self) -> dict[str, Any]:
        """Plain values; `over_of` reads what stands under `over`."""
        kind = next(name for name, over in _KINDS.items() if isinstance(self.over, over))
        return {
            "hold": self.hold,
            "who": self.who,
            "why": self.why,
            "since": self.since.isoformat(),
            "over": {"kind": kind, **{one.name: _plain(getattr(self.over, one.name)) for one in fields(self.over)}},
            "lifted": None
            if self.lifted is None
            else {"who": self.lifted.who, "at": self.lifted.at.isoformat(), "why": self.lifted.why},
        }


def over_of(written: Mapping[str, Any]) -> Over:
    """What `Hold.as_json` wrote under `over`. Raises ValueError, KeyError or TypeError for anything else."""
    values = {key: value for key, value in written.items() if key != "kind"}
    for key in ("first", "last"):
        if values.get(key) is not None:
            values[key] = date.fromisoformat(values[key])
    if "others" in values:
        values["others"] = tuple(values["others"])
    return _KINDS[written["kind"]](**values)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


class Holds:
    """The holds that stand, arranged so that a million recordings are asked about quickly."""

    def __init__(self, holds: Iterable[Hold], zone: tzinfo) -> None:
        """`zone`: the site's, for the days of a queue's hold. Lifted ones are left out."""
        self._zone = zone
        self._recordings: dict[str, list[str]] = {}
        self._calls: dict[str, list[str]] = {}
        self._callers: dict[str, list[str]] = {}
        self._queues: dict[str, list[tuple[OverQueue, str]]] = {}
        for hold in holds:
            if hold.lifted is not None:
                continue
            match hold.over:
                case OverRecording(recording):
                    self._recordings.setdefault(recording, []).append(hold.hold)
                case OverCall(call):
                    self._calls.setdefault(call, []).append(hold.hold)
                case OverCaller() as caller:
                    for key in caller.keys:
                        self._callers.setdefault(key, []).append(hold.hold)
                case OverQueue(queue) as over:
                    self._queues.setdefault(queue, []).append((over, hold.hold))

    def of(self, kept: "Kept") -> tuple[str, ...]:
        """Names of the holds over a recording, each once, in order; empty = none."""
        found = [
            *self._recordings.get(kept.recording, ()),
            *self._calls.get(kept.call, ()),
            *(self._callers.get(kept.caller, ()) if kept.caller else ()),
        ]
        if kept.queue in self._queues:
            day = kept.ended.astimezone(self._zone).date()
            over = self._queues[kept.queue]
            found += [hold for one, hold in over if one.first <= day and (one.last is None or day <= one.last)]
        return tuple(sorted(set(found)))
