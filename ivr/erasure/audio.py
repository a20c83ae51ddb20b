"""What a caller said: messages in mailboxes, and recorded talks."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ivr.aside import aside
from ivr.clock import Clock
from ivr.erasure.stores import Caller, Erased, Held, Left, Place, listed
from ivr.recordings.open_work import Doomed
from ivr.recordings.pace import BATCH
from ivr.recordings.put_aside import talk_of, without_row
from ivr.recordings.remover import Remover
from ivr.voicemail.inbox import Inbox
from recordings.catalogue import SqlCatalogue, State
from recordings.intake import QUARANTINE, parse_name
from recordings.parts import ENDING

MOST = 100_000
"""Recordings that wait for the vault."""
RULE, BY = "erasure of a caller", "erasure"
"""In certificates: who asked for it stands in the entry `callers.erase` of the same ledger."""


class MessageStore:
    """Voicemail: audio, row and letters that are not sent yet."""

    place = Place.MESSAGES

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def find(self, caller: Caller) -> Held:
        """The messages, oldest first, deleted ones too."""
        found = [m for m in self._inbox.everything() if m.caller in caller.keys]
        things = [
            {
                "message": m.message,
                "mailbox": m.mailbox,
                "received": m.received.isoformat(),
                "seconds": round(m.seconds_us / 1e6, 1),
                "state": m.state,
            }
            for m in found
        ]
        return Held(place=self.place, count=len(found), things=listed([*things]))

    async def erase(self, caller: Caller) -> Erased:
        """At once: nothing can be restored."""
        return Erased(erased=await self._inbox.erase(caller.keys, "erasure"))


class RecordingStore:
    """Recorded talks: in the vault, in every copy of it, as Asterisk has written them, and markers that wait to be
    taken in. What somebody holds (a case in court) stays until the hold is lifted. The catalogue's rows stay without
    the audio, for the proof that it is gone; certificates go into the ledger."""

    place = Place.RECORDINGS

    def __init__(
        self,
        folder: Path,
        done: Path,
        catalogue: SqlCatalogue,
        talks_of: Callable[[Collection[str]], Mapping[str, str]],
        remover: Remover,
        clock: Clock,
    ) -> None:
        """`talks_of(calls)`: leg -> call, of their talks."""
        self._folder, self._done, self._catalogue, self._talks_of = folder, done, catalogue, talks_of
        self._remover, self._clock = remover, clock

    async def find(self, caller: Caller) -> Held:
        """By the caller's calls."""
        found = await aside(self._doomed, frozenset(caller.calls))
        things = [{"recording": one.recording} for one in found]
        return Held(place=self.place, count=len(found), things=listed([*things]))

    async def erase(self, caller: Caller) -> Erased:
        """For ever. Raises OSError when a copy could not be erased: the rest follows by itself, or by erasing again."""
        open_ = (await self._remover.finish()).left
        doomed = await aside(self._doomed, frozenset(caller.calls))
        left = {name: why for name, why in open_.items() if (parse_name(name) or ("",))[0] in caller.calls}
        doomed = [one for one in doomed if one.recording not in left]
        gone, held = 0, dict[str, tuple[str, ...]]()
        for start in range(0, len(doomed), BATCH):
            removed = await self._remover.remove(doomed[start : start + BATCH])
            gone += len(removed.gone)
            held |= removed.held
            left |= removed.left
        if left:
            raise OSError(f"{len(left)} recordings are not gone everywhere yet: {next(iter(left.values()))}")
        things = [{"recording": name, "hold": " ".join(over)} for name, over in sorted(held.items())]
        why = Left.HELD if held else Left.NOTHING
        return Erased(erased=gone, left=len(held), why=why, things=listed([*things]))

    def _doomed(self, calls: frozenset[str]) -> list[Doomed]:
        """By name."""
        if not calls:
            return []
        now = self._clock.now()
        rows = [row for call in calls for row in self._catalogue.of_call(call)]
        found = {
            row.recording: Doomed.of(row, rule=RULE, due=now, by=BY) for row in rows if row.state is not State.DELETED
        }
        taken = {row.file for row in self._catalogue.in_state(State.TAKEN, MOST)}  # of these the rows decide
        handed = {leg: call for leg, call in self._talks_of(calls).items() if _is_channel(leg)}
        for name, leg, ended in self._files(calls, handed):
            recording = f"{handed[leg]}_{leg}" if leg in handed else name
            row = self._catalogue.get(talk_of(recording))
            if row is not None and (row.state is not State.DELETED or row.recording == name):
                continue  # the row decides, also of what was put aside
            if row is not None:
                recording = name  # what came back has a certificate of its own
            if name + ENDING not in taken:
                one = without_row(name, ended, rule=RULE, due=now, by=BY)
                call = handed.get(leg, one.call)
                found.setdefault(recording, replace(one, recording=recording, call=call))
        return [one for _, one in sorted(found.items())]

    def _files(self, calls: Collection[str], legs: Collection[str]) -> Iterator[tuple[str, str, datetime]]:
        """Files and markers of these calls and legs: name, leg, when they were written."""
        for folder in (self._folder, self._folder / QUARANTINE, self._done):
            if not folder.is_dir():
                continue
            for entry in folder.iterdir():
                name = entry.name.removesuffix(ENDING)
                parsed = parse_name(name)
                with contextlib.suppress(FileNotFoundError):
                    if parsed is not None and (parsed[0] in calls or parsed[1] in legs) and not entry.is_dir():
                        yield name, parsed[1], datetime.fromtimestamp(entry.stat().st_mtime, UTC)


def _is_channel(leg: str) -> bool:
    """Whether a leg has the name of its channel, which no other one ever has (`ivr.exchange.recorder`)."""
    return "." in leg
