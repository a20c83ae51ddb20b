"""Agents for Prometheus: how many are in each state, as the routing engine has them at the moment of the scrape."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from acd.living import AgentStatus
from acd.views import AgentView


class AgentFigures(Collector):
    """Every state is shown, also while nobody is in it."""

    def __init__(self, agents: Callable[[], Iterable[AgentView]]) -> None:
        self._agents = agents

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        views = list(self._agents())
        counted = Counter(view.status for view in views)
        states = GaugeMetricFamily("centralita_agents", "Agents by what they do.", labels=["state"])
        for status in AgentStatus:
            states.add_metric([status.value], counted[status])
        yield states
        yield GaugeMetricFamily(
            "centralita_agents_logged_in",
            "Agents who are logged in, whatever they do.",
            value=sum(view.logged_in for view in views),
        )
