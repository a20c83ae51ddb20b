"""What keeps a backup from beginning is told with its place, also by the process of its own."""

from pathlib import Path

import pytest

from ivr.apart import NotAnswered
from ivr.backup import worker
from ivr.backup.instance import STATE, Instance
from ivr.backup.worker import Job
from ivr.site.recordings import BackupTarget, FolderPlace


@pytest.mark.parametrize("do", ["run", "prove"])
def test_a_folder_of_ours_that_cannot_be_used(tmp_path: Path, do: str) -> None:
    instance = Instance(
        config=tmp_path / "config",
        flows=tmp_path / "flows",
        var=tmp_path,
        records=f"sqlite:///{tmp_path}/records.sqlite",
        journal=f"sqlite:///{tmp_path}/journal.sqlite",
    )
    job = Job(BackupTarget(name="disco", place=FolderPlace(path=str(tmp_path / "disk"))), instance)
    (tmp_path / STATE).mkdir()
    job.folder.touch()
    with pytest.raises(NotAnswered, match=f"{STATE}/disco"):
        worker.run_apart(job) if do == "run" else worker.proof_apart(job, 1)
