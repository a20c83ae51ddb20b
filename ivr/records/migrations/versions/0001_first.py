"""The first form: calls, visits, offers, callers, where the fold stands, and the catalogue of recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def _text(name: str, length: int, **more: bool) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), **{"nullable": False, **more})  # type: ignore[arg-type]


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "calls",
        _text("call", 64, primary_key=True),
        _text("did", 32),
        sa.Column("started", MOMENT, nullable=False),
        _text("caller", 64),
        _text("flow", 128),
        _text("config", 64),
        sa.Column("ended", MOMENT),
        _text("outcome", 32, nullable=True),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("keys", sa.JSON, nullable=False),
        sa.Column("wrong_keys", sa.Integer, nullable=False),
        sa.Column("no_keys", sa.Integer, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        _text("step", 128),
        _text("notice", 64),
        _text("queue", 64),
        _text("agent", 32),
        sa.Column("wait_us", sa.BigInteger, nullable=False),
        sa.Column("talk_us", sa.BigInteger, nullable=False),
        sa.Column("dials", sa.JSON, nullable=False),
        sa.Column("fallback", sa.Boolean, nullable=False),
        sa.Column("recordings", sa.JSON, nullable=False),
        sa.Column("prompts_missing", sa.Integer, nullable=False),
        _text("by", 32),
        sa.Column("cause", sa.Integer, nullable=False),
        _text("reason", 64),
        _text("source", 32),
    )
    op.create_index("calls_started", "calls", ["started"])
    op.create_index("calls_complete", "calls", ["complete"])
    op.create_index("calls_caller", "calls", ["caller"])
    op.create_table(
        "visits",
        _text("visit", 96, primary_key=True),
        _text("call", 64),
        _text("queue", 64),
        sa.Column("joined", MOMENT, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("parked", sa.Boolean, nullable=False),
        sa.Column("ended", MOMENT),
        _text("outcome", 32, nullable=True),
        sa.Column("wait_us", sa.BigInteger, nullable=False),
        _text("agent", 32),
        _text("why", 64),
    )
    op.create_index("ix_visits_call", "visits", ["call"])
    op.create_index("ix_visits_outcome", "visits", ["outcome"])
    op.create_table(
        "offers",
        _text("offer", 64, primary_key=True),
        _text("visit", 96),
        _text("call", 64),
        _text("queue", 64),
        _text("agent", 32),
        sa.Column("made", MOMENT, nullable=False),
        _text("rule", 128),
        sa.Column("answered", MOMENT),
        sa.Column("bridged", MOMENT),
        sa.Column("closed", MOMENT),
        _text("result", 32, nullable=True),
        sa.Column("talk_ended", MOMENT),
        sa.Column("talk_us", sa.BigInteger),
    )
    op.create_index("ix_offers_call", "offers", ["call"])
    op.create_index("ix_offers_result", "offers", ["result"])
    op.create_table(
        "callers",
        _text("caller", 64, primary_key=True),
        _text("number", 64),
        _text("name", 128),
        sa.Column("seen", MOMENT, nullable=False),
    )
    op.create_table(
        "standing",
        _text("name", 32, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    op.create_table(
        "recordings",
        _text("recording", 128, primary_key=True),
        _text("call", 64),
        _text("offer", 64),
        _text("queue", 64),
        _text("agent", 32),
        sa.Column("finished", MOMENT, nullable=False),
        sa.Column("length_us", sa.BigInteger, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        _text("sha256", 64),
        _text("file", 255),
    )
    op.create_index("ix_recordings_call", "recordings", ["call"])


def downgrade() -> None:
    """Drop everything."""
    for table in ("recordings", "standing", "callers", "offers", "visits", "calls"):
        op.drop_table(table)
