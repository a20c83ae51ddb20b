"""Messages that callers leave in mailboxes, and the e-mail that tells of them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add two tables, and two columns of a call."""
    op.create_table(
        "messages",
        sa.Column("message", sa.String(32), primary_key=True),
        sa.Column("mailbox", sa.String(40), nullable=False),
        sa.Column("call", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("received", MOMENT, nullable=False),
        sa.Column("seconds_us", sa.BigInteger, nullable=False),
        sa.Column("heard", MOMENT),
        sa.Column("deleted", MOMENT),
    )
    op.create_table(
        "outgoing_mail",
        sa.Column("message", sa.String(32), primary_key=True),
        sa.Column("recipient", sa.String(254), primary_key=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", MOMENT),
        sa.Column("sent", MOMENT),
        sa.Column("why", sa.String(200), nullable=False),
    )
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("messages", sa.JSON, nullable=False, server_default="[]"))
        calls.add_column(sa.Column("open_message", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("open_message")
        calls.drop_column("messages")
    op.drop_table("outgoing_mail")
    op.drop_table("messages")
