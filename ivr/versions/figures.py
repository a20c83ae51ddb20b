"""Versions for Prometheus: which is in force, which is tried, what calls still have, and how a trial goes."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ivr.site.versions import EDITION_DIGITS
from ivr.versions.canary import Score
from ivr.versions.changes import Changes


class VersionFigures(Collector):
    """Computed at each scrape; the trial's figures are those of the latest look at the records."""

    def __init__(
        self, changes: Changes, in_use: Callable[[], Mapping[str, int]], scores: Callable[[], Mapping[str, Score]]
    ) -> None:
        self._changes, self._in_use, self._scores = changes, in_use, scores

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        editions = self._changes.editions
        info = GaugeMetricFamily(
            "centralita_version_info", "1 for the versions that calls begin with.", labels=["version", "role"]
        )
        info.add_metric([editions.active().edition, "active"], 1)
        if editions.canary is not None:
            info.add_metric([editions.canary.version[:EDITION_DIGITS], "canary"], 1)
        yield info
        older = {version: n for version, n in self._in_use().items() if version != editions.active().version}
        yield GaugeMetricFamily(
            "centralita_version_older_calls",
            "Living calls that began with another version than the one in force.",
            value=sum(older.values()),
        )
        changed = CounterMetricFamily("centralita_version_changes", "Versions that came into force.", labels=["how"])
        for how, count in sorted(self._changes.activated.items()):
            changed.add_metric([how], count)
        yield changed
        yield CounterMetricFamily(
            "centralita_version_refused",
            "Changes that altered nothing because they were faulty.",
            value=self._changes.refused,
        )
        yield GaugeMetricFamily(
            "centralita_version_files_faulty",
            "1 while the site's files have errors and are not in force.",
            value=int(bool(self._changes.problems)),
        )
        yield from self._trial()

    def _trial(self) -> Iterator[Metric]:
        canary = self._changes.editions.canary
        yield GaugeMetricFamily(
            "centralita_canary_percent",
            "Callers who begin with a version that is tried.",
            value=canary.percent if canary else 0,
        )
        calls = GaugeMetricFamily(
            "centralita_canary_calls", "Calls since the trial began, by what became of them.", labels=["role", "what"]
        )
        if canary is not None:
            roles = {canary.version: "canary", self._changes.editions.active().version: "active"}
            for version, score in self._scores().items():
                for what, count in {"begun": score.begun, "ended": score.ended, **score.counts}.items():
                    calls.add_metric([roles.get(version, "other"), what.replace(" ", "_")], count)
        yield calls
