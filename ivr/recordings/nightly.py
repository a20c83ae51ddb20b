"""Each night, in the quiet hours, the recordings are held against what is written about them. The result is kept, so
that a restart knows it, and written into the ledger; what does not agree is told in the log."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.apart import NotAnswered
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings import verifying
from ivr.recordings.disk_guard import Ledger
from ivr.recordings.verify import Verified
from ivr.records.store import RecordStore
from ivr.site import Site

log = logs.get(__name__)

KEPT = "recordings verified"
"""Under which the result stands among the records' states."""

EVERY_SECONDS = 60.0
AGAIN_SECONDS = 3600.0
"""After a run that came to no end."""
ONCE = timedelta(hours=12)
"""Of a night: quiet hours are never so long, and a night is never so soon again."""
OVERDUE = timedelta(hours=36)
"""A machine that is switched off each night verifies by day."""
MOST_TOLD = 20
"""Findings in the log; `ivr recordings verify` tells all."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one run: when it ended, how many seconds it took, what was looked at; `kinds`: how many findings of each."""

    at: datetime
    seconds: float
    recordings: int
    files: int
    bytes: int
    quarantined: int
    kinds: Mapping[str, int]

    @property
    def sound(self) -> bool:
        """Everything agreed."""
        return not self.kinds

    def as_json(self) -> dict[str, Any]:
        """As `result_of` reads it."""
        return {**asdict(self), "at": self.at.isoformat()}


def result_of(plain: Mapping[str, Any]) -> Result | None:
    """None for anything but what `as_json` wrote."""
    try:
        return Result(**{**plain, "at": datetime.fromisoformat(plain["at"])})
    except (KeyError, TypeError, ValueError):
        return None


class Nightly:
    """Verifies once a night. `records`: the address of the records' database, for a process of its own."""

    def __init__(
        self,
        store: RecordStore,
        records: str,
        site: Callable[[], Site],
        clock: Clock,
        ledger: Ledger,
        *,
        folder: Path,
        vault: Path,
        verify: Callable[..., Verified] = verifying.elsewhere,
    ) -> None:
        self._store, self._records, self._site = store, records, site
        self._clock, self._ledger, self._verify = clock, ledger, verify
        self._folder, self._vault = folder, vault
        self.last: Result | None = None
        self.trouble = ""
        """Why the latest run came to no end; empty when it did."""
        self._since = clock.now()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Wait for the night."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="nightly proof of recordings")

    async def close(self) -> None:
        """Wait no more; a process that is at work is ended by ivr.apart."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def due(self) -> bool:
        """Whether it is time."""
        now = self._clock.now()
        last = self.last.at if self.last is not None else None
        if last is not None and last > now:  # the clock was wrong then, or is now
            last = None
        if self._site().recordings.quiet.hold(self._site().local(now)):
            return last is None or now - last >= ONCE
        return now - (last or self._since) >= OVERDUE

    async def look(self) -> None:
        """Verify, and tell."""
        began = self._clock.engine_us()
        try:
            told = await aside(
                self._verify, self._records, folder=self._folder, vault=self._vault, now=self._clock.now()
            )
        except NotAnswered as why:
            self.trouble = str(why)
            log.error("the recordings could not be verified", why=self.trouble)
            return
        self.trouble = ""
        kinds = Counter(finding.fault.value for finding in told.findings)
        self.last = Result(
            at=self._clock.now(),
            seconds=round((self._clock.engine_us() - began) / 1e6, 1),
            recordings=told.recordings,
            files=told.files,
            bytes=told.bytes,
            quarantined=told.quarantined,
            kinds=dict(sorted(kinds.items())),
        )
        for finding in told.findings[:MOST_TOLD]:
            log.error("a recording is not what is written about it", about=finding.about, fault=finding.fault.value,
                      why=finding.why)  # fmt: skip
        log.info("recordings were verified", findings=len(told.findings), files=told.files, bytes=told.bytes)
        await self._ledger.note(
            "verified",
            "",
            sound=told.sound,
            findings=self.last.kinds,
            recordings=told.recordings,
            files=told.files,
            bytes=told.bytes,
            talks=told.talks,
            entries=told.entries,
            quarantined=told.quarantined,
        )
        try:
            await aside(self._store.keep_state, KEPT, self.last.as_json())
        except SQLAlchemyError as error:
            log.error("the result of the proof of recordings cannot be kept", why=logs.first_line(error))

    async def recall(self) -> None:
        """What the run before a restart found."""
        try:
            self.last = result_of(await aside(self._store.state, KEPT))
        except SQLAlchemyError as error:
            log.error("the last proof of recordings cannot be read", why=logs.first_line(error))

    async def _run(self) -> None:
        await self.recall()
        while True:
            if self.due():
                await self.look()
                if self.trouble:
                    await self._clock.sleep(AGAIN_SECONDS)
            await self._clock.sleep(EVERY_SECONDS)
