"""`ivr agents`: what each agent does; logging in and out, pausing."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, duration, show
from ivr.commands._watch import EVERY, watch
from ivr.control.client import NoServer, ask
from ivr.settings.environment import Environment


@click.group(name="agents", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, for programs")
@click.option("--watch", "watching", is_flag=True, help="again and again, until Ctrl-C")
@click.option("--every", default=EVERY, show_default=True, type=click.FloatRange(0.2, 3600), help="seconds of --watch")
@click.pass_context
def command(context: click.Context, as_json: bool, watching: bool, every: float) -> None:
    """Each agent's state, since when, and why; or change one's: ivr agents pause 101 Almuerzo.

    Without a running server: how it was last; "?" marks phones' states that may be stale.
    """
    if context.invoked_subcommand is not None:
        return
    environment = Environment.from_environ(os.environ)
    if watching:
        watch(lambda: agents_table(agent_rows(environment)), every)
        return
    rows = agent_rows(environment)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    show(agents_table(rows))


@command.command()
@click.argument("agent", metavar="EXTENSION")
def login(agent: str) -> None:
    """The agent serves from now on."""
    _tell(agent, "login")


@command.command()
@click.argument("agent", metavar="EXTENSION")
def logout(agent: str) -> None:
    """The agent serves no more; a talk goes on to its end."""
    _tell(agent, "logout")


@command.command()
@click.argument("agent", metavar="EXTENSION")
@click.argument("reason", nargs=-1)
def pause(agent: str, reason: tuple[str, ...]) -> None:
    """No callers until `ready`. REASON: one of `pause reasons` in queues.yaml, by its number or its words."""
    _tell(agent, "pause", {"reason": " ".join(reason)})


@command.command()
@click.argument("agent", metavar="EXTENSION")
def ready(agent: str) -> None:
    """Callers again: ends a pause, the wrap-up and a rest."""
    _tell(agent, "ready")


def agent_rows(environment: Environment) -> list[dict[str, Any]]:
    """Every agent as the running server knows them (`ivr.agents.present.AgentRow`); without one, as it last did.
    Raises ClickException."""
    try:
        return list(ask(environment, "GET", "/agents")["agents"])
    except NoServer:
        if environment.server:
            raise  # what lies here is not of that server
        return _last_known(environment)


def agents_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The rows for people."""
    table = Table("agent", "name", "state", "since", "reason", "until", "queue", "call", "calls", "talked")
    for row in rows:
        table.add_row(
            cell(row["agent"]),
            cell(row["label"]),
            cell(row["state"] if row["fresh"] else f"{row['state']} ?"),
            _time(row["since"]),
            cell(row["reason"]),
            _time(row["until"]),
            cell(row["queue"]),
            cell(row["call"]),
            cell(row["calls"]),
            duration(row["talk_seconds"] * 1_000_000),
        )
    return table


def _tell(agent: str, deed: str, values: Mapping[str, str] | None = None) -> None:
    environment = Environment.from_environ(os.environ)
    row = ask(environment, "POST", f"/agents/{quote(agent, safe='')}/{deed}", values or {})
    click.echo(sentence(row))


def sentence(row: Mapping[str, Any]) -> str:
    """How an agent is after a change."""
    said = f"{row['agent']}: {row['state']}"
    if row["reason"]:
        said += f" ({row['reason']})" if row["state"] == "paused" else f"; a pause follows ({row['reason']})"
    elif not row["logged_in"] and row["state"] != "logged out":
        said += "; logged out afterwards"
    return said


def _time(text: str) -> str:
    return clock_time(datetime.fromisoformat(text)) if text else ""


def _last_known(environment: Environment) -> list[dict[str, Any]]:
    """Heavier than asking: only here is the engine imported."""
    from dataclasses import asdict

    from acd.codec import UnknownEvent
    from acd.journal import JournalUnavailable, open_journal
    from ivr.agents.last_known import last_known
    from ivr.clock import LoopClock

    file = Path(environment.journal.removeprefix("sqlite:///"))
    if environment.journal.startswith("sqlite:///") and not file.is_file():
        raise click.ClickException(f"there is no journal at {file} yet: start the server with `make run`")

    async def read() -> list[dict[str, Any]]:
        journal = await open_journal(environment.journal, LoopClock(), writing=False)
        try:
            return [asdict(row) for row in await last_known(journal)]
        finally:
            await journal.close()

    try:
        return asyncio.run(read())
    except (JournalUnavailable, UnknownEvent, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
