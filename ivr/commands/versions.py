"""`ivr versions`: which versions of the site were in force, since when, by whom and why."""

import json
import os
from datetime import datetime
from typing import Any

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, show
from ivr.control.client import NoServer, ask
from ivr.settings.environment import Environment


@click.command(name="versions")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(0, 300),
    help="How many; each once, with its latest activation.",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, with the whole history, for programs")
def command(limit: int, as_json: bool) -> None:
    """List the kept versions, the latest first. Works without a running server too."""
    standing = _standing(Environment.from_environ(os.environ), limit)
    kept = standing["kept"]
    if as_json:
        for one in kept:
            state = _state(one["version"], standing)
            row = {"version": one["version"], "state": state, "activations": one["activations"]}
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not kept:
        raise click.ClickException("no version was in force yet; the first start makes one: ivr run")
    table = Table("version", "state", "since", "how", "by", "why", "calls")
    for one in kept:
        latest = one["activations"][-1] if one["activations"] else {}
        table.add_row(
            cell(one["edition"]),
            _state(one["version"], standing),
            clock_time(datetime.fromisoformat(latest["at"])) if latest else "",
            cell(latest.get("how", "")),
            cell(latest.get("who", "")),
            cell(latest.get("why", "")),
            str(standing["calls"].get(one["version"], "")),
        )
    show(table)
    _remarks(standing)


def _standing(environment: Environment, limit: int) -> dict[str, Any]:
    """What the running server says; what stands on disk when none runs."""
    try:
        return ask(environment, "GET", f"/versions?limit={limit}")
    except NoServer:
        if environment.server:
            raise  # what lies here is not of that server
        return _on_disk(environment, limit)


def _on_disk(environment: Environment, limit: int) -> dict[str, Any]:
    from ivr.versions.copies import Copies
    from ivr.versions.standing import Standing

    folder = environment.var / "versions"
    standing = Standing.load(folder)
    kept = [
        {"version": one.version, "edition": one.edition, "activations": [a.as_json() for a in one.activations]}
        for one in Copies(folder).all()[:limit]
    ]
    tried = standing.canary.version if standing.canary is not None else None
    return {
        "active": standing.active,
        "tried": tried,
        "held": standing.held,
        "problems": [],
        "calls": {},
        "kept": kept,
    }


def _state(version: str, standing: dict[str, Any]) -> str:
    if standing["active"] and version.startswith(standing["active"]):
        return "in force"
    return "tried" if version == standing["tried"] else ""


def _remarks(standing: dict[str, Any]) -> None:
    if standing["problems"]:
        click.echo("The site's files have errors and are not in force; see: ivr check")
    if standing["held"]:
        click.echo("Changes of the files are held back; they come into force by: ivr reload")
