"""The report about the disk, made by a process of its own (ivr.apart): it reads the whole catalogue, day by day, and
lives years ahead some hundred times.

    {"records": URL, "vault": PATH, "site": LABEL, "today": DAY, "zone": NAME, "labels", "rules", "limits", "before"}

is answered with {"report": ..., "states": {state: [how many, bytes]}}. Rules that name a segment do not match here: the
catalogue holds none.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from ivr.apart import answered, answers
from ivr.recordings.capacity_wire import plain_report, plain_rule, report_of, rule_of
from ivr.recordings.disk_guard import volume_of
from ivr.records.store import RecordStore
from recordings.capacity import DAY, HISTORY, Alarm, Disk, Freed, Limits, leaves_after, streams
from recordings.catalogue import State, table
from recordings.monthly import Report, report
from recordings.retention import EARLIEST, Kept, RetentionRule, Rulebook

AT_MOST_SECONDS = 600.0

STORED = (State.KEPT, State.ARCHIVED, State.DELETED)
"""What has been in the vault: in the day's bytes, whatever became of it since."""


@dataclass(frozen=True, slots=True)
class DaySum:
    """What was recorded on a day of the site's calendar, of one queue, direction, disposition and state."""

    day: date
    queue: str
    direction: str
    state: State
    count: int
    bytes: int
    disposition: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A report, and how many recordings and bytes there are in each state."""

    report: Report
    states: Mapping[str, tuple[int, int]]


def day_sums(engine: Engine, zone: ZoneInfo) -> Iterator[DaySum]:
    """Of all recordings, a day at a time: no long transaction holds up who writes. Raises SQLAlchemyError."""
    r, after = table.c, datetime.min.replace(tzinfo=UTC)
    while True:
        with engine.connect() as connection:
            moment = connection.execute(select(func.min(r.finished)).where(r.finished >= after)).scalar()
            if moment is None:
                return
            day = moment.astimezone(zone).date()
            begin, after = (_midnight(day + days * DAY, zone) for days in (0, 1))
            kind = (r.queue, r.direction, r.disposition, r.state)
            asked = select(*kind, func.count(), func.sum(r.bytes))
            asked = asked.where(r.finished >= begin, r.finished < after).group_by(*kind)
            found = [tuple(row) for row in connection.execute(asked)]
        for queue, direction, disposition, state, count, stored in found:
            yield DaySum(day, queue, direction, State(state), int(count), int(stored), disposition)


def seen(
    engine: Engine, rules: Sequence[RetentionRule], zone: ZoneInfo, today: date, *, disk: Disk, **about: Any
) -> Seen:
    """The report of a day. `about`: what else `recordings.monthly.report` wants. Raises SQLAlchemyError."""
    book, rows, freed, first = Rulebook(rules), [], defaultdict[tuple[date, str], int](int), today
    states: dict[str, list[int]] = {state.value: [0, 0] for state in State}
    for one in day_sums(engine, zone):
        states[one.state.value][0] += one.count
        states[one.state.value][1] += one.bytes
        if one.state not in STORED:
            continue
        rule = book.rule_for(_like(one))
        words = str(rule) if rule is not None else ""
        first = min(first, one.day)
        rows.append((one.day, one.queue, words, one.bytes))
        leaves = leaves_after(rule) if rule is not None else None
        if one.state is State.KEPT and leaves is not None:
            freed[_later(one.day, leaves), words] += one.bytes
    last = today - DAY
    history = streams(rows, {str(rule): leaves_after(rule) for rule in rules}, max(first, last - HISTORY * DAY), last)
    made = report(
        today=today,
        history=history,
        freed=[Freed(day, rule, stored) for (day, rule), stored in freed.items()],
        disk=disk,
        count=states[State.KEPT.value][0],
        stored=states[State.KEPT.value][1],
        rules=rules,
        **about,
    )
    return Seen(made, {state: (count, stored) for state, (count, stored) in states.items()})


def elsewhere(
    records: str,
    vault: Path,
    *,
    site: str,
    today: date,
    zone: str,
    labels: Mapping[str, str],
    rules: Sequence[RetentionRule],
    limits: Limits,
    before: frozenset[Alarm],
) -> Seen:
    """`seen`, by a process of its own. Blocking. Raises NotAnswered."""
    asked = {
        "records": records,
        "vault": str(vault),
        "site": site,
        "today": today.isoformat(),
        "zone": zone,
        "labels": dict(labels),
        "rules": [plain_rule(rule) for rule in rules],
        "limits": asdict(limits),
        "before": sorted(before),
    }
    told = answered("ivr.recordings.capacity_work", asked, AT_MOST_SECONDS)
    return Seen(report_of(told["report"]), {state: (many[0], many[1]) for state, many in told["states"].items()})


def _work(asked: Mapping[str, Any]) -> dict[str, Any]:
    volume = volume_of(Path(asked["vault"]))
    store = RecordStore.read_only(asked["records"])
    try:
        made = seen(
            store.engine,
            [rule_of(rule) for rule in asked["rules"]],
            ZoneInfo(asked["zone"]),
            date.fromisoformat(asked["today"]),
            disk=Disk(volume.size, volume.free),
            site=asked["site"],
            labels=asked["labels"],
            limits=Limits(**asked["limits"]),
            before=frozenset(Alarm(one) for one in asked["before"]),
        )
    finally:
        store.close()
    return {"report": plain_report(made.report), "states": made.states}


def _like(one: DaySum) -> Kept:
    """Any recording of these."""
    return Kept(
        recording="",
        call="",
        ended=EARLIEST,
        bytes=0,
        queue=one.queue,
        direction=one.direction,
        disposition=one.disposition,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _later(day: date, days: int) -> date:
    """So many days later, or the last day that there is."""
    return day + timedelta(days=days) if days < (date.max - day).days else date.max


if __name__ == "__main__":
    answers(_work)
