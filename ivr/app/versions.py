"""Which version of the site is in force: opened first, for everything else goes by it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from ivr import log as logs
from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.ground import SiteGround
from ivr.app.rounds import Rounds
from ivr.app.stores import Stores
from ivr.asterisk.ami import AmiLink
from ivr.clock import Clock
from ivr.figures.call_record import CallRecord
from ivr.figures.metrics import Metrics
from ivr.install import addresses
from ivr.install.paths import Paths
from ivr.install.secrets import Secrets
from ivr.lists.routes import ListRoutes
from ivr.records.callers import CallerKeys
from ivr.settings.environment import Environment
from ivr.site import Site
from ivr.versions import Changes
from ivr.versions.canary import Score
from ivr.versions.canary_routes import CanaryRoutes
from ivr.versions.changes import US
from ivr.versions.copies import Copies
from ivr.versions.figures import VersionFigures
from ivr.versions.loading import Beginning, Folders, VersionRefused, begin
from ivr.versions.routes import VersionRoutes
from ivr.versions.scores import scores
from ivr.versions.site_routes import SiteRoutes, shown_settings
from ivr.versions.trials import Trials
from ivr.versions.watch import Watch
from ivr.web.api.application import Part

log = logs.get(__name__)

TRIAL_EVERY_SECONDS = 2.0
FORGET_EVERY_SECONDS = 60.0


def beginning(environment: Environment) -> Beginning:
    """The version that a server starts with. Raises VersionRefused. Blocking."""
    return begin(copies_of(environment), folders_of(environment), Paths.of(environment))


def copies_of(environment: Environment) -> Copies:
    """The kept versions of an instance."""
    return Copies(environment.var / "versions")


def folders_of(environment: Environment) -> Folders:
    """Where an administrator writes."""
    return Folders(environment.config, environment.flows)


class SiteVersions:
    """The versions of a running server: `changes.editions` says which one a call has."""

    def __init__(self, start: Beginning, environment: Environment, clock: Clock) -> None:
        self._environment, self._clock = environment, clock
        self._paths = Paths.of(environment)
        self._floor: Floor | None = None
        self._open_calls: Callable[[], Sequence[CallRecord]] = list
        self._tasks: set[asyncio.Task[None]] = set()
        self._scores: Mapping[str, Score] = {}
        self.changes = Changes(
            start,
            copies_of(environment),
            folders_of(environment),
            self._paths,
            clock=clock,
            record=self._record,
        )
        self.editions = self.changes.editions

    def whisper(self, queue: str) -> str | None:
        """The sound that an agent of a queue hears before the caller."""
        site = self.editions.active()
        settings = site.queues.get(queue)
        name = settings.whisper if settings else None
        return self.editions.sounds_of(site).path_of(name, site.language) if name else None

    async def open(
        self,
        floor: Floor,
        link: AmiLink,
        stores: Stores,
        kept: Secrets,
        *,
        metrics: Metrics,
        rounds: Rounds,
        parts: list[Part],
        closing: Closing,
        changed: Callable[[Site], None],
    ) -> None:
        """Let versions change. `changed(site)` is called whenever another one is in force."""
        self._floor = floor
        changes, engine = self.changes, stores.ledger.store.engine
        ground = SiteGround(self._environment, self._paths, link, floor, self._clock, changed)
        trials = Trials(changes, lambda since, versions: scores(engine, since, versions))
        self._open_calls = stores.ledger.projection.open_calls
        await changes.begin(ground, self._in_use())
        await self._fit_asterisk(ground)
        keys = CallerKeys(kept.caller_key)
        parts += (
            VersionRoutes(changes, self._in_use),
            CanaryRoutes(changes, trials, keys.key_of),
            ListRoutes(changes, self.editions.active, self._clock, keys.key_of),
            SiteRoutes(changes, shown_settings(self._environment)),
        )
        metrics.show(VersionFigures(changes, self._in_use, lambda: self._scores))
        rounds.every("trial", TRIAL_EVERY_SECONDS, lambda: self._soon(self._look_at(trials)))
        rounds.every("forget", FORGET_EVERY_SECONDS, self._forget)
        closing.add(self._close)
        if self._environment.watch:
            watch = Watch(changes, self._clock)
            watch.start()
            closing.add(watch.close)

    def reload_by_signal(self) -> None:
        """SIGHUP: what `ivr reload` does, without anybody to answer."""
        self._soon(self._reload("signal"))

    # ------------------------------------------------------------------ within
    def _record(self, fact: object) -> None:
        if self._floor is not None:
            self._floor.desk.record(fact)

    def _in_use(self) -> Mapping[str, int]:
        """How many living calls each version has, as the records tell: those of before a restart too."""
        return Counter(call.config for call in self._open_calls() if call.config)

    def _forget(self) -> None:
        begun = [live.config for live in self._floor.calls if live.config] if self._floor is not None else []
        self.editions.forget([*self._in_use(), *begun])

    async def _fit_asterisk(self, ground: SiteGround) -> None:
        """Asterisk's configuration may be of another version: rolled back, or changed while the server was away."""
        edition = self.editions.edition
        if addresses.rendered_edition(self._paths) in ("", edition.name):
            return
        try:
            for remark in await ground.prepare(edition, edition.site):
                log.warning("a remark on the version in force", remark=remark)
        except VersionRefused as refused:
            log.error("asterisk does not go by the version in force", why=str(refused))

    async def _look_at(self, trials: Trials) -> None:
        if self.editions.canary is not None:
            await trials.look()
            self._scores = await trials.scores()

    async def _reload(self, how: str) -> None:
        try:
            outcome = await self.changes.reload(how, US)
        except VersionRefused as refused:
            log.error("the site's files are not in force", why=str(refused), problems=refused.problems)
        else:
            log.info("told to reload", version=outcome.version, changed=outcome.changed, remarks=outcome.remarks)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a look at the versions failed", why=f"{type(error).__name__}: {error}")

    async def _close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
