"""Exit codes, and the one table from the error family to them."""

from __future__ import annotations

from provenance.errors import (
    ConfigurationError,
    ConflictError,
    KeystoreError,
    LedgerError,
    LimitError,
    MalformedError,
    NotFoundError,
    ProvenanceError,
    StorageError,
    UnreachableError,
    VerificationError,
)

DONE = 0
NOT_AUTHENTIC = 1
USAGE = 2
INCONCLUSIVE = 3
MALFORMED = 4
CONFIGURATION = 5
BUG = 70
INTERRUPTED = 130

EXIT_CODES: dict[type[ProvenanceError], int] = {
    VerificationError: NOT_AUTHENTIC,
    NotFoundError: INCONCLUSIVE,
    ConflictError: INCONCLUSIVE,
    MalformedError: MALFORMED,
    LedgerError: INCONCLUSIVE,
    LimitError: INCONCLUSIVE,
    UnreachableError: INCONCLUSIVE,
    KeystoreError: CONFIGURATION,
    StorageError: CONFIGURATION,
    ConfigurationError: CONFIGURATION,
}


def exit_code(error: ProvenanceError) -> int:
    """Return the exit code for an error."""
    if isinstance(error, LedgerError) and not error.retryable:
        return CONFIGURATION
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), BUG)
