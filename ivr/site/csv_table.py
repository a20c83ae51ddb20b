"""Reads a CSV file as an index: from the columns that are asked by to the columns that are answered. Pure."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.text import quoted

MAX_BYTES = 50_000_000
ENCODINGS = {"UTF-8": "utf-8-sig", "Windows-1252": "cp1252"}
"""What files say -> Python's name. Spreadsheets on Windows write the second one unless they are told."""

_DELIMITERS = (";", "\t", ",")


class TableFault(Exception):
    """The file cannot be used. The message says why and what to do; it holds nothing of the file but its columns'
    names. `column`: the one that is missing."""

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True)
class Table:
    """`rows`: values of the key columns, made comparable -> values of the answer columns."""

    rows: Mapping[tuple[str, ...], tuple[str, ...]]

    def find(self, asked: Sequence[str]) -> tuple[str, ...] | None:
        """The first line that fits, case and blanks around left aside; None when there is none."""
        return self.rows.get(tuple(map(comparable, asked)))


def comparable(text: str) -> str:
    """A value as it is compared."""
    return text.strip().casefold()


def read_table(content: bytes, encoding: str, keys: Sequence[str], answers: Sequence[str]) -> Table:
    """Index a file. Of lines with the same keys the first counts. Raises TableFault."""
    rows = csv.reader(io.StringIO(_decoded(content, encoding), newline=""), delimiter=_delimiter(content))
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    try:
        head = next(rows, [])
        asked, answered = _indexes(head, keys), _indexes(head, answers)
        for row in rows:
            if not any(row):
                continue
            if len(row) < len(head):
                values = f"{len(row)} values and the first line {len(head)}"
                raise TableFault(f"line {rows.line_num} has {values}; correct it, with quotes around commas")
            key = tuple(comparable(row[index]) for index in asked)
            if all(key):
                found.setdefault(key, tuple(row[index].strip() for index in answered))
    except csv.Error as error:
        raise TableFault(f"line {rows.line_num} cannot be read ({error}); look at its quotes") from None
    return Table(found)


def check_head(start: bytes, encoding: str, columns: Sequence[str]) -> None:
    """Raise TableFault when the first line lacks a column. `start`: the file's first bytes."""
    line = _first_line(start)
    try:
        head = next(csv.reader([_decoded(line, encoding)], delimiter=_delimiter(line)), [])
    except csv.Error as error:
        raise TableFault(f"line 1 cannot be read ({error}); look at its quotes") from None
    _indexes(head, columns)


def _first_line(content: bytes) -> bytes:
    """Up to the first end of a line, of whichever system."""
    return re.split(rb"[\r\n]", content, maxsplit=1)[0]


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(ENCODINGS[encoding])
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TableFault(f"line {line} is not {encoding}; save the file so, or write 'encoding' as it is") from None


def _delimiter(content: bytes) -> str:
    """The character between the columns' names: the one that the first line has most of."""
    line = _first_line(content)
    return max(_DELIMITERS, key=lambda character: line.count(character.encode()))


def _indexes(head: Sequence[str], columns: Sequence[str]) -> tuple[int, ...]:
    names = [name.strip() for name in head]
    if not any(names):
        raise TableFault("the file is empty; write the names of its columns into the first line")
    for column in columns:
        if column not in names:
            raise TableFault(
                f"there is no column {quoted(column)}; there are: {', '.join(map(quoted, names[:12]))}", column
            )
    return tuple(names.index(column) for column in columns)
