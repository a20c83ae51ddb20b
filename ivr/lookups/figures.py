"""The figures of look-ups: how long they take and how they end, by source."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)


class LookUpFigures:
    """Registered once in the server's registry. Labels are names of the configuration only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "centralita_look_ups", "Look-ups by how they ended.", ["source", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "centralita_look_up_seconds",
            "From the question to its answer; answers that were kept count too.",
            ["source"],
            buckets=BOUNDS,
            registry=registry,
        )
        self._kept = Counter(
            "centralita_look_ups_from_kept", "Look-ups answered by a kept answer.", ["source"], registry=registry
        )
        self._resting = Gauge(
            "centralita_look_up_resting", "1 while a source rests after failures.", ["source"], registry=registry
        )
        self._rows = Gauge("centralita_look_up_table_rows", "Keys in a CSV table.", ["source"], registry=registry)
        self._unusable = Gauge(
            "centralita_look_up_table_unusable",
            "1 while a CSV table's present file cannot be used (an older one may be in force).",
            ["source"],
            registry=registry,
        )

    def ended(self, source: str, outcome: str, seconds: float) -> None:
        """A look-up is over."""
        self._ended.labels(source, outcome).inc()
        self._seconds.labels(source).observe(seconds)

    def from_kept(self, source: str) -> None:
        """A kept answer was good."""
        self._kept.labels(source).inc()

    def resting(self, source: str, resting: bool) -> None:
        """Whether a source rests."""
        self._resting.labels(source).set(resting)

    def table(self, source: str, rows: int, *, usable: bool) -> None:
        """A table was read, or could not be."""
        self._rows.labels(source).set(rows)
        self._unusable.labels(source).set(not usable)
