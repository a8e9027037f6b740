"""The closed family of errors that the project raises.

Every error has a kebab-case ``code`` (stable, for programs), a message (for people) and sometimes a ``hint``
(what to do).  Errors never print, never exit and do not know HTTP: two tables at the edges, the command line's
exit codes and the registry's statuses, translate them.
"""

from __future__ import annotations


class ProvenanceError(Exception):
    """Base of the family.

    ``code`` is stable kebab-case, ``message`` one sentence without secrets, ``hint`` the remedy or ``None``.
    """

    def __init__(self, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # The default would call the class with ``args`` alone, which lacks the code.
        return (_rebuild, (type(self), self.__dict__.copy(), self.args))

    def __str__(self) -> str:
        return self.message


def _rebuild(kind: type[ProvenanceError], state: dict[str, object], args: tuple[object, ...]) -> ProvenanceError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class MalformedError(ProvenanceError):
    """Bytes from outside are not of the form that they must have.

    ``field`` is the path of the offending part (``credentialSubject.title``) and ``line`` its line, where known.
    """

    def __init__(
        self, code: str, message: str, *, field: str | None = None, line: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(code, message, hint=hint)
        self.field = field
        self.line = line


class VerificationError(ProvenanceError):
    """A check was carried out and failed: the thing checked is not what it claims to be."""


class LedgerError(ProvenanceError):
    """The ledger could not be asked, or refused.

    ``retryable`` is true where the same call may succeed later (a node that did not answer), false where it will
    not (the contract refused).
    """

    def __init__(self, code: str, message: str, *, retryable: bool, hint: str | None = None) -> None:
        super().__init__(code, message, hint=hint)
        self.retryable = retryable


class UnreachableError(ProvenanceError):
    """Another program that must be asked did not answer, or not as it should: nothing is lost, ask again."""


class KeystoreError(ProvenanceError):
    """A keystore could not be opened, or does not hold the key asked for."""


class ConfigurationError(ProvenanceError):
    """Settings, a trust policy or a workshop folder are missing or contradict each other."""


class StorageError(ProvenanceError):
    """A file or a disk failed: full, read-only, or not readable."""


class ConflictError(ProvenanceError):
    """The request contradicts what is already recorded."""


class NotFoundError(ProvenanceError):
    """There is nothing under the name asked for."""
