"""What anybody raises who does not do what is asked: the way out is the answer of the HTTP API, and nothing of it is
known here."""

from typing import Any


class Refusal(Exception):
    """The request is not carried out. The message says why and what to do; `details` go into the answer beside it.
    `status` is HTTP's."""

    def __init__(
        self, message: str, *, status: int = 409, headers: dict[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.status, self.headers, self.details = status, headers, details
