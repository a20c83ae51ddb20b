"""Channel events as a real Asterisk 22.10 wrote them (cel.csv beside this file): rows, facts, torn and forged lines."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from acd import decisions as d
from acd import facts as f
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from ivr.asterisk.cel import FIELDS, Row, RowReader, parse_row
from ivr.call import facts as c
from ivr.exchange.cel_import import CelImport
from ivr.exchange.cel_story import Story
from ivr.figures.projection import Projection
from ivr.testing.clock import ManualClock
from tests.tools import run

CAPTURED = Path(__file__).with_name("cel.csv")
MAPPING = Path(__file__).parents[3] / "asterisk-conf" / "cel_custom.conf"

REFUSED = (
    '"LINE_REFUSED","1795291031.717647","n1-1795291031.1","n1-1795291031.1","PJSIP/trunk-uno-00000001","line",'
    '"6017436967","CELGenUserEvent","LINE_REFUSED,6017436967","LINE_REFUSED","{""extra"":""6017436967""}",'
    '"3000000002","+576017436967",""'
)


def captured() -> list[Row]:
    return RowReader().feed(CAPTURED.read_bytes())


def story(projection: Projection | None = None) -> Story:
    return Story(projection or Projection(), lambda number: f"key-{number}", "v1", t=7)


def facts_of(rows: Sequence[Row], projection: Projection | None = None) -> list[Any]:
    reader = story(projection)
    return [told.fact for row in rows for told in reader.read(row)]


def test_the_columns_are_those_that_asterisk_is_told_to_write() -> None:
    written = re.search(r"^fields\s*=\s*(.+)$", MAPPING.read_text(), re.MULTILINE)
    assert written is not None and tuple(written[1].strip().split(",")) == FIELDS


def test_a_row_has_its_fields() -> None:
    row = parse_row(REFUSED)
    assert row is not None
    assert row.event == "LINE_REFUSED" and row.uniqueid == "n1-1795291031.1" and row.context == "line"
    assert row.at == datetime(2026, 11, 21, 19, 57, 11, 717647, tzinfo=UTC)
    assert row.extra == {"extra": "6017436967"} and row.number == "3000000002" and row.dialled == "+576017436967"


def test_every_captured_row_is_read() -> None:
    reader = RowReader()
    rows = reader.feed(CAPTURED.read_bytes())
    assert (len(rows), reader.broken) == (106, 0)
    assert reader.consumed == CAPTURED.stat().st_size


@pytest.mark.parametrize("size", [1, 7, 300])
def test_the_file_may_come_in_pieces_of_any_size(size: int) -> None:
    data = CAPTURED.read_bytes()
    reader = RowReader()
    rows = [row for i in range(0, len(data), size) for row in reader.feed(data[i : i + size])]
    assert rows == captured()


def test_a_torn_last_row_waits_for_its_rest() -> None:
    data = REFUSED.encode() + b"\n"
    reader = RowReader()
    assert reader.feed(data[:-5]) == [] and reader.consumed == 0
    assert len(reader.feed(data[-5:])) == 1 and reader.consumed == len(data)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "HANGUP,1795291031.717647,n1-1.1,n1-1.1,PJSIP/x,line,s,,,,,,,",  # not quoted
        REFUSED.rsplit(",", 1)[0],  # a field is missing
        REFUSED + ',"more"',
        REFUSED.replace("1795291031.717647", "2026-11-21 19:57:11"),
        REFUSED.replace("1795291031.717647", "٣٣٣٣٣٣٣٣٣٣.717647"[:17]),
        REFUSED.replace("n1-1795291031.1", "n1 /../x"),
        REFUSED[:-3],  # torn in the middle by a crash
        '"' * 200_000,
    ],
)
def test_what_is_no_row_is_none(line: str) -> None:
    assert parse_row(line) is None


def test_a_broken_extra_field_costs_only_itself() -> None:
    row = parse_row(REFUSED.replace('{""extra"":""6017436967""}', "{broken"))
    assert row is not None and row.extra == {}


def test_a_callers_number_cannot_forge_a_row() -> None:
    """A line break inside a number splits its row into two broken lines; the quotes in it are doubled."""
    forged = REFUSED.replace('"', '""')
    hostile = REFUSED.replace("3000000002", f"x\n{forged}\nHANGUP,1,2\n")
    reader = RowReader()
    rows = reader.feed(f"{REFUSED}\n{hostile}\n{REFUSED}\n".encode())
    assert len(rows) == 2 and reader.broken == 4


def test_a_number_with_quotes_and_commas_is_one_field() -> None:
    row = parse_row(REFUSED.replace("3000000002", '1"",""2; rm -rf /'))
    assert row is not None and row.number == '1","2; rm -rf /'


def test_binary_garbage_and_an_endless_line_cost_only_themselves() -> None:
    reader = RowReader()
    assert reader.feed(b"\xff\x00\xfe" * 100_000) == []
    rows = reader.feed(b"still the same line\n" + REFUSED.encode() + b"\n")
    assert len(rows) == 1 and reader.broken == 1


# ---------------------------------------------------------------------- facts of the captured calls
def of(call: str, facts: Sequence[Any]) -> list[Any]:
    return [fact for fact in facts if getattr(fact, "call", None) == call]


def test_the_refused_call_is_refused_and_never_started() -> None:
    (refused,) = of("n1-1795291031.1", facts_of(captured()))
    assert isinstance(refused, c.CallRefused) and refused.did == "6017436967"


def test_reception_was_rung_by_the_dialplan_alone_and_hung_up() -> None:
    started, fallback, answered, dial_ended, ended = of("n1-1795291030.0", facts_of(captured()))
    assert isinstance(started, c.CallStarted) and started.did == "6017436967" and started.caller == "key-3000000001"
    assert isinstance(fallback, c.FallbackBegun)
    assert isinstance(answered, c.DialAnswered) and answered.extension == "100"
    assert isinstance(dial_ended, c.DialEnded) and dial_ended.result == "answered"
    assert isinstance(ended, c.CallEnded) and (ended.by, ended.cause, ended.source) == ("agent", 16, "cel")
    assert started.at < fallback.at < answered.at < dial_ended.at < ended.at


def test_a_dialled_extension_that_was_busy_leaves_no_talk_and_the_next_one_does() -> None:
    facts = of("n1-1795291035.3", facts_of(captured()))
    answered = [fact for fact in facts if isinstance(fact, c.DialAnswered)]
    assert [fact.extension for fact in answered] == ["101"]
    assert isinstance(facts[-1], c.CallEnded) and facts[-1].by == "caller"
    assert isinstance(facts[0], c.CallStarted) and facts[0].did == "6017436967"  # came as 576017436967


def test_who_hung_up() -> None:
    ends = {fact.call: fact.by for fact in facts_of(captured()) if isinstance(fact, c.CallEnded)}
    assert ends["n1-1795291036.6"] == "agent"
    assert ends["n1-1795291038.10"] == "caller"
    assert ends["n1-1795291042.15"] == "us"


def test_a_call_between_two_extensions_is_no_call_of_the_line() -> None:
    calls = {fact.call for fact in facts_of(captured()) if isinstance(fact, c.CallFact)}
    assert not calls & {"n1-1795291042.16", "n1-1795291042.17"} and len(calls) == 7


def test_the_callers_number_is_that_of_the_rows_after_the_channel_began() -> None:
    """With `callerid` of an endpoint set, Asterisk 22.10 wrote the endpoint's number at CHAN_START."""
    rows = [row for row in captured() if row.uniqueid == "n1-1795291042.15"]
    rows[0] = replace(rows[0], number="0")
    assert facts_of(rows)[0].caller == "key-3000000007"


def test_who_hung_up_before_the_dialplan_took_the_number_is_nobody() -> None:
    """As Asterisk 22.10 wrote a call that was withdrawn: all its rows have the trunk's own number."""
    rows = [replace(row, number="0") for row in captured() if row.uniqueid == "n1-1795291042.15"]
    projection, asked = Projection(), []
    reader = Story(projection, lambda number: asked.append(number) or "", "v1", t=7)
    started = [told.fact for row in rows for told in reader.read(row) if isinstance(told.fact, c.CallStarted)]
    assert asked == [""] and [fact.caller for fact in started] == [""]


def test_the_number_of_a_call_that_the_journal_has_is_kept_again() -> None:
    """The journal has the call, but the server was killed before its number reached the callers' own table."""
    rows = [row for row in captured() if row.uniqueid == "n1-1795291042.15"]
    projection, asked = Projection(), []
    known = c.CallStarted(
        at=rows[0].at, call=CallId(rows[0].uniqueid), did="6017436967", caller="k", flow="f", config="v1"
    )
    projection.apply(rows[0].at, known, ())
    reader = Story(projection, lambda number: asked.append(number) or "k", "v1", t=7)
    told = [told.fact for row in rows for told in reader.read(row)]
    assert asked == ["3000000007"]
    assert not [fact for fact in told if isinstance(fact, c.CallStarted)]


def test_legs_of_offers_that_nobody_made_tell_nothing() -> None:
    assert not [fact for fact in facts_of(captured()) if isinstance(fact, f.Fact)]


def row(event: str, seconds: float, uniqueid: str, channel: str, **more: Any) -> Row:
    fields = dict.fromkeys(("context", "exten", "app", "data", "number", "dialled", "peer"), "")
    at = datetime(2026, 11, 22, 3, 0, tzinfo=UTC) + timedelta(seconds=seconds)
    return Row(event=event, at=at, uniqueid=uniqueid, linkedid=uniqueid, channel=channel, **(fields | more))


TRUNK = "PJSIP/trunk-operador-00000000"


def test_a_transferred_caller_talks_with_whom_the_bridge_shows() -> None:
    """As Asterisk 22.10 wrote it: blind to 103, who asks 101 and joins the two. AMI was away."""
    call = CallId("n1-1795315423.10")
    projection = ringing(OfferId("660d47205b61400000001"), call)
    dialled = {"app": "Dial", "data": "PJSIP/103,20,gtm(default)", "context": "transfer-ring"}
    blind = {"extension": "103", "transferee_channel_uniqueid": call}
    joined = {"transferee_channel_uniqueid": call, "transfer_target_channel_name": "PJSIP/101-4"}
    facts = facts_of(
        [
            row("BLINDTRANSFER", 0, "acd-660d47205b61400000001", "PJSIP/101-1", extra=blind),
            row("CHAN_START", 1, "n1-1795315427.13", "PJSIP/103-2"),
            row("BRIDGE_ENTER", 2, call, TRUNK, peer="PJSIP/103-2", **dialled),
            row("CHAN_START", 5, "n1-1795315427.15", "PJSIP/101-4"),
            row("BRIDGE_EXIT", 9, call, TRUNK, peer="PJSIP/103-2", **dialled),
            row("BRIDGE_ENTER", 9, call, TRUNK, peer="PJSIP/101-4", **dialled),
            row("ATTENDEDTRANSFER", 9, "n1-1795315427.13", "PJSIP/103-2", extra=joined),
            row("BRIDGE_EXIT", 20, call, TRUNK, peer="PJSIP/101-4", **dialled),
        ],
        projection,
    )
    blindly, attended = [fact for fact in facts if isinstance(fact, c.TalkTransferred)]
    assert (blindly.offer, blindly.by, blindly.how, blindly.to) == ("660d47205b61400000001", "101", "blind", "103")
    assert (attended.offer, attended.by, attended.how, attended.to) == ("", "103", "attended", "101")
    talks = [(type(fact), fact.extension) for fact in facts if isinstance(fact, c.DialAnswered | c.DialEnded)]
    assert talks == [(c.DialAnswered, "103"), (c.DialEnded, "103"), (c.DialAnswered, "101"), (c.DialEnded, "101")]


def test_a_transfer_that_the_journal_has_is_not_told_again() -> None:
    call, offer = CallId("n1-1795315423.10"), OfferId("660d47205b61400000001")
    projection = ringing(offer, call)
    known = c.TalkTransferred(at=BEFORE, call=call, offer=offer, by="101", how="feature code", to="103")
    projection.apply(BEFORE, known, ())
    extra = {"extension": "103", "transferee_channel_uniqueid": call}
    assert facts_of([row("BLINDTRANSFER", 0, f"acd-{offer}", "PJSIP/101-1", extra=extra)], projection) == []
    strangers = {"extension": "103", "transferee_channel_uniqueid": "n1-1.1"}
    assert facts_of([row("BLINDTRANSFER", 0, "n1-1.2", "PJSIP/101-1", extra=strangers)], projection) == []


CALL = CallId("n1-1795291038.10")
OFFER = OfferId("000000000003")
BEFORE = datetime(2026, 11, 21, 19, 57, 18, tzinfo=UTC)


def ringing(offer: OfferId = OFFER, call: CallId = CALL) -> Projection:
    """The server died when it had made an offer."""
    projection = Projection()
    visit = VisitId(f"{call}/1")
    made = d.MakeOffer(
        offer=offer,
        visit=visit,
        call=call,
        queue=QueueId("servicio"),
        agent=AgentId("101"),
        ring_us=15_000_000,
        rule="longest idle",
    )
    projection.apply(
        BEFORE, c.CallStarted(at=BEFORE, call=call, did="6017436967", caller="k", flow="linea", config="v1")
    )
    joined = f.CallerJoined(at=BEFORE, t=0, visit=visit, call=call, queue=QueueId("servicio"))
    projection.apply(BEFORE, joined, (made,))
    return projection


def test_a_talk_that_began_and_ended_while_the_server_was_dead_has_its_true_times() -> None:
    facts = facts_of(captured(), ringing())
    mine = [fact for fact in facts if getattr(fact, "offer", None) == OFFER]
    assert [type(fact) for fact in mine] == [f.OfferAnswered, f.OfferBridged, f.TalkEnded]
    assert (mine[2].at - mine[1].at).total_seconds() == pytest.approx(0.689846)
    assert not [fact for fact in facts if isinstance(fact, f.CallerGone)]  # answered, not abandoned
    assert len(of(CALL, facts)) == 1  # its end; its beginning is known


def test_a_talk_that_was_known_to_have_begun_ends() -> None:
    projection = ringing()
    bridged = f.OfferBridged(at=BEFORE, t=0, offer=OFFER)
    closed = d.CloseOffer(
        offer=OFFER,
        visit=VisitId(f"{CALL}/1"),
        queue=QueueId("servicio"),
        agent=AgentId("101"),
        result=OfferResult.ANSWERED,
    )
    ended = d.EndVisit(
        visit=VisitId(f"{CALL}/1"), call=CALL, queue=QueueId("servicio"), outcome=VisitOutcome.ANSWERED, wait_us=1
    )
    projection.apply(BEFORE, bridged, (closed, ended))
    facts = [fact for fact in facts_of(captured(), projection) if getattr(fact, "offer", None) == OFFER]
    assert [type(fact) for fact in facts] == [f.TalkEnded]


def test_a_caller_who_hung_up_while_a_phone_rang_abandoned() -> None:
    call, offer = CallId("n1-1795291040.13"), OfferId("000000000004")
    facts = facts_of(captured(), ringing(offer, call))
    (gone,) = [fact for fact in facts if isinstance(fact, f.CallerGone)]
    assert gone.hung_up and gone.visit == f"{call}/1"
    (failed,) = [fact for fact in facts if isinstance(fact, f.OfferFailed)]
    assert failed.result is OfferResult.CANCELLED
    assert gone.at < failed.at


def test_a_refused_offer_is_refused() -> None:
    facts = facts_of(captured(), ringing(OfferId("000000000001"), CallId("n1-1795291036.6")))
    results = [fact.result for fact in facts if isinstance(fact, f.OfferFailed)]
    assert results == [OfferResult.REFUSED]


# ---------------------------------------------------------------------- the importer
class States:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def state(self, name: str) -> Any:
        return self.kept.get(name, {})

    def keep_state(self, name: str, state: Any) -> None:
        self.kept[name] = state


class Desk:
    """Journals like the dispatcher: an event of a known key is told once."""

    def __init__(self, projection: Projection) -> None:
        self.projection, self.told, self.keys = projection, list[Any](), set[str]()

    def submit(self, fact: Any) -> None:
        self.told.append(fact)
        self.projection.apply(fact.at, fact)

    def record(self, event: Any, key: str | None = None) -> None:
        if key is not None and key in self.keys:
            return
        self.keys.add(key or "")
        self.told.append(event)
        self.projection.apply(event.at, event)


class Gap:
    def __init__(self, folder: Path, states: States | None = None, projection: Projection | None = None) -> None:
        self.file = folder / "cel.csv"
        self.states = states or States()
        self.projection = projection or Projection()
        self.desk = Desk(self.projection)
        self.importer = CelImport(self.file, self.states, self.desk, ManualClock())

    async def fill(self, lately: bool = True) -> int:
        return await self.importer.fill_gap(self.projection, lambda number: f"key-{number}", "v1", lately=lately)


@run
async def test_a_gap_is_filled_once(tmp_path: Path) -> None:
    gap = Gap(tmp_path)
    gap.file.write_bytes(CAPTURED.read_bytes())
    assert await gap.fill() > 0
    assert len(gap.projection.calls) == 7 and not gap.projection.open_calls()
    assert await gap.fill() == 0
    again = Gap(tmp_path, States(), gap.projection)  # the spot was lost: everything is read again
    assert await again.fill() == 0


@run
async def test_reading_goes_on_where_it_stopped_in_the_middle_of_a_row(tmp_path: Path) -> None:
    data = CAPTURED.read_bytes()
    gap = Gap(tmp_path)
    for end in (1_000, 4_321, 9_999, len(data)):
        gap.file.open("ab").write(data[gap.file.stat().st_size if gap.file.exists() else 0 : end])
        await gap.fill()
    assert len(gap.projection.calls) == 7 and not gap.projection.open_calls() and gap.importer.broken == 0


@run
async def test_a_rotated_file_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    lines = CAPTURED.read_bytes().splitlines(keepends=True)
    gap = Gap(tmp_path)
    gap.file.write_bytes(b"".join(lines[:10]))
    await gap.fill()
    with gap.file.open("ab") as old:
        old.write(b"".join(lines[10:40]))
    gap.file.rename(tmp_path / "cel.csv.1")
    gap.file.write_bytes(b"".join(lines[40:]))
    await gap.fill()
    assert len(gap.projection.calls) == 7 and not gap.projection.open_calls()


@run
async def test_without_a_file_there_is_nothing_to_fill(tmp_path: Path) -> None:
    assert await Gap(tmp_path / "nowhere").fill() == 0


@run
async def test_while_all_is_well_only_rows_of_the_period_before_are_taken(tmp_path: Path) -> None:
    """The newest rows may not have come over AMI yet; what AMI and AGI never told is made up for."""
    lines = CAPTURED.read_bytes().splitlines(keepends=True)
    gap = Gap(tmp_path)
    gap.file.write_bytes(b"".join(lines[:20]))
    assert await gap.fill(lately=False) == 0 and gap.states.kept == {}
    with gap.file.open("ab") as file:
        file.write(b"".join(lines[20:50]) + b'"torn')
    told = await gap.fill(lately=False)
    assert told > 0
    assert gap.states.kept["cel"]["offset"] == len(b"".join(lines[:20]))
    await gap.fill(lately=False)
    assert gap.states.kept["cel"]["offset"] == len(b"".join(lines[:50]))
    await gap.fill()
    assert await gap.fill(lately=False) == 0, "a spot that is further on is not moved back"
    assert gap.states.kept["cel"]["offset"] == len(b"".join(lines[:50]))


def test_a_number_outside_is_no_extension() -> None:
    call = CallId("n1-1795315423.10")
    dialled = {"app": "Dial", "data": "PJSIP/3001234567@trunk-operador,60,i", "context": "from-extension"}
    rows = [
        row(event, 2, call, TRUNK, peer="PJSIP/trunk-operador-2", **dialled)
        for event in ("BRIDGE_ENTER", "BRIDGE_EXIT")
    ]
    assert "3001234567" not in str(facts_of(rows, ringing(OfferId("660d47205b61400000001"), call)))
