"""What one AGI server takes, and whom it tells."""

from dataclasses import dataclass
from typing import Protocol

from ivr.asterisk.agi.reply import Refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one peer from harming another."""

    sessions: int = 2_000
    """Calls served at once; further ones are closed at once and wait in the dialplan."""
    half_open: int = 500
    """Connections without an environment; a newer one drops the oldest, so Asterisk always gets in."""
    environment_seconds: float = 5.0
    """From the connection to the complete environment; dripping bytes do not extend it."""
    environment_bytes: int = 16_384
    line_bytes: int = 65_536
    """One reply, all its lines together: the value of a variable may be long."""
    command_seconds: float = 5.0
    """For commands that answer at once (variables, verbose)."""
    media_seconds: float = 900.0
    """For commands that take as long as a prompt or an application."""
    linger_seconds: float = 2.0
    """How long a session that asked for it stays usable after a hang-up."""


class Observer(Protocol):
    """Hears of everything that is counted."""

    def session_opened(self) -> None:
        """A connection has sent its environment and is served."""

    def session_closed(self) -> None:
        """A served connection is over."""

    def command_done(self, verb: str, seconds: float) -> None:
        """A command was answered `seconds` after it was sent (for STREAM FILE and EXEC: how long they ran)."""

    def refused(self, reason: Refusal) -> None:
        """A connection was closed by us for what it sent, or did not send."""

    def handler_failed(self) -> None:
        """A handler ended with an exception (a hang-up is none); it is in the log."""
