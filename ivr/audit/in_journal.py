"""The anchors that a journal holds, for the verification of the audit.

All of it is read, for who may write the journal's file may write every index beside it too: that takes a long journal
seconds to minutes, and a process of its own does it. `python -m ivr.audit.in_journal` is asked `{"journal"}` and
answers `{"anchors": [{"seq", "hash", "at"}]}` or `{"error"}` (ivr.apart).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from acd.journal import Journal, JournalUnavailable, open_journal
from ivr.apart import NotAnswered, answered, answers
from ivr.audit.anchors import anchor_of
from ivr.audit.chain import Anchor
from ivr.clock import LoopClock

ANCHORED = "audit anchored"
"""The event's name (ivr.access.anchor)."""

PLACE = "the journal"
AT_MOST_SECONDS = 1_800


class JournalUnread(Exception):
    """The journal's anchors could not be read. The message says why."""


def elsewhere(journal: str) -> list[Anchor]:
    """The anchors, oldest first, read by a process of its own. Blocking. Raises JournalUnread."""
    try:
        told: dict[str, Any] = answered("ivr.audit.in_journal", {"journal": journal}, AT_MOST_SECONDS)
    except NotAnswered as why:
        raise JournalUnread(f"the journal's anchors: {why}") from None
    if "error" in told:
        raise JournalUnread(f"the journal's anchors: {told['error']}")
    return [anchor for values in told["anchors"] if (anchor := anchor_of(values, PLACE)) is not None]


async def read(journal: Journal) -> AsyncIterator[Anchor]:
    """The anchors, oldest first, read here. Raises JournalUnavailable."""
    async for entry in journal.read():
        if entry.event.get("e") == ANCHORED and (anchor := anchor_of(entry.event, PLACE)) is not None:
            yield anchor


async def _answer(url: str) -> dict[str, Any]:
    try:
        journal = await open_journal(url, LoopClock(), writing=False)
        try:
            return {"anchors": [{"seq": a.seq, "hash": a.hash, "at": a.at} async for a in read(journal)]}
        finally:
            await journal.close()
    except (JournalUnavailable, ValueError, OSError) as error:
        return {"error": str(error)}


if __name__ == "__main__":
    answers(lambda asked: asyncio.run(_answer(asked["journal"])))
