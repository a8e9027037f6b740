"""Counts of scans, and doubts about tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance_registry.db.tables import WIDE

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scan_counts",
        sa.Column("serial", sa.String(13), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("region", sa.String(5), primary_key=True),
        sa.Column("readers", sa.Integer, nullable=False),
    )
    op.create_index("scan_counts_by_day", "scan_counts", ["day"])
    op.create_table(
        "doubts",
        sa.Column("serial", sa.String(13), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("cause", sa.String(7), primary_key=True),
        sa.Column("since", WIDE, nullable=False),
        sa.Column("ended", WIDE),
    )


def downgrade() -> None:
    op.drop_table("doubts")
    op.drop_index("scan_counts_by_day", "scan_counts")
    op.drop_table("scan_counts")
