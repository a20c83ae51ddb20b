"""The one that flows ask: finds the source, bounds the time, keeps answers, lets a broken source rest, counts."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from ivr import log as logs
from ivr.call.effects import LookedUp
from ivr.clock import Clock
from ivr.lookups.askers import Asker, Given, SecretFiles
from ivr.lookups.errors import LookUpFailed
from ivr.lookups.figures import LookUpFigures
from ivr.lookups.guards import Breaker, Kept
from ivr.lookups.http import HttpAsker
from ivr.lookups.sql import SqlAsker
from ivr.lookups.table import TableAsker
from ivr.site.look_ups import FAILED, FOUND, NOT_FOUND, TOO_SLOW, CsvSource, HttpSource, LookUpSource, SqlSource
from ivr.site.values import Unknown, Value

log = logs.get(__name__)

MOST_VERSIONS = 4
"""Of one source that are kept open: calls end on the version of the site that they began with."""


class _Desk:
    """One version of one source, with what is known of it."""

    def __init__(self, source: LookUpSource, asker: Asker, clock: Clock) -> None:
        self.source = source
        self.asker = asker
        self.kept = Kept(clock, source.keep)
        self.breaker = Breaker(clock)
        self.asking = 0


class LookUps:
    """All sources of the server.

    `config` is the folder of the live configuration (tables and SQLite files may be named relative to it), `secrets`
    that of the secrets. Sources are told apart by their definition: one that a reload leaves as it was keeps its
    connections, its kept answers and its rest.
    """

    def __init__(self, config: Path, secrets: Path, clock: Clock, figures: LookUpFigures) -> None:
        self._config, self._secrets = config, SecretFiles(secrets)
        self._clock, self._figures = clock, figures
        self._desks: dict[str, list[_Desk]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def look_up(self, source: LookUpSource, given: Mapping[str, Value | Unknown]) -> LookedUp:
        """Ask a source. Never raises for what the source does, and takes at most `source.at_most`.

        A text parameter that is empty finds nothing, and nobody is asked: many services answer an empty filter with
        whatever they have, which would be another customer's data.
        """
        began = self._clock.engine_us()
        outcome, values = await self._outcome(source, given)
        self._figures.ended(source.name, outcome, (self._clock.engine_us() - began) / 1e6)
        return LookedUp(outcome, values)

    @property
    def kept(self) -> int:
        """Answers that are kept, of all sources."""
        return sum(len(desk.kept) for versions in self._desks.values() for desk in versions)

    def forget(self) -> int:
        """Drop every kept answer; returns how many there were."""
        gone = self.kept
        for versions in self._desks.values():
            for desk in versions:
                desk.kept.clear()
        return gone

    async def close(self) -> None:
        """Close every connection."""
        desks = [desk for versions in self._desks.values() for desk in versions]
        self._desks.clear()
        await asyncio.gather(*(desk.asker.close() for desk in desks), *self._closing, return_exceptions=True)

    async def _outcome(
        self, source: LookUpSource, given: Mapping[str, Value | Unknown]
    ) -> tuple[str, Mapping[str, Value]]:
        known = {name: given[name] for name in source.parameters if name in given}
        if len(known) < len(source.parameters) or any(isinstance(value, Unknown) for value in known.values()):
            log.error("a look-up lacks a parameter", source=source.name)
            return FAILED, {}
        question: Given = {name: value for name, value in known.items() if not isinstance(value, Unknown)}
        if any(value == "" for value in question.values()):
            return NOT_FOUND, {}
        desk = self._desk(source)
        kept = desk.kept.get(tuple(question.values()))
        if kept is not None:
            self._figures.from_kept(source.name)
            return (NOT_FOUND, {}) if kept[0] is None else (FOUND, kept[0])
        if not desk.breaker.enter():
            return FAILED, {}
        return await self._ask(desk, question)

    async def _ask(self, desk: _Desk, question: Given) -> tuple[str, Mapping[str, Value]]:
        source, breaker = desk.source, desk.breaker
        rested = breaker.resting
        desk.asking += 1
        try:
            async with asyncio.timeout(source.at_most.total_seconds()):
                answer = await desk.asker.ask(question)
        except TimeoutError:
            breaker.failed()
            log.warning("a look-up was too slow", source=source.name)
            return TOO_SLOW, {}
        except LookUpFailed as fault:
            (breaker.failed if fault.away else breaker.answered)()
            log.warning("a look-up failed", source=source.name, why=str(fault))
            return FAILED, {}
        except asyncio.CancelledError:
            breaker.unknown()
            raise
        except Exception as fault:
            # A library's fault must not end a call. Its text may hold what a caller entered: its kind has to do.
            breaker.failed()
            log.error("a look-up failed by a fault of ours", source=source.name, why=type(fault).__name__)
            return FAILED, {}
        else:
            breaker.answered()
            desk.kept.put(tuple(question.values()), answer)
            return (NOT_FOUND, {}) if answer is None else (FOUND, answer)
        finally:
            desk.asking -= 1
            self._tell_rest(desk, rested)

    def _tell_rest(self, desk: _Desk, rested: bool) -> None:
        resting = desk.breaker.resting
        self._figures.resting(desk.source.name, resting)
        if resting and not rested:
            log.error("a source of look-ups rests: its look-ups fail at once for a while", source=desk.source.name)

    # ------------------------------------------------------------------ versions of sources
    def _desk(self, source: LookUpSource) -> _Desk:
        versions = self._desks.setdefault(source.name, [])
        for desk in versions:
            if desk.source is source or desk.source == source:
                versions.remove(desk)
                versions.append(desk)  # the latest used is last
                return desk
        desk = _Desk(source, self._asker(source), self._clock)
        versions.append(desk)
        for old in [desk for desk in versions[:-MOST_VERSIONS] if not desk.asking]:
            versions.remove(old)
            task = asyncio.ensure_future(old.asker.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return desk

    def _asker(self, source: LookUpSource) -> Asker:
        match source:
            case HttpSource():
                return HttpAsker(source, self._secrets, self._clock)
            case CsvSource():
                return TableAsker(source, self._config, self._clock, self._figures)
            case SqlSource():
                return SqlAsker(source, self._config, self._secrets, self._clock)
        raise TypeError(f"no such kind of source: {type(source).__name__}")
