"""Wrong logins of strangers, counted: an attack from everywhere does not fill the audit, and no count of it is lost but
that of a minute that a crash (kill -9) ends.

The first ones of a minute stand in the audit one by one. The others are one entry together, when the minute is over or
the server ends: how many, at which accounts, from where. Whoever is known (ivr.accounts.register) is no stranger: what
comes from there is bounded by the wait after each wrong one (ivr.access.throttle).
"""

import asyncio
from collections import Counter
from typing import Any

from ivr import log as logs
from ivr.access.addresses import house_of
from ivr.accounts.door import Audit
from ivr.audit.entry import entry_of
from ivr.clock import Clock, Timer
from ivr.web.api.door import Note, Result

log = logs.get(__name__)

MINUTE_SECONDS = 60.0
ONE_BY_ONE = 10
"""Of a minute; so many are an entry each."""
MOST_NAMED = 20
"""Accounts and networks that an entry names, those with the most attempts."""
MOST_NETWORKS = 5_000
"""Networks that are told apart within a minute."""

SEVERAL = "(several accounts)"
ELSEWHERE = "(elsewhere)"


class Misses:
    """Of one server."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock
        self._timer: Timer | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._began = clock.now()
        self._forget()

    def alone(self, account: str, address: str, *, known: bool, tell: bool = True, looked_at: bool = True) -> bool:
        """Whether a refused login is an entry of its own; it is counted otherwise. `tell`: see Verdict; `looked_at`:
        whether the password was compared."""
        if self._timer is None:
            self._began = self._clock.now()
            self._timer = self._clock.call_later(MINUTE_SECONDS, self._minute_over)
        if tell and (known or self._one_by_one < ONE_BY_ONE):
            self._one_by_one += not known
            return True
        if not self._accounts:
            log.warning("many wrong logins; from now on they are one entry of the audit a minute")
        network = house_of(address)
        self._accounts[account] += 1
        full = len(self._networks) >= MOST_NETWORKS and network not in self._networks
        self._networks[ELSEWHERE if full else network] += 1
        self._looked_at += looked_at
        return False

    async def close(self) -> None:
        """Write what was counted."""
        if self._timer is not None:
            self._timer.cancel()
            self._minute_over()
        if self._writing:
            await asyncio.wait(self._writing)

    # ------------------------------------------------------------------ inside
    def _forget(self) -> None:
        self._accounts: Counter[str] = Counter()
        self._networks: Counter[str] = Counter()
        self._one_by_one = self._looked_at = 0

    def _minute_over(self) -> None:
        self._timer = None
        if self._accounts:
            task = asyncio.get_running_loop().create_task(self._write(self._counted()))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)
        self._forget()

    async def _write(self, note: Note) -> None:
        why = "wrong logins, counted within a minute"
        await self._audit.settle(entry_of(None, "", note, Result.REFUSED, why, self._clock.now()))

    def _counted(self) -> Note:
        times = self._accounts.total()
        account = next(iter(self._accounts)) if len(self._accounts) == 1 else SEVERAL
        detail: dict[str, Any] = {"times": times, "looked_at": self._looked_at, "since": self._began.isoformat()}
        for name, found in (("accounts", self._accounts), ("networks", self._networks)):
            named = dict(found.most_common(MOST_NAMED))
            detail[name] = named
            if times > sum(named.values()):
                detail[f"{name}_not_named"] = {"times": times - sum(named.values()), "many": len(found) - len(named)}
        return Note(action="session.log_in", object=account, detail=detail)
