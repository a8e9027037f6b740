"""Times after 2038, and counters that others keep, are as wide on PostgreSQL as they always were on SQLite.

PostgreSQL writes the tables anew for that.  Downwards it refuses, and changes nothing, where a number is too large.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BLOCK = "block_number", "block_time"
WIDENED = {
    "certificates": ("received",),
    "amendments": ("received",),
    "outbox": ("nonce", *_BLOCK),
    "former_bytes": ("nonce",),
    "batches": ("first_lot",),
    "indexed": _BLOCK,
    "lots": ("lot_id", "anchor_id", *_BLOCK),
    "token_events": _BLOCK,
    "directory_events": _BLOCK,
}


def upgrade() -> None:
    _make("BIGINT")


def downgrade() -> None:
    _make("INTEGER")


def _make(kind: str) -> None:
    if op.get_bind().dialect.name == "sqlite":  # Its integers have 64 bits, whatever they are called.
        return
    for table, columns in WIDENED.items():
        op.execute(f"ALTER TABLE {table} " + ", ".join(f"ALTER COLUMN {name} TYPE {kind}" for name in columns))
