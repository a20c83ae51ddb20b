"""What the views share: opening the records, and how times and texts of callers look on a terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.log import escape
from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from ivr.records.store import RecordStore
    from ivr.site import Site


@contextmanager
def records() -> Iterator["RecordStore"]:
    """The records of the environment's instance, read-only: it works whether the server runs or not."""
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.records.store import RecordStore, RecordsUnavailable

    environment = Environment.from_environ(os.environ)
    try:
        store = RecordStore.read_only(environment.records)
    except RecordsUnavailable as error:
        raise click.ClickException(str(error)) from None
    try:
        yield store
    except SQLAlchemyError as error:
        why = str(error).splitlines()[0]
        raise click.ClickException(f"the records cannot be read: {why}; does the server of this version run?") from None
    finally:
        store.close()


def show(table: Table) -> None:
    """Print a table; one that does not go to a terminal is not cut to a width."""
    console = Console(width=terminal_width())
    if table.__rich_measure__(console, console.options.update(max_width=1000)).maximum > console.width:
        table.box, table.padding, table.pad_edge = None, (0, 1, 0, 0), False  # rather no lines than no words
    console.print(table)


def terminal_width() -> int:
    """Characters in a line; 200 where the output goes elsewhere than to a terminal."""
    console = Console()
    return console.width if console.is_terminal else 200


def cell(text: object) -> Text:
    """A text that may come from outside: no markup, no control characters."""
    return Text(escape(str(text)))


@cache
def _site() -> "Site | None":
    """The site in force, or of its files; None where both have faults."""
    from ivr.language import load_site
    from ivr.versions.copies import Copies
    from ivr.versions.standing import Standing

    environment = Environment.from_environ(os.environ)
    folder = environment.var / "versions"
    kept = Copies(folder).get(Standing.load(folder).active)
    folders = [(kept.config, kept.flows)] if kept is not None else []
    for config, flows in (*folders, (environment.config, environment.flows)):
        site = load_site(config, flows).site
        if site is not None:
            return site
    return None


def site_zone() -> tzinfo | None:
    """The time zone of the site; None (the machine's own) where it has faults."""
    site = _site()
    return site.zone if site is not None else None


def site_language() -> str:
    """The language of the site; English where it has faults."""
    site = _site()
    return site.language if site is not None else "en"


def local(moment: datetime) -> datetime:
    """A moment as the clock on the site's wall shows it."""
    return moment.astimezone(site_zone())


def clock_time(moment: datetime | None) -> str:
    """A moment as the clock on the site's wall shows it; empty for none."""
    return local(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def duration(microseconds: int | None) -> str:
    """Minutes and seconds; empty for nothing."""
    if not microseconds:
        return ""
    seconds = round(microseconds / 1e6)
    return f"{seconds // 60}:{seconds % 60:02d}"
