"""Accounts, the addresses that they come from, sessions and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables. The first start of the server makes the first account."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("queues", sa.JSON, nullable=False),
        sa.Column("mailboxes", sa.JSON, nullable=False),
        sa.Column("extension", sa.String(32), nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("password", sa.String(256), nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("changed", MOMENT),
        sa.Column("totp", sa.Text, nullable=False),
        sa.Column("totp_step", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("last_login", MOMENT),
    )
    op.create_table(
        "account_addresses",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("network", sa.String(64), primary_key=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("began", MOMENT, nullable=False),
        sa.Column("used", MOMENT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
    )
    op.create_index("sessions_account", "sessions", ["account"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("label", sa.String(128), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("made", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.Column("expires", MOMENT, nullable=False),
        sa.Column("used", MOMENT),
        sa.Column("used_from", sa.String(64), nullable=False),
    )
    op.create_index("tokens_account", "tokens", ["account"])


def downgrade() -> None:
    """Take them away."""
    for name in ("tokens", "sessions", "account_addresses", "accounts"):
        op.drop_table(name)
