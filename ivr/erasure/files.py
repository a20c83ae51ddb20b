"""Files of text: Asterisk's channel events and logs, the customer's lists, and copies of them in kept versions."""

import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ivr.aside import aside
from ivr.erasure.blank import BLANK, STAR, UNREADABLE, blank, count
from ivr.erasure.number import Normalise, Number
from ivr.erasure.stores import Caller, Erased, Held, Left, Place, listed
from ivr.erasure.sweep import files_of
from ivr.versions.copies import Copies

TEXT = frozenset({".csv", ".yaml", ".yml", ".txt"})
Country = Callable[[], str]


class TextStore:
    """Files that others write, in some folders. In them the number is overwritten, and everything else stays."""

    def __init__(self, place: Place, folders: Iterable[Path], leave: Iterable[Path] = ()) -> None:
        """`leave`: folders below those that are another store's."""
        self.place = place
        self._folders, self._leave = tuple(folders), frozenset(leave)
        self._filler = BLANK if place is Place.EVENTS else STAR

    async def find(self, caller: Caller) -> Held:
        """How often, file by file."""
        found, _ = await aside(self._each, caller.number, count)
        things = [{"file": name, "times": times} for name, times in found.items()]
        return Held(place=self.place, count=sum(found.values()), things=listed([*things]))

    async def erase(self, caller: Caller) -> Erased:
        """Overwrite it everywhere. A file that cannot be looked into is told."""
        filler = self._filler
        found, unread = await aside(self._each, caller.number, lambda file, n: blank(file, n, filler))
        things = listed([{"file": name} for name in unread])
        why = Left.UNREADABLE if unread else Left.NOTHING
        return Erased(erased=sum(found.values()), left=len(unread), why=why, things=things)

    def _each(self, number: Number, work: Callable[[Path, Number], int]) -> tuple[dict[str, int], list[str]]:
        found: dict[str, int] = {}
        unread = []
        for folder in self._folders:
            for file in files_of(folder, self._leave):
                name = f"{folder.name}/{file.relative_to(folder)}"
                try:
                    times = work(file, number) if file.suffix not in UNREADABLE else -1
                except FileNotFoundError:
                    continue
                except (OSError, EOFError, zlib.error):
                    times = -1
                if times < 0:
                    unread.append(name)
                elif times:
                    found[name] = times
        return found, unread


class ListStore:
    """The customer's own files: lists of callers, tables for look-ups. They are only told: who keeps a number there
    has a reason of his own, and takes it out himself."""

    place = Place.LISTS

    def __init__(self, folders: Iterable[Path], country: Country) -> None:
        self._folders, self._country = tuple(folders), country

    async def find(self, caller: Caller) -> Held:
        """File and line of each."""
        things = await aside(self._lines, caller.number)
        return Held(place=self.place, count=len(things), things=listed(things), stays=Left.CUSTOMER)

    async def erase(self, caller: Caller) -> Erased:
        """Nothing; what is there is told."""
        things = await aside(self._lines, caller.number)
        why = Left.CUSTOMER if things else Left.NOTHING
        return Erased(left=len(things), why=why, things=listed(things))

    def _lines(self, number: Number) -> list[Mapping[str, Any]]:
        same = Normalise(self._country())
        found: list[Mapping[str, Any]] = []
        for folder in self._folders:
            for file in _texts(folder):
                found += [{"file": str(file), "line": line} for line in lines_of(file, number, same)]
        return found


class VersionStore:
    """Kept versions of the site with copies of such lists. Those that no call has are removed; `in_use()` names the
    others."""

    place = Place.VERSIONS

    def __init__(self, copies: Copies, country: Country, in_use: Callable[[], Iterable[str]]) -> None:
        self._copies, self._country, self._in_use = copies, country, in_use

    async def find(self, caller: Caller) -> Held:
        """Which versions hold it."""
        found = await aside(self._holding, caller.number)
        return Held(place=self.place, count=len(found), things=listed([{"version": name} for name in found]))

    async def erase(self, caller: Caller) -> Erased:
        """Remove those that can be; the others hold it until another version is in force."""
        used = [*self._in_use()]
        found = await aside(self._holding, caller.number)
        stay = [name for name in found if name in {edition[: len(name)] for edition in used}]
        gone = [name for name in found if name not in stay]
        await aside(self._copies.remove, gone)
        why = Left.IN_FORCE if stay else Left.NOTHING
        return Erased(erased=len(gone), left=len(stay), why=why, things=listed([{"version": name} for name in stay]))

    def _holding(self, number: Number) -> list[str]:
        same = Normalise(self._country())
        known: dict[tuple[int, int], bool] = {}  # equal files are one file (hard links)
        found = []
        for kept in self._copies.all():
            for file in _texts(self._copies.folder / kept.edition):
                if not file.is_file():
                    continue
                status = file.stat()
                name = (status.st_dev, status.st_ino)
                if name not in known:
                    known[name] = next(lines_of(file, number, same), 0) > 0
                if known[name]:
                    found.append(kept.edition)
                    break
        return found


def lines_of(file: Path, number: Number, same: Normalise) -> Iterator[int]:
    """Lines of a file that a person wrote in which the number stands, counted from 1. Raises OSError."""
    digits = number.by_hand()
    with file.open("r", encoding="utf-8", errors="replace", newline=None) as stream:
        for count_, line in enumerate(stream, 1):
            if digits.search(line) and number.written_in(line, same):
                yield count_


def _texts(folder: Path) -> Iterator[Path]:
    """As `ivr.versions.copies.files_of` walks a site, with tables that are no part of it."""
    for where, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(Path(where).relative_to(folder).parts) >= 4:
            folders.clear()
        for name in sorted(names):
            if Path(name).suffix.lower() in TEXT and not name.startswith("."):
                yield Path(where, name)
