"""Calls over the API, on real records."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from acd.model import OfferResult, VisitOutcome
from ivr.access.model import Role
from ivr.calls.routes import CallRoutes
from ivr.calls.telling import NotTold, Story, Told
from ivr.cli import main
from ivr.commands import calls as command
from ivr.control import client
from ivr.figures.call_record import CallOutcome, CallRecord, Dial, LegRecord, OfferRecord, VisitRecord
from ivr.figures.projection import Projection
from ivr.records.store import RecordStore
from ivr.records.tables import callers as callers_table
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, control, principal
from ivr.web.api.paging import After
from tests.records import fresh
from tests.tools import run

AT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
NUMBER = "+573001234567"
SITE: Any = SimpleNamespace(
    zone=ZoneInfo("America/Bogota"),
    language="es-CO",
    queues={
        "servicio": SimpleNamespace(agents_ever=("101",), open=""),
        "cartera": SimpleNamespace(agents_ever=("301",), open=""),
    },
    mailboxes={},
)
OWN = principal(Role.SUPERVISOR, queues=["cartera"])
SELF = principal(Role.AGENT, extension="101")


def a_call(n: int, queue: str, agent: str, talked: bool = True) -> list[Any]:
    """Call `n`, n minutes after the first one, that was in a queue and rang at an agent."""
    name, began = f"n1-{n}.0", AT + timedelta(minutes=n)
    call = CallRecord(
        call=name,
        did="6017436967",
        started=began,
        ended=began + timedelta(seconds=30),
        complete=True,
        caller="key" if n % 2 else "other",
        queue=queue,
        agent=agent if talked else "",
        outcome=CallOutcome.ANSWERED if talked else CallOutcome.ABANDONED,
    )
    outcome = VisitOutcome.ANSWERED if talked else VisitOutcome.ABANDONED
    visit = VisitRecord(visit=f"{name}/1", call=name, queue=queue, joined=began, outcome=outcome)
    leg = LegRecord(
        call=name,
        n=1,
        kind="offer",
        agent=agent,
        queue=queue,
        offer=f"o{n}",
        began=began,
        answered=began if talked else None,
        ended=began,
        result="answered" if talked else "no answer",
        talk_us=0,
        hold_us=0,
        wrap_us=0,
        transfer="blind: 3109998877" if n == 1 else "",
    )
    return [call, visit, leg]


class Journal:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.story = Story((Told(AT, 0, "entra la llamada"),), ("nothing",))
        self.why = ""

    def tell(self, *asked: str) -> Story:
        self.asked.append(asked)  # type: ignore[arg-type]
        if self.why:
            raise NotTold(self.why)
        return self.story


def routes(store: RecordStore, journal: Journal, fold: Projection | None = None) -> CallRoutes:
    return CallRoutes(
        store,
        fold or Projection(),
        lambda: SITE,
        lambda number: "key" if number.replace(" ", "").endswith("3001234567") else "",
        "sqlite:///journal",
        journal.tell,
    )


@asynccontextmanager
async def serving(folder: Path, fold: Projection | None = None) -> AsyncIterator[tuple[Api, Journal, RecordStore]]:
    store = RecordStore.open(fresh(folder / "records.sqlite"))
    records = [
        *a_call(1, "servicio", "101"),
        *a_call(2, "cartera", "301"),
        *a_call(3, "servicio", "101", talked=False),
        *a_call(4, "servicio", "102"),
    ]
    store.save(1, records, {})
    callers = [{"caller": "key", "number": NUMBER, "name": "Eva"}, {"caller": "other", "number": "100", "name": ""}]
    store.keep_callers([{**row, "seen": AT} for row in callers])
    journal = Journal()
    try:
        yield Api([routes(store, journal, fold)]), journal, store
    finally:
        store.close()


async def names(api: Api, who: Any, **query: Any) -> list[str]:
    return [call["call"] for call in (await api.told(who, "GET", "/calls", **query))["calls"]]


@run
async def test_everybody_finds_the_calls_within_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, _store):
        everything = ["n1-4.0", "n1-3.0", "n1-2.0", "n1-1.0"]
        for who, seen in (
            (ADMIN, everything),
            (AUDITOR, everything),
            (OWN, ["n1-2.0"]),
            (SELF, ["n1-1.0"]),
            (principal(Role.SUPERVISOR), []),
            (principal(Role.AGENT), []),
        ):
            assert await names(api, who) == seen
            for call in everything:
                assert await api.status(who, "GET", f"/calls/{call}") == (200 if call in seen else 404)
        for path in ("/calls", "/calls/live", "/calls/n1-1.0", "/calls/n1-1.0/explanation"):
            assert await api.status(MONITOR, "GET", path) == 403
            assert await api.status(None, "GET", path) == 401
        assert await api.status(MONITOR, "POST", "/calls/search", {}) == 403
        assert not api.door.begun, "a search is asked by POST and changes nothing"


@run
async def test_filters_narrow_and_pages_follow_each_other(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, store):
        for query, seen in (
            ({"queue": "cartera"}, [2]),
            ({"agent": "101"}, [1]),
            ({"outcome": "abandoned"}, [3]),
            ({"did": "6017436967", "text": "1-4"}, [4]),
            ({"text": "%"}, []),
            ({"caller": "other"}, [4, 2]),
            ({"from": "2026-11-23T15:03:00Z"}, [4, 3]),
            ({"from": "2026-11-23T10:03:00", "to": "2026-11-23T10:04:00"}, [3]),
            ({"from": "2026-11-24"}, []),
            ({"queue": "servicio", "outcome": "answered"}, [4, 1]),
        ):
            wanted = [f"n1-{n}.0" for n in seen]
            assert await names(api, ADMIN, **query) == wanted, query
            found = await api.told(ADMIN, "POST", "/calls/search", query)
            assert [call["call"] for call in found["calls"]] == wanted, query
        same = [replace(a_call(5, "servicio", "101")[0], call=f"n1-5.{n}") for n in range(3)]
        store.save(2, same, {})  # three that began in the same microsecond
        found, after = [], ""
        while after is not None:
            page = await api.told(ADMIN, "GET", "/calls", limit=2, **({"after": after} if after else {}))
            assert await api.told(ADMIN, "POST", "/calls/search", {"limit": 2, "after": after}) == page
            found += [call["call"] for call in page["calls"]]
            after = page["next"]
        assert found == ["n1-5.2", "n1-5.1", "n1-5.0", "n1-4.0", "n1-3.0", "n1-2.0", "n1-1.0"]


NO_QUESTIONS: list[dict[str, Any]] = [
    {"limit": 0},
    {"limit": 501},
    {"from": "yesterday"},
    {"from": "0.5"},
    {"to": "1732000000"},
    {"from": "0001-01-01T00:00:00+14:00"},
    {"to": "9999-12-31T23:59:59-12:00"},
    {"outcome": "lost"},
    {"after": "AAAA"},
    {"after": "é"},
    {"after": "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCB4"},
    {"text": "x" * 65},
    {"nothing": "x"},
    {"number": "nobody"},
]


@run
async def test_a_question_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, _store):
        for query in NO_QUESTIONS:
            for asked in (api.ask(ADMIN, "GET", "/calls", **query), api.ask(ADMIN, "POST", "/calls/search", query)):
                answer = await asked
                assert answer.status_code == 400 and answer.json()["error"], (query, answer.text)


def test_a_place_to_go_on_from_survives_its_spelling() -> None:
    after = After(AT, "n1-1.0 x")
    assert After.of(after.cursor()) == after


@run
async def test_numbers_are_masked_unless_asked_for_and_then_noted(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, _store):
        masked = str([await api.told(ADMIN, "GET", "/calls", legs=1), await api.told(ADMIN, "GET", "/calls/n1-1.0")])
        assert "3001234567" not in masked and "3109998877" not in masked and "*******567" in masked
        assert not api.door.noted
        shown = await api.told(OWN, "GET", "/calls", numbers=1, legs=1)
        assert [call["number"] for call in shown["calls"]] == ["100"] and len(shown["calls"][0]["legs"]) == 1
        assert api.door.noted[-1].note.detail == {"calls": ["n1-2.0"]}
        assert await api.status(ADMIN, "GET", "/calls", number="300 1234567") == 400, "proxies log addresses"
        found = await api.told(AUDITOR, "POST", "/calls/search", {"number": "300 1234567"})
        assert [call["call"] for call in found["calls"]] == ["n1-3.0", "n1-1.0"]
        assert found["calls"][0]["number"] == "+*********567"
        note = api.door.noted[-1].note
        assert note.action == "calls.search" and note.detail["calls"] == ["n1-3.0", "n1-1.0"]
        assert "300" not in note.detail["number"] and note.detail["number"].endswith("567")
        await api.told(ADMIN, "GET", "/calls", numbers=1, queue="cartera", to="2026-12-01T00:00:00Z", limit=5)
        asked = {"queue": "cartera", "to": "2026-12-01T00:00:00Z"}
        assert api.door.noted[-1].note.detail == {**asked, "calls": ["n1-2.0"]}, "what was looked for"
        whole = await api.told(SELF, "GET", "/calls/n1-1.0", numbers=1)
        assert whole["number"] == NUMBER and whole["legs"][0]["transfer"] == "blind: 3109998877"
        assert whole["visits"][0]["outcome"] == "answered"
        assert api.door.noted[-1].note.action == "calls.show"


@run
async def test_a_call_whose_legs_alone_show_a_number_is_noted_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, store):
        with store.engine.begin() as connection:
            connection.execute(delete(callers_table))
        shown = await api.told(ADMIN, "GET", "/calls", numbers=1, legs=1)
        assert {call["number"] for call in shown["calls"]} == {""} and "3109998877" in str(shown)
        assert api.door.noted[-1].note.detail == {"calls": [call["call"] for call in shown["calls"]]}


@run
async def test_a_story_is_told_of_calls_within_reach(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, journal, _store):
        told = await api.told(OWN, "GET", "/calls/n1-2.0/explanation")
        assert (told["lines"][0]["text"], told["helped"]) == ("entra la llamada", ["nothing"])
        assert journal.asked == [("sqlite:///journal", "n1-2.0", "es-CO")]
        assert api.door.noted[-1].note.action == "calls.explain"
        assert await api.status(OWN, "GET", "/calls/n1-1.0/explanation") == 404
        assert await api.status(SELF, "GET", "/calls/n1-1.0/explanation") == 403
        await api.told(ADMIN, "GET", "/calls/unrecorded/explanation", language="en")
        assert journal.asked[1:] == [("sqlite:///journal", "unrecorded", "en")]
        journal.story = Story()
        assert await api.status(ADMIN, "GET", "/calls/n1-1.0/explanation") == 404
        journal.why = "the journal is away"
        assert await api.status(ADMIN, "GET", "/calls/n1-1.0/explanation") == 503
        assert await api.status(ADMIN, "GET", "/calls/n1-1.0/explanation", language="de") == 400


@run
async def test_records_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    async with serving(tmp_path) as (api, _, store):
        store.close()
        (tmp_path / "records.sqlite").unlink()
        for path in ("/calls", "/calls/n1-1.0"):
            assert await api.status(ADMIN, "GET", path) == 503


def a_fold() -> Projection:
    """Four living calls: in the flow, waiting in cartera, talking after both queues, at an extension."""

    def call(n: int, **more: Any) -> CallRecord:
        return CallRecord(call=f"c{n}", did="601", started=AT + timedelta(seconds=n), caller="key", step="menu", **more)

    def visit(n: int, queue: str, outcome: VisitOutcome | None = None) -> VisitRecord:
        return VisitRecord(visit=f"c{n}/{queue}", call=f"c{n}", queue=queue, joined=AT, outcome=outcome)

    rung = OfferRecord(offer="o1", visit="c3/servicio", call="c3", queue="servicio", agent="101", made=AT)
    answered = {"answered": AT, "bridged": AT + timedelta(seconds=9), "result": OfferResult.ANSWERED}
    return Projection(
        [
            call(1),
            call(2),
            visit(2, "cartera"),
            call(3),
            visit(3, "cartera", VisitOutcome.LEFT),
            visit(3, "servicio", VisitOutcome.ANSWERED),
            replace(rung, **answered),  # type: ignore[arg-type]
            call(4, dials=(Dial(extension="100", begun=AT),)),
        ]
    )


@run
async def test_living_calls_are_told_with_what_they_do(tmp_path: Path) -> None:
    async with serving(tmp_path, a_fold()) as (api, _, _store):
        shown = (await api.told(ADMIN, "GET", "/calls/live"))["calls"]
        assert [(call["call"], call["doing"], call["queue"], call["agent"]) for call in shown] == [
            ("c1", "in the flow", "", ""),
            ("c2", "waiting", "cartera", ""),
            ("c3", "talking", "servicio", "101"),
            ("c4", "at an extension", "", "100"),
        ]
        assert {call["number"] for call in shown} == {"+*********567"} and not api.door.noted
        for who, seen in ((OWN, ["c2", "c3"]), (SELF, ["c3"]), (principal(Role.SUPERVISOR), [])):
            assert [call["call"] for call in (await api.told(who, "GET", "/calls/live"))["calls"]] == seen
        full = (await api.told(OWN, "GET", "/calls/live", numbers=1))["calls"]
        assert {call["number"] for call in full} == {NUMBER}
        assert api.door.noted[-1].note.detail == {"calls": ["c2", "c3"]}


@run
async def test_the_command_sends_a_number_in_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_A_PAGE", 1)
    asked = []

    def ask(environment: Any, method: str, path: str, values: Any) -> Any:
        asked.append((method, path))
        return client.ask(environment, method, path, values)

    monkeypatch.setattr(command, "ask", ask)
    async with serving(tmp_path) as (_, journal, store):
        server = control([routes(store, journal)], tmp_path)
        server.start()
        words, environ = ["calls", "--number", "300 1234567", "--json"], {"CENTRALITA_VAR": str(tmp_path)}
        done = await asyncio.to_thread(CliRunner().invoke, main, words, env=environ)
        await server.close()
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["call"] for line in done.output.splitlines()] == ["n1-3.0", "n1-1.0"]
    assert asked == [("POST", "/calls/search")] * 2
