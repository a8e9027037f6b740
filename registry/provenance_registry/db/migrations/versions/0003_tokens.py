"""Former bytes of the outbox, and what the events of each token add up to so far.

The index is a projection of the ledger: it is emptied here and read anew at the next start.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_bytes",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id"), nullable=False),
        sa.Column("nonce", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_index("former_bytes_by_entry", "former_bytes", ["outbox_id"])


def downgrade() -> None:
    op.drop_table("former_bytes")
