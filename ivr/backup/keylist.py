"""The snapshot `keys`: every wrapped key with its recording, as compressed JSON lines; the same keys, the same bytes.

It goes out as it is: each key is encrypted for the recipients already.
"""

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, insert, select

from recordings.catalogue import keys

PAGE = 2_000


class NotKeys(Exception):
    """The file is no list of keys."""


def write_keys(engine: Engine, into: Path) -> int:
    """How many. Raises SQLAlchemyError, OSError."""
    count, last = 0, ""
    with (
        into.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6) as packed,
    ):
        while True:
            asked = select(keys).where(keys.c.recording > last).order_by(keys.c.recording).limit(PAGE)
            with engine.connect() as connection:
                found = connection.execute(asked).all()
            for row in found:
                line = {"recording": row.recording, "wrapped": base64.b64encode(row.wrapped).decode()}
                packed.write(json.dumps(line).encode() + b"\n")
            count += len(found)
            if len(found) < PAGE:
                return count
            last = found[-1].recording


def read_keys(file: Path) -> Iterator[tuple[str, bytes]]:
    """Recordings and their wrapped keys. Raises NotKeys."""
    try:
        with gzip.open(file, "rb") as packed:
            for line in packed:
                told = json.loads(line)
                yield str(told["recording"]), base64.b64decode(told["wrapped"], validate=True)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise NotKeys(f"it is no list of keys: {error}") from None


def put_keys(engine: Engine, file: Path) -> int:
    """Into a database that has none; how many. Raises NotKeys, SQLAlchemyError."""
    count, found = 0, read_keys(file)
    with engine.begin() as connection:
        while some := list(islice(found, PAGE)):
            connection.execute(insert(keys), _rows(some))
            count += len(some)
    return count


def _rows(some: Sequence[tuple[str, bytes]]) -> list[dict[str, object]]:
    return [{"recording": recording, "wrapped": wrapped} for recording, wrapped in some]
