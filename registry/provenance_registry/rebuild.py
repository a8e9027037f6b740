"""Brings a lost registry database back from bundles and the ledger.

The ledger tells the studios, the anchors, what became of each token and who holds it; bundles bring the certificates
and their places.  No bundle is believed: its certificate must be signed, and its proof must lead to a root that the
ledger has.  It may be run again with more bundles, and after it was interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from provenance.bundle import MAX_BUNDLE_BYTES, Bundle
from provenance.certificate import Certificate
from provenance.encoding import Digest, Root
from provenance.errors import ConfigurationError, LedgerError, MalformedError, ProvenanceError, VerificationError
from provenance.ledger import make_token_id
from provenance.merkle import proven_nodes, verify_inclusion
from provenance_registry.app import Registry, build
from provenance_registry.records import ProvenPiece, Registration, State, StoredCertificate
from provenance_registry.repository import Transaction
from provenance_registry.service.files import named_files
from provenance_registry.service.lease import PAUSE
from provenance_registry.settings import Settings

AT_ONCE = 500
"""Bundles of one transaction."""
CATCH_UP = 600.0
"""Seconds for the index to reach the ledger's head, as long as it gets no further."""
_TOLD = 1_000
SUFFIX = ".kilnmark.json"


@dataclass
class Rebuilt:
    """What was brought back: `pieces` new, `known` that were there, `amendments` new, `waiting` that were never
    anchored and wait now.

    `refused` tells file, code and words of bundles that were left out (the first of them; `refusals` counts all), and
    `incomplete` the anchors of whose pieces some are not known.
    """

    pieces: int = 0
    known: int = 0
    amendments: int = 0
    waiting: int = 0
    refusals: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    incomplete: list[dict[str, object]] = field(default_factory=list)

    def refuse(self, path: Path, error: ProvenanceError) -> None:
        """Take note of a bundle that is left out."""
        self.refusals += 1
        if len(self.refused) < _TOLD:
            self.refused.append({"file": str(path), "code": error.code, "message": error.message})


def rebuild(settings: Settings, folder: Path, tell: Callable[[int, int], None] = lambda *_: None) -> Rebuilt:
    """Take in all bundles at or below `folder`, into the database that `settings` name; `tell` hears how far it is.

    Raises `ConfigurationError` where there is none, and what `provenance_registry.app.build` raises.
    """
    paths = sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file()) if folder.is_dir() else [folder]
    if not paths or not folder.exists():
        raise ConfigurationError(
            "no-bundles", "There are no bundles in {path}.", hint="Their names end with {suffix}.", path=folder,
            suffix=SUFFIX,
        )  # fmt: skip
    registry, rebuilt = build(settings), Rebuilt()
    try:
        _catch_up(registry)
        each = iter(paths)
        for done in range(0, len(paths), AT_ONCE):
            tell(done, len(paths))
            _take_in(registry, list(islice(each, AT_ONCE)), rebuilt)
        tell(len(paths), len(paths))
        _judge(registry)
        rebuilt.incomplete = list(_incomplete(registry))
    finally:
        registry.close()
    return rebuilt


def _catch_up(registry: Registry) -> None:
    """Bring the index to the ledger's head."""
    index, reached, since = registry.services.index, -1, time.monotonic()
    while True:
        registry.worker.turn()
        try:
            index.head()
        except LedgerError:
            head = registry.services.repository.indexed_head()
            if head is not None and head.number > reached:
                reached, since = head.number, time.monotonic()
            if time.monotonic() - since > CATCH_UP:
                raise
            time.sleep(0.2)
        else:
            return


def _judge(registry: Registry) -> None:
    """Let what was brought back be examined as what comes in is: a stolen key's certificates do not count.

    What is not examined in time, since another process holds the lease, that one examines.
    """
    began = time.monotonic()
    while registry.services.repository.unexamined_batches() and time.monotonic() < began + CATCH_UP:
        registry.worker.turn()
        if not registry.services.sends():  # While bundles were taken in the work stood still, and the lease was let go.
            if time.monotonic() > began + 3 * PAUSE:
                return
            time.sleep(PAUSE / 10)


def _take_in(registry: Registry, paths: Sequence[Path], rebuilt: Rebuilt) -> None:
    """Take in some bundles, each anchor's together, and then the amendments and what was never anchored."""
    read, anchored = list[tuple[Path, Bundle]](), dict[tuple[Root, int, int], list[tuple[Path, ProvenPiece]]]()
    for path in paths:
        try:
            bundle = _read(path)
            read.append((path, bundle))
            if bundle.inclusion is not None:
                anchor, piece = _proven(registry, bundle)
                anchored.setdefault(anchor, []).append((path, piece))
        except ProvenanceError as error:
            if read and read[-1][0] == path:
                read.pop()
            rebuilt.refuse(path, error)
    repository, left_out = registry.services.repository, set[Path]()
    there = set(repository.states([bundle.certificate.digest for _, bundle in read]))
    for anchor, pieces in anchored.items():
        items = [piece for _, piece in pieces]
        answers = repository.write(lambda transaction, anchor=anchor, items=items: transaction.take_in(*anchor, items))  # type: ignore[misc]
        for (path, piece), fault in zip(pieces, answers, strict=True):
            if fault is not None:
                left_out.add(path)
                rebuilt.refuse(path, fault)
            elif piece.item.certificate.digest in there:
                rebuilt.known += 1
            else:
                there.add(piece.item.certificate.digest)  # Another file may have the same piece.
                rebuilt.pieces += 1
    for path, bundle in read:
        if path not in left_out:
            try:
                _follow(registry, bundle, rebuilt)
            except ProvenanceError as error:
                rebuilt.refuse(path, error)


def _follow(registry: Registry, bundle: Bundle, rebuilt: Rebuilt) -> None:
    """Register the amendments of a piece; and a certificate that was never anchored, as if it came in now."""
    services = registry.services
    if bundle.inclusion is None:
        accepted = services.submissions.submit(bundle.certificate.data)
        rebuilt.waiting += int(accepted.new)
        return
    vouched = _vouched(registry, bundle)
    for amendment in bundle.amendments:
        amendment.check_signature()
        if amendment.digest not in vouched and (refusal := services.amendments.refusal(amendment)) is not None:
            raise refusal

        def store(transaction: Transaction, amendment: Certificate = amendment) -> bool:
            return services.amendments.store(transaction, amendment)[1]

        rebuilt.amendments += int(services.repository.write(store))


def _vouched(registry: Registry, bundle: Bundle) -> set[Digest]:
    """Return the amendments of a bundle that the ledger names, and those that they replace: it vouches for both."""
    repository, replaced = registry.services.repository, {item.digest: item.replaces for item in bundle.amendments}
    first, found = repository.certificate(bundle.certificate.digest), set[Digest]()
    if first is None or first.token_id is None:
        return found
    for record in repository.amended(first.token_id):
        digest: Digest | None = record.digest
        while digest in replaced and digest not in found:
            found.add(digest)
            digest = replaced[digest]
    return found


def _read(path: Path) -> Bundle:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise MalformedError("unreadable", "The file cannot be read: {reason}.", reason=error) from None
    return Bundle.from_bytes(data)


def _proven(registry: Registry, bundle: Bundle) -> tuple[tuple[Root, int, int], ProvenPiece]:
    """Return the anchor of a bundle's certificate, as root, first lot and size, and its place in it.

    Raises `MalformedError`, and `VerificationError` where the ledger, as indexed, does not bear the bundle out.
    """
    services, certificate, proof = registry.services, bundle.certificate, bundle.inclusion
    if certificate.issuer.base_url != services.settings.base_url:
        raise MalformedError(
            "other-registry",
            "The certificate is made for the registry {other}.",
            field="issuer.id",
            hint="This registry is {own}.",
            other=certificate.issuer.base_url,
            own=services.settings.base_url,
        )
    certificate.check_signature()
    if proof is None:
        raise ValueError("a bundle without a proof proves nothing")
    for receipt in bundle.receipts:
        lots = services.repository.lots_of_root(receipt.root)
        own = [lot for lot in lots if lot.offset <= proof.index < lot.offset + lot.count]
        if own and own[0].leaf_count == proof.size:
            break
    else:
        raise VerificationError("not-anchored", "The ledger has no such anchor.")
    (lot,) = own
    verify_inclusion(certificate.digest.value, proof.index, proof.size, proof.path, lot.root.value)
    entry = services.index.directory.by_did(certificate.issuer.did)
    if entry is None or entry.address != lot.studio:
        raise VerificationError("wrong-issuer", "The certificate names another studio than the one on the ledger.")
    stored = StoredCertificate(
        digest=certificate.digest,
        serial=certificate.piece.serial,
        data=certificate.data,
        did=certificate.issuer.did,
        name=certificate.issuer.name,
        key_id=certificate.public_key.key_id,
        state=State.WAITING,
        reason=None,
        received=lot.anchored_time,
    )
    piece = ProvenPiece(
        Registration(stored, certificate.status_entry, tuple(named_files(certificate.piece))),
        proof.index,
        lot.studio,
        make_token_id(lot.lot_id, proof.index - lot.offset),
        proven_nodes(certificate.digest.value, proof.index, proof.size, proof.path),
    )
    return (lot.root, lots[0].lot_id, proof.size), piece


def _incomplete(registry: Registry) -> Iterator[dict[str, object]]:
    """Yield the anchors of this registry's studios of which pieces are not known, with how many and whose they are."""
    services = registry.services
    lacking = {item.root: item.missing for item in services.repository.incomplete()}
    told = set[Root]()
    for lot in services.forgotten():
        if lot.root not in told:
            told.add(lot.root)
            shares = services.repository.lots_of_root(lot.root)
            yield {
                "anchor": lot.anchor_id,
                "root": str(lot.root),
                "missing": lacking.get(lot.root, lot.leaf_count),
                "of": lot.leaf_count,
                "studios": sorted({str(share.studio) for share in shares}),
            }
