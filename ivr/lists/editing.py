"""A line in and out of a list of callers, a CSV file as spreadsheets write it; every other byte stays. Pure.

The file is read as `ivr.language.caller_csv` does, and was checked by it: the first line names the columns.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ivr.language.caller_csv import COLUMNS, LONGEST_NOTE
from ivr.site.callers import normalise, normalise_prefix

_DELIMITERS = (",", ";", "\t")
_FORMULA = tuple("=+-@\t\r")
"""How a cell begins that a spreadsheet would compute."""


class EditRefused(Exception):
    """The list is not changed. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list as it is written. `line` and `lines`: where it begins, and how many it takes."""

    line: int
    lines: int
    number: str
    until: str
    note: str


def rows(content: bytes) -> list[Row]:
    """Every line with a number, in the file's order. Raises EditRefused for a file that cannot be read."""
    return list(_Table(content).rows())


def key(number: str, country: str) -> str:
    """The same for every way to write a number, or with `*` a beginning."""
    text = number.strip()
    return normalise_prefix(text[:-1], country) + "*" if text.endswith("*") else normalise(text, country)


def added(content: bytes, number: str, until: date | None, note: str, country: str) -> bytes:
    """With one more line at the end. Raises EditRefused, also for a number that stands there already."""
    table, wanted = _Table(content), key(number, country)
    if not wanted:
        raise EditRefused("this is not a telephone number")
    for row in table.rows():
        if key(row.number, country) == wanted:
            raise EditRefused(f"this number stands in line {row.line} already; take it out first")
    values = {"number": number.strip(), "until": until.isoformat() if until else "", "note": note.strip()}
    if values["note"].startswith(_FORMULA):
        raise EditRefused("a note does not begin with = + - @: a spreadsheet would compute it")
    if len(values["note"]) > LONGEST_NOTE or not values["note"].isprintable():
        raise EditRefused(f"a note is one line of at most {LONGEST_NOTE} characters")
    missing = [name for name, value in values.items() if value and name not in table.names]
    if missing:
        raise EditRefused(f"the file has no column {missing[0]}; write {','.join(COLUMNS)} into its first line")
    line = io.StringIO()
    writer = csv.writer(line, delimiter=table.delimiter, lineterminator=table.end)
    writer.writerow([values.get(name, "") for name in table.names])
    between = b"" if not content or content.endswith((b"\n", b"\r")) else table.end.encode()
    return content + between + line.getvalue().encode()


def removed(content: bytes, number: str, country: str) -> tuple[bytes, int]:
    """Without the lines of a number, and how many these were. Raises EditRefused when there is none."""
    table, wanted = _Table(content), key(number, country)
    gone = [row for row in table.rows() if wanted and key(row.number, country) == wanted]
    if not gone:
        raise EditRefused("this number is not on the list")
    lines = {row.line + n for row in gone for n in range(row.lines)}
    kept = "".join(line for n, line in enumerate(table.lines, 1) if n not in lines)
    return table.mark + kept.encode(), len(gone)


class _Table:
    """A file taken apart. `mark`: what some spreadsheets write at the very beginning."""

    def __init__(self, content: bytes) -> None:
        self.mark = codecs.BOM_UTF8 if content.startswith(codecs.BOM_UTF8) else b""
        try:
            text = content.removeprefix(codecs.BOM_UTF8).decode()
        except UnicodeDecodeError:
            raise EditRefused("the list's file is not UTF-8; save it in the spreadsheet as 'CSV UTF-8'") from None
        self.lines = list(io.StringIO(text, newline=""))
        first = self.lines[0] if self.lines else ""
        self.delimiter = max(_DELIMITERS, key=first.count)
        self.end = "\r\n" if first.endswith("\r\n") else "\n"
        self.names = [name.strip().lower() for name in next(iter(self._read()), (1, 1, []))[2]]
        if "number" not in self.names:
            raise EditRefused("the first line of the list's file does not name the columns: number,until,note")

    def rows(self) -> Iterator[Row]:
        """Below the first line."""
        where = [self.names.index(name) if name in self.names else -1 for name in COLUMNS]
        for line, lines, values in list(self._read())[1:]:
            if any(values):
                number, until, note = (values[n].strip() if 0 <= n < len(values) else "" for n in where)
                yield Row(line, lines, number, until, note)

    def _read(self) -> Iterator[tuple[int, int, list[str]]]:
        reader, before = csv.reader(self.lines, delimiter=self.delimiter, strict=True), 0
        try:
            for values in reader:
                yield before + 1, reader.line_num - before, values
                before = reader.line_num
        except csv.Error:
            raise EditRefused(f"the list's file cannot be read from line {before + 1} on; see: ivr check") from None
