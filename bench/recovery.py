"""How long a server needs to know again what it knew: a journal of 1,000,000 entries with its checkpoint.

The journal is that of a server which was killed as late after its checkpoint as can be, with callers who wait; the
older entries lie before the checkpoint. A fresh process opens journal and records, folds what is behind the checkpoint
into engine, living calls and records, and has written down that it began. Promised: 5 s at most.
"""

import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import uvloop

from acd.codec import encode
from acd.decisions import MakeOffer
from acd.dispatcher import CHECKPOINT_EVERY
from acd.facts import Tick
from acd.journal import open_journal
from acd.model import DeviceState
from bench.floor import Shop, environment, open_shop
from ivr.clock import LoopClock

ENTRIES, ROUNDS, WAITING = 1_000_000, 5, 200
BEHIND = 2 * CHECKPOINT_EVERY
"""So many entries are written by a server: it makes its checkpoint after half of them."""

_A_CALL = 40
"""Entries of a call, and some more."""


async def lived(folder: Path) -> None:
    """A server works, from an entry on that is as late as is needed, until it is killed."""
    journal = await open_journal(environment(folder).journal, LoopClock())
    await journal.close()
    with sqlite3.connect(_file(folder)) as store:
        nothing = json.dumps(encode(Tick(at=datetime(2026, 11, 23, 15, tzinfo=UTC), t=0)))
        store.execute("INSERT INTO entries VALUES (?, 0, NULL, ?, '[]')", (ENTRIES - BEHIND, nothing))
    shop = await open_shop(folder)
    shop.link(DeviceState.FREE)
    served = 0
    while shop.stores.ledger.position < ENTRIES - 10 * WAITING:
        served += 1
        for made in shop.comes(served):
            if isinstance(made, MakeOffer):
                shop.talks(made)
        await _settle(shop)
    shop.link(DeviceState.BUSY)
    waiting = 0
    while shop.stores.ledger.position < ENTRIES - _A_CALL:
        waiting += 1
        shop.comes(served + waiting)
        await _settle(shop)
    os._exit(0)  # as kill -9: no checkpoint is made at the end


async def _settle(shop: Shop) -> None:
    await shop.floor.dispatcher.settled()
    await asyncio.sleep(0)


def older(folder: Path) -> None:
    """Everything that was there before, as copies of what the server wrote."""
    with sqlite3.connect(_file(folder)) as store:
        (first,) = store.execute("SELECT min(position) FROM entries").fetchone()
        store.execute("CREATE TEMP TABLE block AS SELECT at, event, decisions FROM entries")
        store.execute(
            "INSERT INTO entries (position, at, event, decisions) WITH RECURSIVE n (p) AS "
            "(SELECT 1 UNION ALL SELECT p + 1 FROM n WHERE p < ?) "
            "SELECT p, at, event, decisions FROM n JOIN block ON block.rowid = 1 + p % (SELECT count(*) FROM block)",
            (first - 1,),
        )


async def again(folder: Path) -> dict[str, float]:
    """What it takes to be where the other one was."""
    began = perf_counter()
    shop = await open_shop(folder)
    took = perf_counter() - began
    lines = len(shop.floor.calls)
    print(json.dumps({"seconds": took, "calls": lines}), flush=True)
    os._exit(0)


def _file(folder: Path) -> Path:
    return folder / "journal.sqlite"


def main() -> list[dict[str, str]]:
    """Rows for bench/RESULTS.md."""
    with tempfile.TemporaryDirectory(prefix="bench-recovery-") as folder:
        _process("lived", folder)
        older(Path(folder))
        size = _file(Path(folder)).stat().st_size
        told = [json.loads(_process("again", folder)) for _ in range(ROUNDS)]
        with sqlite3.connect(_file(Path(folder))) as store:
            (entries,) = store.execute("SELECT count(*) FROM entries").fetchone()
            (checkpoint,) = store.execute("SELECT position FROM checkpoint").fetchone()
    return [
        {
            "recovery": f"{entries:,} entries, {size / 1e6:,.0f} MB",
            "behind the checkpoint": f"{ENTRIES - checkpoint:,}",
            "calls that live": str(told[0]["calls"]),
            "median s": f"{statistics.median(one['seconds'] for one in told):.2f}",
            "slowest s": f"{max(one['seconds'] for one in told):.2f}",
            "bound s": "5",
        }
    ]


def _process(what: str, folder: str) -> str:
    command = [sys.executable, "-m", "bench.recovery", what, folder]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    if len(sys.argv) == 3:
        uvloop.run({"lived": lived, "again": again}[sys.argv[1]](Path(sys.argv[2])))
    else:
        for line in main():
            print(line)
