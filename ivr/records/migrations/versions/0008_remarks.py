"""What became of a recorded talk and what somebody remarked, and the indexes by which both are found."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NOTED = sa.text("note <> ''")
STATE = ["state", "finished", "recording", "queue", "direction", "bytes", "call"]
WHOLE_STATE = [*STATE, "disposition"]


def upgrade() -> None:
    """Add the columns: what is there has neither."""
    with op.batch_alter_table("recordings") as recordings:
        recordings.add_column(sa.Column("disposition", sa.String(64), nullable=False, server_default=""))
        recordings.add_column(sa.Column("note", sa.String(2000), nullable=False, server_default=""))
    op.create_index("recordings_disposition", "recordings", ["disposition", "finished"])
    op.create_index(
        "recordings_noted", "recordings", ["finished", "recording"], sqlite_where=NOTED, postgresql_where=NOTED
    )
    _state(WHOLE_STATE)


def downgrade() -> None:
    """Take them away."""
    _state(STATE)
    for name in ("recordings_noted", "recordings_disposition"):
        op.drop_index(name, "recordings")
    with op.batch_alter_table("recordings") as recordings:
        for name in ("note", "disposition"):
            recordings.drop_column(name)


def _state(columns: list[str]) -> None:
    op.drop_index("recordings_state", "recordings")
    op.create_index("recordings_state", "recordings", columns)
