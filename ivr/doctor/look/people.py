"""Accounts, tokens and the audit, read from the records' database beside the server."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.doctor.observed import AccountSeen, AuditSeen, Gap, TokenSeen

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ivr.audit.chain import Anchor

MOST_VERIFIED = 200_000
"""Entries of the audit that are verified here, in some seconds."""


@dataclass(frozen=True, slots=True)
class People:
    """What the database says. None: it could not be read."""

    accounts: tuple[AccountSeen, ...] | None = None
    tokens: tuple[TokenSeen, ...] = ()
    audit: AuditSeen | None = None


def people(records: str, anchors: Path, now: datetime) -> tuple[People, tuple[Gap, ...]]:
    """Read it all. `anchors`: the folder of the audit's anchors."""
    from sqlalchemy.exc import SQLAlchemyError

    from ivr.records.store import RecordStore, RecordsUnavailable

    try:
        store = RecordStore.read_only(records)
    except RecordsUnavailable:
        return People(), (Gap("records", "there is no database yet, so no accounts and no audit", "start the server"),)
    except (SQLAlchemyError, ValueError, ImportError) as error:  # whose words may show a part of the address
        why = "the setting is no address of a database"
        if isinstance(error, ImportError):
            why = f"the driver {error.name} is not installed"
        return People(), (Gap("records", f"accounts and audit cannot be read ({why})",
                              "set CENTRALITA_RECORDS as the server has it"),)  # fmt: skip
    try:
        accounts, tokens = _accounts(store.engine, now)
        return People(accounts, tokens, _audit(store.engine, anchors)), ()
    except (SQLAlchemyError, OSError) as error:
        why = str(error).splitlines()[0]
        return People(), (Gap("records", f"accounts and audit cannot be read ({why})",
                              "run `ivr doctor` as the server's user, after this version's server began"),)  # fmt: skip
    finally:
        store.close()


def _accounts(engine: "Engine", now: datetime) -> tuple[tuple[AccountSeen, ...], tuple[TokenSeen, ...]]:
    """Who may log in with a password or a single sign-on, and the valid tokens; nothing of disabled accounts."""
    from ivr.access.model import ANY_SCOPE
    from ivr.accounts.store import AccountStore

    content = AccountStore(engine).load()
    enabled = {one.name for one in content.accounts if not one.disabled}
    accounts = tuple(
        AccountSeen(
            one.name,
            one.role.value,
            second_factor=bool(one.totp) or not one.password,  # a single sign-on has rules of its own
            must_change=one.must_change,
            created=max(filter(None, (one.created, one.changed))),
            last_seen=one.last_login,
        )
        for one in content.accounts
        if one.name in enabled and (one.password or one.subject)
    )
    tokens = tuple(
        TokenSeen(one.id, one.account, ANY_SCOPE in one.scopes, one.made, one.expires, one.used)
        for one in content.tokens
        if one.account in enabled and one.expires > now
    )
    return accounts, tokens


def _audit(engine: "Engine", folder: Path) -> AuditSeen:
    from ivr.audit.anchors import AnchorFiles
    from ivr.audit.chain import Verification
    from ivr.audit.store import AuditStore

    anchors = AnchorFiles(folder).all()  # before the end is asked for: the server may go on writing
    store = AuditStore(None, engine)
    last, _ = store.last()
    upto = min(last, MOST_VERIFIED)
    walk = Verification(_up_to(anchors, upto) if upto < last else anchors)
    for row, columns in store.walk(upto):
        walk.feed(row, columns)
    walk.end()
    first = walk.faults[0] if walk.faults else None
    return AuditSeen(last, f"entry {first.seq}: {first.why}" if first else "", walk.entries)


def _up_to(anchors: "Iterable[Anchor]", seq: int) -> "list[Anchor]":
    return [one for one in anchors if one.seq <= seq]
