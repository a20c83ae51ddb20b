"""Backs up to one target, forgets there, or proves it, in a process of its own (ivr.apart): compressing, encrypting and
hours of sending hold up nobody who talks. The command `ivr backup` does the same in its own process.
"""

import random
import secrets
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.apart import NotAnswered, answered, answers
from ivr.backup import state as states
from ivr.backup import targets
from ivr.backup.instance import Instance
from ivr.backup.source import InstanceSource
from ivr.backup.state import Proved, TargetState
from ivr.clock import LoopClock
from ivr.site.recordings import BackupTarget, FolderPlace
from recordings.backup.engine import AlreadyRunning, Backup
from recordings.backup.gate import only_one
from recordings.backup.manifest import SNAPSHOTS
from recordings.backup.outcome import Outcome
from recordings.backup.prove import Proof, prove
from recordings.backup.targets import Target, TargetError

MODULE = "ivr.backup.worker"
LONGEST_SECONDS = 14 * 86_400.0
"""The first backup of a large vault over a slow line takes days; what ends it here goes on next time."""
FIRST = 10
"""Names that the ledger is told one by one."""


class Busy(Exception):
    """Another process does it already."""


@dataclass(frozen=True, slots=True)
class Job:
    """A target and what it is for."""

    target: BackupTarget
    instance: Instance

    @property
    def folder(self) -> Path:
        """What we know of the target."""
        return self.instance.state_of(self.target.name)

    def settle(self) -> list[str]:
        """Note where it lies, before anything is sent; the places where it lay before. Raises OSError."""
        return states.settle_at(self.folder, targets.place_of(self.target))

    def open(self) -> Target:
        """Its storage; close it."""
        return targets.target_of(self.target, self.instance.paths.secrets)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it: the state that is kept, and facts for the ledger."""

    state: TargetState
    facts: Mapping[str, Any]


# ---------------------------------------------------------------------- in this process
def run(job: Job) -> Told:
    """One backup. Blocks for long. Raises Busy, and OSError of our own folder; everything else is told."""
    now = LoopClock().now
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(job.folder / "making.lock") as alone:
        if not alone:
            raise Busy(f"a backup to {job.target.name} runs already")
        before = states.load(job.folder, job.target.name)
        began = now()
        try:
            job.settle()
            told = _run(job, before)
        except AlreadyRunning as error:
            raise Busy(str(error)) from None
        except (OSError, sqlite3.Error, SQLAlchemyError) as error:
            why = _line(error)
            failed = replace(before, began=began, ended=now(), whole=False, sent=0, sent_bytes=0, problems=1, why=why)
            told = Told(failed, {"why": why})
        # A proof may have ended meanwhile.
        proved = states.load(job.folder, job.target.name).proof
        place = job.target.place
        folder = place.path if isinstance(place, FolderPlace) else ""
        told = replace(told, state=replace(told.state, proof=proved, folder=folder))
        states.save(job.folder, told.state)
        return told


def forget(job: Job, files: Collection[str]) -> list[str]:
    """Remove these files of the vault from the target, and make sure; the objects that were there. Their keys have to
    be destroyed before. Raises Busy, TargetError, OSError, sqlite3.Error."""
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(job.folder / "forgetting.lock") as alone:
        if not alone:
            raise Busy(f"{job.target.name} forgets something already")
        gone = _forget(job, files)
    if before := job.settle():
        raise TargetError(job.target.name, f"it lay at {before[0]} before, where nothing was forgotten",
                          "name that place as a target of its own, or, when its storage is destroyed, take its line "
                          f"out of {job.folder / states.PLACES}")  # fmt: skip
    return gone


def _forget(job: Job, files: Collection[str]) -> list[str]:
    with _own(job.folder / "forgetting") as work, closing(job.open()) as target:
        lying = _lying(target, states.load(job.folder, job.target.name))
        source = InstanceSource(job.instance, work, {name: pair[0] for name, pair in lying.items()})
        with closing(_engine(job, target, source)) as engine:
            return list(engine.forget(files).objects)


def proof(job: Job, recordings: int) -> Told:
    """Fetch so many by lot, compare. Raises as `run`."""
    now = LoopClock().now
    job.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_one(job.folder / "proving.lock") as alone:
        if not alone:
            raise Busy(f"a proof of {job.target.name} runs already")
        for left in job.folder.glob("proof-*"):
            shutil.rmtree(left, ignore_errors=True)
        seed = secrets.randbits(48)
        try:
            with closing(job.open()) as target:
                done = prove(target, seed=seed, sample=recordings, folder=job.folder)
        except (OSError, TargetError) as error:
            why = _line(error)
            proved, facts = Proved(at=now(), sound=False, drawn=0, proved=0, why=why), {"why": why}
        else:
            proved = Proved(at=now(), sound=done.sound, drawn=done.drawn, proved=done.proved, why=_why_unsound(done))
            facts = _short(done.facts())
        state = replace(states.load(job.folder, job.target.name), proof=proved)
        states.save(job.folder, state)
        return Told(state, facts)


def _run(job: Job, before: TargetState) -> Told:
    with _own(job.folder / "making") as work, closing(job.open()) as target:
        lying = _lying(target, before)
        source = InstanceSource(job.instance, work, {name: pair[0] for name, pair in lying.items()})
        with closing(_engine(job, target, source)) as engine:
            outcome = engine.run()
    return Told(_after(before, outcome, source, lying), _facts(outcome, source))


@contextmanager
def _own(folder: Path) -> Iterator[Path]:
    """A folder for what is made, in clear; what a killed run left in it goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _engine(job: Job, target: Target, source: InstanceSource) -> Backup:
    return Backup(target, source, job.folder, now=LoopClock().now, randomness=random.Random())


def _lying(target: Target, before: TargetState) -> dict[str, tuple[str, str]]:
    """What we left at the target and is there still; a target that does not answer says so in the run."""
    try:
        listed = {entry.name for entry in target.list(SNAPSHOTS)}
    except TargetError:
        return dict(before.lying)
    return {name: pair for name, pair in before.lying.items() if pair[1] in listed}


def _after(
    before: TargetState, outcome: Outcome, source: InstanceSource, lying: Mapping[str, tuple[str, str]]
) -> TargetState:
    new = {
        kept.snapshot.name: (source.fingerprints[kept.snapshot.name], kept.object)
        for kept in outcome.snapshots
        if kept.snapshot.name in source.fingerprints
    }
    return TargetState(
        target=outcome.target,
        began=outcome.began,
        ended=outcome.ended,
        success=outcome.ended if outcome.whole else before.success,
        whole=outcome.whole,
        items=outcome.items,
        bytes=outcome.bytes,
        sent=outcome.sent,
        sent_bytes=outcome.sent_bytes,
        lost=outcome.lost.count,
        problems=outcome.problems_count + (outcome.stopped is not None),
        why=_why(outcome),
        left_out=source.left_out,
        lying={**lying, **new},
        proof=before.proof,
    )


def _why(outcome: Outcome) -> str:
    if outcome.stopped is not None:
        return str(outcome.stopped)
    if outcome.problems:
        return f"{outcome.problems[0].name}: {outcome.problems[0].what}"
    if outcome.lost.count:
        return f"{outcome.lost.count} recordings are damaged or missing there, and we have them no more"
    return ""


def _why_unsound(done: Proof) -> str:
    if done.stopped is not None:
        return str(done.stopped)
    if done.manifest is None:
        return "there is no manifest that can be read"
    wrong = [*done.missing, *done.altered, *done.refused]
    return f"{len(wrong)} of {done.drawn} are missing or altered, the first: {wrong[0]}" if wrong else ""


def _facts(outcome: Outcome, source: InstanceSource) -> dict[str, Any]:
    return {
        "items": outcome.items,
        "bytes": outcome.bytes,
        "sent": outcome.sent,
        "sent_bytes": outcome.sent_bytes,
        "read_back": outcome.read_back,
        "damaged": list(outcome.damaged.first[:FIRST]),
        "lost": outcome.lost.count,
        "snapshots": [kept.snapshot.name for kept in outcome.snapshots],
        "left_out": list(source.left_out),
        "problems": [f"{one.name}: {one.what}"[:300] for one in outcome.problems[:FIRST]],
        "manifest": outcome.manifest or "",
    }


def _short(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[:FIRST] if isinstance(value, list) else value for name, value in facts.items()}


def _line(error: Exception) -> str:
    return logs.first_line(error)[:500]


# ---------------------------------------------------------------------- in one of its own
def run_apart(job: Job) -> Told:
    """As `run`. Raises Busy, NotAnswered."""
    return _told(answered(MODULE, {**_as_json(job), "do": "run"}, LONGEST_SECONDS))


def proof_apart(job: Job, recordings: int) -> Told:
    """As `proof`. Raises Busy, NotAnswered."""
    return _told(answered(MODULE, {**_as_json(job), "do": "prove", "recordings": recordings}, LONGEST_SECONDS))


def forget_apart(job: Job, files: Collection[str], seconds: float) -> str:
    """As `forget`: empty when they are gone for sure, else why they are not. Raises NotAnswered."""
    said = answered(MODULE, {**_as_json(job), "do": "forget", "files": list(files)}, seconds)
    return str(said["why"])


def _as_json(job: Job) -> dict[str, Any]:
    return {"target": targets.as_json(job.target), "instance": job.instance.as_json()}


def _told(said: Mapping[str, Any]) -> Told:
    if "busy" in said:
        raise Busy(said["busy"])
    if "trouble" in said:
        raise NotAnswered(said["trouble"])
    return Told(states.of_json(said["state"]), said["facts"])


def _work(asked: Mapping[str, Any]) -> dict[str, Any]:
    job = Job(targets.of_json(asked["target"]), Instance.of_json(asked["instance"]))
    if asked["do"] == "forget":
        try:
            forget(job, asked["files"])
        except (Busy, TargetError, OSError, sqlite3.Error, SQLAlchemyError, ValueError) as error:
            return {"why": _line(error)}
        return {"why": ""}
    try:
        told = run(job) if asked["do"] == "run" else proof(job, asked["recordings"])
    except Busy as error:
        return {"busy": str(error)}
    except OSError as error:  # a folder of ours that cannot be used: nothing can be kept of it either
        return {"trouble": _line(error)}
    return {"state": told.state.as_json(), "facts": dict(told.facts)}


if __name__ == "__main__":
    answers(_work)
