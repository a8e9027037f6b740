"""Checks a registry's folder: what the database says is derived anew from the certificates and the chain.

Nothing is changed: the database is opened for reading alone, and an embedded chain is copied and the copy opened.
At most one batch is in memory, however many there are.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from provenance.batch import assemble
from provenance.certificate import Certificate
from provenance.encoding import Address, Digest, Hash32, Root
from provenance.errors import ConfigurationError, LedgerError, ProvenanceError, StorageError
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider
from provenance.merkle import MerkleTree, PartialTree, verify_inclusion
from provenance_registry.db.engine import forms, newer
from provenance_registry.folder import FolderLock
from provenance_registry.ledgers import Pin, read_pin

_TOLD = 1_000
_STEP = 250
"""Pieces of work from one word on how far it is to the next."""

_BATCHES = """
    SELECT b.id, b.root, b.first_lot, b.missing, b.open = 0 AND (b.outbox_id IS NULL OR o.sending = 'final') AS anchored
    FROM batches b LEFT JOIN outbox o ON o.id = b.outbox_id ORDER BY b.id
"""
_PLACES = """
    SELECT c.digest FROM certificates c LEFT JOIN leaves l ON l.batch_id = c.batch_id AND l.leaf = c.leaf
    WHERE c.batch_id IS NOT NULL AND (l.digest IS NOT c.digest OR l.token_id IS NOT c.token_id
        OR l.studio IS NOT c.studio)
"""
_NAMED = "SELECT 1 FROM media WHERE digest = :digest UNION SELECT 1 FROM amendment_media WHERE digest = :digest"


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

    def each(self, rows: Iterator[sqlite3.Row]) -> Iterator[sqlite3.Row]:
        """Hand on rows, each of which is a piece of work."""
        for row in rows:
            yield row
            self.add(1)

    def add(self, number: int) -> None:
        """Count what is done."""
        before, self._done = self._done, self._done + number
        if before // _STEP != self._done // _STEP or self._done >= self._all:
            self._tell(min(self._done, self._all), self._all)


def check(data: Path, node: str | None = None, tell: Callable[[int, int], None] = lambda *_: None) -> Findings:
    """Check the folder `data`, its ledger there or at `node`; raises `ProvenanceError` where that cannot be.

    `tell` hears how much is done, and of how much.
    """
    findings = Findings()
    if not (data / "registry.db").is_file():
        raise ConfigurationError("no-registry-here", "{path} holds no registry's database.", path=data)
    try:
        with ExitStack() as opened:
            if (data / "lock").exists():  # A backup has none.
                opened.callback(FolderLock(data).release)
            address = f"{(data / 'registry.db').absolute().as_uri()}?mode=ro"
            database = opened.enter_context(closing(sqlite3.connect(address, uri=True)))
            database.row_factory = sqlite3.Row
            _demand_form(data / "registry.db", database)
            pin = _pin(data)
            ledger = _open_ledger(data, node, pin, opened)
            _check_owner(database, pin, findings)
            tally = _Tally(tell)
            for table in ("certificates", "amendments", "leaves", "lots"):
                tally.expect(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
            tally.expect(sum(1 for _ in _files(data / "media")))
            _check_database(database, ledger, findings, tally)
            _check_files(data / "media", database, findings, tally)
    except sqlite3.DatabaseError as error:
        findings.add("database-damaged", error)
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=data, reason=error) from None
    return findings


def _demand_form(path: Path, database: sqlite3.Connection) -> None:
    """Return if the database is of this version's form; raises `StorageError`."""
    known = forms()
    try:
        row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:  # There is no such table.
        row = None
    form = str(row[0]) if row is not None else ""
    if form == known[0]:
        return
    if form and form not in known:
        raise newer(str(path), form)
    raise StorageError(
        "database-not-migrated",
        "The database {path} is of an older version, in form {form}; this version checks form {newest}.",
        hint="Check it with the version that wrote it, or start this version on a copy once, and check that.",
        path=path,
        form=form or "0000",
        newest=known[0],
    )


def _pin(data: Path) -> Pin:
    pin = read_pin(data / "ledger.json")
    if pin is None:
        raise ConfigurationError("no-ledger-record", "{path} does not tell its ledger.", path=data)
    return pin


def _check_owner(database: sqlite3.Connection, pin: Pin, findings: Findings) -> None:
    ledger = pin.ledger
    told = (
        str(ledger.chain_id), ledger.genesis.value, ledger.contract.value, ledger.code_hash.value,
        ledger.deployment_id.value,
    )  # fmt: skip
    row = database.execute("SELECT chain_id, genesis, contract, code_hash, deployment_id FROM own_ledger").fetchone()
    if row is not None and tuple(row) != told:  # Before a first start there is none.
        findings.add("other-ledger", str(Address(row["contract"])))


def _open_ledger(data: Path, node: str | None, pin: Pin, opened: ExitStack) -> EVMLedger:
    if node is not None:
        return EVMLedger(BoundedHTTPProvider(node), pin.ledger.contract, pin.ledger)
    from provenance.evm.embedded import EmbeddedChain
    from provenance.evm.embedded_rpc import EmbeddedProvider

    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="kilnmark-fsck-")))
    for name in ("chain.db", "chain.db-wal"):
        if (data / name).exists():
            shutil.copyfile(data / name, folder / name)
    if not (folder / "chain.db").exists():
        raise ConfigurationError("no-chain-here", "{path} holds no chain: set KILNMARK_LEDGER.", path=data)
    chain = EmbeddedChain(folder / "chain.db")
    opened.callback(chain.close)
    return EVMLedger(EmbeddedProvider(chain), pin.ledger.contract, pin.ledger)


def _check_database(database: sqlite3.Connection, ledger: EVMLedger, findings: Findings, tally: _Tally) -> None:
    for row in tally.each(database.execute("SELECT * FROM certificates ORDER BY id")):
        findings.certificates += 1
        _check_certificate(row, findings)
    for row in tally.each(database.execute("SELECT digest, key_id, data FROM amendments ORDER BY id")):
        findings.certificates += 1
        _check_certificate(row, findings)
    for row in database.execute(_BATCHES):
        findings.batches += 1
        tally.add(_check_batch(row, database, ledger, findings))
    for row in database.execute(_PLACES):
        findings.add("place-differs", row["digest"].hex())
    for row in database.execute("PRAGMA foreign_key_check"):
        findings.add("orphan", f"{row['table']} {row['rowid']}")
    lots = "SELECT lot_id, root, block_hash, transaction_hash, anchor_id FROM lots ORDER BY lot_id"
    for row in tally.each(database.execute(lots)):
        evidence = ledger.anchor_evidence(Root(row["root"]), Hash32(row["block_hash"]))
        told = Hash32(row["transaction_hash"]), row["anchor_id"]
        if evidence is None or (evidence.transaction, evidence.anchor_id) != told:
            findings.add("block-differs", f"lot {row['lot_id']}")
    for row in database.execute("SELECT block_number, block_hash FROM indexed"):
        if _block_hash(ledger, row["block_number"]) != row["block_hash"]:
            findings.add("block-differs", f"block {row['block_number']}")


def _block_hash(ledger: EVMLedger, number: int) -> bytes | None:
    try:
        return ledger.block(number).hash.value if number <= ledger.head().number else None
    except LedgerError as error:
        if error.retryable:
            raise
        return None


def _check_certificate(row: sqlite3.Row, findings: Findings) -> None:
    name = row["digest"].hex()
    try:
        certificate = Certificate.from_bytes(row["data"])
        certificate.check_signature()
    except ProvenanceError:
        findings.add("certificate-damaged", name)
        return
    if certificate.digest.value != row["digest"]:
        findings.add("digest-differs", name)
    derived = {
        "serial": certificate.piece.serial.compact,
        "did": certificate.issuer.did,
        "name": certificate.issuer.name,
        "key_id": certificate.public_key.key_id.value,
        "list_id": certificate.status_entry.list_id,
        "list_index": certificate.status_entry.index,
    }
    if any(row[column] != value for column, value in derived.items() if column in row.keys()):  # noqa: SIM118
        findings.add("columns-differ", name)


def _check_batch(row: sqlite3.Row, database: sqlite3.Connection, ledger: EVMLedger, findings: Findings) -> int:
    """Check a batch, and return how many leaves it has."""
    name = f"batch {row['id']}"
    statement = "SELECT leaf, digest, studio, token_id FROM leaves WHERE batch_id = ? ORDER BY leaf"
    kept = database.execute(statement, (row["id"],)).fetchall()
    if row["missing"]:
        findings.incomplete += 1
        _check_proofs(row, kept, database, findings)
    elif not kept or MerkleTree([leaf["digest"] for leaf in kept]).root != row["root"]:
        findings.add("root-differs", name)
    else:
        batch = assemble((Address(leaf["studio"]), Digest(leaf["digest"])) for leaf in kept)
        if [leaf["leaf"] for leaf in kept] != list(range(len(kept))) or batch.root.value != row["root"]:
            findings.add("leaf-order", name)
        elif any(leaf["token_id"] != str(batch.token_id(leaf["leaf"], row["first_lot"])) for leaf in kept):
            findings.add("token-differs", name)
    if row["anchored"] and ledger.anchor_id_of(Root(row["root"])) is None:
        findings.add("anchor-missing", name)
    return len(kept)


def _check_proofs(row: sqlite3.Row, kept: list[sqlite3.Row], database: sqlite3.Connection, findings: Findings) -> None:
    """Check the leaves of a batch that was rebuilt and lacks others: each has a path to the root."""
    told = database.execute("SELECT level, place, hash FROM proof_nodes WHERE batch_id = ?", (row["id"],))
    size = row["missing"] + len(kept)
    tree = PartialTree(size, {(node["level"], node["place"]): node["hash"] for node in told})
    for leaf in kept:
        try:
            verify_inclusion(leaf["digest"], leaf["leaf"], size, tree.path(leaf["leaf"]), row["root"])
        except ProvenanceError:
            findings.add("proof-differs", leaf["digest"].hex())


def _check_files(folder: Path, database: sqlite3.Connection, findings: Findings, tally: _Tally) -> None:
    for path in _files(folder):
        findings.files += 1
        tally.add(1)
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                findings.add("file-damaged", path.name)
        if database.execute(_NAMED, {"digest": bytes.fromhex(path.name)}).fetchone() is None:
            findings.add("file-orphan", path.name)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.glob("??/*"):
        if re.fullmatch("[0-9a-f]{64}", path.name):
            yield path
