"""A story that is told by a process of its own."""

import asyncio
from pathlib import Path

import pytest

from ivr.calls.telling import NotTold, elsewhere, here
from tests.tools import run
from tests.unit.commands.test_views import CALL, OTHER, journalled


@run
async def test_another_process_tells_the_same(tmp_path: Path) -> None:
    await asyncio.to_thread(journalled, tmp_path)
    journal = f"sqlite:///{tmp_path / 'journal.sqlite'}"
    told = await asyncio.to_thread(elsewhere, journal, CALL, "es-CO")
    assert told == await asyncio.to_thread(here, journal, CALL, "es-CO")
    assert told.lines[0].text.startswith("entra la llamada") and told.helped
    assert not (await asyncio.to_thread(elsewhere, journal, "n1-7.7", "en")).lines
    assert (await asyncio.to_thread(elsewhere, journal, OTHER, "en")).lines


@run
async def test_why_it_is_not_told_is_said(tmp_path: Path) -> None:
    for journal, why in ((f"sqlite:///{tmp_path / 'none.sqlite'}", "make run"), ("mysql://x", "sqlite:///PATH")):
        with pytest.raises(NotTold, match=why):
            await asyncio.to_thread(elsewhere, journal, "x", "en")
