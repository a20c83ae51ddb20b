"""The audit over the API: pages, export that others can verify, and who may not see it."""

import asyncio
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.access.model import Role
from ivr.audit.audit import Audit
from ivr.audit.chain import GENESIS, Entry, digest
from ivr.audit.routes import AuditRoutes, cell
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from ivr.testing.clock import ManualClock
from tests.tools import run
from tests.unit.audit.house import opened
from tests.unit.audit.test_audit import tampered

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


async def filled(folder: Path, count: int = 7) -> tuple[Audit, Api]:
    audit = await opened(folder, ManualClock())
    entries = [
        Entry(at=AT + timedelta(hours=n), action="agent.pause", who="=ana", object=f"10{n}", after=["á", n])
        for n in range(count)
    ]
    await asyncio.gather(*map(audit.append, entries))
    return audit, Api([AuditRoutes(audit)])


@run
async def test_it_is_read_page_by_page(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path)
    seen: list[int] = []
    more: dict[str, Any] = {}
    while True:
        page = await api.told(AUDITOR, "GET", "/audit", limit=3, **more)
        seen += [entry["seq"] for entry in page["entries"]]
        if page["next"] is None:
            break
        more = {"before": page["next"]}
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    (one,) = (await api.told(ADMIN, "GET", "/audit", object="104"))["entries"]
    assert (one["who"], one["after"], one["result"]) == ("=ana", ["á", 4], "done")
    since = (AT + timedelta(hours=5)).astimezone().isoformat()
    assert len((await api.told(ADMIN, "GET", "/audit", since=since))["entries"]) == 2
    assert api.door.noted == []
    await audit.close()


@run
async def test_what_is_not_understood_is_said(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 1)
    for wrong in (
        {"since": "yesterday"},
        {"since": "2026-11-23T15:00:00"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"limit": 0},
        {"limit": 10**6},
        {"before": -1},
        {"before": 2**70},
        {"object": "x" * 300},
    ):
        answer = await api.ask(ADMIN, "GET", "/audit", **wrong)
        assert answer.status_code == 400 and answer.json()["problems"], wrong
    assert await api.status(ADMIN, "GET", "/audit/export", format="xml") == 400
    assert (await api.told(ADMIN, "GET", "/audit", address="\0'; --", action="*", object="%"))["entries"] == []
    await audit.close()


@run
async def test_nobody_else_sees_it(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 1)
    others = (MONITOR, principal(Role.SUPERVISOR, queues=["servicio"]), principal(Role.AGENT, extension="101"))
    for path in ("/audit", "/audit/export", "/audit/verify"):
        assert [await api.status(who, "GET", path) for who in (None, *others)] == [401, 403, 403, 403]
        token = principal(Role.ADMIN, scopes=["calls:read"])
        assert await api.status(token, "GET", path) == 403
        assert await api.status(principal(Role.AUDITOR, scopes=["audit:read"]), "GET", path) == 200
    await audit.close()


@run
async def test_an_export_is_verified_without_us(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 450)
    answer = await api.ask(AUDITOR, "GET", "/audit/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    before = GENESIS
    for line in answer.text.splitlines():
        match = re.fullmatch(r'\{"hash":"([0-9a-f]{64})","entry":(.*)\}', line)
        assert match is not None and digest(before, match[2]) == match[1] == json.loads(line)["hash"]
        before = match[1]
    assert before == audit.store.last()[1]
    assert (api.door.noted[-1].note.action, api.door.noted[-1].note.detail["upto"]) == ("audit.export", 450)
    rows = list(csv.DictReader(io.StringIO((await api.ask(ADMIN, "GET", "/audit/export", format="csv")).text)))
    assert len(rows) == 450 and rows[4] | {"hash": ""} == rows[4] | {"seq": "5", "who": "'=ana", "hash": ""}
    some = await api.ask(ADMIN, "GET", "/audit/export", until=(AT + timedelta(hours=10)).isoformat())
    assert len(some.text.splitlines()) == 10
    await audit.close()


@run
async def test_a_tampered_entry_neither_ends_an_export_nor_pretends_to_be_several(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path, 3)
    for text in ("no JSON", "{}\n{}", "{}\n", '{"seq":\n1}', "[" * 5_000):
        tampered(tmp_path, f"UPDATE audit SET entry = '{text}' WHERE seq = 2")
        lines = (await api.ask(AUDITOR, "GET", "/audit/export")).text.splitlines()
        assert len(lines) == 3 and json.loads(lines[2])["entry"]["seq"] == 3
        assert json.loads(lines[1]) == {"hash": json.loads(lines[1])["hash"], "entry": None, "seq": 2, "text": text}
        table = (await api.ask(AUDITOR, "GET", "/audit/export", format="csv")).text
        assert len(table.splitlines()) == 4
    await audit.close()


def test_no_cell_is_a_formula_or_more_than_a_line() -> None:
    assert [cell(value) for value in ("=1+1", "-1", "@x", "a\nb", None, {}, 7, ["x"])] == [
        "'=1+1",
        "'-1",
        "'@x",
        "a b",
        "",
        "",
        "7",
        "['x']",
    ]


def test_no_cell_becomes_a_formula_where_semicolons_part_cells() -> None:
    for hostile in ("x;=1+1", 'x;"=1+1"', "x;'@A1", "x,-1", "x;+1"):
        written = io.StringIO(newline="")
        csv.writer(written).writerow(["1", cell(hostile)])
        parted = [part.strip("\"'\r\n") for part in re.split("[;,]", written.getvalue())]
        assert not [part for part in parted if part.startswith(("=", "+", "-", "@"))], parted


@run
async def test_verification_tells_what_is_wrong_and_is_noted(tmp_path: Path) -> None:
    audit, api = await filled(tmp_path)
    told = await api.told(AUDITOR, "GET", "/audit/verify")
    assert told == {"sound": True, "entries": 7, "last": 7, "hash": audit.store.last()[1], "faults": []}
    tampered(tmp_path, "DELETE FROM audit WHERE seq = 3")
    told = await api.told(AUDITOR, "GET", "/audit/verify")
    assert not told["sound"] and (told["faults"][0]["seq"], told["faults"][0]["kind"]) == (3, "missing")
    assert api.door.noted[-1].note.after == {"sound": False, "last": 7, "faults": 1}
    tampered(tmp_path, "ALTER TABLE audit RENAME TO away")
    for path in ("/audit", "/audit/export", "/audit/verify"):
        assert await api.status(AUDITOR, "GET", path) == 503
    await audit.close()
