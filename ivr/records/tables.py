"""The tables of the records: calls, visits, offers, legs, messages, callers, and where the fold stands."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from recordings.moments import UtcTime

metadata = MetaData()

calls = Table(
    "calls",
    metadata,
    Column("call", String(64), primary_key=True),
    Column("did", String(32), nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("caller", String(64), nullable=False),
    Column("flow", String(128), nullable=False),
    Column("config", String(64), nullable=False),
    Column("ended", UtcTime),
    Column("outcome", String(32)),
    Column("complete", Boolean, nullable=False),
    Column("keys", JSON, nullable=False),
    Column("wrong_keys", Integer, nullable=False),
    Column("no_keys", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("step", String(128), nullable=False),
    Column("notice", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("wait_us", BigInteger, nullable=False),
    Column("talk_us", BigInteger, nullable=False),
    Column("dials", JSON, nullable=False),
    Column("fallback", Boolean, nullable=False),
    Column("recordings", JSON, nullable=False),
    Column("prompts_missing", Integer, nullable=False),
    Column("by", String(32), nullable=False),
    Column("cause", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("source", String(32), nullable=False),
    Column("messages", JSON, nullable=False),
    Column("open_message", String(32), nullable=False),
    Column("transferred", Boolean, nullable=False),
    Column("declined", Boolean, nullable=False),
    Column("rulings", JSON, nullable=False),
    Index("calls_started", "started"),
    Index("calls_complete", "complete"),
    Index("calls_caller", "caller"),
    Index("calls_outcome", "outcome", "started"),
)

visits = Table(
    "visits",
    metadata,
    Column("visit", String(96), primary_key=True),
    Column("call", String(64), nullable=False, index=True),
    Column("queue", String(64), nullable=False),
    Column("joined", UtcTime, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("parked", Boolean, nullable=False),
    Column("ended", UtcTime),
    Column("outcome", String(32), index=True),
    Column("wait_us", BigInteger, nullable=False),
    Column("agent", String(32), nullable=False),
    Column("why", String(64), nullable=False),
    Column("transfer", Boolean, nullable=False),
)

offers = Table(
    "offers",
    metadata,
    Column("offer", String(64), primary_key=True),
    Column("visit", String(96), nullable=False),
    Column("call", String(64), nullable=False, index=True),
    Column("queue", String(64), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("made", UtcTime, nullable=False),
    Column("rule", String(128), nullable=False),
    Column("answered", UtcTime),
    Column("bridged", UtcTime),
    Column("closed", UtcTime),
    Column("result", String(32), index=True),
    Column("talk_ended", UtcTime),
    Column("talk_us", BigInteger),
    Column("held", UtcTime),
    Column("hold_us", BigInteger, nullable=False),
    Column("wrap_began", UtcTime),
    Column("wrap_us", BigInteger),
    Column("transfer", String(64), nullable=False),
)

legs = Table(
    "legs",
    metadata,
    # Every phone that was rung for a call. Made from `offers` and the calls' dials; nothing is read back from here.
    Column("call", String(64), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("agent", String(32), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("offer", String(64), nullable=False),
    Column("began", UtcTime, nullable=False),
    Column("answered", UtcTime),
    Column("ended", UtcTime),
    Column("result", String(32), nullable=False),
    Column("talk_us", BigInteger, nullable=False),
    Column("hold_us", BigInteger, nullable=False),
    Column("wrap_us", BigInteger, nullable=False),
    Column("transfer", String(64), nullable=False),
    Index("legs_began", "began"),
    Index("legs_agent", "agent"),
)

messages = Table(
    "messages",
    metadata,
    Column("message", String(32), primary_key=True),
    Column("mailbox", String(40), nullable=False),
    Column("call", String(64), nullable=False),
    Column("caller", String(64), nullable=False),
    Column("received", UtcTime, nullable=False),
    Column("seconds_us", BigInteger, nullable=False),
    Column("heard", UtcTime),
    Column("deleted", UtcTime),
)

outgoing_mail = Table(
    "outgoing_mail",
    metadata,
    # One row for each letter; `due` is empty when nothing is to be done any more: `sent`, or given up (`why`).
    Column("message", String(32), primary_key=True),
    Column("recipient", String(254), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due", UtcTime),
    Column("sent", UtcTime),
    Column("why", String(200), nullable=False),
)

callers = Table(
    "callers",
    metadata,
    # The only place where a caller's number stands. A row can be erased; the records keep their opaque key.
    Column("caller", String(64), primary_key=True),
    Column("number", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("seen", UtcTime, nullable=False),
)

standing = Table(
    "standing",
    metadata,
    # Where folds stand: the journal's position, and what they carry on from there (counters, CEL offset).
    Column("name", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)
