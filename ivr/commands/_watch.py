"""A view that is shown again and again: in place on a terminal, one below the other elsewhere."""

import threading
from collections.abc import Callable

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ivr.clock import LoopClock
from ivr.commands._views import clock_time, show
from ivr.control.client import ControlError
from ivr.settings.environment import SettingsError

EVERY = 1.0
"""Seconds."""


def watch(table: Callable[[], Table], every: float = EVERY) -> None:
    """Show `table()` until Ctrl-C. What it cannot show for the moment (ClickException) is told in its place."""
    console = Console()
    try:
        if console.is_terminal:
            _in_place(console, table, every)
        else:
            _below(table, every)
    except KeyboardInterrupt:
        return


def _in_place(console: Console, table: Callable[[], Table], every: float) -> None:
    pause = threading.Event()
    with Live(_picture(table), console=console, screen=True, auto_refresh=False) as live:
        while True:
            pause.wait(every)
            live.update(_picture(table), refresh=True)


def _below(table: Callable[[], Table], every: float) -> None:
    pause = threading.Event()
    while True:
        click.echo(_now())
        found = _shown(table)
        if isinstance(found, Table):
            show(found)
        else:
            click.echo(found)
        pause.wait(every)


def _picture(table: Callable[[], Table]) -> Group:
    return Group(Text(_now()), _shown(table))


def _shown(table: Callable[[], Table]) -> Table | Text:
    """The table, or why there is none now: a server that is restarted comes back."""
    try:
        return table()
    except (ControlError, SettingsError, click.ClickException) as fault:
        return Text(fault.format_message() if isinstance(fault, click.ClickException) else str(fault))


def _now() -> str:
    return clock_time(LoopClock().now())
