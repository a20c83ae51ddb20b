"""`ivr recordings verify`: walks the vault, the catalogue, the ledger and the records, and tells what does not agree.

It only reads, at the disk's speed, and works whether the server runs or not. What has just finished is left out: it may
be on its way into the vault.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from ivr.audit.chain import Verification, values_of
from ivr.audit.store import AuditStore, Wanted
from ivr.figures.call_record import CallRecord, TalkRuling
from ivr.recordings.open_work import open_files
from ivr.records import tables
from ivr.records.rows import call_of
from recordings.catalogue import BEFORE_THE_CALLER, State, keys, table
from recordings.intake import QUARANTINE
from recordings.proof import Fault, Finding, Row, Talk, against_ledger, against_talks
from recordings.vault.folder import Vault

JUST_NOW = timedelta(minutes=2)
PAGE = 2_000
PIECE = 1024 * 1024
NOBODYS = "no recording of the catalogue lies there"
MOST = 1_000
"""Findings that are told one by one."""


@dataclass(slots=True)
class Verified:
    """What was looked at, and what is wrong."""

    recordings: int = 0
    files: int = 0
    bytes: int = 0
    talks: int = 0
    entries: int = 0
    quarantined: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.findings


class Verifier:
    """Of one instance."""

    def __init__(self, engine: Engine, *, folder: Path, vault: Path, now: datetime) -> None:
        self._engine, self._folder, self._vault = engine, folder, Vault(vault)
        self._before = now - JUST_NOW
        self._told = Verified()

    def run(self) -> Verified:
        """Blocking, for long. Raises SQLAlchemyError, OSError."""
        rows = {row.recording: row for row in self._rows()}
        self._told.recordings = len(rows)
        for finding in self._all(rows):
            if len(self._told.findings) < MOST:
                self._told.findings.append(finding)
        quarantine = self._folder / QUARANTINE
        self._told.quarantined = len(list(quarantine.iterdir())) if quarantine.is_dir() else 0
        return self._told

    def _all(self, rows: dict[str, Row]) -> Iterator[Finding]:
        return filter(self._still, self._found(rows))

    def _still(self, finding: Finding) -> bool:
        """Whether it is so now, too: recordings are made and deleted while the vault is read."""
        if finding.fault is Fault.UNCERTIFIED:
            return not self._being_deleted(finding.about)
        if finding.fault not in (Fault.MISSING, Fault.UNREADABLE, Fault.KEYLESS, Fault.VANISHED):
            return True
        with self._engine.connect() as connection:
            state = connection.execute(select(table.c.state).where(table.c.recording == finding.about)).scalar()
        return state is None if finding.fault is Fault.VANISHED else state in (State.KEPT.value, State.TAKEN.value)

    def _being_deleted(self, recording: str) -> bool:
        """Whether its deletion is on its way, or has come to its end while we looked."""
        with self._engine.connect() as connection:
            if recording in open_files(connection):
                return True
        wanted = Wanted(action="recordings.deleted", object=recording)
        return bool(AuditStore(None, self._engine).find(wanted, 1))

    def _found(self, rows: dict[str, Row]) -> Iterator[Finding]:
        yield from self._files(rows)
        yield from self._on_their_way(rows)
        made, deleted, broken = self._ledger()
        yield from broken
        yield from against_ledger(rows.values(), made, deleted)
        talks, known = self._talks()
        talks = [talk for talk in talks if talk.recording in rows or talk.recording not in deleted]
        self._told.talks = len(talks)
        yield from against_talks(talks, rows, known)

    # ------------------------------------------------------------------ what there is
    def _rows(self) -> Iterator[Row]:
        r, last = table.c, ""
        while True:
            asked = select(r.recording, r.file, r.sha256, r.state, r.length_us, r.gaps)
            asked = asked.where(r.recording > last).order_by(r.recording).limit(PAGE)
            with self._engine.connect() as connection:
                found = list(connection.execute(asked))
            for row in found:
                there = row.state == State.KEPT.value
                deleted = row.state == State.DELETED.value
                before = sum(gap["to_us"] - gap["from_us"] for gap in row.gaps if gap["why"] == BEFORE_THE_CALLER)
                yield Row(row.recording, row.file, row.sha256, there, row.length_us - before, deleted)
            if len(found) < PAGE:
                return
            last = found[-1].recording

    def _files(self, rows: dict[str, Row]) -> Iterator[Finding]:
        expected = {row.file: row for row in rows.values() if row.there}
        with self._engine.connect() as connection:
            with_key = set(connection.execute(select(keys.c.recording)).scalars())
        for file in self._vault.walk():
            row = expected.get(file)
            try:
                found = self._unknown(file) if row is None else self._known(row, with_key)
            except FileNotFoundError:
                continue  # it went while we looked; when it should not have, it is missing
            except (OSError, ValueError) as error:
                why = (isinstance(error, OSError) and error.strerror) or str(error)
                found = [_unreadable(file, row, why)]
            expected.pop(file, None)
            yield from found
        for row in expected.values():
            if self._still_there(row.recording):
                yield Finding(Fault.MISSING, row.recording, f"{row.file} is not in the vault")

    def _known(self, row: Row, with_key: Collection[str]) -> list[Finding]:
        """A file that a row names. Raises OSError, ValueError when it cannot be read."""
        right, found = self._hash(row.file) == row.sha256, list[Finding]()
        self._told.files += 1
        if not right:
            found.append(Finding(Fault.ALTERED, row.recording, "the file is not the one that was written"))
        if row.recording not in with_key and self._still_there(row.recording):
            found.append(Finding(Fault.KEYLESS, row.recording, "its key is not there: nobody can hear it"))
        return found

    def _unknown(self, file: str) -> list[Finding]:
        """Likewise one that no row names."""
        return [] if self._known_by_now(file) else [Finding(Fault.STRAY, file, NOBODYS)]

    def _on_their_way(self, rows: Collection[str]) -> Iterator[Finding]:
        """What is taken and not kept yet has to lie where it was recorded. `rows`: those to look at."""
        r, unkept = table.c, (State.TAKEN.value, State.SPOILT.value)
        asked = select(r.recording, r.file, r.state).where(r.state.in_(unkept)).order_by(r.recording)
        with self._engine.connect() as connection:
            waiting = [row for row in connection.execute(asked) if row.recording in rows]
        for row in waiting:
            aside = (self._folder / QUARANTINE / row.file).is_file()
            if row.state == State.SPOILT.value:
                where = "it lies in quarantine" if aside else "and it is not in quarantine any more"
                yield Finding(Fault.SPOILT, row.recording, f"nothing could be made of {row.file}: {where}")
            elif not aside and not (self._folder / row.file).is_file() and self._still_taken(row.recording):
                why = f"{row.file} is neither in the vault nor where it was recorded"
                yield Finding(Fault.MISSING, row.recording, why)

    def _still_taken(self, recording: str) -> bool:
        """Not, when it came into the vault or was deleted while we looked: its row says so before its file goes."""
        with self._engine.connect() as connection:
            state = connection.execute(select(table.c.state).where(table.c.recording == recording)).scalar()
        return state == State.TAKEN.value

    def _known_by_now(self, file: str) -> bool:
        """Whether the file came while we looked, or is on its way: written a moment ago and its row not yet, or about
        to go. One that was deleted is not known: it came back."""
        wanted = select(table.c.recording).where(table.c.file == file, table.c.state == State.KEPT.value)
        with self._engine.connect() as connection:
            if connection.execute(wanted).first() is not None or file in open_files(connection).values():
                return True
        try:
            with self._vault.open(file) as opened:
                return os.fstat(opened.fileno()).st_mtime >= self._before.timestamp()
        except FileNotFoundError:
            return True

    def _still_there(self, recording: str) -> bool:
        """Whether the audio has to be there: not, when it has been deleted or archived while we looked, or is about to
        be."""
        wanted = select(table.c.state).where(table.c.recording == recording)
        with self._engine.connect() as connection:
            kept = connection.execute(wanted).scalar() == State.KEPT.value
            return kept and recording not in open_files(connection)

    def _hash(self, file: str) -> str:
        digest = hashlib.sha256()
        with self._vault.open(file) as opened:
            while piece := opened.read(PIECE):
                self._told.bytes += len(piece)
                digest.update(piece)
        return digest.hexdigest()

    def _ledger(self) -> tuple[dict[str, str], set[str], list[Finding]]:
        """What the chain says was made and deleted, and whether it is whole."""
        walked, made, deleted = Verification(), {}, set()
        store = AuditStore(None, self._engine)
        for row, columns in store.walk():
            walked.feed(row, columns)
            told = _told(row.text)
            if told.get("action") == "recordings.created":
                made[str(told.get("object"))] = str((told.get("detail") or {}).get("sha256"))
            elif told.get("action") == "recordings.deleted":
                deleted.add(str(told.get("object")))
        walked.end()
        self._told.entries = walked.entries
        broken = [Finding(Fault.ALTERED, f"entry {fault.seq} of the ledger", fault.why) for fault in walked.faults]
        return made, deleted, broken

    def _talks(self) -> tuple[list[Talk], set[str]]:
        """Talks that were to be recorded, and the names of all."""
        c, o = tables.calls.c, tables.offers.c
        talks, known, last = list[Talk](), set[str](), ""
        while True:
            asked = select(tables.calls).where(c.call > last).order_by(c.call).limit(PAGE)
            with self._engine.connect() as connection:
                calls = [call_of(dict(row)) for row in connection.execute(asked).mappings()]
                names = [call.call for call in calls]
                legs: dict[str, Any] = {
                    row.offer: row
                    for row in connection.execute(
                        select(o.offer, o.talk_us, o.bridged).where(o.call.in_(names), o.bridged.is_not(None))
                    )
                }
            for call in calls:
                known.update(f"{call.call}_{ruling.leg}" for ruling in call.rulings)
                if call.complete and call.ended is not None and call.ended < self._before:
                    talks += _talks_of(call, legs)
            if len(calls) < PAGE:
                return talks, known
            last = calls[-1].call


def _unreadable(file: str, row: Row | None, why: str) -> Finding:
    if row is None:
        return Finding(Fault.STRAY, file, f"{NOBODYS}, and it cannot be read: {why}")
    return Finding(Fault.UNREADABLE, row.recording, f"{file} cannot be read: {why}")


def _talks_of(call: CallRecord, offers: Mapping[str, Any]) -> Iterator[Talk]:
    """The talks of a call that were to be recorded. `offers`: offer -> its row, of those that became a talk."""
    for ruling in call.rulings:
        if ruling.leg in offers:
            row = offers[ruling.leg]
            talked = (row.bridged, row.talk_us) if row.talk_us is not None else None
        else:
            talked = _dialled(call, ruling)
        if ruling.wanted and talked is not None:
            yield Talk(f"{call.call}_{ruling.leg}", _recorded_us(*talked, ruling.stopped))


def _recorded_us(began: datetime, talk_us: int, stopped: datetime | None) -> int:
    """How long there has to be audio: the talk, or as much of it as there was before its recording was ended."""
    if stopped is None:
        return talk_us
    return min(talk_us, max(0, (stopped - began) // timedelta(microseconds=1)))


def _dialled(call: CallRecord, ruling: TalkRuling) -> tuple[datetime, int] | None:
    """When the talk of a leg that Dial made began, and its microseconds; None for no talk, and where the dials of that
    extension cannot be told from each other: an unreachable phone has a dial and no ruling."""
    dials = [dial for dial in call.dials if dial.extension == ruling.agent]
    rulings = [one for one in call.rulings if one.agent == ruling.agent and "." in one.leg]
    if ruling not in rulings or len(dials) != len(rulings):
        return None
    dial = dials[rulings.index(ruling)]
    if dial.answered is None or dial.ended is None:
        return None
    return dial.answered, (dial.ended - dial.answered) // timedelta(microseconds=1)


def _told(text: str) -> dict[str, Any]:
    try:
        return values_of(text)
    except ValueError:
        return {}
