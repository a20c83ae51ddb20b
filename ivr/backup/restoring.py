"""From a backup to a new instance: `config/`, `flows/` and `var/` in a folder that was empty, with nothing else at hand
than the target and an identity.

What comes lies in `.restore/` first, and takes its place when all of it is there; a restore that was cut goes on where
it ended. Nothing is believed: each object by its hash, each snapshot by the encryption, each path in it by where it
leads.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, select, update
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.audit.chain import Entry
from ivr.audit.store import AuditStore
from ivr.backup.databases import NotDumped, restore_postgres, restore_postgres_again
from ivr.backup.keylist import NotKeys, put_keys
from ivr.backup.packing import TOPS, NotAPack, unpack
from ivr.backup.source import CONFIGURATION, DATABASE, DUMP, RECORDS, SECRETS
from ivr.records.store import RecordStore, RecordsUnavailable
from recordings.backup.gate import only_one
from recordings.backup.manifest import SNAPSHOTS, Numbered, generations
from recordings.backup.outcome import Limits
from recordings.backup.pace import Rate, tried
from recordings.backup.restore import MARK, NotEmpty, Restored, restore
from recordings.backup.sources import KEYS
from recordings.backup.targets import Target, TargetError
from recordings.catalogue import State, table
from recordings.vault.keys import Identity, KeyTrouble
from recordings.vault.whole import decrypt_file

ASIDE = ".restore"
READY = "ready"
"""In `.restore/`: everything is made, and only takes its place."""
ALONE = "alone.lock"
"""In `.restore/`: held by whoever restores there now."""
FILLING = "filling"
"""In `.restore/`: which database was empty, and gets the records; by the hash of its address, which has a password."""

Say = Callable[[str], None]
"""Gets a line for each step that takes long."""


class CannotRestore(Exception):
    """Nothing was restored. The message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """What became of it. `came`: what the target gave. `faults`: what is there and of no use; `to_do`: what is left
    for a person. `keys`: how many recordings can be opened again."""

    came: Restored
    snapshots: tuple[str, ...] = ()
    keys: int = 0
    faults: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the instance is what was backed up."""
        return self.came.whole and not self.faults

    def facts(self) -> dict[str, Any]:
        """For the ledger."""
        came = self.came
        return {
            "target": came.target,
            "manifest": came.manifest or "",
            "restored": came.restored,
            "bytes": came.bytes,
            "missing": came.missing.count,
            "altered": came.altered.count,
            "older": list(came.older[:10]),
            "snapshots": list(self.snapshots),
            "keys": self.keys,
            "faults": list(self.faults[:10]),
        }


@dataclass(slots=True)
class _Made:
    snapshots: list[str] = field(default_factory=list)
    keys: int = 0
    faults: list[str] = field(default_factory=list)
    to_do: list[str] = field(default_factory=list)
    records: str = ""
    """Where the records are, once they are."""


def restore_instance(
    target: Target,
    into: Path,
    identities: Sequence[Identity],
    *,
    now: datetime,
    who: str,
    records: str = "",
    say: Say = lambda line: None,
    limits: Limits | None = None,
) -> Restoration:
    """Blocks for long. `records`: an empty database of PostgreSQL, when the backup is of one. Raises CannotRestore when
    the folder holds something else, another restore is at work there, the identity does not open the backup, or the
    target failed: then again goes on."""
    aside = into / ASIDE
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not aside.is_dir() and any(into.iterdir()):
        raise CannotRestore(f"{into} is not empty: restore to a new folder, and move things yourself")
    aside.mkdir(mode=0o700, exist_ok=True)
    with only_one(aside / ALONE) as alone:
        if not alone:
            raise CannotRestore(f"another restore to {into} is at work: let it come to its end, or stop it")
        try:
            _may_begin(into, aside)
            return _restored(target, into, identities, now=now, who=who, records=records, say=say, limits=limits)
        finally:
            (aside / ALONE).unlink(missing_ok=True)


def _may_begin(into: Path, aside: Path) -> None:
    """Or go on. Raises CannotRestore."""
    if (aside / READY).exists():
        raise CannotRestore(f"{into} was restored, and moving it into place was cut: {_finished(into, aside)}")
    left = sorted(path.name for path in into.iterdir() if path != aside)
    if left and all(path.name == ALONE for path in aside.iterdir()):  # it had come to its very end
        _gone(aside)
        raise CannotRestore(f"{into} is not empty: restore to a new folder, and move things yourself")
    if left:
        raise CannotRestore(f"{into} holds {', '.join(left[:5])} besides a restore that was cut: move it away")


def _restored(
    target: Target,
    into: Path,
    identities: Sequence[Identity],
    *,
    now: datetime,
    who: str,
    records: str,
    say: Say,
    limits: Limits | None,
) -> Restoration:
    aside = into / ASIDE
    fits(target, identities, aside)
    say("fetching")
    _go_on(aside)
    try:
        came = restore(target, aside / "came", limits=limits)
    except NotEmpty as error:
        raise CannotRestore(str(error)) from None
    if came.stopped is not None:
        raise CannotRestore(f"{came.stopped}; restore again: it goes on")
    say("unpacking")
    instance, made = aside / "instance", _Made()
    shutil.rmtree(instance, ignore_errors=True)
    (instance / "var").mkdir(mode=0o700, parents=True)
    _unpacked(aside, instance, identities, made)
    _keys_put(aside / "came" / SNAPSHOTS / KEYS, instance, records, aside / "came" / "audio", made)
    done = Restoration(
        came=came, snapshots=tuple(made.snapshots), keys=made.keys, faults=tuple(made.faults), to_do=tuple(made.to_do)
    )
    _noted(made.records, done, now, who)
    _vault(aside, instance)
    (aside / READY).touch()
    _finished(into, aside)
    return done


def _go_on(aside: Path) -> None:
    """What an earlier restore has fetched is looked at again, and not fetched."""
    came, vault = aside / "came", aside / "instance/var/vault"
    if came.is_dir():
        (came / MARK).mkdir(mode=0o700, exist_ok=True)
        if vault.is_dir() and not (came / "audio").exists():
            vault.rename(came / "audio")


def fits(target: Target, identities: Sequence[Identity], folder: Path) -> None:
    """Find out by the smallest snapshot whether the identity opens this backup, before hours of fetching. Raises
    CannotRestore."""
    sealed, plain, limits = folder / "probe.age", folder / "probe", Limits()

    def fetched() -> bool:
        found = [have[0] for name, have in generations(target.list(SNAPSHOTS)).items() if name != KEYS]
        for one in sorted(found, key=lambda one: one.bytes)[:1]:
            sealed.write_bytes(b"".join(_read(target, one)))
        return bool(found) or next(iter(target.list()), None) is not None

    try:
        if not tried(fetched, limits.tries, Rate(None), limits.first_pause):
            raise CannotRestore(f"{target.name}: there is no backup here")
        if sealed.exists():
            decrypt_file(sealed, plain, identities)
    except TargetError as error:
        raise CannotRestore(str(error)) from None
    except KeyTrouble as error:
        if not identities:
            raise CannotRestore("without an identity nothing of it can be read: give its file (--identity)") from None
        raise CannotRestore(f"the identity does not open this backup: {error}") from None
    finally:
        sealed.unlink(missing_ok=True)
        plain.unlink(missing_ok=True)


def _read(target: Target, one: Numbered) -> Iterator[bytes]:
    yield from target.get(one.object)


def _unpacked(aside: Path, instance: Path, identities: Sequence[Identity], made: _Made) -> None:
    """Every snapshot but the keys."""
    plain = aside / "plain"
    folder = aside / "came" / SNAPSHOTS
    for sealed in sorted(folder.iterdir()) if folder.is_dir() else ():
        if sealed.name == KEYS:
            continue
        try:
            decrypt_file(sealed, plain, identities)
            unpack(plain, instance)
            made.snapshots.append(sealed.name)
        except (KeyTrouble, NotAPack) as error:
            made.faults.append(f"snapshot {sealed.name}: {error}")
        finally:
            plain.unlink(missing_ok=True)
    for name in (RECORDS, CONFIGURATION, SECRETS):
        if name not in made.snapshots and not any(fault.startswith(f"snapshot {name}:") for fault in made.faults):
            made.faults.append(f"snapshot {name}: the backup has none")
    if not (instance / "var/secrets/recordings.identity").exists():
        made.to_do.append("put the identity at var/secrets/recordings.identity, or let CENTRALITA_KEYS name the key "
                          "service: without it nobody can listen")  # fmt: skip


def _keys_put(file: Path, instance: Path, records: str, audio: Path, made: _Made) -> None:
    """The wrapped keys back into the records."""
    dump = instance / DUMP
    if not file.exists():
        made.faults.append("snapshot keys: the backup has none, so no recording can be opened")
        return
    if dump.exists() and not records:
        made.to_do.append("the records are of PostgreSQL (var/records.pgdump): restore again to another folder, with "
                          "--records and the address of an empty database")  # fmt: skip
        return
    try:
        if dump.exists():
            _records_put(records, dump, instance.parent / FILLING)
            dump.unlink()
            made.records = records
        elif (instance / DATABASE).exists():
            made.records = f"sqlite:///{instance / DATABASE}"
        else:
            return  # told already: there are no records
        store = RecordStore.open(made.records)
        try:
            made.keys = put_keys(store.engine, file)
            _in_the_vault(store.engine, audio)
        finally:
            store.close()
    except (NotKeys, NotDumped, RecordsUnavailable, SQLAlchemyError, sqlite3.Error) as error:
        made.faults.append(f"snapshot keys: {logs.first_line(error)}")


def _records_put(url: str, dump: Path, mark: Path) -> None:
    """Into a database that is empty, or that was when a restore began that was cut. Raises NotDumped, SQLAlchemyError,
    OSError."""
    ours = hashlib.sha256(url.encode()).hexdigest()
    again = mark.exists() and mark.read_text() == ours
    engine = RecordStore.read_only(url).engine
    try:
        there = MetaData()
        there.reflect(engine)
        if again:
            there.drop_all(engine)  # also what a newer version has added
        elif there.tables:
            raise NotDumped(f"the database is not empty, it has the table {min(there.tables)}: make another one")
    finally:
        engine.dispose()
    mark.write_text(ours)
    if again:
        restore_postgres_again(url, dump)
    else:
        restore_postgres(url, dump)


def _in_the_vault(engine: Engine, audio: Path) -> None:
    """What was archived at this target lies in the new vault, too."""
    r = table.c
    with engine.begin() as connection:
        archived = connection.execute(select(r.recording, r.file).where(r.state == State.ARCHIVED.value)).all()
        for row in archived:
            if (audio / row.file).is_file():
                kept = update(table).where(r.recording == row.recording).values(state=State.KEPT.value)
                connection.execute(kept)


def _noted(url: str, done: Restoration, now: datetime, who: str) -> None:
    """`backup.restored` goes into the chain that was restored: whoever verifies it later sees the seam."""
    if not url:
        return
    try:
        store = RecordStore.open(url)
        audit = AuditStore.open(url, store.engine, store.patience)
        try:
            result = "done" if done.whole else "failed"
            entry = Entry(at=now, action="backup.restored", who=who, object=done.came.target, result=result,
                          why=done.faults[0] if done.faults else "", detail=done.facts())  # fmt: skip
            audit.append([entry])
        finally:
            audit.close()
            store.close()
    except (RecordsUnavailable, SQLAlchemyError, sqlite3.Error):
        return  # a database that cannot be written was told of above


def _vault(aside: Path, instance: Path) -> None:
    audio = aside / "came" / "audio"
    if audio.is_dir():
        audio.rename(instance / "var/vault")
    else:
        (instance / "var/vault").mkdir(mode=0o700)


def _finished(into: Path, aside: Path) -> str:
    """Each part into its place; again is harmless."""
    instance = aside / "instance"
    for name in sorted(TOPS):
        if (instance / name).exists():
            (instance / name).rename(into / name)
    for left in aside.iterdir():
        if left.name not in (READY, ALONE):
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    (aside / READY).unlink()
    _gone(aside)
    return "it is in its place now"


def _gone(aside: Path) -> None:
    (aside / ALONE).unlink(missing_ok=True)
    aside.rmdir()
