"""`ivr explain CALL`: what happened to a call, what was decided and why, and what would have answered it sooner."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from ivr.clock import LoopClock
from ivr.commands._views import cell, local, site_language
from ivr.settings.environment import Environment

if TYPE_CHECKING:
    from acd.journal import Journal
    from ivr.explanation import Explanation

LOOK_BACK = 20_000
"""Entries before a checkpoint that tell how phones behave."""


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
    from ivr.explanation import Explanation

    journal = await open_journal(journal_url, LoopClock(), writing=False)
    explanation = Explanation(call, language)
    try:
        await read(journal, explanation)
    finally:
        await journal.close()
    marks = {0: "", 1: "  -> ", 2: "       "}
    told = [f"{local(line.at):%H:%M:%S.%f}"[:-3] + "  " + marks[line.depth] + line.text for line in explanation.lines]
    return [*told, *explanation.helped()] if told else []


async def read(journal: "Journal", explanation: "Explanation") -> None:
    """Tell the explanation the journal: from the latest checkpoint on when the call began after it, else all of it.

    Raises JournalUnavailable and UnknownEvent.
    """
    from ivr.call.journalled import decode

    checkpoint = await _checkpoint_before(journal, explanation)
    async for entry in journal.read(max(0, checkpoint - LOOK_BACK)):
        tell = explanation.take if entry.position > checkpoint else explanation.look_back
        tell(decode(entry.event), [decode(decision) for decision in entry.decisions])


async def _checkpoint_before(journal: "Journal", explanation: "Explanation") -> int:
    """The position of the checkpoint that the explanation has begun with; 0 = with nothing."""
    from acd.snapshot import UnknownSnapshot

    found = await journal.latest_checkpoint()
    if found is None:
        return 0
    async for entry in journal.read(found[0]):
        if entry.event.get("call") == explanation.call:
            break
    else:
        return 0
    if entry.event["e"] != "call started":
        return 0  # it began before
    try:
        explanation.begin(found[1])
    except UnknownSnapshot:
        return 0
    return found[0]
