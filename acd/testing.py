"""A public fake: a telephone that only remembers what it was asked to do, or refuses to."""

from acd.decisions import MakeOffer
from acd.model import CallId, OfferId, VisitId


class RememberingTelephone:
    """An `acd.ports.Telephone`. `deeds`: `("ring", offer)`, `("cancel", offer)`, `("send back", visit, exit)`.

    While `broken` is set every deed raises it, after it was remembered.
    """

    def __init__(self) -> None:
        self.deeds: list[tuple[str, ...]] = []
        self.broken: Exception | None = None

    async def ring(self, offer: MakeOffer) -> None:
        self._remember("ring", offer.offer)

    async def cancel(self, offer: OfferId) -> None:
        self._remember("cancel", offer)

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None:
        self._remember("send back", visit, exit)

    def _remember(self, *deed: str) -> None:
        self.deeds.append(deed)
        if self.broken is not None:
            raise self.broken
