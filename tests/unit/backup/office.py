"""A small instance with everything that is backed up: three recordings, a caller, messages, secrets, a site."""

import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import delete

from acd.journal.sqlite import SqliteJournal
from ivr.backup.instance import Instance
from ivr.backup.restoring import Restoration, restore_instance
from ivr.backup.worker import Job
from ivr.clock import LoopClock
from ivr.recordings.verify import Verified, Verifier
from ivr.records.store import RecordStore
from ivr.site.recordings import BackupTarget, FolderPlace
from recordings.backup.folder import FolderTarget
from recordings.catalogue import SqlCatalogue, State, keys
from recordings.vault.folder import Vault
from recordings.vault.keyfiles import read_identities
from recordings.vault.keys import Identity, unwrap
from recordings.vault.sealed import Reader
from tests.pages import ROOT
from tests.tools import run
from tests.unit.recordings.test_proof import Archive

NOW = datetime.now(UTC) + timedelta(days=1)
"""Later than all that an office has."""
slow = partial(run, seconds=120)
"""A test that starts processes, and may have to share the machine with many others."""

NUMBER, PASSWORD, VOICE, NOTICE = (
    "3005550142",
    "kT9secretOfAPhone",
    b"RIFF the voice of a caller",
    b"RIFF a studio's prompt",
)
GONE = "c9_o9"
"""A recording whose key was destroyed."""


class Office(Archive):
    """`folder`: `var/`, `config/`, `flows/`, and the target `disco` in `disk/`."""

    def __init__(self, folder: Path) -> None:
        self.base, self.var, self.disk = folder, folder / "var", folder / "disk"
        self.var.mkdir(mode=0o700)
        self.ends: list[Callable[[], object]] = []
        """What a test has started besides."""
        super().__init__(self.var)
        self.journal = f"sqlite:///{self.var}/journal.sqlite"
        shutil.copytree(ROOT / "config", folder / "config")
        shutil.copytree(ROOT / "ivr/flows", folder / "flows")
        for name, content in {
            "secrets/recordings.recipients": self.recipient.encode(),
            "secrets/phones.csv": f"extension,password\n101,{PASSWORD}\n".encode(),
            "secrets/cli.token": b"of this start",
            "voicemail/servicio/bcdfghjkmn.wav": VOICE,
            "overrides/overrides.json": b'{"version": 1, "overrides": []}',
            "asterisk/share/sounds/es-CO/menu.wav": NOTICE,
            "asterisk/share/moh/default/musica.wav": b"RIFF music",
            "versions/aaaaaaaaaaaa/config/site.yaml": b"site",
        }.items():
            file = self.var / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        FolderTarget(self.disk).prepare()

    @property
    def instance(self) -> Instance:
        return Instance(
            config=self.base / "config",
            flows=self.base / "flows",
            var=self.var,
            records=self.url,
            journal=self.journal,
        )

    @property
    def job(self) -> Job:
        return Job(BackupTarget(name="disco", place=FolderPlace(path=str(self.disk))), self.instance)

    @property
    def identities(self) -> tuple[Identity, ...]:
        return read_identities(self.var / "identity")

    def target(self) -> FolderTarget:
        return FolderTarget(self.disk, "disco")

    async def filled(self) -> "Office":
        await super().filled()
        self.store.keep_callers([{"caller": "k1", "number": NUMBER, "name": "Ana", "seen": datetime.now(UTC)}])
        self.gone = b"a wrapped key that was destroyed " * 300
        with self.store.engine.begin() as connection:
            connection.execute(keys.insert().values(recording=GONE, wrapped=self.gone))
        with sqlite3.connect(
            self.var / "records.sqlite"
        ) as base:  # without secure_delete: its pages are free, not empty
            base.execute("PRAGMA secure_delete=OFF")
            base.execute("DELETE FROM recording_keys WHERE recording = ?", (GONE,))
        journal = await SqliteJournal.open(self.var / "journal.sqlite", LoopClock())
        await journal.append(datetime.now(UTC), {"e": "something"})
        await journal.close()
        return self

    async def filled_and_closed(self) -> "Office":
        await self.filled()
        await self.audit.close()
        return self

    def wrapped(self) -> dict[str, bytes]:
        with self.store.engine.connect() as connection:
            return {row.recording: row.wrapped for row in connection.execute(keys.select())}

    def destroy_key(self, recording: str) -> None:
        with self.store.engine.begin() as connection:
            connection.execute(delete(keys).where(keys.c.recording == recording))

    def heard(self) -> dict[str, bytes]:
        return heard(self.var, self.identities)


def heard(var: Path, identities: tuple[Identity, ...]) -> dict[str, bytes]:
    """Every recording of an instance, decrypted."""
    store = RecordStore.read_only(f"sqlite:///{var}/records.sqlite")
    try:
        catalogue, found = SqlCatalogue(store.engine), {}
        for row in catalogue.in_state(State.KEPT, 1000):
            wrapped = catalogue.key_of(row.recording)
            assert wrapped is not None, row.recording
            with Vault(var / "vault").open(row.file) as file:
                found[row.recording] = Reader(file, unwrap(wrapped, row.recording, identities)).read()
        return found
    finally:
        store.close()


def restored(office: Office, name: str = "new") -> tuple[Path, Restoration]:
    into = office.base / name
    done = restore_instance(office.target(), into, office.identities, now=datetime.now(UTC), who="ana")
    return into, done


def verified(var: Path) -> Verified:
    store = RecordStore.read_only(f"sqlite:///{var}/records.sqlite")
    try:
        return Verifier(store.engine, folder=var / "recordings", vault=var / "vault", now=NOW).run()
    finally:
        store.close()
