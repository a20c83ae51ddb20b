"""What many tests share."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred


def run(function: Callable[..., Coroutine[Any, Any, None]], seconds: float = 30) -> Callable[..., Deferred[None]]:
    """Make a test of an asyncio coroutine: pytest-twisted waits for it on the reactor, `seconds` at most."""

    @functools.wraps(function)
    def test(*args: Any, **kwargs: Any) -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(asyncio.wait_for(function(*args, **kwargs), seconds)))

    return test
