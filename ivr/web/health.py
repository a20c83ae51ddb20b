"""What /readyz tells: each part of the server says whether it can serve calls, and why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Check = Callable[[], str | None]
"""None when the part is well, else the reason in a few words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of all checks at one moment. `reasons` has only the parts that are not well."""

    ready: bool
    parts: Mapping[str, str]

    def as_json(self) -> dict[str, object]:
        """The body of the HTTP answer."""
        return {"ready": self.ready, "parts": dict(self.parts)}


class Readiness:
    """A list of named checks. A check that raises counts as not ready; it never takes the page down."""

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self._checks: dict[str, Check] = dict(checks or {})

    def add(self, part: str, check: Check) -> None:
        """Ask this too from now on."""
        self._checks[part] = check

    def verdict(self) -> Verdict:
        """Ask every part."""
        parts: dict[str, str] = {}
        well = True
        for part, check in self._checks.items():
            try:
                reason = check()
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
            parts[part] = reason or "ok"
            well = well and reason is None
        return Verdict(well, parts)
