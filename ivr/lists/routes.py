"""Lists of callers over the API: which there are, who is on one, and a line in or out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.clock import Clock
from ivr.language.caller_csv import LONGEST_NOTE, MAX_BYTES, read_callers
from ivr.lists.editing import EditRefused, added, removed, rows
from ivr.log import mask_number, mask_text
from ivr.site import Site
from ivr.site.callers import CallerList
from ivr.versions.changes import Changes, Outcome
from ivr.versions.copies import replace_file
from ivr.versions.loading import VersionRefused
from ivr.web.api.answers import Name, Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

HOW = "a list changed"
"""Of a version's history."""

MOST = 500
"""Lines in a page."""

LOOK = Allowed(reads("lists", admin=Reach.EVERYTHING, auditor=Reach.EVERYTHING))
TELL = Allowed(writes("lists", admin=Reach.EVERYTHING))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]

Number = Annotated[
    Words, Field(min_length=1, max_length=64, description="however it is written; `604*`: all that begin")
]


class ListAnswer(BaseModel):
    """A list of lists.yaml, of the version in force. `expired`: lines whose last day is past."""

    name: str
    label: str
    use: str
    segment: str
    priority: int
    file: str
    entries: int
    expired: int


class ListsAnswer(BaseModel):
    """In the order of lists.yaml."""

    lists: list[ListAnswer]


class EntryAnswer(BaseModel):
    """A line of the list's file. `number` is masked unless numbers were asked for."""

    line: int
    number: str
    until: str
    note: str


class EntriesAnswer(BaseModel):
    """In the file's order. `next`: give it as `after` for the next page; null: this is the last one."""

    name: str
    entries: list[EntryAnswer]
    next: int | None


class AddRequest(BaseModel):
    """`until`: the last day on which it counts."""

    number: Number
    until: date | None = None
    note: Annotated[Words, Field(max_length=LONGEST_NOTE)] = ""


class RemoveRequest(BaseModel):
    """Which number goes."""

    number: Number


class ChangedAnswer(BaseModel):
    """The version that is in force now, and remarks on it."""

    name: str
    version: str
    remarks: list[str]


class ListRoutes:
    """Shows lists and changes their files. `key_of`: the opaque key of a number, for the audit."""

    def __init__(self, changes: Changes, site: Callable[[], Site], clock: Clock, key_of: Callable[[str], str]) -> None:
        self._changes, self._site, self._clock, self._key_of = changes, site, clock, key_of

    def routes(self) -> APIRouter:
        """Show all, show one's lines, put one in, take one out."""
        router, one = api_router("lists"), "/lists/{name}"
        router.get("/lists", responses=refusals())(self.show)
        router.get(f"{one}/entries", responses=refusals(404, 409))(self.entries)
        router.post(f"{one}/entries", responses=refusals(404, 409))(self.add)
        router.post(f"{one}/entries/remove", responses=refusals(404, 409))(self.remove)
        return router

    async def show(self, granted: Looks) -> ListsAnswer:
        """The lists, and what each is for."""
        today = self._site().local(self._clock.now()).date()

        def look() -> list[ListAnswer]:
            return [_shown(found, today) for found in self._site().lists.values()]

        return ListsAnswer(lists=await aside(look))

    async def entries(
        self,
        name: Name,
        granted: Looks,
        after: Annotated[int, Query(ge=0, description="`next` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        numbers: Annotated[bool, Query(description="numbers in full; this is noted in the audit")] = False,
    ) -> EntriesAnswer:
        """The lines of a list's file, as it stands now."""
        file = self._file(name)
        full = numbers and granted.principal.sees_numbers

        def look() -> EntriesAnswer:
            found = [row for row in rows(_read(file)) if row.line > after][: limit + 1]
            shown = [
                EntryAnswer(
                    line=row.line,
                    number=row.number if full else mask_number(row.number),
                    until=row.until,
                    note=row.note if full else mask_text(row.note),
                )
                for row in found[:limit]
            ]
            return EntriesAnswer(name=name, entries=shown, next=shown[-1].line if len(found) > limit else None)

        try:
            answer = await aside(look)
        except (EditRefused, OSError) as fault:
            raise Refusal(str(fault)) from None
        if full:
            granted.shows("lists.entries", list=name, lines=[entry.line for entry in answer.entries])
        return answer

    async def add(self, name: Name, wanted: AddRequest, granted: Tells) -> ChangedAnswer:
        """Put a number on a list: its file is checked, written as a whole, and comes into force; or nothing changes."""
        country, file, noted = self._site().country, self._file(name), self._noted(wanted.number)
        granted.changes(name, None, {**noted, "until": wanted.until.isoformat() if wanted.until else ""})

        def change(content: bytes) -> bytes:
            more = added(content, wanted.number, wanted.until, wanted.note, country)
            known = {problem.message for problem in read_callers(content, name, country).problems}
            found = [p for p in read_callers(more, name, country).problems if p.message not in known]
            if found:
                raise EditRefused(found[0].message)
            return more

        return await self._change(name, file, change, granted)

    async def remove(self, name: Name, wanted: RemoveRequest, granted: Tells) -> ChangedAnswer:
        """Take a number off a list; as `add`."""
        country, file = self._site().country, self._file(name)
        granted.changes(name, self._noted(wanted.number), None)
        return await self._change(name, file, lambda content: removed(content, wanted.number, country)[0], granted)

    # ------------------------------------------------------------------ within
    async def _change(self, name: str, file: Path, change: Callable[[bytes], bytes], granted: Granted) -> ChangedAnswer:
        def write() -> Callable[[], None]:
            before, mode = _read(file), file.stat().st_mode & 0o777
            replace_file(file, change(before), mode)
            return lambda: replace_file(file, before, mode)

        try:
            outcome: Outcome = await self._changes.edit(write, HOW, granted.principal.who, name)
        except (EditRefused, VersionRefused) as refused:
            raise Refusal(str(refused), problems=list(getattr(refused, "problems", ()))) from None
        except OSError as fault:
            raise Refusal(f"the list's file cannot be written: {fault.strerror}", status=503) from None
        granted.note.detail["version"] = outcome.version
        return ChangedAnswer(name=name, version=outcome.version, remarks=[*outcome.remarks])

    def _file(self, name: str) -> Path:
        """Where the list stands in the site's folder. Raises Refusal."""
        found = self._site().lists.get(name)
        if found is None:
            known = ", ".join(self._site().lists) or "none"
            raise Refusal(f"there is no list of this name; there are: {known}", status=404)
        folder = self._changes.folders.config.resolve()
        file = (folder / found.file).resolve()
        if not file.is_relative_to(folder):
            raise Refusal(f"the file of this list lies outside {folder}", status=409)
        return file

    def _noted(self, number: str) -> dict[str, Any]:
        """A number, as the audit has it."""
        return {"number": mask_number(number), "caller": self._key_of(number)}


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise EditRefused(f"the list's file is larger than {MAX_BYTES} bytes; divide the list")
    return content


def _shown(found: CallerList, today: date) -> ListAnswer:
    return ListAnswer(
        name=found.name,
        label=found.label,
        use=found.use,
        segment=found.segment,
        priority=found.priority,
        file=found.file,
        entries=len(found.entries),
        expired=found.entries.expired(today),
    )
