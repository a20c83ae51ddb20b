"""What is only kept for a while, and what was handed on to others."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, select

from ivr.aside import aside
from ivr.erasure.stores import Caller, Erased, Held, Left, Place, listed
from ivr.lookups.look_ups import LookUps
from ivr.records.tables import messages, outgoing_mail
from ivr.site import Site


class LookUpStore:
    """Answers of outside systems that are kept in memory for a while. Whose they are, only the questions tell: all are
    forgotten, and asked anew."""

    place = Place.LOOK_UPS

    def __init__(self, look_ups: LookUps) -> None:
        self._look_ups = look_ups

    async def find(self, caller: Caller) -> Held:
        """How many, of all callers."""
        return Held(place=self.place, count=self._look_ups.kept)

    async def erase(self, caller: Caller) -> Erased:
        """All."""
        return Erased(erased=self._look_ups.forget())


class OtherStore:
    """Who was told of the caller: letters about messages that were sent, and web hooks that are told of every call.
    What they keep is theirs to erase; the report names them."""

    place = Place.OTHERS

    def __init__(self, engine: Engine, site: Callable[[], Site]) -> None:
        self._engine, self._site = engine, site

    async def find(self, caller: Caller) -> Held:
        """Recipients and names of web hooks."""
        things = await self._told(caller)
        return Held(place=self.place, count=len(things), things=listed(things), stays=Left.ELSEWHERE)

    async def erase(self, caller: Caller) -> Erased:
        """Nothing that we could."""
        things = await self._told(caller)
        return Erased(left=len(things), why=Left.ELSEWHERE if things else Left.NOTHING, things=listed(things))

    async def _told(self, caller: Caller) -> list[Mapping[str, Any]]:
        recipients = await aside(self._recipients, caller)
        told: list[Mapping[str, Any]] = [{"e-mail": to} for to in recipients]
        site = self._site()
        hooks = {queue.screen_pop for queue in site.queues.values() if queue.screen_pop} if caller.calls else set()
        return [*told, *({"web hook": name} for name in sorted(hooks))]

    def _recipients(self, caller: Caller) -> list[str]:
        asked = (
            select(outgoing_mail.c.recipient)
            .join(messages, messages.c.message == outgoing_mail.c.message)
            .where(messages.c.caller.in_(sorted(caller.keys)), outgoing_mail.c.sent.is_not(None))
            .distinct()
        )
        with self._engine.connect() as connection:
            return sorted(connection.execute(asked).scalars())
