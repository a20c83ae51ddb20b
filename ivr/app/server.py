"""The server: which part is opened when, and what it is given of the others."""

import asyncio

from ivr import log as logs
from ivr.access.life import SessionLife
from ivr.agents import Agents
from ivr.apart import end_all
from ivr.app.accounts import open_accounts
from ivr.app.agents import open_agents
from ivr.app.asterisk import Synchronisation
from ivr.app.audit import open_audit
from ivr.app.backup import open_archive, open_backup
from ivr.app.capacity import guard_of, open_capacity
from ivr.app.closing import Closing
from ivr.app.collector import LOOK_EVERY_SECONDS, Collector
from ivr.app.erasure import open_erasure
from ivr.app.features import open_features
from ivr.app.floor import Floor, open_floor
from ivr.app.house import house_of, open_look_ups, open_overrides
from ivr.app.queues import open_queues
from ivr.app.recordings import AuditLedger, open_recordings
from ivr.app.retention import open_retention
from ivr.app.rounds import Rounds, watch_loop
from ivr.app.screen_pops import open_screen_pops
from ivr.app.stores import Stores, open_stores
from ivr.app.topics import topics_of
from ivr.app.versions import SiteVersions
from ivr.app.voicemail import open_voicemail
from ivr.app.waiting import open_doors, open_hush, open_last_agents
from ivr.app.web import api_of, pages, serve_network, serve_socket
from ivr.aside import aside
from ivr.asterisk.agi.server import AgiServer
from ivr.asterisk.ami import AmiLink
from ivr.calls.routes import CallRoutes
from ivr.clock import Clock, LoopClock
from ivr.erasure.records import keys_of_number
from ivr.exchange.cel_import import CelImport
from ivr.exchange.doors import QueueDoorkeeper
from ivr.exchange.runner import CallRunner
from ivr.figures.call_record import CallRecord
from ivr.figures.metrics import CallFigures, Metrics
from ivr.install import secrets
from ivr.install.paths import Paths
from ivr.overrides.routes import OverrideRoutes
from ivr.recordings.copies import ArchiveAway
from ivr.recordings.figures import LedgerTally
from ivr.records.callers import CallerKeys
from ivr.records.recording_watch import RecordingWatch
from ivr.records.talks import finder, still
from ivr.settings.environment import Environment, Profile
from ivr.site import Site
from ivr.systemd import Notifier
from ivr.versions.loading import Beginning
from ivr.web.addresses import Networks
from ivr.web.api.application import Part
from ivr.web.api.health import Vitals
from ivr.web.health import Readiness
from recordings.catalogue import SqlCatalogue
from recordings.intake import Intake

log = logs.get(__name__)

AMI_USER = "centralita"
GAUGES_EVERY_SECONDS = 1.0
RECONCILE_EVERY_SECONDS = 60.0


class Server:
    """One running server. `start` opens everything, `stop` closes it in the opposite order."""

    def __init__(self, start: Beginning, environment: Environment, clock: Clock | None = None) -> None:
        self._environment = environment
        self._clock: Clock = clock or LoopClock()
        self.versions = SiteVersions(start, environment, self._clock)
        self._sites = self.versions.editions
        self._paths = Paths.of(environment)
        self._notifier = Notifier()
        self._closing = Closing()
        self._rounds = Rounds(self._clock)
        self._metrics = Metrics()
        self._parts: list[Part] = []
        self._began = self._clock.now()
        self._sync: Synchronisation | None = None
        self._doors: QueueDoorkeeper | None = None
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take calls, unless `stop` comes first. Raises what the parts raise when they cannot be opened (journal,
        records, ports)."""
        self._starting = asyncio.ensure_future(self._start())
        await asyncio.wait([self._starting])
        if not self._starting.cancelled():
            self._starting.result()

    async def _start(self) -> None:
        site, environment, clock, health = self._sites.active(), self._environment, self._clock, self._metrics.health
        health.config(site.version)
        self._kept = kept = await asyncio.to_thread(secrets.ensure, self._paths.secrets, site.extensions)
        self._stores: Stores = await open_stores(environment, site, kept, clock, self._closing)
        ami = environment.ami
        self._link = AmiLink(ami.host, ami.port, AMI_USER, kept.ami, clock=clock, observer=health)
        self._guard = guard_of(self._paths, self._sites.active, clock)
        await self._guard.look()  # nobody begins recorded on a full disk
        self._floor: Floor = await open_floor(
            self._sites.active,
            self._link,
            self._stores,
            node=environment.node,
            clock=clock,
            whisper=self.versions.whisper,
            closing=self._closing,
            room=self._guard.has_room,
            not_renewed=health.recordings_not_renewed.inc,
        )
        self._show_figures()
        open_screen_pops(self._sites.active, self._floor, self._paths, self._metrics, clock, self._closing)
        await self.versions.open(
            self._floor,
            self._link,
            self._stores,
            kept,
            metrics=self._metrics,
            rounds=self._rounds,
            parts=self._parts,
            closing=self._closing,
            changed=self._site_changed,
        )
        collector = Collector(clock, lambda: not len(self._floor.calls))
        collector.begin()  # while nobody waits for an answer yet
        await self._open_wires()
        self._watch_recordings()
        watch_loop(clock, self._rounds, self._notifier, self._closing, health.loop)
        await self._serve_web()
        self._rounds.every("gauges", GAUGES_EVERY_SECONDS, self._set_gauges)
        self._rounds.every("collector", LOOK_EVERY_SECONDS, collector.look)
        self._notifier.ready(f"{len(site.numbers)} numbers, {len(site.queues)} queues")
        log.info("the server takes calls", fastagi=str(environment.fastagi), http=str(environment.http))

    async def stop(self) -> None:
        """Close everything. Calls go on in the dialplan."""
        if self._starting is not None and self._starting.cancel():
            await asyncio.wait([self._starting])
        if self._sync is not None:
            self._sync.stopping()
        self._notifier.stopping()
        self._rounds.stop()
        await self._closing.all()
        log.info("the server has stopped")

    def _site_changed(self, site: Site) -> None:
        """Another version of the site is in force: what was told of the one before."""
        self._metrics.health.config(site.version)
        self._figures.site_changed(site.queues, site.lines)
        self._stores.ledger.site_changed([*site.numbers, "outside"])
        if self._doors is not None:
            self._doors.look()

    # ------------------------------------------------------------------ what is opened
    async def _open_wires(self) -> None:
        """FastAGI for the callers' visits, AMI for everything else."""
        floor, ledger, clock, health = self._floor, self._stores.ledger, self._clock, self._metrics.health
        cel = CelImport(self._paths.log / "cel-custom" / "cel.csv", ledger.store, floor.desk, clock)
        sites = self._sites
        self._sync = Synchronisation(self._link, floor, ledger, cel, sites.active, health)
        overrides = await open_overrides(self._paths, sites, floor, self._metrics, clock, self._closing)
        self._parts.append(OverrideRoutes(overrides, clock, sites.active))
        self._doors = open_doors(sites, floor, overrides, clock, self._closing)
        open_hush(self._link, floor, self._closing)
        voicemail = await open_voicemail(
            sites.active, self._stores, floor, self._metrics, self._paths, clock, self._closing
        )
        self._parts.append(voicemail.routes)
        self._inbox = voicemail.inbox
        self._look_ups = open_look_ups(self._environment.config, self._paths, self._metrics, clock, self._closing)
        house = house_of(
            sites=sites,
            floor=floor,
            stores=self._stores,
            inbox=voicemail.inbox,
            overrides=overrides,
            last_agents=open_last_agents(self._stores, clock, self._closing),
            look_ups=self._look_ups,
            kept=self._kept,
            clock=clock,
            catch_up=self._sync.catch_up,
            complain=self._complain,
            pretended=self._environment.profile is Profile.DEVELOPMENT,
        )
        open_queues(sites, floor, self._stores, self._metrics, self._parts, self._closing)
        self._agents: Agents = open_agents(sites, floor, self._metrics, self._parts, clock, self._closing)
        answer = open_features(
            CallRunner(house),
            sites=sites,
            link=self._link,
            inbox=voicemail.inbox,
            overrides=overrides,
            agents=self._agents,
            paths=self._paths,
            metrics=self._metrics,
            clock=clock,
            closing=self._closing,
        )
        self._agi = AgiServer(answer, clock=clock, observer=health)
        await self._agi.start(self._environment.fastagi.host, self._environment.fastagi.port)
        self._closing.add(self._agi.close)
        self._sync.begin()
        self._closing.add(self._link.close)
        self._rounds.every("reconcile", RECONCILE_EVERY_SECONDS, self._sync.reconcile)

    def _complain(self, problem: str, detail: str) -> None:
        self._metrics.health.flow_problems.labels(problem).inc()
        log.warning(problem, detail=detail)

    def _show_figures(self) -> None:
        ledger, site = self._stores.ledger, self._sites.active()
        self._figures = CallFigures(
            ledger.projection, ledger.tally, self._clock.now, queues=site.queues, lines=site.lines
        )
        self._metrics.show(self._figures)

    def _watch_recordings(self) -> None:
        catalogue = SqlCatalogue(self._stores.ledger.store.engine)
        intake = Intake(
            self._paths.recordings,
            self._paths.recordings_done,
            catalogue,
            finder(self._record_of, self._call_of),
            self._floor.calls.parts_of,
            still(lambda: self._floor.calls, self._record_of, self._call_of),
        )
        watch = RecordingWatch(intake, self._clock, self._floor.desk.record)
        watch.start()
        self._closing.add(watch.close)

    def _call_of(self, leg: str) -> str | None:
        """The caller's call in which a leg talked: after a transfer another one than the leg was made for. Asked in a
        thread."""
        for record in list(self._stores.ledger.projection.calls.values()):
            if not record.inside and any(ruling.leg == leg for ruling in record.rulings):
                return record.call
        return None

    def _record_of(self, call: str) -> CallRecord | None:
        """Asked in a thread: what the projection has forgotten stands in the database."""
        ledger = self._stores.ledger
        return ledger.projection.calls.get(call) or next(iter(ledger.store.calls(1, call=call)), None)

    async def _serve_web(self) -> None:
        """Last: what can be asked and told is all there."""
        environment, clock, closing, ledger = self._environment, self._clock, self._closing, self._stores.ledger
        site = self._sites.active
        offices = Networks(environment.offices)
        tally = LedgerTally()
        audit = await open_audit(environment, self._stores, self._floor, self._paths, clock, closing, tally.entry)
        accounts = await open_accounts(
            ledger.store.engine,
            self._paths,
            site=site,
            audit=audit.audit,
            clock=clock,
            closing=closing,
            life=SessionLife(idle=environment.session_idle, absolute=environment.session_life),
            oidc=environment.oidc,
            office=offices.__contains__,
        )
        callers = CallerKeys(self._kept.caller_key)

        def keys_of(number: str) -> frozenset[str]:
            return keys_of_number(number, site().country, callers, ledger.store.engine)

        backups = open_backup(
            environment=environment,
            site=site,
            audit=audit.audit,
            metrics=self._metrics,
            clock=clock,
            closing=closing,
        )
        archive = open_archive(backups, environment=environment, site=site, away=ArchiveAway, closing=closing)
        retention = open_retention(
            paths=self._paths,
            site=site,
            store=ledger.store,
            record_of=self._record_of,
            keys_of=keys_of,
            audit=audit.audit,
            clock=clock,
            closing=closing,
            copies=backups,
            archive=archive,
        )
        erasure = open_erasure(
            remover=retention.remover,
            environment=environment,
            paths=self._paths,
            sites=self._sites,
            stores=self._stores,
            inbox=self._inbox,
            look_ups=self._look_ups,
            versions=self.versions.changes,
            audit=audit,
            kept=self._kept,
            clock=clock,
            closing=closing,
        )
        recorded = AuditLedger(audit.audit, clock)
        recordings, keeper = open_recordings(
            paths=self._paths,
            keys=environment.keys,
            site=site,
            store=ledger.store,
            record_of=self._record_of,
            keys_of=keys_of,
            ledger=recorded,
            floor=self._floor,
            clock=clock,
            closing=closing,
        )
        capacity = open_capacity(
            guard=self._guard,
            recorder=self._floor.recording.recorder,
            keeper=keeper,
            ledger=recorded,
            tally=tally,
            environment=environment,
            paths=self._paths,
            site=site,
            store=ledger.store,
            metrics=self._metrics,
            clock=clock,
            closing=closing,
        )
        calls = CallRoutes(ledger.store, ledger.projection, site, callers.key_of, environment.journal)
        ready = self._readiness()
        api = await aside(  # it takes half a second of work, and calls are being served already
            api_of,
            [
                *accounts.parts,
                calls,
                capacity,
                *retention.routes,
                *recordings,
                *self._parts,
                audit.routes,
                erasure.routes,
            ],
            accounts.door,
            topics=topics_of(self._agents, self._floor, ledger.projection, site, self._floor.dispatcher.now_us),
            site=site,
            still=accounts.door.still,
            offices=offices,
            ready=ready,
            vitals=self._vitals,
            clock=clock,
        )
        closing.add_now(end_all)
        closing.add(api.app.state.deeds.close)
        shown = pages(self._metrics.text, ready)
        serve_network(
            api.app,
            shown,
            environment,
            known=accounts.door.known,
            turned_away=self._metrics.health.http_turned_away.inc,
            clock=clock,
            rounds=self._rounds,
            closing=closing,
        )
        serve_socket(api.app, shown, environment, closing)
        closing.add_now(api.events.close)

    def _readiness(self) -> Readiness:
        return Readiness(
            {
                "ami": lambda: self._sync.trouble if self._sync else "not yet",
                "agi": lambda: None if self._agi.port else "not listening",
                "journal": lambda: None if self._stores.journal.available else "cannot be written; decisions go on",
                "records": lambda: self._stores.ledger.trouble or None,
            }
        )

    def _vitals(self) -> Vitals:
        ledger, dispatcher = self._stores.ledger, self._floor.dispatcher
        return Vitals(
            node=self._environment.node,
            site=self._sites.active().version,
            since=self._began,
            calls=len(self._floor.calls),
            asterisk_linked=self._floor.engine.linked,
            journal_position=ledger.position,
            journal_degraded=dispatcher.degraded,
            records_behind=ledger.behind,
        )

    def _set_gauges(self) -> None:
        health, ledger = self._metrics.health, self._stores.ledger
        health.journal_degraded.set(self._floor.dispatcher.degraded)
        health.records_behind.set(ledger.behind)
        health.journal_position.set(ledger.position)
