"""The only place where the parts are joined: from a checked site and an environment to a server that answers."""

import asyncio
import faulthandler
import gc
import os
from collections.abc import Awaitable, Callable

from acd.dispatcher import Dispatcher
from acd.engine import Engine
from acd.journal import Journal, open_journal
from acd.model import CallId
from ivr import log as logs
from ivr.asterisk import snapshot
from ivr.asterisk.agi.server import AgiServer
from ivr.asterisk.ami import AmiLink
from ivr.call.calls import LiveCalls
from ivr.call.facts import CallStarted
from ivr.clock import Clock, LoopClock, Timer
from ivr.exchange.cel_import import CelImport
from ivr.exchange.desk import Desk
from ivr.exchange.performer import House
from ivr.exchange.runner import CallRunner
from ivr.exchange.switchboard import Switchboard
from ivr.exchange.telephone import Telephone
from ivr.exchange.visits import Visits
from ivr.figures.loop_watch import LoopWatch
from ivr.figures.metrics import CallFigures, Metrics
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.install.secrets import Secrets
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
RECONCILE_EVERY_SECONDS = 60.0
ALIVE_EVERY_SECONDS = 1.0
STANDSTILL_SECONDS = 10.0
"""A loop that stands still for so long is ended. The longest block that is known is well under a second."""


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
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take calls. Raises what the parts raise when they cannot be opened (journal, records, ports)."""
        self._metrics = Metrics()
        self._metrics.health.config(self._site.version)
        kept = await asyncio.to_thread(secrets.ensure, self._paths.secrets, self._site.extensions)
        self._prompts = await asyncio.to_thread(PromptFiles.of, self._site, self._environment.config, self._paths)
        await self._open_stores(kept)
        await self._open_routing(kept)
        await self._open_wires()
        self._watch_recordings()
        self._watch_loop()
        self._serve_web()
        self._every("gauges", GAUGES_EVERY_SECONDS, self._set_gauges)
        self._every("reconcile", RECONCILE_EVERY_SECONDS, self._reconcile)
        gc.collect()
        gc.freeze()  # modules, site and recovered state live as long as the process
        self._notifier.ready(f"{len(self._site.numbers)} numbers, {len(self._site.queues)} queues")
        log.info("the server takes calls", fastagi=str(self._environment.fastagi), http=str(self._environment.http))

    async def _open_stores(self, kept: Secrets) -> None:
        """The journal, and the records that are folded from it."""
        self._journal: Journal = await open_journal(self._environment.journal, self._clock)
        self._closing.append(self._journal.close)
        self._ledger = await Ledger.open(
            self._environment.records,
            clock=self._clock,
            keys=CallerKeys(kept.caller_key),
            agents=self._site.agents,
            dids=[*self._site.numbers, "outside"],
        )
        self._closing.append(self._ledger.close)
        await self._ledger.belongs_to(self._journal)

    async def _open_routing(self, kept: Secrets) -> None:
        """The engine, with what it knew before the server ended, its desk and its hands."""
        site, clock, health = self._site, self._clock, self._metrics.health
        self._calls = LiveCalls()
        ami = self._environment.ami
        self._link = AmiLink(ami.host, ami.port, AMI_USER, kept.ami, clock=clock, observer=health)
        telephone = Telephone(self._link, self._calls, lambda: site.queues, self._whisper)
        self._engine = Engine(engine_config(site))
        self._dispatcher = Dispatcher(self._engine, self._journal, telephone, clock, node=self._environment.node)
        self._closing.append(self._dispatcher.close)
        self._desk = Desk(self._dispatcher, self._calls)
        agents = frozenset(site.agents)
        self._switchboard = Switchboard(
            self._desk, self._calls, clock, lambda: agents, self._call_started, telephone.cancel_again
        )
        telephone.attach(self._switchboard)
        self._dispatcher.on_entry(self._ledger.on_entry, after=self._ledger.position)
        await self._dispatcher.recover()
        ledger = self._ledger
        self._metrics.show(
            CallFigures(ledger.projection, ledger.tally, ledger.board, clock.now, queues=site.queues, lines=site.lines)
        )

    async def _open_wires(self) -> None:
        """FastAGI for the callers' visits, AMI for everything else."""
        site, clock, health = self._site, self._clock, self._metrics.health
        self._cel = CelImport(self._paths.log / "cel-custom" / "cel.csv", self._ledger.store, self._desk, clock)
        house = House(
            site=lambda: site,
            sounds=self._prompts,
            desk=self._desk,
            calls=self._calls,
            clock=clock,
            waiting=Visits(self._engine),
            caller_key=self._ledger.caller_key,
            complain=self._complain,
            trust_pretended_time=self._environment.profile is Profile.DEVELOPMENT,
        )
        self._agi = AgiServer(CallRunner(house), clock=clock, observer=health)
        await self._agi.start(self._environment.fastagi.host, self._environment.fastagi.port)
        self._closing.append(self._agi.close)
        self._link.subscribe(self._switchboard.event)
        self._link.on_login(self._logged_in)
        self._link.on_loss(self._lost)
        self._link.start()
        self._closing.append(self._link.close)

    def _watch_loop(self) -> None:
        """Measure how long the loop is blocked, and end a process whose loop stands still: whoever started it starts
        it again, and until then callers are better off without it."""
        loop_watch = LoopWatch(self._clock, self._metrics.health.loop_longest_block_seconds.set)
        loop_watch.start()
        self._closing.append(_at_once(loop_watch.stop))
        self._still_alive()
        self._closing.append(_at_once(faulthandler.cancel_dump_traceback_later))
        self._every("alive", ALIVE_EVERY_SECONDS, self._still_alive)

    def _still_alive(self) -> None:
        """The loop turns: set the alarm anew (it shows every thread's stack and ends the process); tell systemd."""
        faulthandler.dump_traceback_later(STANDSTILL_SECONDS, exit=True)
        self._notifier.alive()

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

    async def _fill_gap(self, lately: bool = True) -> None:
        """Take facts from Asterisk's channel events; without `lately` those of the last minute are left to AMI."""
        ledger = self._ledger
        try:
            await self._cel.fill_gap(ledger.projection, ledger.caller_key, self._site.version, lately=lately)
        except OSError as error:
            log.error("the channel events cannot be read; the gap stays open", why=str(error))

    def _call_started(self, call: CallId, did: str, number: str) -> CallStarted:
        key = self._ledger.caller_key(number)
        return CallStarted(at=self._clock.now(), call=call, did=did, caller=key, flow="", config=self._site.version)

    # ------------------------------------------------------------------ sounds, recordings, pages
    def _complain(self, problem: str, detail: str) -> None:
        self._metrics.health.flow_problems.labels(problem).inc()
        log.warning(problem, detail=detail)

    def _whisper(self, queue: str) -> str | None:
        settings = self._site.queues.get(queue)
        name = settings.whisper if settings else None
        return self._prompts.path_of(name, self._site.language) if name else None

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

    def _reconcile(self) -> None:
        """What AMI told a minute ago must stand in the channel events too; what it did not tell is taken from them."""
        if self._synchronised:
            task = asyncio.get_running_loop().create_task(self._fill_gap(lately=False))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


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
