"""How the agents were when the server was last there: folded from its journal, from the latest checkpoint on."""

from datetime import UTC, datetime, timedelta

from acd.config import EngineConfig
from acd.engine import Engine
from acd.facts import Fact
from acd.journal import Journal
from acd.snapshot import UnknownSnapshot
from ivr.agents.present import AgentRow, row_of
from ivr.call.journalled import decode

LOOK_BACK = 1_000
"""Entries before the checkpoint among which one is looked for that tells the wall time of an engine time."""


async def last_known(journal: Journal) -> list[AgentRow]:
    """What the journal says; no row is fresh. Raises JournalUnavailable, and UnknownEvent of a newer version."""
    engine = Engine(EngineConfig(queues=(), agents=()))
    checkpoint = await _begin(engine, journal)
    zero = datetime(1970, 1, 1, tzinfo=UTC)  # when engine time was 0
    async for entry in journal.read(max(0, checkpoint - LOOK_BACK)):
        event = decode(entry.event)
        if isinstance(event, Fact):
            zero = entry.at - timedelta(microseconds=event.t)
            if entry.position > checkpoint:
                engine.fold(event, [decode(decision) for decision in entry.decisions])
    offers = {offer.offer: offer for offer in engine.offers()}
    now = zero + timedelta(microseconds=engine.time_us)
    return [
        row_of(view, offers.get(view.offer) if view.offer else None, now, engine.time_us, fresh=False)
        for view in engine.agents()
    ]


async def _begin(engine: Engine, journal: Journal) -> int:
    found = await journal.latest_checkpoint()
    if found is None:
        return 0
    try:
        engine.load(found[1])
    except UnknownSnapshot:
        return 0
    return found[0]
