"""`ivr callers`: everything that is kept of a caller, and its erasure (Ley 1581 of 2012)."""

import json
import os
from typing import Any

import click

from ivr.control.client import ask
from ivr.settings.environment import Environment

PATIENCE_SECONDS = 4000.0
"""Every file of the installation is looked through."""

_LANGUAGE = click.option(
    "--language", type=click.Choice(["es", "en"]), default="es", show_default=True, help="of the report"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")


@click.group(name="callers")
def command() -> None:
    """Find and erase what is kept of a caller. The running server is asked; every question is noted in the audit."""


@command.command()
@click.argument("number")
@_LANGUAGE
@_JSON
def find(number: str, language: str, as_json: bool) -> None:
    """Tell what is kept of NUMBER, place by place: the answer to a caller who asks for it."""
    _print(_ask("/callers/search", {"number": number, "language": language}), as_json)


@command.command()
@click.argument("number")
@click.option("--yes", is_flag=True, help="do not ask before")
@_LANGUAGE
@_JSON
def erase(number: str, yes: bool, language: str, as_json: bool) -> None:
    """Erase for ever what is kept of NUMBER: number, name, messages, recordings, and the number in every file.

    The calls stay, without number, for the figures. The report tells what stays and why. Exit status 1: not complete.
    """
    if not yes:
        found = _ask("/callers/search", {"number": number, "language": language})
        click.echo(found["text"], err=as_json)
        click.confirm("Erase this for ever?", abort=True, err=as_json)
    report = _ask("/callers/erase", {"number": number, "language": language, "sure": True})
    _print(report, as_json)
    if not report["complete"]:
        raise click.exceptions.Exit(1)


@command.command()
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(1, 3600), help="how long it may take")
def tidy(seconds: int) -> None:
    """Write the records' database anew at a quiet hour, when a report asks for it.

    Its free parts hold nothing of who was erased any more. Calls go on; what is changed meanwhile waits for the end.
    Twice the database's size has to be free on the disk.
    """
    done = _ask("/callers/tidy", {"seconds": seconds})
    before, after = done["before"] / 1e6, done["after"] / 1e6
    click.echo(f"the records were written anew in {done['seconds']} s: {after:.1f} MB, {before:.1f} MB before")


def _ask(path: str, values: dict[str, Any]) -> dict[str, Any]:
    return ask(Environment.from_environ(os.environ), "POST", path, values, seconds=PATIENCE_SECONDS)


def _print(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({k: v for k, v in report.items() if k != "text"}, ensure_ascii=False))
    else:
        click.echo(report["text"], nl=False)
