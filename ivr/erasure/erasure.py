"""Searching and erasing by caller over all stores. One erasure at a time, finished also after a crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.aside import aside
from ivr.audit.chain import Entry
from ivr.clock import Clock
from ivr.erasure import sweep
from ivr.erasure.number import Normalise, NotANumber, Number, number_of
from ivr.erasure.pending import PendingErasures
from ivr.erasure.records import identified, renew
from ivr.erasure.report import Line, Report, erased_line, found_line
from ivr.erasure.stores import Caller, Place, Store
from ivr.erasure.tidy import Tidied, tidied
from ivr.records.callers import CallerKeys
from ivr.records.ledger import Ledger

log = logs.get(__name__)

FIRST = (Place.OTHERS, Place.EVENTS, Place.LOGS)
"""Before everything else: who was told is known by what is erased later, and the channel events would bring the number
back."""
LAST = (Place.CALLS, Place.NUMBER)


class OnTheLine(Exception):
    """The caller is in a call now: what is erased would be written again. `calls`: which."""

    def __init__(self, calls: tuple[str, ...]) -> None:
        super().__init__("this caller is on the line; erase again when the call has ended")
        self.calls = calls


class Busy(Exception):
    """Another erasure runs, or a tidying, which may take minutes. The message says since when."""

    def __init__(self, what: str, since: datetime) -> None:
        super().__init__(f"{what} runs since {since.isoformat(timespec='seconds')}; when it has ended, do this again")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the erasure works with. `folder` is the instance's (CENTRALITA_VAR); `leave`: folders in it that hold
    nothing of callers (unpacked programs). `country`: of numbers without a calling code; `own`: the site's numbers,
    which are nobody's data. `append` writes the audit."""

    ledger: Ledger
    keys: CallerKeys
    stores: tuple[Store, ...]
    pending: PendingErasures
    folder: Path
    clock: Clock
    country: Callable[[], str]
    own: Callable[[], Iterable[str]]
    append: Callable[[Entry], Awaitable[object]]
    leave: tuple[Path, ...] = field(default=())


class Erasure:
    """One instance's."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._one = asyncio.Lock()
        self._going_on: tuple[str, datetime] | None = None
        self._resuming: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Finish what a crash ended in the middle."""
        self._resuming = asyncio.get_running_loop().create_task(self._resume())

    async def close(self) -> None:
        """Stop; what is not finished is at the next start."""
        if self._resuming is not None:
            self._resuming.cancel()
            await asyncio.gather(self._resuming, return_exceptions=True)

    def number(self, text: str) -> Number:
        """What a person typed. Raises NotANumber."""
        number, same = number_of(text, self._house.country()), Normalise(self._house.country())
        if number.code + number.national in map(same, self._house.own()):
            raise NotANumber("this is a number of the site itself: every call to it is written down with it")
        return number

    async def find(self, number: Number, who: str) -> Report:
        """What every place has of the caller; of one who is being erased, what is left. Raises SQLAlchemyError or
        OSError."""
        caller = await self._caller(number)
        lines = [found_line(await store.find(caller)) for store in self._house.stores]
        return self._report(caller, who, lines, erased=False)

    async def erase(self, number: Number, who: str) -> Report:
        """Erase it everywhere, and look through every file afterwards. What goes wrong on the way stands in the report,
        and is made good by doing it again. Raises Busy, OnTheLine, SQLAlchemyError, OSError or AuditUnavailable when it
        could not begin."""
        self._not_now()
        return await self._erase(number, who)

    async def tidy(self, seconds: float) -> Tidied:
        """Write the records' database anew (ivr.erasure.tidy). Raises Busy, NotTidied, SQLAlchemyError or OSError."""
        self._not_now()
        async with self._alone("a tidying"):
            began = self._house.clock.engine_us()
            done = await aside(tidied, self._house.ledger.store, seconds)
            done = replace(done, seconds=(self._house.clock.engine_us() - began) / 1e6)
        log.info("the records were tidied", before=done.before, after=done.after)
        return done

    # ------------------------------------------------------------------ inside
    async def _erase(self, number: Number, who: str) -> Report:
        async with self._alone("another erasure"):
            caller = await self._caller(number)
            self._nobody_calls(caller)
            await self._begun(caller, who)
            await aside(self._house.pending.begin, _whole(number), who)
            lines = [await self._erased(store, caller) for store in self._ordered()]
            swept, remarks = await self._swept(number)
            report = self._report(caller, who, lines, erased=True, swept=swept, remarks=remarks)
            if not any(line.trouble for line in lines):
                await aside(self._finish, number)
            log.info("a caller was erased", caller=[*caller.keys][:1], complete=report.complete)
            return report

    def _not_now(self) -> None:
        if self._going_on is not None:
            raise Busy(*self._going_on)

    @asynccontextmanager
    async def _alone(self, what: str) -> AsyncIterator[None]:
        async with self._one:
            self._going_on = what, self._house.clock.now()
            try:
                yield
            finally:
                self._going_on = None

    async def _caller(self, number: Number) -> Caller:
        """Whom it is about, after everything that is known is in the database."""
        ledger = self._house.ledger
        await ledger.flush()
        return await aside(identified, number, self._house.keys, self._engine)

    @property
    def _engine(self) -> Engine:
        return self._house.ledger.store.engine

    def _nobody_calls(self, caller: Caller) -> None:
        living = [call.call for call in self._house.ledger.projection.open_calls() if call.caller in caller.keys]
        if living:
            raise OnTheLine(tuple(living))

    def _finish(self, number: Number) -> None:
        """Also what was begun before and not finished: it is done now."""
        for begun in self._house.pending.all():
            if begun.number == _whole(number):
                self._house.pending.end(begun.name)

    async def _begun(self, caller: Caller, who: str) -> None:
        """An erasure that never ends, and so is never noted as a request, has begun all the same."""
        told = Entry(
            at=self._house.clock.now(),
            action="callers.erase.begun",
            who=who,
            object=" ".join(sorted(caller.keys)),
            detail={"number": caller.number.masked, "calls": len(caller.calls)},
        )
        await self._house.append(told)

    def _ordered(self) -> list[Store]:
        def turn(store: Store) -> int:
            return -1 if store.place in FIRST else 1 + LAST.index(store.place) if store.place in LAST else 0

        return sorted(self._house.stores, key=turn)

    async def _erased(self, store: Store, caller: Caller) -> Line:
        try:
            held = (await store.find(caller)).count
            return erased_line(store.place, held, await store.erase(caller))
        except (SQLAlchemyError, OSError) as error:
            why = logs.first_line(error)
            log.error("a place could not erase a caller", place=store.place.value, why=why)
            return Line(place=store.place, held=0, trouble=logs.mask_text(why))

    async def _swept(self, number: Number) -> tuple[sweep.Swept | None, tuple[str, ...]]:
        """The proof. What a page of the one table with numbers still holds goes with the table's being written anew."""
        try:
            swept = await self._look(number)
            if self._in_records(swept):
                await aside(renew, self._engine)
                swept = await self._look(number)
        except (sweep.NotSwept, SQLAlchemyError) as error:
            return None, (f"! {logs.first_line(error)}",)
        return swept, ()

    async def _look(self, number: Number) -> sweep.Swept:
        return await aside(sweep.elsewhere, self._house.folder, number, self._house.leave)

    def _in_records(self, swept: sweep.Swept | None) -> bool:
        if swept is None or self._engine.dialect.name != "sqlite":
            return False
        database = Path(str(self._engine.url.database)).name
        files = {database + end for end in ("", "-wal", "-shm", "-journal")}
        return any(Path(name).name in files for name in swept.found)

    def _report(
        self,
        caller: Caller,
        who: str,
        lines: Iterable[Line],
        *,
        erased: bool,
        swept: sweep.Swept | None = None,
        remarks: tuple[str, ...] = (),
    ) -> Report:
        return Report(
            number=caller.number.masked,
            callers=tuple(sorted(caller.keys)),
            at=self._house.clock.now(),
            who=who,
            erased=erased,
            lines=tuple(lines),
            swept=swept,
            remarks=remarks,
            untidy=self._in_records(swept),
        )

    async def _resume(self) -> None:
        for begun in await aside(self._house.pending.all):
            try:
                report = await self._erase(self.number(begun.number), begun.who)
            except Exception as error:  # the next start tries again
                log.error("an erasure that was begun could not be finished", why=type(error).__name__)
                continue
            log.warning("an erasure that a crash had ended was finished", complete=report.complete)


def _whole(number: Number) -> str:
    return f"+{number.code}{number.national}"
