"""What of messages is shown and done over the API: boxes, messages, their audio."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from ivr.access.limits import Limits, limits
from ivr.access.model import Reach
from ivr.access.rights import reads, writes
from ivr.aside import aside
from ivr.log import mask_number
from ivr.site import Site
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.message import Message
from ivr.web.api.answers import Name, Words, refusals
from ivr.web.api.paging import LONGEST_CURSOR, After, place_of
from ivr.web.api.routing import Allowed, Granted, Refusal, api_router

MOST = 500
"""Messages in a page."""

LOOK = Allowed(
    reads(
        "voicemail",
        admin=Reach.EVERYTHING,
        supervisor=Reach.OWN_QUEUES,
        agent=Reach.SELF,
        auditor=Reach.EVERYTHING,
    )
)
TELL = Allowed(writes("voicemail", admin=Reach.EVERYTHING, supervisor=Reach.OWN_QUEUES, agent=Reach.SELF))

Looks = Annotated[Granted, LOOK]
Tells = Annotated[Granted, TELL]

WAV: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The message, as WAV.",
        "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class MailboxAnswer(BaseModel):
    """A box. `most` is 0 for one that the site no longer has; `oldest_new` is empty without a new message."""

    mailbox: str
    label: str
    new: int
    heard: int
    most: int
    oldest_new: str
    extensions: list[str]
    email: list[str]


class MailboxesAnswer(BaseModel):
    """In the order of voicemail.yaml, then those that the site no longer has."""

    mailboxes: list[MailboxAnswer]


class MessageAnswer(BaseModel):
    """A message. `number` is masked unless numbers were asked for; empty: withheld, or erased. Moments are in UTC."""

    message: str
    mailbox: str
    state: str
    received: str
    seconds: float
    number: str
    call: str
    heard: str
    deleted: str


class MessagesAnswer(BaseModel):
    """The oldest first. `next`: give it as `after` for the next page; null: this is the last one."""

    messages: list[MessageAnswer]
    next: str | None


class VoicemailRoutes:
    """Lists boxes and messages within reach, gives the audio, and changes what became of a message."""

    def __init__(self, inbox: Inbox, site: Callable[[], Site]) -> None:
        self._inbox, self._site = inbox, site

    def routes(self) -> APIRouter:
        """Show boxes, list messages, and what is done with one."""
        router, one = api_router("voicemail"), "/voicemail/messages/{message}"
        router.get("/voicemail", responses=refusals())(self.show)
        router.get("/voicemail/messages", responses=refusals(404))(self.list)
        router.get(f"{one}/audio", responses=refusals(404) | WAV, response_class=Response)(self.audio)
        router.post(f"{one}/heard", responses=refusals(404, 409))(self.heard)
        router.post(f"{one}/restore", responses=refusals(404, 409))(self.restore)
        router.delete(one, responses=refusals(404, 409))(self.delete)
        return router

    async def show(self, granted: Looks) -> MailboxesAnswer:
        """The mailboxes: how many messages are new, and how many were heard."""
        site, within = self._site(), self._limits(granted)
        gone = {message.mailbox for message in self._inbox.everything()} - set(site.mailboxes)
        names = [name for name in (*site.mailboxes, *sorted(gone)) if within.mailbox(name)]
        return MailboxesAnswer(mailboxes=[self._box(site, name) for name in names])

    async def list(
        self,
        granted: Looks,
        mailbox: Annotated[Name, Query(description="only this one")] = "",
        all: Annotated[bool, Query(description="deleted ones too, while they can be restored")] = False,
        after: Annotated[Words, Query(max_length=LONGEST_CURSOR, description="`next` of the page before")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        numbers: Annotated[bool, Query(description="callers' numbers in full; this is noted in the audit")] = False,
    ) -> MessagesAnswer:
        """Messages, of one mailbox or of all."""
        within = self._limits(granted)
        if mailbox and not within.mailbox(mailbox):
            raise Refusal("this mailbox is not within your account's reach", status=403)
        beginning = place_of(after)
        found = [
            message
            for message in self._inbox.everything()
            if mailbox in ("", message.mailbox) and within.mailbox(message.mailbox) and (all or not message.deleted)
        ]
        if mailbox and mailbox not in self._site().mailboxes and not found:
            known = ", ".join(self._site().mailboxes) or "none"
            hint = f"; there are: {known}" if within.everything else ""
            raise Refusal(f"there is no mailbox of this name{hint}", status=404)
        left = [message for message in found if beginning is None or _place(message) > beginning]
        found, following = left[:limit], _place(left[limit - 1]).cursor() if len(left) > limit else None
        try:
            known_numbers = await self._inbox.numbers_of(found)
        except SQLAlchemyError as error:
            raise _away(error) from None
        full = numbers and granted.principal.sees_numbers
        if full and known_numbers:
            shown = [message.message for message in found if known_numbers.get(message.caller)]
            granted.shows("voicemail.numbers", mailbox=mailbox, messages=shown)
        messages = [_plain(m, known_numbers.get(m.caller, ""), full) for m in found]
        return MessagesAnswer(messages=messages, next=following)

    async def audio(self, message: Name, granted: Looks) -> Response:
        """A message's audio (WAV). Every access is noted in the audit."""
        granted.shows("voicemail.play")
        found = self._message(message, granted)
        path = self._inbox.path_of(found.message)
        try:
            audio = await aside(Path(f"{path}.wav").read_bytes)
        except OSError as error:
            raise Refusal(f"its audio cannot be read: {error.strerror}", status=404) from None
        return Response(audio, media_type="audio/wav")

    async def heard(self, message: Name, granted: Tells) -> MessageAnswer:
        """Somebody has listened to it."""
        otherwise = "it was deleted; get it back with: ivr voicemail restore"
        return await self._done(message, granted, self._inbox.mark_heard, otherwise)

    async def delete(self, message: Name, granted: Tells) -> MessageAnswer:
        """Delete a message; for a day it can be restored."""
        return await self._done(message, granted, self._inbox.delete, "it is deleted already")

    async def restore(self, message: Name, granted: Tells) -> MessageAnswer:
        """Bring a deleted message back."""
        return await self._done(message, granted, self._inbox.restore, "it is not deleted")

    # ------------------------------------------------------------------ within
    def _limits(self, granted: Granted) -> Limits:
        return limits(granted.principal, granted.reach, self._site())

    def _box(self, site: Site, name: str) -> MailboxAnswer:
        box = site.mailboxes.get(name)
        new, heard = self._inbox.counts(name)
        oldest = next(iter(self._inbox.messages(name, include_heard=False)), None)
        return MailboxAnswer(
            mailbox=name,
            label=box.label if box else "",
            new=new,
            heard=heard,
            most=box.most if box else 0,
            oldest_new=oldest.received.isoformat() if oldest else "",
            extensions=[*box.extensions] if box else [],
            email=[*box.email] if box else [],
        )

    async def _done(
        self, name: str, granted: Granted, change: Callable[[str, str], Awaitable[bool]], otherwise: str
    ) -> MessageAnswer:
        message = self._message(name, granted)
        try:
            done = await change(message.message, granted.principal.who)
        except SQLAlchemyError as error:
            raise _away(error) from None
        after = self._inbox.get(message.message) or message
        granted.changes(message.message, message.state, after.state, mailbox=message.mailbox, call=message.call)
        if not done:
            raise Refusal(otherwise)
        return _plain(after, "", False)

    def _message(self, name: str, granted: Granted) -> Message:
        """One that is within reach; of another one it is not told that it is there."""
        granted.changes(name)
        found = self._inbox.get(name)
        if found is None or not self._limits(granted).mailbox(found.mailbox):
            raise Refusal("there is no message of this name; ivr voicemail lists them", status=404)
        granted.changes(name, mailbox=found.mailbox, call=found.call)
        return found


def _place(message: Message) -> After:
    return After(message.received, message.message)


def _away(error: SQLAlchemyError) -> Refusal:
    return Refusal(f"the records cannot be read or written: {str(error).splitlines()[0]}", status=503)


def _plain(message: Message, number: str, full: bool) -> MessageAnswer:
    return MessageAnswer(
        message=message.message,
        mailbox=message.mailbox,
        state=message.state,
        received=message.received.isoformat(),
        seconds=round(message.seconds_us / 1e6, 1),
        number=number if full else mask_number(number),
        call=message.call,
        heard=message.heard.isoformat() if message.heard else "",
        deleted=message.deleted.isoformat() if message.deleted else "",
    )
