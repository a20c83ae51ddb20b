"""The audit's chain: one text for one entry, and every tampering noticed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest

from ivr.access.model import Principal, Role, Via
from ivr.audit.chain import (
    GENESIS,
    LONGEST_ENTRY,
    Anchor,
    Entry,
    Row,
    Verification,
    canonical,
    digest,
    seal,
    values_of,
)
from ivr.audit.entry import entry_of
from ivr.calls.search import MOST
from ivr.web.api.door import Note, Result

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def a_chain(length: int = 6) -> list[Row]:
    rows: list[Row] = []
    for n in range(1, length + 1):
        entry = Entry(at=START + timedelta(seconds=n), action="agent.pause", who="ana", object=f"10{n}")
        rows.append(seal(entry, n, rows[-1].hash if rows else GENESIS))
    return rows


def verified(rows: list[Row], *anchors: Anchor) -> list[tuple[int, str]]:
    walked = Verification(anchors)
    for row in rows:
        walked.feed(row)
    walked.end()
    return [(fault.seq, fault.kind) for fault in walked.faults]


def anchor(row: Row) -> Anchor:
    return Anchor(seq=row.seq, hash=row.hash, at="2026-11-23T15:00:00+00:00", place="last.json")


def anew(rows: list[Row]) -> list[Row]:
    """The chain as somebody makes it who knows how: numbers and hashes fit again."""
    made: list[Row] = []
    for n, row in enumerate(rows, 1):
        text = row.text.replace(f'"seq":{row.seq}', f'"seq":{n}')
        made.append(Row(n, text, digest(made[-1].hash if made else GENESIS, text)))
    return made


def test_a_chain_as_it_was_written_is_sound() -> None:
    rows = a_chain()
    assert verified([]) == [] and verified(rows) == []
    assert verified(rows, anchor(rows[2]), anchor(rows[-1])) == []


def test_an_entry_has_one_text_whatever_the_order_of_its_keys() -> None:
    one = Entry(at=START, action="x", detail={"b": 1, "a": {"d": 2, "c": 3}})
    two = Entry(at=START.astimezone(), action="x", detail={"a": {"c": 3, "d": 2}, "b": 1})
    assert canonical(one, 7) == canonical(two, 7)
    assert canonical(one, 7).isascii() and " " not in canonical(one, 7).replace("+00:00", "")


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (10**40, str(10**40)),
        ("x" * 5000, "x" * 999 + "…"),
        (Colour.RED, "red"),
        ({3, 1, 2}, [1, 2, 3]),
        ("\ud800\0é", "\ud800\0é"),
        (object, "<class 'object'>"),
        ({1: {2: b"x"}}, {"1": {"2": "b'x'"}}),
        ([[[[[[[1]]]]]]], [[[[[["…"]]]]]]),
        (list(range(600)), [*range(500), "and 100 more"]),
    ],
)
def test_whatever_is_noted_has_a_text(value: Any, told: Any) -> None:
    assert values_of(canonical(Entry(at=START, action="x", after=value), 1))["after"] == told


def test_what_is_too_long_is_told_by_its_size() -> None:
    wide = {f"key{n}": "y" * 900 for n in range(100)}
    text = canonical(Entry(at=START, action="x", before=wide, after=wide, why="short", detail={"n": 1}), 1)
    assert len(text) <= LONGEST_ENTRY
    assert values_of(text)["before"] == {"left out": values_of(text)["after"]["left out"]}
    assert values_of(text)["why"] == "short"


def _changed(rows: list[Row]) -> list[Row]:
    rows[2] = Row(3, rows[2].text.replace("ana", "eva"), rows[2].hash)
    return rows


def _changed_with_its_hash(rows: list[Row]) -> list[Row]:
    text = rows[2].text.replace("ana", "eva")
    rows[2] = Row(3, text, digest(rows[1].hash, text))
    return rows


def _removed(rows: list[Row]) -> list[Row]:
    return rows[:2] + rows[3:]


def _first_removed(rows: list[Row]) -> list[Row]:
    return rows[1:]


def _two_removed(rows: list[Row]) -> list[Row]:
    return rows[:1] + rows[3:]


def _moved(rows: list[Row]) -> list[Row]:
    rows[2], rows[3] = Row(3, rows[3].text, rows[3].hash), Row(4, rows[2].text, rows[2].hash)
    return rows


def _out_of_order(rows: list[Row]) -> list[Row]:
    rows[2], rows[3] = rows[3], rows[2]
    return rows


def _inserted(rows: list[Row]) -> list[Row]:
    false = Entry(at=START, action="agent.ready", who="eva")
    return [*rows[:2], seal(false, 3, rows[1].hash), *(Row(r.seq + 1, r.text, r.hash) for r in rows[2:])]


def _not_an_entry(rows: list[Row]) -> list[Row]:
    rows[2] = Row(3, "[" * 100_000, digest(rows[1].hash, "[" * 100_000))
    return rows


@pytest.mark.parametrize(
    ("tamper", "first"),
    [
        (_changed, (3, "changed")),
        (_changed_with_its_hash, (4, "changed")),
        (_removed, (3, "missing")),
        (_first_removed, (1, "missing")),
        (_two_removed, (2, "missing")),
        (_moved, (3, "changed")),
        (_out_of_order, (3, "missing")),
        (_inserted, (4, "changed")),
        (_not_an_entry, (3, "changed")),
    ],
)
def test_tampering_is_noticed(tamper: Callable[[list[Row]], list[Row]], first: tuple[int, str]) -> None:
    assert verified(tamper(a_chain()))[0] == first


def test_every_single_character_of_an_entry_counts() -> None:
    rows = a_chain(3)
    text = rows[1].text
    for n in range(len(text)):
        other = text[:n] + ("x" if text[n] != "x" else "y") + text[n + 1 :]
        assert verified([rows[0], Row(2, other, rows[1].hash), rows[2]])[0] == (2, "changed")


def test_a_cut_off_end_is_noticed_by_an_anchor_alone() -> None:
    rows = a_chain()
    assert verified(rows[:4]) == []
    assert verified(rows[:4], anchor(rows[1]), anchor(rows[-1])) == [(6, "cut off")]
    assert verified([], anchor(rows[-1])) == [(6, "cut off")]


def test_a_chain_that_was_made_anew_is_noticed_by_an_anchor_alone() -> None:
    rows = a_chain()
    forged = anew(_removed(a_chain()))
    assert verified(forged) == []
    assert verified(forged, anchor(rows[3])) == [(4, "changed")]


def test_a_column_that_does_not_agree_is_told() -> None:
    walked = Verification()
    walked.feed(a_chain(1)[0], ["who", "at"])
    assert [(f.kind, f.why) for f in walked.faults] == [("columns", "the table's at, who is not what the entry says")]


def test_an_entry_holds_who_where_what_and_no_number() -> None:
    who = Principal(account="local", role=Role.ADMIN, via=Via.LOCAL, person="ana", credential="s1")
    note = Note(
        action="callers.erase", object="3001234567", before=["+57 300 123 4567"], detail={"call": "n1-1732217890.12"}
    )
    told = entry_of(who, "", note, Result.REFUSED, "3001234567 is on the line", START)
    assert (told.who, told.account, told.role, told.via, told.credential) == ("ana", "local", "admin", "local", "s1")
    assert (told.action, told.result) == ("callers.erase", "refused")
    assert told.detail == {"call": "n1-1732217890.12"}
    text = canonical(told, 1)
    assert "1234567" not in text and "123 4567" not in text and "567" in text
    assert entry_of(None, "10.0.0.9", Note(action="login"), Result.DONE, "", START).address == "10.0.0.9"


def test_a_whole_page_of_calls_is_told_one_by_one() -> None:
    calls = [f"centralita-1795500{n:03}.{n}" for n in range(MOST)]
    entry = Entry(at=START, action="calls.search", detail={"calls": calls})
    assert values_of(canonical(entry, 1))["detail"]["calls"] == calls


def test_the_ends_of_time_do_not_fail() -> None:
    east, west = (timezone(timedelta(hours=hours)) for hours in (14, -12))
    ends = [datetime.min.replace(tzinfo=east), datetime.max.replace(tzinfo=west)]
    told = values_of(canonical(Entry(at=START, action="calls.search", who="ana", after=ends), 1))["after"]
    assert told == ["0001-01-01T00:00:00.000000+00:00", "9999-12-31T23:59:59.999999+00:00"]
