"""The parts together, as the server opens them: they look, tell the audit, are scraped, and are closed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import text

from ivr.app.capacity import guard_of, open_capacity
from ivr.app.closing import Closing
from ivr.app.recordings import AuditLedger
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore
from ivr.clock import LoopClock
from ivr.exchange.recording.recorder import Recorder
from ivr.figures.metrics import Metrics
from ivr.install.paths import Paths
from ivr.language import load_site
from ivr.recordings.figures import LedgerTally
from ivr.settings.environment import Environment
from ivr.testing.api import ADMIN, Api
from ivr.testing.clock import ManualClock
from recordings.capacity import Limits
from tests.pages import ROOT
from tests.records import fresh
from tests.tools import run
from tests.unit.api.test_recordings import Office
from tests.unit.recordings.test_nightly import until


class Talks:
    """What the recorder was asked to end."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def stop_all(self, why: str) -> int:
        self.ended.append(why)
        return 1


@run
async def test_they_are_opened_look_and_are_closed(tmp_path: Path) -> None:
    from ivr.recordings import capacity, nightly
    from recordings.encode import Codec

    office = await Office(tmp_path, Codec.WAV).filled()
    store = office.house.store
    clock = ManualClock(datetime(2026, 11, 23, 15, tzinfo=UTC))
    environment = replace(Environment.from_environ({}), var=tmp_path, records=f"sqlite:///{tmp_path}/records.sqlite")
    site = load_site(ROOT / "config", ROOT / "ivr" / "flows").site
    assert site is not None
    # The disk of this machine is nearly full, whatever it is.
    site = replace(site, recordings=replace(site.recordings, alarms=Limits(free_below=100.0, stop_below=99.999)))
    closing, metrics, tally, talks = Closing(), Metrics(), LedgerTally(), Talks()
    audit = Audit(AuditStore.open(environment.records, store.engine), AnchorFiles(tmp_path / "audit"), LoopClock())
    await audit.open()
    closing.add(audit.close)
    paths = Paths.of(environment)
    guard = guard_of(paths, lambda: site, clock)
    await guard.look()
    assert not guard.has_room()
    routes = open_capacity(
        guard=guard, recorder=cast(Recorder, talks), keeper=SimpleNamespace(trouble=""),
        ledger=AuditLedger(audit, clock), tally=tally, environment=environment, paths=paths,
        site=lambda: site, store=store, metrics=metrics, clock=clock, closing=closing,
    )  # fmt: skip
    await until(lambda: talks.ended == ["disk"] and clock.pending == 4)
    clock.advance(capacity.FIRST_SECONDS)  # the first look at the capacity, in a process of its own
    assert nightly.EVERY_SECONDS == capacity.FIRST_SECONDS

    def scraped() -> str:
        return metrics.text().decode()

    await until(lambda: 'centralita_recordings_stored_bytes{state="kept"} 0.0' not in scraped(), seconds=20)
    assert 'centralita_recordings_stored{state="kept"} 3.0' in scraped() and "_stopped 1.0" in scraped()
    api = Api([routes, office.routes()])
    told = await api.told(ADMIN, "GET", "/recordings/capacity")
    assert told["count"] == 3 and {disk["folder"]: disk["room"] for disk in told["disks"]} == {
        "recordings": "stop",
        "vault": "stop",
    }
    assert await api.status(ADMIN, "GET", "/recordings/n1-0.0_1") == 200, "the other routes are there as before"
    assert talks.ended == ["disk"] * len(talks.ended) and len(talks.ended) > 1, "again and again, for what began since"
    await closing.all()
    await asyncio.sleep(0)
    assert [task.get_name() for task in asyncio.all_tasks() if "record" in task.get_name()] == []
    store.close()


@run
async def test_what_the_guard_says_stands_in_the_audit(tmp_path: Path) -> None:
    from ivr.recordings.disk_guard import DiskGuard, Volume
    from ivr.records.store import RecordStore

    url = fresh(tmp_path / "records.sqlite")
    store = RecordStore.open(url)
    tally, free = LedgerTally(), [1.0]
    store_of = AuditStore.open(url, store.engine)
    audit = Audit(store_of, AnchorFiles(tmp_path / "audit"), LoopClock(), told=tally.entry)
    await audit.open()
    look_at: Callable[[Path], Volume] = lambda path: Volume(1000, round(10 * free[0]))  # noqa: E731
    guard = DiskGuard({"vault": tmp_path}, Limits, ManualClock(), look_at)
    guard.attach(Talks().stop_all, AuditLedger(audit, LoopClock()))
    for percent in (1.0, 50.0):
        free[0] = percent
        await guard.look()
    await audit.close()
    with store.engine.connect() as connection:
        entries: list[Any] = [row[0] for row in connection.execute(text("SELECT entry FROM audit ORDER BY seq"))]
    assert ["recordings.room_stop" in entries[0], "recordings.room_ok" in entries[1]] == [True, True]
    assert '"folder":"vault"' in entries[0] and tally.entries == {"room_stop": 1, "room_ok": 1}
    store.close()
