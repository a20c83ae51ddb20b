"""The chain's latest hash in a second place: two small files beside the database. Blocking.

`last.json` follows every entry; `anchors.jsonl` has a line for each day and each start, for ever. Whoever cuts entries
off the database's end would have to cut here too, and in the journal, where a day's anchor goes as well.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ivr.audit.chain import Anchor

LAST, EVERY = "last.json", "anchors.jsonl"
LONGEST_LINE = 1_000


class AnchorFiles:
    """The files of one instance, for this user only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def follow(self, anchor: Anchor) -> None:
        """Keep the latest end. A crash leaves the one before or this one. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._folder / (LAST + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(_line(anchor))
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(self._folder / LAST)

    def keep(self, anchor: Anchor) -> None:
        """Add a line that stays. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._folder / EVERY, flags, 0o600), "r+b") as stream:
            size = stream.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(stream.fileno(), 1, size - 1) != b"\n"  # a crash in the middle of a line
            stream.write((b"\n" if torn else b"") + _line(anchor).encode())
            stream.flush()
            os.fsync(stream.fileno())

    def last(self) -> Anchor | None:
        """The latest end that was kept; None when there is none, or none that can be read."""
        return next(self._read(LAST), None)

    def all(self) -> list[Anchor]:
        """Every anchor of both files. Raises OSError for files that may not be read."""
        return [*self._read(EVERY), *self._read(LAST)]

    def _read(self, name: str) -> Iterator[Anchor]:
        try:
            lines = (self._folder / name).read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                found = anchor_of(json.loads(line[:LONGEST_LINE]), name)
            except (ValueError, RecursionError):
                continue
            if found is not None:
                yield found


def anchor_of(values: Any, place: str) -> Anchor | None:
    """From JSON values (`seq`, `hash`, `at`); None for what is no anchor."""
    if not isinstance(values, Mapping):
        return None
    seq, told = values.get("seq"), values.get("hash")
    if not isinstance(seq, int) or not isinstance(told, str) or len(told) != 64:
        return None
    return Anchor(seq=seq, hash=told, at=str(values.get("at", "")), place=place)


def _line(anchor: Anchor) -> str:
    return json.dumps({"seq": anchor.seq, "hash": anchor.hash, "at": anchor.at}) + "\n"
