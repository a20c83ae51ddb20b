"""An instance's folder with a vault of sealed files that nobody needs to hear, its catalogue, ledger and calls."""

import io
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from acd.model import OfferResult
from ivr.app.recordings import AuditLedger
from ivr.audit.anchors import AnchorFiles
from ivr.audit.audit import Audit
from ivr.audit.store import AuditStore
from ivr.clock import LoopClock
from ivr.figures.call_record import CallRecord, OfferRecord, TalkRuling
from ivr.install.paths import Paths
from ivr.records.store import RecordStore
from ivr.settings.environment import Environment
from recordings.catalogue import Recording, SqlCatalogue, State
from recordings.vault.folder import Vault, new_file
from recordings.vault.keyfiles import make_identity
from recordings.vault.keys import new_data_key, wrap

ROOT = Path(__file__).parents[2]
LENGTH_US = 60_000_000


class Archive:
    """Below a folder, as an instance's `var`."""

    def __init__(self, folder: Path) -> None:
        self.variables: Mapping[str, str] = {
            "CENTRALITA_CONFIG": str(ROOT / "config"),
            "CENTRALITA_FLOWS": str(ROOT / "ivr" / "flows"),
            "CENTRALITA_VAR": str(folder),
            "CENTRALITA_JOURNAL": "memory:",
        }
        self.environment = Environment.from_environ(self.variables)
        self.paths = Paths.of(self.environment)
        for place in (self.paths.secrets, self.paths.vault):
            place.mkdir(mode=0o700, parents=True)
        self.paths.recordings_done.mkdir(parents=True)
        self.recipient = make_identity(self.paths.identity)
        self.paths.recipients.write_text(f"{self.recipient.text}\n")
        self.store = RecordStore.open(self.environment.records)

    async def filled(self, count: int, size: int) -> None:
        """So many recordings of so many bytes, of yesterday."""
        ended, clock, vault = LoopClock().now() - timedelta(days=1), LoopClock(), Vault(self.paths.vault)
        audit = Audit(
            AuditStore.open(self.environment.records, self.store.engine), AnchorFiles(self.paths.var / "audit"), clock
        )
        await audit.open()
        ledger, catalogue, content = AuditLedger(audit, clock), SqlCatalogue(self.store.engine), os.urandom(size)
        for number in range(count):
            call, leg, key, file = f"c{number}", f"o{number}", new_data_key(), new_file(ended.date())
            made = vault.admit(io.BytesIO(content), key, file)
            row = Recording(recording=f"{call}_{leg}", call=call, leg=leg, queue="servicio", agent="101",
                            finished=ended, length_us=LENGTH_US, bytes=made.stored_bytes, sha256=made.stored_sha256,
                            file=file, codec="opus", state=State.KEPT, audio_bytes=made.plain_bytes,
                            audio_sha256=made.plain_sha256)  # fmt: skip
            catalogue.keep(row, wrap(key, row.recording, [self.recipient]))
            await ledger.note("created", row.recording, call=call, sha256=row.sha256)
            self._talked(call, leg, ended)
        await audit.close()

    def _talked(self, call: str, leg: str, ended: datetime) -> None:
        ruling = TalkRuling(leg=leg, queue="servicio", agent="101", record=True, why="yes")
        record = CallRecord(call=call, did="601", started=ended, ended=ended, complete=True, rulings=(ruling,))
        offer = OfferRecord(offer=leg, visit="v", call=call, queue="servicio", agent="101", made=ended, bridged=ended,
                            result=OfferResult.ANSWERED, talk_ended=ended, talk_us=LENGTH_US)  # fmt: skip
        self.store.save(1, [record, offer], {})

    def files(self) -> list[Path]:
        """The sealed files."""
        return [self.paths.vault / file for file in Vault(self.paths.vault).walk()]

    def close(self) -> None:
        self.store.close()


def forgotten(*files: Path) -> None:
    """The system's memory has them no more."""
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
