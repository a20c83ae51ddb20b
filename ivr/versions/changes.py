"""Brings another version into force: checked first, swapped in one turn of the loop; or alters nothing and says why."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from ivr import log as logs
from ivr.clock import Clock
from ivr.install.paths import Paths
from ivr.site import Site
from ivr.site.versions import EDITION_DIGITS, VersionActivated
from ivr.versions.copies import Activation, Copies, Copy, CopyError
from ivr.versions.editions import Edition, Editions
from ivr.versions.loading import Beginning, Folders, VersionRefused, check, edition_of, kept_edition
from ivr.versions.standing import Standing

log = logs.get(__name__)

US = "the server"
"""Who did it, when nobody did."""


class Ground(Protocol):
    """What a version stands on: prompts, passwords, Asterisk's configuration, queues and agents."""

    async def make(self, edition: Edition) -> tuple[str, ...]:
        """Make its prompts. Returns remarks."""

    async def prepare(self, edition: Edition, before: Site) -> tuple[str, ...]:
        """Make everything that it needs, before its first call. Returns remarks; raises VersionRefused."""

    def in_force(self, before: Site, edition: Edition) -> None:
        """Everybody goes by it from now on; called in the turn of the loop in which calls begin with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a change did."""

    version: str
    before: str
    remarks: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether another version is in force now."""
        return self.version != self.before


class Changes:
    """One change at a time. `refused` counts those that altered nothing."""

    def __init__(
        self,
        beginning: Beginning,
        copies: Copies,
        folders: Folders,
        paths: Paths,
        *,
        clock: Clock,
        record: Callable[[object], object],
    ) -> None:
        self.editions = Editions(beginning.edition)
        self.copies = copies
        self.folders = folders
        self.standing = beginning.standing
        self.problems = beginning.problems
        """Why what stands in the folders is not in force; empty when it is, or was not looked at."""
        self.activated: dict[str, int] = {}
        self.refused = 0
        self._beginning = beginning
        self.paths, self.clock, self.record = paths, clock, record
        self._ground: Ground | None = None
        self.lock = asyncio.Lock()
        """Held during a change."""
        if beginning.tried is not None and beginning.standing.canary is not None:
            self.editions.try_on_some(beginning.standing.canary, beginning.tried)

    # ------------------------------------------------------------------ the beginning
    async def begin(self, ground: Ground, calls: Iterable[str]) -> None:
        """The ground is there. `calls`: the versions that living calls began with before a restart."""
        self._ground = ground
        for problem in self.problems:
            log.error("the site's files are not in force", problem=problem)
        for name in {version[:EDITION_DIGITS] for version in calls} - set(self.editions.names()):
            try:
                self.editions.add(await asyncio.to_thread(kept_edition, self.copies, name, self.paths))
            except VersionRefused as refused:
                log.warning("the version of a call cannot be read any more", edition=name, why=str(refused))
        edition = self.editions.edition
        if self._beginning.how:
            self._tell(edition.site, self._beginning.before, self._beginning.how, US, "")
            await self._keep(self.standing, edition, self._beginning.how, US, "")
        elif self.problems:
            await self.save(self.standing)
        await asyncio.to_thread(self.copies.tidy, self.editions.names())

    # ------------------------------------------------------------------ changes
    async def reload(self, how: str, who: str, why: str = "", tests: bool = True) -> Outcome:
        """Bring what stands in the folders into force; `tests`: those of its flows must pass. Raises VersionRefused."""
        async with self.lock:
            return await self._reload(how, who, why, tests)

    async def edit(self, write: Callable[[], Callable[[], None]], how: str, who: str, why: str = "") -> Outcome:
        """Change the folders and bring them into force, or leave both as they were. `write` changes a file and returns
        what undoes it; both block, and what `write` raises is raised. Raises VersionRefused."""
        async with self.lock:
            self.no_trial()
            if self.standing.held:
                raise VersionRefused("changes of the files are held back; bring them into force first with: ivr reload")
            problems, standing = self.problems, self.standing
            undo = await asyncio.to_thread(write)
            try:
                return await self._reload(how, who, why, True)
            except Exception:  # also a disk that is full: what is not in force does not stay in the folders either
                await asyncio.to_thread(undo)
                self.problems = problems
                await self.save(standing)
                raise

    async def _reload(self, how: str, who: str, why: str, tests: bool) -> Outcome:
        self.no_trial()
        copy = await self.copied()
        site, remarks = await self.checked(copy, tests=tests)
        active = self.editions.active()
        kept = await asyncio.to_thread(self.copies.keep, copy, site)
        standing = Standing(active=site.edition, before=active.edition, folder=copy.fingerprint)
        self.problems = ()
        if site.version == active.version:
            await self.save(replace(standing, before=self.standing.before))
            return Outcome(version=site.version, before=active.version, remarks=remarks)
        edition = await asyncio.to_thread(edition_of, site, kept.config, self.paths)
        outcome = await self.activate(edition, standing, how, who, why)
        return replace(outcome, remarks=(*remarks, *outcome.remarks))

    async def folder_changed(self) -> bool:
        """Bring the folders into force if their content is not dealt with yet. Problems are logged once."""
        if self.standing.held or self.editions.canary is not None:
            return False
        try:
            if await self._fingerprint() == self.standing.folder:
                return False
            outcome = await self.reload("file change", US)
        except VersionRefused as refused:
            log.error("the change of the site's files is not in force", why=str(refused), problems=refused.problems)
            return False
        log.info("the site's files were changed", version=outcome.version, changed=outcome.changed)
        return outcome.changed

    async def rollback(self, start: str, who: str, why: str = "") -> Outcome:
        """Bring a kept version into force again: the one whose digits begin so, else the one before the present one.

        The folders stay as they are, and are not activated by themselves until they change. Raises VersionRefused.
        """
        async with self.lock:
            self.no_trial()
            name = await asyncio.to_thread(self.wanted, start)
            edition = self.editions.known(name)
            if edition is None:
                edition = await asyncio.to_thread(kept_edition, self.copies, name, self.paths)
            before = self.editions.edition.name
            standing = Standing(active=edition.name, before=before, folder=await self._fingerprint())
            outcome = await self.activate(edition, standing, "rollback", who, why)
            remark = (
                "the site's folders are as they were: they come into force when they are changed, or by: ivr reload"
            )
            return replace(outcome, remarks=(*outcome.remarks, remark))

    async def _fingerprint(self) -> str:
        """Of the folders now; of what was dealt with last when they cannot be copied."""
        try:
            copy = await self.copied()
        except VersionRefused:
            return self.standing.folder
        await asyncio.to_thread(self.copies.discard, copy)
        return copy.fingerprint

    def wanted(self, start: str) -> str:
        """The kept version whose digits begin so; without any, the one before the present one.

        Blocking. Raises VersionRefused.
        """
        if start:
            try:
                return self.copies.find(start)
            except CopyError as fault:
                raise VersionRefused(str(fault)) from None
        if self.copies.get(self.standing.before) is None:
            raise VersionRefused("there is no earlier version to go back to")
        return self.standing.before

    # ------------------------------------------------------------------ what every change is made of
    def no_trial(self) -> None:
        """Raise VersionRefused while a version is tried on some callers."""
        if (canary := self.editions.canary) is not None:
            raise VersionRefused(
                f"version {canary.version[:EDITION_DIGITS]} is tried on some callers; end that first with: "
                "ivr canary stop, or ivr canary promote"
            )

    async def copied(self, folders: Folders | None = None) -> Copy:
        """The folders as they are now. Raises VersionRefused."""
        wanted = folders or self.folders
        try:
            return await asyncio.to_thread(self.copies.take, wanted.config, wanted.flows)
        except CopyError as fault:
            self.refused += 1
            raise VersionRefused(str(fault)) from None

    async def checked(
        self, copy: Copy, folders: Folders | None = None, tests: bool = True
    ) -> tuple[Site, tuple[str, ...]]:
        """The site of a copy, and warnings. Raises VersionRefused; the copy is then gone."""
        try:
            return await asyncio.to_thread(check, copy, folders or self.folders, tests)
        except VersionRefused as refused:
            self.refused += 1
            await asyncio.to_thread(self.copies.discard, copy)
            if folders is None:
                self.problems = refused.problems
                await self.save(replace(self.standing, folder=copy.fingerprint))
            raise

    async def activate(self, edition: Edition, standing: Standing, how: str, who: str, why: str) -> Outcome:
        """Bring a checked version into force. Raises VersionRefused, and nothing is changed then."""
        before = self.editions.active()
        try:
            remarks = await self.ready().prepare(edition, before)
        except VersionRefused:
            self.refused += 1
            raise
        kept = await self._keep(standing, edition, how, who, why)
        self.editions.activate(edition)
        self.ready().in_force(before, edition)
        self._tell(edition.site, before.version, how, who, why)
        self.activated[how] = self.activated.get(how, 0) + 1
        log.info("another version is in force", version=edition.name, before=before.edition, how=how, who=who, why=why)
        return Outcome(version=edition.site.version, before=before.version, remarks=(*remarks, *kept))

    def ready(self) -> Ground:
        """What versions stand on. Raises VersionRefused before it is there."""
        if self._ground is None:
            raise VersionRefused("the server is still starting; try again in a moment")
        return self._ground

    def _tell(self, site: Site, before: str, how: str, who: str, why: str) -> None:
        at = self.clock.now()
        self.record(VersionActivated(at=at, version=site.version, before=before, how=how, who=who, why=why))

    async def _keep(self, standing: Standing, edition: Edition, how: str, who: str, why: str) -> tuple[str, ...]:
        """For after a restart. A full disk keeps nobody from the new version: it is told instead."""
        remarks = await self.save(standing)
        note = Activation(at=self.clock.now(), how=how, who=who, why=why)
        try:
            await asyncio.to_thread(self.copies.note, edition.site, note)
        except OSError as fault:
            log.error("the version's history cannot be written", why=str(fault))
        return remarks

    async def save(self, standing: Standing) -> tuple[str, ...]:
        """For after a restart; a remark when it cannot be written."""
        self.standing = standing
        try:
            await asyncio.to_thread(standing.save, self.copies.folder)
        except OSError as fault:
            log.error("which version is in force cannot be written", why=str(fault))
            return (f"a restart of the server would not know of this: {fault}",)
        return ()
