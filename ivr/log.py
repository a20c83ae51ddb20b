"""The structured log: one line an event, the call's id in each, telephone numbers masked, nothing unescaped.

Everything passes through here, also what libraries log through `logging`. A line of the log is often copied into
mails and tickets: a caller's number keeps its last three digits only, and what a caller sends (a name, a number)
cannot forge a line or steer a terminal.
"""

import logging
import re
import sys
import unicodedata
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

import structlog

KEPT_DIGITS = 3
LONGEST_VALUE = 2_000

PLAIN_KEYS = frozenset(
    # Ids and our own numbers: they hold long runs of digits that are nobody's telephone number.
    {"call", "visit", "offer", "channel", "uniqueid", "linkedid", "did", "timestamp", "position", "config", "version"}
)
NAME_KEYS = frozenset({"name", "caller_name"})
"""A caller's name never appears; only that there was one."""

_NUMBER = re.compile(
    # Seven digits or more, single blanks, dashes or brackets between them; not part of a word, a decimal or an id
    # like n1-1732217890.12.
    r"(?<![\w.])\+?\(?\d(?:[ ()-]{0,2}\d){6,}(?!\w|[.:]\d)"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?: \d{2})?$")

Event = MutableMapping[str, Any]


def mask_number(number: str) -> str:
    """A telephone number with all but its last three digits hidden: `*******567`."""
    digits = sum(c.isdigit() for c in number)
    hidden = 0
    out = []
    for char in number:
        if char.isdigit():
            hidden += 1
            out.append("*" if hidden <= digits - KEPT_DIGITS else char)
        else:
            out.append(char)
    return "".join(out)


def mask_text(text: str) -> str:
    """A text with every telephone number in it masked."""
    return _NUMBER.sub(lambda m: m[0] if _DATE.match(m[0]) else mask_number(m[0]), text)


def first_line(error: BaseException) -> str:
    """What an error says, for a line of the log or an answer; its kind, when it says nothing (a time-out)."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def escape(text: str, keep: str = "") -> str:
    """A text whose control, format and line-separating characters are spelled out (`\\x1b`), except those in `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or not _unsafe(c) else _spelled(c) for c in text)


def _unsafe(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def _spelled(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean(_logger: Any, _method: str, event: Event) -> Event:
    """The processor: mask, escape and bound every value of a log line."""
    for key, value in list(event.items()):
        if key in NAME_KEYS and value:
            event[key] = "(a name)"
        elif key in PLAIN_KEYS:
            event[key] = _cleaned(value, masked=False)
        elif key == "exception" and isinstance(value, str):
            event[key] = escape(mask_text(value), keep="\n\t")
        elif not key.startswith("_"):  # structlog's own record of where the line came from
            event[key] = _cleaned(value, masked=True)
    return event


def _cleaned(value: Any, masked: bool) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(item, masked) for item in value]
    if isinstance(value, dict):
        return {escape(str(key)): _cleaned(item, masked) for key, item in value.items()}
    text = value if isinstance(value, str) else str(value)
    if len(text) > LONGEST_VALUE:
        text = text[:LONGEST_VALUE] + "…"
    return escape(mask_text(text) if masked else text)


def configure(*, console: bool = False, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every log line of the process to `stream` (stderr): JSON, or coloured text for a person.

    Raises ValueError for a level that does not exist.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    target = stream or sys.stderr
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if console:
        last = structlog.dev.ConsoleRenderer(colors=target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, clean, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The log of a module: `log = ivr.log.get(__name__)`; `log.info("caller joined", queue=...)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def about_call(call: str) -> Iterator[None]:
    """Every line logged inside, also by called code and in tasks made inside, carries the call's id."""
    with structlog.contextvars.bound_contextvars(call=call):
        yield
