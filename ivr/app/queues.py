"""What is shown of the queues: to Prometheus, and to `ivr queues`."""

from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.exchange.house import Sites
from ivr.figures.metrics import Metrics
from ivr.figures.routing import RoutingFigures
from ivr.queues.routes import QueueRoutes
from ivr.web.api.application import Part


def open_queues(
    sites: Sites, floor: Floor, stores: Stores, metrics: Metrics, parts: list[Part], closing: Closing
) -> None:
    """After the engine has recovered."""
    figures = RoutingFigures(floor.engine, metrics.registry)
    metrics.show(figures)
    closing.add_now(floor.dispatcher.on_entry(figures.heard))
    parts.append(QueueRoutes(floor.engine, stores.ledger.tally, sites.active, floor.dispatcher.now_us))
