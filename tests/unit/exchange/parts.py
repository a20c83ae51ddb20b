"""Parts of the house that have nothing: for visits that ask nothing of them."""

from datetime import datetime

from cryptography.fernet import Fernet

from acd.model import AgentId
from ivr.asterisk.agi.session import Session
from ivr.call.effects import LookedUp
from ivr.exchange.house import Sounds
from ivr.seal import FernetSeal
from ivr.site import Site
from ivr.site.look_ups import LookUpSource
from ivr.site.overrides import Override

SEAL = FernetSeal(Fernet.generate_key())


async def in_step() -> None:
    """Asterisk has told everything."""


class NoOverrides:
    """The timetables decide."""

    def state(self, timetable: str, at: datetime | None = None) -> Override | None:
        return None


class NobodyBefore:
    """No caller has talked to anybody, but for those of `talks`: caller -> agent."""

    def __init__(self) -> None:
        self.talks: dict[str, AgentId] = {}
        self.begun: list[str] = []

    def begin(self, caller: str) -> None:
        self.begun.append(caller)

    async def of(self, caller: str, days: int) -> AgentId | None:
        return self.talks.get(caller)


class NoLookUps:
    """Every system outside is away."""

    async def look_up(self, source: LookUpSource, given: object) -> LookedUp:
        return LookedUp("failed")


class NoMessages:
    """Every mailbox is full."""

    async def begin(self, mailbox: str, call: str, caller: str) -> str:
        return ""

    def unfinished(self, mailbox: str, call: str) -> str:
        return ""

    def path_of(self, file: str) -> str | None:
        return None

    async def measured(self, file: str) -> float:
        return 0.0

    async def keep(self, mailbox: str, file: str) -> bool:
        return False

    async def drop(self, mailbox: str, file: str) -> None: ...


class NoRecordings:
    """Nothing is recorded."""

    async def key(self, session: Session) -> str:
        return "refused"

    async def hush(self, session: Session) -> bool:
        return False

    async def of_leg(self, session: Session) -> str:
        return "0"


class OneEdition:
    """A site that never changes."""

    def __init__(self, site: Site, sounds: Sounds) -> None:
        self._site, self._sounds = site, sounds

    def active(self) -> Site:
        """The site."""
        return self._site

    def of(self, edition: str) -> Site:
        """The same for every call."""
        return self._site

    def for_new_call(self, caller: str, number: str) -> Site:
        """The same for every call."""
        return self._site

    def sounds_of(self, site: Site) -> Sounds:
        """Its prompts."""
        return self._sounds
