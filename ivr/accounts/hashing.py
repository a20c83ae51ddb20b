"""Passwords are hashed and compared in one thread of their own, never on the loop; how many may wait is bounded.

An attack can fill the ordinary places and keep the thread busy, but not the places of who is known, whose turn comes
first. The thread is nicer than the loop: while calls need the processor, it waits. After a stranger's password it rests
as long as that took, unless somebody known comes: an attack has half of a processor at most.
"""

import asyncio
import base64
import contextlib
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from ivr.access.passwords import normalised
from ivr.clock import Clock, LoopClock

T = TypeVar("T")

# RFC 9106 (4) with less memory: 60 ms of one processor. A line of four would only take the loop's processor away.
HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1, hash_len=32, salt_len=16)
MOST_WAITING, MOST_WAITING_KNOWN = 8, 8
NICE = 10
LONGEST_REST = 0.25


class Busy(Exception):
    """Too many passwords wait to be looked at. Try again in a moment."""


class Hashing:
    """Hashes and compares passwords, one after the other."""

    def __init__(self, hasher: argon2.PasswordHasher = HASHER, clock: Clock | None = None) -> None:
        self._hasher, self._clock = hasher, clock or LoopClock()
        self._dummy = _nobodys(hasher)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords", initializer=_be_nice)
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._working = self._resting = False

    def close(self) -> None:
        """Let the thread go when it has finished."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """For the store. Raises Busy."""
        return await self._turn(True, lambda: self._hasher.hash(normalised(password)))

    async def right(self, password: str, stored: str, *, known: bool) -> bool:
        """Whether it is the password. `stored` is empty for nobody: the same work is done, and the answer is no.

        Raises Busy.
        """
        against = stored or self._dummy
        found = await self._turn(known, lambda: self._compared(against, password))
        return found and bool(stored)

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    # ------------------------------------------------------------------ inside
    def _compared(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, normalised(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _turn(self, known: bool, work: Callable[[], T]) -> T:
        if self._working or (self._resting and not known):
            line = self._waiting[known]
            if len(line) >= (MOST_WAITING_KNOWN if known else MOST_WAITING):
                raise Busy
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            line.append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():
                    self._next()  # it was my turn already
                else:
                    with contextlib.suppress(ValueError):
                        line.remove(mine)
                raise
        self._working = True
        began, done = self._clock.engine_us(), self._thread.submit(work)
        done.add_done_callback(_calling(lambda: self._done(known, self._clock.engine_us() - began)))
        return await asyncio.wrap_future(done)

    def _done(self, known: bool, took_us: int) -> None:
        if not known:
            self._resting = True
            self._clock.call_later(min(took_us / 1e6, LONGEST_REST), self._rested)
        self._next()

    def _rested(self) -> None:
        self._resting = False
        if not self._working:
            self._next()

    def _next(self) -> None:
        """The turn goes to who waits: known ones first."""
        for known in (True,) if self._resting else (True, False):
            line = self._waiting[known]
            while line:
                first = line.popleft()
                if not first.done():
                    self._working = True
                    first.set_result(None)
                    return
        self._working = False


def _calling(function: Callable[[], None]) -> Callable[[object], None]:
    """On the loop that runs now, from whatever thread."""
    loop = asyncio.get_running_loop()

    def call(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(function)

    return call


def _nobodys(hasher: argon2.PasswordHasher) -> str:
    """A hash that no password has, with the same cost as every other."""

    def text(length: int) -> str:
        return base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${text(hasher.salt_len)}${text(hasher.hash_len)}"


def _be_nice() -> None:
    with contextlib.suppress(OSError):  # of this thread alone (setpriority(2), NOTES)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
