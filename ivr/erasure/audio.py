"""What a caller said: messages in mailboxes, and recorded talks."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from ivr.aside import aside
from ivr.erasure.stores import Caller, Erased, Held, Place, listed
from ivr.voicemail.inbox import Inbox
from recordings.catalogue import SqlCatalogue
from recordings.intake import ENDING, parse_name


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
    """Recorded talks: the files, what the catalogue says of them, and markers that wait to be taken in."""

    place = Place.RECORDINGS

    def __init__(self, folder: Path, done: Path, catalogue: SqlCatalogue) -> None:
        self._folder, self._done, self._catalogue = folder, done, catalogue

    async def find(self, caller: Caller) -> Held:
        """By the caller's calls."""
        found = await aside(self._names, frozenset(caller.calls))
        things = [{"recording": name} for name in sorted(found)]
        return Held(place=self.place, count=len(found), things=listed([*things]))

    async def erase(self, caller: Caller) -> Erased:
        """File first: a crash leaves a row without a file, and the next try removes it."""
        return Erased(erased=await aside(self._remove, frozenset(caller.calls)))

    def _names(self, calls: frozenset[str]) -> set[str]:
        if not calls:
            return set()
        found = {r.recording for call in calls for r in self._catalogue.of_call(call)}
        for folder in (self._folder, self._done):
            found |= set(_of_calls(folder, calls))
        return found

    def _remove(self, calls: Collection[str]) -> int:
        names = self._names(frozenset(calls))
        for name in names:
            (self._folder / (name + ENDING)).unlink(missing_ok=True)
            (self._done / name).unlink(missing_ok=True)
        self._catalogue.remove(names)
        return len(names)


def _of_calls(folder: Path, calls: frozenset[str]) -> Iterable[Any]:
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        name = entry.name.removesuffix(ENDING)
        parsed = parse_name(name)
        if parsed is not None and parsed[0] in calls and not entry.is_dir():
            yield name
