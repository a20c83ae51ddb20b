"""Accounts, sessions and tokens in the records' database. Blocking: call it off the loop. SQLAlchemyError = nothing was
done."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from ivr.access.model import Role
from ivr.accounts.model import Account, Seen, Session, Token
from ivr.accounts.tables import account_addresses, accounts, sessions, tokens

Kept = Account | Session | Token | Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is written in one transaction: first what goes away (sessions by key, tokens by id), then what is put."""

    put: tuple[Kept, ...] = ()
    accounts: tuple[str, ...] = ()
    """Accounts that go away, with everything of theirs."""
    sessions: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()
    addresses: frozenset[tuple[str, str]] = frozenset()


@dataclass(slots=True)
class Content:
    """Everything that is stored."""

    accounts: list[Account] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    addresses: list[Seen] = field(default_factory=list)


class AccountStore:
    """The tables of `ivr.accounts.tables`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self) -> Content:
        """Everything."""
        with self._engine.connect() as connection:
            return Content(
                [_account(row) for row in _rows(connection, accounts)],
                [Session(**row) for row in _rows(connection, sessions)],
                [_token(row) for row in _rows(connection, tokens)],
                [Seen(**row) for row in _rows(connection, account_addresses)],
            )

    def apply(self, change: Change) -> None:
        """Write one change."""
        with self._engine.begin() as connection:
            for name in change.accounts:
                connection.execute(delete(accounts).where(accounts.c.name == name))
                for table in (account_addresses, sessions, tokens):
                    connection.execute(delete(table).where(table.c.account == name))
            for key in sorted(change.sessions):
                connection.execute(delete(sessions).where(sessions.c.key == key))
            for token in sorted(change.tokens):
                connection.execute(delete(tokens).where(tokens.c.id == token))
            for account, network in sorted(change.addresses):
                of = account_addresses.c
                connection.execute(delete(account_addresses).where(of.account == account, of.network == network))
            for kept in change.put:
                _put(connection, *_row(kept))


def _put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    this = [column == row[column.name] for column in table.primary_key]
    if connection.execute(update(table).where(*this).values(**row)).rowcount == 0:
        connection.execute(insert(table).values(**row))


def _rows(connection: Connection, table: Table) -> Iterable[dict[str, Any]]:
    asked = select(table).order_by(*table.primary_key)
    return [dict(row) for row in connection.execute(asked).mappings()]


def _row(kept: Kept) -> tuple[Table, dict[str, Any]]:
    row = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(kept).items()}
    match kept:
        case Account():
            return accounts, row | {"role": kept.role.value}
        case Session():
            return sessions, row
        case Token():
            return tokens, row
        case Seen():
            return account_addresses, row


def _account(row: dict[str, Any]) -> Account:
    sets = {name: frozenset(row[name]) for name in ("queues", "mailboxes")}
    return Account(**row | sets | {"role": Role(row["role"])})


def _token(row: dict[str, Any]) -> Token:
    return Token(**row | {"scopes": frozenset(row["scopes"])})
