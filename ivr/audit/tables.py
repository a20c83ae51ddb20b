"""The audit's table, in the records' database. Triggers of the migration refuse every UPDATE and DELETE."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from ivr.records.tables import metadata

audit = Table(
    "audit",
    metadata,
    # `entry` is the canonical text, which `hash` closes; the columns between are copies of it, to search by.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", String(128), nullable=False),
    Column("account", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(200), nullable=False),
    Column("result", String(16), nullable=False),
    Column("entry", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_at", "at"),
    Index("audit_who", "who"),
    Index("audit_action", "action"),
    Index("audit_object", "object"),
)

COPIES = {name: audit.c[name].type.length for name in ("at", "who", "account", "address", "action", "object", "result")}  # type: ignore[attr-defined]
"""Columns that repeat what the entry says, and how much of it they hold."""
