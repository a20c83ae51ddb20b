"""A long journal is read from its latest checkpoint on when the call is younger; the story is the same."""

from datetime import timedelta
from typing import Any

import pytest

from acd.codec import encode
from acd.engine import Engine
from acd.facts import CallerJoined
from acd.journal.memory import MemoryJournal
from acd.model import CallId
from ivr.call import facts as c
from ivr.calls.telling import read
from ivr.explanation import Explanation
from tests.property.days import START, play
from tests.tools import run
from tests.unit.explanation.test_story import a_morning


async def journal_of_a_morning(checkpoint_before: str) -> MemoryJournal:
    """With the start of every call, and a checkpoint just before one of them."""
    journal, script = MemoryJournal(), a_morning()
    engine = Engine(script.config)
    position = 0
    for fact, made in play(script).journal:
        if isinstance(fact, CallerJoined):
            if fact.call == checkpoint_before:
                await journal.save_checkpoint(position, engine.snapshot())
            at = START + timedelta(microseconds=fact.t)
            started = c.CallStarted(at=at, call=CallId(fact.call), did="6017436967", caller="", flow="l", config="")
            position = await journal.append(at, encode(started))
        position = await journal.append(fact.at, encode(fact), [encode(decision) for decision in made])
        engine.fold(fact, made)
    return journal


async def told(journal: MemoryJournal, call: str) -> tuple[list[Any], list[str]]:
    explanation = Explanation(call)
    await read(journal, explanation)
    return explanation.lines, explanation.helped()


@pytest.mark.parametrize("checkpoint_before", ["ana", "eva", "n1-1.1"])
@pytest.mark.parametrize("call", ["ana", "eva", "n1-1.1"])
@run
async def test_a_checkpoint_changes_no_word(call: str, checkpoint_before: str) -> None:
    whole = await journal_of_a_morning("nobody")
    assert await whole.latest_checkpoint() is None
    wanted = await told(whole, call)
    assert len(wanted[0]) > 5
    assert await told(await journal_of_a_morning(checkpoint_before), call) == wanted


@run
async def test_a_checkpoint_of_another_version_is_left_alone() -> None:
    journal = await journal_of_a_morning("nobody")
    wanted = await told(journal, "eva")
    await journal.save_checkpoint(3, {"format": 1})
    assert await told(journal, "eva") == wanted


@run
async def test_a_call_that_nobody_knows_has_no_story() -> None:
    assert await told(await journal_of_a_morning("eva"), "n1-9.9") == ([], [])
