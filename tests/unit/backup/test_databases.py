"""Databases that are no file of ours: PostgreSQL by its own programs, and a journal in Redis that is left out."""

import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ivr.backup import worker
from ivr.backup.databases import NotDumped, copy_records, dump_postgres, restore_postgres
from ivr.backup.restoring import restore_instance
from tests.unit.backup.office import NOW, Office, restored, slow


@slow
async def test_the_journal_in_redis_is_left_out_and_told(office: Office) -> None:
    await office.filled_and_closed()
    job = replace(office.job, instance=replace(office.instance, journal="redis://localhost:6379/0"))
    told = worker.run(job)
    assert told.state.whole and "journal" not in told.facts["snapshots"]
    assert told.state.left_out and "in Redis" in told.state.left_out[0]
    job = replace(office.job, instance=replace(office.instance, journal="memory:"))
    assert "in memory" in worker.run(job).state.left_out[0]


FAKE = """#!/bin/sh
echo "$0 $*" >>"$OUT"; env | grep ^PG >>"$OUT"
for word; do case $word in --file=*) echo dump >"${word#--file=}";; esac; done
exit ${STATUS:-0}
"""


@slow
async def test_postgresql_is_dumped_by_its_own_program(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pg_dump", "pg_restore"):
        file = office.base / name
        file.write_text(FAKE)
        file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{office.base}:{os.environ['PATH']}")
    monkeypatch.setenv("OUT", str(office.base / "out"))
    url = "postgresql+psycopg://ana:s3cret@db.example.com:5433/calls?sslmode=require"
    dump_postgres(url, office.base / "dump")
    restore_postgres(url, office.base / "dump")
    said = (office.base / "out").read_text().splitlines()
    commands = [line for line in said if line.startswith("/")]
    assert "--exclude-table-data=*.recording_keys" in commands[0] and "--dbname=calls" in commands[1]
    assert not any("s3cret" in line for line in commands)
    assert {"PGPASSWORD=s3cret", "PGHOST=db.example.com", "PGPORT=5433", "PGUSER=ana", "PGSSLMODE=require"} < set(said)
    monkeypatch.setenv("STATUS", "1")
    with pytest.raises(NotDumped):
        dump_postgres(url, office.base / "dump")


@slow
async def test_records_of_postgresql_go_into_an_empty_database(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its programs are played by ours: the dump is a copy of SQLite's file. Without a database it says what to do."""
    await office.filled_and_closed()
    there = office.base / "database.sqlite"
    url = "postgresql://ana@db.example.com/calls"

    def dump(asked: str, into: Path) -> None:
        assert asked == url
        copy_records(office.var / "records.sqlite", into, office.base / "aside")

    def put(asked: str, dumped: Path) -> None:
        shutil.copy(dumped, there)

    real = create_engine
    monkeypatch.setattr("ivr.backup.source.dump_postgres", dump)
    monkeypatch.setattr("ivr.backup.restoring.restore_postgres", put)
    monkeypatch.setattr("ivr.records.store.create_engine", lambda asked, **more: real(
        f"sqlite:///{there if there.exists() else office.var / 'records.sqlite'}"
        if str(asked).startswith("postgresql") else asked, **({} if str(asked).startswith("postgresql") else more)
    ))  # fmt: skip
    monkeypatch.setattr("ivr.audit.store.create_engine", lambda asked, **more: real(f"sqlite:///{there}"))
    job = replace(office.job, instance=replace(office.instance, records=url))
    told = worker.run(job)
    assert told.state.whole and told.state.items == 3, told
    monkeypatch.setattr("ivr.records.store.create_engine", lambda asked, **more: real(
        f"sqlite:///{there}" if str(asked).startswith("postgresql") else asked,
        **({} if str(asked).startswith("postgresql") else more)
    ))  # fmt: skip
    into, done = restored(office)
    assert done.keys == 0 and "--records" in done.to_do[-1] and (into / "var/records.pgdump").exists()
    again = restore_instance(office.target(), office.base / "again", office.identities, now=NOW, who="ana", records=url)
    assert again.whole and again.keys == 3 and not (office.base / "again/var/records.pgdump").exists()
    with sqlite3.connect(there) as base:
        assert base.execute("SELECT count(*) FROM recording_keys").fetchone() == (3,)
        assert base.execute("SELECT count(*) FROM audit WHERE action = 'backup.restored'").fetchone() == (1,)
