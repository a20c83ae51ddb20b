"""What there is to back up of an instance: recordings of the vault as the catalogue knows them, and snapshots.

The records are copied first of all. The list of recordings comes from that copy, and the copy goes out as the snapshot
`records`: what a restore finds in the catalogue lies in the backup. The audit's anchors are taken before the copy, so
that they never tell of entries that it has not; the journal and the keys after it, so that they have all that it needs.

Everything but the wrapped keys leaves the machine encrypted for the recipients of the recordings.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

from ivr.backup.databases import copy_records, copy_sqlite, dump_postgres
from ivr.backup.instance import Instance, sqlite_file
from ivr.backup.keylist import write_keys
from ivr.backup.packing import Piece, fingerprint, own_files, pack, site_files
from ivr.records.store import RecordStore, RecordsUnavailable
from recordings.backup.sources import KEYS, Audio, Snapshot
from recordings.catalogue import State, table
from recordings.vault.keyfiles import parse_recipients
from recordings.vault.keys import Recipient
from recordings.vault.whole import encrypt_file

RECORDS, JOURNAL, CONFIGURATION, PROMPTS, VOICEMAIL, SECRETS = (
    "records", "journal", "configuration", "prompts", "voicemail", "secrets",
)  # fmt: skip
AUDIT = "audit"
"""The folder of the audit's anchors, in `var/`."""

KEEP = {RECORDS: 24, JOURNAL: 24, KEYS: 1, CONFIGURATION: 7, PROMPTS: 2, VOICEMAIL: 1, SECRETS: 7}
"""Generations. Voices and keys that were deleted are soon gone from the backup, too."""
NOT_SAVED = ("cli.token",)
"""Secrets that are new at each start."""
SPARE_BYTES = 500_000_000
"""What stays free on our disk while a database is copied: calls need it more."""
PAGE = 2_000

DATABASE, DUMP = "var/records.sqlite", "var/records.pgdump"
"""Where the records lie in a snapshot."""


JOURNAL_IN_REDIS = "the journal: it lies in Redis; copy its appendonlydir or dump.rdb yourself, after this backup"
JOURNAL_IN_MEMORY = "the journal: it lies in memory, and is gone when the server ends"


class InstanceSource:
    """A `recordings.backup.sources.Source`. One object for one run."""

    def __init__(self, instance: Instance, work: Path, lying: Mapping[str, str] | None = None) -> None:
        """`work`: an empty folder for this run alone, closed to others. `lying`: fingerprints of snapshots that lie at
        the target: what has not changed since is not made again."""
        self._instance, self._paths, self._work = instance, instance.paths, work
        self._lying = lying or {}
        self._records = work / "records.sqlite"
        self._trouble: Exception | None = None
        self.fingerprints: dict[str, str] = {}
        """Of the snapshots that are made only when something has changed."""
        self.left_out: tuple[str, ...] = ()
        """What is not backed up here, and why."""
        if sqlite_file(instance.journal) is None:
            in_memory = instance.journal.startswith("memory:")
            self.left_out = (JOURNAL_IN_MEMORY if in_memory else JOURNAL_IN_REDIS,)

    # ------------------------------------------------------------------ recordings
    def audio(self) -> Iterator[Audio]:
        """Every file of the vault that the catalogue knows. What keeps the records from being read is told by their
        snapshot: the rest is backed up all the same."""
        try:
            self._freeze()
            engine = self._catalogue()
            try:
                yield from self._kept(engine)
            finally:
                engine.dispose()
        except (SQLAlchemyError, sqlite3.Error, RecordsUnavailable, OSError) as error:
            self._trouble = error

    def _freeze(self) -> None:
        """The anchors, then the records, as they are at this moment."""
        anchors = self._work / AUDIT
        shutil.rmtree(anchors, ignore_errors=True)
        for piece in own_files(self._instance.var / AUDIT, AUDIT):
            copy = self._work / piece.path
            copy.parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(piece.file, copy)
        database = sqlite_file(self._instance.records)
        if database is not None:
            self._records.unlink(missing_ok=True)
            self._room(database)
            copy_records(database, self._records, self._work / "aside.sqlite")

    def _catalogue(self) -> Engine:
        if self._records.exists():
            return create_engine(f"sqlite:///{self._records}")
        return RecordStore.read_only(self._instance.records).engine

    def _kept(self, engine: Engine) -> Iterator[Audio]:
        vault, c, last = self._paths.vault, table.c, ""
        wanted = select(c.recording, c.file, c.sha256, c.bytes).where(c.state == State.KEPT.value)
        while True:
            with engine.connect() as connection:
                page = wanted.where(c.recording > last).order_by(c.recording).limit(PAGE)
                found = connection.execute(page).all()
            for row in found:
                yield Audio(row.file, vault / row.file, row.sha256, row.bytes)
            if len(found) < PAGE:
                return
            last = found[-1].recording

    # ------------------------------------------------------------------ snapshots
    def snapshots(self) -> Sequence[Snapshot]:
        """Databases each time; the rest when it has changed."""
        found = [Snapshot(RECORDS, self._make_records, KEEP[RECORDS])]
        if sqlite_file(self._instance.journal) is not None:
            found.append(Snapshot(JOURNAL, self._make_journal, KEEP[JOURNAL]))
        found.append(Snapshot(KEYS, self._make_keys, KEEP[KEYS]))
        for name, pieces in self._trees().items():
            self._changed(found, name, pieces)
        return found

    def _trees(self) -> dict[str, Callable[[], list[Piece]]]:
        instance, paths = self._instance, self._paths
        return {
            CONFIGURATION: lambda: [
                *site_files(instance.config, "config"),
                *site_files(instance.flows, "flows"),
                *own_files(instance.var / "versions", "var/versions"),
                *own_files(instance.var / "overrides", "var/overrides"),
            ],
            PROMPTS: lambda: [
                *own_files(paths.sounds, "var/asterisk/share/sounds"),
                *own_files(paths.music, "var/asterisk/share/moh/default"),
            ],
            VOICEMAIL: lambda: own_files(instance.var / "voicemail", "var/voicemail"),
            SECRETS: lambda: own_files(paths.secrets, "var/secrets", NOT_SAVED),
        }

    def _changed(self, found: list[Snapshot], name: str, pieces: Callable[[], list[Piece]]) -> None:
        there = pieces()
        now = fingerprint(there, self._recipients_text())
        lying = self._lying.get(name)
        if lying == now or (not there and lying is None):
            return
        self.fingerprints[name] = now
        found.append(Snapshot(name, lambda path: self._sealed(pieces(), path), KEEP[name]))

    def _make_records(self, into: Path) -> None:
        if self._trouble is not None:
            raise self._trouble
        anchors = own_files(self._work / AUDIT, f"var/{AUDIT}")
        if sqlite_file(self._instance.records) is not None:
            try:
                self._sealed([Piece(DATABASE, self._records), *anchors], into)
            finally:
                self._records.unlink(missing_ok=True)
            return
        dump = self._work / "records.pgdump"
        try:
            dump_postgres(self._instance.records, dump)
            self._sealed([Piece(DUMP, dump), *anchors], into)
        finally:
            dump.unlink(missing_ok=True)

    def _make_journal(self, into: Path) -> None:
        database = sqlite_file(self._instance.journal)
        assert database is not None  # else there is no such snapshot
        copy = self._work / "journal.sqlite"
        try:
            self._room(database)
            copy_sqlite(database, copy)
            self._sealed([Piece("var/journal.sqlite", copy)], into)
        finally:
            copy.unlink(missing_ok=True)

    def _make_keys(self, into: Path) -> None:
        engine = RecordStore.read_only(self._instance.records).engine
        try:
            write_keys(engine, into)
        finally:
            engine.dispose()

    def _sealed(self, pieces: Iterable[Piece], into: Path) -> None:
        recipients = self._recipients()
        packed = self._work / "packed"
        try:
            pack(pieces, packed)
            encrypt_file(packed, into, recipients)
        finally:
            packed.unlink(missing_ok=True)

    def _recipients(self) -> Sequence[Recipient]:
        """For whom. Raises OSError, ValueError: without any of them nothing leaves the machine."""
        file = self._paths.recipients
        return parse_recipients(file.read_text(encoding="utf-8"), str(file))

    def _recipients_text(self) -> list[str]:
        try:
            return sorted(recipient.text for recipient in self._recipients())
        except (OSError, ValueError):
            return []

    def _room(self, database: Path) -> None:
        """Raises OSError when a copy of it would leave too little."""
        size = database.stat().st_size
        free = shutil.disk_usage(self._work).free
        if free < 2 * size + SPARE_BYTES:
            raise OSError(28, f"too little room for a copy of {size} bytes: {free} are free", str(database))
