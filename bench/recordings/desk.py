"""The running server with a catalogue of a million talks: how soon one is found, heard, and what retention would do is
told. Asked over HTTP with a token, on a connection that stays, as a browser has it."""

import asyncio
import http.client
import io
import json
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from bench.recordings.archive import forgotten
from bench.recordings.figures import ms, percentile
from bench.recordings.million import AGENTS, DIDS, filled, moment
from bench.recordings.talk import talk
from ivr.control.client import ask
from ivr.records.callers import CallerKeys
from ivr.records.store import RecordStore
from ivr.testing.installation import Installation
from ivr.web.api.paging import After
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.encode import Codec, encode
from recordings.vault.folder import Vault, new_file
from recordings.vault.keyfiles import parse_recipients
from recordings.vault.keys import new_data_key, wrap

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
SEARCHES, DRY_RUNS = 40, 5
HEARD, HEARD_SECONDS, RANGES = 60, 300, 3
PACE = 0.02
"""Seconds between two questions: the server takes 50 a second of one address."""
NUMBERS = [f"30012{number:05}" for number in range(200)]
QUEUES = ("servicio", "tesoreria", "cartera")
Row = dict[str, str]
Question = tuple[str, Mapping[str, Any]]


class Desk:
    """Somebody who asks."""

    def __init__(self, address: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=120)
        self._head = {"Authorization": f"Bearer {token}"}

    def ask(self, path: str, values: Mapping[str, Any] | None = None) -> tuple[float, dict[str, Any]]:
        """Seconds until the whole answer is there, and the answer."""
        time.sleep(PACE)
        began = perf_counter()
        body = None if values is None else json.dumps(values)
        head = self._head | ({"Content-Type": "application/json"} if body else {})
        self._connection.request("POST" if body else "GET", f"/api{path}", body, head)
        answer = self._connection.getresponse()
        content = answer.read()
        took = perf_counter() - began
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {content[:300]!r}")
        return took, json.loads(content)

    def hear(self, recording: str, begin: int) -> float:
        """Seconds until the first byte of a range is there."""
        time.sleep(PACE)
        began = perf_counter()
        head = self._head | {"Range": f"bytes={begin}-"}
        self._connection.request("GET", f"/api/recordings/{recording}/audio", headers=head)
        answer = self._connection.getresponse()
        first = answer.read(1)
        took = perf_counter() - began
        if answer.status != 206 or not first:
            raise RuntimeError(f"{recording}: {answer.status} {answer.read()[:300]!r}")
        answer.read()
        return took

    def close(self) -> None:
        self._connection.close()


def questions(last: datetime) -> dict[str, Callable[[random.Random], Question]]:
    """What is looked for, by name: the path and values of each question."""

    def at(chance: random.Random) -> datetime:
        return moment(COUNT, last, chance.randrange(COUNT // 10, COUNT))

    def deep(chance: random.Random) -> str:
        return After(at(chance), "n").cursor()

    def day(chance: random.Random) -> Mapping[str, str]:
        end = at(chance)
        return {"from": (end - timedelta(days=1)).isoformat(), "to": end.isoformat()}

    def agent(chance: random.Random) -> str:
        return str(1001 + chance.randrange(AGENTS))

    return {
        "newest": lambda c: ("", {}),
        "deep in the pages": lambda c: ("", {"after": deep(c)}),
        "number": lambda c: ("/search", {"number": c.choice(NUMBERS)}),
        "number and queue": lambda c: ("/search", {"number": c.choice(NUMBERS), "queue": c.choice(QUEUES)}),
        "agent": lambda c: ("", {"agent": agent(c)}),
        "agent, deep": lambda c: ("", {"agent": agent(c), "after": deep(c)}),
        "queue, deep": lambda c: ("", {"queue": c.choice(QUEUES), "after": deep(c)}),
        "a day of a queue": lambda c: ("", {"queue": c.choice(QUEUES), **day(c)}),
        "number that was called, deep": lambda c: ("", {"did": c.choice(DIDS), "after": deep(c)}),
        "number that nobody called": lambda c: ("", {"did": "6019999999"}),
        "direction": lambda c: ("", {"direction": c.choice(("outbound", "internal"))}),
        "longer than 20 min": lambda c: ("", {"shortest": 1200 + c.randrange(60)}),
        "longer than 10 min, deep": lambda c: ("", {"shortest": 600 + c.randrange(60), "after": deep(c)}),
        "longer than 8 min of an agent": lambda c: ("", {"shortest": 480 + c.randrange(60), "agent": agent(c)}),
        "answered": lambda c: ("", {"outcome": "answered", "after": deep(c)}),
        "rare outcome": lambda c: ("", {"outcome": c.choice(("voicemail", "abandoned", "failed")), "after": deep(c)}),
        "disposition, deep": lambda c: ("", {"disposition": c.choice(("venta", "reclamo")), "after": deep(c)}),
        "rare disposition": lambda c: ("", {"disposition": "fraude"}),
        "words of many notes, deep": lambda c: ("/search", {"note": "DEVOLUCIÓN", "after": deep(c)}),
        "words of one note or none": lambda c: (
            "/search",
            {"note": f"factura {c.randrange(COUNT)};", "after": deep(c)},
        ),
        "words of a note, of an agent": lambda c: ("/search", {"note": "nobody wrote this", "agent": agent(c)}),
        "in the vault, of a queue": lambda c: ("", {"state": "kept", "queue": c.choice(QUEUES), "after": deep(c)}),
    }


def found(desk: Desk, supervisor: Desk, last: datetime) -> Iterator[Row]:
    """How soon recordings are found."""
    asked = {name: (desk, question) for name, question in questions(last).items()}
    for name in ("deep in the pages", "number", "longer than 20 min"):
        asked[f"supervisor of three queues: {name}"] = (supervisor, asked[name][1])
    chance, took, all_of_them = random.Random(7), dict[str, list[float]](), list[float]()
    for _ in range(SEARCHES):
        for name, (who, question) in asked.items():
            path, values = question(chance)
            if path:
                seconds, _ = who.ask(f"/recordings{path}", values)
            else:
                seconds, _ = who.ask(f"/recordings?{urlencode(values)}")
            took.setdefault(name, []).append(seconds)
    for name, values in took.items():
        all_of_them += values
        yield _search(name, values)
    yield _search("all of these", all_of_them)


def _search(name: str, took: Sequence[float]) -> Row:
    slowest = f"{max(took) * 1000:.1f}"
    row = {f"search in {COUNT:,} recordings": name, "p50 ms": ms(took, 0.5), "p99 ms": ms(took, 0.99)}
    return {**row, "slowest ms": slowest, "bound ms": "200"}


def dry_run(desk: Desk) -> Row:
    """What retention would do now."""
    told = [desk.ask("/recordings/retention") for _ in range(DRY_RUNS)]
    due = told[0][1]["delete"]["count"]
    took = [seconds for seconds, _ in told]
    return {
        "dry run of retention": f"{COUNT:,} recordings, {due:,} due",
        "median s": f"{percentile(took, 0.5):.2f}",
        "slowest s": f"{max(took):.2f}",
        "bound s": "5",
    }


def heard(desk: Desk, rows: Sequence[Recording], vault: Path) -> Iterator[Row]:
    """How soon the first byte comes, of a file that is no longer in memory."""
    chance = random.Random(8)
    first, later = list[float](), list[float]()
    for row in rows:
        for number in range(1 + RANGES):
            forgotten(vault / row.file)
            took = desk.hear(row.recording, chance.randrange(row.audio_bytes // 4, row.audio_bytes - 1))
            (later if number else first).append(took)
    for name, values in (("first range, which is noted in the audit", first), ("further ranges", later)):
        yield {
            f"first byte, {HEARD_SECONDS // 60} min, from the middle": name,
            "p50 ms": ms(values, 0.5),
            "p99 ms": ms(values, 0.99),
            "slowest ms": f"{max(values) * 1000:.1f}",
            "bound ms": "100",
        }


def sealed(line: Installation, now: datetime) -> list[Recording]:
    """Recordings of five minutes in the vault, each with its own key; the same talk in all of them."""
    raw, audio = line.folder / "talk.raw", io.BytesIO()
    raw.write_bytes(talk(HEARD_SECONDS, 1))
    done = encode(raw, audio, Codec.OPUS)
    recipients = parse_recipients(line.paths.recipients.read_text(), "recipients")
    store, vault, rows = RecordStore.open(line.environment.records), Vault(line.paths.vault), []
    for number in range(HEARD):
        name, key, file = f"n1-1.{number}_{secrets.token_hex(8)}", new_data_key(), new_file(now.date())
        audio.seek(0)
        made = vault.admit(audio, key, file)
        call, _, leg = name.partition("_")
        row = Recording(recording=name, call=call, leg=leg, queue="servicio", agent="101", finished=now,
                        length_us=HEARD_SECONDS * 1_000_000, bytes=made.stored_bytes, sha256=made.stored_sha256,
                        file=file, codec="opus", state=State.KEPT, audio_bytes=made.plain_bytes,
                        audio_sha256=made.plain_sha256, peaks=done.peaks)  # fmt: skip
        SqlCatalogue(store.engine).keep(row, wrap(key, name, recipients))
        rows.append(row)
    store.close()
    return rows


def token(line: Installation, account: Mapping[str, Any]) -> str:
    """Of a new account."""
    ask(line.environment, "POST", "/accounts", {**account, "login": False})
    made = ask(line.environment, "POST", "/tokens", {"account": account["name"], "scopes": ["recordings:read"]})
    return str(made["text"])


async def measured() -> list[Row]:
    """All of it."""
    now = datetime.now(UTC).replace(microsecond=0)
    local = now - timedelta(hours=5)
    quiet = f"{local + timedelta(hours=10):%H:%M} to {local + timedelta(hours=11):%H:%M}"  # not while we look
    with tempfile.TemporaryDirectory(prefix="cb-", ignore_cleanup_errors=True) as folder:
        changes = {"recordings.yaml": {"quiet hours": quiet}}
        line = await Installation.start(Path(folder), changes=changes, server=False)
        try:
            keys = CallerKeys(bytes.fromhex((line.paths.secrets / "caller.key").read_text()))
            filled(line.environment.records, line.paths.var / "records.sqlite", COUNT, now - timedelta(minutes=1),
                   [keys.key_of(number) for number in NUMBERS])  # fmt: skip
            rows = sealed(line, now)
            await line.start_server()
            return await asyncio.to_thread(_asked, line, rows, now)
        finally:
            await line.stop()


def _asked(line: Installation, rows: Sequence[Recording], now: datetime) -> list[Row]:
    address = str(line.environment.http)
    supervisor = {"name": "jefe", "role": "supervisor", "queues": list(QUEUES)}
    with (
        closing(Desk(address, token(line, {"name": "banco", "role": "admin"}))) as desk,
        closing(Desk(address, token(line, supervisor))) as second,
    ):
        return [*found(desk, second, now), dry_run(desk), *heard(desk, rows, line.paths.vault)]


def main() -> list[Row]:
    """Rows for bench/RESULTS.md."""
    return asyncio.run(measured())


if __name__ == "__main__":
    for line in main():
        print(line)
