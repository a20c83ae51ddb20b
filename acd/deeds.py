"""Carries decisions out through the telephone: each in its own task, those of one offer one after the other."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from acd.decisions import CancelOffer, Decision, EndVisit, HangUpOrphan, MakeOffer, SendBackAgain
from acd.model import VisitOutcome
from acd.ports import Telephone

_log = logging.getLogger(__name__)


class Deeds:
    """A slow deed delays only the later ones of its own offer or visit: a cancel never overtakes its ring."""

    def __init__(self, telephone: Telephone) -> None:
        self._telephone = telephone
        self._latest: dict[str, asyncio.Task[None]] = {}

    def do(self, decision: Decision) -> bool:
        """Begin the deed of a decision; whether it has one."""
        telephone = self._telephone
        if isinstance(decision, MakeOffer):
            self._begin(decision.offer, telephone.ring(decision), decision)
        elif isinstance(decision, CancelOffer | HangUpOrphan):
            self._begin(decision.offer, telephone.cancel(decision.offer), decision)
        elif isinstance(decision, SendBackAgain) or (
            isinstance(decision, EndVisit) and decision.outcome is VisitOutcome.OVERFLOWED
        ):
            deed = telephone.send_back(decision.visit, decision.call, decision.why)
            self._begin(decision.visit, deed, decision)
        else:
            return False
        return True

    def _begin(self, name: str, deed: Coroutine[Any, Any, None], decision: Decision) -> None:
        before = self._latest.get(name)
        task = asyncio.get_running_loop().create_task(_after(before, deed, decision))
        self._latest[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))

    def _forget(self, name: str, task: "asyncio.Task[None]") -> None:
        if self._latest.get(name) is task:
            del self._latest[name]

    async def done(self) -> None:
        """Wait for the deeds that were begun."""
        while self._latest:
            await asyncio.gather(*self._latest.values(), return_exceptions=True)


async def _after(before: "asyncio.Task[None] | None", deed: Coroutine[Any, Any, None], decision: Decision) -> None:
    if before is not None:
        await asyncio.wait([before])
    try:
        await deed
    except Exception:
        _log.exception("a deed failed: %s", type(decision).__name__)
