"""Where a page of a list goes on: after something that has a moment and an id, also when it is gone meanwhile."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from ivr.access.refusal import Refusal

LONGEST_CURSOR = 200


@dataclass(frozen=True, slots=True, order=True)
class After:
    """Where a page begins: after this one."""

    at: datetime
    id: str

    def cursor(self) -> str:
        """Opaque, for whoever asks for the next page."""
        told = f"{self.at.astimezone(UTC).isoformat()} {self.id}"
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> "After":
        """What `cursor` gave. Raises ValueError for anything else."""
        try:
            told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
            at, _, id = told.partition(" ")
            moment = datetime.fromisoformat(at)
            if moment.utcoffset() is None or not id or "\0" in id:
                raise ValueError
            return cls(moment.astimezone(UTC), id)
        except (ValueError, OverflowError, binascii.Error):
            raise ValueError("this is no place to go on from; take `next` of the page before") from None


def place_of(cursor: str) -> After | None:
    """What a request gives as `after`; None for the first page. Raises Refusal."""
    try:
        return After.of(cursor) if cursor else None
    except ValueError as fault:
        raise Refusal(f"after: {fault}", status=400) from None


def moment_of(moment: datetime | None, zone: tzinfo, name: str) -> datetime | None:
    """What a request gives as the border `name` of a time, in UTC; without a zone it is the site's. Raises Refusal."""
    if moment is None:
        return None
    try:
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise Refusal(f"{name}: this is not a possible moment", status=400) from None
