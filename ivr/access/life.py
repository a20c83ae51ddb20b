"""How long sessions and tokens live. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

TOKEN_DAYS, MOST_TOKEN_DAYS = 90, 366


@dataclass(frozen=True, slots=True)
class SessionLife:
    """A session ends `idle` after its last request, and `absolute` after its login."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)

    def ends(self, began: datetime, used: datetime) -> datetime:
        """When it ends if nothing more is asked."""
        return min(began + self.absolute, used + self.idle)

    def over(self, began: datetime, used: datetime, now: datetime) -> bool:
        """It is valid no more. A clock that was set back by more than `idle` ends it too."""
        return now >= self.ends(began, used) or used - now > self.idle


def token_ends(made: datetime, days: int) -> datetime:
    """When a token expires. Raises ValueError with the remedy."""
    if not 1 <= days <= MOST_TOKEN_DAYS:
        raise ValueError(f"a token lives between 1 and {MOST_TOKEN_DAYS} days")
    return made + timedelta(days=days)
