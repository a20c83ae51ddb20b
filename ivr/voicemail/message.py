"""A message in a mailbox. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WITHDRAWN_FOR = timedelta(days=1)
"""How long a deleted message can still be restored."""

KEEP_WITHOUT_MAILBOX = timedelta(days=30)
"""How long messages are kept of a mailbox that the site no longer has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `caller` is the opaque key, never the number; moments are aware, in UTC."""

    message: str
    mailbox: str
    call: str  # empty when nobody knows: the database was lost
    caller: str
    received: datetime
    seconds_us: int
    heard: datetime | None = None
    deleted: datetime | None = None

    @property
    def state(self) -> str:
        """new, heard or deleted."""
        return "deleted" if self.deleted else "heard" if self.heard else "new"

    def to_be_removed(self, at: datetime, keep: timedelta) -> bool:
        """Whether its time is over."""
        return at - self.received >= keep or (self.deleted is not None and at - self.deleted >= WITHDRAWN_FOR)
