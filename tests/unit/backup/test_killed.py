"""Killed at its steps, a backup and a restore go on; nothing half done counts as whole, and nothing in clear stays."""

import os
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from ivr.backup import worker
from ivr.backup.instance import Instance
from ivr.backup.restoring import CannotRestore, restore_instance
from ivr.backup.worker import Job
from ivr.site.recordings import BackupTarget, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.vault.keyfiles import read_identities
from tests.tools import run
from tests.unit.backup.office import Office, heard

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "shutil.rmtree", "sqlite3.connect"}
KILLED = 9
STRIDES = [61, pytest.param(5, marks=pytest.mark.soak)]
"""Every so many steps, and in the long proofs nearly each."""


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Do it in a child that dies at this step. False: it came to its end before."""
    child = os.fork()
    if child == 0:
        left = step

        def one(event: str, _: object) -> None:
            nonlocal left
            if event in STEPS:
                left -= 1
                if left == 0:
                    os._exit(KILLED)

        try:
            sys.addaudithook(one)
            act()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(3)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED)
    return code == KILLED


def job(base: Path) -> Job:
    var = base / "var"
    instance = Instance(
        config=base / "config", flows=base / "flows", var=var, records=f"sqlite:///{var}/records.sqlite",
        journal=f"sqlite:///{var}/journal.sqlite",
    )  # fmt: skip
    return Job(BackupTarget(name="disco", place=FolderPlace(path=str(base / "disk"))), instance)


def restoring(base: Path) -> None:
    target, identities = FolderTarget(base / "disk", "disco"), read_identities(base / "var/identity")
    restore_instance(target, base / "new", identities, now=datetime.now(UTC), who="ana")


@pytest.mark.parametrize("stride", STRIDES)
@partial(run, seconds=1200)
async def test_a_backup_killed_at_its_steps_goes_on(tmp_path: Path, stride: int) -> None:
    (tmp_path / "base").mkdir()
    office = await Office(tmp_path / "base").filled_and_closed()
    wanted = office.heard()
    office.store.close()
    step, died = 1, True
    while died:
        base = tmp_path / "now"
        shutil.copytree(tmp_path / "base", base)
        died = killed_at(step, lambda base=base: worker.run(job(base)))  # type: ignore[misc]
        told = worker.run(job(base))
        assert told.state.whole and told.state.items == 3, (step, told)
        folder = job(base).folder
        assert not (folder / "making").exists() and not (folder / "work").exists()
        restoring(base)
        assert heard(base / "new/var", read_identities(base / "var/identity")) == wanted
        shutil.rmtree(base)
        step += stride
    assert step > 5 * stride


@pytest.mark.parametrize("stride", STRIDES)
@partial(run, seconds=1200)
async def test_a_restore_killed_at_its_steps_goes_on(tmp_path: Path, stride: int) -> None:
    (tmp_path / "base").mkdir()
    office = await Office(tmp_path / "base").filled_and_closed()
    wanted = office.heard()
    office.store.close()
    assert worker.run(job(tmp_path / "base")).state.whole
    step, died = 1, True
    while died:
        base = tmp_path / "now"
        shutil.copytree(tmp_path / "base", base)
        died = killed_at(step, lambda base=base: restoring(base))  # type: ignore[misc]
        if died:
            try:
                restoring(base)
            except CannotRestore as said:
                # It had made everything and was only moving it, or had just ended.
                assert "in its place now" in str(said) or "not empty" in str(said)
        assert sorted(path.name for path in (base / "new").iterdir()) == ["config", "flows", "var"], step
        assert heard(base / "new/var", read_identities(base / "var/identity")) == wanted
        shutil.rmtree(base)
        step += stride
    assert step > 5 * stride
