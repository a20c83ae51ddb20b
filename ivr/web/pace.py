"""How often: a bucket for each who comes, that fills again with time. Pure: the time is given."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere

STRANGERS_SHARE = 2
"""All strangers together may this many times as often as one address."""

_TOGETHER = ""


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


class Pacing:
    """How often each may: an address its own pace, an office that of many; and all strangers, of whom nothing is known,
    one together, for an attack from a thousand addresses keeps within what each of them may."""

    def __init__(self, pace: Pace, known: Callable[[str], bool] = nowhere, office: Offices = nowhere) -> None:
        """`known`: whether an address is no stranger's."""
        self._known, self._office = known, office
        self._of_one, self._of_office = Buckets(pace), Buckets(pace.times(OFFICE_SHARE))
        self._of_strangers = Buckets(of_strangers(pace))

    def take(self, address: str, now_us: int) -> float:
        """As `Buckets`."""
        if self._office(address):
            return self._of_office.take(house_of(address), now_us)
        wait = self._of_one.take(house_of(address), now_us)
        return wait if wait or self._known(address) else self._of_strangers.take(_TOGETHER, now_us)


def of_strangers(pace: Pace) -> Pace:
    """Of all strangers together. Their burst is small: what comes within one moment holds up the loop."""
    return Pace(pace.per_second * STRANGERS_SHARE, pace.per_second * 2)


def too_often(wait: float) -> tuple[str, str]:
    """What is said to who has to wait so many seconds: in words, and for the header Retry-After."""
    seconds = str(int(wait) + 1)
    return f"too many requests; try again in {seconds} s", seconds
