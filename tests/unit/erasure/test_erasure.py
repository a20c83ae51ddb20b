"""After an erasure no file of the instance holds the number, and every figure is as before."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from acd.model import CallId
from ivr.access.model import Role
from ivr.audit.store import Wanted
from ivr.call import facts as c
from ivr.erasure.erasure import OnTheLine
from ivr.erasure.number import NotANumber
from ivr.erasure.report import Report, told
from ivr.erasure.stores import Left, Place
from ivr.erasure.sweep import NotSwept, Swept
from ivr.exchange.cel_import import CelImport
from ivr.records.ledger import Ledger
from ivr.testing.api import ADMIN, AUDITOR, MONITOR, Api, principal
from tests.tools import run
from tests.unit.erasure.house import ANA, DID, EVA, Instance, busy


def counts(report: Report) -> dict[str, tuple[int, int, int]]:
    return {line.place.value: (line.held, line.erased, line.left) for line in report.lines}


@run
async def test_after_an_erasure_no_file_holds_the_number_and_every_figure_is_as_before(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    before, evas = house.figures(), house.holding(EVA)
    assert {"records.sqlite", "asterisk/log/messages.log.2.gz", "asterisk/log/cel-custom/cel.csv.1"} & {*evas}
    assert len([name for name in house.holding(ANA) if name.startswith("asterisk/log")]) == 7
    report = await house.erasure.erase(house.erasure.number("300 123 4567"), "ana")
    assert report.complete and report.swept is not None and report.swept.files > 10
    assert counts(report) == {
        "others": (0, 0, 0),
        "events": (42, 42, 0),
        "logs": (24, 24, 0),
        "messages": (6, 6, 0),
        "recordings": (6, 6, 0),
        "look-ups": (0, 0, 0),
        "lists": (0, 0, 0),
        "versions": (0, 0, 0),
        "calls": (6, 0, 6),
        "number": (1, 1, 0),
    }
    assert house.holding(ANA) == {}
    assert house.figures() == before
    assert {name: n for name, n in house.holding(EVA).items() if "records" not in name} == {
        name: n for name, n in evas.items() if "records" not in name
    }
    (call,) = [call for call in house.ledger.projection.calls if call.endswith(".2")]
    evas_key = house.ledger.projection.calls[call].caller
    assert house.ledger.store.numbers_of([evas_key]) == {evas_key: f"+57{EVA}"}
    assert [m.caller for m in house.inbox.everything()] == [evas_key] * 3
    assert len([*house.paths.recordings.glob("*.raw")]) == 3
    await house.close()
    assert house.holding(ANA) == {}


@run
async def test_a_search_tells_everything_and_changes_nothing(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    files = house.holding(ANA)
    report = await house.erasure.find(house.erasure.number(ANA), "ana")
    assert report.known and not report.erased and report.swept is None and house.holding(ANA) == files
    places = {line.place: line for line in report.lines}
    assert len(places) == len(Place) and places[Place.CALLS].why is Left.FIGURES
    call = places[Place.CALLS].things[0]
    assert (call["did"], call["outcome"], call["recordings"], call["messages"]) == (DID, "answered", 1, 1)
    assert places[Place.NUMBER].things[0]["name"] is True
    assert {thing["state"] for thing in places[Place.MESSAGES].things} == {"new"}
    for language in ("es", "en"):
        text = told(report, language)
        assert ANA not in text and "1234567" not in text and "servicio" in text
    nobody = await house.erasure.find(house.erasure.number("3201112233"), "ana")
    assert not nobody.known and "Nothing is kept" in told(nobody, "en")
    await house.close()


@run
async def test_an_erasure_after_which_nobody_could_look_is_not_complete(tmp_path: Path) -> None:
    house = await busy(tmp_path)

    async def no_look(number: Any) -> Any:
        raise NotSwept("no process can be started")

    house.erasure._look = no_look  # type: ignore[method-assign]
    report = await house.erasure.erase(house.erasure.number(ANA), "ana")
    assert not report.complete and report.remarks == ("! no process can be started",)
    assert "NOT complete" in told(report, "en")
    await house.close()


@run
async def test_what_waits_to_be_written_is_erased_too_and_the_next_call_begins_anew(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    house.ledger.caller_key(ANA, "Ana")  # seen again, not in the database yet
    await house.erasure.erase(house.erasure.number(ANA), "ana")
    await house.ledger.flush()
    assert house.holding(ANA) == {}
    await house.call(20, ANA)
    await house.ledger.flush()
    report = await house.erasure.find(house.erasure.number(ANA), "ana")
    assert counts(report)["calls"][0] == 7 and counts(report)["messages"][0] == 1
    await house.close()


@run
async def test_the_channel_events_are_read_on_from_the_same_byte_and_bring_nothing_back(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    told_: list[Any] = []

    class Desk:
        def submit(self, fact: Any) -> None:
            told_.append(fact)

        def record(self, event: Any, key: str | None = None) -> None:
            told_.append(event)

    async def imported(ledger: Ledger) -> int:
        cel = CelImport(house.paths.log / "cel-custom" / "cel.csv", ledger.store, Desk(), house.clock)
        found = await cel.fill_gap(ledger.projection, ledger.caller_key, "v1")
        assert cel.broken == 0
        return found

    assert await imported(house.ledger) == 0  # everything was known
    spot = house.ledger.store.state("cel")
    await house.erasure.erase(house.erasure.number(ANA), "ana")
    assert house.ledger.store.state("cel") == spot
    await house.call(30, EVA)
    assert await imported(house.ledger) == 0
    await house.ledger.flush()
    assert house.holding(ANA) == {}
    # Journal and records are lost: the calls are told again by the channel events, and nobody's number with them.
    other = tmp_path / "other.sqlite"
    fresh = await Ledger.open(f"sqlite:///{other}", clock=house.clock, keys=house.ledger._keys, dids=[DID])
    await imported(fresh)
    started = [event for event in told_ if isinstance(event, c.CallStarted)]
    # Of the rotated and packed file nobody reads; six of the ten calls stand in the others.
    assert len(started) == 6 and {event.caller for event in started if event.caller} == {house.ledger.caller_key(EVA)}
    await fresh.close()
    assert ANA.encode() not in other.read_bytes()
    await house.close()


@run
async def test_who_is_on_the_line_is_not_erased(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    key = house.ledger.caller_key(ANA)
    call = CallId("n1-1795299999.99")
    await house.tell(c.CallStarted(at=house.clock.now(), call=call, did=DID, caller=key, flow="x", config="v1"))
    files = house.holding(ANA)
    with pytest.raises(OnTheLine) as living:
        await house.erasure.erase(house.erasure.number(ANA), "ana")
    assert living.value.calls == (call,) and {*files} == {*house.holding(ANA)}
    await house.tell(c.CallEnded(at=house.clock.now(), call=call, cause=16, by="caller"))
    assert (await house.erasure.erase(house.erasure.number(ANA), "ana")).complete
    await house.close()


@run
async def test_lists_are_told_by_line_and_kept_versions_go_when_no_call_has_them(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    vip = house.environment.config / "lists" / "vip.csv"
    vip.write_text(f"number,until,note\n{EVA},,\n+57 300 123-4567,,Doña Ana\n", encoding="utf-8")
    listed = await house.changes.reload("reload", "ana", "", False)
    report = await house.erasure.erase(house.erasure.number(ANA), "ana")
    places = {line.place: line for line in report.lines}
    assert [(Path(t["file"]).name, t["line"]) for t in places[Place.LISTS].things] == [("vip.csv", 3)]
    assert places[Place.LISTS].why is Left.CUSTOMER
    assert places[Place.VERSIONS].why is Left.IN_FORCE and places[Place.VERSIONS].left == 1
    assert "quite usted esas líneas" in told(report, "es")
    vip.write_text(f"number,until,note\n{EVA},,\n", encoding="utf-8")
    await house.changes.reload("reload", "ana", "", False)
    house.changes.editions.forget([])
    report = await house.erasure.erase(house.erasure.number(ANA), "ana")
    places = {line.place: line for line in report.lines}
    assert (places[Place.VERSIONS].erased, places[Place.VERSIONS].left, places[Place.LISTS].left) == (1, 0, 0)
    assert listed.version[:12] not in {kept.edition for kept in house.changes.copies.all()}
    assert not [f for f in (house.var / "versions").rglob("*.csv") if "123-4567" in f.read_text()]
    assert not [f for f in (house.var / "versions" / ".content").iterdir() if b"123-4567" in f.read_bytes()]
    await house.close()


@run
async def test_an_erasure_that_a_crash_ended_is_finished_at_the_next_start(tmp_path: Path) -> None:
    house = await busy(tmp_path)

    class Crash(BaseException):
        """What kill -9 is to those who wait."""

    def crash(*_: Any) -> Any:
        raise Crash

    number = house.erasure.number(ANA)
    inside = house.ledger.forget
    house.ledger.forget = crash  # type: ignore[method-assign]
    with pytest.raises(Crash):
        await house.erasure.erase(number, "ana")
    house.ledger.forget = inside  # type: ignore[method-assign]
    assert {*house.holding(ANA)} <= {"records.sqlite", "records.sqlite-wal"} and house.holding(ANA)
    (pending,) = (house.var / "erasures").iterdir()
    assert pending.stat().st_mode & 0o777 == 0o600
    await house.close()
    await house.open()
    while [*(house.var / "erasures").iterdir()]:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    assert house.holding(ANA) == {}
    begun = house.audit.store.find(Wanted(action="callers.erase.begun"), 10)
    assert [entry["who"] for entry in begun] == ["ana", "ana"]
    await house.close()


@run
async def test_while_an_erasure_runs_others_are_found_and_a_second_one_is_told_to_come_again(tmp_path: Path) -> None:
    """A look through all files takes minutes: who waits for it without a word holds a place of the few."""
    house = await busy(tmp_path)
    api = Api([house.routes])
    begun, go = threading.Event(), threading.Event()

    def look(number: Any) -> Any:
        begun.set()
        assert go.wait(20)
        return Swept()

    house.erasure._look = lambda number: asyncio.to_thread(look, number)  # type: ignore[method-assign]
    first = asyncio.ensure_future(api.ask(ADMIN, "POST", "/callers/erase", {"number": ANA, "sure": True}))
    await asyncio.to_thread(begun.wait, 20)
    found = await asyncio.wait_for(api.told(AUDITOR, "POST", "/callers/search", {"number": EVA}), 10)
    assert found["known"] and not found["erased"]
    since = house.clock.now().isoformat(timespec="seconds")
    second = await asyncio.wait_for(api.ask(ADMIN, "POST", "/callers/erase", {"number": EVA, "sure": True}), 10)
    assert second.status_code == 409 and f"another erasure runs since {since}" in second.json()["error"]
    assert house.holding(EVA)
    go.set()
    assert (await first).status_code == 200
    third = await api.told(ADMIN, "POST", "/callers/erase", {"number": EVA, "sure": True})
    assert third["erased"] and house.holding(EVA) == {}
    await house.close()


@run
async def test_a_place_that_cannot_do_it_is_told_and_the_rest_is_done(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    damaged = house.paths.log / "messages.log.9.gz"
    damaged.write_bytes(b"\x1f\x8b nothing of the kind")
    (house.paths.log / "messages.log.8.xz").write_bytes(b"packed")
    with sqlite3.connect(house.var / "records.sqlite") as connection:
        connection.execute("ALTER TABLE recordings RENAME TO away")
    connection.close()
    report = await house.erasure.erase(house.erasure.number(ANA), "ana")
    places = {line.place: line for line in report.lines}
    assert not report.complete and "no such table" in places[Place.RECORDINGS].trouble
    assert places[Place.LOGS].why is Left.UNREADABLE and places[Place.LOGS].left == 2
    assert "NO está completa" in told(report, "es")
    damaged.unlink()
    assert house.holding(ANA) == {}
    (house.paths.log / "messages.log.8.xz").unlink()
    with sqlite3.connect(house.var / "records.sqlite") as connection:
        connection.execute("ALTER TABLE away RENAME TO recordings")
    connection.close()
    again = await house.erasure.erase(house.erasure.number(ANA), "ana")
    assert again.complete and not [*(house.var / "erasures").iterdir()]
    assert counts(again)["recordings"] == (6, 6, 0)
    await house.close()


@pytest.mark.parametrize("text", ["101", "", "anonymous", "ana", "'; DROP TABLE", "0", "9" * 40, DID, "+57" + DID])
@run
async def test_what_is_no_callers_number_is_refused(tmp_path: Path, text: str) -> None:
    house = await Instance.begin(tmp_path)
    with pytest.raises(NotANumber):
        house.erasure.number(text)
    await house.close()


@run
async def test_over_the_api(tmp_path: Path) -> None:
    house = await busy(tmp_path)
    api = Api([house.routes])
    found = await api.told(AUDITOR, "POST", "/callers/search", {"number": "300 123 4567", "language": "en"})
    assert found["known"] and not found["erased"] and "Voice messages: 6" in found["text"]
    noted = api.door.noted[-1].note
    assert noted.action == "callers.search" and noted.object.split() == found["callers"]
    assert noted.detail["places"]["calls"] == 6 and ANA not in str(noted)
    others = (AUDITOR, MONITOR, principal(Role.SUPERVISOR, queues=["servicio"]), principal(Role.AGENT, extension="101"))
    for who in others:
        assert await api.status(who, "POST", "/callers/erase", {"number": ANA, "sure": True}) == 403
        if who is not AUDITOR:
            assert await api.status(who, "POST", "/callers/search", {"number": ANA}) == 403
    assert await api.status(ADMIN, "POST", "/callers/search", {"number": "101"}) == 400
    assert await api.status(ADMIN, "POST", "/callers/search", {"number": 7}) == 400
    assert await api.status(ADMIN, "POST", "/callers/erase", {"number": ANA}) == 409
    assert house.holding(ANA)
    report = await api.told(ADMIN, "POST", "/callers/erase", {"number": ANA, "sure": True})
    assert report["complete"] and report["swept"]["found"] == {} and "está completa" in report["text"]
    noted = api.door.noted[-1].note
    assert (noted.action, noted.detail["places"]["messages"], noted.detail["complete"]) == ("callers.erase", 6, True)
    assert house.holding(ANA) == {} and "4567" not in str(report)
    await house.audit.close()
    assert await api.status(ADMIN, "POST", "/callers/erase", {"number": EVA, "sure": True}) == 503
    assert house.holding(EVA)
    await house.close()
