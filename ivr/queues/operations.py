"""What the server tells of its queues (`ivr queues`)."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from ivr.control.operations import operation
from ivr.figures.queue_totals import totals
from ivr.figures.tally import Tally
from ivr.queues.present import Engine, QueueRows
from ivr.site import Site


class QueueOperations:
    """Shows the queues: the engine's own truth at this moment, and what the records count."""

    def __init__(self, engine: Engine, tally: Tally, site: Callable[[], Site], now_us: Callable[[], int]) -> None:
        self._engine, self._tally, self._site, self._now_us = engine, tally, site, now_us
        self._rows = QueueRows(engine)

    def routes(self) -> list[Route]:
        """Show all."""
        return [operation("GET", "/queues", self._show)]

    async def _show(self, request: Request) -> Mapping[str, Any]:
        labels = {name: queue.label for name, queue in self._site().queues.items()}
        rows = self._rows.rows(self._now_us(), labels)
        counted = totals(self._tally, [row.queue for row in rows])
        shown = [{**asdict(row), **counted[row.queue]} for row in rows]
        return {"queues": shown, "overtaking_bound_seconds": self._engine.config.overtaking_bound_us / 1e6}
