"""The ticket: what a waiting caller's channel carries, so that a place in a queue survives everything but its call."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from acd.model import AgentId, QueueId, VisitId

TO, BY = "to", "by"
"""Of a caller who was transferred: sent on to somebody, or back to who transferred."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ticket:
    """`<visit>|<queue>|<joined, epoch microseconds>|<priority>|<caller>|<last agent>|<keeps: 1 or 0>` in the channel
    variable TICKET, and `|<only>|<transfer>` behind it for a caller who was transferred; the first four alone are a
    ticket of version 0.2.

    `joined_at`: the place counts from here. `caller` is the opaque key; empty = anonymous. The others are as in
    `acd.facts.CallerJoined`. `transfer` is TO or BY: where the caller goes on who is not taken.
    """

    visit: VisitId
    queue: QueueId
    joined_at: datetime
    priority: int
    caller: str = ""
    last_agent: AgentId | None = None
    keeps: bool = True
    only: AgentId | None = None
    transfer: str = ""

    @property
    def number(self) -> int:
        """Which visit of the call this is; 0 when its name does not tell."""
        text = self.visit.rpartition("/")[2]
        return int(text) if text.isdecimal() and text.isascii() and len(text) < 6 else 0

    def __str__(self) -> str:
        joined = (self.joined_at - _EPOCH) // timedelta(microseconds=1)
        fields = (self.visit, self.queue, joined, self.priority, self.caller, self.last_agent or "", int(self.keeps))
        more = (self.only or "", self.transfer) if self.transfer else ()
        return "|".join(map(str, (*fields, *more)))

    @classmethod
    def parse(cls, text: str) -> "Ticket | None":
        """The ticket of a channel variable's text; None when there is none or it is not ours."""
        parts = text.split("|")
        if len(parts) == 4:
            parts += ["", "", "1"]
        if len(parts) == 7:
            parts += ["", ""]
        if len(parts) != 9 or not parts[0] or not parts[1]:
            return None
        try:
            joined_at = _EPOCH + timedelta(microseconds=int(parts[2]))
            return cls(
                VisitId(parts[0]),
                QueueId(parts[1]),
                joined_at,
                int(parts[3]),
                parts[4],
                AgentId(parts[5]) if parts[5] else None,
                parts[6] != "0",
                AgentId(parts[7]) if parts[7] else None,
                parts[8] if parts[8] in (TO, BY) else "",
            )
        except (ValueError, OverflowError):
            return None
