"""Messages and letters in the records' database. Blocking: call it off the loop. SQLAlchemyError = nothing was done."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update

from ivr.records.tables import callers, messages, outgoing_mail
from ivr.voicemail.message import Message

LONGEST_WHY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail to one recipient about one message. `attempts` were in vain so far."""

    message: str
    recipient: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Outbox:
    """How many letters wait, and how many were given up."""

    waiting: int
    given_up: int


class MessageStore:
    """The tables `messages` and `outgoing_mail`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # ------------------------------------------------------------------ messages
    def all(self) -> list[Message]:
        """Every message, oldest first."""
        asked = select(messages).order_by(messages.c.received, messages.c.message)
        return [Message(**row) for row in self._rows(asked)]

    def add(self, message: Message, recipients: Iterable[str] = ()) -> None:
        """Keep a message and its letters in one transaction; one that stands here already is left as it is."""
        letters = [
            {"message": message.message, "recipient": to, "attempts": 0, "due": message.received, "why": ""}
            for to in dict.fromkeys(recipients)
        ]
        with self._engine.begin() as connection:
            known = select(messages.c.message).where(messages.c.message == message.message)
            if connection.execute(known).first() is not None:
                return
            connection.execute(insert(messages).values(**asdict(message)))
            if letters:
                connection.execute(insert(outgoing_mail), letters)

    def set_times(self, message: Message) -> None:
        """Write when it was heard and deleted; a deleted one is sent to nobody any more."""
        this = messages.c.message == message.message
        with self._engine.begin() as connection:
            connection.execute(update(messages).where(this).values(heard=message.heard, deleted=message.deleted))
            if message.deleted is not None:
                self._close(connection, [message.message], "the message was deleted")

    def remove(self, names: Iterable[str]) -> None:
        """Forget messages and their letters."""
        for name in names:
            with self._engine.begin() as connection:
                connection.execute(delete(outgoing_mail).where(outgoing_mail.c.message == name))
                connection.execute(delete(messages).where(messages.c.message == name))

    def numbers_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The numbers of callers by key; those that are erased or withheld are left out."""
        rows: list[dict[str, Any]] = []
        wanted = sorted(keys)
        for start in range(0, len(wanted), 500):  # SQLite bounds the values of one statement
            asked = select(callers.c.caller, callers.c.number).where(callers.c.caller.in_(wanted[start : start + 500]))
            rows += self._rows(asked)
        return {row["caller"]: row["number"] for row in rows}

    # ------------------------------------------------------------------ letters
    def due(self, at: datetime, most: int = 50) -> list[Letter]:
        """Letters to be tried now, those that have waited longest first."""
        table = outgoing_mail.c
        asked = select(table.message, table.recipient, table.attempts).where(table.due <= at)
        return [Letter(**row) for row in self._rows(asked.order_by(table.due, table.message).limit(most))]

    def next_due(self) -> datetime | None:
        """When a letter is to be tried next; None = there is none."""
        rows = self._rows(
            select(outgoing_mail.c.due).order_by(outgoing_mail.c.due).where(outgoing_mail.c.due.is_not(None)).limit(1)
        )
        return rows[0]["due"] if rows else None

    def sent(self, letter: Letter, at: datetime) -> bool:
        """The server took it. True = all letters of the message are sent now."""
        with self._engine.begin() as connection:
            connection.execute(
                update(outgoing_mail)
                .where(*_is(letter))
                .values(attempts=letter.attempts + 1, due=None, sent=at, why="")
            )
            unsent = select(func.count()).where(
                outgoing_mail.c.message == letter.message, outgoing_mail.c.sent.is_(None)
            )
            return connection.execute(unsent).scalar_one() == 0

    def put_off(self, letter: Letter, until: datetime | None, why: str) -> None:
        """It was tried in vain: again at `until`, or never (None)."""
        changed = {"attempts": letter.attempts + 1, "due": until, "why": why[:LONGEST_WHY]}
        with self._engine.begin() as connection:
            connection.execute(update(outgoing_mail).where(*_is(letter)).values(**changed))

    def outbox(self) -> Outbox:
        """Figures of the letters."""
        due, sent = outgoing_mail.c.due, outgoing_mail.c.sent
        with self._engine.connect() as connection:
            waiting = connection.execute(select(func.count()).where(due.is_not(None))).scalar_one()
            lost = connection.execute(
                select(func.count()).where(due.is_(None), sent.is_(None), outgoing_mail.c.attempts > 0)
            ).scalar_one()
        return Outbox(waiting, lost)

    # ------------------------------------------------------------------ inside
    @staticmethod
    def _close(connection: Any, names: list[str], why: str) -> None:
        open_ones = outgoing_mail.c.message.in_(names), outgoing_mail.c.due.is_not(None)
        connection.execute(update(outgoing_mail).where(*open_ones).values(due=None, why=why, attempts=0))

    def _rows(self, asked: Any) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]


def _is(letter: Letter) -> tuple[Any, Any]:
    return outgoing_mail.c.message == letter.message, outgoing_mail.c.recipient == letter.recipient
