"""A call's story from the journal: for `ivr explain`, and for the server, which has it told by a process of its own.

A long journal takes seconds of work. `python -m ivr.calls.telling` is asked `{"journal", "call", "language"}` and
answers the story (ivr.apart).
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from acd.codec import UnknownEvent
from acd.journal import Journal, JournalUnavailable, open_journal
from acd.snapshot import UnknownSnapshot
from ivr.apart import NotAnswered, TookTooLong, answered, answers
from ivr.call.journalled import decode
from ivr.clock import LoopClock
from ivr.explanation import Explanation

LOOK_BACK = 20_000
"""Entries before a checkpoint that tell how phones behave."""

AT_MOST_SECONDS = 100


class NotTold(Exception):
    """The story cannot be told. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Told:
    """A line: `depth` 0 is a fact, 1 a decision that it caused, 2 a reason."""

    at: datetime
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """Empty when the journal tells nothing of the call. `helped`: what would have answered the caller sooner."""

    lines: tuple[Told, ...] = ()
    helped: tuple[str, ...] = ()


def elsewhere(journal: str, call: str, language: str) -> Story:
    """The story, told by a process of its own. Blocking. Raises NotTold."""
    try:
        answer: dict[str, Any] = answered(
            "ivr.calls.telling", {"journal": journal, "call": call, "language": language}, AT_MOST_SECONDS
        )
    except TookTooLong:
        raise NotTold(f"the journal is long: it was read for {AT_MOST_SECONDS} s; at the server: ivr explain") from None
    except NotAnswered as why:
        raise NotTold(str(why)) from None
    if "error" in answer:
        raise NotTold(str(answer["error"]))
    lines = (Told(datetime.fromisoformat(at), depth, text) for at, depth, text in answer["lines"])
    return Story(tuple(lines), tuple(answer["helped"]))


def here(journal: str, call: str, language: str) -> Story:
    """The story, told by this process. Blocking. Raises NotTold."""
    file = Path(journal.removeprefix("sqlite:///"))
    if journal.startswith("sqlite:///") and not file.is_file():
        raise NotTold(f"there is no journal at {file} yet: start the server with `make run`")
    try:
        return asyncio.run(_story(journal, call, language))
    except (JournalUnavailable, UnknownEvent, ValueError, OSError) as error:
        raise NotTold(str(error)) from None


async def _story(url: str, call: str, language: str) -> Story:
    journal = await open_journal(url, LoopClock(), writing=False)
    explanation = Explanation(call, language)
    try:
        await read(journal, explanation)
    finally:
        await journal.close()
    if not explanation.lines:
        return Story()
    lines = tuple(Told(line.at, line.depth, line.text) for line in explanation.lines)
    return Story(lines, tuple(explanation.helped()))


async def read(journal: Journal, explanation: Explanation) -> None:
    """Tell the explanation the journal: from the latest checkpoint on when the call began after it, else all of it.

    Raises JournalUnavailable and UnknownEvent.
    """
    checkpoint = await _checkpoint_before(journal, explanation)
    async for entry in journal.read(max(0, checkpoint - LOOK_BACK)):
        tell = explanation.take if entry.position > checkpoint else explanation.look_back
        tell(decode(entry.event), [decode(decision) for decision in entry.decisions])


async def _checkpoint_before(journal: Journal, explanation: Explanation) -> int:
    """The position of the checkpoint that the explanation has begun with; 0 = with nothing."""
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


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        story = here(asked["journal"], asked["call"], asked["language"])
    except NotTold as why:
        return {"error": str(why)}
    return {"lines": [[t.at.isoformat(), t.depth, t.text] for t in story.lines], "helped": [*story.helped]}


if __name__ == "__main__":
    answers(_answer)
