"""Numbers of callers: after calls with marked ones no file of the server holds them, but one erasable table."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from acd.journal.sqlite import SqliteJournal
from ivr.clock import LoopClock
from ivr.testing.instance import Instance
from tests.live.scenes import calls, live, moved, occupy, short, talking, visits, waiting

MARK = "3009187264"
MARKS = (MARK, "300 918 7264", "9187264")
CHANGES = short(queues={"servicio": {"regain the place within": "1 min"}, "cartera": {"last agent": "members"}})


def tables_with(file: Path, *marks: str) -> set[str]:
    """The tables of a database in which one of these texts stands."""
    found = set()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if any(mark in repr(row) for row in connection.execute(f'SELECT * FROM "{name}"') for mark in marks):
                found.add(name)
    return found


@live
async def test_a_marked_number_stands_in_one_table_and_nowhere_else(line: Instance) -> None:
    """Talks, abandons, calls again, is transferred, is announced by name: journal, records, log."""
    await occupy(line, "1")
    async with moved(line, visits("servicio", "abandoned")):
        caller = await waiting(line, MARK)
        await caller.hang_up()
    again = await waiting(line, MARK)  # the place is regained by the key
    await again.hang_up()
    caller, agent = await talking(line, MARK, "3")
    assert agent.call.shown_number == MARK  # people see it
    async with moved(line, calls("answered")):
        await agent.hang_up()
        await caller.call.ended()
    last = await waiting(line, MARK)
    await line.ami.cut()  # a resynchronisation reads numbers too
    await line.ami.join()
    await line.until_metric("centralita_queue_length", 1, queue="servicio")
    await last.hang_up()
    await line.until_metric("centralita_queue_length", 0, queue="servicio")
    await line.until_metric("centralita_lines_in_use", 0)

    databases = {file.name: tables_with(file, *MARKS) for file in sorted(line.paths.var.glob("*.sqlite"))}
    assert {name: tables for name, tables in databases.items() if tables} == {"records.sqlite": {"callers"}}
    journal = await SqliteJournal.open(line.paths.var / "journal.sqlite", LoopClock(), writing=False)
    events = [json.dumps([entry.event, list(entry.decisions)]) async for entry in journal.read(0)]
    await journal.close()
    assert len(events) > 20 and not any(mark in text for text in events for mark in MARKS)
    for log in line.paths.var.rglob("*.log"):
        assert not any(mark in log.read_text(errors="replace") for mark in MARKS), log.name
