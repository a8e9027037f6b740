"""The closed family of errors that the project raises.

Every error has a kebab-case ``code`` (stable, for programs), words (for people) and sometimes a ``hint`` (what to do).
The words are a literal template and named facts, so that whoever shows the error can say it in another language:

>>> error = MalformedError("too-large", "The document has {size} bytes, the limit is {limit}.", size=9, limit=8)
>>> error.message
'The document has 9 bytes, the limit is 8.'

Errors never print, never exit and do not know HTTP: two tables at the edges, the command line's exit codes and the
registry's statuses, translate them.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

MAX_FACT = 500
"""Characters of a fact: a message is read by people, and some facts come from hostile machines."""
SYSTEM = {
    errno.EACCES: "Permission denied",
    errno.EBUSY: "Device or resource busy",
    errno.EDQUOT: "Disk quota exceeded",
    errno.EEXIST: "File exists",
    errno.EFBIG: "File too large",
    errno.EIO: "Input/output error",
    errno.EISDIR: "Is a directory",
    errno.ELOOP: "Too many levels of symbolic links",
    errno.EMFILE: "Too many open files",
    errno.ENAMETOOLONG: "File name too long",
    errno.ENODEV: "No such device",
    errno.ENOENT: "No such file or directory",
    errno.ENOSPC: "No space left on device",
    errno.ENOTDIR: "Not a directory",
    errno.ENOTEMPTY: "Directory not empty",
    errno.EPERM: "Operation not permitted",
    errno.EROFS: "Read-only file system",
    errno.ESTALE: "Stale file handle",
    errno.ETIMEDOUT: "Connection timed out",
    errno.EXDEV: "Invalid cross-device link",
}
"""What the operating system says of files, by its number: systems differ in their words, and translations want one.

EINVAL is not among them: on Windows it stands for whatever has no number of its own, and the system's words say more.
"""


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for people: an English `template`, a literal in the source, and the `facts` that it names.

    Without facts the template is text as it stands and is never formatted, so that words from elsewhere, braces and
    all, can be a wording too.
    """

    template: str
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @classmethod
    def of(cls, template: str, facts: Mapping[str, object]) -> Wording:
        """Return a wording with any values for facts: numbers stay, exceptions become wordings, the rest one line."""
        return cls(template, {name: _fact(value) for name, value in facts.items()})

    @classmethod
    def quoted(cls, text: object) -> Wording:
        """Return what a library or another machine says as a wording of one line."""
        return cls(_line(text))

    def __str__(self) -> str:
        return self.template.format_map(self.facts) if self.facts else self.template


Fact: TypeAlias = int | float | str | Wording
"""A number, a short text as it is shown, or words that are translated with the sentence around them."""


def _fact(value: object) -> Fact:
    if isinstance(value, ProvenanceError):
        return value.wording
    if isinstance(value, OSError):
        return Wording.quoted(SYSTEM.get(value.errno or 0) or value.strerror or value or type(value).__name__)
    if isinstance(value, Exception):
        return Wording.quoted(value)
    return value if isinstance(value, int | float | Wording) else _line(value)


def _line(text: object) -> str:
    # Foreign text must not move the cursor, nor fill the screen.
    return "".join(c if c.isprintable() else " " for c in str(text)[:MAX_FACT])


class ProvenanceError(Exception):
    """Base of the family.

    ``code`` is stable kebab-case, ``wording`` one sentence without secrets, ``remedy`` what to do, or no words.
    `facts` are what the template and the hint name.
    """

    def __init__(self, code: str, template: str, /, *, hint: str | None = None, **facts: object) -> None:
        super().__init__(template)
        self.code = code
        self.wording = Wording.of(template, facts)
        self.remedy = Wording(hint or "", self.wording.facts)

    @classmethod
    def like(cls, error: ProvenanceError, **more: Any) -> Self:
        """Return an error of this class that says what `error` says; `more` goes to the constructor."""
        members = {"hint": error.remedy.template, **error.wording.facts, **more}
        return cls(error.code, error.wording.template, **members)

    @property
    def template(self) -> str:
        """The English sentence with the names of its facts in braces."""
        return self.wording.template

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What stands for the names in `template` and in the hint."""
        return self.wording.facts

    @property
    def message(self) -> str:
        """The English sentence."""
        return str(self.wording)

    @property
    def hint(self) -> str | None:
        """The remedy in English, or ``None``."""
        return str(self.remedy) or None

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
        self,
        code: str,
        template: str,
        /,
        *,
        field: str | None = None,
        line: int | None = None,
        hint: str | None = None,
        **facts: object,
    ) -> None:
        super().__init__(code, template, hint=hint, **facts)
        self.field = None if field is None else _line(field)
        self.line = line


class VerificationError(ProvenanceError):
    """A check was carried out and failed: the thing checked is not what it claims to be."""


class LedgerError(ProvenanceError):
    """The ledger could not be asked, or refused.

    ``retryable`` is true where the same call may succeed later (a node that did not answer), false where it will
    not (the contract refused).
    """

    def __init__(
        self, code: str, template: str, /, *, retryable: bool, hint: str | None = None, **facts: object
    ) -> None:
        super().__init__(code, template, hint=hint, **facts)
        self.retryable = retryable


class LimitError(ProvenanceError):
    """There were too many requests; the same one may be made again after ``retry_after`` seconds."""

    def __init__(
        self, code: str, template: str, /, *, retry_after: int = 1, hint: str | None = None, **facts: object
    ) -> None:
        super().__init__(code, template, hint=hint, **facts)
        self.retry_after = retry_after


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
