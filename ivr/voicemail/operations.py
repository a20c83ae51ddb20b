"""What the server can be told to do with messages (`ivr voicemail`)."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ivr.control.operations import Refusal, operation, who
from ivr.site import Site
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.message import Message


class VoicemailOperations:
    """Lists boxes and messages, gives the audio, and changes what became of a message."""

    def __init__(self, inbox: Inbox, site: Callable[[], Site]) -> None:
        self._inbox, self._site = inbox, site

    def routes(self) -> list[Route]:
        """Show boxes, list messages, and what is done with one."""
        one = "/voicemail/messages/{message}"
        return [
            operation("GET", "/voicemail", self._boxes),
            operation("GET", "/voicemail/messages", self._list),
            operation("GET", f"{one}/audio", self._audio),
            operation("POST", f"{one}/heard", self._heard),
            operation("POST", f"{one}/restore", self._restore),
            operation("DELETE", one, self._delete),
        ]

    async def _boxes(self, request: Request) -> Mapping[str, Any]:
        site = self._site()
        gone = {message.mailbox for message in self._inbox.everything()} - set(site.mailboxes)
        return {"mailboxes": [self._box(site, name) for name in (*site.mailboxes, *sorted(gone))]}

    def _box(self, site: Site, name: str) -> dict[str, Any]:
        box = site.mailboxes.get(name)
        new, heard = self._inbox.counts(name)
        oldest = next(iter(self._inbox.messages(name, include_heard=False)), None)
        return {
            "mailbox": name,
            "label": box.label if box else "",
            "new": new,
            "heard": heard,
            "most": box.most if box else 0,
            "oldest_new": oldest.received.isoformat() if oldest else "",
            "extensions": list(box.extensions) if box else [],
            "email": list(box.email) if box else [],
        }

    async def _list(self, request: Request) -> Mapping[str, Any]:
        """`mailbox`: only this one; `all`: deleted ones too, while they can be restored."""
        wanted, everything = request.query_params.get("mailbox", ""), bool(request.query_params.get("all"))
        found = [
            message
            for message in self._inbox.everything()
            if (not wanted or message.mailbox == wanted) and (everything or not message.deleted)
        ]
        if wanted and wanted not in self._site().mailboxes and not found:
            known = ", ".join(self._site().mailboxes) or "none"
            raise Refusal(f"there is no mailbox of this name; there are: {known}", status=404)
        numbers = await self._inbox.numbers_of(found)
        return {"messages": [_plain(message, numbers.get(message.caller, "")) for message in found]}

    async def _audio(self, request: Request) -> Response:
        message = self._message(request)
        path = self._inbox.path_of(message.message)
        try:
            audio = await asyncio.to_thread(Path(f"{path}.wav").read_bytes)
        except OSError as error:
            raise Refusal(f"its audio cannot be read: {error.strerror}", status=404) from None
        return Response(audio, media_type="audio/wav")

    async def _heard(self, request: Request) -> Mapping[str, Any]:
        return await self._done(
            request, self._inbox.mark_heard, "it was deleted; get it back with: ivr voicemail restore"
        )

    async def _delete(self, request: Request) -> Mapping[str, Any]:
        return await self._done(request, self._inbox.delete, "it is deleted already")

    async def _restore(self, request: Request) -> Mapping[str, Any]:
        return await self._done(request, self._inbox.restore, "it is not deleted")

    async def _done(self, request: Request, change: Callable[[str, str], Any], otherwise: str) -> Mapping[str, Any]:
        message = self._message(request)
        try:
            if not await change(message.message, who(request)):
                raise Refusal(otherwise)
        except SQLAlchemyError as error:
            raise Refusal(f"the records cannot be written: {str(error).splitlines()[0]}", status=503) from None
        return _plain(self._inbox.get(message.message) or message, await self._inbox.number_of(message))

    def _message(self, request: Request) -> Message:
        message = self._inbox.get(request.path_params["message"])
        if message is None:
            raise Refusal("there is no message of this name; ivr voicemail lists them", status=404)
        return message


def _plain(message: Message, number: str) -> dict[str, Any]:
    return {
        "message": message.message,
        "mailbox": message.mailbox,
        "state": message.state,
        "received": message.received.isoformat(),
        "seconds": round(message.seconds_us / 1e6, 1),
        "number": number,
        "call": message.call,
        "heard": message.heard.isoformat() if message.heard else "",
        "deleted": message.deleted.isoformat() if message.deleted else "",
    }
