"""What Asterisk has written and is not in the vault: in the folder of recordings, or put aside in quarantine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ivr.recordings.open_work import Doomed
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.intake import MOST_WAITING, QUARANTINE, SILENT, legible, parse_name
from recordings.parts import ENDING, whole_name
from recordings.retention import EARLIEST, RetentionRule

RULE = "in quarantine for longer than any rule keeps a talk"
"""In certificates."""

Lying = Mapping[str, Sequence[Path]]
"""Files by the name of their talk."""


def talk_of(file: str) -> str:
    """The name of the talk to which a file or a marker of this name belongs, whatever part of it, silent or not."""
    return whole_name(file.removesuffix(ENDING)).removesuffix(SILENT)


def lying(folders: Iterable[Path]) -> Lying:
    """What lies in these folders. Raises OSError."""
    found: dict[str, list[Path]] = {}
    for file in _entries(folders):
        found.setdefault(talk_of(file.name), []).append(file)
    return found


def overdue(
    folder: Path, catalogue: SqlCatalogue, rules: Sequence[RetentionRule], now: datetime, by: str
) -> list[Doomed]:
    """What has lain in quarantine for longer than any rule keeps a talk. `folder`: of recordings; `now`: aware, in the
    zone whose calendar counts. Nothing, where a rule keeps something for ever or not every talk has a rule. What
    belongs to a recording in the vault goes with it. Blocking. Raises OSError, SQLAlchemyError."""
    periods = [rule.keep for rule in rules if rule.keep is not None]
    if len(periods) < len(rules) or not any(rule.matches_everything for rule in rules):
        return []
    found: dict[str, Doomed] = {}
    # A talk to which a caller was handed has a file with the name of another call than the row.
    unkept = [row for state in (State.TAKEN, State.SPOILT) for row in catalogue.in_state(state, MOST_WAITING)]
    rows = {talk_of(row.file): row for row in unkept}
    for file in _entries([folder / QUARANTINE]):
        try:
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except FileNotFoundError:
            continue
        talk = talk_of(file.name)
        row = rows.get(talk) or (catalogue.get(talk) if parse_name(talk) is not None else None)
        if file.is_dir() or (row is not None and row.state is not State.SPOILT):
            continue
        ended = max(written, row.finished) if row is not None else written
        due = max(period.after(ended.astimezone(now.tzinfo)) or datetime.max.replace(tzinfo=UTC) for period in periods)
        if ended >= EARLIEST and due <= now:
            one = _doomed(file.name, row, ended, due, by)
            found[one.recording] = one
    return [one for _, one in sorted(found.items())]


def without_row(file: str, ended: datetime, *, rule: str, due: datetime, by: str) -> Doomed:
    """A file that no row of the catalogue knows, by its name."""
    name = file.removesuffix(ENDING)
    parsed = parse_name(name)
    return Doomed(
        recording=legible(name),
        call=parsed[0] if parsed is not None else "",
        queue="",
        ended=ended,
        bytes=0,
        sha256="",
        audio_sha256="",
        file="",
        raw=(file if file.endswith(ENDING) else file + ENDING,),
        archived=False,
        rule=rule,
        due=due,
        by=by,
    )


def _doomed(file: str, row: Recording | None, ended: datetime, due: datetime, by: str) -> Doomed:
    if row is not None:
        return Doomed.of(row, rule=RULE, due=due, by=by)
    return without_row(talk_of(file) + ENDING, ended, rule=RULE, due=due, by=by)


def _entries(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from folder.iterdir()
