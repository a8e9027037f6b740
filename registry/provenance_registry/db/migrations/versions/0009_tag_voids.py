"""Tags that count no more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance_registry.db.tables import WIDE

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tag_voids",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("serial", sa.String(13), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("received", WIDE, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("serial", "number"),
    )


def downgrade() -> None:
    op.drop_table("tag_voids")
