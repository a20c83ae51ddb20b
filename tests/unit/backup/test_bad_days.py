"""A copy on a bad day: what is lost, unreadable, full, away or busy is told, and the rest is copied."""

import pytest

from ivr.backup import worker
from recordings.backup.gate import only_one
from tests.unit.backup.office import Office, restored, slow


@slow
async def test_what_the_target_lost_is_made_again(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    for file in (office.disk / "snapshots/secrets").iterdir():
        file.unlink()
    assert "secrets" in worker.run(office.job).facts["snapshots"]
    assert restored(office)[1].whole


@slow
async def test_records_that_cannot_be_read_leave_the_rest_backed_up(office: Office) -> None:
    await office.filled_and_closed()
    assert worker.run(office.job).state.whole
    office.store.close()
    for file in office.var.glob("records.sqlite*"):
        file.unlink()
    (office.var / "records.sqlite").write_bytes(b"not a database any more" * 100)
    told = worker.run(office.job)
    assert not told.state.whole and "records" in told.state.why and "database" in told.state.why
    assert told.state.success is not None and told.facts["snapshots"] == ["journal"] and told.state.items == 3
    assert restored(office)[1].came.missing.count == 0


@slow
async def test_a_disk_that_is_nearly_full_keeps_its_room_for_calls(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.filled_and_closed()
    monkeypatch.setattr("ivr.backup.source.SPARE_BYTES", 1 << 62)
    told = worker.run(office.job)
    assert not told.state.whole and "too little room" in told.state.why
    assert not (office.var / "backup-state/disco/making").exists()


@slow
async def test_a_proof_fetches_back_and_tells_what_is_wrong(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    proof = worker.proof(office.job, 20).state.proof
    assert proof is not None and proof.sound and (proof.drawn, proof.proved) == (10, 10)
    spoilt = next(path for path in (office.disk / "audio").rglob("*") if path.is_file())
    spoilt.write_bytes(b"y" + spoilt.read_bytes()[1:])
    told = worker.proof(office.job, 20)
    assert told.state.proof is not None and not told.state.proof.sound and "altered" in told.state.proof.why
    assert told.state.whole, "what is known of the backup stays"
    assert len(told.facts["altered"]) == 1


@slow
async def test_a_target_that_is_away_is_told_and_changes_nothing(office: Office) -> None:
    await office.filled_and_closed()
    worker.run(office.job)
    office.disk.rename(office.base / "unplugged")
    told = worker.run(office.job)
    assert not told.state.whole and "not a prepared backup folder" in told.state.why
    assert told.state.success is not None and told.state.lying
    proof = worker.proof(office.job, 5).state.proof
    assert proof is not None and not proof.sound
    (office.base / "unplugged").rename(office.disk)
    again = worker.run(office.job)
    assert again.state.whole and again.facts["snapshots"] == ["records", "journal", "keys"]


@slow
async def test_two_at_once_are_one(office: Office) -> None:
    await office.filled_and_closed()
    folder = office.job.folder
    folder.mkdir(parents=True)
    with only_one(folder / "making.lock"), pytest.raises(worker.Busy):
        worker.run(office.job)
