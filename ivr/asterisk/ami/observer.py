"""What the link tells to whoever counts."""

from typing import Protocol


class AmiObserver(Protocol):
    """Counters and gauges of the link. The methods must not raise and must not wait."""

    def ami_up(self) -> None:
        """Logged in, and Asterisk has booted."""

    def ami_down(self, why: str) -> None:
        """A link that was up is gone."""

    def ami_refused(self, message: str) -> None:
        """Asterisk refused the login: somebody has to correct the configuration."""

    def ami_action(self, name: str, seconds: float, result: str) -> None:
        """An action ended: `done`, `refused`, `lost` or `timeout`."""

    def ami_fault(self, kind: str) -> None:
        """Something of ours failed: `handler` (of an event), `resynchronisation`, `loss handler`, `link`."""


class Unobserved:
    """Counts nothing."""

    def ami_up(self) -> None:
        pass

    def ami_down(self, why: str) -> None:
        pass

    def ami_refused(self, message: str) -> None:
        pass

    def ami_action(self, name: str, seconds: float, result: str) -> None:
        pass

    def ami_fault(self, kind: str) -> None:
        pass
