"""Each night the recordings are held against what is written about them: once, in the quiet hours, and it is told."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from ivr.apart import NotAnswered
from ivr.recordings.nightly import AGAIN_SECONDS, EVERY_SECONDS, KEPT, Nightly, result_of
from ivr.recordings.verify import Verified, Verifier
from ivr.recordings.verifying import elsewhere
from ivr.site.recordings import QuietHours, RecordingSettings
from ivr.testing.clock import ManualClock
from recordings.catalogue import State, keys
from recordings.proof import Fault, Finding
from tests.tools import run
from tests.unit.recordings.test_proof import NOW, Archive

ZONE = ZoneInfo("America/Bogota")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE).astimezone(UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.store.close()


class Nights:
    """A proof that is a function, with virtual time. The quiet hours are 2 to 5."""

    def __init__(self, archive: Archive, wall: datetime = NOON) -> None:
        self.clock = ManualClock(wall)
        self.found: list[Finding] = []
        self.fails: Exception | None = None
        self.runs: list[datetime] = []
        self.noted: list[tuple[str, dict[str, Any]]] = []
        self.archive = archive
        self.nightly = self.again()

    def again(self) -> Nightly:
        """As after a restart."""
        site: Any = SimpleNamespace(
            recordings=RecordingSettings(quiet=QuietHours(120, 300)), local=lambda at: at.astimezone(ZONE)
        )
        archive = self.archive
        return Nightly(
            archive.store, archive.url, lambda: site, self.clock, self,
            folder=archive.folder, vault=archive.vault, verify=self.verify,
        )  # fmt: skip

    def verify(self, url: str, *, folder: Path, vault: Path, now: datetime) -> Verified:
        self.runs.append(now)
        if self.fails is not None:
            raise self.fails
        return Verified(recordings=3, files=3, bytes=3000, findings=list(self.found))

    async def note(self, what: str, recording: str, **detail: Any) -> None:
        self.noted.append((what, detail))

    def at(self, hour: float, day: int = 24) -> bool:
        """Whether it is due then."""
        self.clock.wall = datetime(2026, 11, day, tzinfo=ZONE).astimezone(UTC) + hour * HOUR
        return self.nightly.due()


@run
async def test_it_is_done_once_a_night_in_the_quiet_hours(archive: Archive) -> None:
    nights = Nights(archive)
    assert [nights.at(hour) for hour in (0, 1.9, 2, 4.9, 5, 12)] == [False, False, True, True, False, False]
    nights.at(2)
    await nights.nightly.look()
    assert [nights.at(hour) for hour in (2.1, 4.9)] == [False, False]
    assert [nights.at(hour, day=25) for hour in (1, 2)] == [False, True]


@run
async def test_a_machine_that_is_off_at_night_verifies_by_day(archive: Archive) -> None:
    nights = Nights(archive)
    assert [nights.at(hour) for hour in (23, 24.1)] == [False, True], "36 hours after the server began"
    await nights.nightly.look()
    assert [nights.at(hour, day=25) for hour in (12, 36, 36.2)] == [False, False, True]


@run
async def test_a_clock_that_was_ahead_keeps_no_night_away(archive: Archive) -> None:
    nights = Nights(archive)
    nights.at(2, day=30)
    await nights.nightly.look()
    assert nights.at(3, day=24)


@run
async def test_the_result_is_told_kept_and_known_after_a_restart(archive: Archive) -> None:
    nights = Nights(archive)
    nights.found = [Finding(Fault.ALTERED, "c0_o0", "w"), Finding(Fault.MISSING, "c1_o1", "w")]
    nights.found.append(Finding(Fault.MISSING, "c2_o2", "w"))
    await nights.nightly.look()
    [(what, detail)] = nights.noted
    assert what == "verified" and not detail["sound"] and detail["findings"] == {"altered": 1, "missing": 2}
    last = nights.nightly.last
    assert last is not None and not last.sound and last.at == nights.clock.now() and last.bytes == 3000
    again = nights.again()
    await again.recall()
    assert again.last == last
    archive.store.keep_state(KEPT, {"of": "an older form"})
    await again.recall()
    assert again.last is None and result_of({}) is None


@run
async def test_a_run_that_comes_to_no_end_is_told_and_tried_again(archive: Archive) -> None:
    nights = Nights(archive)
    nights.fails = NotAnswered("it was ended")
    nights.at(2)
    nights.nightly.start()
    await until(lambda: len(nights.runs) == 1 and nights.clock.pending == 1)
    assert nights.nightly.trouble == "it was ended" and nights.nightly.last is None and nights.noted == []
    nights.fails = None
    nights.clock.advance(AGAIN_SECONDS)
    await until(lambda: nights.clock.pending == 1)
    nights.clock.advance(EVERY_SECONDS)
    await until(lambda: nights.nightly.last is not None)
    assert nights.nightly.trouble == "" and len(nights.runs) == 2
    await nights.nightly.close()


async def until(holds: Any, seconds: float = 5) -> None:
    for _ in range(round(100 * seconds)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come about")


@run
async def test_a_file_that_was_truly_altered_is_found_by_a_process_of_its_own(archive: Archive) -> None:
    await archive.filled()
    await archive.audit.close()
    nights = Nights(archive, NOW)
    nights.nightly._verify = elsewhere
    await nights.nightly.look()
    assert nights.nightly.last is not None and nights.nightly.last.sound and nights.nightly.last.files == 3
    content = bytearray(archive.file("c1_o1").read_bytes())
    content[-1] ^= 1
    archive.file("c1_o1").write_bytes(content)
    archive.file("c2_o2").unlink()
    await nights.nightly.look()
    assert nights.nightly.last.kinds == {"altered": 1, "missing": 1}
    assert [detail["sound"] for _, detail in nights.noted] == [True, False]


# ---------------------------------------------------------------------- what happens while it looks
class Meanwhile(Verifier):
    """Does something between the catalogue's rows and the vault's files."""

    def __init__(self, archive: Archive, then: Any) -> None:
        super().__init__(archive.store.engine, folder=archive.folder, vault=archive.vault, now=NOW)
        self._then = then

    def _files(self, rows: Any) -> Any:
        self._then()
        return super()._files(rows)


@run
async def test_a_deletion_while_it_looks_is_no_finding(archive: Archive) -> None:
    await archive.filled()

    def deleted() -> None:
        row = archive.catalogue.get("c1_o1")
        assert row is not None
        with archive.store.engine.begin() as connection:
            connection.execute(delete(keys).where(keys.c.recording == "c1_o1"))
        archive.catalogue.add(replace(row, state=State.DELETED))
        (archive.vault / row.file).unlink()

    assert Meanwhile(archive, deleted).run().findings == []
    await archive.audit.close()


@run
async def test_a_recording_that_is_made_while_it_looks_is_no_finding(archive: Archive) -> None:
    await archive.filled()
    await archive.note("created", "c9_o9", sha256="0" * 64)

    def made() -> None:
        row = archive.catalogue.get("c1_o1")
        assert row is not None
        archive.catalogue.add(replace(row, recording="c9_o9", call="c9", file="", state=State.TAKEN))

    assert Meanwhile(archive, made).run().findings == []
    assert (Fault.UNCALLED, "c9_o9") in archive.faults(), "afterwards it is looked at like every other"
    await archive.audit.close()


@run
async def test_a_file_that_truly_vanishes_while_it_looks_is_found(archive: Archive) -> None:
    await archive.filled()
    assert [f.fault for f in Meanwhile(archive, lambda: archive.file("c1_o1").unlink()).run().findings] == [
        Fault.MISSING
    ]
    await archive.audit.close()


@run
async def test_a_recording_that_was_ended_for_want_of_room_is_as_long_as_it_was(archive: Archive) -> None:
    await archive.filled()
    [record] = archive.store.calls(1, call="c2")
    ruling = record.rulings[0]
    archive.talked("c2_o2", seconds=60)
    assert archive.faults() == [(Fault.LENGTH, "c2_o2")]
    stopped = replace(ruling, stopped=record.started + timedelta(seconds=3.2))
    archive.store.save(1, [replace(record, rulings=(stopped,))], {})
    assert archive.faults() == []
    assert archive.store.calls(1, call="c2")[0].rulings == (stopped,)
    await archive.audit.close()
