"""Reports and rules as plain values, and back: as they go to a process of its own, and as a month's report is kept."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from recordings.capacity import Alarm, Disk, Forecast, Limits, MonthFreed
from recordings.monthly import Report
from recordings.periods import Period
from recordings.retention import RetentionRule


def plain_rule(rule: RetentionRule) -> dict[str, Any]:
    """As `rule_of` reads it."""
    return asdict(rule)


def rule_of(plain: Mapping[str, Any]) -> RetentionRule:
    """Raises KeyError or TypeError for what `plain_rule` has not written."""
    given: dict[str, Any] = {name: tuple(plain[name]) for name in ("queue", "direction", "disposition", "segment")}
    for name in ("keep", "archive_after"):
        given[name] = Period(**plain[name]) if plain[name] else None
    return RetentionRule(**given)


def plain_report(report: Report) -> dict[str, Any]:
    """As `report_of` reads it."""
    return {
        **{name: getattr(report, name) for name in ("site", "stored", "count")},
        "today": report.today.isoformat(),
        "by_queue": dict(report.by_queue),
        "labels": dict(report.labels),
        "rules": [plain_rule(rule) for rule in report.rules],
        "freed": [asdict(one) for one in report.freed],
        "alarms": sorted(report.alarms),
        **{name: asdict(getattr(report, name)) for name in _WHOLE},
    }


def report_of(plain: Mapping[str, Any]) -> Report:
    """Raises KeyError, TypeError or ValueError for what `plain_report` has not written, as an older version may have
    done otherwise."""
    given: dict[str, Any] = {
        **{name: plain[name] for name in ("site", "stored", "count", "by_queue", "labels")},
        "today": date.fromisoformat(plain["today"]),
        "rules": tuple(rule_of(rule) for rule in plain["rules"]),
        "freed": tuple(MonthFreed(**one) for one in plain["freed"]),
        "alarms": frozenset(Alarm(one) for one in plain["alarms"]),
        **{name: kind(**plain[name]) for name, kind in _WHOLE.items()},
    }
    assert set(given) == {field.name for field in fields(Report)}
    return Report(**given)


_WHOLE: Mapping[str, Any] = {"disk": Disk, "foreseen": Forecast, "limits": Limits}
