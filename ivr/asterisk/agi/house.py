"""What all connections of one server share."""

from dataclasses import dataclass

from ivr.asterisk.agi.deadlines import Deadlines
from ivr.asterisk.agi.limits import Limits, Observer
from ivr.clock import Clock


@dataclass(frozen=True, slots=True)
class House:
    """The server's rules, its watch and whom it tells."""

    clock: Clock
    limits: Limits
    observer: Observer | None
    """None: nothing is counted, and no command is timed."""
    deadlines: Deadlines
    command_ticks: int
    """`limits.command_seconds` for the deadlines."""
