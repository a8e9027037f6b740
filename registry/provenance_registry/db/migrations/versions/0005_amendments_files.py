"""What amendments name stands under them: it counts once the ledger names the amendment, and not before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance.certificate import Certificate
from provenance.errors import MalformedError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    named = op.create_table(
        "amendment_media",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("amendment_id", sa.Integer, sa.ForeignKey("amendments.id"), primary_key=True),
        sa.Column("kind", sa.String(5), primary_key=True),
        sa.Column("media_type", sa.String(40), primary_key=True),
    )
    connection = op.get_bind()
    firsts = sa.text("SELECT DISTINCT c.id, c.data FROM certificates c JOIN amendments a ON a.first = c.digest")
    theirs = sa.text("SELECT id, data FROM amendments WHERE first = (SELECT digest FROM certificates WHERE id = :id)")
    unnamed = sa.text(
        "DELETE FROM media WHERE certificate_id = :id AND digest = :digest "
        "AND kind = :kind AND media_type = :media_type"
    )
    for first in connection.execute(firsts).all():
        own = _named(first.data)
        for amendment in connection.execute(theirs, {"id": first.id}).all():
            for digest, kind, media_type in _named(amendment.data):
                values = {"digest": digest, "kind": kind, "media_type": media_type}
                connection.execute(named.insert(), {"amendment_id": amendment.id, **values})
                if (digest, kind, media_type) not in own:
                    connection.execute(unnamed, {"id": first.id, **values})


def downgrade() -> None:
    op.execute(
        "INSERT INTO media (digest, certificate_id, kind, media_type) "
        "SELECT DISTINCT m.digest, c.id, m.kind, m.media_type FROM amendment_media m "
        "JOIN amendments a ON a.id = m.amendment_id JOIN certificates c ON c.digest = a.first "
        "WHERE NOT EXISTS (SELECT 1 FROM media n WHERE n.digest = m.digest AND n.certificate_id = c.id "
        "AND n.kind = m.kind AND n.media_type = m.media_type)"
    )
    op.drop_table("amendment_media")


def _named(data: bytes) -> list[tuple[bytes, str, str]]:
    try:
        piece = Certificate.from_bytes(data).piece
    except MalformedError:
        return []  # A form of before, which nobody can read any more.
    kinds = ("photo", piece.photos), ("scan", piece.scans), ("file", piece.files)
    rows = [(item.digest.value, kind, item.media_type) for kind, items in kinds for item in items]
    return list(dict.fromkeys(rows))
