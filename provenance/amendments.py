"""The chain of amendments of a certificate, as it is shown: each is signed and names what stands before it.

A bundle's amendments can be left out, swapped or added to by whoever hands it on.  So a fault is held against the
studio only where it is in what the ledger has recorded: the newest, and what the newest names.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.certificate import Certificate
from provenance.errors import MalformedError, VerificationError


def is_linked(certificate: Certificate, amendments: Sequence[Certificate]) -> bool:
    """Tell whether each of `amendments` names what stands before it."""
    before = (certificate, *amendments)
    return all(amendment.replaces == previous.digest for previous, amendment in zip(before, amendments, strict=False))


def fault_of(amendment: Certificate, certificate: Certificate) -> str | None:
    """Return what is wrong with an amendment of `certificate` by itself, whatever stands beside it."""
    if (
        amendment.replaces is None
        or amendment.piece.serial != certificate.piece.serial
        or amendment.issuer != certificate.issuer
    ):
        return str(amendment.digest)
    try:
        amendment.check_signature()
    except (VerificationError, MalformedError) as error:
        return error.code
    return None
