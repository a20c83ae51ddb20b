"""A whole instance on disk, as its parts write it: journal, records, messages, recordings, Asterisk's files, versions
of the site, audit. Two callers have called often."""

import gzip
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest

from acd import decisions as d
from acd import facts as f
from acd.codec import encode
from acd.journal import Journal, open_journal
from acd.model import AgentId, CallId, OfferId, OfferResult, QueueId, VisitId, VisitOutcome
from ivr.app.audit import OpenAudit
from ivr.app.closing import Closing
from ivr.app.erasure import open_erasure
from ivr.app.stores import Stores
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.routes import AuditRoutes
from ivr.audit.store import AuditStore
from ivr.call import facts as c
from ivr.figures.metrics import CallFigures
from ivr.install import secrets
from ivr.lookups.figures import LookUpFigures
from ivr.lookups.look_ups import LookUps
from ivr.records.callers import CallerKeys
from ivr.records.ledger import Ledger
from ivr.settings.environment import Environment
from ivr.versions.changes import Changes
from ivr.voicemail.files import MessageFiles
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.store import MessageStore
from recordings.catalogue import Recording, SqlCatalogue
from recordings.intake import Intake, Talk
from tests.records import fresh
from tests.unit.versions.site_files import Office
from tests.unit.voicemail.house import wav

ANA, EVA = "3001234567", "3109876543"
"""Whom it is about, and somebody else."""
DID = "6017436967"
SPELLINGS = (ANA, f"+57{ANA}", f"57{ANA}")

AS_BEFORE = ("calls", "visits", "offers", "legs", "standing")
"""Tables of which no row may differ after an erasure."""


@dataclass(frozen=True)
class Told:
    """An entry of the journal, as the dispatcher tells it."""

    position: int
    at: datetime
    event: Any
    decisions: Sequence[Any] = ()


class Instance:
    """One server's stores. Make it with `begin`."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.var = folder / "var"
        self.clock = self.office.clock
        self.alive: set[str] = set()
        self.closing = Closing()
        self.environment = Environment.from_environ(
            {
                "CENTRALITA_VAR": str(self.var),
                "CENTRALITA_CONFIG": str(self.office.folders.config),
                "CENTRALITA_FLOWS": str(self.office.folders.flows),
                "CENTRALITA_ASTERISK_ROOT": str(folder / "root"),
            }
        )
        self.paths = self.office.paths
        self.kept = secrets.ensure(self.var / "secrets", ["101"])

    @classmethod
    async def begin(cls, folder: Path) -> "Instance":
        """Open everything."""
        self = cls(folder)
        self.paths.recordings_done.mkdir(parents=True)
        self.changes: Changes = await self.office.serve()
        await self.open()
        return self

    async def open(self) -> None:
        """As a server starts on what is there."""
        fresh(self.var / "records.sqlite")
        self.journal: Journal = await open_journal(self.environment.journal, self.clock)
        self.ledger = await Ledger.open(
            self.environment.records, clock=self.clock, keys=CallerKeys(self.kept.caller_key), dids=[DID]
        )
        engine = self.ledger.store.engine
        self.inbox = Inbox(
            site=self.changes.editions.active,
            store=MessageStore(engine),
            files=MessageFiles(self.var / "voicemail"),
            clock=self.clock,
            tell=lambda event, key: self._later.append(event),
            alive=lambda call: call in self.alive,
        )
        self._later: list[Any] = []
        await self.inbox.open()
        self.catalogue = SqlCatalogue(engine)
        self.audit = Audit(
            AuditStore.open(self.environment.records, engine, self.ledger.store.patience),
            AnchorFiles(self.var / "audit"),
            self.clock,
        )
        await self.audit.open()
        self.look_ups = LookUps(
            self.environment.config, self.var / "secrets", self.clock, LookUpFigures(CollectorRegistry())
        )
        opened = open_erasure(
            environment=self.environment,
            paths=self.paths,
            sites=self.changes.editions,
            stores=Stores(self.journal, self.ledger),
            inbox=self.inbox,
            look_ups=self.look_ups,
            versions=self.changes,
            audit=OpenAudit(self.audit, AuditRoutes(self.audit)),
            kept=self.kept,
            clock=self.clock,
            closing=self.closing,
        )
        self.erasure, self.routes = opened.erasure, opened.routes

    async def close(self) -> None:
        """Let everything go, as a server that stops."""
        await self.closing.all()
        await self.told()
        await self.audit.close()
        await self.look_ups.close()
        await self.inbox.close()
        await self.ledger.close()
        await self.journal.close()

    # ------------------------------------------------------------------ what happens
    async def tell(self, event: Any, *decisions: Any) -> None:
        """Journal an event, and let the records know."""
        position = await self.journal.append(event.at, encode(event), [encode(one) for one in decisions])
        self.ledger.on_entry(Told(position, event.at, event, decisions))

    async def told(self) -> None:
        """What the mailboxes told."""
        while self._later:
            await self.tell(self._later.pop(0))

    async def call(self, n: int, number: str, name: str = "Ana María") -> CallId:
        """A call that 101 answered, recorded, with a message afterwards; Asterisk wrote down what it does."""
        at = self.clock.now() + timedelta(minutes=n)
        call, offer = CallId(f"n1-{1795291036 + n}.{n}"), OfferId(f"{n:016d}")
        visit, queue, agent = VisitId(f"{call}/1"), QueueId("servicio"), AgentId("101")
        key = self.ledger.caller_key(number, name)
        await self.tell(c.CallStarted(at=at, call=call, did=DID, caller=key, flow="linea_principal", config="v1"))
        await self.tell(c.NoticeHeard(at=at, call=call, prompt="anuncio", version="abc"))
        await self.tell(
            f.CallerJoined(at=at, t=0, visit=visit, call=call, queue=queue),
            d.MakeOffer(offer=offer, visit=visit, call=call, queue=queue, agent=agent, ring_us=1, rule="x"),
        )
        later = at + timedelta(seconds=5)
        await self.tell(
            f.OfferBridged(at=later, t=0, offer=offer),
            d.CloseOffer(offer=offer, visit=visit, queue=queue, agent=agent, result=OfferResult.ANSWERED),
            d.EndVisit(
                visit=visit, call=call, queue=queue, outcome=VisitOutcome.ANSWERED, wait_us=5_000_000, agent=agent
            ),
        )
        ended = later + timedelta(seconds=30)
        await self.tell(
            f.TalkEnded(at=ended, t=0, offer=offer),
            d.BeginWrapUp(agent=agent, queue=queue, until=0, talk_us=30_000_000),
        )
        await self._recorded(call, offer)
        await self._left(call, key)
        await self.tell(c.CallEnded(at=ended, call=call, cause=16, by="caller"))
        self._asterisk(call, number, at)
        return call

    async def _recorded(self, call: CallId, offer: OfferId) -> None:
        name = f"{call}_{offer}"
        (self.paths.recordings / f"{name}.raw").write_bytes(b"\1\0\2\0" * 8000)
        (self.paths.recordings_done / name).touch()

        def talk_of(call: str, leg: str) -> Talk:
            return Talk(call=call, queue="servicio", agent="101")

        intake = Intake(self.paths.recordings, self.paths.recordings_done, self.catalogue, talk_of)
        taken = intake.take(name)
        assert isinstance(taken, Recording)
        intake.settle(name)
        await self.tell(
            c.RecordingFinished(
                at=self.clock.now(), call=call, recording=name, queue="servicio", agent="101", seconds_us=1_000_000
            )
        )

    async def _left(self, call: CallId, key: str) -> None:
        file = await self.inbox.begin("servicio", call, key)
        path = self.inbox.path_of(file)
        assert path is not None
        Path(path + ".wav").write_bytes(wav(5))
        assert await self.inbox.keep("servicio", file)
        await self.told()

    def _asterisk(self, call: str, number: str, at: datetime) -> None:
        cel = self.paths.log / "cel-custom" / "cel.csv"
        cel.parent.mkdir(parents=True, exist_ok=True)
        channel = f"PJSIP/trunk-operador-{int(call.rpartition('.')[2]):08d}"
        moment = f"{at.timestamp():.6f}"
        rows = [
            ("CHAN_START", "from-trunk", DID, "", "", "", number, ""),
            ("ANSWER", "call", "s", "Answer", "", "", number, DID),
            ("APP_START", "ring", "9" + number, "Dial", f"PJSIP/{number}@trunk-operador,60", "", number, DID),
            ("HANGUP", "call", "s", "", "", '{""hangupcause"":16,""hangupsource"":""' + channel + '""}', number, DID),
            ("CHAN_END", "call", "s", "", "", "", number, DID),
        ]
        with cel.open("a") as stream:
            for event, context, exten, app, data, extra, num, dnid in rows:
                values = (event, moment, call, call, channel, context, exten, app, data, "", extra, num, dnid, "")
                stream.write(",".join(f'"{value}"' for value in values) + "\n")
        for file in ("messages.log", "console.log"):
            with (self.paths.log / file).open("a") as stream:
                stream.write(
                    f"[2026-11-23 15:00:00] WARNING[1] chan.c: '{number}' <sip:+57{number[-10:]}@10.0.0.1> said 603\n"
                )
                stream.write(f"[2026-11-23 15:00:00] NOTICE[1] chan.c: 99{number[-10:]}1 is another one\n")

    def rotate(self) -> None:
        """What logrotate does."""
        for file in (self.paths.log / "cel-custom" / "cel.csv", self.paths.log / "messages.log"):
            old = file.with_name(file.name + ".2.gz")
            if file.with_name(file.name + ".1").exists():
                old.write_bytes(gzip.compress(file.with_name(file.name + ".1").read_bytes()))
            file.rename(file.with_name(file.name + ".1"))

    # ------------------------------------------------------------------ what is seen
    def figures(self) -> dict[str, Any]:
        """Counters for Prometheus, and every row that reports are made of."""
        registry = CollectorRegistry()
        registry.register(
            CallFigures(self.ledger.projection, self.ledger.tally, self.clock.now, queues=["servicio"], lines=4)
        )
        return {"metrics": generate_latest(registry).decode(), **self.tables()}

    def tables(self) -> dict[str, Any]:
        """Rows of the records."""
        with sqlite3.connect(self.var / "records.sqlite") as connection:
            found = {t: connection.execute(f"SELECT * FROM {t} ORDER BY 1, 2").fetchall() for t in AS_BEFORE}
        connection.close()
        return found

    def holding(self, *numbers: str) -> dict[str, int]:
        """Files of the instance in which one of these stands; `99<number>1` is another one, which has to stay."""
        found = {}
        for file in sorted(self.var.rglob("*")):
            if file.is_file() and not file.is_symlink():
                data = file.read_bytes()
                data = gzip.decompress(data) if file.suffix == ".gz" else data
                if times := sum(data.count(n.encode()) - data.count(f"99{n}1".encode()) for n in numbers):
                    found[str(file.relative_to(self.var))] = times
        return found


async def busy(folder: Path) -> Instance:
    """Ana called six times in three spellings, Eva three times; files were rotated in between."""
    house = await Instance.begin(folder)
    for n in range(9):
        await house.call(n, EVA if n % 3 == 2 else SPELLINGS[n % 3 or n % 2], "Ana" if n % 3 != 2 else "Eva")
        if n in (3, 6):
            house.rotate()
    await house.ledger.flush()
    return house
