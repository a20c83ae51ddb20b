"""Who asks, and what is noted of it: implemented by the accounts and the audit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from starlette.requests import Request

from ivr.access.model import Principal


class Result(Enum):
    """How a request ended; BEGUN: that it is about to be carried out. Where only this stands it is not known whether
    it came about."""

    BEGUN = "begun"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(slots=True)
class Note:
    """What the audit will say of a request. The route fills it in; a note without `action` is not written.

    Numbers of callers never stand in it: only their keys, or masked. `owed`: something may have been changed by it, so
    that it cannot be refused any more: when it cannot be written now it is as soon as it can be. `written`: called when
    it is written, before the answer goes out.
    """

    action: str = ""
    object: str = ""
    before: Any = None
    after: Any = None
    detail: dict[str, Any] = field(default_factory=dict)
    owed: bool = False
    written: Callable[[], None] | None = None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What is refused within is not written: nothing of it was looked at."""
        try:
            yield
        except Exception:
            self.action = ""
            raise


class Door(Protocol):
    """Lets in, and writes down."""

    async def identify(self, request: Request) -> Principal | None:
        """Who asks; None when nobody is logged in. Raises Refusal when what was shown is not valid (401), when a
        session comes without its CSRF token to a method that changes something (403), or too often (429)."""

    async def note(self, principal: Principal | None, address: str, note: Note, result: Result, why: str) -> None:
        """Write the audit down before the answer goes out. Raises when that is not possible, unless it is owed."""
