"""Who tried too often: a phone, or a PIN that somebody guesses at. Pure; time is given in seconds."""

from dataclasses import dataclass

PHONE_TRIES = 3
"""Wrong PINs in a row from one phone before it must wait."""

PIN_TRIES = 9
"""Wrong tries in a row at one PIN, from whatever phones, before nobody can try it."""

FIRST_SECONDS = 60.0
LONGEST_SECONDS = 3600.0


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    until: float = 0.0


class Lockout:
    """Counts wrong tries by name. Each time that the limit is reached again, the wait is twice as long.

    With nine tries an hour at most, all PINs of six digits take twelve years.
    """

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def locked(self, name: str, now: float) -> bool:
        """Whether `name` must wait."""
        count = self._counts.get(name)
        return count is not None and now < count.until

    def failed(self, name: str, tries: int, now: float) -> None:
        """A wrong try; every `tries` of them close the door for a while."""
        count = self._counts.setdefault(name, _Count())
        count.wrong += 1
        if count.wrong % tries == 0:
            times = count.wrong // tries - 1
            count.until = now + min(FIRST_SECONDS * 2 ** min(times, 10), LONGEST_SECONDS)

    def passed(self, name: str) -> None:
        """A right one: the count begins anew."""
        self._counts.pop(name, None)
