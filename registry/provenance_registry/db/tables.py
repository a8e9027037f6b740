"""The tables, as SQLAlchemy Core sees them; Alembic's migrations make them.

The index of the ledger (``lots``, ``token_events``, ``directory_events``) only ever grows, and every row carries its
block: forgetting the blocks after a reorganisation is one DELETE a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

WIDE = BigInteger().with_variant(Integer(), "sqlite")
"""Seconds since 1970, and what a chain counts: in 32 bits the one would end in 2038.  SQLite's integers have 64."""

VOUCHED = text("state <> 'held'")
"""Certificates under a key that the ledger's directory knows: only they take a serial and a place in a status list, or
anybody could shut a studio out by signing in its name."""

HELD = text("state = 'held'")
"""The others, of which a stranger can make many: what is asked of them is answered by an index alone."""

OPEN = text("sending NOT IN ('final', 'reverted')")
"""What has not come to an end in the outbox: a few of all that was ever sent, which every turn asks for."""

certificates = Table(
    "certificates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("serial", String(13), nullable=False),
    Column("did", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", LargeBinary(32), nullable=False),
    Column("list_id", String(12), nullable=False),
    Column("list_index", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", String(40)),
    Column("received", WIDE, nullable=False),
    Column("studio", LargeBinary(20)),
    Column("batch_id", Integer, ForeignKey("batches.id")),
    Column("leaf", Integer),
    Column("token_id", String(20)),
    Column("data", LargeBinary, nullable=False),  # Last: what looks at other columns never reads through it.
    UniqueConstraint("batch_id", "leaf"),
    Index("vouched_serials", "serial", unique=True, sqlite_where=VOUCHED, postgresql_where=VOUCHED),
    Index("vouched_places", "list_id", "list_index", unique=True, sqlite_where=VOUCHED, postgresql_where=VOUCHED),
    Index("held_groups", "state", "did", "name", "key_id", "reason", sqlite_where=HELD, postgresql_where=HELD),
    Index("certificates_by_serial", "serial"),
    Index("certificates_by_state", "state", "id"),
    Index("certificates_by_token", "token_id"),
)

tag_voids = Table(
    "tag_voids",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("serial", String(13), nullable=False),
    Column("number", Integer, nullable=False),
    Column("received", WIDE, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("serial", "number"),
)
"""Tags that count no more, as the studios signed it: of each the first word."""

print_links = Table(
    "print_links",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("studio", LargeBinary(20), nullable=False),
    Column("key_id", LargeBinary(32), nullable=False),
    Column("received", WIDE, nullable=False),
    Column("expires", WIDE, nullable=False),
    Column("ended", WIDE),
    Column("data", LargeBinary, nullable=False),
    Index("print_links_by_studio", "studio", "expires"),
)
"""Links by which shops print tags, as the studios signed them: with the digest of each link's secret, and without it.
One that was withdrawn stays, or its order could be sent again."""

print_marks = Table(
    "print_marks",
    metadata,
    Column("link", String(16), ForeignKey("print_links.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("prints", Integer, nullable=False),
    Column("printed", WIDE),
    Column("spoiled", WIDE),
)
"""What became of the tags of a link, by their places in it: how often and when last each was printed, and since when
the shop has it for spoiled."""

scan_counts = Table(
    "scan_counts",
    metadata,
    Column("serial", String(13), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("region", String(5), primary_key=True),
    Column("readers", Integer, nullable=False),
    Index("scan_counts_by_day", "day"),
)
"""How many readers scanned a tag on a day (days since 1970), by the language of their browsers: nobody's address, and
nothing made of one."""

doubts = Table(
    "doubts",
    metadata,
    Column("serial", String(13), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("cause", String(7), primary_key=True),
    Column("since", WIDE, nullable=False),
    Column("ended", WIDE),
    Column("told", WIDE),
    Column("data", LargeBinary),
)
"""Why a tag may have been copied: `number` 0 is every tag of the piece.  One that was ended stays, for its time.

`data` is the last order about it of whose word it is, and `told` its time: no earlier one counts any more."""

reports = Table(
    "reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("serial", String(13), nullable=False),
    Column("number", Integer, nullable=False),
    Column("did", Text, nullable=False),
    Column("reason", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("language", String(20), nullable=False),
    Column("received", WIDE, nullable=False),
    Column("more", Integer, nullable=False),
    Index("reports_by_serial", "serial"),
    Index("reports_by_did", "did", "id"),
    Index("reports_by_time", "received"),
    sqlite_autoincrement=True,  # A number that was forgotten is no other report's.
)
"""What people report of pieces, for studio and steward alone; `more` counts those whose words were not kept."""

report_ends = Table(
    "report_ends",
    metadata,
    Column("report", Integer, ForeignKey("reports.id"), primary_key=True),
    Column("side", String(7), primary_key=True),
    Column("closed", WIDE, nullable=False),
    Column("note", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Which side has closed a report, by the order `data`."""

status_lists = Table(
    "status_lists",
    metadata,
    Column("list_id", String(12), primary_key=True),
    Column("did", Text, nullable=False),
)
"""Whose a status list is: the studio's that first had a certificate in it while the directory vouched for it."""

media = Table(
    "media",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("certificate_id", Integer, ForeignKey("certificates.id"), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("media_type", String(40), primary_key=True),
)
"""The photos, scans and files that certificates name."""

amendments = Table(
    "amendments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("first", LargeBinary(32), ForeignKey("certificates.digest"), nullable=False),
    Column("replaces", LargeBinary(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key_id", LargeBinary(32), nullable=False),
    Column("received", WIDE, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("amendments_by_first", "first", "key_id"),
)
"""Certificates that replace another: never anchored, and shown once the ledger names their digest.  `first` is the
certificate that was anchored, `number` counts from it."""

amendment_media = Table(
    "amendment_media",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("amendment_id", Integer, ForeignKey("amendments.id"), primary_key=True),
    Column("kind", String(5), primary_key=True),
    Column("media_type", String(40), primary_key=True),
)
"""The photos, scans and files that amendments name: what one says counts once the ledger names it."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("account", LargeBinary(20), nullable=False),
    Column("nonce", WIDE, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("sending", String(10), nullable=False),
    Column("block_number", WIDE),
    Column("block_hash", LargeBinary(32)),
    Column("block_time", WIDE),
    Column("error", Text),
    UniqueConstraint("account", "nonce"),
    Index("open_entries", "account", "nonce", sqlite_where=OPEN, postgresql_where=OPEN),
)

former_bytes = Table(
    "former_bytes",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False),
    Column("nonce", WIDE, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("former_bytes_by_entry", "outbox_id"),
)
"""What an entry's call was signed as before, under nonces that the chain did not take."""

own_ledger = Table(
    "own_ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("chain_id", String(78), nullable=False),
    Column("genesis", LargeBinary(32), nullable=False),
    Column("contract", LargeBinary(20), nullable=False),
    Column("code_hash", LargeBinary(32), nullable=False),
    Column("deployment_id", LargeBinary(32), nullable=False),
)
"""The ledger that all of this is about: one row."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)
"""Who may send, until when in milliseconds of the database's clock, and under which token."""

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("root", LargeBinary(32), nullable=False),
    Column("first_lot", WIDE, nullable=False),
    Column("outbox_id", Integer, ForeignKey("outbox.id")),
    Column("open", Integer, nullable=False),
    Column("examined", Integer, nullable=False),
    Column("missing", Integer, nullable=False, server_default="0"),  # Leaves of it that are not known.
    Index("batches_by_root", "root"),
    Index("batches_by_entry", "outbox_id"),
    Index("batches_by_work", "examined", "open"),
)

leaves = Table(
    "leaves",
    metadata,
    Column("batch_id", Integer, ForeignKey("batches.id"), primary_key=True),
    Column("leaf", Integer, primary_key=True),
    Column("digest", LargeBinary(32), ForeignKey("certificates.digest"), nullable=False),
    Column("studio", LargeBinary(20), nullable=False),
    Column("token_id", String(20), nullable=False),
    Index("leaves_by_digest", "digest"),
)
"""What every batch was sealed with; no row is ever changed or deleted.  A reverted batch may be anchored after all once
the chain is rearranged, and its tree is made of all its leaves, wherever their certificates stand by then."""

proof_nodes = Table(
    "proof_nodes",
    metadata,
    Column("batch_id", Integer, ForeignKey("batches.id"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False),
)
"""Of a batch that is rebuilt and lacks leaves: the nodes of its tree that inclusion proofs tell, leaves at level 0."""

relayed = Table(
    "relayed",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("token_id", String(20), nullable=False),
    Column("number", String(80), nullable=False),
    Column("facts", Text, nullable=False),
    Column("outbox_id", Integer, ForeignKey("outbox.id"), nullable=False),
    Index("relayed_by_number", "number"),
)
"""Signed messages that the relayer sent for others; `number` is what each of them uses up on the ledger."""

releases = Table(
    "releases",
    metadata,
    Column("token_id", String(20), primary_key=True),
    Column("claim_key", LargeBinary(20), primary_key=True),
    Column("nonce", String(20), primary_key=True),
    Column("deadline", String(20), nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""What holders signed; useless to whoever has not the claim key."""


def _of_block(*, key: bool = False) -> Iterator[Column[Any]]:
    """Return the columns that name a block."""
    yield Column("block_number", WIDE, primary_key=key, nullable=False)
    yield Column("block_hash", LargeBinary(32), nullable=False)
    yield Column("block_time", WIDE, nullable=False)


def _of_event() -> Iterator[Column[Any]]:
    """Return the columns that name an event by its block and its place there."""
    yield from _of_block(key=True)
    yield Column("log_index", Integer, primary_key=True)


indexed = Table(
    "indexed",
    metadata,
    Column("id", Integer, primary_key=True),
    *_of_block(),
)

lots = Table(
    "lots",
    metadata,
    Column("lot_id", WIDE, primary_key=True, autoincrement=False),
    Column("studio", LargeBinary(20), nullable=False),
    Column("count", Integer, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("anchor_id", WIDE, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("leaf_count", Integer, nullable=False),
    Column("anchored_time", BigInteger, nullable=False),
    Column("anchored_block", BigInteger, nullable=False),
    Column("transaction_hash", LargeBinary(32), nullable=False),
    *_of_block(),
    Index("lots_by_root", "root"),
    Index("lots_by_block", "block_number"),
)
"""The block is that of the event; `anchored_time` and `anchored_block` are the anchor's, which a successor takes over
from its predecessor."""

token_events = Table(
    "token_events",
    metadata,
    *_of_event(),
    Column("token_id", String(20), nullable=False),
    Column("status", Integer),
    Column("status_time", BigInteger),
    Column("by_steward", Boolean),
    Column("digest", LargeBinary(32)),
    Column("amended_time", BigInteger),
    Column("amendments", Integer),
    Column("holder", LargeBinary(20)),
    Column("nonce", String(20)),
    Column("lost_since", BigInteger),
    Column("found_from", BigInteger),
    Index("token_events_by_token", "token_id", "block_number", "log_index"),
)
"""What the events of a piece up to each of them add up to; 0 or null says "none".  `by_steward` tells who set the
status, and is null as well where that was before the index kept it.

So a piece's newest row says all, however many there are, and is right again after the later ones are forgotten."""

directory_events = Table(
    "directory_events",
    metadata,
    *_of_event(),
    Column("transaction_hash", LargeBinary(32), nullable=False),
    Column("kind", String(30), nullable=False),
    Column("studio", LargeBinary(20)),
    Column("facts", Text, nullable=False),
)
"""Events of studios and keys, and of the clock of an import, which dates them."""
