"""Tries a version on some callers: begins, looks how they fare, takes it back, or makes it the rule."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from ivr import log as logs
from ivr.site.versions import EDITION_DIGITS, CanaryEnded, CanaryStarted
from ivr.versions.canary import Bound, Canary, Score, passed, unfit
from ivr.versions.changes import US, Changes, Outcome
from ivr.versions.editions import Edition
from ivr.versions.loading import Folders, VersionRefused, edition_of, kept_edition
from ivr.versions.standing import Standing

log = logs.get(__name__)

Scores = Callable[[datetime, Iterable[str]], Mapping[str, Score]]
"""How the calls since a moment fared, by version. Blocking."""


class Trials:
    """One trial at a time."""

    def __init__(self, changes: Changes, scores: Scores) -> None:
        self._changes, self._scores = changes, scores

    async def hold(self) -> None:
        """Let changes of the folders wait for `reload` or `start`."""
        async with self._changes.lock:
            await self._changes.save(replace(self._changes.standing, held=True))

    async def start(
        self,
        *,
        percent: int,
        callers: frozenset[str],
        bounds: tuple[Bound, ...],
        least: int,
        who: str,
        why: str = "",
        digits: str = "",
        folders: Folders | None = None,
    ) -> Canary:
        """Try a version on some callers: a kept one that begins with `digits`, else what stands in `folders` or
        in the site's own. Raises VersionRefused."""
        async with self._changes.lock:
            self._changes.no_trial()
            edition, fingerprint = await self._candidate(digits, folders)
            active = self._changes.editions.edition
            if edition.site.version == active.site.version:
                raise VersionRefused(
                    "this is the version in force. Before you change the files, say: ivr canary prepare"
                )
            if differing := unfit(edition.site, active.site):
                raise VersionRefused(
                    f"{', '.join(differing)} cannot differ between callers; bring it into force for all: ivr reload"
                )
            canary = Canary(
                version=edition.site.version,
                percent=percent,
                callers=callers,
                bounds=bounds,
                least=least,
                since=self._changes.clock.now(),
                who=who,
                why=why,
            )
            await self._changes.ready().make(edition)
            await self._changes.save(
                replace(
                    self._changes.standing,
                    canary=canary,
                    held=True,
                    folder=fingerprint or self._changes.standing.folder,
                )
            )
            self._changes.editions.try_on_some(canary, edition)
            self._changes.record(
                CanaryStarted(
                    at=canary.since,
                    version=canary.version,
                    beside=active.site.version,
                    percent=percent,
                    callers=len(callers),
                    bounds=tuple(map(str, bounds)),
                    who=who,
                    why=why,
                )
            )
            return canary

    async def _candidate(self, digits: str, folders: Folders | None) -> tuple[Edition, str]:
        if digits:
            name = await asyncio.to_thread(self._changes.wanted, digits)
            return await asyncio.to_thread(kept_edition, self._changes.copies, name, self._changes.paths), ""
        copy = await self._changes.copied(folders)
        site, _ = await self._changes.checked(copy, folders)
        kept = await asyncio.to_thread(self._changes.copies.keep, copy, site)
        edition = await asyncio.to_thread(edition_of, site, kept.config, self._changes.paths)
        return edition, "" if folders else copy.fingerprint

    async def stop(self, who: str, why: str = "", how: str = "stopped") -> Canary:
        """No call begins with the tried version any more. Raises VersionRefused when none is tried."""
        async with self._changes.lock:
            canary = self._trial()
            self._changes.editions.end_trial()
            self._changes.record(
                CanaryEnded(at=self._changes.clock.now(), version=canary.version, how=how, who=who, why=why)
            )
            await self._changes.save(replace(self._changes.standing, canary=None))
            return canary

    async def promote(self, who: str, why: str = "") -> Outcome:
        """All calls begin with the tried version. Raises VersionRefused."""
        async with self._changes.lock:
            canary = self._trial()
            edition = self._changes.editions.tried
            assert edition is not None
            self._changes.record(
                CanaryEnded(at=self._changes.clock.now(), version=canary.version, how="promoted", who=who, why=why)
            )
            before = self._changes.editions.edition.name
            standing = Standing(active=edition.name, before=before, folder=self._changes.standing.folder)
            return await self._changes.activate(edition, standing, "canary", who, why)

    async def look(self) -> None:
        """Take the tried version back when a bound is passed."""
        canary = self._changes.editions.canary
        if canary is None or not canary.bounds:
            return
        scores = await asyncio.to_thread(self._scores, canary.since, [canary.version])
        reason = passed(canary, scores.get(canary.version, Score()))
        if reason and self._changes.editions.canary is canary:
            log.error("the tried version is taken back", version=canary.version[:EDITION_DIGITS], why=reason)
            await self.stop(US, reason, how="returned")

    async def scores(self) -> Mapping[str, Score]:
        """How the tried version and the one in force fare since the trial began; empty when none is tried."""
        canary = self._changes.editions.canary
        if canary is None:
            return {}
        return await asyncio.to_thread(
            self._scores, canary.since, [canary.version, self._changes.editions.active().version]
        )

    def _trial(self) -> Canary:
        canary = self._changes.editions.canary
        if canary is None:
            raise VersionRefused("no version is tried at the moment; begin with: ivr canary start --percent 10")
        return canary
