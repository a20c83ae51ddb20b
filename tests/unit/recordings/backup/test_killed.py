"""The process is killed at every step: each file that it opens, makes, renames, removes, each statement of its state.

A child process counts what Python's audit events and SQLite tell and ends by `os._exit` at one of them; the parent
looks at what is left and goes on.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recordings.backup.engine import Backup
from recordings.backup.folder import FolderTarget
from recordings.backup.restore import restore
from tests.unit.recordings.backup.stock import QUICK, Stock, Through, backup, sha256

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir", "fcntl.flock", "shutil.rmtree"}
KILLED = 9


def killed_at(step: int, make: Callable[[], Backup], act: Callable[[Backup], object]) -> bool:
    """Do it in a child that dies at this step. False: it came to its end before."""
    child = os.fork()
    if child == 0:
        left = step
        try:
            engine = make()

            def one(*_: object) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    os._exit(KILLED)

            engine._state._base.set_trace_callback(one)
            sys.addaudithook(lambda event, _: one() if event in STEPS else None)
            act(engine)
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(3)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED)
    return code == KILLED


def right_audio(disk: Path) -> set[str]:
    """Audio that lies at the target whole."""
    files = (file for file in disk.glob("audio/**/*") if file.is_file())
    return {str(file.relative_to(disk)) for file in files if sha256(file.read_bytes()) == file.name[-64:]}


class Scene:
    """A vault, a disk with an older backup, and its state: made once, copied for each death."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.vault, self.disk, self.state = base / "vault", base / "disk", base / "state"

    def prepare(self) -> None:
        self.vault.mkdir(parents=True)
        FolderTarget(self.disk).prepare()
        stock = self.stock()
        stock.fill(2)
        engine = backup(FolderTarget(self.disk), stock, self.state)
        assert engine.run().whole
        engine.close()
        self.later(stock)

    @staticmethod
    def later(stock: Stock) -> None:
        stock.add("2026/11/24/new.opus", b"new" * 1000)
        stock.add("2026/11/24/newer.opus", b"newer" * 1000)
        stock.data.update(records=b"more rows", keys=b"more keys")

    def stock(self) -> Stock:
        return Stock(self.vault)

    def copy(self, to: Path) -> "tuple[Scene, Stock]":
        shutil.copytree(self.base, to)
        scene = Scene(to)
        stock = scene.stock().fill(2)
        self.later(stock)
        return scene, stock


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = Scene(tmp_path_factory.mktemp("killed") / "scene")
    made.prepare()
    return made


STRIDES = [6, pytest.param(1, marks=pytest.mark.soak)]
"""Every sixth step, and in the long proofs each one."""


def every_step(
    scene: Scene,
    folder: Path,
    stride: int,
    act: Callable[[Backup, Stock], object],
    look: Callable[[Scene, Stock], None],
) -> int:
    step = 1
    while True:
        copy, stock = scene.copy(folder / "now")
        target = FolderTarget(copy.disk)
        died = killed_at(step, lambda t=target, s=stock, c=copy: backup(t, s, c.state), lambda e, s=stock: act(e, s))  # type: ignore[misc]
        look(copy, stock)
        shutil.rmtree(folder / "now")
        if not died:
            return step - 1  # the last one that was reached
        step += stride


@pytest.mark.parametrize("stride", STRIDES)
def test_a_backup_killed_at_any_step_goes_on(scene: Scene, tmp_path: Path, stride: int) -> None:
    def look(copy: Scene, stock: Stock) -> None:
        there = right_audio(copy.disk)
        through = Through(FolderTarget(copy.disk))
        engine = backup(through, stock, copy.state)
        outcome = engine.run()
        engine.close()
        assert outcome.whole and outcome.items == 4, outcome
        assert not there & set(through.puts), "sent twice"
        assert right_audio(copy.disk) == {stock.object(name) for name in stock.files}
        assert [file.read_bytes() for file in (copy.disk / "snapshots/keys").iterdir()] == [b"more keys"]
        assert not list((copy.disk / ".parts").iterdir()) and not (copy.state / "work").exists()

    steps = every_step(scene, tmp_path, stride, lambda engine, stock: engine.run(), look)
    assert steps > 90


@pytest.mark.parametrize("stride", STRIDES)
def test_a_deletion_killed_at_any_step_is_made_good(scene: Scene, tmp_path: Path, stride: int) -> None:
    name = "2026/11/23/0001.opus"

    def look(copy: Scene, stock: Stock) -> None:
        stock.remove(name)
        engine = backup(FolderTarget(copy.disk), stock, copy.state)
        engine.forget([name])
        assert not [one for one in right_audio(copy.disk) if name in one]
        assert [file.read_bytes() for file in (copy.disk / "snapshots/keys").iterdir()] == [b"more keys"]
        assert engine.run().whole
        engine.close()

    assert every_step(scene, tmp_path, stride, lambda engine, stock: engine.forget([name]), look) > 40


@pytest.mark.parametrize("stride", STRIDES)
def test_a_restore_killed_at_any_step_goes_on(scene: Scene, tmp_path: Path, stride: int) -> None:
    step, into = 1, tmp_path / "back"
    while True:
        child = os.fork()
        if child == 0:
            left = step

            def hook(event: str, _: object) -> None:
                nonlocal left
                left -= event in STEPS
                if left == 0:
                    os._exit(KILLED)

            sys.addaudithook(hook)
            restore(FolderTarget(scene.disk), into, limits=QUICK)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            break
        back = restore(FolderTarget(scene.disk), into, limits=QUICK)
        assert back.whole and back.restored == 4, back
        assert sorted(file.name for file in (into / "audio/2026/11/23").iterdir()) == ["0000.opus", "0001.opus"]
        assert not (into / ".restoring").exists()
        shutil.rmtree(into)
        step += stride
    assert step > 20
