"""Slow work that no call waits for, in threads of its own.

`asyncio.to_thread` has few threads (the processors' number and four), and what calls wait for is done there too: names
of hosts, large answers of look-ups, who talked to a caller last. A request whose story, picture or erasure takes
minutes must not take them away.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 8
"""Not nicer than the loop: who waits for the processor with Python's lock in hand holds up everybody."""

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aside")


async def aside(function: Callable[P, T], /, *given: P.args, **named: P.kwargs) -> T:
    """As `asyncio.to_thread`."""
    work = partial(contextvars.copy_context().run, function, *given, **named)
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
