"""What concerns callers who wait: when their queues open and close, and who answered them last."""

from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.app.stores import Stores
from ivr.asterisk.ami import AmiLink
from ivr.clock import Clock
from ivr.exchange.doors import QueueDoorkeeper
from ivr.exchange.house import Sites
from ivr.exchange.hush import Hush
from ivr.exchange.last_agents import LastAgents
from ivr.overrides import Overrides
from ivr.records.last_talk import last_talk


def open_doors(sites: Sites, floor: Floor, overrides: Overrides, clock: Clock, closing: Closing) -> QueueDoorkeeper:
    """The queues are as their timetables say when this returns. Before callers come."""
    doors = QueueDoorkeeper(floor.desk, clock, sites.active, overrides.state, floor.engine.queues)
    overrides.on_change(lambda timetable, override: doors.look())
    doors.start()
    closing.add_now(doors.close)
    return doors


def open_hush(link: AmiLink, floor: Floor, closing: Closing) -> None:
    """Announcements give way to agents."""
    hush = Hush(link, floor.calls)
    closing.add_now(floor.dispatcher.on_entry(hush.on_entry))
    closing.add(hush.close)


def open_last_agents(stores: Stores, clock: Clock, closing: Closing) -> LastAgents:
    """Asked of the records, in another thread."""
    engine = stores.ledger.store.engine
    agents = LastAgents(lambda caller: last_talk(engine, caller), clock)
    closing.add(agents.close)
    return agents
