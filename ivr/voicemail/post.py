"""Sends the e-mail about messages. A server that fails or hangs delays letters and nothing else."""

import asyncio
import smtplib
import ssl
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ivr import log as logs
from ivr.clock import Clock
from ivr.site import Site
from ivr.site.mailboxes import Encryption, Mail
from ivr.voicemail.inbox import Inbox
from ivr.voicemail.letter import About, compose
from ivr.voicemail.message import Message
from ivr.voicemail.store import Letter, MessageStore, Outbox

log = logs.get(__name__)
T = TypeVar("T")

PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30, 60, 120, 240))
"""After each attempt in vain; the last one again and again, until the message itself is removed or MOST_ATTEMPTS."""
MOST_ATTEMPTS = 24
ANSWER_SECONDS = 30.0
"""How long each word of the e-mail server may take."""
LOOK_EVERY_SECONDS = 60.0
RETRY_DATABASE_SECONDS = 10.0


class Refused(Exception):
    """The server will never take this letter."""


class Delayed(Exception):
    """It may take it later."""


def deliver(mail: Mail, password: str, letter: EmailMessage) -> None:
    """Give a letter to the server. Blocking, ANSWER_SECONDS for each word. Raises Refused or Delayed."""
    try:
        with _connect(mail) as server:
            if mail.user:
                server.login(mail.user, password)
            server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as refused:
        code, text = next(iter(refused.recipients.values()))
        raise _by_code(code, text) from None
    except smtplib.SMTPAuthenticationError as error:
        # Somebody will put the password right: the letters wait for it.
        raise Delayed(f"{error.smtp_code}: the server does not accept user and password") from None
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPResponseException as error:
        raise Delayed(f"{error.smtp_code} {_told(error.smtp_error)}") from None
    except (OSError, smtplib.SMTPException, ssl.SSLError, ValueError) as error:
        raise Delayed(f"{type(error).__name__}: {error}") from None


def _connect(mail: Mail) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.encryption is Encryption.TLS:
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=ANSWER_SECONDS, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=ANSWER_SECONDS)
    try:
        if mail.encryption is Encryption.STARTTLS:
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _by_code(code: int, text: bytes | str) -> Exception:
    return (Refused if 500 <= code < 600 else Delayed)(f"{code} {_told(text)}")


def _told(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


class Post:
    """The queue of letters, at work. `secret(name)` gives a password; it raises OSError when there is none."""

    def __init__(
        self,
        *,
        site: Callable[[], Site],
        store: MessageStore,
        inbox: Inbox,
        clock: Clock,
        secret: Callable[[str], str],
        hand_over: Callable[[Mail, str, EmailMessage], None] = deliver,
    ) -> None:
        self._site, self._store, self._inbox, self._clock = site, store, inbox, clock
        self._secret, self._hand_over = secret, hand_over
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.attempts: Counter[str] = Counter()  # sent, delayed, refused
        self.outbox = Outbox(0, 0)
        inbox.on_letters(self._work.set)

    def start(self) -> None:
        """Begin, with what the last server left."""
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Stop. A letter under way may still go out; it has the same Message-ID when it is sent again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def once(self) -> int:
        """Try every letter that is due; returns how many were sent. Raises SQLAlchemyError."""
        mail = self._site().mail
        sent = 0
        if mail is not None:
            for letter in await asyncio.to_thread(self._store.due, self._clock.now()):
                sent += await self._try(mail, letter)
        self.outbox = await asyncio.to_thread(self._store.outbox)
        return sent

    async def _try(self, mail: Mail, letter: Letter) -> bool:
        message = self._inbox.get(letter.message)
        if message is None or message.deleted:
            await asyncio.to_thread(self._store.put_off, letter, None, "the message was deleted")
            return False
        try:
            composed = await self._compose(mail, letter, message)
            password = await asyncio.to_thread(self._secret, mail.password) if mail.password else ""
            await _in_thread(lambda: self._hand_over(mail, password, composed))
        except Refused as error:
            await self._refused(letter, str(error))
        except (Delayed, OSError, ValueError) as error:  # a secret that is no text, an address that no header takes
            await self._delayed(letter, str(error))
        else:
            self.attempts["sent"] += 1
            log.info("a message was e-mailed", message=letter.message, attempts=letter.attempts + 1)
            if await asyncio.to_thread(self._store.sent, letter, self._clock.now()):
                await self._all_sent(message)
            return True
        return False

    async def _compose(self, mail: Mail, letter: Letter, message: Message) -> EmailMessage:
        site = self._site()
        box = site.mailboxes.get(message.mailbox)
        path = self._inbox.path_of(message.message)
        audio = await asyncio.to_thread(Path(f"{path}.wav").read_bytes)
        about = About(
            message=message.message,
            label=box.label if box else message.mailbox,
            number=await self._inbox.number_of(message),
            received=site.local(message.received),
            seconds=round(message.seconds_us / 1e6),
            by_telephone=bool(box and box.extensions),
        )
        return compose(about, language=site.language, sender=mail.sender, recipient=letter.recipient, audio=audio)

    async def _all_sent(self, message: Message) -> None:
        box = self._site().mailboxes.get(message.mailbox)
        if box is not None and box.delete_after_email:
            await self._inbox.delete(message.message, "e-mail")

    async def _refused(self, letter: Letter, why: str) -> None:
        self.attempts["refused"] += 1
        log.error("an e-mail was refused and is given up", message=letter.message, why=why)
        await asyncio.to_thread(self._store.put_off, letter, None, why)

    async def _delayed(self, letter: Letter, why: str) -> None:
        self.attempts["delayed"] += 1
        last = letter.attempts + 1 >= MOST_ATTEMPTS
        pause = PAUSES[min(letter.attempts, len(PAUSES) - 1)]
        told = log.error if last else log.warning
        told("an e-mail could not be sent" + (" and is given up" if last else ""), message=letter.message, why=why)
        until = None if last else self._clock.now() + pause
        await asyncio.to_thread(self._store.put_off, letter, until, why)

    async def _run(self) -> None:
        while True:
            self._work.clear()
            pause = LOOK_EVERY_SECONDS
            try:
                await self.once()
                due = await asyncio.to_thread(self._store.next_due)
                if due is not None and self._site().mail is not None:
                    pause = min(pause, max(0.1, (due - self._clock.now()).total_seconds()))
            except SQLAlchemyError as error:
                log.error("the e-mail's queue cannot be read; it waits", why=str(error).splitlines()[0])
                pause = RETRY_DATABASE_SECONDS
            except Exception:
                log.exception("a letter could not be made")
            await self._wait(pause)

    async def _wait(self, seconds: float) -> None:
        """Until there is work, or so many seconds are over."""
        timer = self._clock.call_later(seconds, self._work.set)
        try:
            await self._work.wait()
        finally:
            timer.cancel()


async def _in_thread(function: Callable[[], T]) -> T:
    """Run it in a thread of its own that does not hold up the end of the process, however long a server is silent."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            result = function()
        except Exception as failed:
            error = failed
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop has ended meanwhile

    threading.Thread(target=work, name="e-mail", daemon=True).start()
    return await future
