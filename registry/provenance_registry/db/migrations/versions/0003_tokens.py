"""Former bytes of the outbox, and rows of tokens that say all that the events up to them add up to.

Who set a status is not told of those that were set before: the version before did not keep it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SAID = "status", "status_time", "digest", "amended_time", "amendments", "holder", "nonce", "lost_since", "found_from"


def upgrade() -> None:
    op.create_table(
        "former_bytes",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("outbox_id", sa.Integer, sa.ForeignKey("outbox.id"), nullable=False),
        sa.Column("nonce", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_index("former_bytes_by_entry", "former_bytes", ["outbox_id"])
    open_ = sa.text("sending NOT IN ('final', 'reverted')")
    op.create_index("open_entries", "outbox", ["account", "nonce"], sqlite_where=open_, postgresql_where=open_)
    op.add_column("token_events", sa.Column("by_steward", sa.Boolean))
    _add_up()


def _add_up() -> None:
    """Write into each row what the rows before it said, of a column that it said nothing of."""
    known: dict[str, object] = {}
    several = "SELECT token_id FROM token_events GROUP BY token_id HAVING count(*) > 1"
    query = sa.text(
        f"SELECT * FROM token_events WHERE token_id IN ({several}) ORDER BY token_id, block_number, log_index"  # noqa: S608
    )
    for row in op.get_bind().execute(query).mappings().all():
        if row["token_id"] != known.get("token_id"):
            known = {name: None if name in ("digest", "holder") else 0 for name in SAID} | {"nonce": "0"}
        if row["lost_since"] is not None:
            known["found_from"] = 0
        known |= {name: value for name, value in row.items() if value is not None}
        values = ", ".join(f"{name} = :{name}" for name in SAID)
        place = "block_number = :block_number AND log_index = :log_index"
        update = f"UPDATE token_events SET {values} WHERE {place}"  # noqa: S608 - no text from outside
        op.get_bind().execute(sa.text(update), known)


def downgrade() -> None:
    # Rows that say all add up to the same where each is taken for what its event said.
    op.drop_column("token_events", "by_steward")
    op.drop_index("open_entries", "outbox")
    op.drop_table("former_bytes")
