"""What is kept: the journal, and the records that are folded from it."""

from dataclasses import dataclass

from acd.journal import Journal, open_journal
from ivr.app.closing import Closing
from ivr.clock import Clock
from ivr.install.secrets import Secrets
from ivr.records.callers import CallerKeys
from ivr.records.ledger import Ledger
from ivr.settings.environment import Environment
from ivr.site import Site


@dataclass(frozen=True, slots=True)
class Stores:
    """Open until the server closes."""

    journal: Journal
    ledger: Ledger


async def open_stores(environment: Environment, site: Site, kept: Secrets, clock: Clock, closing: Closing) -> Stores:
    """Open both. Raises JournalUnavailable and RecordsUnavailable."""
    journal = await open_journal(environment.journal, clock)
    closing.add(journal.close)
    ledger = await Ledger.open(
        environment.records,
        clock=clock,
        keys=CallerKeys(kept.caller_key),
        dids=[*site.numbers, "outside"],
    )
    closing.add(ledger.close)
    await ledger.belongs_to(journal)
    return Stores(journal, ledger)
