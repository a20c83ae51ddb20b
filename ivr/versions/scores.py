"""How the calls of each version fared, from the records: exact also after a restart, and after late facts. Blocking."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Engine, case, func, select

from ivr.figures.call_record import CallOutcome
from ivr.records.tables import calls
from ivr.versions.canary import Score

_COUNTED = {CallOutcome.ABANDONED.value: "abandoned", CallOutcome.FAILED.value: "failed"}


def scores(engine: Engine, since: datetime, versions: Iterable[str]) -> Mapping[str, Score]:
    """The calls that began at or after `since`, by the version that they began with."""
    columns = calls.c
    asked = (
        select(columns.config, columns.outcome, func.count(), func.sum(case((columns.no_keys > 0, 1), else_=0)))
        .where(columns.started >= since, columns.config.in_(list(versions)))
        .group_by(columns.config, columns.outcome)
    )
    found: dict[str, Score] = {}
    with engine.connect() as connection:
        for version, outcome, count, without_key in connection.execute(asked):
            score = found.setdefault(str(version), Score())
            score.begun += int(count)
            if outcome is None:
                continue
            score.ended += int(count)
            score.counts["no key"] += int(without_key or 0)
            if outcome in _COUNTED:
                score.counts[_COUNTED[outcome]] += int(count)
    return found
