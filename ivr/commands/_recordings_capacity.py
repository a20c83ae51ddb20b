"""`ivr recordings capacity` and `report`: how long the disk will do, and the monthly report."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from rich.table import Table

from ivr.commands._views import cell, show
from ivr.control.client import ask, fetch
from ivr.settings.environment import Environment

_BEYOND = "more than five years"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON object, for programs")
def capacity(as_json: bool) -> None:
    """Show how full the disks are, days until full, and what each rule of retention will free."""
    told = ask(Environment.from_environ(os.environ), "GET", "/recordings/capacity")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for disk in told["disks"]:
        state = {"ok": "", "low": "; little room", "stop": "; no room: nobody is recorded"}[disk["room"]]
        click.echo(f"{disk['folder']}: {_size(disk['free'])} of {_size(disk['size'])} free "
                   f"({disk['free_percent']:g} %){state}")  # fmt: skip
    click.echo(f"{told['count']} recordings in the vault, {_size(told['stored'])}")
    click.echo(f"days until full: {_until_full(told['until_full'])}")
    if "full soon" in told["alarms"]:
        click.echo("the disk may be full soon: make room, or put in a larger one")
    queues = Table("queue", "a day")
    for queue, stored in told["bytes_a_day"].items():
        queues.add_row(cell(queue or "(none)"), _size(stored))
    if queues.row_count:
        show(queues)
    freed = Table("month", "rule", "frees", "and of what is still to be recorded")
    for one in told["freed"]:
        if one["known"] or one["expected"]:
            freed.add_row(one["month"], cell(one["rule"]), _size(one["known"]), _size(one["expected"]))
    if freed.row_count:
        show(freed)


@click.command()
@click.option("--month", metavar="YYYY-MM", help="a month that has passed; the one that runs, when it is left out")
@click.option("--format", "form", type=click.Choice(["html", "csv"]), default="html", show_default=True)
@click.option("--language", type=click.Choice(["es", "en"]), help="the site's, when it is left out")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def report(month: str | None, form: str, language: str | None, file: Path) -> None:
    """Write the monthly report about the disk into FILE: a page to send and keep, or a table."""
    asked = {"month": month, "format": form, "language": language}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    content = fetch(Environment.from_environ(os.environ), "GET", f"/recordings/report?{query}")
    try:
        file.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


def _until_full(until: dict[str, Any]) -> str:
    if not until["days_known"]:
        return "not known: there is no history yet"
    if until["earliest"] is None:
        return _BEYOND
    days, earliest, latest = (
        _BEYOND if until[name] is None else until[name] for name in ("days", "earliest", "latest")
    )
    return f"{days} (between {earliest} and {latest})"


def _size(stored: float) -> str:
    unit = 0
    while stored >= 999.5 and unit < 5:
        stored, unit = stored / 1000, unit + 1
    return f"{stored:,.{1 if unit > 1 and stored < 100 else 0}f} {('B', 'kB', 'MB', 'GB', 'TB', 'PB')[unit]}"
