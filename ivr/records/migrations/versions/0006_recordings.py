"""Recordings in the vault: what each holds, where it is silent, its form and state; their keys; legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = {
    "finished": ["finished", "recording"],
    "queue": ["queue", "finished"],
    "agent": ["agent", "finished"],
    "state": ["state", "finished"],
}


def upgrade() -> None:
    """Add the columns and tables. What is there was recorded as one voice, in wav, and lies where it was recorded."""
    with op.batch_alter_table("recordings") as recordings:
        recordings.alter_column("offer", new_column_name="leg", existing_type=sa.String(64), existing_nullable=False)
        recordings.add_column(sa.Column("did", sa.String(32), nullable=False, server_default=""))
        recordings.add_column(sa.Column("direction", sa.String(16), nullable=False, server_default=""))
        recordings.add_column(sa.Column("notice", sa.String(64), nullable=False, server_default=""))
        recordings.add_column(sa.Column("gaps", sa.JSON, nullable=False, server_default="[]"))
        recordings.add_column(sa.Column("codec", sa.String(8), nullable=False, server_default="wav"))
        recordings.add_column(sa.Column("state", sa.String(16), nullable=False, server_default="taken"))
        recordings.add_column(sa.Column("audio_sha256", sa.String(64), nullable=False, server_default=""))
        recordings.add_column(sa.Column("audio_bytes", sa.BigInteger, nullable=False, server_default="0"))
        recordings.add_column(sa.Column("peaks", sa.LargeBinary))
    for name, columns in INDEXES.items():
        op.create_index(f"recordings_{name}", "recordings", columns)
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("declined", sa.Boolean, nullable=False, server_default=sa.false()))
        calls.add_column(sa.Column("rulings", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "recording_keys",
        sa.Column("recording", sa.String(128), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "recording_holds",
        sa.Column("hold", sa.String(32), primary_key=True),
        sa.Column("about", sa.JSON, nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("lifted", MOMENT),
        sa.Column("lifted_by", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("recording_holds")
    op.drop_table("recording_keys")
    with op.batch_alter_table("calls") as calls:
        calls.drop_column("rulings")
        calls.drop_column("declined")
    for name in INDEXES:
        op.drop_index(f"recordings_{name}", "recordings")
    with op.batch_alter_table("recordings") as recordings:
        for name in ("peaks", "audio_bytes", "audio_sha256", "state", "codec", "gaps", "notice", "direction", "did"):
            recordings.drop_column(name)
        recordings.alter_column("leg", new_column_name="offer", existing_type=sa.String(64), existing_nullable=False)
