"""The shell round the fold: journal entries in, records and figures out, without ever blocking the loop.

Changes are collected for a moment, then written by one thread in one transaction together with the counters and the
journal's position. What a crash cuts off is folded again from the journal at the next start: nothing is lost or
counted twice. While the database cannot be written, changes wait (one per record, so they are bounded by the number
of calls) and everything else goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from acd.codec import decode, encode
from ivr import log as logs
from ivr.clock import Clock, Timer
from ivr.figures.call_record import CallRecord, LegRecord, OfferRecord, Record
from ivr.figures.projection import Projection
from ivr.figures.tally import Tally
from ivr.records.callers import LONGEST_NAME, CallerKeys, normalised
from ivr.records.store import RecordStore

log = logs.get(__name__)
T = TypeVar("T")

STATES = ("tally", "waiting", "living")
COLLECT_SECONDS = 0.1
RETRY_SECONDS = (0.5, 1, 2, 5)
KNOWN_CALLS = 2_000
"""Ended calls that are taken back into memory at start, for facts that come late."""


class Recorded(Protocol):
    """A durable entry as the dispatcher tells it (acd.dispatcher.Recorded)."""

    @property
    def position(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def event(self) -> Any: ...
    @property
    def decisions(self) -> Sequence[Any]: ...


class Journal(Protocol):
    """What is asked of the journal (acd.journal.Journal)."""

    def read(self, after: int = 0) -> AsyncIterator[Any]: ...


class Ledger:
    """All that is folded from the journal: `projection` and `tally`, kept in a RecordStore."""

    def __init__(self, store: RecordStore, clock: Clock, keys: CallerKeys, thread: ThreadPoolExecutor) -> None:
        self.store = store
        self.projection = Projection()
        self.tally = Tally()
        self.position = 0
        self.trouble = ""  # why the records cannot be written now
        self._clock, self._keys, self._thread = clock, keys, thread
        self._written = 0
        self._living: dict[str, int] = {}  # call -> the entry with which it began
        self._changed: dict[tuple[type, str], Record] = {}
        self._callers: dict[str, dict[str, Any]] = {}
        self._timer: Timer | None = None
        self._writing: asyncio.Task[Any] | None = None
        self._failures = 0
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, clock: Clock, keys: CallerKeys, dids: Iterable[str] = ()) -> "Ledger":
        """Open or create the records and take up the fold where it stands. Raises RecordsUnavailable."""
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="records")
        try:
            store = await loop.run_in_executor(thread, RecordStore.open, url)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        ledger = cls(store, clock, keys, thread)

        def read() -> tuple[list[Record], int, dict[str, Any]]:
            return store.known(KNOWN_CALLS), store.position(), {name: store.state(name) for name in STATES}

        records, ledger.position, states = await loop.run_in_executor(thread, read)
        ledger._written = ledger.position
        waiting = [decode(fact) for fact in states["waiting"].get("facts", ())]
        ledger.projection = Projection(records, waiting)
        ledger.tally = Tally(dids)
        ledger.tally.restore(states["tally"])
        ledger._living = states["living"]
        return ledger

    async def belongs_to(self, journal: Journal) -> bool:
        """Compare with the journal, before `dispatcher.on_entry(ledger.on_entry, after=ledger.position)`.

        A journal that ends before our position is another one (it was removed): its entries are all new to us.
        """
        if self.position == 0:
            return True
        async for _ in journal.read(after=self.position - 1):
            return True
        log.warning("the journal is a new one; the records go on", records=self.position)
        self.position = self._written = 0
        self._living.clear()
        return False

    @property
    def before_the_living(self) -> int:
        """The journal's position behind which everything stands that it tells of the calls that live now."""
        return min([self.position, *(began - 1 for began in self._living.values())])

    def site_changed(self, dids: Iterable[str]) -> None:
        """Another version of the site is in force, with these numbers."""
        self.tally.expect(dids)

    def on_entry(self, entry: Recorded) -> None:
        """The dispatcher's listener. Entries that are in the records already are passed over."""
        if entry.position > self.position:
            self.position = entry.position
            self._fold(entry.at, entry.event, entry.decisions)

    def caller_key(self, number: str, name: str = "") -> str:
        """The opaque key of a caller, whose number and name are kept in the one erasable table."""
        key = self._keys.key_of(number)
        if key:
            shown = "".join(c for c in name if c.isprintable())[:LONGEST_NAME]
            row = {"caller": key, "number": normalised(number), "name": shown, "seen": self._clock.now()}
            self._callers[key] = row
            self._write_soon()
        return key

    async def forget(self, keys: Iterable[str]) -> int:
        """Erase callers' numbers and names for ever, also those that wait to be written; returns how many were known.

        Raises SQLAlchemyError: what was not erased is still there."""
        gone = frozenset(keys)
        await self.flush()
        return await self._alone(lambda: self._erase(gone))

    @property
    def behind(self) -> int:
        """Entries that are folded but not yet in the database."""
        return max(0, self.position - self._written)

    async def flush(self) -> None:
        """Write what is collected, now. Raises SQLAlchemyError when that fails; nothing is lost then."""
        await self._alone(self._write)

    async def close(self) -> None:
        """Write what is collected and let the database go."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self.flush()
        except SQLAlchemyError as error:
            log.error("the last records were not written; the next start takes them from the journal", why=str(error))
        await asyncio.get_running_loop().run_in_executor(self._thread, self.store.close)
        self._thread.shutdown(wait=False)

    # ------------------------------------------------------------------ inside
    def _fold(self, at: datetime, event: object, decisions: Sequence[object]) -> None:
        changes = self.projection.apply(at, event, decisions)
        self.tally.count(event, changes, decisions)
        rung: dict[str, None] = {}
        for change in changes:
            record = change.after
            if isinstance(record, CallRecord):
                self._lives(record)
            self._changed[type(record), _key(record)] = record
            if isinstance(record, OfferRecord) or (isinstance(record, CallRecord) and record.dials):
                rung[record.call] = None
        for call in rung:
            for leg in self.projection.legs(call):
                self._changed[LegRecord, f"{leg.call}/{leg.n}"] = leg
        self._write_soon()

    def _lives(self, call: CallRecord) -> None:
        if call.ended is None:
            self._living.setdefault(call.call, self.position)
        else:
            self._living.pop(call.call, None)

    def _write_soon(self) -> None:
        if self._timer is None and not self._closed:
            seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1] if self._failures else COLLECT_SECONDS
            self._timer = self._clock.call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._writing is not None and not self._writing.done():
            self._write_soon()
            return
        self._writing = asyncio.ensure_future(self._attempt())

    async def _attempt(self) -> None:
        try:
            await self._write()
        except SQLAlchemyError as error:
            self._failures += 1
            if not self.trouble:
                log.error("records cannot be written; they wait", why=str(error).splitlines()[0])
            self.trouble = str(error).splitlines()[0]
            self._write_soon()
        else:
            if self.trouble:
                log.info("records are written again")
            self._failures, self.trouble = 0, ""

    async def _alone(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do it while nothing else is being written, and to its end, whoever waits for it. A write that failed gives
        back what it took: one beside it would store a position without that, or a number that was just erased."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])
        doing = asyncio.get_running_loop().create_task(work())
        self._writing = doing
        return await asyncio.shield(doing)

    async def _erase(self, gone: frozenset[str]) -> int:
        for key in gone & self._callers.keys():
            del self._callers[key]
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: sum(self.store.erase_caller(key) for key in sorted(gone))
        )

    async def _write(self) -> None:
        changed, self._changed = self._changed, {}
        callers, self._callers = self._callers, {}
        position = self.position
        waiting = {"facts": [encode(fact) for fact in self.projection.waiting_facts()]}
        states = {"tally": self.tally.state(), "waiting": waiting, "living": dict(self._living)}

        def save() -> None:
            self.store.save(position, changed.values(), states)
            if callers:
                self.store.keep_callers(list(callers.values()))

        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, save)
        except BaseException:
            self._changed = changed | self._changed  # newer ones win
            self._callers = callers | self._callers
            raise
        self._written = position


def _key(record: Record) -> str:
    return str(getattr(record, type(record).__name__.removesuffix("Record").lower()))
