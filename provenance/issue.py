"""Issuing: a piece and a key in, a signed certificate out.  No network, no clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from provenance.certificate import Certificate, Issuer, StatusEntry, render, secured_bytes
from provenance.encoding import Digest
from provenance.keys import Signer
from provenance.piece import Piece
from provenance.proof import sign
from provenance.signing import checked


def issue(
    piece: Piece,
    issuer: Issuer,
    signer: Signer,
    *,
    status_entry: StatusEntry,
    now: datetime,
    replaces: Digest | None = None,
) -> Certificate:
    """Return the certificate of `piece`, signed by `signer` in the name of `issuer`.

    `now` (aware) becomes ``validFrom`` and the proof's ``created``, in whole seconds.  `replaces` is the digest of the
    certificate that this one amends.  A signer from elsewhere is checked (``provenance.signing``).  Raises
    `MalformedError` where the certificate would be too large, and what `signer` raises.
    """
    signer = checked(signer)
    now = now.astimezone(UTC).replace(microsecond=0)
    document = render(piece, issuer, status_entry, now, replaces)
    method = f"{issuer.did}#{signer.public_key.multikey}"
    # The constructors of `piece` and `issuer` let nothing in that lies outside the canonical domain.
    proof = sign(document, signer, verification_method=method, created=str(document["validFrom"]))
    data = secured_bytes(proof.attached(document))
    return Certificate(data, Digest.of(data), issuer, piece, proof, status_entry, now, replaces)
