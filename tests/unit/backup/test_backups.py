"""When copies are made: each target for itself, again after a failure, over a restart; and what is written of it."""

import asyncio
import shutil
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from ivr.apart import NotAnswered
from ivr.backup import state as states
from ivr.backup.backup import Backups
from ivr.backup.figures import BackupFigures
from ivr.backup.instance import Instance
from ivr.backup.state import Proved, TargetState
from ivr.backup.worker import Busy, Job, Told
from ivr.site.recordings import BackupSettings, BackupTarget, FolderPlace, Proof
from ivr.testing.clock import ManualClock
from tests.tools import run

HOUR, DAY = 3_600.0, 86_400.0


class Works:
    """A `Work` that does nothing, or fails as it is told."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.done: list[tuple[str, str]] = []
        self.trouble: dict[str, Exception] = {}
        self.why = ""
        self.unsound = ""

    def run_apart(self, job: Job) -> Told:
        self._do("run", job)
        now, before = self.clock.now(), states.load(job.folder, job.target.name)
        state = replace(before, began=now, ended=now, whole=not self.why, why=self.why, problems=bool(self.why),
                        success=before.success if self.why else now, items=3, bytes=900)  # fmt: skip
        states.save(job.folder, state)
        return Told(state, {"items": 3})

    def proof_apart(self, job: Job, recordings: int) -> Told:
        self._do("prove", job)
        proof = Proved(
            at=self.clock.now(), sound=not self.unsound, drawn=recordings, proved=recordings, why=self.unsound
        )
        state = replace(states.load(job.folder, job.target.name), proof=proof)
        states.save(job.folder, state)
        return Told(state, {"drawn": recordings})

    def forget_apart(self, job: Job, files: Collection[str], seconds: float) -> str:
        self._do("forget " + ",".join(files), job)
        return self.why

    def _do(self, what: str, job: Job) -> None:
        self.done.append((what, job.target.name))
        if error := self.trouble.get(job.target.name):
            raise error


class Noted:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []
        self.first = asyncio.Event()

    async def note(self, what: str, target: str, why: str, detail: Mapping[str, Any]) -> None:
        self.lines.append((what, target, why))
        self.first.set()


class Scene:
    def __init__(self, folder: Path, *names: str) -> None:
        self.folder, self.clock, self.noted = folder, ManualClock(), Noted()
        self.works = Works(self.clock)
        targets = tuple(BackupTarget(name=name, place=FolderPlace(path="/b")) for name in names or ("disco",))
        self.settings: BackupSettings | None = BackupSettings(targets=targets, proof=Proof(7, timedelta(days=7)))
        self.backups = self.again()

    def again(self) -> Backups:
        var = self.folder / "var"
        instance = Instance(config=var, flows=var, var=var, records="sqlite:///x", journal="sqlite:///y")
        self.backups = Backups(lambda: self.settings, instance, self.noted, self.clock, self.works)
        return self.backups

    async def looked(self) -> list[tuple[str, str]]:
        """What one look leads to."""
        self.works.done.clear()
        await self.backups.look()
        await self.backups.rest()
        return list(self.works.done)


@run
async def test_a_copy_is_made_every_hour_and_proved_every_week(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    assert await scene.looked() == [("run", "disco"), ("prove", "disco")]
    assert await scene.looked() == []
    scene.clock.advance(HOUR - 1)
    assert await scene.looked() == []
    scene.clock.advance(1)
    assert await scene.looked() == [("run", "disco")]
    scene.clock.advance(7 * DAY)
    assert await scene.looked() == [("run", "disco"), ("prove", "disco")]
    assert scene.noted.lines[:2] == [("done", "disco", ""), ("proved", "disco", "")]
    await scene.backups.close()


@run
async def test_a_restart_begins_nothing_anew(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.looked()
    await scene.backups.close()
    scene.again()
    assert await scene.looked() == []
    assert scene.backups.states()[0].items == 3
    scene.clock.advance(HOUR)
    assert await scene.looked() == [("run", "disco")]
    await scene.backups.close()


@run
async def test_what_failed_is_tried_again_sooner(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.works.why = "the disk is full"
    assert await scene.looked() == [("run", "disco")], "nothing to be proved yet"
    assert scene.noted.lines == [("failed", "disco", "the disk is full")]
    scene.clock.advance(14 * 60)
    assert await scene.looked() == []
    scene.clock.advance(60)
    assert await scene.looked() == [("run", "disco")]
    scene.works.why, scene.works.trouble["disco"] = "", NotAnswered("it has ended in the middle")
    scene.clock.advance(15 * 60)
    assert await scene.looked() == [("run", "disco")]
    assert scene.noted.lines[-1] == ("failed", "disco", "it has ended in the middle")
    assert scene.backups.states()[0].why == "it has ended in the middle"
    assert await scene.looked() == []
    await scene.backups.close()


@run
async def test_who_is_busy_is_left_alone_for_a_while(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.works.trouble["disco"] = Busy("somebody at a terminal")
    assert await scene.looked() == [("run", "disco")]
    assert await scene.looked() == [] and scene.noted.lines == []
    await scene.backups.close()


@run
async def test_a_proof_that_is_not_sound_is_told_and_made_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.works.unsound = "1 of 7 are missing"
    await scene.looked()
    assert scene.noted.lines[-1] == ("proved", "disco", "1 of 7 are missing")
    scene.clock.advance(HOUR)
    assert await scene.looked() == [("run", "disco"), ("prove", "disco")]
    await scene.backups.close()


@run
async def test_a_proof_that_dies_is_told_once_and_made_again_later(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    def dies(job: Job, recordings: int) -> Told:
        scene.works.done.append(("prove", job.target.name))
        raise NotAnswered("it was killed")

    scene.works.proof_apart = dies  # type: ignore[method-assign]
    assert await scene.looked() == [("run", "disco"), ("prove", "disco")]
    for _ in range(10):
        scene.clock.advance(30)
        assert await scene.looked() == []
    assert scene.noted.lines == [("done", "disco", ""), ("proved", "disco", "it was killed")]
    (state,) = scene.backups.states()
    assert state.proof is not None and not state.proof.sound and state.proof.why == "it was killed"
    scene.clock.advance(HOUR)
    assert await scene.looked() == [("run", "disco"), ("prove", "disco")]
    await scene.backups.close()


@run
async def test_a_clock_that_was_set_back_stops_no_backup(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    await scene.looked()
    scene.clock.wall -= timedelta(days=300)
    assert ("run", "disco") in await scene.looked()
    await scene.backups.close()


@run
async def test_one_target_holds_up_no_other(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b")
    scene.works.trouble["a"] = NotAnswered("away")
    done = await scene.looked()
    assert sorted(done) == [("prove", "b"), ("run", "a"), ("run", "b")]
    await scene.backups.close()


@run
async def test_without_targets_nothing_is_done_and_forgetting_is_easy(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.settings = None
    assert await scene.looked() == [] and scene.backups.states() == []
    assert await scene.backups.forget(["2026/11/23/x.cva"]) == ()
    await scene.backups.close()


@run
async def test_retention_is_told_where_it_is_gone_for_sure(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b")
    scene.works.trouble["b"] = NotAnswered("it was ended after 3600 s")
    a, b = await scene.backups.forget(["one", "two"])
    assert (a.name, a.gone, a.verified) == ("backup a", True, scene.clock.now())
    assert (b.name, b.gone, b.how) == ("backup b", False, "it was ended after 3600 s")
    assert ("forget one,two", "a") in scene.works.done
    scene.works.why = "disco: 503; wait"
    assert [place.gone for place in await scene.backups.forget(["one"])] == [False, False]
    await scene.backups.close()


@run
async def test_a_target_that_is_named_no_more_is_not_sure_to_have_forgotten(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "old")
    await scene.looked()
    (tmp_path / "var/backup-state/died").mkdir()
    assert scene.settings is not None
    scene.settings = replace(scene.settings, targets=scene.settings.targets[:1])
    places = await scene.backups.forget(["one"])
    assert [(place.name, place.gone) for place in places] == [
        ("backup a", True),
        ("backup died", False),
        ("backup old", False),
    ]
    assert "name it again" in places[-1].how and "var/backup-state/old" in places[-1].how
    shutil.rmtree(tmp_path / "var/backup-state/died")
    scene.settings = None
    assert [place.name for place in await scene.backups.forget(["one"])] == ["backup a", "backup old"]
    await scene.backups.close()


@run
async def test_the_server_begins_by_itself_and_ends_in_the_middle(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.backups.start()
    await scene.noted.first.wait()
    await scene.backups.close()
    assert scene.noted.lines[0] == ("done", "disco", "")


@run
async def test_figures_tell_every_target(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "a", "b")
    scene.works.trouble["b"] = NotAnswered("away")
    await scene.looked()
    registry = CollectorRegistry()
    registry.register(BackupFigures(scene.backups.states, scene.backups.running))
    moment = scene.clock.now().timestamp()
    wanted: dict[str, tuple[float, float | None]] = {
        "items": (3, 0),
        "bytes": (900, 0),
        "last_success_timestamp_seconds": (moment, 0),
        "problems": (0, 1),
        "lost": (0, 0),
        "running": (0, 0),
        "proof_timestamp_seconds": (moment, 0),
        "proof_sound": (1, None),
    }
    for name, values in wanted.items():
        told = tuple(registry.get_sample_value(f"centralita_backup_{name}", {"target": target}) for target in "ab")
        assert told == values, name
    await scene.backups.close()


def test_a_state_is_kept_and_read_again(tmp_path: Path) -> None:
    now = ManualClock().now()
    state = TargetState(
        target="disco", folder="/b", began=now, ended=now, success=now, whole=True, items=3,
        lying={"secrets": ("f", "o")}, left_out=("the journal",), proof=Proved(at=now, sound=True, drawn=1, proved=1),
    )  # fmt: skip
    states.save(tmp_path / "backup-state/disco", state)
    assert states.load(tmp_path / "backup-state/disco", "disco") == state
    assert states.of_all(tmp_path) == [state] and states.of_all(tmp_path / "none") == []
    assert (tmp_path / "backup-state/disco/result.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"target": 1}', "null"])
def test_a_state_that_cannot_be_read_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    assert states.load(tmp_path, "disco") == TargetState(target="disco")
