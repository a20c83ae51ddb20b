"""From where somebody came lately, with a password or a token: an address of theirs is no stranger's. Pure."""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime

MOST_OF_ONE = 50
"""Networks that are remembered of one account, the latest ones: who has its password does not make the world known."""


class Whereabouts:
    """Accounts and networks (`ivr.access.addresses.house_of`), and when each pair was seen last."""

    def __init__(self) -> None:
        self._of: dict[str, OrderedDict[str, datetime]] = {}
        self._at: dict[str, set[str]] = {}

    def note(self, account: str, network: str, at: datetime) -> None:
        """It came from there."""
        own = self._of.setdefault(account, OrderedDict())
        own[network] = max(at, own.pop(network, at))
        self._at.setdefault(network, set()).add(account)
        if len(own) > MOST_OF_ONE:
            self._drop(account, own.popitem(last=False)[0])

    def forget(self, account: str) -> None:
        """The account is gone."""
        for network in self._of.pop(account, ()):
            self._drop(account, network)

    def since(self, network: str, at: datetime) -> Iterator[str]:
        """The accounts that came from there at that time or later."""
        return (account for account in self._at.get(network, ()) if self._of[account][network] >= at)

    def _drop(self, account: str, network: str) -> None:
        there = self._at[network]
        there.discard(account)
        if not there:
            del self._at[network]
