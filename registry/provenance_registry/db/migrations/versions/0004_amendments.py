"""Amendments; and of every file that a certificate names, as what and as of which type.

The names are read anew from the certificates: the version before knew their photos alone.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from provenance.certificate import Certificate
from provenance.errors import MalformedError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AT_ONCE = 200
"""Certificates in memory: 13 MB at most."""


def upgrade() -> None:
    op.create_table(
        "amendments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("first", sa.LargeBinary(32), sa.ForeignKey("certificates.digest"), nullable=False),
        sa.Column("replaces", sa.LargeBinary(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("key_id", sa.LargeBinary(32), nullable=False),
        sa.Column("received", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("amendments_by_first", "amendments", ["first", "key_id"])
    op.drop_table("media")
    named = op.create_table(
        "media",
        *_key(),
        sa.Column("kind", sa.String(5), primary_key=True),
        sa.Column("media_type", sa.String(40), primary_key=True),
    )
    connection, last = op.get_bind(), 0
    page = sa.text("SELECT id, data FROM certificates WHERE id > :last ORDER BY id LIMIT :limit")
    while found := connection.execute(page, {"last": last, "limit": AT_ONCE}).all():
        last = found[-1].id
        values = [value for row in found for value in _named(row.id, row.data)]
        if values:
            connection.execute(named.insert(), values)


def downgrade() -> None:
    op.drop_table("amendments")
    connection = op.get_bind()
    photos = connection.execute(
        sa.text("SELECT DISTINCT digest, certificate_id FROM media WHERE kind = 'photo'")
    ).mappings()
    kept = [dict(row) for row in photos.all()]
    op.drop_table("media")
    named = op.create_table("media", *_key())
    if kept:
        connection.execute(named.insert(), kept)


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("certificate_id", sa.Integer, sa.ForeignKey("certificates.id"), primary_key=True),
    )


def _named(certificate_id: int, data: bytes) -> list[dict[str, object]]:
    try:
        piece = Certificate.from_bytes(data).piece
    except MalformedError:
        return []  # A form of before, which nobody can read any more.
    rows = [
        (item.digest.value, kind, item.media_type)
        for kind, items in (("photo", piece.photos), ("scan", piece.scans), ("file", piece.files))
        for item in items
    ]
    names = "digest", "kind", "media_type"
    return [{"certificate_id": certificate_id, **dict(zip(names, row, strict=True))} for row in dict.fromkeys(rows)]
