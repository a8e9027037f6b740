"""Hand-overs and succession: releases, all relayed messages in one table, and an index that knows holders.

The index is a projection of the ledger: it is emptied here and read anew at the next start.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATUSES = "ACTIVE", "ON_HOLD", "REVOKED", "RETIRED"
BLOCK = (("block_hash", sa.LargeBinary(32)), ("block_time", sa.Integer))


def upgrade() -> None:
    _forget_the_index()
    op.create_table(
        "lots",
        sa.Column("lot_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("offset", sa.Integer, nullable=False),
        sa.Column("anchor_id", sa.Integer, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("leaf_count", sa.Integer, nullable=False),
        sa.Column("anchored_time", sa.BigInteger, nullable=False),
        sa.Column("anchored_block", sa.BigInteger, nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("block_number", sa.Integer, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in BLOCK),
    )
    _index_lots()
    _create_events(
        "token_events",
        sa.Column("token_id", sa.String(20), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("status_time", sa.BigInteger),
        sa.Column("digest", sa.LargeBinary(32)),
        sa.Column("amended_time", sa.BigInteger),
        sa.Column("amendments", sa.Integer),
        sa.Column("holder", sa.LargeBinary(20)),
        sa.Column("nonce", sa.String(20)),
        sa.Column("lost_since", sa.BigInteger),
        sa.Column("found_from", sa.BigInteger),
    )
    _create_directory_events(studio_needed=False)
    op.create_table(
        "releases",
        sa.Column("token_id", sa.String(20), primary_key=True),
        sa.Column("claim_key", sa.LargeBinary(20), primary_key=True),
        sa.Column("nonce", sa.String(20), primary_key=True),
        sa.Column("deadline", sa.String(20), nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "relayed",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("token_id", sa.String(20), nullable=False),
        sa.Column("number", sa.String(80), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id"), nullable=False),
    )
    op.create_index("relayed_by_number", "relayed", ["number"])
    for row in op.get_bind().execute(sa.text("SELECT * FROM orders")).mappings().all():
        values = {
            "id": row["id"],
            "token_id": row["token_id"],
            "number": f"0x{bytes(row['studio']).hex()}/{row['nonce']}",
            "facts": json.dumps({"status": STATUSES[row["status"]]}),
            "outbox_id": row["outbox_id"],
        }
        insert = "INSERT INTO relayed VALUES (:id, 'status', :token_id, :number, :facts, :outbox_id)"
        op.get_bind().execute(sa.text(insert), values)
    op.drop_table("orders")
    op.execute("UPDATE outbox SET kind = 'relay' WHERE kind = 'status'")


def downgrade() -> None:
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
    for row in op.get_bind().execute(sa.text("SELECT * FROM relayed WHERE kind = 'status'")).mappings().all():
        studio, _, nonce = row["number"].partition("/")
        values = {
            "id": row["id"],
            "token_id": row["token_id"],
            "status": STATUSES.index(json.loads(row["facts"])["status"]),
            "studio": bytes.fromhex(studio[2:]),
            "nonce": nonce,
            "outbox_id": row["outbox_id"],
        }
        insert = "INSERT INTO orders VALUES (:id, :token_id, :status, :studio, :nonce, :outbox_id)"
        op.get_bind().execute(sa.text(insert), values)
    op.drop_table("relayed")
    op.drop_table("releases")
    op.execute("UPDATE outbox SET kind = 'status' WHERE kind = 'relay'")
    _forget_the_index()
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
        *(sa.Column(name, kind, nullable=False) for name, kind in BLOCK),
    )
    _index_lots()
    _create_events(
        "token_events",
        sa.Column("token_id", sa.String(20), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("digest", sa.LargeBinary(32)),
        sa.Column("amendments", sa.Integer),
    )
    _create_directory_events(studio_needed=True)


def _forget_the_index() -> None:
    for table in ("directory_events", "token_events", "lots"):
        op.drop_table(table)
    op.execute("DELETE FROM indexed")


def _create_events(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("block_number", sa.Integer, primary_key=True),
        sa.Column("log_index", sa.Integer, primary_key=True),
        *(sa.Column(name, kind, nullable=False) for name, kind in BLOCK),
        *columns,
    )
    if name == "token_events":
        op.create_index("token_events_by_token", name, ["token_id", "block_number", "log_index"])


def _create_directory_events(*, studio_needed: bool) -> None:
    _create_events(
        "directory_events",
        sa.Column("transaction_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("studio", sa.LargeBinary(20), nullable=not studio_needed),
        sa.Column("facts", sa.Text, nullable=False),
    )


def _index_lots() -> None:
    op.create_index("lots_by_root", "lots", ["root"])
    op.create_index("lots_by_block", "lots", ["block_number"])
