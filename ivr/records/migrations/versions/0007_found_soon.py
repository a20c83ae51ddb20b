"""Indexes by which a recording is found among a million, and by which retention walks through all of them."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = {
    "recordings": {
        "recordings_did": ["did", "finished"],
        "recordings_direction": ["direction", "finished"],
        "recordings_length": ["length_us"],
    },
    "calls": {"calls_outcome": ["outcome", "started"]},
}
STATE = ["state", "finished"]
WHOLE_STATE = [*STATE, "recording", "queue", "direction", "bytes", "call"]


def upgrade() -> None:
    """Make them."""
    for table, indexes in INDEXES.items():
        for name, columns in indexes.items():
            op.create_index(name, table, columns)
    _state(WHOLE_STATE)


def downgrade() -> None:
    """Take them away."""
    for table, indexes in INDEXES.items():
        for name in indexes:
            op.drop_index(name, table)
    _state(STATE)


def _state(columns: list[str]) -> None:
    op.drop_index("recordings_state", "recordings")
    op.create_index("recordings_state", "recordings", columns)
