"""The ticket: what a waiting caller's channel carries, so that a place in a queue survives everything but its call."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from acd.model import QueueId, VisitId

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ticket:
    """`<visit>|<queue>|<joined, epoch microseconds>|<priority>` in the channel variable TICKET."""

    visit: VisitId
    queue: QueueId
    joined_at: datetime
    priority: int

    @property
    def number(self) -> int:
        """Which visit of the call this is; 0 when its name does not tell."""
        text = self.visit.rpartition("/")[2]
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else 0

    def __str__(self) -> str:
        joined = (self.joined_at - _EPOCH) // timedelta(microseconds=1)
        return f"{self.visit}|{self.queue}|{joined}|{self.priority}"

    @classmethod
    def parse(cls, text: str) -> "Ticket | None":
        """The ticket of a channel variable's text; None when there is none or it is not ours."""
        parts = text.split("|")
        if len(parts) != 4 or not parts[0] or not parts[1]:
            return None
        try:
            joined, priority = int(parts[2]), int(parts[3])
            return cls(VisitId(parts[0]), QueueId(parts[1]), _EPOCH + timedelta(microseconds=joined), priority)
        except (ValueError, OverflowError):
            return None
