"""Reads a list of callers: a CSV file as spreadsheets write it, with a place for everything that is wrong in it.

The first line names the columns: `number`, and if wanted `until` and `note`. They are parted by `,` `;` or tabs. A
number that ends in `*` stands for all that begin so. Pure; 100,000 lines take well under a second.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from ivr.language.problems import Place, Problem, suggestion
from ivr.site.callers import BLANKS, CallerEntries, Entry, is_possible, normalise, normalise_prefix, usual
from ivr.text import printable, quoted

MAX_BYTES = 50_000_000
MAX_LINES = 500_000
MOST_PROBLEMS = 30
"""Of one file; a wrong column would else tell the same in every line."""

COLUMNS = ("number", "until", "note")
LONGEST_NOTE = 200
_DELIMITERS = (",", ";", "\t")
_PLAIN = Entry()


@dataclass(slots=True)
class CallerTable:
    """A list's file: what it holds, its bytes (they belong to the site's version), and what is wrong in it."""

    file: str  # as messages have it
    content: bytes = b""
    entries: CallerEntries = field(default_factory=lambda: CallerEntries({}, {}))
    problems: list[Problem] = field(default_factory=list)
    dated: list[tuple[date, int]] = field(default_factory=list)  # lines with an end

    def expired(self, today: date) -> Iterator[Problem]:
        """One warning for all lines that no longer count."""
        lines = [line for until, line in self.dated if until < today]
        if lines:
            what = "this line no longer counts" if len(lines) == 1 else f"{len(lines)} lines no longer count; the first"
            message = f"{what} (its date is past); delete it, or write a later date"
            yield Problem.at(Place(self.file, lines[0], 1), "CONF057", message)


def read_callers(content: bytes, shown: str, country: str) -> CallerTable:
    """Read the content of a list called `shown`. `country`: of numbers without a calling code. Never raises for what
    the file contains."""
    table = CallerTable(shown, content)
    text = _decoded(table)
    if text is not None:
        _Reading(table, text, country).read()
    return table


def _decoded(table: CallerTable) -> str | None:
    content = table.content.removeprefix(codecs.BOM_UTF8)
    if len(content) > MAX_BYTES:
        message = f"the file is larger than {MAX_BYTES} bytes; divide the list"
        table.problems.append(Problem.at(Place(table.file, 1, 1), "CONF050", message))
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as fault:
        start = content.rfind(b"\n", 0, fault.start) + 1
        column = len(content[start : fault.start].decode("utf-8", "replace")) + 1
        message = "this is not UTF-8; save the file in the spreadsheet as 'CSV UTF-8'"
        place = Place(table.file, content.count(b"\n", 0, fault.start) + 1, column)
        table.problems.append(Problem.at(place, "CONF051", message))
        return None


class _Reading:
    """One pass over one file."""

    def __init__(self, table: CallerTable, text: str, country: str) -> None:
        self._table, self._country = table, country
        self._lines = list(io.StringIO(text, newline=""))
        first = self._lines[0] if self._lines else ""
        self._delimiter = max(_DELIMITERS, key=first.count)
        self._order: list[int] = []  # for each of COLUMNS where it stands, -1 = nowhere
        self._numbers: dict[str, Entry] = {}
        self._prefixes: dict[str, Entry] = {}
        self._width = 0
        self._unsaid = 0

    def read(self) -> None:
        """Fill the table."""
        rows = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        line = 1
        try:
            if not self._head(next(rows, [])):
                return
            line = rows.line_num + 1  # where the next row begins: a quoted note may have several lines
            for row in rows:
                if any(row):
                    self._row(row, line)
                line = rows.line_num + 1
                if line > MAX_LINES:
                    self._wrong("CONF050", line, 0, f"more than {MAX_LINES} lines; divide the list")
                    break
        except csv.Error:
            message = (
                "the table cannot be read from here; look for a quote that is not closed, and quotes inside a note"
            )
            self._wrong("CONF053", line, 0, message)
        self._table.entries = CallerEntries(self._numbers, self._prefixes)
        if self._unsaid:
            last = self._table.problems[-1]
            more = f"{self._unsaid} more lines of this file have faults; correct the first ones and check again"
            self._table.problems.append(Problem.at(Place(last.file, last.line, last.column), last.code, more))

    def _head(self, row: list[str]) -> bool:
        names = [name.strip().lower() for name in row]
        if "number" not in names:
            self._wrong("CONF052", 1, 0, "the first line must name the columns; write: number,until,note")
            return False
        for index, name in enumerate(names):
            if name and (name not in COLUMNS or name in names[:index]):
                fault = "stands here twice" if name in COLUMNS else "is no column of a list"
                hint = "; delete one" if name in COLUMNS else suggestion(name, COLUMNS)
                self._wrong("CONF052", 1, index, f"{quoted(row[index].strip())} {fault}{hint}")
        self._order = [names.index(name) if name in names else -1 for name in COLUMNS]
        self._width = len(names)
        return not self._table.problems

    def _row(self, row: list[str], line: int) -> None:
        number, until, note = (row[index].strip() if 0 <= index < len(row) else "" for index in self._order)
        if len(row) > self._width and any(row[self._width :]):
            message = f"more values than columns; put a note with {quoted(self._delimiter)} into quotes"
            self._wrong("CONF053", line, self._width, message)
            return
        entry = _PLAIN
        if until or note:
            ends = self._date(until, line)
            if ends is None and until:
                return
            plain = note.isprintable() and len(note) <= LONGEST_NOTE
            entry = Entry(ends, note if plain else printable(note, LONGEST_NOTE))
        if number.endswith("*"):
            self._prefix(number, entry, line)
            return
        digits = usual(number, self._country) or self._unusual(number, line)
        if digits:
            self._keep(self._numbers, digits, entry, line)

    def _date(self, text: str, line: int) -> date | None:
        if not text:
            return None
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                raise ValueError
            found = date.fromisoformat(text)
        except ValueError:
            message = f"{quoted(text)} is not a date: write year-month-day, for example 2026-12-24"
            self._wrong("CONF055", line, self._order[1], message)
            return None
        self._table.dated.append((found, line))
        return found

    def _prefix(self, number: str, entry: Entry, line: int) -> None:
        digits = number[:-1].translate(BLANKS)
        if not re.fullmatch(r"\+?[0-9]{1,14}", digits):
            message = f"{quoted(number)} is not the beginning of a number: write digits and one * at the end"
            self._wrong("CONF054", line, self._order[0], message)
            return
        self._keep(self._prefixes, normalise_prefix(digits, self._country), entry, line)

    def _unusual(self, number: str, line: int) -> str:
        if is_possible(number, self._country):
            return normalise(number, self._country)
        if not number:
            message = "the number is missing; write it, or delete the line"
        elif re.fullmatch(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", number):
            message = (
                f"{quoted(number)}: the spreadsheet has shortened this number; format the column as text, write it anew"
            )
        else:
            message = (
                f"{quoted(number)} is not a telephone number; write its digits, after + and code if it is a foreign one"
            )
        self._wrong("CONF054", line, self._order[0], message)
        return ""

    def _keep(self, where: dict[str, Entry], digits: str, entry: Entry, line: int) -> None:
        known = where.get(digits)
        if known is None:
            where[digits] = entry
            return
        # The same on purpose and by mistake look alike: nothing is lost by taking the one that lasts longer.
        self._wrong("CONF056", line, self._order[0], "this number stands above already; delete one of both")
        if known.until is not None and (entry.until is None or entry.until > known.until):
            where[digits] = entry

    def _wrong(self, code: str, line: int, index: int, message: str) -> None:
        if len(self._table.problems) >= MOST_PROBLEMS:
            self._unsaid += 1
            return
        place = Place(self._table.file, line, self._column(line, index))
        self._table.problems.append(Problem.at(place, code, message))

    def _column(self, line: int, index: int) -> int:
        """Where a value begins in its line."""
        inside = False
        for column, character in enumerate(self._lines[line - 1] if line <= len(self._lines) else "", 1):
            if index <= 0:
                return column
            if character == '"':
                inside = not inside
            elif character == self._delimiter and not inside:
                index -= 1
                if index == 0:
                    return column + 1
        return 1
