"""What Prometheus is told of recordings, by scraping it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from ivr.audit.chain import Entry
from ivr.figures.metrics import Metrics
from ivr.recordings.capacity import Capacity
from ivr.recordings.disk_guard import DiskGuard, Volume
from ivr.recordings.figures import LedgerTally, RecordingFigures
from ivr.recordings.nightly import Nightly, Result
from ivr.testing.clock import ManualClock
from recordings.capacity import Alarm, Forecast, Limits
from recordings.catalogue import State
from recordings.intake import QUARANTINE
from tests.tools import run
from tests.unit.recordings.test_keeper import House

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


class Watched:
    """Figures of a house, and what they are made of."""

    def __init__(self, folder: Path) -> None:
        self.house, self.clock = House(folder), ManualClock(NOW)
        self.volumes: dict[str, Volume] = {
            "recordings": Volume(10**12, 5 * 10**11),
            "vault": Volume(10**12, 10**11, files=1000, files_free=15),
        }
        named = {name: Path(name) for name in self.volumes}
        self.guard = DiskGuard(named, Limits, self.clock, lambda path: self.volumes[path.name])
        store, site = self.house.store, lambda: SimpleNamespace()
        given: Any = (site, self.clock, self)
        self.capacity = Capacity(store, "", folder, *given)
        self.nightly = Nightly(store, "", *given, folder=folder, vault=folder)
        self.tally, self.keeper = LedgerTally(), SimpleNamespace(trouble="")
        self.figures = RecordingFigures(
            engine=store.engine, folder=self.house.folder, clock=self.clock, keeper=self.keeper, guard=self.guard,
            capacity=self.capacity, nightly=self.nightly, tally=self.tally,
        )  # fmt: skip
        self.metrics = Metrics()
        self.metrics.show(self.figures)

    async def note(self, what: str, recording: str, **detail: object) -> None:
        raise AssertionError("nothing is done here")

    def scraped(self) -> dict[str, float]:
        """Each sample of a recording's figure, without the beginning of its name."""
        found = re.findall(r"(?m)^centralita_recordings_(\S+?(?:\{.*?\})?) (\S+)$", self.metrics.text().decode())
        return {name: float(value) for name, value in found}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.house.store.close()


def test_before_anything_is_known_nothing_is_claimed(watched: Watched) -> None:
    told = watched.scraped()
    assert (
        told['stored{state="kept"}'] == told["oldest_taken_seconds"] == told["keeper_trouble"] == told["stopped"] == 0
    )
    assert not [name for name in told if name.startswith(("verify_last", "verify_sound", "days_until", "disk_free"))]


@run
async def test_recordings_are_counted_by_state(watched: Watched) -> None:
    house = watched.house
    for number in range(3):
        house.finished(f"c{number}_1", seconds=0.1)
    await house.keeper.look()
    house.finished("c8_1", seconds=0.1)  # at 4:00, an hour ago
    (house.folder / QUARANTINE).mkdir()
    (house.folder / QUARANTINE / "x.raw").write_bytes(b"")
    with house.store.engine.begin() as connection:
        for name, lifted in (("h1", None), ("h2", "2026-11-01 00:00:00"), ("h3", None)):
            connection.execute(
                text("INSERT INTO recording_holds VALUES (:h, '{}', 'w', 'w', '2026-10-01 00:00:00', :l, '')"),
                {"h": name, "l": lifted},
            )
    watched.capacity.states = {State.KEPT.value: (3, 12345)}
    await watched.figures.count()
    told = watched.scraped()
    assert (told['stored{state="kept"}'], told['stored{state="taken"}'], told['stored{state="deleted"}']) == (3, 1, 0)
    assert told['stored_bytes{state="kept"}'] == 12345
    assert told["oldest_taken_seconds"] == 3600 and told["quarantined"] == 1 and told["holds"] == 2


@run
async def test_the_disks_and_who_stops(watched: Watched) -> None:
    await watched.guard.look()
    told = watched.scraped()
    assert told['disk_free_bytes{folder="recordings"}'] == 5e11 and told['disk_size_bytes{folder="vault"}'] == 1e12
    assert told['disk_free_percent{folder="recordings"}'] == 50 and told['disk_free_percent{folder="vault"}'] == 1.5
    assert (told['disk_low{folder="recordings"}'], told['disk_low{folder="vault"}'], told["stopped"]) == (0, 1, 1)
    watched.keeper.trouble = "No space left on device"
    assert watched.scraped()["keeper_trouble"] == 1


@pytest.mark.parametrize(
    ("foreseen", "days"),
    [
        (Forecast(40, 30, None, 90), {"earliest": 30, "middle": 40, "latest": 1830}),
        (Forecast(None, None, None, 90), {"earliest": 1830, "middle": 1830, "latest": 1830}),
        (Forecast(None, None, None, 0), {}),
    ],
)
def test_days_until_full(watched: Watched, foreseen: Forecast, days: dict[str, float]) -> None:
    watched.capacity.report = SimpleNamespace(foreseen=foreseen, alarms={Alarm.FULL_SOON})  # type: ignore[assignment]
    told = watched.scraped()
    assert {bound: told[f'days_until_full{{bound="{bound}"}}'] for bound in days} == days
    assert len([name for name in told if name.startswith("days_until_full")]) == len(days)
    assert told['capacity_alarm{alarm="full soon"}'] == 1 and told['capacity_alarm{alarm="disk low"}'] == 0


def test_the_nightly_proof(watched: Watched) -> None:
    watched.nightly.last = Result(NOW - timedelta(days=3), 60.5, 10, 9, 4321, 0, {"missing": 1})
    watched.nightly.trouble = "ended"
    told = watched.scraped()
    assert told["verify_last_timestamp_seconds"] == (NOW - timedelta(days=3)).timestamp()
    assert (told["verify_sound"], told["verify_read_bytes"], told["verify_seconds"]) == (0, 4321, 60.5)
    assert told['verify_findings{kind="missing"}'] == 1 and told['verify_findings{kind="altered"}'] == 0
    assert told["verify_trouble"] == 1


def test_what_was_done_is_counted_by_rule(watched: Watched) -> None:
    for what, rule in (("created", ""), ("deleted", "r1"), ("deleted", "r1"), ("deleted", "r2"), ("archived", "r2")):
        detail = {"rule": rule} if rule else {}
        watched.tally.entry(Entry(at=NOW, action=f"recordings.{what}", detail=detail))
    watched.tally.entry(Entry(at=NOW, action="recordings.hold", result="begun"))
    watched.tally.entry(Entry(at=NOW, action="calls.search"))
    told = watched.scraped()
    assert told['ledger_entries_total{what="created"}'] == 1 and told['ledger_entries_total{what="deleted"}'] == 3
    assert told['deletions_total{rule="r1"}'] == 2 and told['deletions_total{rule="r2"}'] == 1
    assert told['archivings_total{rule="r2"}'] == 1
    assert {name for name in told if name.startswith("ledger_entries")} == {
        f'ledger_entries_total{{what="{what}"}}' for what in ("archived", "created", "deleted")
    }
