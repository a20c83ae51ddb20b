"""Legal holds over the API. Who sets or lifts one, and why, stands in the audit (`recordings.held`,
`recordings.released`) before the answer goes out.

A supervisor holds what lies in the own queues alone, and lifts the own holds alone. Of a caller only the
opaque key is kept.
"""

import secrets
from collections.abc import Callable, Collection
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.access.limits import Limits, limits
from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.clock import Clock
from ivr.figures.call_record import CallRecord
from ivr.log import mask_number
from ivr.recordings.hold_answers import HoldAnswer, HoldRequest, HoldsAnswer, ReleaseRequest, answer_of, over_queue
from ivr.recordings.hold_store import HoldStore
from ivr.site import Site
from ivr.web.api.answers import Name, refusals
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router
from recordings.catalogue import SqlCatalogue
from recordings.holds import Hold, Lifted, Over, OverCall, OverCaller, OverQueue, OverRecording

T = TypeVar("T")

Looks = Annotated[
    Granted,
    Allowed(reads("recordings", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, auditor=Reach.EVERYTHING)),
]
Changes = Annotated[Granted, Allowed(writes("recordings", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES))]


class HoldRoutes:
    """`keys_of`: the opaque keys of a number, however it was written; it blocks. `record_of`: a call's record, the
    living ones too."""

    def __init__(
        self,
        store: HoldStore,
        catalogue: SqlCatalogue,
        site: Callable[[], Site],
        keys_of: Callable[[str], Collection[str]],
        record_of: Callable[[str], CallRecord | None],
        clock: Clock,
    ) -> None:
        self._store, self._catalogue, self._site = store, catalogue, site
        self._keys_of, self._record_of, self._clock = keys_of, record_of, clock

    def routes(self) -> APIRouter:
        """Before those of single recordings: `holds` is no recording's name."""
        router = api_router("recordings")
        router.get("/recordings/holds", responses=refusals())(self.holds)
        router.post("/recordings/holds", responses=refusals(404, 409))(self.held)
        router.delete("/recordings/holds/{hold}", responses=refusals(404, 409))(self.released)
        return router

    async def holds(
        self,
        granted: Looks,
        lifted: Annotated[bool, Query(description="those that were lifted too")] = False,
    ) -> HoldsAnswer:
        """The holds within the account's reach."""
        within, zone = self._limits(granted), self._site().zone

        def look() -> HoldsAnswer:
            found = self._store.all() if lifted else self._store.standing()
            shown = [hold for hold in found if self._reaches(hold.over, within)]
            shown.sort(key=lambda hold: hold.since, reverse=True)
            return HoldsAnswer(holds=[answer_of(hold, self._store.covered(hold.over, zone)) for hold in shown])

        return await _asked(look)

    async def held(self, wanted: HoldRequest, granted: Changes) -> HoldAnswer:
        """Keep recordings from being deleted and archived until somebody lifts the hold."""
        over = await self._over(wanted)
        await self._there(over, self._limits(granted), wanted.number)
        hold = Hold(
            hold=secrets.token_hex(6),
            who=granted.principal.who,
            why=wanted.reason,
            since=self._clock.now(),
            over=over,
        )
        granted.changes(hold.hold, None, hold.as_json()["over"], reason=wanted.reason)
        if wanted.number:
            granted.note.detail["number"] = mask_number(wanted.number)
        zone = self._site().zone

        def keep() -> HoldAnswer:
            self._store.set(hold)
            return answer_of(hold, self._store.covered(over, zone))

        answer = await _asked(keep)
        granted.note.detail["recordings"] = answer.recordings
        return answer

    async def released(self, hold: Name, wanted: ReleaseRequest, granted: Changes) -> HoldAnswer:
        """Lift a hold: from now on the rules decide again."""
        within, zone = self._limits(granted), self._site().zone
        lifted = Lifted(granted.principal.who, self._clock.now(), wanted.reason)
        granted.changes(hold)

        def lift() -> HoldAnswer:
            found = self._store.get(hold)
            if found is None or not self._reaches(found.over, within):
                raise Refusal("there is no hold of this name; `ivr recordings holds` lists them", status=404)
            if not within.everything and found.who != granted.principal.who:
                raise Refusal(f"{found.who} set this hold: ask there, or an administrator", status=403)
            if found.lifted is not None:
                raise Refusal(f"{found.lifted.who} lifted this hold already", status=409)
            ended = self._store.lift(hold, lifted) or found
            return answer_of(ended, self._store.covered(ended.over, zone))

        answer = await _asked(lift)
        over = answer.over.model_dump(mode="json", exclude_none=True)
        granted.changes(hold, over, None, reason=wanted.reason, recordings=answer.recordings)
        return answer

    # ------------------------------------------------------------------ within
    async def _over(self, wanted: HoldRequest) -> Over:
        given = [name for name in ("recording", "call", "number", "caller", "queue") if getattr(wanted, name)]
        if len(given) != 1:
            raise Refusal("say one of recording, call, number, caller and queue", status=400)
        if given != ["queue"] and (wanted.first is not None or wanted.last is not None):
            raise Refusal("from and to are for a queue", status=400)
        if wanted.queue:
            return over_queue(wanted.queue, wanted.first, wanted.last)
        if wanted.recording:
            return OverRecording(wanted.recording)
        if wanted.call:
            return OverCall(wanted.call)
        if wanted.caller:
            return OverCaller(wanted.caller)
        keys = sorted(await _asked(lambda: self._keys_of(wanted.number)))
        if not keys:
            raise Refusal("number: write a telephone number", status=400)
        return OverCaller(keys[0], tuple(keys[1:]))

    async def _there(self, over: Over, within: Limits, number: str) -> None:
        """Refuse what is not there, or not within reach."""
        match over:
            case OverQueue(queue) if not within.queue(queue):
                raise Refusal("this queue is not within your account's reach", status=403)
            case OverCaller() if not within.everything:
                raise Refusal("a caller may call any queue: ask an administrator for this hold", status=403)
            case OverRecording() | OverCall():
                if not await _asked(lambda: self._known(over) and self._reaches(over, within)):
                    raise Refusal("there is no such recording or call; `ivr recordings list` shows them", status=404)

    def _known(self, over: Over) -> bool:
        match over:
            case OverRecording(recording):
                return self._catalogue.get(recording) is not None
            case OverCall(call):
                return bool(self._catalogue.of_call(call)) or self._record_of(call) is not None
        return True

    def _reaches(self, over: Over, within: Limits) -> bool:
        """Whether all of what a hold is over lies within reach. Blocking."""
        if within.everything:
            return True
        match over:
            case OverQueue(queue):
                return within.queue(queue)
            case OverRecording(recording):
                row = self._catalogue.get(recording)
                return row is not None and within.queue(row.queue)
            case OverCall(call):
                rows = self._catalogue.of_call(call)
                return bool(rows) and all(within.queue(row.queue) for row in rows)
        return False

    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())


async def _asked(work: Callable[[], T]) -> T:
    try:
        return await aside(work)
    except SQLAlchemyError as error:
        raise Refusal(f"the records cannot be asked: {logs.first_line(error)}", status=503) from None
