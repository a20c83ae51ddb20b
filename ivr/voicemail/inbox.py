"""The inbox: what callers left, who is told, and what becomes of it.

Everything that is asked often (lists, counts, lamps, figures) is answered from memory; one thread writes each change to
the database, another one works on the files. While the database is away or does not answer, messages wait on
disk as takings and are taken in later.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from acd.model import CallId
from ivr import log as logs
from ivr.call.facts import MessageBegun, MessageDropped, MessageHandled, MessageLeft
from ivr.clock import Clock
from ivr.site import Site
from ivr.site.mailboxes import Mailbox
from ivr.voicemail.files import MessageFiles, Taking
from ivr.voicemail.message import KEEP_WITHOUT_MAILBOX, Message
from ivr.voicemail.store import MessageStore

log = logs.get(__name__)
T = TypeVar("T")

QUIET_SECONDS = 10.0
"""A taking to which nobody has written for so long is no longer recorded, whatever is known of its call."""
KEEP_SECONDS = 2.0
"""How long a caller waits for the database that is to know of his message."""
SHORTEST_WITHOUT_MAILBOX = timedelta(seconds=2)

Listener = Callable[[str, int, int], None]
"""`(mailbox, new, heard)`, on the loop, after each change."""
Tell = Callable[[Any, str | None], Any]
"""Gives a fact to the journal: `(event, key)`; with a key once for ever."""


class Inbox:
    """All mailboxes of the site. `alive(call)` tells whether a call still lives."""

    def __init__(
        self,
        *,
        site: Callable[[], Site],
        store: MessageStore,
        files: MessageFiles,
        clock: Clock,
        tell: Tell,
        alive: Callable[[str], bool],
    ) -> None:
        self._site, self._store, self._files, self._clock = site, store, files, clock
        self._tell, self._alive = tell, alive
        self._messages: dict[str, Message] = {}
        self._takings: dict[str, Taking] = {}
        self._listeners: list[Listener] = []
        self._on_letters: Callable[[], None] = lambda: None
        # Two: a database that does not answer must not hold up who is about to speak.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voicemail")
        self._database = ThreadPoolExecutor(max_workers=1, thread_name_prefix="voicemail-records")

    async def open(self) -> None:
        """Read what there is; again after a failure, while callers may speak. Raises SQLAlchemyError or OSError."""
        for message in await self._in_database(self._store.all):
            self._messages.setdefault(message.message, message)
        for taking in await self._on_disk(self._files.takings):
            self._takings.setdefault(taking.message, taking)
        await self._meet_files()
        for mailbox in self._site().mailboxes:
            self._changed(mailbox)

    async def close(self) -> None:
        """Finish what is being written."""
        for thread in (self._disk, self._database):
            await asyncio.to_thread(thread.shutdown)

    # ------------------------------------------------------------------ asked, from memory
    def messages(self, mailbox: str, include_heard: bool = True) -> list[Message]:
        """A box's messages: new ones first, then heard ones, each oldest first; deleted ones never."""
        found = [m for m in self._messages.values() if m.mailbox == mailbox and not m.deleted]
        wanted = [m for m in found if include_heard or not m.heard]
        return sorted(wanted, key=lambda m: (m.heard is not None, m.received, m.message))

    def everything(self) -> list[Message]:
        """All messages of all boxes, deleted ones too, oldest first."""
        return sorted(self._messages.values(), key=lambda m: (m.received, m.message))

    def get(self, message: str) -> Message | None:
        """One message, deleted or not."""
        return self._messages.get(message)

    def counts(self, mailbox: str) -> tuple[int, int]:
        """How many are new, and how many were heard."""
        found = self.messages(mailbox)
        new = sum(m.heard is None for m in found)
        return new, len(found) - new

    def path_of(self, file: str) -> str | None:
        """The audio's absolute path without its ending, as Asterisk wants it; None for what is not there."""
        owner = self._messages.get(file) or self._takings.get(file)
        return str(self._files.path(owner.mailbox, file).with_suffix("")) if owner else None

    def on_change(self, listener: Listener) -> None:
        """Tell a lamp of each change, and how it is now."""
        self._listeners.append(listener)
        for mailbox in self._site().mailboxes:
            listener(mailbox, *self.counts(mailbox))

    def on_letters(self, wake: Callable[[], None]) -> None:
        """Tell who sends the e-mail that there is some."""
        self._on_letters = wake

    async def number_of(self, message: Message) -> str:
        """The caller's number; empty when withheld, unknown or erased."""
        return (await self.numbers_of([message])).get(message.caller, "")

    async def numbers_of(self, messages: Iterable[Message]) -> dict[str, str]:
        """The numbers of several callers by key; those that are erased or withheld are left out."""
        return await self._in_database(self._store.numbers_of, {m.caller for m in messages if m.caller})

    # ------------------------------------------------------------------ while a caller speaks
    async def begin(self, mailbox: str, call: str, caller: str) -> str:
        """The id of a new file to record into; empty when the box is full. Raises OSError (a full disk)."""
        box = self._box(mailbox)
        if box is None:
            raise OSError(2, "no such mailbox", mailbox)
        taken = sum(taking.mailbox == mailbox for taking in self._takings.values())
        if len(self.messages(mailbox)) + taken >= box.most:
            log.warning("a mailbox is full", mailbox=mailbox, messages=box.most)
            return ""
        seconds = box.longest.total_seconds()
        now = self._clock.now()
        taking = await self._on_disk(self._files.begin, mailbox, call, caller, now, seconds)
        self._takings[taking.message] = taking
        begun = MessageBegun(at=now, call=CallId(call), mailbox=mailbox, message=taking.message)
        self._tell(begun, f"message begun:{taking.message}")
        return taking.message

    def unfinished(self, mailbox: str, call: str) -> str:
        """The file that this call was recording when the server died; empty = none."""
        found = [t for t in self._takings.values() if t.call == call and t.mailbox == mailbox]
        return max(found, key=lambda t: t.begun).message if found and call else ""

    async def measured(self, file: str) -> float:
        """Seconds of audio that are on disk now."""
        taking = self._takings.get(file)
        return await self._on_disk(self._files.seconds, taking.mailbox, file) if taking else 0.0

    async def keep(self, mailbox: str, file: str) -> bool:
        """Put a recorded message into its box. False when that must wait: it is taken in later, nothing is lost."""
        taking = self._takings.get(file)
        if taking is None or taking.mailbox != mailbox:
            return file in self._messages
        message = Message(
            message=file,
            mailbox=mailbox,
            call=taking.call,
            caller=taking.caller,
            received=taking.begun,
            seconds_us=self._files.length_us(mailbox, file),
        )
        if taking.call:
            # Told before anybody waits for a disk: the call's end may be told in the next moment.
            left = MessageLeft(
                at=self._clock.now(),
                call=CallId(taking.call),
                mailbox=mailbox,
                message=file,
                seconds_us=message.seconds_us,
            )
            self._tell(left, f"message:{file}")
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await self._in_database(self._take_in, message)
        except (SQLAlchemyError, OSError) as error:  # TimeoutError too
            log.error("a message waits to be taken in", mailbox=mailbox, message=file, why=logs.first_line(error))
            return False
        self._takings.pop(file, None)
        self._messages[file] = message
        log.info(
            "a message was left", mailbox=mailbox, message=file, call=taking.call, seconds=message.seconds_us / 1e6
        )
        self._changed(mailbox)
        self._on_letters()
        return True

    async def drop(self, mailbox: str, file: str) -> None:
        """Forget a message that is not to be kept."""
        taking = self._takings.pop(file, None)
        if taking is None:
            return
        if taking.call:
            dropped = MessageDropped(at=self._clock.now(), call=CallId(taking.call), mailbox=mailbox, message=file)
            self._tell(dropped, f"message dropped:{file}")
        try:
            await self._on_disk(self._files.remove, taking.mailbox, file)
        except OSError as error:
            self._takings[file] = taking  # the next look tries again
            log.error("a message cannot be removed", mailbox=mailbox, message=file, why=logs.first_line(error))

    # ------------------------------------------------------------------ what people do with messages
    async def mark_heard(self, message: str, by: str) -> bool:
        """Somebody listened; False when it is not there. The first time counts. Raises SQLAlchemyError."""
        found = self._messages.get(message)
        if found is None or found.deleted:
            return False
        if found.heard is None:
            await self._change(replace(found, heard=self._clock.now()), "heard", by)
        return True

    async def delete(self, message: str, by: str) -> bool:
        """Take it out of the box; its audio goes a day later. False when it is not there. Raises SQLAlchemyError."""
        found = self._messages.get(message)
        if found is None or found.deleted:
            return False
        await self._change(replace(found, deleted=self._clock.now()), "deleted", by)
        return True

    async def restore(self, message: str, by: str) -> bool:
        """Undo `delete`; False when it is not deleted, or gone. Raises SQLAlchemyError."""
        found = self._messages.get(message)
        if found is None or not found.deleted:
            return False
        await self._change(replace(found, deleted=None), "restored", by)
        return True

    # ------------------------------------------------------------------ now and then
    async def adopt(self) -> int:
        """Take in, or drop, what a crash or a database that was away left behind; returns how many were taken in."""
        taken = 0
        for taking in list(self._takings.values()):
            now = self._clock.now()
            quiet = await self._on_disk(self._files.quiet_seconds, taking, now)
            if (
                (taking.call and self._alive(taking.call))
                or quiet < QUIET_SECONDS
                or taking.message not in self._takings
            ):
                continue
            box = self._box(taking.mailbox)
            shortest = box.shortest if box else SHORTEST_WITHOUT_MAILBOX
            if await self.measured(taking.message) < shortest.total_seconds():
                await self.drop(taking.mailbox, taking.message)
            elif await self.keep(taking.mailbox, taking.message):
                log.warning("a message whose call was cut off is in the inbox", message=taking.message)
                taken += 1
        return taken

    def settle(self, open_messages: Iterable[tuple[str, str]]) -> None:
        """Close what the records believe to be open, `(call, message)`, and nobody records any more."""
        for call, message in open_messages:
            known = self._messages.get(message)
            at = self._clock.now()
            if known is not None:
                left = MessageLeft(
                    at=at, call=CallId(call), mailbox=known.mailbox, message=message, seconds_us=known.seconds_us
                )
                self._tell(left, f"message:{message}")
            elif message not in self._takings:
                dropped = MessageDropped(at=at, call=CallId(call), mailbox="", message=message)
                self._tell(dropped, f"message dropped:{message}")

    async def tidy(self) -> int:
        """Remove what is too old; returns how many. Raises SQLAlchemyError or OSError."""
        now = self._clock.now()
        removed = 0
        for message in list(self._messages.values()):
            box = self._box(message.mailbox)
            if message.to_be_removed(now, box.keep if box else KEEP_WITHOUT_MAILBOX):
                await self._remove(message, "retention")
                removed += 1
        return removed

    async def erase(self, callers: frozenset[str], by: str) -> int:
        """Remove for ever what these callers (opaque keys) left; returns how many. Raises as `tidy`."""
        for taking in [taking for taking in self._takings.values() if taking.caller in callers]:
            await self.drop(taking.mailbox, taking.message)
        found = [message for message in self._messages.values() if message.caller in callers]
        for message in found:
            await self._remove(message, by)
        return len(found)

    async def _remove(self, message: Message, by: str) -> None:
        await self._on_disk(self._files.remove, message.mailbox, message.message)
        await self._in_database(self._store.remove, [message.message])
        self._messages.pop(message.message, None)
        self._tell_handled(message, "removed", by)
        self._changed(message.mailbox)

    # ------------------------------------------------------------------ inside
    def _box(self, mailbox: str) -> Mailbox | None:
        return self._site().mailboxes.get(mailbox)

    async def _on_disk(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, function, *values)

    async def _in_database(self, function: Callable[..., T], *values: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, function, *values)

    def _take_in(self, message: Message) -> None:
        """In this order: a crash in between is repeated by the next start, and changes nothing."""
        self._files.seal(message.mailbox, message.message)
        box, mail = self._box(message.mailbox), self._site().mail
        self._store.add(message, box.email if box and mail else ())
        self._files.settle(message.mailbox, message.message)

    async def _change(self, message: Message, what: str, by: str) -> None:
        before = self._messages[message.message]
        self._messages[message.message] = message  # at once: two who do the same meet here
        try:
            await self._in_database(self._store.set_times, message)
        except BaseException:
            self._messages[message.message] = before
            raise
        self._tell_handled(message, what, by)
        self._changed(message.mailbox)

    def _tell_handled(self, message: Message, what: str, by: str) -> None:
        handled = MessageHandled(
            at=self._clock.now(),
            call=CallId(message.call),
            mailbox=message.mailbox,
            message=message.message,
            what=what,
            by=by,
        )
        self._tell(handled, None)

    def _changed(self, mailbox: str) -> None:
        new, heard = self.counts(mailbox)
        for listener in self._listeners:
            listener(mailbox, new, heard)

    async def _meet_files(self) -> None:
        """Audio without a row is a message again: the database was lost. A row without audio is told."""
        on_disk = await self._on_disk(self._files.recorded)
        for message in list(self._messages.values()):
            if message.message in self._takings:  # it stands here: only the note was left over
                taking = self._takings.pop(message.message)
                await self._on_disk(self._files.settle, taking.mailbox, taking.message)
            elif message.message not in on_disk:
                # Perhaps a disk that is not there today: what is known of the message stays.
                log.warning("a message's audio is not there", mailbox=message.mailbox, message=message.message)
        for name, mailbox in on_disk.items():
            if name in self._messages:
                continue
            received = await self._on_disk(self._files.written, mailbox, name)
            length = await self._on_disk(self._files.length_us, mailbox, name)
            message = Message(message=name, mailbox=mailbox, call="", caller="", received=received, seconds_us=length)
            await self._in_database(self._store.add, message)
            self._messages[name] = message
            log.warning("audio without a record is in the inbox again", mailbox=mailbox, message=name)
