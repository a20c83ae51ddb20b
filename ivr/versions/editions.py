"""The versions of the site that are in memory: the one in force, one that is tried, and those that calls still have."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ivr import log as logs
from ivr.site import Site
from ivr.site.versions import EDITION_DIGITS
from ivr.versions.canary import Canary

log = logs.get(__name__)


class Sounds(Protocol):
    """Where a version's prompts are (ivr.install.sounds.PromptFiles)."""

    def path_of(self, name: str, language: str) -> str | None: ...
    def version_of(self, name: str, language: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Edition:
    """A checked site with the prompts that callers hear in it."""

    site: Site
    sounds: Sounds

    @property
    def name(self) -> str:
        """Twelve digits, as calls carry them."""
        return self.site.edition


class Editions:
    """Which version a call has. Every change happens within one turn of the loop, so nobody sees half of it."""

    def __init__(self, first: Edition) -> None:
        self._active = first
        self._tried: tuple[Canary, Edition] | None = None
        self._known: dict[str, Edition] = {first.name: first}
        self._told_lost: set[str] = set()

    # ------------------------------------------------------------------ as ivr.exchange.house.Sites
    def active(self) -> Site:
        """The one in force."""
        return self._active.site

    def of(self, edition: str) -> Site:
        """The one that a call began with; the one in force when nobody knows it any more."""
        found = self._known.get(edition[:EDITION_DIGITS])
        if found is None and edition not in self._told_lost:
            self._told_lost.add(edition)
            log.warning(
                "the version of a call is not known any more; it goes on with the one in force", edition=edition
            )
        return (found or self._active).site

    def for_new_call(self, caller: str, number: str) -> Site:
        """The one that a call begins with."""
        if self._tried is not None and self._tried[0].takes(caller):
            return self._tried[1].site
        return self._active.site

    def sounds_of(self, site: Site) -> Sounds:
        """The prompts of a version."""
        return self._known.get(site.edition, self._active).sounds

    # ------------------------------------------------------------------ changes
    @property
    def edition(self) -> Edition:
        """The one in force, with its prompts."""
        return self._active

    @property
    def canary(self) -> Canary | None:
        """The trial that is on."""
        return self._tried[0] if self._tried is not None else None

    @property
    def tried(self) -> Edition | None:
        """The version of the trial that is on."""
        return self._tried[1] if self._tried is not None else None

    def known(self, edition: str) -> Edition | None:
        """One that is in memory."""
        return self._known.get(edition[:EDITION_DIGITS])

    def names(self) -> tuple[str, ...]:
        """All that are in memory."""
        return tuple(self._known)

    def add(self, edition: Edition) -> None:
        """One that calls have from before a restart."""
        self._known.setdefault(edition.name, edition)

    def activate(self, edition: Edition) -> None:
        """From now on calls begin with this one. A trial of it has become the rule; any other trial ends."""
        self._known[edition.name] = self._active = edition
        self._tried = None

    def try_on_some(self, canary: Canary, edition: Edition) -> None:
        """From now on some callers begin with this one."""
        self._known[edition.name] = edition
        self._tried = (canary, edition)

    def end_trial(self) -> None:
        """From now on nobody begins with it; who did goes on with it."""
        self._tried = None

    def forget(self, still: Iterable[str]) -> None:
        """Drop what no call has any more. `still`: the versions that living calls began with."""
        kept = {version[:EDITION_DIGITS] for version in still} | {self._active.name}
        if self._tried is not None:
            kept.add(self._tried[1].name)
        for name in [name for name in self._known if name not in kept]:
            del self._known[name]
