"""What a restarted server knows of the talks that went on without it, from the real journal, records and checkpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from acd import dispatcher
from acd.journal import Journal, open_journal
from acd.model import CallId, OfferId
from ivr.app.closing import Closing
from ivr.app.floor import Floor, open_floor
from ivr.app.stores import Stores
from ivr.asterisk.agi.session import Session
from ivr.asterisk.ami import AmiLink
from ivr.call import facts
from ivr.clock import LoopClock
from ivr.language import load_site
from ivr.records.callers import CallerKeys
from ivr.records.ledger import Ledger
from tests.tools import run
from tests.unit.exchange.bench import ROOT

CALL, LEG, OTHER = CallId("n1-1795291423.0"), OfferId("0000000000007"), "1795291423.7"
OVER = CallId("n1-1795291400.0")


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[tuple[Floor, Stores]]:
    """What routes, with its stores, and Asterisk away; it ends in good order."""
    clock, closing = LoopClock(), Closing()
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    journal: Journal = await open_journal(f"sqlite:///{folder / 'journal.db'}", clock)
    closing.add(journal.close)
    keys = CallerKeys(b"0123456789abcdef0123456789abcdef")
    ledger = await Ledger.open(f"sqlite:///{folder / 'records.db'}", clock=clock, keys=keys, dids=[*site.numbers])
    closing.add(ledger.close)
    await ledger.belongs_to(journal)
    stores, link = Stores(journal, ledger), AmiLink("127.0.0.1", 1, "u", "s", clock=clock)
    floor = await open_floor(
        lambda: site, link, stores, node="n1", clock=clock, whisper=lambda queue: None, closing=closing
    )
    try:
        yield floor, stores
    finally:
        await closing.all()


def began(call: CallId) -> facts.CallStarted:
    return facts.CallStarted(at=LoopClock().now(), call=call, did="6017436967", caller="k", flow="f", config="c")


def talks(floor: Floor) -> None:
    """A call that is recorded in two legs: one is paused, the other goes on in its second file."""
    now, record = LoopClock().now(), floor.desk.record
    record(began(OVER))
    record(facts.CallEnded(at=now, call=OVER, cause=16, by="caller"))
    record(began(CALL))
    record(facts.NoticeHeard(at=now, call=CALL, prompt="p", version="v"))
    record(facts.RecordingWished(at=now, call=CALL, step="s", wish="yes"))
    for leg in (LEG, OTHER):
        record(facts.RecordingRuled(at=now, call=CALL, leg=leg, queue="servicio", agent="101", record=True, why="yes"))
    record(facts.TalkTransferred(at=now, call=CALL, offer="", by="103", how="attended", to="101", leg=LEG))
    record(facts.RecordingBegun(at=now, call=CALL, leg=OTHER, by="api"))
    record(facts.RecordingRenewed(at=now, call=CALL, leg=OTHER, part=2))
    record(facts.RecordingStopped(at=now, call=CALL, leg=OTHER, why="disk"))
    record(facts.RecordingPaused(at=now, call=CALL, leg=LEG, by="telephone"))


@pytest.mark.parametrize("times", [1, 3])
@run
async def test_after_a_restart_the_recordings_of_living_talks_are_known(tmp_path: Path, times: int) -> None:
    async with server(tmp_path) as (floor, _):
        talks(floor)
        before = floor.calls.get(CALL)
    for _ in range(times):
        async with server(tmp_path) as (floor, stores):
            checkpoint = await stores.journal.latest_checkpoint()
            assert checkpoint is not None and checkpoint[0] >= 13, "nothing of the talk is behind the checkpoint"
            assert floor.calls.get(CALL) == before and len(floor.calls) == 1
    assert before is not None and (before.talk, before.silenced, before.parts) == (LEG, {LEG}, {OTHER: 2})


@run
async def test_so_are_those_that_the_records_have_not_heard_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server was killed after the checkpoint, and before it wrote the records."""
    monkeypatch.setattr(dispatcher, "CHECKPOINT_EVERY", 13)
    async with server(tmp_path) as (floor, stores):
        talks(floor)
        await floor.dispatcher.settled()
        before = floor.calls.get(CALL)
        monkeypatch.setattr(stores.ledger.store, "save", lambda *_: None)
    async with server(tmp_path) as (floor, stores):
        assert floor.calls.get(CALL) == before and before is not None


@run
async def test_when_all_calls_are_over_only_what_is_new_is_read(tmp_path: Path) -> None:
    async with server(tmp_path) as (floor, stores):
        talks(floor)
        floor.desk.record(facts.CallEnded(at=LoopClock().now(), call=CALL, cause=16, by="caller"))
        await floor.dispatcher.settled()
        assert stores.ledger.before_the_living == stores.ledger.position > 0
    async with server(tmp_path) as (floor, _):
        assert len(floor.calls) == 0


@run
async def test_of_a_talk_that_nobody_knows_it_is_not_said_that_it_is_not_recorded(tmp_path: Path) -> None:
    async with server(tmp_path) as (floor, _):
        asks = cast(Session, SimpleNamespace(arguments=(CALL, LEG, "2")))
        assert await floor.recording.legs.key(asks) == ""
        floor.desk.record(began(CALL))
        assert await floor.recording.legs.key(asks) == ""
