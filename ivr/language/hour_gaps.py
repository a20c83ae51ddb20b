"""Timetables that are probably not meant so: never open, or closed for a few minutes."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ivr.language.problems import Problem
from ivr.site.hours import Day
from ivr.text import quoted

if TYPE_CHECKING:
    from ivr.language.config import Configuration

SHORT = 5
"""Minutes: a shorter time between two spans is rather a slip."""


def gap_problems(configuration: "Configuration") -> Iterator[Problem]:
    """Of every timetable."""
    document, model = configuration.hours.document, configuration.hours.model
    if document is None or model is None:
        return
    for name, timetable in model.hours.items():
        base = ("hours", name)
        days: list[tuple[tuple[str, ...], Day]] = [
            *(((*base, "week", day), spans) for day, spans in timetable.week.items()),
            *(((*base, "other days", str(day)), spans) for day, spans in timetable.other_days.items()),
        ]
        if timetable.holidays is not None:
            days.append(((*base, "holidays"), timetable.holidays))
        if not any(spans for _, spans in days):
            message = f"{quoted(name)} is never open; write its hours, or delete it"
            yield Problem.at(document.key_place(base), "CONF036", message)
        for path, spans in days:
            for one, other in pairwise(spans):
                if other.start - one.end < SHORT:
                    minutes = other.start - one.end
                    message = f"between {one} and {other} it is closed for {minutes} min only; write one span"
                    yield Problem.at(document.place(path), "CONF037", message)
