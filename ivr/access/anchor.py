"""What is journalled of the audit. Pure."""

from dataclasses import dataclass
from datetime import datetime

from acd.codec import event


@event("audit anchored")
@dataclass(frozen=True, slots=True, kw_only=True)
class AuditAnchored:
    """The audit's chain ended so at this moment, once a day: entry `seq` had this hash."""

    at: datetime
    seq: int
    hash: str
