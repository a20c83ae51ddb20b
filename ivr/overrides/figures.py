"""Overrides for Prometheus: how each timetable stands, since when, until when, and who changed it how often."""

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ivr.overrides.overrides import OfSite, Overrides
from ivr.site.overrides import State


class OverrideFigures(Collector):
    """Computed at each scrape. Every timetable of the active site is shown, also while nothing overrides it."""

    def __init__(self, overrides: Overrides, site: Callable[[], OfSite]) -> None:
        self._overrides, self._site = overrides, site

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        state = GaugeMetricFamily(
            "centralita_override", "1 while this overrides the timetable.", labels=["timetable", "state"]
        )
        since, until = _moment("since", "When the override was set."), _moment("until", "When it ends by itself.")
        for timetable in sorted(self._site().hours):
            override = self._overrides.state(timetable)
            for one in State:
                state.add_metric([timetable, one.value], float(override is not None and override.state is one))
            if override is not None:
                since.add_metric([timetable], _seconds(override.since))
                if override.until is not None:
                    until.add_metric([timetable], _seconds(override.until))
        yield from (state, since, until)
        changes = CounterMetricFamily(
            "centralita_overrides_set", "Changes of overrides.", labels=["timetable", "state", "by"]
        )
        for labels, count in sorted(self._overrides.changes.items()):
            changes.add_metric(list(labels), count)
        yield changes
        yield GaugeMetricFamily(
            "centralita_override_unsaved",
            "1 while overrides in force are not on the disk.",
            value=float(bool(self._overrides.trouble)),
        )


def _moment(which: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"centralita_override_{which}_timestamp_seconds", text, labels=["timetable"])


def _seconds(at: datetime) -> float:
    return at.timestamp()
