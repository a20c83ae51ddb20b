"""Every phone that was rung for a call; hold, wrap-up and transfer of an offer; calls and visits by transfer."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add a table, and columns of offers and visits. Calls that ended before have no rows in the new table."""
    op.create_table(
        "legs",
        sa.Column("call", sa.String(64), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(32), nullable=False),
        sa.Column("queue", sa.String(64), nullable=False),
        sa.Column("offer", sa.String(64), nullable=False),
        sa.Column("began", MOMENT, nullable=False),
        sa.Column("answered", MOMENT),
        sa.Column("ended", MOMENT),
        sa.Column("result", sa.String(32), nullable=False),
        sa.Column("talk_us", sa.BigInteger, nullable=False),
        sa.Column("hold_us", sa.BigInteger, nullable=False),
        sa.Column("wrap_us", sa.BigInteger, nullable=False),
        sa.Column("transfer", sa.String(64), nullable=False),
    )
    op.create_index("legs_began", "legs", ["began"])
    op.create_index("legs_agent", "legs", ["agent"])
    with op.batch_alter_table("offers") as offers:
        offers.add_column(sa.Column("held", MOMENT))
        offers.add_column(sa.Column("hold_us", sa.BigInteger, nullable=False, server_default="0"))
        offers.add_column(sa.Column("wrap_began", MOMENT))
        offers.add_column(sa.Column("wrap_us", sa.BigInteger))
        offers.add_column(sa.Column("transfer", sa.String(64), nullable=False, server_default=""))
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("transferred", sa.Boolean, nullable=False, server_default=sa.false()))
    with op.batch_alter_table("visits") as visits:
        visits.add_column(sa.Column("transfer", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Take them away."""
    with op.batch_alter_table("visits") as visits:
        visits.drop_column("transfer")
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("transferred")
    with op.batch_alter_table("offers") as offers:
        for name in ("transfer", "wrap_us", "wrap_began", "hold_us", "held"):
            offers.drop_column(name)
    op.drop_table("legs")
