"""`ivr backup`: copies of everything, now; whether they are there, and right."""

import json
import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, show
from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.backup.state import TargetState
    from ivr.backup.worker import Job
    from ivr.site.recordings import BackupSettings


@click.group(name="backup")
def command() -> None:
    """Copies of recordings, databases, configuration and prompts, as config/recordings.yaml says.

    The server makes them by itself; these commands work beside it, and without it.
    """


@command.command()
@click.argument("target")
def prepare(target: str) -> None:
    """Set TARGET up, once: without its mark a folder counts as a disk that is not mounted."""
    from recordings.backup.targets import TargetError

    [job] = _jobs([target])
    with closing(job.open()) as opened:
        try:
            opened.prepare()
            opened.check()
        except TargetError as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"{target} can take backups")


@command.command()
@click.argument("targets", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def run(targets: Sequence[str], as_json: bool) -> None:
    """Back up to TARGETS now, or to all. Exit status 1: something is not backed up."""
    from ivr.backup import worker

    whole = True
    for job in _jobs(targets):
        with _told():
            told = worker.run(job)
        _note(job, "done" if told.state.whole else "failed", told.state.why, told.facts)
        whole = whole and told.state.whole
        if as_json:
            click.echo(json.dumps({**told.state.as_json(), **told.facts}, ensure_ascii=False))
            continue
        state = told.state
        if state.whole:
            click.echo(
                f"{state.target}: {state.items} recordings, {_size(state.bytes)}; {state.sent} of them new; "
                f"{', '.join(told.facts['snapshots'])}"
            )
        else:
            more = f" (and {state.problems - 1} more)" if state.problems > 1 else ""
            click.echo(f"{state.target}: not whole: {state.why}{more}")
        for left in state.left_out:
            click.echo(f"{state.target}: left out: {left}")
    if not whole:
        raise click.exceptions.Exit(1)


@command.command()
@click.argument("targets", nargs=-1)
@click.option("--recordings", type=click.IntRange(1, 100_000), help="how many; left out: as recordings.yaml says")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def prove(targets: Sequence[str], recordings: int | None, as_json: bool) -> None:
    """Fetch recordings by lot and every snapshot back from TARGETS, or all, and compare. Exit status 1: not right."""
    from ivr.backup import worker

    sound = True
    for job in _jobs(targets):
        with _told():
            told = worker.proof(job, recordings or _settings().proof.recordings)
        done = told.state.proof
        assert done is not None
        _note(job, "proved", done.why, told.facts)
        sound = sound and done.sound
        if as_json:
            click.echo(json.dumps({**told.facts, "sound": done.sound}, ensure_ascii=False))
        elif done.sound:
            click.echo(f"{job.target.name}: {done.proved} of {done.drawn} came back right")
        else:
            click.echo(f"{job.target.name}: {done.proved} of {done.drawn} came back right: {done.why}")
    if not sound:
        raise click.exceptions.Exit(1)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
def _list(as_json: bool) -> None:
    """What lies at each target, and how the latest backup and proof went."""
    from ivr.backup import state as states

    found = [states.load(job.folder, job.target.name) for job in _jobs([])]
    if as_json:
        for one in found:
            click.echo(json.dumps(one.as_json(), ensure_ascii=False))
        return
    table = Table("target", "recordings", "size", "last whole backup", "latest", "proof")
    for state in found:
        values = (state.target, state.items, _size(state.bytes), _when(state.success), _latest(state), _proof(state))
        table.add_row(*[cell(str(value)) for value in values])
    show(table)
    for state in found:
        for left in state.left_out:
            click.echo(f"{state.target}: left out: {left}")


def _jobs(names: Sequence[str]) -> "list[Job]":
    """Of these targets, or of all."""
    from ivr.backup.instance import Instance
    from ivr.backup.targets import NoTarget, named
    from ivr.backup.worker import Job

    settings, instance = _settings(), Instance.of(Environment.from_environ(os.environ))
    try:
        wanted = [named(settings, name) for name in names] if names else list(settings.targets)
    except NoTarget as error:
        raise click.ClickException(str(error)) from None
    return [Job(target, instance) for target in wanted]


def _settings() -> "BackupSettings":
    from ivr.language import load_site

    environment = Environment.from_environ(os.environ)
    checked = load_site(environment.config, environment.flows, in_force=True)
    if checked.site is None:
        raise click.ClickException("the site's files have errors; see: ivr check")
    if checked.site.recordings.backup is None:
        raise click.ClickException("config/recordings.yaml names no target: write `backup` into it")
    return checked.site.recordings.backup


@contextmanager
def _told() -> Iterator[None]:
    from ivr.backup.worker import Busy

    try:
        yield
    except (Busy, OSError) as error:
        raise click.ClickException(str(error)) from None


def _note(job: "Job", what: str, why: str, facts: Mapping[str, Any]) -> None:
    """Into the ledger, with who did it; where that cannot be written the backup has been made all the same."""
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.audit.chain import Entry
    from ivr.audit.store import AuditStore
    from ivr.clock import LoopClock
    from ivr.records.store import RecordStore, RecordsUnavailable

    try:
        store = RecordStore.read_only(job.instance.records)
    except RecordsUnavailable:
        return
    audit = AuditStore.open(job.instance.records, store.engine)
    entry = Entry(
        at=LoopClock().now(),
        action=f"backup.{what}",
        who=pwd.getpwuid(os.geteuid()).pw_name,
        object=job.target.name,
        result="failed" if why else "done",
        why=why,
        detail=facts,
    )
    try:
        audit.append([entry])
    except SQLAlchemyError as error:
        click.echo(f"it could not be written into the audit: {str(error).splitlines()[0]}", err=True)
    finally:
        audit.close()
        store.close()


def _latest(state: "TargetState") -> str:
    if state.ended is None:
        return "never"
    return f"{_when(state.ended)}: {'whole' if state.whole else state.why}"


def _proof(state: "TargetState") -> str:
    if state.proof is None:
        return "never"
    return f"{_when(state.proof.at)}: {state.proof.proved} of {state.proof.drawn} right"


def _when(moment: datetime | None) -> str:
    return clock_time(moment) if moment is not None else "never"


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
