"""Copies for Prometheus: what lies at each target, when the last good one was, and what the proof says."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ivr.backup.state import TargetState


class BackupFigures(Collector):
    """Computed at each scrape, from memory. Every target of the site is shown; moments are seconds since 1970, 0 for
    never."""

    def __init__(self, states: Callable[[], Sequence[TargetState]], running: Callable[[], Collection[str]]) -> None:
        self._states, self._running = states, running

    def describe(self) -> Iterator[Metric]:
        """Nothing is computed when the collector is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """All families."""
        states, running = self._states(), self._running()
        yield _family("items", "Recordings in the backup.", {s.target: s.items for s in states})
        yield _family("bytes", "Bytes of recordings in the backup.", {s.target: s.bytes for s in states})
        yield _family(
            "last_success_timestamp_seconds",
            "When the last backup ended that was whole.",
            {s.target: _seconds(s.success) for s in states},
        )
        yield _family("problems", "What the latest backup could not do.", {s.target: s.problems for s in states})
        yield _family(
            "lost",
            "Recordings that are damaged or missing there and lie nowhere else.",
            {s.target: s.lost for s in states},
        )
        yield _family("running", "1 while a backup or a proof runs.", {s.target: s.target in running for s in states})
        proofs = {s.target: s.proof for s in states}
        yield _family(
            "proof_timestamp_seconds",
            "When the latest proof ended.",
            {name: _seconds(proof.at) if proof else 0.0 for name, proof in proofs.items()},
        )
        yield _family(
            "proof_sound",
            "1 when all that the latest proof fetched back was right.",
            {name: proof.sound for name, proof in proofs.items() if proof},
        )


def _family(name: str, text: str, values: dict[str, float] | dict[str, int] | dict[str, bool]) -> Metric:
    family = GaugeMetricFamily(f"centralita_backup_{name}", text, labels=["target"])
    for target, value in sorted(values.items()):
        family.add_metric([target], float(value))
    return family


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment is not None else 0.0
