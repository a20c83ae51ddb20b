"""Hearing messages by telephone."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from ivr import log as logs
from ivr.features.dialog import Dialog
from ivr.features.handset import Sound
from ivr.site import Site

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


async def listen(dialog: Dialog, inbox: Inbox[M], mailbox: str, by: str, site: Site) -> None:
    """Go through a mailbox, from the first new message until the person ends it or nothing is left.

    `by` goes into the journal with what is heard and deleted. Raises GaveUp.
    """
    messages = inbox.messages(mailbox)
    if not messages:
        await dialog.say("phrase_no_messages")
        return
    if await dialog.say(*_how_many(dialog, inbox.counts(mailbox))) == END:
        return
    at = 0
    while at < len(messages):
        key = await _hear(dialog, inbox, messages[at], by, site)
        if key == END:
            return
        if key == NEXT:
            at += 1
        elif key == BEFORE:
            at = max(0, at - 1)
        elif key == DELETE and await _delete(dialog, inbox, messages[at], by):
            del messages[at]
    await dialog.say("phrase_no_more_messages")


async def _hear(dialog: Dialog, inbox: Inbox[M], message: M, by: str, site: Site) -> str:
    """Play one message; the key that says how it goes on."""
    number = await _attempt(inbox.number_of(message), None)
    said = as_dialled(number, site.country) if number else number
    pressed = await dialog.say(*_head(dialog, site.local(message.received), said))
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


async def _delete(dialog: Dialog, inbox: Inbox[M], message: M, by: str) -> bool:
    """Whether it is gone: by us, or because somebody else was quicker."""
    gone = await _attempt(inbox.delete(message.message, by), None)
    await dialog.say("phrase_failed" if gone is None else "phrase_message_deleted")
    return gone is not None


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
        said += ["phrase_message_from", *dialog.words("digits", number)]
    elif number is not None:
        said.append("phrase_number_withheld")
    return said


def as_dialled(number: str, country: str) -> str:
    """The digits of a caller's number as people of the country dial them: without its own calling code.

    >>> as_dialled("573001234567", "CO"), as_dialled("12025550123", "CO"), as_dialled("101", "CO")
    ('3001234567', '12025550123', '101')
    """
    import phonenumbers  # its tables take a moment, and few dialogs need them

    digits = number.lstrip("+")
    try:
        found = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return digits
    ours = found.country_code == phonenumbers.country_code_for_region(country)
    return phonenumbers.national_significant_number(found) if ours else digits


async def _attempt(deed: Awaitable[T], otherwise: T) -> T:
    """Messages can be heard while their database is away; what cannot be written then is left out."""
    try:
        return await deed
    except Exception as fault:
        log.error("a message's record cannot be used", why=type(fault).__name__)
        return otherwise
