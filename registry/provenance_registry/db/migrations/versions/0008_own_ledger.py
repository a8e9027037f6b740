"""The ledger that a database belongs to stands in it: the next start writes it down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "own_ledger",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("chain_id", sa.String(78), nullable=False),
        sa.Column("genesis", sa.LargeBinary(32), nullable=False),
        sa.Column("contract", sa.LargeBinary(20), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("deployment_id", sa.LargeBinary(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("own_ledger")
