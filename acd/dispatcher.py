"""The engine's shell: stamps facts, journals them with their decisions, and then carries the decisions out.

A decision is carried out only when it is durable. When the journal stays away for longer than a second, callers come
first: decisions are carried out at once, their entries wait in order, and `degraded` says so.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from acd.codec import decode, encode
from acd.decisions import Decision
from acd.deeds import Deeds
from acd.engine import ENGINE_VERSION, Engine
from acd.facts import EngineStarted, Fact, Tick
from acd.journal.port import Entry, Journal, JournalUnavailable
from acd.ports import Clock, Telephone, Timer
from acd.snapshot import UnknownSnapshot

PATIENCE = 1.0
"""Seconds that a decision waits for a journal that is away."""

CHECKPOINT_EVERY = 10_000
"""Entries between two checkpoints: about a quarter of a second of folding."""

_log = logging.getLogger(__name__)
F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A durable entry, decoded. `live` is False while the journal is read at the start."""

    position: int
    at: datetime
    event: Any
    decisions: tuple[Decision, ...]
    live: bool


Listener = Callable[[Recorded], None]


@dataclass(slots=True)
class _Pending:
    at: datetime
    event: Any
    decisions: tuple[Decision, ...]
    future: "asyncio.Future[int]"
    snapshot: dict[str, Any] | None
    carried_out: bool = False


class Dispatcher:
    """One per engine. `submit` and `record` are called on the loop's thread, after `recover`."""

    def __init__(self, engine: Engine, journal: Journal, telephone: Telephone, clock: Clock, *, node: str) -> None:
        self.engine = engine
        self.degraded = False
        self._journal = journal
        self._deeds = Deeds(telephone)
        self._clock = clock
        self._node = node
        self._wanted = engine.config
        self._offset = 0
        self._last_t = 0
        self._position = 0
        self._since_checkpoint = 0
        self._listeners: list[tuple[Listener, int | None]] = []
        self._pending: deque[_Pending] = deque()
        self._untold: deque[_Pending] = deque()
        self._alarm: Timer | None = None
        self._patience: Timer | None = None
        self._checkpoints: set[asyncio.Task[None]] = set()
        self._closed = False

    # -- facts in

    def now_us(self) -> int:
        """Engine time on the journal's time line; never decreases, also over a reboot of the machine."""
        self._last_t = max(self._last_t, self._clock.engine_us() + self._offset)
        return self._last_t

    def submit(self, fact: Fact, key: str | None = None) -> tuple[Decision, ...]:
        """Give the engine a fact. `t` is stamped anew, `at` is kept.

        Returns what was decided; it is carried out when durable. A fact whose `key` was journalled before and that
        changes nothing is not journalled twice.
        """
        fact = replace(fact, t=self.now_us())
        decisions = self.engine.apply(fact)
        self._append(fact, decisions, key if not decisions else None)
        self._arm()
        return decisions

    def tell(
        self, kind: type[F], *, at: datetime | None = None, key: str | None = None, **fields: Any
    ) -> tuple[Decision, ...]:
        """`submit` a fact of this kind that happened now, or at `at` when it was imported after a gap."""
        return self.submit(kind(at=at or self._clock.now(), t=0, **fields), key)

    def record(self, event: Any, key: str | None = None) -> None:
        """Journal an event that the engine does not ask for. With a `key` it is stored and told once for ever."""
        self._append(event, (), key)

    def on_entry(self, listener: Listener, after: int | None = None) -> Callable[[], None]:
        """Be told every durable entry, in order, once. Returns the way to stop it.

        A projection that has stored its own position gives it as `after`: `recover` then reads from there for it.
        """
        item = (listener, after)
        self._listeners.append(item)
        return lambda: self._listeners.remove(item) if item in self._listeners else None

    # -- to the journal and out

    def _append(self, event: Any, decisions: tuple[Decision, ...], key: str | None) -> None:
        at = self._clock.now()
        future = self._journal.append(at, encode(event), [encode(d) for d in decisions], key)
        self._since_checkpoint += 1
        snapshot = None
        if self._since_checkpoint >= CHECKPOINT_EVERY:
            self._since_checkpoint, snapshot = 0, self.engine.snapshot()
        self._pending.append(_Pending(at, event, decisions, future, snapshot))
        future.add_done_callback(self._advance)
        if self.degraded:
            self._carry_out_ahead()
        elif self._patience is None:
            self._patience = self._clock.call_later(PATIENCE, self._out_of_patience)

    def _advance(self, _: "asyncio.Future[int] | None" = None) -> None:
        """Carry out and tell whatever is durable, in order; deeds first, for a phone waits for them."""
        moved, busy = False, bool(self._untold)
        while self._pending and self._pending[0].future.done():
            item = self._pending.popleft()
            moved = True
            busy = self._carry_out(item) or busy
            self._untold.append(item)
        if busy:  # in the next turn of the loop the deeds begin; at its end they are on the wire
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._tell_all)
        else:
            self._tell_all()
        if moved:
            self._journal_answers()

    def _tell_all(self) -> None:
        while self._untold:
            self._tell_durable(self._untold.popleft())

    def _journal_answers(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._pending and not self.degraded:
            self._patience = self._clock.call_later(PATIENCE, self._out_of_patience)
        if self.degraded and not self._pending:
            self.degraded = False
            _log.warning("the journal has caught up; decisions wait for it again")

    def _out_of_patience(self) -> None:
        self._patience = None
        if self._pending:
            self.degraded = True
            _log.error("the journal is away: decisions are carried out before they are durable")
            self._carry_out_ahead()

    def _carry_out_ahead(self) -> None:
        for item in self._pending:
            self._carry_out(item)

    def _carry_out(self, item: _Pending) -> bool:
        """Whether a deed was begun."""
        if item.carried_out:
            return False
        item.carried_out = True
        begun = [self._deeds.do(decision) for decision in item.decisions]
        return any(begun)

    def _tell_durable(self, item: _Pending) -> None:
        if item.future.cancelled() or (error := item.future.exception()) is not None:
            _log.error("an entry is lost: %s", error if not item.future.cancelled() else "cancelled")
            return
        position = item.future.result()
        if position <= self._position:
            return  # an event of this key stands in the journal already
        self._position = position
        self._tell(Recorded(position, item.at, item.event, item.decisions, live=True))
        if item.snapshot is not None:
            self._save_checkpoint(position, item.snapshot)

    def _tell(self, recorded: Recorded, only: Sequence[Listener] | None = None) -> None:
        for listener in [one for one, _ in self._listeners] if only is None else only:
            try:
                listener(recorded)
            except Exception:
                _log.exception("a listener failed at entry %d", recorded.position)

    def _save_checkpoint(self, position: int, snapshot: dict[str, Any]) -> None:
        async def save() -> None:
            try:
                await self._journal.save_checkpoint(position, snapshot)
            except JournalUnavailable as error:
                _log.error("no checkpoint at entry %d: %s", position, error)

        task = asyncio.get_running_loop().create_task(save())
        self._checkpoints.add(task)
        task.add_done_callback(self._checkpoints.discard)

    # -- time

    def _arm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self.engine.next_deadline()
        if due is not None and not self._closed:
            self._alarm = self._clock.call_later(max(0, due - self.now_us()) / 1e6, self._ring_alarm)

    def _ring_alarm(self) -> None:
        self._alarm = None
        due = self.engine.next_deadline()
        if due is not None and due <= self.now_us():
            self.tell(Tick)
        else:
            self._arm()

    # -- recovery and end

    async def recover(self) -> None:
        """Fold what was recorded, tell the listeners, and begin to decide. Returns when the beginning is durable.

        Each entry is folded under the configuration that was in force then; the one that the engine was made with
        comes into force with the beginning.

        Nothing recorded is decided or carried out again. Raises JournalUnavailable, and acd.codec.UnknownEvent when a
        newer version wrote the journal.
        """
        checkpoint = await self._load_checkpoint()
        starts = [after for _, after in self._listeners if after is not None]
        last: Entry | None = None
        async for entry in self._journal.read(min([checkpoint, *starts])):
            last = entry
            self._take_in(entry, checkpoint)
        self._position = max(self._position, checkpoint)
        self._since_checkpoint = self._position - checkpoint
        self._continue_time(last.at if last else None)
        prefix = format(int(self._clock.now().timestamp() * 1e6), "013x")
        self.tell(
            EngineStarted,
            engine_version=ENGINE_VERSION,
            config_hash=self._wanted.hash,
            config=self._wanted.text,
            prefix=prefix,
            node=self._node,
        )
        await self.settled()

    async def _load_checkpoint(self) -> int:
        found = await self._journal.latest_checkpoint()
        if found is None:
            return 0
        try:
            self.engine.load(found[1])
        except UnknownSnapshot as error:
            _log.warning("the whole journal is read: %s", error)
            return 0
        return found[0]

    def _take_in(self, entry: Entry, checkpoint: int) -> None:
        event = decode(entry.event)
        decisions = tuple(decode(d) for d in entry.decisions)
        if entry.position > checkpoint and isinstance(event, Fact):
            self.engine.fold(event, decisions)
        self._position = entry.position
        begun = [one for one, after in self._listeners if entry.position > (checkpoint if after is None else after)]
        self._tell(Recorded(entry.position, entry.at, event, decisions, live=False), begun)

    def _continue_time(self, last_at: datetime | None) -> None:
        """After a reboot the machine counts from zero again: go on behind the last entry, by the wall clock."""
        last_t = self.engine.time_us
        if self._clock.engine_us() < last_t:
            away = (self._clock.now() - last_at) // timedelta(microseconds=1) if last_at else 0
            self._offset = last_t + max(0, away) - self._clock.engine_us()
        self._last_t = last_t

    async def settled(self) -> None:
        """Wait until everything submitted is durable and every deed has been done. Not while the journal is away."""
        while self._pending:
            await asyncio.wait([item.future for item in self._pending])
            self._advance()
        self._tell_all()
        await self._deeds.done()

    async def close(self) -> None:
        """Stop the alarm, finish what was begun, keep a checkpoint. The journal is its owner's to close."""
        self._closed = True
        for timer in (self._alarm, self._patience):
            if timer is not None:
                timer.cancel()
        self._alarm = self._patience = None
        if self._journal.available:
            await self.settled()
            self._save_checkpoint(self._position, self.engine.snapshot())
        await asyncio.gather(*self._checkpoints, return_exceptions=True)
        await self._deeds.done()
