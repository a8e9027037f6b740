"""Reports of pieces, and orders that raise doubts about tags and end them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance_registry.db.tables import WIDE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("serial", sa.String(13), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("received", WIDE, nullable=False),
        sa.Column("more", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("reports_by_serial", "reports", ["serial"])
    op.create_index("reports_by_did", "reports", ["did", "id"])
    op.create_index("reports_by_time", "reports", ["received"])
    op.create_table(
        "report_ends",
        sa.Column("report", sa.Integer, sa.ForeignKey("reports.id"), primary_key=True),
        sa.Column("side", sa.String(7), primary_key=True),
        sa.Column("closed", WIDE, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.add_column("doubts", sa.Column("told", WIDE))
    op.add_column("doubts", sa.Column("data", sa.LargeBinary))


def downgrade() -> None:
    with op.batch_alter_table("doubts") as batch:
        batch.drop_column("data")
        batch.drop_column("told")
    op.drop_table("report_ends")
    for name in ("reports_by_time", "reports_by_did", "reports_by_serial"):
        op.drop_index(name, "reports")
    op.drop_table("reports")
