"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("account", sa.LargeBinary(20), nullable=False),
        sa.Column("nonce", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("sending", sa.String(10), nullable=False),
        sa.Column("block_number", sa.Integer),
        sa.Column("block_hash", sa.LargeBinary(32)),
        sa.Column("block_time", sa.Integer),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("account", "nonce"),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("first_lot", sa.Integer, nullable=False),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id")),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("examined", sa.Integer, nullable=False),
    )
    op.create_index("batches_by_work", "batches", ["examined", "open"])
    op.create_index("batches_by_root", "batches", ["root"])
    op.create_index("batches_by_entry", "batches", ["outbox_id"])
    op.create_table(
        "certificates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("serial", sa.String(13), nullable=False),
        sa.Column("did", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("key_id", sa.LargeBinary(32), nullable=False),
        sa.Column("list_id", sa.String(12), nullable=False),
        sa.Column("list_index", sa.Integer, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("received", sa.Integer, nullable=False),
        sa.Column("studio", sa.LargeBinary(20)),
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batches.id")),
        sa.Column("leaf", sa.Integer),
        sa.Column("token_id", sa.String(20)),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("batch_id", "leaf"),
    )
    vouched = sa.text("state <> 'held'")
    for name, columns in (("vouched_serials", ["serial"]), ("vouched_places", ["list_id", "list_index"])):
        op.create_index(name, "certificates", columns, unique=True, sqlite_where=vouched, postgresql_where=vouched)
    held, group = sa.text("state = 'held'"), ["state", "did", "name", "key_id", "reason"]
    op.create_index("held_groups", "certificates", group, sqlite_where=held, postgresql_where=held)
    op.create_index("certificates_by_serial", "certificates", ["serial"])
    op.create_index("certificates_by_state", "certificates", ["state", "id"])
    op.create_index("certificates_by_token", "certificates", ["token_id"])
    op.create_table(
        "status_lists",
        sa.Column("list_id", sa.String(12), primary_key=True),
        sa.Column("did", sa.Text, nullable=False),
    )
    op.create_table(
        "media",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("certificate_id", sa.Integer, sa.ForeignKey("certificates.id"), primary_key=True),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("token_id", sa.String(20), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("nonce", sa.String(20), nullable=False),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id"), nullable=False),
    )
    op.create_index("orders_by_number", "orders", ["studio", "nonce"])
    op.create_table(
        "leaves",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("leaf", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), sa.ForeignKey("certificates.digest"), nullable=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("token_id", sa.String(20), nullable=False),
    )
    op.create_index("leaves_by_digest", "leaves", ["digest"])
    op.create_table(
        "indexed",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("block_number", sa.Integer, nullable=False),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_time", sa.Integer, nullable=False),
    )
    op.create_table(
        "lots",
        sa.Column("lot_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("offset", sa.Integer, nullable=False),
        sa.Column("anchor_id", sa.Integer, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("leaf_count", sa.Integer, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_number", sa.Integer, nullable=False),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_time", sa.Integer, nullable=False),
    )
    op.create_index("lots_by_root", "lots", ["root"])
    op.create_index("lots_by_block", "lots", ["block_number"])
    op.create_table(
        "token_events",
        sa.Column("block_number", sa.Integer, primary_key=True),
        sa.Column("log_index", sa.Integer, primary_key=True),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_time", sa.Integer, nullable=False),
        sa.Column("token_id", sa.String(20), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("digest", sa.LargeBinary(32)),
        sa.Column("amendments", sa.Integer),
    )
    op.create_index("token_events_by_token", "token_events", ["token_id", "block_number", "log_index"])
    op.create_table(
        "directory_events",
        sa.Column("block_number", sa.Integer, primary_key=True),
        sa.Column("log_index", sa.Integer, primary_key=True),
        sa.Column("block_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_time", sa.Integer, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in (
        "directory_events",
        "token_events",
        "lots",
        "indexed",
        "leaves",
        "orders",
        "media",
        "status_lists",
        "certificates",
        "batches",
        "outbox",
    ):
        op.drop_table(table)
