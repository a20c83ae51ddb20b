"""What the dialogs by telephone count."""

from prometheus_client import CollectorRegistry, Counter


class FeatureFigures:
    """Counters of feature codes and PINs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "centralita_feature_calls",
            "Dialogs by telephone, by how they ended.",
            ["feature", "result"],
            registry=registry,
        )
        self.pins = Counter(
            "centralita_feature_pins",
            "PINs that were entered: right, wrong, or locked without being looked at.",
            ["kind", "result"],
            registry=registry,
        )
