"""Brings finished recordings into the vault as soon as they stand in the catalogue, some at a time, one process at a
time.

Each step may be the last one before a crash: the row changes together with its key, and the file that Asterisk has
written is removed after that. What was done before is not done again. What is deleted meanwhile does not come back: its
row stays as it is, and its file leaves the vault again. A file whose row never came about is removed with the next
recordings: the vault knows which ones were expected, and nobody has its key.

What cannot be kept is in no other recording's way: it is tried again when no other one waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.apart import NotAnswered
from ivr.aside import aside
from ivr.clock import Clock
from ivr.recordings.worker import Spoilt, keep_all, rest
from recordings.catalogue import Catalogue, Recording, State
from recordings.encode import Codec
from recordings.intake import QUARANTINE
from recordings.keeping import Kept
from recordings.vault.folder import Vault, new_file

log = logs.get(__name__)

SOME = 16
EVERY_SECONDS = 1.0
AGAIN_SECONDS = 30.0
"""After a failure that may go away by itself: a full disk, a folder that is away."""
ABANDONED_AFTER = timedelta(minutes=1)
"""Of a file that a killed process left half-written; one that somebody writes is locked."""


class Ledger(Protocol):
    """Where it is written what became of a recording."""

    async def note(self, what: str, recording: str, **detail: object) -> None:
        """`what`: created, ...; when this returns it is written, or will be."""


class Keeper:
    """One folder of finished recordings and the vault."""

    def __init__(
        self,
        catalogue: Catalogue,
        ledger: Ledger,
        clock: Clock,
        *,
        folder: Path,
        vault: Path,
        recipients: Callable[[], Sequence[str]],
        codec: Callable[[], Codec],
    ) -> None:
        """`recipients()`: for whom keys are wrapped; blocks; raises OSError or ValueError when nobody is named."""
        self._catalogue, self._ledger, self._clock = catalogue, ledger, clock
        self._folder, self._vault, self._recipients, self._codec = folder, vault, recipients, codec
        self._task: asyncio.Task[None] | None = None
        self._failed: list[str] = []  # who was tried last is the last one
        self.trouble = ""
        """Why nothing can be kept at the moment; empty when all is well."""

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="keeper of recordings")

    async def close(self) -> None:
        """Stop; a process that is at work is ended by ivr.apart."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def look(self) -> int:
        """Bring some into the vault; how many. Raises OSError, ValueError, SQLAlchemyError: because of one recording
        when the others are done."""
        wanted = {new_file(one.began.date()): one for one in await self._next()}
        if not wanted:
            return 0
        vault = Vault(self._vault)
        await aside(self._clear, vault)
        await aside(vault.expect, list(wanted))
        codec = self._codec()  # once: the site may change meanwhile
        results = await self._tried(wanted, await aside(self._recipients), codec)
        troubles = [await self._became(*one, codec) for one in zip(wanted.values(), results, strict=True)]
        await aside(vault.expect, [file for file, trouble in zip(wanted, troubles, strict=True) if trouble])
        await aside(vault.sweep, ABANDONED_AFTER, self._clock.now())
        for trouble in filter(None, troubles):
            raise trouble
        return len(wanted)

    async def _next(self) -> list[Recording]:
        """The oldest; of those that failed only when there are no others."""
        found = await aside(self._catalogue.in_state, State.TAKEN, SOME + len(self._failed))
        waiting = {one.recording: one for one in found}
        self._failed = [name for name in self._failed if name in waiting]
        others = [one for name, one in waiting.items() if name not in self._failed]
        return others[:SOME] or [waiting[name] for name in self._failed[:SOME]]

    async def _tried(
        self, wanted: Mapping[str, Recording], recipients: Sequence[str], codec: Codec
    ) -> list[Kept | Spoilt | OSError]:
        """One that ends the process at work, or takes for ever, is found by asking for each alone."""
        try:
            return await aside(
                keep_all, wanted, folder=self._folder, vault=self._vault, recipients=recipients, codec=codec
            )
        except NotAnswered as why:
            if len(wanted) == 1:
                return [OSError(str(why))]
        return [(await self._tried({into: one}, recipients, codec))[0] for into, one in wanted.items()]

    async def _became(self, recording: Recording, became: Kept | Spoilt | OSError, codec: Codec) -> OSError | None:
        """What is wrong with it, if anything."""
        name = recording.recording
        self._failed = [other for other in self._failed if other != name]
        try:
            if isinstance(became, OSError):
                if await self._waits(recording):
                    raise became
            elif isinstance(became, Spoilt):
                await self._spoilt(recording, became)
            else:
                await self._kept(recording, became, codec)
        except OSError as error:
            self._failed.append(name)
            return error
        return None

    def _clear(self, vault: Vault) -> None:
        """Remove what came into the vault and whose row did not come about."""
        left = vault.expected()
        for file in sorted({*left} - self._catalogue.named(left)) if left else ():
            vault.remove(file)
            log.info("a file that no recording knows was removed from the vault", file=file)

    async def _kept(self, recording: Recording, kept: Kept, codec: Codec) -> None:
        row = replace(
            recording,
            state=State.KEPT,
            codec=codec.value,
            file=kept.file,
            bytes=kept.stored,
            sha256=kept.sha256,
            audio_bytes=kept.audio_bytes,
            audio_sha256=kept.audio_sha256,
            peaks=kept.peaks,
        )
        if not await aside(self._catalogue.keep, row, kept.wrapped):
            await aside(Vault(self._vault).remove, kept.file)
            log.info("a recording was deleted on its way into the vault", recording=row.recording)
            return
        await self._ledger.note(
            "created",
            row.recording,
            call=row.call,
            sha256=row.sha256,
            length_us=row.length_us,
            notice=row.notice,
            gaps=[[gap.from_us, gap.to_us, gap.why] for gap in row.gaps],
        )
        await aside((self._folder / recording.file).unlink, missing_ok=True)

    async def _waits(self, recording: Recording) -> bool:
        """Whether it is to be tried again: not, when it was deleted meanwhile, or the server ended when it had put it
        aside."""
        row = await aside(self._catalogue.get, recording.recording)
        if row is None or row.state is not State.TAKEN:
            return False
        if not await aside(self._lies_aside, row):
            return True
        await self._spoilt(row, Spoilt("it lay in quarantine already"))
        return False

    async def _spoilt(self, recording: Recording, why: Spoilt) -> None:
        """Nothing can be made of it: it is put aside, and then the row tells."""
        await aside(self._put_aside, recording)
        if not await aside(self._catalogue.add, replace(recording, state=State.SPOILT)):
            await aside(self._aside(recording).unlink, missing_ok=True)
            return  # it was deleted, or has gone on
        log.error("a recording cannot be kept; it lies in quarantine", recording=recording.recording, why=str(why))
        await self._ledger.note("spoilt", recording.recording, call=recording.call, why=str(why))

    def _aside(self, recording: Recording) -> Path:
        return self._folder / QUARANTINE / recording.file

    def _lies_aside(self, recording: Recording) -> bool:
        return self._aside(recording).exists() and not (self._folder / recording.file).exists()

    def _put_aside(self, recording: Recording) -> None:
        file, aside_ = self._folder / recording.file, self._aside(recording)
        if file.exists():
            aside_.parent.mkdir(mode=0o700, exist_ok=True)
            file.rename(aside_)

    async def _run(self) -> None:
        while True:
            done = await self._attempt(self.look)
            await aside(rest)
            pause = AGAIN_SECONDS if done is None else EVERY_SECONDS if done < SOME else 0.0
            await self._clock.sleep(pause)

    async def _attempt(self, work: Callable[[], Awaitable[int | None]]) -> int | None:
        try:
            done = await work()
        except (OSError, ValueError, NotAnswered, SQLAlchemyError) as error:
            why = logs.first_line(error)
            if why != self.trouble:
                log.error("recordings cannot be kept; they wait as they are", why=why)
            self.trouble = why
            return None
        if not self._failed:
            self.trouble = ""
        return done or 0
