"""The only place where the parts are joined: from a checked site and an environment to a server that answers."""

import asyncio
import gc
import os
from collections.abc import Awaitable, Callable

from acd.decisions import MakeOffer
from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.facts import OfferFailed
from acd.journal import Journal, open_journal
from acd.model import CallId, OfferId, OfferResult, VisitId
from ivr import log as logs
from ivr.asterisk import snapshot
from ivr.asterisk.agi.server import AgiServer
from ivr.asterisk.ami import AmiLink
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallStarted
from ivr.clock import Clock, LoopClock, Timer
from ivr.exchange.cel_import import CelImport
from ivr.exchange.desk import Desk
from ivr.exchange.runner import CallRunner
from ivr.exchange.switchboard import Switchboard
from ivr.exchange.telephone import Telephone
from ivr.figures.loop_watch import LoopWatch
from ivr.figures.metrics import CallFigures, Metrics
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.install.sounds import PromptFiles
from ivr.records.callers import CallerKeys
from ivr.records.ledger import Ledger
from ivr.records.recording_watch import RecordingWatch
from ivr.routing import engine_config
from ivr.settings.environment import Environment, Profile
from ivr.site import Site
from ivr.systemd import Notifier
from ivr.web.application import application
from ivr.web.health import Readiness
from ivr.web.server import WebServer, serve
from recordings.catalogue import SqlCatalogue
from recordings.intake import Intake, Owner

log = logs.get(__name__)

AMI_USER = "centralita"
GAUGES_EVERY_SECONDS = 1.0
MOVE_ON_EVERY_SECONDS = 60.0


class Hands:
    """The telephone as the dispatcher sees it; the switchboard hears of each deed before it is done."""

    def __init__(self) -> None:
        self.telephone: Telephone | None = None
        self.switchboard: Switchboard | None = None

    async def ring(self, offer: MakeOffer) -> None:
        """Ring the agent's phone."""
        if self.telephone and self.switchboard:
            self.switchboard.on_offer(offer)
            await self.telephone.ring(offer)

    async def cancel(self, offer: OfferId) -> None:
        """Stop the agent's phone."""
        if self.telephone and self.switchboard:
            self.switchboard.on_cancel(offer)
            await self.telephone.cancel(offer)

    async def send_back(self, visit: VisitId, call: CallId, exit: str) -> None:
        """Send the caller back into the flow."""
        if self.telephone:
            await self.telephone.send_back(visit, call, exit)


class Places:
    """Positions in the queues, for announcements."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place_of(self, visit: VisitId) -> int | None:
        """1 for the next in line; None when the visit does not wait."""
        view = self._engine.visit(visit)
        return view.position or None if view else None


class Server:
    """One running server. `start` opens everything, `stop` closes it in the opposite order."""

    def __init__(self, site: Site, environment: Environment, clock: Clock | None = None) -> None:
        self._site = site
        self._environment = environment
        self._clock: Clock = clock or LoopClock()
        self._paths = Paths.of(environment)
        self._notifier = Notifier()
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._timers: dict[str, Timer] = {}
        self._synchronised = False
        self._stopping = False

    async def start(self) -> None:
        """Take calls. Raises what the parts raise when they cannot be opened (journal, records, ports)."""
        site, environment, clock = self._site, self._environment, self._clock
        kept = await asyncio.to_thread(secrets.ensure, self._paths.secrets, site.extensions)
        prompts = await asyncio.to_thread(PromptFiles.of, site, environment.config, self._paths)
        self._metrics = Metrics()
        health = self._metrics.health
        health.config(site.version)

        self._journal: Journal = await open_journal(environment.journal, clock)
        self._closing.append(self._journal.close)
        self._ledger = await Ledger.open(
            environment.records,
            clock=clock,
            keys=CallerKeys(kept.caller_key),
            agents=site.agents,
            dids=[*site.numbers, "outside"],
        )
        self._closing.append(self._ledger.close)
        await self._ledger.belongs_to(self._journal)

        self._calls = LiveCalls()
        self._engine = Engine(engine_config(site))
        hands = Hands()
        self._dispatcher = Dispatcher(self._engine, self._journal, hands, clock, node=environment.node)
        self._closing.append(self._dispatcher.close)
        self._desk = Desk(self._dispatcher, self._calls)
        self._dispatcher.on_entry(self._ledger.on_entry, after=self._ledger.position)
        await self._dispatcher.recover()
        self._metrics.show(
            CallFigures(
                self._ledger.projection,
                self._ledger.tally,
                self._ledger.board,
                clock.now,
                queues=site.queues,
                lines=site.lines,
            )
        )

        self._link = AmiLink(
            environment.ami.host, environment.ami.port, AMI_USER, kept.ami, clock=clock, observer=health
        )
        agents = frozenset(site.agents)
        self._switchboard = Switchboard(self._desk, self._calls, clock, lambda: agents, self._call_started)
        hands.switchboard = self._switchboard
        hands.telephone = Telephone(
            self._link,
            self._calls,
            lambda: site.queues,
            whisper=lambda queue: self._whisper(prompts, queue),
            failed=self._offer_failed,
        )
        self._cel = CelImport(self._paths.log / "cel-custom" / "cel.csv", self._ledger.store, self._desk, clock)
        self._link.subscribe(self._switchboard.event)
        self._link.on_login(self._logged_in)
        self._link.on_loss(self._lost)

        runner = CallRunner(
            site=lambda: site,
            sounds=prompts,
            desk=self._desk,
            calls=self._calls,
            clock=clock,
            waiting=Places(self._engine),
            caller_key=self._ledger.caller_key,
            complain=lambda problem, detail: log.warning(problem, detail=detail),
            trust_pretended_time=environment.profile is Profile.DEVELOPMENT,
        )
        self._agi = AgiServer(runner, clock=clock, observer=health)
        await self._agi.start(environment.fastagi.host, environment.fastagi.port)
        self._closing.append(self._agi.close)
        self._link.start()
        self._closing.append(self._link.close)

        self._watch_recordings()
        loop_watch = LoopWatch(clock, health.loop_longest_block_seconds.set)
        loop_watch.start()
        self._closing.append(_at_once(loop_watch.stop))
        self._serve_web()
        self._every("gauges", GAUGES_EVERY_SECONDS, self._set_gauges)
        self._every("move on", MOVE_ON_EVERY_SECONDS, self._move_on)
        if self._notifier.watchdog_seconds:
            self._every("watchdog", self._notifier.watchdog_seconds, self._notifier.alive)
        gc.collect()
        gc.freeze()  # modules, site and recovered state live as long as the process
        self._notifier.ready(f"{len(site.numbers)} numbers, {len(site.queues)} queues")
        log.info("the server takes calls", fastagi=str(environment.fastagi), http=str(environment.http))

    async def stop(self) -> None:
        """Close everything. Calls go on in the dialplan."""
        self._stopping = True
        self._notifier.stopping()
        for timer in self._timers.values():
            timer.cancel()
        for close in reversed(self._closing):
            try:
                await close()
            except Exception:
                log.exception("a part did not close well")
        log.info("the server has stopped")

    # ------------------------------------------------------------------ the link to Asterisk
    async def _logged_in(self) -> None:
        agents = [agent.agent for agent in self._engine.agents()]
        drift = await self._switchboard.logged_in(lambda: snapshot.take(self._link, agents), self._fill_gap)
        self._synchronised = True
        if drift:
            self._metrics.health.drift.labels("calls").inc(drift)
        log.info("in step with Asterisk", calls=len(self._calls), drift=drift)

    def _lost(self) -> None:
        self._synchronised = False
        if self._stopping:
            return
        self._switchboard.lost()
        log.warning("Asterisk's manager is away; talks and waiting callers go on, no phone is rung meanwhile")

    async def _fill_gap(self) -> None:
        try:
            await self._cel.fill_gap(self._ledger.projection, self._ledger.caller_key, self._site.version)
        except OSError as error:
            log.error("the channel events cannot be read; the gap stays open", why=str(error))

    def _call_started(self, call: CallId, did: str, number: str) -> CallStarted:
        key = self._ledger.caller_key(number)
        return CallStarted(at=self._clock.now(), call=call, did=did, caller=key, flow="", config=self._site.version)

    def _offer_failed(self, offer: OfferId, result: OfferResult) -> None:
        self._desk.submit(OfferFailed(at=self._clock.now(), t=0, offer=offer, result=result))
        self._switchboard.forget(offer)

    # ------------------------------------------------------------------ sounds, recordings, pages
    def _whisper(self, prompts: PromptFiles, queue: str) -> str | None:
        settings = self._site.queues.get(queue)
        name = settings.whisper if settings else None
        return prompts.path_of(name, self._site.language) if name else None

    def _watch_recordings(self) -> None:
        catalogue = SqlCatalogue(self._ledger.store.engine)
        intake = Intake(self._paths.recordings, self._paths.recordings_done, catalogue, self._owner_of)
        watch = RecordingWatch(intake, self._clock, self._desk.record)
        watch.start()
        self._closing.append(watch.close)

    def _owner_of(self, offer: str) -> Owner | None:
        found = self._ledger.projection.offers.get(offer)
        return Owner(queue=found.queue, agent=found.agent) if found else None

    def _serve_web(self) -> None:
        ready = Readiness(
            {
                "ami": lambda: None if self._synchronised else self._link.trouble or "resynchronising with Asterisk",
                "agi": lambda: None if self._agi.port else "not listening",
                "journal": lambda: None if self._journal.available else "cannot be written; decisions go on",
                "records": lambda: self._ledger.trouble or None,
            }
        )
        http = self._environment.http
        web: WebServer = serve(application(self._metrics.text, Readiness(), ready), http.host, http.port)
        self._closing.append(web.close)

    # ------------------------------------------------------------------ what is done now and then
    def _every(self, name: str, seconds: float, what: Callable[[], None]) -> None:
        def again() -> None:
            self._timers[name] = self._clock.call_later(seconds, again)
            what()

        self._timers[name] = self._clock.call_later(seconds, again)

    def _set_gauges(self) -> None:
        health = self._metrics.health
        health.journal_degraded.set(self._dispatcher.degraded)
        health.records_behind.set(self._ledger.behind)
        health.journal_position.set(self._ledger.position)

    def _move_on(self) -> None:
        if self._synchronised:
            task = asyncio.ensure_future(self._cel.move_on())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())


def _at_once(function: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        function()

    return close


def run(site: Site, environment: Environment) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit status. The reactor must not have been imported before."""
    from ivr.reactor import install

    install()
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    server = Server(site, environment)
    status = 0

    def failed(failure: object) -> None:
        nonlocal status
        status = 1
        log.error("the server cannot start", why=getattr(failure, "getErrorMessage", lambda: "")())
        log.debug("traceback", text=getattr(failure, "getTraceback", lambda: "")())
        reactor.stop()

    def begin() -> None:
        Deferred.fromFuture(asyncio.ensure_future(server.start())).addErrback(failed)

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger(
        "before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(server.stop()))
    )
    os.umask(0o027)
    reactor.run()
    return status
