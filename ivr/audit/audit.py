"""Appends from the loop: in the order of asking, one batch after the other, awaited until the entry is on the disk."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.access.anchor import AuditAnchored
from ivr.aside import aside
from ivr.audit.anchors import AnchorFiles
from ivr.audit.chain import Anchor, Entry, Row, Verification, moment
from ivr.audit.store import AuditStore
from ivr.clock import Clock, Timer

log = logs.get(__name__)
T = TypeVar("T")

MOST_WAITING = 5_000
BATCH = 500
PATIENCE_SECONDS = 10.0
"""How long an answer waits for its entry. After that the request fails; its entry may still be written."""
SETTLED_SECONDS = 2.0
"""How long the answer about what has been done already waits for its entry."""
MOST_OWED = 5_000
AGAIN_SECONDS = 5.0
"""How long after a failure what is owed is tried again."""
ANCHOR_EVERY_SECONDS = 86_400.0

Anchors = Callable[[], AsyncIterator[Anchor]]
"""Anchors of another place, oldest first."""


class AuditUnavailable(Exception):
    """The entry could not be written: what it is about must not be answered. The message says why."""


class Audit:
    """The audit of one server. `record(event, key)` gives a day's anchor to the journal; `told(entry)` hears of each
    entry that was written."""

    def __init__(
        self,
        store: AuditStore,
        anchors: AnchorFiles,
        clock: Clock,
        record: Callable[[AuditAnchored, str], object] = lambda event, key: None,
        told: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        self.store, self._anchors, self._clock, self._record = store, anchors, clock, record
        self._told = told
        self.trouble = ""
        """Why nothing can be written now; empty when all is well."""
        self._waiting: list[tuple[Entry, asyncio.Future[int]]] = []
        self._owed: list[Entry] = []
        self._again: Timer | None = None
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit")
        self._timer: Timer | None = None
        self._anchoring: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        """Compare the chain's end with the one that was kept, and begin to anchor. Raises SQLAlchemyError."""
        broken = await self._in_thread(self._look_back)
        if broken:
            log.error("the audit is not as it was left; see: ivr audit verify", why=broken)
            told = Entry(at=self._clock.now(), action="audit.broken", who="server", why=broken, result="failed")
            await self.settle(told)  # where nothing can be written either, calls are taken all the same
        await self._anchor()

    async def close(self) -> None:
        """Write what waits, and let everything go; again is harmless."""
        if self._closed:
            return
        self._closed = True
        for timer in (self._timer, self._again):
            if timer is not None:
                timer.cancel()
        self._pay()
        for task in (self._anchoring, self._writing):
            if task is not None:
                await asyncio.wait([task])
        await self._in_thread(self.store.close)
        self._thread.shutdown(wait=False)

    # ------------------------------------------------------------------ writing
    async def append(self, entry: Entry) -> int:
        """Add an entry; returns its number once it is on the disk. Raises AuditUnavailable.

        The entries' order is the order of the calls. Who gives up waiting (a client that went) takes nothing back.
        """
        if self._closed or len(self._waiting) >= MOST_WAITING:
            raise AuditUnavailable("the audit is closed" if self._closed else f"{MOST_WAITING} entries wait already")
        future = self._queued(entry)
        await asyncio.wait([future], timeout=PATIENCE_SECONDS)
        if not future.done() and (more := self.store.patience.more):  # meanwhile it is known that it takes long
            await asyncio.wait([future], timeout=more)
        if not future.done():
            raise AuditUnavailable(f"the entry was not written within {PATIENCE_SECONDS:g} s")
        return future.result()

    async def settle(self, entry: Entry) -> None:
        """As `append`, for what has been done already and cannot be refused: it never raises. An entry that cannot be
        written now stands in the log, and is written as soon as it can be."""
        if self._closed or len(self._waiting) >= MOST_WAITING:
            self._owe(entry, "the audit is closed" if self._closed else f"{MOST_WAITING} entries wait already")
            return
        future = self._queued(entry)
        future.add_done_callback(lambda done: self._owe(entry, str(done.exception())) if done.exception() else None)
        await asyncio.wait([future], timeout=SETTLED_SECONDS)

    def _queued(self, entry: Entry) -> "asyncio.Future[int]":
        if entry.at.tzinfo is None:
            raise ValueError("a moment without time zone has no place in the audit")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return future

    def _owe(self, entry: Entry, why: str) -> None:
        log.error("an entry of the audit is missing; it follows as soon as it can be written", at=entry.at.isoformat(),
                  action=entry.action, who=entry.who, about=entry.object, result=entry.result, why=why)  # fmt: skip
        self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        if self._closed or len(self._owed) >= MOST_OWED:
            return  # it stands in the log
        self._owed.append(entry)
        if self._again is None:
            self._again = self._clock.call_later(AGAIN_SECONDS, self._pay)

    def _pay(self) -> None:
        self._again, owed, self._owed = None, self._owed, []
        for entry in owed:
            self._queued(entry).add_done_callback(functools.partial(self._still_owed, entry))

    def _still_owed(self, entry: Entry, done: "asyncio.Future[int]") -> None:
        if done.exception() is not None:
            self._keep(entry)

    async def _write(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                try:
                    rows = await self._in_thread(self._store, [entry for entry, _ in batch])
                except Exception as error:
                    self._failed(batch, error)
                    continue
                self._say("")
                for (entry, future), row in zip(batch, rows, strict=True):
                    self._told(entry)
                    if not future.done():
                        future.set_result(row.seq)
        finally:
            self._writing = None

    def _store(self, entries: list[Entry]) -> list[Row]:
        rows = self.store.append(entries)
        try:
            self._anchors.follow(self._now(rows[-1].seq, rows[-1].hash))
        except OSError as error:  # the entries stand; the next ones bring their anchor
            log.error("the audit's anchor cannot be written", why=str(error))
        return rows

    def _failed(self, batch: list[tuple[Entry, "asyncio.Future[int]"]], error: Exception) -> None:
        why = logs.first_line(error)
        self._say(why)
        for _, future in batch:
            if not future.done():
                future.set_exception(AuditUnavailable(f"the audit cannot be written: {why}"))
                future.exception()  # told; perhaps nobody waits any more

    def _say(self, trouble: str) -> None:
        if trouble and not self.trouble:
            log.error("the audit cannot be written; what it is about is refused", why=trouble)
        elif self.trouble and not trouble:
            log.info("the audit is written again")
        self.trouble = trouble

    # ------------------------------------------------------------------ anchors
    def _look_back(self) -> str:
        """What the kept end says against the chain; its evidence is kept before the next entry writes over it."""
        kept = self._anchors.last()
        if kept is None:
            return ""
        try:
            self._anchors.keep(kept)
        except OSError as error:
            log.error("the audit's end that was kept could not be put aside", seq=kept.seq, why=str(error))
        told = self.store.hash_of(kept.seq)
        if told == kept.hash:
            return ""
        seq, _ = self.store.last()
        what = f"has another hash than at {kept.at}" if told else f"was there at {kept.at}; now the last one is {seq}"
        return f"entry {kept.seq} {what}"

    async def _anchor(self) -> None:
        """Keep the chain's end in the file of anchors and in the journal, and again in a day."""
        try:
            seq, told = await self._in_thread(self.store.last)
            if seq:
                anchor = self._now(seq, told)
                await self._in_thread(self._anchors.keep, anchor)
                now = self._clock.now()
                self._record(AuditAnchored(at=now, seq=seq, hash=told), f"audit:{now.date().isoformat()}")
        except (OSError, SQLAlchemyError) as error:
            log.error("the audit could not be anchored", why=logs.first_line(error))
        if not self._closed:
            self._timer = self._clock.call_later(ANCHOR_EVERY_SECONDS, self._anchor_again)

    def _anchor_again(self) -> None:
        self._anchoring = asyncio.get_running_loop().create_task(self._anchor())

    def _now(self, seq: int, told: str) -> Anchor:
        return Anchor(seq=seq, hash=told, at=moment(self._clock.now()))

    # ------------------------------------------------------------------ verifying
    async def verify(self, *others: Anchors) -> Verification:
        """Walk the whole chain, as far as it goes now, beside the server's work. Raises SQLAlchemyError, OSError."""
        anchors = await aside(self._anchors.all)
        for other in others:
            anchors += [anchor async for anchor in other()]
        upto, _ = await aside(self.store.last)
        upto = max([upto, *(anchor.seq for anchor in anchors)])
        walked = Verification(anchors)

        def one_page(after: int) -> int | None:
            rows = self.store.page(after, upto)
            for row, disagreeing in rows:
                walked.feed(row, disagreeing)
            return rows[-1][0].seq if rows else None

        after: int | None = -1
        while after is not None:
            after = await aside(one_page, after)
        walked.end()
        return walked

    async def _in_thread(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *values)
