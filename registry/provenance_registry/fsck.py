"""Checks a registry: what its database says is derived anew from the certificates and the chain.

Nothing is changed: the database is opened for reading alone, and an embedded chain is copied and the copy opened.
At most one batch is in memory, however many there are.  PostgreSQL shows one moment from first to last, so that a
registry with its chain behind a node may go on meanwhile.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa

from provenance.batch import Batch, assemble
from provenance.certificate import Certificate
from provenance.encoding import Address, Digest, Hash32, Root
from provenance.errors import ConfigurationError, LedgerError, MalformedError, ProvenanceError, StorageError
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider
from provenance.merkle import MerkleTree, PartialTree, verify_inclusion
from provenance_registry.db.engine import form_of, forms, is_damage, newer, open_reading, unusable, where_of
from provenance_registry.db.tables import (
    amendment_media,
    amendments,
    batches,
    certificates,
    indexed,
    leaves,
    lots,
    media,
    metadata,
    outbox,
    own_ledger,
    proof_nodes,
)
from provenance_registry.folder import FolderLock
from provenance_registry.fsck_index import check_index, check_states, rows
from provenance_registry.fsck_outbox import check_outbox
from provenance_registry.ledgers import Pin, read_pin

_TOLD = 1_000
_STEP = 250
"""Pieces of work from one word on how far it is to the next."""

Row: TypeAlias = sa.Row[Any]

_ANCHORED = sa.and_(batches.c.open == 0, sa.or_(batches.c.outbox_id.is_(None), outbox.c.sending == "final"))
_BATCHES = (
    sa.select(batches, _ANCHORED.label("anchored"))
    .select_from(batches.outerjoin(outbox, outbox.c.id == batches.c.outbox_id))
    .order_by(batches.c.id)
)
_AS_LEAF = sa.and_(leaves.c.batch_id == certificates.c.batch_id, leaves.c.leaf == certificates.c.leaf)
_PLACES = (
    sa.select(certificates.c.digest)
    .select_from(certificates.outerjoin(leaves, _AS_LEAF))
    .where(certificates.c.batch_id.is_not(None))
    .where(
        sa.or_(*(leaves.c[name].is_distinct_from(certificates.c[name]) for name in ("digest", "token_id", "studio")))
    )
)


@dataclass
class Findings:
    """What was checked and what is wrong: `found` counts all, `faults` tells the first."""

    certificates: int = 0
    batches: int = 0
    files: int = 0
    incomplete: int = 0
    found: int = 0
    faults: list[dict[str, str]] = field(default_factory=list)

    def add(self, fault: str, what: object) -> None:
        """Take note of a fault."""
        self.found += 1
        if len(self.faults) < _TOLD:
            self.faults.append({"fault": fault, "what": str(what)})


class _Tally:
    """Counts what is done of all that there is to do, and tells it now and then."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell, self._done, self._all = tell, 0, 0

    def expect(self, number: int) -> None:
        """Count more that is to be done."""
        self._all += number

    def each(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Hand on rows, each of which is a piece of work."""
        for row in rows:
            yield row
            self.add(1)

    def add(self, number: int) -> None:
        """Count what is done."""
        before, self._done = self._done, self._done + number
        if before // _STEP != self._done // _STEP or self._done >= self._all:
            self._tell(min(self._done, self._all), self._all)


def check(
    data: Path,
    node: str | None = None,
    tell: Callable[[int, int], None] = lambda *_: None,
    database: str | None = None,
) -> Findings:
    """Check the folder `data`, its ledger there or at `node`, its database there or at PostgreSQL's address `database`.

    Raises `ProvenanceError` where that cannot be.  `tell` hears how much is done, and of how much.
    """
    findings = Findings()
    where = database or data / "registry.db"
    if isinstance(where, Path) and not where.is_file():
        raise ConfigurationError("no-registry-here", "{path} holds no registry's database.", path=data)
    try:
        with ExitStack() as opened:
            if (data / "lock").exists() and (database is None or node is None):  # A backup has none.
                opened.callback(FolderLock(data).release)
            engine = open_reading(where)
            opened.callback(engine.dispose)
            _check(engine, data, node, opened, findings, tell)
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=data, reason=error) from None
    return findings


def _check(
    engine: sa.Engine,
    data: Path,
    node: str | None,
    opened: ExitStack,
    findings: Findings,
    tell: Callable[[int, int], None],
) -> None:
    try:
        connection = opened.enter_context(engine.connect())
        _demand_form(where_of(engine), connection)
        if engine.dialect.name == "sqlite":  # Its pages, and that its indexes are those of its tables.
            for (told,) in connection.exec_driver_sql("PRAGMA integrity_check(100)"):
                if told != "ok":
                    findings.add("database-damaged", told)
        pin = _pin(data)
        ledger = _open_ledger(data, node, pin, opened, findings)
        _check_owner(connection, pin, findings)
        tally = _Tally(tell)
        for table in (certificates, amendments, leaves, lots):
            tally.expect(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        tally.expect(sum(1 for _ in _files(data / "media")))
        _check_database(connection, ledger, findings, tally)
        _check_files(data / "media", connection, findings, tally)
    except sa.exc.DBAPIError as error:
        if not is_damage(error):
            raise unusable(where_of(engine), error) from None
        findings.add("database-damaged", error.orig)
    except MalformedError as error:  # A value is none of its kind.
        findings.add("database-damaged", error.message)
    except UnicodeDecodeError as error:  # A text is none.
        findings.add("database-damaged", error.reason)
    except sqlite3.Error as error:  # The chain's file.
        findings.add("chain-damaged", error)
    except Exception as error:
        # What lies in a damaged chain's place may be anything, and so are the errors of the libraries that read it.
        if not any(each["fault"] == "chain-damaged" for each in findings.faults):
            raise
        findings.add("chain-damaged", f"it cannot be read on: {type(error).__name__}")


def _demand_form(where: str, connection: sa.Connection) -> None:
    """Return if the database is of this version's form; raises `StorageError`."""
    known, form = forms(), form_of(connection)
    if form == known[0]:
        return
    if form and form not in known:
        raise newer(where, form)
    raise StorageError(
        "database-not-migrated",
        "The database {path} is of an older version, in form {form}; this version checks form {newest}.",
        hint="Check it with the version that wrote it, or start this version on a copy once, and check that.",
        path=where,
        form=form or "0000",
        newest=known[0],
    )


def _pin(data: Path) -> Pin:
    pin = read_pin(data / "ledger.json")
    if pin is None:
        raise ConfigurationError("no-ledger-record", "{path} does not tell its ledger.", path=data)
    return pin


def _check_owner(database: sa.Connection, pin: Pin, findings: Findings) -> None:
    ledger = pin.ledger
    told = (
        str(ledger.chain_id), ledger.genesis.value, ledger.contract.value, ledger.code_hash.value,
        ledger.deployment_id.value,
    )  # fmt: skip
    columns = (own_ledger.c[name] for name in ("chain_id", "genesis", "contract", "code_hash", "deployment_id"))
    row = database.execute(sa.select(*columns)).first()
    if row is not None and tuple(row) != told:  # Before a first start there is none.
        findings.add("other-ledger", str(Address(row.contract)))


def _open_ledger(data: Path, node: str | None, pin: Pin, opened: ExitStack, findings: Findings) -> EVMLedger:
    if node is not None:
        return EVMLedger(BoundedHTTPProvider(node), pin.ledger.contract, pin.ledger)
    from provenance.evm.chain_check import damaged_pairs, damaged_rows
    from provenance.evm.embedded import EmbeddedChain
    from provenance.evm.embedded_rpc import EmbeddedProvider

    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="kilnmark-fsck-")))
    for name in ("chain.db", "chain.db-wal"):
        if (data / name).exists():
            shutil.copyfile(data / name, folder / name)
    if not (folder / "chain.db").exists():
        raise ConfigurationError("no-chain-here", "{path} holds no chain: set KILNMARK_LEDGER.", path=data)
    for what in damaged_pairs(folder / "chain.db"):
        findings.add("chain-damaged", what)
    chain = EmbeddedChain(folder / "chain.db")
    opened.callback(chain.close)
    for what in damaged_rows(chain):
        findings.add("chain-damaged", what)
    return EVMLedger(EmbeddedProvider(chain), pin.ledger.contract, pin.ledger)


def _check_database(database: sa.Connection, ledger: EVMLedger, findings: Findings, tally: _Tally) -> None:
    for row in tally.each(rows(database, sa.select(certificates).order_by(certificates.c.id))):
        findings.certificates += 1
        _check_certificate(row, findings)
    for row in tally.each(rows(database, sa.select(amendments).order_by(amendments.c.id))):
        findings.certificates += 1
        _check_certificate(row, findings)
    for row in rows(database, _BATCHES):
        findings.batches += 1
        tally.add(_check_batch(row, database, ledger, findings))
    for row in rows(database, _PLACES):
        findings.add("place-differs", row.digest.hex())
    for orphan in _orphans(database):
        findings.add("orphan", orphan)
    for row in tally.each(rows(database, sa.select(lots).order_by(lots.c.lot_id))):
        evidence = ledger.anchor_evidence(Root(row.root), Hash32(row.block_hash))
        told = Hash32(row.transaction_hash), row.anchor_id
        if evidence is None or (evidence.transaction, evidence.anchor_id) != told:
            findings.add("block-differs", f"lot {row.lot_id}")
    check_states(database, findings.add)
    check_index(database, ledger, findings.add)
    for row in rows(database, sa.select(indexed)):
        if _block_hash(ledger, row.block_number) != row.block_hash:
            findings.add("block-differs", f"block {row.block_number}")
    check_outbox(database, ledger, findings.add)


def _orphans(database: sa.Connection) -> Iterator[str]:
    """Yield rows that name another which is not there, by their table and key."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            named = key.column.table.alias()
            there = named.c[key.column.name] == key.parent
            lost = sa.select(*table.primary_key).where(key.parent.is_not(None)).where(~sa.exists().where(there))
            for row in rows(database, lost):
                yield f"{table.name} {' '.join(_told(value) for value in row)}"


def _told(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _block_hash(ledger: EVMLedger, number: int) -> bytes | None:
    try:
        return ledger.block(number).hash.value if number <= ledger.head().number else None
    except LedgerError as error:
        if error.retryable:
            raise
        return None


def _check_certificate(row: Row, findings: Findings) -> None:
    name = row.digest.hex()
    try:
        certificate = Certificate.from_bytes(row.data)
        certificate.check_signature()
    except ProvenanceError:
        findings.add("certificate-damaged", name)
        return
    if certificate.digest.value != row.digest:
        findings.add("digest-differs", name)
    derived = {
        "serial": certificate.piece.serial.compact,
        "did": certificate.issuer.did,
        "name": certificate.issuer.name,
        "key_id": certificate.public_key.key_id.value,
        "list_id": certificate.status_entry.list_id,
        "list_index": certificate.status_entry.index,
    }
    kept = row._mapping
    if any(kept[column] != value for column, value in derived.items() if column in kept):
        findings.add("columns-differ", name)


def _check_batch(row: Row, database: sa.Connection, ledger: EVMLedger, findings: Findings) -> int:
    """Check a batch, and return how many leaves it has."""
    name = f"batch {row.id}"
    kept = database.execute(sa.select(leaves).where(leaves.c.batch_id == row.id).order_by(leaves.c.leaf)).all()
    if row.missing:
        findings.incomplete += 1
        _check_proofs(row, kept, database, findings)
    elif not kept or MerkleTree([leaf.digest for leaf in kept]).root != row.root:
        findings.add("root-differs", name)
    else:
        batch = assemble((Address(leaf.studio), Digest(leaf.digest)) for leaf in kept)
        if [leaf.leaf for leaf in kept] != list(range(len(kept))) or batch.root.value != row.root:
            findings.add("leaf-order", name)
        elif not _has_tokens(kept, batch, row.first_lot):
            findings.add("token-differs", name)
    if row.anchored and ledger.anchor_id_of(Root(row.root)) is None:
        findings.add("anchor-missing", name)
    return len(kept)


def _has_tokens(kept: Sequence[Row], batch: Batch, first_lot: int) -> bool:
    try:
        return all(leaf.token_id == str(batch.token_id(leaf.leaf, first_lot)) for leaf in kept)
    except ProvenanceError:  # No lot has that number.
        return False


def _check_proofs(row: Row, kept: Sequence[Row], database: sa.Connection, findings: Findings) -> None:
    """Check the leaves of a batch that was rebuilt and lacks others: each has a path to the root."""
    told = database.execute(sa.select(proof_nodes).where(proof_nodes.c.batch_id == row.id))
    size = row.missing + len(kept)
    tree = PartialTree(size, {(node.level, node.place): node.hash for node in told})
    for leaf in kept:
        try:
            verify_inclusion(leaf.digest, leaf.leaf, size, tree.path(leaf.leaf), row.root)
        except ProvenanceError:
            findings.add("proof-differs", leaf.digest.hex())


def _check_files(folder: Path, database: sa.Connection, findings: Findings, tally: _Tally) -> None:
    for path in _files(folder):
        findings.files += 1
        tally.add(1)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                findings.add("file-damaged", path.name)
        digest = bytes.fromhex(path.name)
        named = (sa.select(sa.literal(1)).where(table.c.digest == digest) for table in (media, amendment_media))
        if database.execute(sa.union(*named)).first() is None:
            findings.add("file-orphan", path.name)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.glob("??/*"):
        if re.fullmatch("[0-9a-f]{64}", path.name):
            yield path
