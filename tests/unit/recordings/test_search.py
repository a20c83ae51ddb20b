"""Recordings are found as they are written, whichever way leads to them; and soon, however rare or common they are."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from ivr.access.limits import Limits
from ivr.figures.call_record import CallOutcome, CallRecord
from ivr.recordings import search as searching
from ivr.recordings.search import Page, Wanted, search
from ivr.records import tables
from ivr.records.rows import row_of
from ivr.records.store import RecordStore
from ivr.web.api.paging import After
from recordings.catalogue import State, table
from tests.records import fresh

LAST = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ALL = Limits(everything=True)
QUEUES, AGENTS, DIDS = ("servicio", "cartera", "tesoreria", ""), ("101", "102", "103"), ("601", "602")
COUNT = 400


class Shelf:
    """Talks: two end in the same second; what is rare is every 50th."""

    def __init__(self, folder: Path, count: int = COUNT) -> None:
        self.store = RecordStore.open(fresh(folder / "records.sqlite"))
        chance = random.Random(5)
        self.rows = [self._row(number, chance) for number in range(count)]
        self.calls = {
            row["call"]: CallRecord(
                call=row["call"], did="601", started=row["finished"],
                caller="often" if number % 4 else f"k{number % 9}",
                outcome=CallOutcome.VOICEMAIL if number % 50 == 3 else CallOutcome.ANSWERED,
            )
            for number, row in enumerate(self.rows)
        }  # fmt: skip
        with self.store.engine.begin() as connection:
            connection.execute(insert(table), self.rows)
            connection.execute(insert(tables.calls), [row_of(call) for call in self.calls.values()])

    def _row(self, number: int, chance: random.Random) -> dict[str, Any]:
        rare = number % 50 == 7
        return {
            "recording": f"c{number}_1", "call": f"c{number}", "leg": "1", "queue": chance.choice(QUEUES),
            "agent": "9" if rare else chance.choice(AGENTS), "finished": LAST - timedelta(seconds=number // 2),
            "length_us": 3_600_000_000 if rare else chance.randrange(1, 600_000_000), "bytes": 1, "sha256": "",
            "file": "", "did": "699" if rare else chance.choice(DIDS), "direction": "internal" if rare else "inbound",
            "notice": "", "gaps": [], "codec": "opus", "state": "spoilt" if rare else "kept", "audio_sha256": "",
            "audio_bytes": 0,
        }  # fmt: skip

    def right(self, wanted: Wanted, within: Limits) -> list[str]:
        """All that is wanted, found the long way."""
        found = [row for row in self.rows if self._fits(row, wanted) and within.queue(row["queue"])]
        found.sort(key=lambda row: (row["finished"], row["recording"]), reverse=True)
        return [row["recording"] for row in found]

    def _fits(self, row: dict[str, Any], w: Wanted) -> bool:
        call = self.calls[row["call"]]
        equal = [(getattr(w, name), row[name]) for name in ("call", "did", "direction", "queue", "agent", "state")]
        equal += [(w.outcome, call.outcome)]
        return (
            all(not asked or asked == is_ for asked, is_ in equal)
            and (not w.callers or call.caller in w.callers)
            and (w.begin is None or row["finished"] >= w.begin)
            and (w.end is None or row["finished"] < w.end)
            and row["length_us"] >= w.shortest
            and (w.longest is None or row["length_us"] <= w.longest)
        )

    def all_pages(self, wanted: Wanted, within: Limits, limit: int) -> list[str]:
        found, after = [], None
        while True:
            page: Page = search(self.store.engine, wanted, within, after, limit)
            assert len(page.recordings) <= limit
            found += [one.recording for one in page.recordings]
            after = page.next
            if after is None:
                return found


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.store.close()


def some(chance: random.Random) -> Wanted:
    """A question of a few conditions, of which some are rare and some match nothing."""
    begin = LAST - timedelta(seconds=chance.randrange(COUNT // 2))
    ways: dict[str, Any] = {
        "begin": begin, "end": LAST - timedelta(seconds=chance.randrange(40)),
        "callers": frozenset(chance.choice((("often",), ("k1",), ("k",), ("k1", "k2")))),
        "call": f"c{chance.randrange(COUNT)}", "did": chance.choice(("601", "699", "6")),
        "direction": chance.choice(("inbound", "internal", "outbound")), "queue": chance.choice(QUEUES),
        "agent": chance.choice(("101", "9")), "state": chance.choice((State.KEPT, State.SPOILT, State.DELETED)),
        "outcome": chance.choice((CallOutcome.ANSWERED, CallOutcome.VOICEMAIL)), "shortest": 400_000_000,
        "longest": chance.choice((500_000_000, 10)),
    }  # fmt: skip
    return Wanted(**{name: ways[name] for name in chance.sample(sorted(ways), chance.choice((0, 1, 1, 1, 2, 2, 3)))})


@pytest.mark.parametrize("questions", [40, pytest.param(120, marks=pytest.mark.soak)])
@pytest.mark.parametrize("few", [0, 20, 5_000])
def test_every_question_finds_what_is_wanted_page_by_page(
    shelf: Shelf, few: int, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "FEW", few)
    chance = random.Random(few)
    reaches = (
        ALL,
        ALL,
        Limits(queues=frozenset(("servicio", "cartera"))),
        Limits(queues=frozenset(("tesoreria",))),
        Limits(),
    )
    count = 0
    for _ in range(questions):
        wanted, within, limit = some(chance), chance.choice(reaches), chance.choice((1, 7, 500))
        right = shelf.right(wanted, within)
        if limit == 1:
            right = right[:5]
            page = search(shelf.store.engine, wanted, within, None, 5)
            assert [one.recording for one in page.recordings] == right, wanted
        else:
            assert shelf.all_pages(wanted, within, limit) == right, wanted
        count += len(right)
    assert count > 500 * questions / 120


class Effort:
    """How much the database does: thousands of its instructions."""

    def __init__(self, store: RecordStore) -> None:
        self.steps, self._store = 0, store

    def of(self, wanted: Wanted, within: Limits = ALL, after: After | None = None) -> int:
        self.steps = 0
        with self._store.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(self._step, 1_000)
        search(self._store.engine, wanted, within, after, 50)
        with self._store.engine.connect() as connection:
            raw = connection.connection.driver_connection
            raw.set_progress_handler(None, 0)
        return self.steps

    def _step(self) -> int:
        self.steps += 1
        return 0


def test_no_question_looks_at_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 rows, and 300 are few: who looks at all of them, or sorts them, needs 100,000 instructions and more."""
    monkeypatch.setattr(searching, "FEW", 300)
    shelf = Shelf(tmp_path, 10_000)
    own, deep = (
        Limits(queues=frozenset(("servicio", "cartera", "tesoreria"))),
        After(LAST - timedelta(hours=1), "c7200_1"),
    )
    effort = Effort(shelf.store)
    most = {
        "newest": effort.of(Wanted()),
        "deep": effort.of(Wanted(), after=deep),
        "several queues": effort.of(Wanted(), own),
        "several queues, deep": effort.of(Wanted(), own, deep),
        "number, several queues": effort.of(Wanted(callers=frozenset({"k1"})), own),
        "number, queue": effort.of(Wanted(callers=frozenset({"k1"}), queue="servicio")),
        "common caller": effort.of(Wanted(callers=frozenset({"often"}))),
        "agent": effort.of(Wanted(agent="101"), after=deep),
        "rare agent, queue": effort.of(Wanted(agent="9", queue="servicio")),
        "number that was called": effort.of(Wanted(did="699")),
        "nobody's number": effort.of(Wanted(did="6", queue="servicio")),
        "direction": effort.of(Wanted(direction="outbound")),
        "long": effort.of(Wanted(shortest=3_000_000_000)),
        "long, queue": effort.of(Wanted(shortest=3_000_000_000, queue="servicio", state=State.KEPT)),
        "short": effort.of(Wanted(longest=1)),
        "rare outcome": effort.of(Wanted(outcome=CallOutcome.VOICEMAIL)),
        "usual outcome": effort.of(Wanted(outcome=CallOutcome.ANSWERED)),
        "usual outcome of a day": effort.of(Wanted(outcome=CallOutcome.ANSWERED, begin=LAST - timedelta(seconds=9))),
    }
    shelf.store.close()
    assert {name: steps for name, steps in most.items() if steps > 30} == {}
