"""The tables of the accounts, in the records' database."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, String, Table, Text

from ivr.records.tables import metadata
from recordings.moments import UtcTime

accounts = Table(
    "accounts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("label", String(128), nullable=False),
    Column("queues", JSON, nullable=False),
    Column("mailboxes", JSON, nullable=False),
    Column("extension", String(32), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("password", String(256), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("changed", UtcTime),
    Column("totp", Text, nullable=False),
    Column("totp_step", BigInteger, nullable=False),
    Column("subject", String(255), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("last_login", UtcTime),
)

account_addresses = Table(
    "account_addresses",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("network", String(64), primary_key=True),
    Column("at", UtcTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    # `key` is a hash: who reads the table cannot use what stands there.
    Column("key", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("used", UtcTime, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    Index("sessions_account", "account"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("label", String(128), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("made", UtcTime, nullable=False),
    Column("made_by", String(128), nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("used", UtcTime),
    Column("used_from", String(64), nullable=False),
    Index("tokens_account", "account"),
)
