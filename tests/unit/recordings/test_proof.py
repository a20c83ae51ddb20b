"""What is found when recordings are not what is written about them, and that nothing is found when they are."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import delete, text, update

from acd.model import OfferResult
from ivr.app.recordings import AuditLedger
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore
from ivr.clock import LoopClock
from ivr.figures.call_record import CallRecord, OfferRecord, TalkRuling
from ivr.recordings.verify import Verified, Verifier
from recordings.catalogue import BEFORE_THE_CALLER, NOT_BEGUN, PAUSED, State, keys, table
from recordings.encode import Codec
from recordings.intake import QUARANTINE
from recordings.proof import Fault
from recordings.vault.folder import Vault
from tests.tools import run
from tests.unit.recordings.test_keeper import House

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
NOW = AT + timedelta(days=1)


class Archive(House):
    """Three talks that were recorded, with their calls and a real ledger."""

    def __init__(self, folder: Path, records: str = "") -> None:
        super().__init__(folder, Codec.WAV, records)
        self.audit = Audit(AuditStore.open(self.url, self.store.engine), AnchorFiles(folder / "audit"), LoopClock())
        self.ledger = AuditLedger(self.audit, LoopClock())

    async def note(self, what: str, recording: str, **detail: object) -> None:
        await self.ledger.note(what, recording, **detail)

    def talked(self, name: str, seconds: float, wanted: bool = True) -> None:
        call, leg = name.split("_")
        ruling = TalkRuling(leg=leg, queue="servicio", agent="101", record=wanted, why="yes")
        record = CallRecord(call=call, did="601", started=AT, ended=AT, complete=True, rulings=(ruling,))
        offer = OfferRecord(
            offer=leg, visit="v", call=call, queue="servicio", agent="101", made=AT, bridged=AT,
            result=OfferResult.ANSWERED, talk_ended=AT, talk_us=round(seconds * 1e6),
        )  # fmt: skip
        self.store.save(1, [record, offer], {})

    async def filled(self) -> "Archive":
        await self.audit.open()
        for number in range(3):
            self.finished(f"c{number}_o{number}", seconds=number + 1)
            self.talked(f"c{number}_o{number}", seconds=number + 1.4)
        await self.keeper.look()
        for file in self.files():
            os.utime(self.vault / file, (AT.timestamp(), AT.timestamp()))
        return self

    def verified(self) -> Verified:
        return Verifier(self.store.engine, folder=self.folder, vault=self.vault, now=NOW).run()

    def faults(self) -> list[tuple[Fault, str]]:
        return [(finding.fault, finding.about) for finding in self.verified().findings]

    def file(self, name: str) -> Path:
        row = self.catalogue.get(name)
        assert row is not None
        return self.vault / row.file


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(tmp_path)
    yield made
    made.store.close()


@run
async def test_what_agrees_is_sound(archive: Archive) -> None:
    await archive.filled()
    told = archive.verified()
    assert told.sound and (told.recordings, told.files, told.talks) == (3, 3, 3) and told.bytes > 0
    await archive.audit.close()


@run
async def test_everything_that_does_not_agree_is_told(archive: Archive) -> None:
    await archive.filled()
    await archive.audit.close()
    content = bytearray(archive.file("c0_o0").read_bytes())
    content[len(content) // 2] ^= 1
    archive.file("c0_o0").write_bytes(content)
    archive.file("c1_o1").unlink()
    with archive.store.engine.begin() as connection:
        connection.execute(delete(keys).where(keys.c.recording == "c2_o2"))
    stray = archive.file("c2_o2").with_name("0" * 32 + ".cva")
    stray.write_bytes(b"x")
    os.utime(stray, (AT.timestamp(), AT.timestamp()))
    assert sorted(archive.faults()) == sorted(
        [
            (Fault.ALTERED, "c0_o0"),
            (Fault.MISSING, "c1_o1"),
            (Fault.KEYLESS, "c2_o2"),
            (Fault.STRAY, str(stray.relative_to(archive.vault))),
        ]
    )


@run
async def test_a_file_that_cannot_be_read_is_told_and_the_others_are_looked_at(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.filled()
    await archive.audit.close()
    stray = archive.file("c1_o1").with_name("0" * 32 + ".cva")
    stray.write_bytes(b"x")
    broken = str(archive.file("c1_o1").relative_to(archive.vault)), str(stray.relative_to(archive.vault))
    archive.file("c2_o2").write_bytes(b"altered")
    real = Vault.open

    def failing(vault: Vault, file: str) -> BinaryIO:
        if file in broken:
            raise OSError(errno.EIO, "Input/output error")
        return real(vault, file)

    monkeypatch.setattr(Vault, "open", failing)
    told = archive.verified()
    assert sorted((one.fault, one.about) for one in told.findings) == [
        (Fault.ALTERED, "c2_o2"), (Fault.STRAY, broken[1]), (Fault.UNREADABLE, "c1_o1"),
    ]  # fmt: skip
    assert told.files == 2 and "Input/output error" in str(told.findings)


@run
async def test_a_file_that_became_a_link_while_it_looked_is_told(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.filled()
    await archive.audit.close()
    real = Vault.walk

    def meanwhile(vault: Vault) -> Iterator[str]:
        for file in [*real(vault)]:
            if archive.vault / file == archive.file("c1_o1"):
                (archive.vault / file).rename(archive.folder / "elsewhere")
                (archive.vault / file).symlink_to(archive.folder / "elsewhere")
            yield file

    monkeypatch.setattr(Vault, "walk", meanwhile)
    assert archive.faults() == [(Fault.UNREADABLE, "c1_o1")]


@run
async def test_audio_that_was_lost_on_its_way_into_the_vault_is_told(archive: Archive) -> None:
    await archive.filled()
    for number in (7, 8, 9):
        archive.talked(f"c{number}_o{number}", seconds=1.4)
        archive.finished(f"c{number}_o{number}")
    assert archive.faults() == [], "they wait"
    (archive.folder / "c8_o8.raw").unlink()
    spoilt = archive.catalogue.get("c9_o9")
    assert spoilt is not None
    archive.catalogue.add(replace(spoilt, state=State.SPOILT))
    (archive.folder / QUARANTINE).mkdir()
    (archive.folder / "c9_o9.raw").rename(archive.folder / QUARANTINE / "c9_o9.raw")
    told = archive.verified().findings
    assert [(one.fault, one.about) for one in told] == [(Fault.MISSING, "c8_o8"), (Fault.SPOILT, "c9_o9")]
    assert told[1].why.endswith("it lies in quarantine")
    (archive.folder / QUARANTINE / "c9_o9.raw").unlink()
    assert archive.verified().findings[1].why.endswith("not in quarantine any more")
    await archive.audit.close()


@run
async def test_what_comes_into_the_vault_while_it_looks_is_not_lost(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archive.filled()
    archive.talked("c7_o7", seconds=1.4)
    taken, real = archive.finished("c7_o7"), Path.is_file
    kept = archive.catalogue.get("c0_o0")
    assert kept is not None
    await archive.note("created", "c7_o7", sha256=kept.sha256)

    def meanwhile(path: Path, **more: bool) -> bool:
        if path.name == "c7_o7.raw" and path.parent == archive.folder:
            archive.catalogue.keep(replace(taken, state=State.KEPT, file="2026/11/23/x.cva"), b"wrapped")
            path.unlink(missing_ok=True)
        return real(path, **more)

    monkeypatch.setattr(Path, "is_file", meanwhile)
    assert archive.faults() == []
    await archive.audit.close()


@run
async def test_the_catalogue_is_held_against_the_ledger(archive: Archive) -> None:
    await archive.filled()
    row, unwritten = archive.catalogue.get("c0_o0"), archive.catalogue.get("c1_o1")
    assert row is not None and unwritten is not None
    archive.catalogue.add(replace(row, sha256="1" * 64))
    with archive.store.engine.begin() as connection:
        for one in (keys, table):
            connection.execute(delete(one).where(one.c.recording == "c2_o2"))
    wrapped = archive.catalogue.key_of("c1_o1")
    assert wrapped is not None
    archive.catalogue.keep(replace(unwritten, recording="c1_o9"), wrapped)
    found = set(archive.faults())
    assert (Fault.OTHER_HASH, "c0_o0") in found and (Fault.VANISHED, "c2_o2") in found
    assert (Fault.UNWRITTEN, "c1_o9") in found and (Fault.UNCALLED, "c1_o9") in found
    await archive.ledger.note("deleted", "c2_o2")
    assert (Fault.VANISHED, "c2_o2") not in set(archive.faults())
    await archive.audit.close()


@run
async def test_an_entry_of_the_ledger_that_was_changed_is_told(archive: Archive) -> None:
    await archive.filled()
    await archive.audit.close()
    with archive.store.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS audit_no_update"))
        for name in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE audit SET entry = replace(entry, 'c1_o1', 'c1_o7')"))
    assert any(fault is Fault.ALTERED and "of the ledger" in about for fault, about in archive.faults())


@run
async def test_talks_are_held_against_recordings(archive: Archive) -> None:
    await archive.filled()
    archive.talked("c0_o0", seconds=9)
    archive.talked("c7_o7", seconds=5)
    archive.talked("c8_o8", seconds=0.5)  # too short to be missed
    archive.talked("c9_o9", seconds=60, wanted=False)
    assert archive.faults() == [(Fault.LENGTH, "c0_o0"), (Fault.UNRECORDED, "c7_o7")]
    await archive.audit.close()


@pytest.mark.parametrize(
    ("why", "faults"),
    [(BEFORE_THE_CALLER, []), (PAUSED, [(Fault.LENGTH, "c0_o0")]), (NOT_BEGUN, [(Fault.LENGTH, "c0_o0")])],
)
@run
async def test_only_what_the_house_said_before_the_caller_came_is_no_part_of_the_talk(
    archive: Archive, why: str, faults: list[object]
) -> None:
    await archive.filled()
    gaps = [{"from_us": 0, "to_us": 29_000_000, "why": why}]
    with archive.store.engine.begin() as connection:
        connection.execute(update(table).where(table.c.recording == "c0_o0").values(length_us=30_000_000, gaps=gaps))
    assert archive.faults() == faults
    await archive.audit.close()


@run
async def test_what_was_deleted_need_not_be_there(archive: Archive) -> None:
    await archive.filled()
    row = archive.catalogue.get("c0_o0")
    assert row is not None
    archive.file("c0_o0").unlink()
    await archive.ledger.note("deleted", "c0_o0")
    archive.catalogue.add(replace(row, state=State.DELETED))
    assert archive.faults() == []
    await archive.audit.close()


@run
async def test_a_row_that_somebody_set_to_deleted_is_told(archive: Archive) -> None:
    await archive.filled()
    file = archive.file("c0_o0")
    with archive.store.engine.begin() as connection:
        connection.execute(text("UPDATE recordings SET state = 'deleted' WHERE recording = 'c0_o0'"))
    stray = (Fault.STRAY, str(file.relative_to(archive.vault)))
    assert archive.faults() == [stray, (Fault.UNCERTIFIED, "c0_o0")]
    file.unlink()
    assert archive.faults() == [(Fault.UNCERTIFIED, "c0_o0")], "whoever removes the file as well is found too"
    await archive.ledger.note("deleting", "c0_o0")
    assert archive.faults() == [(Fault.UNCERTIFIED, "c0_o0")], "that it began is not that it was done"
    await archive.ledger.note("deleted", "c0_o0")
    assert archive.faults() == []
    await archive.audit.close()
