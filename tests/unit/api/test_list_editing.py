"""A line in and out of a list's file; every other byte stays."""

from datetime import date

import pytest

from ivr.language.caller_csv import read_callers
from ivr.lists.editing import EditRefused, added, removed, rows

PLAIN = b"number,until,note\n300 123 4567,,Eva\n"
WINDOWS = '\ufeffnote;number\r\n"Ana; dos\r\nrenglones";3109998877\r\nçedilla;604*\r\n'.encode()


@pytest.mark.parametrize("content", [PLAIN, WINDOWS, PLAIN.rstrip(b"\n"), b"number"])
def test_what_is_put_in_and_taken_out_leaves_the_file_as_it_was(content: bytes) -> None:
    more = added(content, "+57 310 555 0000", None, "", "CO")
    assert more.startswith(content) and len(rows(more)) == len(rows(content)) + 1
    assert not read_callers(more, "x.csv", "CO").problems
    assert rows(more)[-1].number == "+57 310 555 0000"
    less, count = removed(more, "3105550000", "CO")
    assert count == 1 and less.rstrip() == content.rstrip()


def test_every_way_to_write_a_number_is_the_same() -> None:
    for number in ("3001234567", "+57 300 123 4567", "300-123-4567"):
        with pytest.raises(EditRefused, match="line 2 already"):
            added(PLAIN, number, None, "", "CO")
        assert removed(PLAIN, number, "CO") == (b"number,until,note\n", 1)
    without, count = removed(WINDOWS, "310 999 8877", "CO")
    assert count == 1 and without == "\ufeffnote;number\r\nçedilla;604*\r\n".encode()
    assert removed(WINDOWS, "604*", "CO")[0].endswith(b'renglones";3109998877\r\n')


def test_dates_and_notes_go_into_their_columns() -> None:
    more = added(PLAIN, "604*", date(2026, 12, 24), 'con "comillas", y coma', "CO")
    (row,) = rows(more)[1:]
    assert (row.number, row.until, row.note, row.line) == ("604*", "2026-12-24", 'con "comillas", y coma', 3)
    assert not read_callers(more, "x.csv", "CO").problems


@pytest.mark.parametrize(
    ("content", "number", "note", "why"),
    [
        (PLAIN, "", "", "not a telephone number"),
        (PLAIN, "anonymous", "", "not a telephone number"),
        (PLAIN, "3105550000", "=1+1", "spreadsheet"),
        (PLAIN, "3105550000", "two\nlines", "one line"),
        (PLAIN, "3105550000", "x" * 201, "one line"),
        (b"number\n", "3105550000", "note", "no column note"),
        (b"", "3105550000", "", "name the columns"),
        (b"numero\n", "3105550000", "", "name the columns"),
        (b"number\n\xff\n", "3105550000", "", "UTF-8"),
        (b'number\n"open\n', "3105550000", "", "line 2"),
    ],
)
def test_what_cannot_be_put_in_is_refused(content: bytes, number: str, note: str, why: str) -> None:
    with pytest.raises(EditRefused, match=why):
        added(content, number, None, note, "CO")


def test_what_is_not_there_is_not_taken_out() -> None:
    for number in ("3105550000", "", "300*", "anonymous"):
        with pytest.raises(EditRefused, match="not on the list"):
            removed(PLAIN, number, "CO")
