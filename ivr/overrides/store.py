"""The file of the overrides in force: one JSON text, replaced as a whole, so that a crash leaves the old or the new.

A file and not a table of the records: an emergency must be possible while a database is away.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.site.overrides import LONGEST_WHY, Override, State

VERSION = 1
LARGEST = 1_000_000  # bytes
FILE_ID = re.compile(r"overrides/([a-z][a-z0-9_]{0,39}-[0-9]{8}T[0-9]{6}-[0-9a-f]{4})")
"""The name of a recorded message: ours alone, never a caller's or an administrator's."""


class StoreUnreadable(Exception):
    """The file is not one of ours. The message says what is wrong with it."""


def save(file: Path, overrides: Iterable[Override]) -> None:
    """Replace the file; what stands in it is on the disk when this returns. Blocking. Raises OSError."""
    text = json.dumps({"version": VERSION, "overrides": [_plain(o) for o in overrides]}, ensure_ascii=False, indent=1)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)


def load(file: Path) -> list[Override]:
    """What stands in the file; nothing when there is none. Blocking. Raises StoreUnreadable and OSError."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        return []
    try:
        if len(content) > LARGEST:
            raise ValueError("too large")
        data = json.loads(content)
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']!r}")
        return [_override(item) for item in data["overrides"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise StoreUnreadable(f"{type(fault).__name__}: {str(fault)[:200]}") from None


def put_aside(file: Path) -> None:
    """Keep an unreadable file for a look, under another name. Raises OSError."""
    file.replace(file.with_suffix(".unreadable"))


def _plain(override: Override) -> Mapping[str, Any]:
    return {
        **asdict(override),
        "state": override.state.value,
        "since": override.since.isoformat(),
        "until": override.until.isoformat() if override.until is not None else None,
    }


def _override(item: Any) -> Override:
    until = item["until"]
    file, prompt = str(item.get("file", "")), str(item.get("prompt", ""))
    return Override(
        timetable=str(item["timetable"]),
        state=State(item["state"]),
        since=_aware(item["since"]),
        until=_aware(until) if until is not None else None,
        by=str(item["by"]),
        who=str(item["who"]),
        why=str(item.get("why", ""))[:LONGEST_WHY],
        prompt=prompt,
        file=file if FILE_ID.fullmatch(file) else "",
    )


def _aware(text: Any) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
