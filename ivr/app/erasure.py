"""Search and erasure by caller, over every place of this server that may know one."""

from dataclasses import dataclass
from functools import partial

from ivr.app.audit import OpenAudit
from ivr.app.closing import Closing
from ivr.app.retention import remover_of
from ivr.app.stores import Stores
from ivr.clock import Clock
from ivr.erasure.audio import MessageStore, RecordingStore
from ivr.erasure.erasure import Erasure, House
from ivr.erasure.files import ListStore, TextStore, VersionStore
from ivr.erasure.memory import LookUpStore, OtherStore
from ivr.erasure.pending import PendingErasures
from ivr.erasure.records import CallStore, NumberStore, talks_of
from ivr.erasure.routes import CallerRoutes
from ivr.erasure.stores import Place
from ivr.exchange.house import Sites
from ivr.install.paths import Paths
from ivr.install.secrets import Secrets
from ivr.lookups.look_ups import LookUps
from ivr.recordings.remover import Remover
from ivr.records.callers import CallerKeys
from ivr.seal import FernetSeal
from ivr.settings.environment import Environment
from ivr.versions.changes import Changes
from ivr.voicemail.inbox import Inbox
from recordings.catalogue import SqlCatalogue


@dataclass(frozen=True, slots=True)
class OpenErasure:
    """`routes` for the API."""

    erasure: Erasure
    routes: CallerRoutes


def open_erasure(
    *,
    environment: Environment,
    paths: Paths,
    sites: Sites,
    stores: Stores,
    inbox: Inbox,
    look_ups: LookUps,
    versions: Changes,
    audit: OpenAudit,
    kept: Secrets,
    clock: Clock,
    closing: Closing,
    remover: Remover | None = None,
) -> OpenErasure:
    """When everything else is open. What a crash ended in the middle is finished beside the calls. `remover`: who
    deletes recordings, and knows the copies of them; left out: one that knows of no copies."""
    engine = stores.ledger.store.engine
    if remover is None:
        remover = remover_of(paths=paths, engine=engine, site=sites.active, audit=audit.audit, clock=clock)

    def country() -> str:
        return sites.active().country

    def own() -> list[str]:
        site = sites.active()
        return [*site.numbers, *(agent.outside for agent in site.agents.values() if agent.outside)]

    house = House(
        ledger=stores.ledger,
        keys=CallerKeys(kept.caller_key),
        stores=(
            NumberStore(stores.ledger),
            CallStore(engine),
            MessageStore(inbox),
            RecordingStore(
                paths.recordings,
                paths.recordings_done,
                SqlCatalogue(engine),
                partial(talks_of, engine),
                remover,
                clock,
            ),
            TextStore(Place.EVENTS, [paths.log / "cel-custom"]),
            TextStore(Place.LOGS, [paths.log, paths.var / "log"], leave=[paths.log / "cel-custom"]),
            LookUpStore(look_ups),
            ListStore([environment.config, environment.flows], country),
            VersionStore(versions.copies, country, lambda: [*versions.editions.names(), versions.standing.active]),
            OtherStore(engine, sites.active),
        ),
        pending=PendingErasures(paths.var / "erasures", FernetSeal(kept.variables_key)),
        folder=paths.var,
        leave=(environment.asterisk_root, environment.backup),
        clock=clock,
        country=country,
        own=own,
        append=audit.audit.append,
    )
    erasure = Erasure(house)
    erasure.start()
    closing.add(erasure.close)
    return OpenErasure(erasure, CallerRoutes(erasure))
