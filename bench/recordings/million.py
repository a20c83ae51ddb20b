"""A catalogue of very many talks over three years: two rows as the server writes them, multiplied by the database."""

import math
import random
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ivr.figures.call_record import CallOutcome, CallRecord, TalkRuling
from ivr.records.store import RecordStore
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.encode import MOST_PEAKS, PEAKS_A_SECOND

APART = 95
"""Seconds between two talks: a million in three years."""
CALLERS = 20_000
KINDS, LENGTHS = 1_000, 997
MEAN_SECONDS = 180
WRAPPED = 330
"""Bytes of a key that is wrapped for one recipient."""
DIDS = ("6017436967", "6010000001", "6010000002", "6010000003")
DISPOSITIONS = ("",) * 5 + ("venta", "consulta", "reclamo")
NOTED = 5
"""One talk in so many has a note."""
QUEUES = ("servicio",) * 5 + ("tesoreria",) * 2 + ("cartera",) * 2 + ("",)
AGENTS = 200
_LIKE = "like_this"

_CALL = f"printf('n1-%d.%d', :last - (:count - i) * {APART}, i)"
_LEG = "printf('%021d', i * 7919)"
_MOMENT = f"strftime('%Y-%m-%d %H:%M:%S.000000', :last - (:count - i) * {APART}, 'unixepoch')"
_RECORDINGS = {
    "recording": f"{_CALL} || '_' || {_LEG}",
    "call": _CALL,
    "leg": _LEG,
    "queue": "kinds.queue",
    "agent": "kinds.agent",
    "did": "kinds.did",
    "direction": "kinds.direction",
    "finished": _MOMENT,
    "length_us": "lengths.us",
    "bytes": "lengths.us / 333",
    "sha256": "printf('%064x', i)",
    "file": "printf('2026/11/23/%032x.cva', i)",
    "disposition": "kinds.disposition",
    "note": f"iif(i % {NOTED} = 0, printf('Pide devolución de la factura %d; la llaman el lunes', i), '')",
}
_CALLS = {
    "call": _CALL,
    "caller": "whose.caller",
    "started": _MOMENT,
    "ended": _MOMENT,
    "queue": "kinds.queue",
    "agent": "kinds.agent",
    "outcome": "kinds.outcome",
}


def filled(url: str, file: Path, count: int, last: datetime, known: Sequence[str], waveform: str = "zeroblob") -> None:
    """A database of records with so many talks until `last`; `known`: keys of callers, each of whom called as often as
    any other. `waveform`: `zeroblob`, or `randomblob` where it is compressed."""
    store = RecordStore.open(url)
    like = "like.this_1"
    ruling = TalkRuling(
        leg="1", queue="servicio", agent="101", record=True, why="yes", said=("queue|servicio|yes|100",)
    )
    call = CallRecord(call="like.this", did=DIDS[0], started=last, ended=last, complete=True, notice="5d9dda17",
                      flow="servicio_directo", outcome=CallOutcome.ANSWERED, rulings=(ruling,), recordings=(like,),
                      keys=("menu:1",), by="caller", cause=16)  # fmt: skip
    store.save(0, [call], {})
    recording = Recording(recording=like, call=call.call, leg="1", queue="servicio", agent="101", finished=last,
                          length_us=1, bytes=1, sha256="0" * 64, file="", did=DIDS[0], direction="inbound",
                          notice="5d9dda17", codec="opus", state=State.KEPT, audio_bytes=1,
                          audio_sha256="0" * 64)  # fmt: skip
    SqlCatalogue(store.engine).keep(recording, b"\0" * WRAPPED)
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as base:
        base.execute("PRAGMA synchronous = OFF")
        base.execute("PRAGMA cache_size = -500000")
        _kinds(base, known)
        numbers: Mapping[str, object] = {"count": count, "last": round(last.timestamp())}
        _multiplied(base, "recordings", _RECORDINGS | {"peaks": f"{waveform}(lengths.peaks)"}, numbers)
        _multiplied(base, "recording_keys", {"recording": _RECORDINGS["recording"]}, numbers)
        _multiplied(base, "calls", _CALLS, numbers)
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _kinds(base: sqlite3.Connection, known: Sequence[str]) -> None:
    """What talks are like, each a thousandth of them; their lengths, of which a few are long; and who called."""
    chance = random.Random(6)
    outcomes = [CallOutcome.ANSWERED.value] * 97 + [outcome.value for outcome in CallOutcome]
    kinds = [
        (k, chance.choice(QUEUES), str(1001 + chance.randrange(AGENTS)), chance.choice(DIDS),
         chance.choices(("inbound", "outbound", "internal"), (90, 8, 2))[0], chance.choice(outcomes), _disposition(k))
        for k in range(KINDS)
    ]  # fmt: skip
    seconds = [-MEAN_SECONDS * math.log(1 - (k + 0.5) / LENGTHS) for k in range(LENGTHS)]
    lengths = [(k, round(s * 1e6), 2 * max(1, min(MOST_PEAKS, int(s * PEAKS_A_SECOND)))) for k, s in enumerate(seconds)]
    whose = [(k, known[k] if k < len(known) else f"{chance.getrandbits(128):032x}") for k in range(CALLERS)]
    base.execute("CREATE TEMP TABLE kinds (k INTEGER PRIMARY KEY, queue, agent, did, direction, outcome, disposition)")
    base.execute("CREATE TEMP TABLE lengths (k INTEGER PRIMARY KEY, us, peaks)")
    base.execute("CREATE TEMP TABLE whose (k INTEGER PRIMARY KEY, caller)")
    base.executemany("INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?)", kinds)
    base.executemany("INSERT INTO lengths VALUES (?, ?, ?)", lengths)
    base.executemany("INSERT INTO whose VALUES (?, ?)", whose)


def _disposition(kind: int) -> str:
    """One kind alone is of a rare one."""
    return DISPOSITIONS[kind % len(DISPOSITIONS)] if kind else "fraude"


def _multiplied(base: sqlite3.Connection, table: str, own: Mapping[str, str], numbers: Mapping[str, object]) -> None:
    """Of the one row of a table so many, with these columns of their own."""
    columns = [str(row[1]) for row in base.execute(f"PRAGMA table_info({table})")]
    names = ", ".join(f'"{name}"' for name in columns)
    indexes = base.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", (table,)
    ).fetchall()
    for name, _ in indexes:
        base.execute(f"DROP INDEX {name}")
    base.execute("BEGIN")
    base.execute(f"CREATE TEMP TABLE {_LIKE} AS SELECT * FROM {table}")
    base.execute(f"DELETE FROM {table}")
    values = ", ".join(own.get(name, f'{_LIKE}."{name}"') for name in columns)
    base.execute(
        f"INSERT INTO {table} ({names}) "
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
        f"SELECT {values} FROM n CROSS JOIN {_LIKE} JOIN kinds ON kinds.k = i * 7919 % {KINDS} "
        f"JOIN lengths ON lengths.k = (i * 104729 + i / {LENGTHS}) % {LENGTHS} "
        f"JOIN whose ON whose.k = i * 6700417 % {CALLERS}",
        dict(numbers),
    )
    base.execute(f"DROP TABLE {_LIKE}")
    base.execute("COMMIT")
    for _, sql in indexes:
        base.execute(sql)


def moment(count: int, last: datetime, number: int) -> datetime:
    """When the talk of this number, from 1 to `count`, ended."""
    return last.astimezone(UTC) - timedelta(seconds=(count - number) * APART)
