"""The figures of screen pops, by web hook: how they end, how long they take, how many wait."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

DELIVERED, REFUSED, GAVE_UP, DROPPED = "delivered", "refused", "gave up", "dropped"
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)


class ScreenPopFigures:
    """Registered once in the server's registry. Labels are names of the configuration only."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ended = Counter(
            "centralita_screen_pops", "Screen pops by how they ended.", ["hook", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "centralita_screen_pop_seconds",
            "From the moment to the web hook's answer, tries in vain included.",
            ["hook"],
            buckets=BOUNDS,
            registry=registry,
        )
        self._waiting = Gauge(
            "centralita_screen_pops_waiting", "Screen pops that are not delivered yet.", ["hook"], registry=registry
        )

    def ended(self, hook: str, outcome: str) -> None:
        """What became of one."""
        self._ended.labels(hook, outcome).inc()

    def took(self, hook: str, seconds: float) -> None:
        """One was delivered."""
        self._seconds.labels(hook).observe(max(0.0, seconds))

    def waiting(self, hook: str, count: int) -> None:
        """So many are not delivered yet."""
        self._waiting.labels(hook).set(count)
