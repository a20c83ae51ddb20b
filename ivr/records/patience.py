"""How long who writes into an SQLite database waits for another writer: seconds as a rule, longer when it is known that
one takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


class Patience:
    """Of all connections of some engines; each is told when it is taken for use the next time."""

    def __init__(self, usual: float) -> None:
        self.usual = self.seconds = usual

    def of(self, engine: Engine) -> None:
        """Of this one too. PostgreSQL's writers do not wait for each other like that."""
        if engine.dialect.name != "sqlite":
            return

        @event.listens_for(engine, "checkout")
        def _tell(connection: Any, record: Any, _proxy: Any) -> None:
            if record.info.get("patience") != self.seconds:
                connection.execute(f"PRAGMA busy_timeout = {round(self.seconds * 1000)}")
                record.info["patience"] = self.seconds

    @property
    def more(self) -> float:
        """Seconds beyond the usual ones."""
        return max(0.0, self.seconds - self.usual)

    @contextmanager
    def longer(self, seconds: float) -> Iterator[None]:
        """So much more of it, until the end of the block."""
        self.seconds = self.usual + seconds
        try:
            yield
        finally:
            self.seconds = self.usual
