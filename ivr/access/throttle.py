"""How often somebody may try to log in. Pure: the moment comes in, in microseconds of engine time.

Every attempt is charged before its password is looked at, so that a thousand at once are not a thousand tries; who was
right gets it back. Four measures, from narrow to wide:

- one account from one address: five wrong ones are free, then each has to wait twice as long as the one before;
- one address: a bucket of attempts over all accounts, a larger one where many people stand behind it;
- one account from addresses that it never came from: a bucket, which slows down an attack from everywhere;
- second factors of one account: a much smaller bucket, because they have only six digits.

Nothing of it is a lock that an outsider can close: from an address where the account logged in before (`known`), only
what came from that very address counts, and the wait there stays short. Whether an account exists plays no part.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from ivr.access.addresses import OFFICE_SHARE, Offices, house_of, nowhere

SECOND = 1_000_000
FREE_FAILURES = 5
LONGEST_WAIT, LONGEST_WAIT_KNOWN = 900 * SECOND, 30 * SECOND
FORGET_AFTER = 3600 * SECOND
"""An account and an address are new again so long after the last wrong attempt."""
MOST_KEPT = 20_000
"""Entries of each measure; the one that was not used for the longest time is forgotten first."""
TELL_EVERY = 60 * SECOND
"""A refusal for being too often goes into the audit at most so often for each address: an attack must not fill it."""

K = TypeVar("K")
V = TypeVar("V")
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket that holds `burst` attempts and gets a new one every `every_us`."""

    burst: int
    every_us: int

    def times(self, share: int) -> "Rate":
        """So many times as much."""
        return Rate(self.burst * share, self.every_us // share)


ADDRESS = Rate(30, 2 * SECOND)
ACCOUNT = Rate(50, 6 * SECOND)
CODES = Rate(10, 600 * SECOND)
TOLD = Rate(60, SECOND)
"""Such refusals of all addresses together."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait_us` 0: go on. `tell`: worth an entry in the audit."""

    wait_us: int = 0
    tell: bool = True

    @property
    def seconds(self) -> int:
        """For Retry-After."""
        return math.ceil(self.wait_us / SECOND)


@dataclass(slots=True)
class _Failures:
    count: int
    last_us: int


@dataclass(slots=True)
class _Level:
    left: float
    at_us: int


class Throttle:
    """Counts attempts. Bounded: at most MOST_KEPT entries a measure."""

    def __init__(
        self,
        office: Offices = nowhere,
        *,
        address: Rate = ADDRESS,
        account: Rate = ACCOUNT,
        codes: Rate = CODES,
    ) -> None:
        """`office`: whether many people stand behind an address."""
        self._office, self._address, self._account, self._codes = office, address, account, codes
        self._pairs: OrderedDict[Pair, _Failures] = OrderedDict()
        self._addresses: OrderedDict[str, _Level] = OrderedDict()
        self._accounts: OrderedDict[str, _Level] = OrderedDict()
        self._factors: OrderedDict[Pair, _Level] = OrderedDict()
        self._told: OrderedDict[str, int] = OrderedDict()
        self._told_of_all: OrderedDict[str, _Level] = OrderedDict()

    def attempt(self, account: str, address: str, now_us: int, *, known: bool) -> Verdict:
        """Charge an attempt, or say how long to wait; nothing is charged then."""
        network = house_of(address)
        pair = account, network
        waits = [self._pair_wait(pair, now_us, known)]
        if not known:
            waits.append(_wait(self._addresses, network, self._rate(address), now_us))
            waits.append(_wait(self._accounts, account, self._account, now_us))
        wait = max(waits)
        if wait > 0:
            return Verdict(wait, self.tells(address, now_us))
        failures = self._pairs.get(pair)
        _keep(self._pairs, pair, _Failures(1 + (failures.count if failures else 0), now_us))
        if not known:
            _take(self._addresses, network, self._rate(address), now_us)
            _take(self._accounts, account, self._account, now_us)
        return Verdict()

    def succeeded(self, account: str, address: str, *, known: bool) -> None:
        """The attempt was right: it cost nothing, and the ones before are forgiven."""
        network = house_of(address)
        self._pairs.pop((account, network), None)
        if not known:
            _give_back(self._addresses, network, self._rate(address))
            _give_back(self._accounts, account, self._account)

    def spared(self, account: str, address: str, *, known: bool) -> None:
        """The attempt was not looked at: give back what it cost."""
        pair = account, house_of(address)
        failures = self._pairs.get(pair)
        if failures is not None:
            failures.count -= 1
            if failures.count <= 0:
                del self._pairs[pair]
        if not known:
            _give_back(self._addresses, pair[1], self._rate(address))
            _give_back(self._accounts, account, self._account)

    def code(self, account: str, address: str, now_us: int, *, known: bool) -> Verdict:
        """Charge one second factor, after the password was right. A right one is not given back."""
        key = account, house_of(address) if known else ""
        wait = _wait(self._factors, key, self._codes, now_us)
        if wait > 0:
            return Verdict(wait, self.tells(address, now_us))
        _take(self._factors, key, self._codes, now_us)
        return Verdict()

    def tells(self, address: str, now_us: int) -> bool:
        """Whether a refusal that was not looked at goes into the audit now; it counts as told then."""
        network = house_of(address)
        told = self._told.get(network)
        if (told is not None and now_us - told < TELL_EVERY) or _wait(self._told_of_all, "", TOLD, now_us) > 0:
            return False
        _take(self._told_of_all, "", TOLD, now_us)
        _keep(self._told, network, now_us)
        return True

    def forget(self, account: str) -> None:
        """An administrator unlocks the account: nothing counts against it any more."""
        for pair in [pair for pair in self._pairs if pair[0] == account]:
            del self._pairs[pair]
        for pair in [pair for pair in self._factors if pair[0] == account]:
            del self._factors[pair]
        self._accounts.pop(account, None)

    def slowed(self, accounts: Collection[str], now_us: int) -> Counter[str]:
        """From how many addresses each of these accounts has to wait now. One pass: in an attack there are many."""
        pairs = [pair for pair in self._pairs if pair[0] in accounts]
        return Counter(pair[0] for pair in pairs if self._pair_wait(pair, now_us, known=False) > 0)

    # ------------------------------------------------------------------ inside
    def _rate(self, address: str) -> Rate:
        return self._address.times(OFFICE_SHARE) if self._office(address) else self._address

    def _pair_wait(self, pair: Pair, now_us: int, known: bool) -> int:
        failures = self._pairs.get(pair)
        if failures is None:
            return 0
        if now_us - failures.last_us >= FORGET_AFTER:
            del self._pairs[pair]
            return 0
        if failures.count < FREE_FAILURES:
            return 0
        longest = LONGEST_WAIT_KNOWN if known else LONGEST_WAIT
        wait = min(longest, SECOND << min(failures.count - FREE_FAILURES, 20))
        return max(0, failures.last_us + wait - now_us)


def _level(levels: OrderedDict[K, _Level], key: K, rate: Rate, now_us: int) -> float:
    level = levels.get(key)
    if level is None:
        return float(rate.burst)
    return min(float(rate.burst), level.left + (now_us - level.at_us) / rate.every_us)


def _wait(levels: OrderedDict[K, _Level], key: K, rate: Rate, now_us: int) -> int:
    missing = 1 - _level(levels, key, rate, now_us)
    return math.ceil(missing * rate.every_us) if missing > 1e-9 else 0


def _take(levels: OrderedDict[K, _Level], key: K, rate: Rate, now_us: int) -> None:
    _keep(levels, key, _Level(_level(levels, key, rate, now_us) - 1, now_us))


def _give_back(levels: OrderedDict[K, _Level], key: K, rate: Rate) -> None:
    level = levels.get(key)
    if level is not None:
        level.left = min(rate.burst, level.left + 1)


def _keep(kept: OrderedDict[K, V], key: K, value: V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)
