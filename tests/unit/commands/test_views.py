"""`ivr calls`, `queues` and `explain`, on records and a journal that a server left behind."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner

from acd import facts as f
from acd.codec import encode
from acd.decisions import MakeOffer, PassedOver
from acd.journal import open_journal
from acd.model import AgentId, CallId, OfferId, QueueId, VisitId
from ivr.call import facts as c
from ivr.cli import main
from ivr.clock import LoopClock
from ivr.figures.call_record import CallOutcome, CallRecord, LegRecord, OfferRecord, VisitRecord
from ivr.records.store import RecordStore
from tests.records import fresh

CALL = CallId("n1-1795291036.6")
OTHER = CallId("n1-1795291036.60")


@pytest.fixture
def left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instance whose server is down: one call that waits, one that talked, one with a hostile number."""
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path))
    now = LoopClock().now()
    store = RecordStore.open(fresh(tmp_path / "records.sqlite"))
    talked = CallRecord(
        call=OTHER,
        did="6017436967",
        started=now - timedelta(minutes=5),
        ended=now,
        outcome=CallOutcome.ANSWERED,
        complete=True,
        caller="key",
        keys=("menu:3",),
        queue="cartera",
        agent="301",
        wait_us=5_000_000,
        talk_us=65_000_000,
        recordings=("r",),
        by="agent",
    )
    waits = CallRecord(call=CALL, did="6017436967", started=now, caller="bad", step="servicio")
    visit = VisitRecord(visit=f"{CALL}/1", call=CALL, queue="servicio", joined=now - timedelta(seconds=75))
    offer = OfferRecord(offer="1", visit=visit.visit, call=CALL, queue="servicio", agent="101", made=now)
    states = {
        "tally": {
            "counters": {"joined": [["servicio", 3]], "visits": [["servicio", "answered", 1], ["servicio", "left", 1]]}
        },
    }
    leg = LegRecord(
        call=OTHER,
        n=1,
        kind="offer",
        agent="301",
        queue="cartera",
        offer="0",
        began=now,
        answered=now,
        ended=now,
        result="answered",
        talk_us=65_000_000,
        hold_us=4_000_000,
        wrap_us=0,
        transfer="blind: servicio",
    )
    store.save(9, [talked, waits, visit, offer, leg], states)
    store.keep_callers(
        [
            {"caller": "key", "number": "+573000000001", "name": "Eva", "seen": now},
            {"caller": "bad", "number": "\x1b[2J[red]1", "name": "", "seen": now},
        ]
    )
    store.close()
    yield tmp_path


def ivr(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_calls_are_listed_with_masked_numbers(left_behind: Path) -> None:
    text = ivr("calls")
    assert "+*********001" in text and "3000000001" not in text
    line = next(line for line in text.splitlines() if OTHER in line)
    for part in ("6017436967", "3", "cartera", "301", "0:05", "1:05 (recorded)", "answered", "agent"):
        assert part in line
    assert "now in servicio" in text


@pytest.mark.parametrize("columns", ["80", "100", "149", "150"])
def test_a_narrow_terminal_cuts_no_id(columns: str, left_behind: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich believe in a terminal
    monkeypatch.setenv("COLUMNS", columns)
    text = ivr("calls")
    assert CALL in text and OTHER in text and "cartera" in text
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in text.splitlines()) <= int(columns)


def test_times_are_those_of_the_site_whatever_the_machine_thinks(
    left_behind: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    rows = [json.loads(line) for line in CliRunner().invoke(main, ["calls", "--json"]).output.splitlines()]
    shown = CliRunner().invoke(main, ["calls"]).output
    for row in rows:
        bogota = datetime.fromisoformat(row["started"]).astimezone(timezone(timedelta(hours=-5)))
        assert bogota.strftime("%Y-%m-%d %H:%M:%S") in shown


def test_numbers_are_shown_when_asked_for(left_behind: Path) -> None:
    assert "+573000000001" in ivr("calls", "--numbers")


def test_a_hostile_number_reaches_no_terminal(left_behind: Path) -> None:
    for arguments in (("calls", "--numbers"), ("calls", "--json", "--numbers")):
        assert "\x1b[2J" not in ivr(*arguments)
    assert "[red]1" in ivr("calls", "--numbers")  # shown as it is, not obeyed


def test_calls_as_json_are_one_object_a_line(left_behind: Path) -> None:
    newest, oldest = [json.loads(line) for line in ivr("calls", "--json").splitlines()]
    assert newest["call"] == CALL and newest["outcome"] is None
    assert oldest["outcome"] == "answered" and oldest["talk_us"] == 65_000_000 and oldest["keys"] == ["menu:3"]
    assert newest["legs"] == []
    assert [(leg["agent"], leg["hold_us"], leg["transfer"]) for leg in oldest["legs"]] == [
        ("301", 4_000_000, "blind: servicio")
    ]


def test_queues_show_who_waits_and_what_became_of_the_others(left_behind: Path) -> None:
    (row,) = [json.loads(line) for line in ivr("queues", "--json").splitlines()]
    assert (row["queue"], row["waiting"], row["joined"], row["answered"], row["other"]) == ("servicio", 1, 3, 1, 1)
    assert row["longest_wait_us"] >= 75_000_000
    assert "servicio" in ivr("queues")


@pytest.mark.parametrize("view", ["calls", "queues", "agents", "explain n1-7.0"])
def test_before_the_first_start_a_view_says_what_to_do(
    view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRALITA_VAR", str(tmp_path / "empty"))
    result = CliRunner().invoke(main, view.split())
    assert result.exit_code == 1 and "make run" in result.output and "Traceback" not in result.output


def journalled(folder: Path) -> None:
    now = LoopClock().now()

    async def write() -> None:
        journal = await open_journal(f"sqlite:///{folder / 'journal.sqlite'}", LoopClock())
        offer = MakeOffer(
            offer=OfferId("1"),
            visit=VisitId(f"{CALL}/1"),
            call=CALL,
            queue=QueueId("servicio"),
            agent=AgentId("101"),
            ring_us=15_000_000,
            rule="longest idle",
            others=(PassedOver(who="102", why="wrap-up"),),
        )
        joined = f.CallerJoined(at=now, t=0, visit=VisitId(f"{CALL}/1"), call=CALL, queue=QueueId("servicio"))
        entries = [
            (c.CallStarted(at=now, call=CALL, did="6017436967", caller="k", flow="linea", config="v1"), []),
            (c.StepEntered(at=now, call=OTHER, flow="linea", step="another_calls_step", verb="play"), []),
            (joined, [offer]),
            (f.OfferBridged(at=now, t=0, offer=OfferId("1")), []),
            (c.CallEnded(at=now, call=CALL, cause=16, by="caller"), []),
        ]
        for event, decisions in entries:
            await journal.append(now, encode(event), [encode(x) for x in decisions])
        await journal.close()

    asyncio.run(write())


def test_explain_tells_facts_decisions_and_reasons_of_this_call_only(left_behind: Path) -> None:
    import threading

    # A command runs in a process of its own; here the test's loop is running, so it gets a thread.
    texts: list[str] = []

    def work() -> None:
        journalled(left_behind)
        texts.extend(ivr("explain", CALL, *more) for more in ([], ["--language", "en"]))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    told = [[line.split("  ", 1)[-1].strip() for line in text.splitlines()] for text in texts]
    assert told[0][:2] == ["entra la llamada por el 6017436967, flujo linea, versión v1", "espera en la cola servicio"]
    assert told[1] == [
        "call came in on 6017436967, flow linea, version v1",
        "joined queue servicio",
        "-> ring agent 101 for 15.0 s (offer 1)",
        "rule: longest idle",
        "not 102: wrap-up",
        "caller and agent talk",
        "call ended, hung up by caller, cause 16",
        "Queue servicio: waited 0.0 s, still waits. Offers: none.",
        "There was nothing to try.",
    ]
