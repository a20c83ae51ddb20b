"""How often: a bucket for each who comes, that fills again with time. Pure: the time is given."""

from collections import OrderedDict
from dataclasses import dataclass

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere


@dataclass(frozen=True, slots=True)
class Pace:
    """So many a second in the long run, `burst` at once."""

    per_second: float = 50
    burst: float = 200

    def times(self, share: float) -> "Pace":
        """So many times as fast."""
        return Pace(self.per_second * share, self.burst * share)


class Buckets:
    """A bucket for each name that came lately; one that comes takes one drop.

    The bucket that was not used for the longest time is forgotten first; a full one has nothing to remember.
    """

    def __init__(self, pace: Pace, most: int = 10_000) -> None:
        self._pace, self._most = pace, most
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, name: str, now_us: int) -> float:
        """Take a drop; 0 when there was one, else the seconds until there is."""
        pace = self._pace
        left, then = self._left.pop(name, (pace.burst, now_us))
        left = min(pace.burst, left + max(0, now_us - then) / 1e6 * pace.per_second)
        short = left < 1
        self._left[name] = (left if short else left - 1, now_us)
        while len(self._left) > self._most:
            self._left.popitem(last=False)
        return (1 - left) / pace.per_second if short else 0.0

    def __len__(self) -> int:
        return len(self._left)


class Paces:
    """Of each address its own; an office has the share of many."""

    def __init__(self, pace: Pace, office: Offices = nowhere) -> None:
        self._office = office
        self._of_one, self._of_office = Buckets(pace), Buckets(pace.times(OFFICE_SHARE))

    def take(self, address: str, now_us: int) -> float:
        """As `Buckets`."""
        buckets = self._of_office if self._office(address) else self._of_one
        return buckets.take(house_of(address), now_us)


def too_often(wait: float) -> tuple[str, str]:
    """What is said to who has to wait so many seconds: in words, and for the header Retry-After."""
    seconds = str(int(wait) + 1)
    return f"too many requests; try again in {seconds} s", seconds
