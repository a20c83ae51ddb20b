"""Lines of the log: the call's id in each, numbers masked, nothing that a caller sends can forge or steer."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from ivr import log as logs


@pytest.fixture
def lines() -> Iterator[Any]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], _ = before[0], root.setLevel(before[1])
    structlog.configure(**before[2])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("3001234567", "*******567"),
        ("+573001234567", "+*********567"),
        ("from 300 123 4567 to 101", "from *** *** *567 to 101"),
        ("(601) 743-6967.", "(***) ***-*967."),
        ("sip:3001234567@127.0.0.10:5060", "sip:*******567@127.0.0.10:5060"),
        ("call n1-1795291036.6/1 ended", "call n1-1795291036.6/1 ended"),
        ("at 2026-11-23 15:00:00.123456", "at 2026-11-23 15:00:00.123456"),
        ("waited 1234567 us" * 0 + "port 15060", "port 15060"),
        ("hash 5f2b1234567a", "hash 5f2b1234567a"),
        ("1795291036.817085", "1795291036.817085"),
    ],
)
def test_telephone_numbers_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert logs.mask_text(text) == masked


def test_a_line_has_the_call_and_no_number(lines: Any) -> None:
    with logs.about_call("n1-1795291036.6"):
        logs.get("x").info("caller joined", number="3001234567", name="Eva", did="6017436967")
    (line,) = lines()
    assert line["call"] == "n1-1795291036.6" and line["number"] == "*******567" and line["name"] == "(a name)"
    assert line["did"] == "6017436967" and line["level"] == "info" and line["event"] == "caller joined"


@pytest.mark.parametrize("hostile", ["a\nb", "a\r\n{}", "\x1b[2J", "x\u2028y", "\u202egpj", "\x00", "\x9b31m"])
def test_what_a_caller_sends_is_spelled_out(lines: Any, hostile: str) -> None:
    logs.get("x").warning("odd", text=hostile, texts=[hostile], deep={hostile: hostile})
    (line,) = lines()
    for value in (line["text"], line["texts"][0], *line["deep"].items()):
        shown = value if isinstance(value, str) else "".join(value)
        assert shown.isprintable() and "\\" in shown


def test_lines_of_libraries_and_tracebacks_are_masked_too(lines: Any) -> None:
    try:
        raise ValueError("no route to 3001234567")
    except ValueError:
        logging.getLogger("library").exception("failed for %s", "3001234567")
    (line,) = lines()
    assert "3001234567" not in json.dumps(line)
    assert line["event"] == "failed for *******567" and "ValueError: no route to *******567" in line["exception"]


def test_a_value_is_bounded(lines: Any) -> None:
    logs.get("x").info("long", text="a" * 1_000_000)
    assert len(lines()[0]["text"]) < 3_000


def test_the_console_form_is_masked_and_escaped_too() -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    stream = io.StringIO()
    logs.configure(console=True, stream=stream)
    logs.get("y").info("joined", number="3001234567", text="\x1b[2J")
    root.handlers[:], _ = before[0], root.setLevel(before[1])
    structlog.configure(**before[2])
    assert "*******567" in stream.getvalue() and "\x1b[2J" not in stream.getvalue()
