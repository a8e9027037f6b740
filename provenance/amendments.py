"""The chain of amendments of a certificate, as it is shown: each is signed and names what stands before it."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.certificate import Certificate
from provenance.errors import MalformedError, VerificationError


def broken_link(certificate: Certificate, amendments: Sequence[Certificate]) -> str | None:
    """Return what is wrong with the first of `amendments` that does not follow from what stands before it."""
    previous = certificate
    for amendment in amendments:
        if (
            amendment.replaces != previous.digest
            or amendment.piece.serial != certificate.piece.serial
            or amendment.issuer != certificate.issuer
        ):
            return str(amendment.digest)
        try:
            amendment.check_signature()
        except (VerificationError, MalformedError) as error:
            return error.code
        previous = amendment
    return None
