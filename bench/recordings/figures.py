"""How figures of several rounds are told."""

from collections.abc import Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which this part (0 to 1) of them lies."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def ms(values: Sequence[float], part: float) -> str:
    """The same of seconds, in milliseconds."""
    return f"{percentile(values, part) * 1000:.1f}"
