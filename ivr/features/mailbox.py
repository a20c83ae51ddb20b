"""Hearing messages by telephone."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from ivr import log as logs
from ivr.features.dialog import Dialog
from ivr.features.handset import Sound

log = logs.get(__name__)
T = TypeVar("T")

REPEAT, NEXT, BEFORE, DELETE, END = "1", "2", "3", "7", "*"
"""The keys of the menu that is read behind each message; all but the first count in the message too."""


class Message(Protocol):
    """A message, as far as it is said (ivr.voicemail.message)."""

    @property
    def message(self) -> str: ...
    @property
    def received(self) -> datetime: ...


M = TypeVar("M", bound=Message)


class Inbox(Protocol[M]):
    """What is asked of the mailboxes (ivr.voicemail.inbox)."""

    def messages(self, mailbox: str) -> list[M]: ...
    def counts(self, mailbox: str) -> tuple[int, int]: ...
    def path_of(self, file: str) -> str | None: ...
    async def number_of(self, message: M) -> str: ...
    async def mark_heard(self, message: str, by: str) -> bool: ...
    async def delete(self, message: str, by: str) -> bool: ...


async def listen(dialog: Dialog, inbox: Inbox[M], mailbox: str, by: str, local: Callable[[datetime], datetime]) -> None:
    """Go through a mailbox, from the first new message until the person ends it or nothing is left.

    `by` goes into the journal with what is heard and deleted; `local` gives the site's time. Raises GaveUp.
    """
    messages = inbox.messages(mailbox)
    if not messages:
        await dialog.say("phrase_no_messages")
        return
    if await dialog.say(*_how_many(dialog, inbox.counts(mailbox))) == END:
        return
    at = 0
    while at < len(messages):
        match await _hear(dialog, inbox, messages[at], by, local):
            case "1":
                pass
            case "2":
                at += 1
            case "3":
                at = max(0, at - 1)
            case "7":
                gone = await _attempt(inbox.delete(messages[at].message, by), None)
                if gone is None:
                    await dialog.say("phrase_failed")
                else:  # True, or False: somebody else was quicker
                    del messages[at]
                    await dialog.say("phrase_message_deleted")
            case _:
                return
    await dialog.say("phrase_no_more_messages")


async def _hear(dialog: Dialog, inbox: Inbox[M], message: M, by: str, local: Callable[[datetime], datetime]) -> str:
    """Play one message; the key that says how it goes on."""
    number = await _attempt(inbox.number_of(message), None)
    pressed = await dialog.say(*_head(dialog, local(message.received), number))
    if pressed in (NEXT, BEFORE, DELETE, END):
        return pressed
    path = inbox.path_of(message.message)
    if path is None:
        await dialog.say("phrase_failed")
        return NEXT
    pressed = await dialog.say(Path(f"{path}.wav"))
    # Who hangs up in the middle has not heard it: that ends this function.
    await _attempt(inbox.mark_heard(message.message, by), False)
    return await dialog.choose(REPEAT + NEXT + BEFORE + DELETE + END, ["phrase_message_menu"], pressed)


def _how_many(dialog: Dialog, counts: tuple[int, int]) -> Sequence[Sound]:
    new, heard = counts
    said: list[Sound] = ["phrase_you_have"]
    for number, noun in ((new, "new message"), (heard, "saved message")):
        if number:
            said += dialog.counted(number, noun)
    return said


def _head(dialog: Dialog, received: datetime, number: str | None) -> Sequence[Sound]:
    """When it came and from whom; None = that cannot be found out now."""
    said: list[Sound] = ["phrase_message_received", *dialog.words("date", received.date())]
    said += ["phrase_at", *dialog.words("time", received.time())]
    if number:
        said += ["phrase_message_from", *dialog.words("digits", number.lstrip("+"))]
    elif number is not None:
        said.append("phrase_number_withheld")
    return said


async def _attempt(deed: Awaitable[T], otherwise: T) -> T:
    """Messages can be heard while their database is away; what cannot be written then is left out."""
    try:
        return await deed
    except Exception as fault:
        log.error("a message's record cannot be used", why=type(fault).__name__)
        return otherwise
