"""Work of requests leaves the threads that calls wait for alone."""

import asyncio
import contextvars
import threading

import pytest

from ivr.aside import THREADS, aside
from tests.tools import run

WHO: contextvars.ContextVar[str] = contextvars.ContextVar("who")


@run
async def test_calls_have_threads_while_every_request_waits() -> None:
    go = threading.Event()
    waiting = [asyncio.ensure_future(aside(go.wait, 10)) for _ in range(THREADS + 5)]
    try:
        assert await asyncio.wait_for(asyncio.to_thread(threading.active_count), 5)
    finally:
        go.set()
    assert all(await asyncio.gather(*waiting))


@run
async def test_it_returns_raises_and_knows_who_asks() -> None:
    WHO.set("ana")
    assert await aside(lambda text, end: f"{WHO.get()} {text}{end}", "asks", end="!") == "ana asks!"
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 / 0)
