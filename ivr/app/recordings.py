"""Recordings in the running server: the vault, who brings talks into it, the key service, and the routes."""

import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ivr import log as logs
from ivr.app.closing import Closing
from ivr.app.floor import Floor
from ivr.audit.audit import Audit
from ivr.audit.chain import Entry
from ivr.clock import Clock
from ivr.figures.call_record import CallRecord
from ivr.install.asterisk import tied
from ivr.install.paths import Paths
from ivr.recordings.keeper import Keeper
from ivr.recordings.player import Player
from ivr.recordings.remark_routes import RemarkRoutes
from ivr.recordings.routes import RecordingRoutes
from ivr.records.store import RecordStore
from ivr.site import Site
from recordings.catalogue import SqlCatalogue
from recordings.encode import Codec
from recordings.vault.keyclient import KeyClient
from recordings.vault.keyfiles import parse_recipients

log = logs.get(__name__)

SERVER = "server"
"""Who does what nobody asked for."""


class AuditLedger:
    """What became of each recording, in the audit's chain: whoever changes, removes or adds an entry breaks it."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock

    async def note(self, what: str, recording: str, **detail: object) -> None:
        """As the entry `recordings.WHAT` about this recording; it never fails."""
        await self._audit.settle(
            Entry(at=self._clock.now(), action=f"recordings.{what}", who=SERVER, object=recording, detail=detail)
        )


def open_recordings(
    *,
    paths: Paths,
    keys: Path | None,
    site: Callable[[], Site],
    store: RecordStore,
    record_of: Callable[[str], CallRecord | None],
    keys_of: Callable[[str], Collection[str]],
    ledger: AuditLedger,
    floor: Floor,
    clock: Clock,
    closing: Closing,
) -> tuple[tuple[RecordingRoutes, RemarkRoutes], Keeper]:
    """Begin to keep what has finished. `keys`: the socket of a key service that others run; without one the server has
    its own, with the identity in the folder of secrets."""
    catalogue = SqlCatalogue(store.engine)
    if keys is None:
        keys = paths.keys_socket
        own_keys(paths, closing)
    keeper = Keeper(
        catalogue,
        ledger,
        clock,
        folder=paths.recordings,
        vault=paths.vault,
        recipients=lambda: recipients(paths.recipients),
        codec=lambda: Codec(site().recordings.codec),
    )
    keeper.start()
    closing.add(keeper.close)
    player = Player(catalogue, KeyClient(keys), folder=paths.recordings, vault=paths.vault)
    routes = RecordingRoutes(
        store.engine, player, site, keys_of, clock, floor.calls, floor.recording.recorder, record_of
    )
    return (routes, RemarkRoutes(store.engine, site)), keeper


def recipients(file: Path) -> Sequence[str]:
    """For whom keys are wrapped. Raises OSError, ValueError."""
    return [recipient.text for recipient in parse_recipients(file.read_text(encoding="utf-8"), str(file))]


def own_keys(paths: Paths, closing: Closing) -> None:
    """Start a key service of our own, which ends with us. Without an identity there is none, and nothing is heard."""
    if not paths.identity.exists():
        log.warning("there is no identity: recordings are kept, and nobody can listen", file=str(paths.identity))
        return
    asked = [sys.executable, "-m", "recordings.vault.keyholder", "--socket", str(paths.keys_socket)]
    try:
        process = subprocess.Popen(tied([*asked, "--identity", str(paths.identity)]))
    except OSError as error:
        log.error("the key service cannot be started: nobody can listen", why=error.strerror)
        return
    closing.add_now(lambda: _end(process))


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(3)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
