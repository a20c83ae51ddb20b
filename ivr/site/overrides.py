"""Overrides: for a while a timetable does not decide. Open, closed, or an emergency with words of its own. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from acd.codec import event

if TYPE_CHECKING:
    from ivr.site import Site

LONGEST_WHY = 200
"""Characters of a reason."""


class State(Enum):
    """How the company is."""

    OPEN = "open"
    CLOSED = "closed"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What holds for a timetable instead of its hours. Times are aware."""

    timetable: str
    state: State
    since: datetime
    until: datetime | None = None
    """The moment from which the timetable decides again; None = when somebody ends it."""
    by: str
    """`cli`, `telephone` or `api`."""
    who: str
    """A user's name, or the extension."""
    why: str = ""
    prompt: str = ""
    """Of prompts.yaml, for an emergency."""
    file: str = ""
    """A recording made by telephone, for an emergency."""

    def holds(self, at: datetime) -> bool:
        """Whether it still counts at a moment."""
        return self.until is None or at < self.until


@event("override set")
@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSet:
    """Somebody overrode a timetable, or gave it back its hours (`state` none); `by` is `clock` at its own end."""

    at: datetime
    timetable: str
    state: str
    until: datetime | None = None
    by: str
    who: str
    why: str = ""
    prompt: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """How the company is for a call; `prompt` or `file` is what callers are to hear then."""

    state: State
    prompt: str = ""
    file: str = ""


def opening_of(site: "Site", timetable: str, override: Override | None, local: datetime) -> Answer:
    """How the company is at a local time: what overrides the timetable (None = nothing), else its hours.

    An emergency without words of its own has those of the timetable (`emergency` in hours.yaml).
    """
    hours = site.hours[timetable]
    if override is None:
        return Answer(State.OPEN if hours.is_open(local, site.holidays) else State.CLOSED)
    if override.state is not State.EMERGENCY or override.file:
        return Answer(override.state, file=override.file)
    prompt = override.prompt if override.prompt in site.prompts else hours.emergency
    return Answer(State.EMERGENCY, prompt=prompt)


LONGEST_DURATION = timedelta(days=366)
_REMEDY = "write 17:00, 2026-12-24, 2026-12-24 17:00, 30 min, 3 h or 2 d"
_UNITS = {"min": "minutes", "h": "hours", "d": "days"}


def moment(text: str, now: datetime) -> datetime | None:
    """The end that somebody writes, as an aware time; empty = None, no end. `now` is the site's local time.

    `17:00` is the next one; a date alone ends with that day. Raises ValueError with a message for the writer.
    """
    written = " ".join(text.split())[:40]
    if not written:
        return None
    if match := re.fullmatch(r"([1-9][0-9]{0,4}) ?(min|h|d)", written):
        end = (now.astimezone(UTC) + timedelta(**{_UNITS[match[2]]: int(match[1])})).astimezone(now.tzinfo)
    else:
        end = _calendar(written, now)
    if end <= now:
        raise ValueError(f"{end:%Y-%m-%d %H:%M} is in the past")
    if end - now > LONGEST_DURATION:
        raise ValueError("that is more than a year away; leave the end out, and end it by hand")
    return end


def _calendar(written: str, now: datetime) -> datetime:
    day, _, hour = written.rpartition(" ") if " " in written else ("", "", written)
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", hour) and not day:
            return datetime.combine(date.fromisoformat(hour) + timedelta(days=1), time(), now.tzinfo)
        if not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", hour) or not re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?", day):
            raise ValueError
        hours, minutes = hour.split(":")
        at = time(int(hours), int(minutes))
        if day:
            return datetime.combine(date.fromisoformat(day), at, now.tzinfo)
    except (ValueError, OverflowError):
        raise ValueError(f"{written!r} is not an end: {_REMEDY}") from None
    today = datetime.combine(now.date(), at, now.tzinfo)
    return today if today > now else datetime.combine(now.date() + timedelta(days=1), at, now.tzinfo)
