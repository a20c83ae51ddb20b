"""From what Asterisk has written into the vault: once, whole, whatever ends in the middle."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy.exc import SQLAlchemyError

from ivr.apart import NotAnswered
from ivr.clock import LoopClock
from ivr.recordings import keeper as keeping
from ivr.recordings.keeper import Keeper
from ivr.records.store import RecordStore
from recordings.catalogue import Gap, Recording, SqlCatalogue, State
from recordings.encode import Codec
from recordings.intake import QUARANTINE, Intake, Talk
from recordings.vault.folder import Vault
from recordings.vault.keyfiles import make_identity, parse_recipients, read_identities
from recordings.vault.sealed import Reader
from tests.records import fresh
from tests.tools import run
from tests.unit.recordings.vault.own_keys import OwnKeys


class Died(BaseException):
    """The server was killed here."""


class House:
    """A folder of recordings, a vault, a catalogue and the ledger's lines."""

    def __init__(self, folder: Path, codec: Codec = Codec.WAV, records: str = "") -> None:
        self.folder, self.vault = folder / "recordings", folder / "vault"
        self.folder.mkdir()
        self.vault.mkdir()
        self.url = records or fresh(folder / "records.sqlite")
        self.store = RecordStore.open(self.url)
        self.catalogue = SqlCatalogue(self.store.engine)
        self.recipient = make_identity(folder / "identity").text
        self.keys = OwnKeys(read_identities(folder / "identity"))
        self.noted: list[tuple[str, str]] = []
        self.details: list[dict[str, object]] = []
        self.recipients = lambda: [self.recipient]
        self.codec = codec
        self.keeper = self.again()
        talk, done = Talk(call="c", queue="servicio", agent="101"), folder / "done"
        done.mkdir()
        self.intake = Intake(self.folder, done, self.catalogue, lambda call, leg: replace(talk, call=call))

    def again(self) -> Keeper:
        return Keeper(
            self.catalogue,
            self,
            LoopClock(),
            folder=self.folder,
            vault=self.vault,
            recipients=lambda: self.recipients(),
            codec=lambda: self.codec,
        )

    async def note(self, what: str, recording: str, **detail: object) -> None:
        self.noted.append((what, recording))
        self.details.append(detail)

    def finished(self, name: str, seconds: float = 1.0, content: bytes = b"\1\0\2\0") -> Recording:
        file = self.folder / f"{name}.raw"
        file.write_bytes(content * round(8000 * seconds))
        recording = Recording(
            recording=name,
            call=name.partition("_")[0],
            leg="1",
            queue="servicio",
            agent="101",
            finished=datetime(2026, 11, 23, 4, tzinfo=UTC),
            length_us=round(seconds * 1e6),
            bytes=file.stat().st_size,
            sha256="0" * 64,
            file=file.name,
        )
        self.catalogue.add(recording)
        return recording

    def files(self) -> list[str]:
        return list(Vault(self.vault).walk())

    async def audio(self, name: str) -> bytes:
        row, wrapped = self.catalogue.get(name), self.catalogue.key_of(name)
        assert row is not None and wrapped is not None
        with Vault(self.vault).open(row.file) as file:
            return Reader(file, await self.keys.open(name, wrapped)).read()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


@run
async def test_a_recording_is_brought_into_the_vault_once(house: House) -> None:
    before = house.finished("c_1", seconds=2)
    assert await house.keeper.look() == 1 and await house.keeper.look() == 0
    row = house.catalogue.get("c_1")
    assert row is not None and row.state is State.KEPT and row.file == house.files()[0]
    assert row.file.startswith("2026/11/23/") and row.codec == "wav" and row.finished == before.finished
    audio = await house.audio("c_1")
    assert len(audio) == row.audio_bytes == 44 + 64_000 and audio[44:48] == b"\2\0\1\0", "the sides have changed places"
    assert b"\2\0\1\0\2\0\1\0" not in (house.vault / row.file).read_bytes()
    assert house.noted == [("created", "c_1")] and list(house.folder.glob("*.raw")) == []


@run
async def test_the_ledger_knows_the_notice_and_every_pause(house: House) -> None:
    taken = house.finished("c_1", seconds=2)
    house.catalogue.add(replace(taken, notice="v7", gaps=(Gap(500_000, 1_250_000, "paused"),)))
    await house.keeper.look()
    (told,) = house.details
    assert (told["notice"], told["gaps"]) == ("v7", [[500_000, 1_250_000, "paused"]])
    assert (told["call"], told["length_us"]) == ("c", 2_000_000)


@run
async def test_many_are_brought_by_one_process(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = keeping.keep_all

    def counted(wanted: Any, **more: Any) -> Any:
        asked.append(len(wanted))
        return real(wanted, **more)

    monkeypatch.setattr(keeping, "keep_all", counted)
    for number in range(20):
        house.finished(f"c{number:02}_1", seconds=0.2)
    assert await house.keeper.look() == 16 and await house.keeper.look() == 4
    assert asked == [16, 4] and len(house.files()) == 20


def of_an_older_version(house: House, name: str) -> None:
    """One voice, in wav, and its row."""
    raw, taken = house.folder / f"{name}.raw", house.finished(name)
    raw.unlink()
    file = house.folder / f"{name}.wav"
    soundfile.write(file, np.full(8000, 7, np.int16), 8000, "PCM_16")
    earlier = taken.finished - timedelta(days=30)
    house.catalogue.add(replace(taken, codec="wav", file=file.name, finished=earlier, bytes=file.stat().st_size))


@run
async def test_recordings_of_an_older_version_come_into_the_vault_and_are_in_nobodys_way(house: House) -> None:
    for number in range(16):
        of_an_older_version(house, f"old{number:02}_1")
    house.finished("c_1")
    while await house.keeper.look():
        pass
    rows = house.catalogue.in_state(State.KEPT, 100)
    assert [row.recording for row in rows] == [f"old{number:02}_1" for number in range(16)] + ["c_1"]
    assert list(house.folder.iterdir()) == [] and len(house.files()) == 17
    assert (await house.audio("old00_1"))[44:52] == b"\7\0\7\0\7\0\7\0"


@run
async def test_a_kill_before_an_older_recording_is_removed_leaves_nothing_unencrypted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_an_older_version(house, "old_1")

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", dies)
        with pytest.raises(Died):
            await house.keeper.look()
    assert house.intake.adopt(LoopClock().now() + timedelta(hours=1)) == []
    assert list(house.folder.iterdir()) == [] and len(house.files()) == 1


@pytest.mark.parametrize("step", ["keep_all", "keep", "note", "unlink"])
@run
async def test_a_kill_before_each_step_loses_nothing_and_doubles_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    house.finished("c_1")

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    with monkeypatch.context() as patched:
        where = {"keep_all": keeping, "keep": house.catalogue, "note": house, "unlink": Path}[step]
        patched.setattr(where, step, dies)
        with pytest.raises(Died):
            await house.keeper.look()
    again = house.again()
    await again.look()
    await again.look()
    later = LoopClock().now() + timedelta(hours=1)
    for name in house.intake.adopt(later):
        house.intake.take(name)
    row = house.catalogue.get("c_1")
    assert row is not None and row.state is State.KEPT and row.file in house.files()
    assert len(await house.audio("c_1")) == 44 + 32_000
    assert list(house.folder.glob("*.raw")) == []
    assert house.files() == [row.file], "and in the vault lies nothing that no row knows"


@run
async def test_one_that_cannot_be_kept_is_in_nobodys_way(house: House) -> None:
    for number in range(4):
        house.finished(f"c{number}_1", seconds=0.2)
    (house.folder / "c1_1.raw").unlink()
    for _ in range(3):
        await house.keeper._attempt(house.keeper.look)
        assert house.keeper.trouble.startswith("c1_1.raw is gone")
        assert [name for _, name in house.noted] == ["c0_1", "c2_1", "c3_1"] and len(house.files()) == 3
    house.finished("c4_1", seconds=0.2)
    assert await house.keeper.look() == 1 and house.noted[-1] == ("created", "c4_1")
    house.finished("c1_1", seconds=0.2)
    assert await house.keeper._attempt(house.keeper.look) == 1 and house.keeper.trouble == ""


@run
async def test_many_that_cannot_be_kept_are_in_nobodys_way(house: House) -> None:
    for number in range(40):
        house.finished(f"c{number:02}_1", seconds=0.1)
    for number in (*range(16), *range(17, 34)):
        (house.folder / f"c{number:02}_1.raw").unlink()
    for _ in range(4):
        with contextlib.suppress(OSError):
            await house.keeper.look()
    assert [name for _, name in house.noted] == ["c16_1", *(f"c{number}_1" for number in range(34, 40))]


@run
async def test_one_that_ends_the_process_at_work_is_found(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    real = keeping.keep_all

    def keep_all(wanted: Any, **more: Any) -> Any:
        if any(one.recording == "c1_1" for one in wanted.values()):
            raise NotAnswered("the process has ended in the middle of it")
        return real(wanted, **more)

    monkeypatch.setattr(keeping, "keep_all", keep_all)
    for number in range(3):
        house.finished(f"c{number}_1", seconds=0.1)
    with pytest.raises(OSError, match="in the middle"):
        await house.keeper.look()
    assert [name for _, name in house.noted] == ["c0_1", "c2_1"] and len(house.files()) == 2


@run
async def test_what_came_into_the_vault_while_the_database_was_away_comes_there_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        house.finished(f"c{number}_1", seconds=0.1)
    real = house.catalogue.keep

    def keep(row: Recording, wrapped: bytes) -> bool:
        if row.recording == "c1_1":
            raise SQLAlchemyError("the database is away")
        return real(row, wrapped)

    with monkeypatch.context() as patched:
        patched.setattr(house.catalogue, "keep", keep)
        for _ in range(2):
            with pytest.raises(SQLAlchemyError):
                await house.keeper.look()
    assert await house.keeper.look() == 2
    rows = house.catalogue.in_state(State.KEPT, 10)
    assert sorted(row.file for row in rows) == house.files() and len(rows) == 3


@run
async def test_what_is_no_recording_is_put_aside_and_told(house: House) -> None:
    recording = house.finished("c_1")
    (house.folder / recording.file).write_bytes(b"\0")
    assert await house.keeper.look() == 1
    row = house.catalogue.get("c_1")
    assert row is not None and row.state is State.SPOILT and house.noted == [("spoilt", "c_1")]
    assert (house.folder / QUARANTINE / recording.file).exists() and house.files() == []


@pytest.mark.parametrize("step", ["rename", "add", "note"])
@run
async def test_a_kill_while_it_is_put_aside_takes_nothing_away(
    house: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    recording = house.finished("c_1")
    (house.folder / recording.file).write_bytes(b"\0")

    def dies(*given: Any, **more: Any) -> Any:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr({"rename": Path, "add": house.catalogue, "note": house}[step], step, dies)
        with pytest.raises(Died):
            await house.keeper.look()
    await house.again().look()
    for name in house.intake.adopt(LoopClock().now() + timedelta(hours=1)):
        house.intake.take(name)
    row = house.catalogue.get("c_1")
    assert row is not None and row.state is State.SPOILT
    assert (house.folder / QUARANTINE / recording.file).read_bytes() == b"\0"


@run
async def test_a_file_that_is_away_is_not_given_up(house: House, tmp_path: Path) -> None:
    recording = house.finished("c_1")
    file, elsewhere = house.folder / recording.file, tmp_path / "elsewhere"
    file.rename(elsewhere)
    with pytest.raises(OSError, match=r"c_1\.raw is gone"):
        await house.keeper.look()
    assert house.catalogue.get("c_1") == recording and house.noted == []
    elsewhere.rename(file)
    assert await house.keeper.look() == 1 and house.noted == [("created", "c_1")]


@run
async def test_where_nothing_can_be_written_recordings_wait_as_they_are(house: House) -> None:
    house.finished("c_1")
    house.vault.rmdir()
    with pytest.raises(OSError, match="No such file"):
        await house.keeper.look()
    row = house.catalogue.get("c_1")
    assert row is not None and row.state is State.TAKEN and (house.folder / row.file).exists()
    house.vault.mkdir()
    assert await house.keeper.look() == 1


@run
async def test_without_a_recipient_nothing_is_kept(house: House) -> None:
    house.finished("c_1")

    def nobody() -> list[str]:
        return [one.text for one in parse_recipients("# nobody", "recordings.recipients")]

    house.recipients = nobody
    with pytest.raises(ValueError, match="recipients"):
        await house.keeper.look()
    row = house.catalogue.get("c_1")
    assert (
        row is not None and row.state is State.TAKEN and [file.name for file in house.folder.iterdir()] == ["c_1.raw"]
    )
