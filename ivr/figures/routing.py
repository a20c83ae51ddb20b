"""The routing engine's own figures for Prometheus: doors, who is there, the bound of overtaking, kept places."""

from collections.abc import Callable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from acd.config import EngineConfig
from acd.dispatcher import Recorded
from acd.facts import CallerJoined
from acd.model import Doors, VisitId
from acd.views import QueueView, VisitView


class Engine(Protocol):
    """What is asked of the routing engine."""

    @property
    def config(self) -> EngineConfig: ...
    def queues(self) -> tuple[QueueView, ...]: ...
    def visit(self, visit: VisitId) -> VisitView | None: ...


class RoutingFigures(Collector):
    """Computed at each scrape, but for the kept places, which `heard` counts while the callers wait."""

    def __init__(self, engine: Engine, registry: CollectorRegistry) -> None:
        self._engine = engine
        self._kept = Counter(
            "centralita_kept_places_total",
            "Callers whose place in the queue counted from an earlier visit.",
            ["queue"],
            registry=registry,
        )

    def heard(self, recorded: Recorded) -> None:
        """The dispatcher's listener."""
        event = recorded.event
        if recorded.live and isinstance(event, CallerJoined):
            view = self._engine.visit(event.visit)
            if view is not None and view.since_us < view.joined_us:
                self._kept.labels(event.queue).inc()

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield GaugeMetricFamily(
            "centralita_overtaking_bound_seconds",
            "Nobody is overtaken by a caller who joined later than this, with the same agents.",
            value=self._engine.config.overtaking_bound_us / 1e6,
        )
        queues = self._engine.queues()
        doors = GaugeMetricFamily("centralita_queue_doors", "1 for how the doors are.", labels=["queue", "doors"])
        for view in queues:
            for state in Doors:
                doors.add_metric([view.queue, state.value], float(view.doors is state))
        yield doors
        yield _of_queues("agents_logged_in", "Agents of all circles who are logged in.", queues, lambda q: q.logged_in)
        yield _of_queues("agents_there", "Those whose phone can be reached too.", queues, lambda q: q.there)
        yield _of_queues("agents_available", "Those who could be rung now.", queues, lambda q: q.available)
        yield _of_queues("service_level", "Share in time, since midnight.", queues, lambda q: q.service_level / 100)


def _of_queues(
    name: str, text: str, queues: tuple[QueueView, ...], value: Callable[[QueueView], float]
) -> GaugeMetricFamily:
    unit = "_ratio" if name == "service_level" else ""
    family = GaugeMetricFamily(f"centralita_queue_{name}{unit}", text, labels=["queue"])
    for view in queues:
        family.add_metric([view.queue], value(view))
    return family
