"""`ivr explain CALL`: what happened to a call, what was decided and why, and what would have answered it sooner."""

import asyncio
import os
from pathlib import Path

import click
from rich.console import Console

from ivr.clock import LoopClock
from ivr.commands._views import cell, local, site_language
from ivr.settings.environment import Environment


@click.command(name="explain")
@click.argument("call")
@click.option("--language", default="", help="es or en; left out: the site's")
def command(call: str, language: str) -> None:
    """Tell CALL's story from the journal. CALL is the id that `ivr calls` shows in its last column.

    Every decision with who was eligible and which rule removed whom; then, for each queue, what single change would
    have answered the caller sooner. Works while the server runs and when it is down.
    """
    from acd.codec import UnknownEvent
    from acd.journal import JournalUnavailable

    environment = Environment.from_environ(os.environ)
    file = Path(environment.journal.removeprefix("sqlite:///"))
    if environment.journal.startswith("sqlite:///") and not file.is_file():
        raise click.ClickException(f"there is no journal at {file} yet: start the server with `make run`")
    try:
        lines = asyncio.run(_story(environment.journal, call, language or site_language()))
    except (JournalUnavailable, UnknownEvent, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if not lines:
        raise click.ClickException(f"the journal tells nothing of a call {call!r}; `ivr calls` lists those that it has")
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(cell(line))


async def _story(journal_url: str, call: str, language: str) -> list[str]:
    from acd.journal import open_journal
    from ivr.call.journalled import decode
    from ivr.explanation import Explanation

    journal = await open_journal(journal_url, LoopClock(), writing=False)
    explanation = Explanation(call, language)
    try:
        async for entry in journal.read():
            explanation.take(decode(entry.event), [decode(x) for x in entry.decisions])
    finally:
        await journal.close()
    marks = {0: "", 1: "  -> ", 2: "       "}
    told = [f"{local(line.at):%H:%M:%S.%f}"[:-3] + "  " + marks[line.depth] + line.text for line in explanation.lines]
    return [*told, *explanation.helped()] if told else []
