"""What became of a recorded talk and what somebody remarks, over the API. The ledger (`recordings.remarked`) says who
set which disposition, and that a note was set or removed; never what the note says, for it may name people."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ivr.access.limits import Limits, limits
from ivr.access.model import Reach
from ivr.access.rights import writes
from ivr.aside import aside
from ivr.recordings.open_work import OpenWork
from ivr.recordings.routes import RecordingAnswer, recording_answer
from ivr.recordings.search import find
from ivr.site import Site
from ivr.text import printable, quoted, suggestion
from ivr.web.api.answers import Name, Words, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from recordings.catalogue import LONGEST_NOTE, Recording, SqlCatalogue, State
from recordings.retention import LONGEST_DISPOSITION

Changes = Annotated[
    Granted,
    Allowed(writes("recordings", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, agent=Reach.SELF)),
]


def _lines(text: str) -> str:
    """A text of several lines, without other control characters."""
    lines = (line.replace("\t", " ") for line in text.splitlines())
    return "\n".join(printable(line, len(line)).rstrip() for line in lines).strip()


class Remarks(BaseModel):
    """What is left out stays as it is; an empty text removes it."""

    model_config = {"extra": "forbid"}

    disposition: Annotated[
        Words | None, Field(max_length=LONGEST_DISPOSITION, description="what became of the talk, on one line")
    ] = None
    note: Annotated[
        Annotated[str, AfterValidator(_lines)] | None,
        Field(max_length=LONGEST_NOTE, description="free text, also of several lines"),
    ] = None


class RemarkRoutes:
    """Of one database."""

    def __init__(self, engine: Engine, site: Callable[[], Site]) -> None:
        self._engine, self._site = engine, site
        self._catalogue, self._work = SqlCatalogue(engine), OpenWork(engine)

    def routes(self) -> APIRouter:
        """One route."""
        router = api_router("recordings")
        router.put("/recordings/{recording}/remarks", responses=refusals(404, 409))(self.remarked)
        return router

    async def remarked(self, recording: Name, wanted: Remarks, granted: Changes) -> RecordingAnswer:
        """Set or remove disposition and note of a recording."""
        granted.changes(recording)
        disposition = wanted.disposition.strip() if wanted.disposition is not None else None
        if disposition is None and wanted.note is None:
            raise Refusal("say a disposition, a note, or both", status=400)
        self._known(disposition)
        within = limits(granted.principal, granted.reach, self._site())

        def remark() -> tuple[Recording, Recording]:
            before = self._found(recording, granted.reach, within)
            if not self._catalogue.remark(recording, disposition=disposition, note=wanted.note):
                raise Refusal("this recording was deleted meanwhile", status=409)
            return before, self._found(recording, granted.reach, within)

        try:
            before, after = await aside(remark)
        except SQLAlchemyError as error:
            raise Refusal(f"the records cannot be asked: {str(error).splitlines()[0]}", status=503) from None
        granted.changes(recording, before.disposition, after.disposition, call=after.call)
        if disposition is not None:
            granted.note.detail["disposition"] = disposition
        if wanted.note is not None:
            granted.note.detail["note"] = "set" if wanted.note else "removed"
        return recording_answer(after)

    def _known(self, disposition: str | None) -> None:
        """Refuse one that the site does not name."""
        there = self._site().recordings.dispositions
        if disposition and there and disposition not in there:
            hint = suggestion(disposition, there, "")
            raise Refusal(f"recordings.yaml names no disposition {quoted(disposition)}{hint}", status=400)

    def _found(self, recording: str, reach: Reach, within: Limits) -> Recording:
        """One that may be remarked. Blocking."""
        row = find(self._engine, recording, Limits(everything=True))
        if row is None or not (row.agent == within.talked if reach is Reach.SELF else within.queue(row.queue)):
            raise Refusal("there is no recording of this name; `ivr recordings list` shows them", status=404)
        if row.state is State.DELETED:
            raise Refusal("this recording is deleted: nothing more is kept about it", status=409)
        if recording in {one.recording for one in self._work.deletions()}:
            raise Refusal("this recording is being deleted: nothing more is kept about it", status=409)
        return row
