"""A company with old recordings: a real vault, real keys, a real catalogue and ledger; backup and archive are fakes."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from ivr.app.retention import SureLedger, settle_keys
from ivr.figures.call_record import CallRecord
from ivr.recordings.archiver import Archiver
from ivr.recordings.hold_store import HoldStore
from ivr.recordings.open_work import Doomed, OpenWork
from ivr.recordings.player import Player
from ivr.recordings.remover import Remover
from ivr.recordings.retention import Retention
from ivr.site.recordings import QuietHours, RecordingSettings
from ivr.testing.clock import ManualClock
from ivr.testing.copies import MemoryArchive, MemoryCopies
from recordings.catalogue import State, keys, table
from recordings.holds import Hold, Over
from recordings.periods import Period
from recordings.retention import RetentionRule
from recordings.vault.folder import INCOMING
from tests.unit.recordings.test_proof import Archive

BOGOTA = ZoneInfo("America/Bogota")
LATER = datetime(2027, 6, 1, 7, 30, tzinfo=UTC)
"""Half past two at night in Bogotá, 190 days after the talks."""
DAY = timedelta(days=1)
HALF_A_YEAR = RetentionRule(keep=Period(days=180))
NAMES = ["c0_o0", "c1_o1", "c2_o2"]


class Night(ManualClock):
    """Who sleeps moves it."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


class Shop(Archive):
    """`settings` may be changed; `opened` makes everything anew, as a server that starts."""

    def __init__(self, folder: Path, *rules: RetentionRule, archives: bool = False) -> None:
        super().__init__(folder)
        self.root = folder
        self.clock = Night(LATER)
        self.settings = RecordingSettings(keep=rules or (HALF_A_YEAR,), quiet=QuietHours(120, 300))
        self.site: Any = SimpleNamespace(
            zone=BOGOTA,
            country="CO",
            lists={},
            anonymous=None,
            mailboxes={},
            queues={name: SimpleNamespace(agents_ever=(), open="") for name in ("servicio", "cartera")},
            local=lambda at: at.astimezone(BOGOTA),
        )
        self.copies = MemoryCopies(self.clock, "disco", "nube")
        self.archived = MemoryArchive(self.clock) if archives else None
        self.holds = HoldStore(self.store.engine)
        self.settle = lambda: settle_keys(self.store.engine)
        self.opened()

    def opened(self) -> Retention:
        engine = self.store.engine
        self.sure, self.work = SureLedger(self.audit, self.clock), OpenWork(engine)
        self.remover = Remover(
            self.work,
            self.catalogue,
            self.sure,
            self.clock,
            folder=self.folder,
            done=self.folder / "done",
            vault=self.vault,
            zone=lambda: BOGOTA,
            settle=lambda: self.settle(),
            copies=self.copies,
            archive=self.archived,
        )
        archiver = None
        if self.archived is not None:
            archiver = Archiver(self.archived, self.work, self.sure, self.clock, vault=self.vault, zone=lambda: BOGOTA)
        self.retention = Retention(
            self.store, self.remover, self.clock, self.in_force, lock=self.root / "retention.lock", archiver=archiver
        )
        return self.retention

    def in_force(self) -> Any:
        self.site.recordings = self.settings
        return self.site

    async def filled(self) -> "Shop":
        await super().filled()
        self.copies.take(*self.files())
        return self

    def change(self, **values: Any) -> None:
        self.settings = replace(self.settings, **values)

    def hold(self, over: Over, name: str = "h1") -> Hold:
        made = Hold(hold=name, who="jefe", why="proceso 2026-00123", since=self.clock.now(), over=over)
        self.holds.set(made)
        return made

    def player(self) -> Player:
        return Player(self.catalogue, self.keys, folder=self.folder, vault=self.vault)

    def state(self, name: str) -> State:
        row = self.catalogue.get(name)
        assert row is not None
        return row.state

    def told(self, what: str) -> list[dict[str, Any]]:
        """Entries of the ledger, oldest first."""
        found = [json.loads(row.text) for row, _ in self.audit.store.walk()]
        return [entry for entry in found if entry["action"] == f"recordings.{what}"]

    def about(self, what: str) -> list[str]:
        return [entry["object"] for entry in self.told(what)]

    def old(self, count: int, days: float = 200, **values: Any) -> list[str]:
        """Rows without files, that ended so many days ago, a second apart; with keys."""
        (self.vault / INCOMING).mkdir(exist_ok=True)
        first = self.clock.now() - days * DAY
        rows = [row(f"x{number:07}_1", first + timedelta(seconds=number), number, **values) for number in range(count)]
        fill(self.store.engine, rows)
        return [one["recording"] for one in rows]


def row(name: str, finished: datetime, number: int = 0, **values: Any) -> dict[str, Any]:
    return {
        "recording": name,
        "call": name.partition("_")[0],
        "leg": "1",
        "queue": "servicio",
        "agent": "101",
        "finished": finished,
        "length_us": 60_000_000,
        "bytes": 1000 + number % 7,
        "sha256": f"{number:064x}",
        "file": f"2026/01/01/{number:032x}.cva",
        "did": "601",
        "direction": "inbound",
        "notice": "v1",
        "gaps": [],
        "codec": "opus",
        "state": State.KEPT.value,
        "audio_bytes": 1,
        "audio_sha256": "",
        "peaks": None,
        **values,
    }


def fill(engine: Any, rows: Sequence[dict[str, Any]], wrapped: Mapping[str, bytes] | None = None) -> None:
    kept = wrapped or {one["recording"]: b"wrapped " + one["recording"].encode() for one in rows}
    with engine.begin() as connection:
        connection.execute(insert(table), rows)
        connection.execute(insert(keys), [{"recording": name, "wrapped": value} for name, value in kept.items()])


def called(shop: Shop, *names: str, caller: str) -> None:
    """The calls of these recordings were this caller's."""
    for name in names:
        call = name.partition("_")[0]
        found = next(iter(shop.store.calls(1, call=call)), None) or CallRecord(call=call, did="601", started=LATER)
        shop.store.save(1, [replace(found, caller=caller)], {})


def on(day: str) -> date:
    return date.fromisoformat(day)


def doomed(shop: Shop, *names: str) -> list[Doomed]:
    rows = [shop.catalogue.get(name) for name in names]
    return [Doomed.of(row, rule="a rule", due=LATER, by="retention") for row in rows if row is not None]


async def gone(shop: Shop, *names: str) -> None:
    """Everything of these is gone, everything of the others is there, and the proof is sound."""
    for name in NAMES:
        found = shop.catalogue.get(name)
        assert found is not None
        if name in names:
            assert found.state is State.DELETED and found.peaks is None and shop.catalogue.key_of(name) is None
            assert not (shop.vault / found.file).exists()
            assert all(found.file not in held for held in shop.copies.held.values())
        else:
            assert found.state is State.KEPT and found.peaks and await shop.audio(name)
            assert all(found.file in held for held in shop.copies.held.values())
    assert sorted(shop.about("deleted")) == sorted(names) and all(e["detail"]["complete"] for e in shop.told("deleted"))
    assert shop.work.deletions() == [] and shop.faults() == []
