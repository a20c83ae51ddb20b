"""The exposition for Prometheus: what the journal's entries say (computed at each scrape) and the server's health.

One registry of our own. Names begin with `centralita_` and end with their unit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ivr.figures.health import Health
from ivr.figures.projection import Projection
from ivr.figures.tally import Distribution, Labels, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class CallFigures(Collector):
    """Calls, queues and offers, as the fold stands at the moment of the scrape.

    `now` gives the wall time (for the longest wait). `queues` are always shown, also while empty.
    """

    def __init__(
        self,
        projection: Projection,
        tally: Tally,
        now: Callable[[], datetime],
        queues: Iterable[str] = (),
        lines: int = 0,
    ) -> None:
        self._projection, self._tally = projection, tally
        self._now, self._queues, self._lines = now, tuple(sorted(queues)), lines

    def site_changed(self, queues: Iterable[str], lines: int) -> None:
        """Another version of the site is in force."""
        self._queues, self._lines = tuple(sorted(queues)), lines

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._calls()
        yield from self._waiting()
        yield from self._offers()
        yield from self._sums()

    def _calls(self) -> Iterator[Metric]:
        tally = self._tally
        yield _counter("calls_started", "Calls that came in, refused ones included.", ["did"], tally.started)
        yield _counter("calls", "Ended calls by their one outcome.", ["did", "outcome"], tally.calls)
        refused: dict[Labels, float] = {(did,): n for did, n in tally.refused().items()}
        yield _counter("lines_refused", "Calls refused because all lines were busy.", ["did"], refused)
        yield _gauge("lines", "Lines of the site.", {(): self._lines})
        yield _gauge("lines_in_use", "Calls that live now.", {(): len(self._projection.open_calls())})
        yield _counter("menu_choices", "Keys that a menu knew.", ["step", "key"], tally.choices)
        yield _counter("menu_failures", "Wrong keys, and no key in time.", ["step", "kind"], tally.failures)
        yield _counter("prompts_missing", "Prompts skipped for want of a file.", ["prompt"], tally.prompts)
        yield _counter("fallbacks", "Reception rung by the dialplan alone.", [], {(): tally.fallbacks.total()})
        yield _counter("recordings", "Recordings completed.", ["queue"], tally.recordings)
        seconds = {labels: us / 1e6 for labels, us in tally.recorded_us.items()}
        yield _counter("messages_left", "Messages that callers left.", ["mailbox"], tally.messages)
        yield _counter("recorded_seconds", "Length of the recordings.", ["queue"], seconds)

    def _waiting(self) -> Iterator[Metric]:
        length: dict[Labels, float] = {(queue,): 0 for queue in self._queues}
        longest: dict[Labels, float] = dict(length)
        now = self._now()
        for visit in self._projection.open_visits():
            if not visit.parked:
                key = (visit.queue,)
                length[key] = length.get(key, 0) + 1
                waited = max(0.0, (now - visit.joined).total_seconds())
                longest[key] = max(longest.get(key, 0), waited)
        tally = self._tally
        yield _gauge("queue_length", "Callers waiting.", length, ["queue"])
        yield _gauge("queue_longest_wait_seconds", "How long the first in the queue has waited.", longest, ["queue"])
        ended = ["queue", "outcome", "entry"]
        yield _counter("queue_joined", "Queue visits begun, by flow or transfer.", ["queue", "entry"], tally.joined)
        yield _counter("queue_visits", "Queue visits by their one outcome.", ended, tally.visits)
        yield _histogram("wait_seconds", "Waiting time of ended visits.", ended, tally.waits)
        yield _counter("widenings", "Callers whose circle widened to a step.", ["queue", "step"], tally.widenings)

    def _offers(self) -> Iterator[Metric]:
        tally = self._tally
        yield _counter("offers_made", "Phones rung for a caller.", ["queue"], tally.offered)
        yield _counter("offers", "Offers by their one result.", ["queue", "result"], tally.offers)
        yield _histogram("talk_seconds", "Talks with agents of a queue, hold included.", ["queue"], tally.talks)
        yield _histogram("hold_seconds", "Hold within each talk.", ["queue"], tally.holds)
        yield _histogram("wrap_up_seconds", "Agents' work after each talk.", ["queue"], tally.wraps)
        yield _counter("transfers", "Talks that ended with a transfer by the agent.", ["queue"], tally.transfers)
        yield _counter("rule_pauses", "Pauses by rule, by what was missed.", ["reason"], tally.rule_pauses)

    def _sums(self) -> Iterator[Metric]:
        parts: dict[Labels, float] = {(k,): n for k, n in self._tally.difference(self._projection).items()}
        yield _gauge("sum_difference", "Begun minus ended minus open: must be 0.", parts, ["of"])
        corrected: dict[Labels, float] = {(): self._tally.corrections.total()}
        yield _counter("corrections", "Outcomes that a late fact changed after they were counted.", [], corrected)
        unclaimed: dict[Labels, float] = {(): self._projection.unclaimed}
        yield _counter("unclaimed_facts", "Facts about calls that nobody saw begin.", [], unclaimed)


def _counter(name: str, text: str, labels: Sequence[str], values: Mapping[Labels, float]) -> Metric:
    family = CounterMetricFamily(f"centralita_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def _gauge(name: str, text: str, values: dict[Labels, float], labels: Sequence[str] = ()) -> Metric:
    family = GaugeMetricFamily(f"centralita_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        family.add_metric(list(key), value)
    return family


def _histogram(name: str, text: str, labels: Sequence[str], values: dict[Labels, Distribution]) -> Metric:
    family = HistogramMetricFamily(f"centralita_{name}", text, labels=labels)
    for key, spread in sorted(values.items()):
        family.add_metric(list(key), buckets=spread.cumulative(), sum_value=spread.sum_us / 1e6)
    return family


class Metrics:
    """The registry: `health` to set, `text()` to serve."""

    def __init__(self, figures: CallFigures | None = None) -> None:
        self.registry = CollectorRegistry()
        self.health = Health(self.registry)
        if figures is not None:
            self.registry.register(figures)

    def show(self, figures: Collector) -> None:
        """Add a part's figures, once they are restored from the records."""
        self.registry.register(figures)

    def text(self) -> bytes:
        """The exposition in Prometheus' text format."""
        return generate_latest(self.registry)
