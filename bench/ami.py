"""AMI parsing: our reader against panoramisk's, fed with the same captured call.

Both get the bytes in pieces of 64 kB as a socket delivers them, find each event, and hand it to a handler that looks
at its name, and then at as many fields as the row says. Interleaved rounds, medians. CPU time of this process.

    .venv/bin/python -m bench.ami
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from panoramisk.ami_protocol import AMIProtocol

from ivr.asterisk.ami.blocks import GREETING, Blocks
from ivr.asterisk.ami.messages import Event
from ivr.asterisk.ami.protocol import Connection

CALL = Path(__file__).with_name("captured_call.ami").read_bytes()
CALLS = 60
ROUNDS = 7
PIECE = 65536
HEAD = GREETING + b"11.0.0\r\n"
PIECES = [(HEAD + CALL * CALLS)[start : start + PIECE] for start in range(0, len(HEAD + CALL * CALLS), PIECE)]
EVENTS = sum(isinstance(message, Event) for message in Blocks().feed(HEAD + CALL))

Look = Callable[[Any], object]


def name_only(event: Any) -> object:
    """What most events cost: they interest nobody."""
    return None


def two_fields(event: Any) -> object:
    """What an event costs that somebody wants."""
    return event.get("Uniqueid", ""), event.get("Channel", "")


def absent_field(event: Any) -> object:
    """The dear case: nothing is found, so every spelling has to be excluded."""
    return event.get("NoSuchField", "")


def ours(look: Look) -> int:
    """Our connection, with a handler that counts."""
    seen = 0

    def handler(event: Event) -> None:
        nonlocal seen
        seen += event.name != ""
        look(event)

    connection = Connection(handler, lambda why: None)
    connection.connection_made(Mock())
    for piece in PIECES:
        connection.data_received(piece)
    return seen


def panoramisks(look: Look) -> int:
    """panoramisk's protocol, with a factory that counts where its Manager would look for patterns."""
    seen = 0

    class Factory:
        save_stream = None

        @staticmethod
        def dispatch(event: Any) -> None:
            nonlocal seen
            seen += event["event"] != ""
            look(event)

    protocol = AMIProtocol()
    protocol.connection_made(Mock())
    protocol.factory = Factory
    protocol.encoding = "utf8"
    for piece in PIECES:
        protocol.data_received(piece)
    return seen


def measure(reader: Callable[[Look], int], look: Look) -> float:
    """Events per second of CPU."""
    begun = time.process_time()
    seen = reader(look)
    spent = time.process_time() - begun
    if seen != EVENTS * CALLS:
        raise AssertionError(f"{reader.__name__} saw {seen} events of {EVENTS * CALLS}")
    return seen / spent


async def compare() -> list[dict[str, Any]]:
    """The rows of the table."""
    rows: list[dict[str, Any]] = []
    for title, look in (
        ("name only", name_only),
        ("name and two fields", two_fields),
        ("an absent field", absent_field),
    ):
        pairs = [(measure(ours, look), measure(panoramisks, look)) for _ in range(ROUNDS)]
        rows.append(
            {
                "AMI, of each event": title,
                "centralita, events/s": round(statistics.median(pair[0] for pair in pairs)),
                "panoramisk, events/s": round(statistics.median(pair[1] for pair in pairs)),
                "ratio": round(statistics.median(pair[0] / pair[1] for pair in pairs), 1),
            }
        )
    return rows


def main() -> list[dict[str, Any]]:
    """Run the comparison; each row is a mapping from the column's title to its value."""
    return asyncio.run(compare())


if __name__ == "__main__":
    for row in main():
        sys.stdout.write("  ".join(f"{title}: {value}" for title, value in row.items()) + "\n")
