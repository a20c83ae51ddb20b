"""`ivr versions`: which versions of the site were in force, since when, by whom and why."""

import json
import os
from typing import Any

import click
from rich.table import Table

from ivr.commands._views import cell, clock_time, show
from ivr.control.client import NoServer, ask
from ivr.settings.environment import Environment


@click.command(name="versions")
@click.option("--limit", default=20, show_default=True, help="How many; each once, with its latest activation.")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, with the whole history, for programs")
def command(limit: int, as_json: bool) -> None:
    """List the kept versions, the latest first. Works without a running server too."""
    from ivr.versions.copies import Copies

    environment = Environment.from_environ(os.environ)
    kept = Copies(environment.var / "versions").all()[:limit]
    standing = _standing(environment)
    if as_json:
        for one in kept:
            history = [activation.as_json() for activation in one.activations]
            row = {"version": one.version, "state": _state(one.version, standing), "activations": history}
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    if not kept:
        raise click.ClickException("no version was in force yet; the first start makes one: ivr run")
    table = Table("version", "state", "since", "how", "by", "why", "calls")
    for one in kept:
        latest = one.activations[-1] if one.activations else None
        table.add_row(
            one.edition,
            _state(one.version, standing),
            clock_time(latest.at) if latest else "",
            latest.how if latest else "",
            cell(latest.who if latest else ""),
            cell(latest.why if latest else ""),
            str(standing["calls"].get(one.version, "")),
        )
    show(table)
    _remarks(standing)


def _standing(environment: Environment) -> dict[str, Any]:
    """What the running server says; what stands on disk when none runs."""
    from ivr.versions.standing import Standing

    try:
        return ask(environment, "GET", "/versions")
    except NoServer:
        standing = Standing.load(environment.var / "versions")
        tried = standing.canary.version if standing.canary is not None else None
        return {"active": standing.active, "tried": tried, "held": standing.held, "problems": [], "calls": {}}


def _state(version: str, standing: dict[str, Any]) -> str:
    if standing["active"] and version.startswith(standing["active"]):
        return "in force"
    return "tried" if version == standing["tried"] else ""


def _remarks(standing: dict[str, Any]) -> None:
    if standing["problems"]:
        click.echo("The site's files have errors and are not in force; see: ivr check")
    if standing["held"]:
        click.echo("Changes of the files are held back; they come into force by: ivr reload")
