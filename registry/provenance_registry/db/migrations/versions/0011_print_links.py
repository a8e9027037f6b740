"""Links by which shops print tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance_registry.db.tables import WIDE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "print_links",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("key_id", sa.LargeBinary(32), nullable=False),
        sa.Column("received", WIDE, nullable=False),
        sa.Column("expires", WIDE, nullable=False),
        sa.Column("ended", WIDE),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("print_links_by_studio", "print_links", ["studio", "expires"])
    op.create_table(
        "print_marks",
        sa.Column("link", sa.String(16), sa.ForeignKey("print_links.id"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("prints", sa.Integer, nullable=False),
        sa.Column("printed", WIDE),
        sa.Column("spoiled", WIDE),
    )


def downgrade() -> None:
    op.drop_table("print_marks")
    op.drop_index("print_links_by_studio", "print_links")
    op.drop_table("print_links")
