"""YAML as an administrator means it: every scalar is text, every value knows its place, nothing is silently lost.

Plain YAML turns `9:30` into 570, `0312345` into 103653 and `no` into false, and keeps the last of two equal keys.
Here libyaml only delivers its events; no resolver, constructor or tag ever runs. Depth, size and the
growth by aliases are bounded, so a hostile file costs no more than an honest one.
"""

import codecs
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ivr.language.problems import Place, Problem
from ivr.text import quoted

Value = Any
"""What a file holds: dict[str, Value], list[Value], str, or None for an empty value."""

Path_ = tuple[str | int, ...]
"""The way to a value: keys and list indexes from the top."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_NODES = 100_000  # values in a file, those repeated by aliases included
MAX_SCALAR = 4_000  # characters of one text


@dataclass(frozen=True, slots=True)
class Mark:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """A file that was read: its value, and where each value and each key of it stands."""

    file: str
    data: Value
    values: dict[Path_, Mark] = field(default_factory=dict)
    keys: dict[Path_, Mark] = field(default_factory=dict)
    styles: dict[Path_, str | None] = field(default_factory=dict)
    """How texts are written that are not plain: in quotes, or as a block (`|`, `>`)."""

    def place_within(self, path: Path_, offset: int) -> Place:
        """Where a character of a text stands, when it is written in one piece; for a block, where the text begins."""
        place = self.place(path)
        style = self.styles.get(path)
        if path not in self.values or style in ("|", ">"):
            return place
        return Place(place.file, place.line, place.column + offset + bool(style))  # a quote before it

    def place(self, path: Path_) -> Place:
        """Where a value begins; for one that is not there, where the nearest thing around it does."""
        while path and path not in self.values:
            path = path[:-1]
        mark = self.values.get(path, Mark(1, 1))
        return Place(self.file, mark.line, mark.column)

    def key_place(self, path: Path_) -> Place:
        """Where a key begins; list items and the whole file have the place of their value."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        mark = self.keys.get(path)
        return Place(self.file, mark.line, mark.column) if mark is not None else self.place(path)


class _Stop(Exception):
    """Reading ends here: what follows could only be misunderstood."""


def read_file(path: Path, shown: str) -> tuple[Document | None, bytes, list[Problem]]:
    """Read a file: its document (None when it cannot be used), its bytes, and the problems."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return None, b"", [_whole(shown, "YAML001", "this is no file; put a file there, or delete it")]
        if found.st_size > MAX_BYTES:
            return None, b"", [_whole(shown, "YAML003", f"the file is larger than {MAX_BYTES} bytes; divide it")]
        content = path.read_bytes()
    except OSError as fault:
        why = fault.strerror or "unreadable"
        return None, b"", [_whole(shown, "YAML001", f"the file cannot be read: {why}; create it or correct its rights")]
    document, problems = read_text(content, shown)
    return document, content, problems


def read_text(content: bytes, shown: str) -> tuple[Document | None, list[Problem]]:
    """Read the content of a file called `shown`. Never raises for what the file contains."""
    problems: list[Problem] = []
    try:
        text = _decoded(content, shown)
        document = _Builder(text, shown, problems).document()
    except _Stop as stop:
        problems.append(stop.args[0])
        return None, problems
    return document, problems


def _whole(shown: str, code: str, message: str) -> Problem:
    return Problem.at(Place(shown, 1, 1), code, message)


def _decoded(content: bytes, shown: str) -> str:
    if len(content) > MAX_BYTES:
        raise _Stop(_whole(shown, "YAML003", f"the file is larger than {MAX_BYTES} bytes; divide it"))
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = content.decode()
    except UnicodeDecodeError as fault:
        before = content[: fault.start].decode()
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = "this character is not UTF-8; save the file with the encoding UTF-8"
        raise _Stop(Problem.at(Place(shown, line, column), "YAML002", message)) from None
    for number, row in enumerate(text.split("\n"), 1):
        if tab := re.match(r" *\t", row):
            message = "a tab is not allowed here; indent with blanks"
            raise _Stop(Problem.at(Place(shown, number, tab.end()), "YAML004", message))
        if control := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]", row):
            message = "an invisible control character stands here; delete it"
            raise _Stop(Problem.at(Place(shown, number, control.start() + 1), "YAML005", message))
    return text


class _Builder:
    """Turns libyaml's events into a Document."""

    def __init__(self, text: str, shown: str, problems: list[Problem]) -> None:
        self._document = Document(shown, None)
        self._problems = problems
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._anchors: dict[str, tuple[Value, int]] = {}  # name -> value and how many values it holds
        self._nodes = 0

    def document(self) -> Document:
        """The whole file. Raises _Stop."""
        try:
            self._next()  # stream start
            event = self._next()
            if isinstance(event, yaml.StreamEndEvent):
                raise self._stop(Mark(1, 1), "YAML006", "the file is empty; write at least its first key")
            self._document.data = self._node(self._next(), (), 0)
            self._next()  # document end
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                message = "a second document begins here; delete the line '---' and what follows, or use another file"
                raise self._stop(_mark(event), "YAML012", message)
        except yaml.MarkedYAMLError as fault:
            raise self._syntax(fault) from None
        except yaml.YAMLError:
            message = "the file is not written as YAML asks; look at its quotes and leading blanks"
            raise self._stop(Mark(1, 1), "YAML007", message) from None
        if self._document.data is None:
            raise self._stop(Mark(1, 1), "YAML006", "the file is empty; write at least its first key")
        if not isinstance(self._document.data, dict):
            raise self._stop(Mark(1, 1), "YAML015", "the file must begin with a key: write for example 'flow: name'")
        return self._document

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _node(self, event: yaml.Event, path: Path_, depth: int) -> Value:
        mark = _mark(event)
        self._document.values.setdefault(path, mark)
        self._count(1, mark)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark)
        if depth > MAX_DEPTH:
            raise self._stop(mark, "YAML009", f"more than {MAX_DEPTH} levels inside each other; write it flatter")
        assert isinstance(event, _Begins)
        if event.tag is not None and event.tag != "!":
            raise self._stop(mark, "YAML010", f"tags like {quoted(event.tag)} are not allowed; delete the tag")
        before = self._nodes
        value: Value
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, mark)
            if event.style is not None:
                self._document.styles[path] = event.style
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path, depth)
        else:
            value = self._mapping(path, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._nodes - before + 1)
        return value

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> str | None:
        text: str = event.value
        if len(text) > MAX_SCALAR:
            raise self._stop(mark, "YAML003", f"a text of more than {MAX_SCALAR} characters; shorten it")
        plain = event.implicit[0]
        return None if plain and text in ("", "~", "null") else text

    def _sequence(self, path: Path_, depth: int) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Path_, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            mark = _mark(event)
            key = self._key(event, mark)
            if key in found:
                first = self._document.keys[(*path, key)]
                message = f"{quoted(key)} stands here a second time; the first is in line {first.line}: delete one"
                self._problems.append(self._problem(mark, "YAML008", message))
                self._node(self._next(), (*path, key, "(second)"), depth + 1)
                continue
            self._document.keys[(*path, key)] = mark
            found[key] = self._node(self._next(), (*path, key), depth + 1)
        return found

    def _key(self, event: yaml.Event, mark: Mark) -> str:
        self._count(1, mark)
        if not isinstance(event, yaml.ScalarEvent) or (event.tag is not None and event.tag != "!"):
            message = "a key must be a plain word or number; put text that begins with [ { * & ! into quotes"
            raise self._stop(mark, "YAML013", message)
        if event.value == "<<" and event.implicit[0]:
            raise self._stop(mark, "YAML014", "'<<' is not used here; write 'same as: STEP' in a flow")
        if event.value == "":
            raise self._stop(mark, "YAML013", "a key is missing before the colon; write it")
        if len(event.value) > 200:
            raise self._stop(mark, "YAML003", "a key of more than 200 characters; shorten it")
        return str(event.value)

    def _alias(self, event: yaml.AliasEvent, mark: Mark) -> Value:
        if event.anchor not in self._anchors:
            message = f"nothing is called &{event.anchor} above (or it would contain itself)"
            raise self._stop(mark, "YAML011", f"{message}; put text that begins with * into quotes")
        value, size = self._anchors[event.anchor]
        self._count(size, mark)
        return value

    def _count(self, nodes: int, mark: Mark) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._stop(mark, "YAML003", f"more than {MAX_NODES} values in one file; divide it")

    def _problem(self, mark: Mark, code: str, message: str) -> Problem:
        return Problem.at(Place(self._document.file, mark.line, mark.column), code, message)

    def _stop(self, mark: Mark, code: str, message: str) -> _Stop:
        return _Stop(self._problem(mark, code, message))

    def _syntax(self, fault: yaml.MarkedYAMLError) -> _Stop:
        mark = fault.problem_mark or fault.context_mark
        where = Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)
        what = str(fault.problem or "not understood")
        if "alias" in what:
            return self._stop(where, "YAML011", f"{what}; put text that begins with * into quotes")
        for words, remedy in _REMEDIES:
            if words in what:
                if "not closed" in remedy and fault.context_mark is not None:
                    where = Mark(fault.context_mark.line + 1, fault.context_mark.column + 1)
                return self._stop(where, "YAML007", remedy)
        return self._stop(
            where, "YAML007", f"not understood ({what}); look at the blanks at the beginning of the lines"
        )


_REMEDIES = (
    ("mapping values are not allowed", "a colon too many in this line; put text with a colon into quotes"),
    ("could not find expected ':'", "a colon and a blank are missing after the key in the line above; add them"),
    ("did not find expected key", "this line does not continue the one above; look at its quotes and leading blanks"),
    (
        "did not find expected '-' indicator",
        "this line does not continue the list; look at the blanks at its beginning",
    ),
    ("did not find expected ',' or ']'", "a list in [ ] is not closed; write [first, second]"),
    ("did not find expected ',' or '}'", "braces { } are not closed; write {key: value, key: value}"),
    ("found unexpected end of stream", "a quote was opened and not closed; write the closing one"),
    ("found unexpected document indicator", "a quote was opened and not closed; write the closing one"),
    ("found character that cannot start any token", "text cannot begin with this character; put it into quotes"),
    ("found unknown escape character", "write '...' instead of \"...\" around text with a backslash"),
)


_Begins = yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent
"""Events that begin a value, aliases apart."""


def _mark(event: yaml.Event) -> Mark:
    mark = event.start_mark
    return Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)
