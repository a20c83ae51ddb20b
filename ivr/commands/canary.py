"""`ivr canary`: try a version of the site on some callers before all of them meet it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ivr.commands._changes import tell, told_to
from ivr.commands._views import show
from ivr.log import escape

MOST_BYTES = 5_000_000


@click.group(name="canary")
def command() -> None:
    """Try a version on some callers; it is taken back by itself when a bound is passed.

    The way: `ivr canary prepare`, change the files, `ivr canary start --percent 10 --bound abandoned=20`, look with
    `ivr canary status`, then `ivr canary promote` or `ivr canary stop`. Only flows, prompts, hours, lists and look-ups
    may differ from the version in force.
    """


@command.command()
def prepare() -> None:
    """Hold changes of the site's files back until `start` or `ivr reload`."""
    told_to("POST", "/canary/prepare", {})
    click.echo("Change the site's files now; they come into force only by: ivr canary start, or ivr reload")


@command.command()
@click.option("--percent", default=0, type=click.IntRange(0, 100), help="of the callers; the same ones each time")
@click.option("--callers", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="a file of numbers")
@click.option("--numbers", default="", help="numbers with commas between them")
@click.option("--bound", "bounds", multiple=True, help="abandoned=20, failed=5 or no key=30: per cent of ended calls")
@click.option("--least", default=20, show_default=True, help="ended calls before a bound is looked at")
@click.option("--version", default="", help="a kept version instead of the files")
@click.option("--config", type=click.Path(exists=True, file_okay=False, path_type=Path), help="instead of the site's")
@click.option("--flows", type=click.Path(exists=True, file_okay=False, path_type=Path), help="instead of the site's")
@click.option("--why", default="", help="for whoever asks later")
def start(
    percent: int,
    callers: Path | None,
    numbers: str,
    bounds: tuple[str, ...],
    least: int,
    version: str,
    config: Path | None,
    flows: Path | None,
    why: str,
) -> None:
    """Let some callers begin with what stands in the site's files, or elsewhere."""
    listed = [number.strip() for number in numbers.split(",") if number.strip()]
    values = {
        "percent": percent,
        "callers": listed + (_numbers(callers) if callers is not None else []),
        "bounds": list(bounds),
        "least": least,
        "version": version,
        "config": str(config.absolute()) if config is not None else "",
        "flows": str(flows.absolute()) if flows is not None else "",
        "why": why,
    }
    canary = told_to("POST", "/canary/start", values)["canary"]
    click.echo(f"Version {canary['version'][:12]} is tried on {_whom(canary)}.")
    for bound in canary["bounds"]:
        click.echo(f"It is taken back when it passes: {bound} (after {canary['least']} calls)")
    if not canary["bounds"]:
        click.echo("No bound is stated: it is not taken back by itself (--bound abandoned=20)")


def _numbers(file: Path) -> list[str]:
    """The first column of a CSV file, or one number a line; a head and comments are passed over."""
    with file.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise click.UsageError(f"--callers {file}: more than {MOST_BYTES // 1_000_000} MB")
    cells = [line.replace(";", ",").split(",")[0].strip().strip('"') for line in _lines(content)]
    return [cell for cell in cells if any(c.isdigit() for c in cell) and not cell.startswith("#")]


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8-sig", errors="replace").splitlines()


def _whom(canary: Mapping[str, Any]) -> str:
    parts = [f"{canary['percent']} % of the callers"] if canary["percent"] else []
    parts += [f"{canary['callers']} listed callers"] if canary["callers"] else []
    return " and ".join(parts)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def status(as_json: bool) -> None:
    """How the tried version fares beside the one in force."""
    answer = told_to("GET", "/canary")
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    canary = answer["canary"]
    if canary is None:
        click.echo("No version is tried." + (" Changes of the files are held back." if answer["held"] else ""))
        return
    click.echo(
        f"Version {canary['version'][:12]} is tried on {_whom(canary)} since {canary['since'][:16]}, by "
        f"{escape(canary['who'])}."
    )
    for bound in canary["bounds"]:
        click.echo(f"  bound: {bound} (after {canary['least']} calls)")
    table = Table("version", "begun", "ended", "abandoned", "failed", "no key")
    for label, version in (("tried", canary["version"]), ("in force", answer["beside"])):
        score = answer["scores"].get(version, {})
        table.add_row(f"{version[:12]} {label}", *(_share(score, name) for name in _COLUMNS))
    show(table)


_COLUMNS = ("begun", "ended", "abandoned", "failed", "no key")


def _share(score: Mapping[str, Any], name: str) -> str:
    count, ended = int(score.get(name, 0)), int(score.get("ended", 0))
    return f"{count} ({100 * count / ended:.0f} %)" if ended and name in _COLUMNS[2:] else str(count)


@command.command()
@click.option("--why", default="", help="for whoever asks later")
def stop(why: str) -> None:
    """Let no call begin with the tried version any more; who did goes on with it."""
    canary = told_to("POST", "/canary/stop", {"why": why})["canary"]
    click.echo(f"Version {canary['version'][:12]} is tried no more. The files keep their changes, held back.")


@command.command()
@click.option("--why", default="", help="for whoever asks later")
def promote(why: str) -> None:
    """Let all calls begin with the tried version."""
    tell(told_to("POST", "/canary/promote", {"why": why}))
