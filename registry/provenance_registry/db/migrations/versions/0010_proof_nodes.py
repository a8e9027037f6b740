"""Batches that are rebuilt from bundles may lack leaves: what is known of their trees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("batches", sa.Column("missing", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "proof_nodes",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("proof_nodes")
    with op.batch_alter_table("batches") as batch:
        batch.drop_column("missing")
