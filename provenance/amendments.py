"""The chain of amendments of a certificate, as it is shown: each is signed and names what stands before it.

A bundle's amendments can be left out, swapped or added to by whoever hands it on.  So a fault is held against the
studio only where it is in what the ledger has recorded: the newest, and what the newest names.
"""

from __future__ import annotations

from collections.abc import Sequence

from provenance.certificate import Certificate
from provenance.errors import MalformedError, VerificationError
from provenance.ledger import AmendmentRecord


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


def disagreement(
    certificate: Certificate, shown: Sequence[Certificate], newest: AmendmentRecord | None
) -> tuple[str, str] | None:
    """Return the finding on amendments that are not those that the ledger wants, and its detail; else ``None``.

    The newest must be shown, and validly signed; earlier ones may be left out.  Whoever has the account of a studio,
    and not its certificate key, can record digests of nothing: were all of them wanted, the piece could never be
    checked again.  So a true one that comes after mends that.

    The ledger is looked at first: it knows the newest by its digest, and nothing else of what is shown is certain to
    be the studio's.  Whoever adds, swaps or leaves out others accuses nobody by it.
    """
    digests = [amendment.digest for amendment in shown]
    if newest is None:
        return ("amendment-unknown", str(digests[-1])) if shown else None
    if len(shown) > newest.count or newest.digest in digests[:-1]:
        return "amendment-unknown", str(digests[-1])
    if not shown or digests[-1] != newest.digest:
        return "amendment-missing", str(newest.digest)
    if fault := fault_of(shown[-1], certificate):
        return "bad-amendment", fault
    if not is_linked(certificate, shown):
        # Where it is the only one there ever was, nothing was left out.
        return "bad-amendment" if newest.count == 1 else "amendment-missing", str(newest.digest)
    if fault := next(filter(None, (fault_of(amendment, certificate) for amendment in shown)), None):
        return "bad-amendment", fault
    return None
