"""A registry's problem details (RFC 9457), read as our errors: what it says may be anything."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from provenance.errors import (
    ConflictError,
    LedgerError,
    LimitError,
    MalformedError,
    NotFoundError,
    ProvenanceError,
    StorageError,
    UnreachableError,
    VerificationError,
    Wording,
)
from provenance_cli.i18n import is_known

_KINDS: dict[int, type[ProvenanceError]] = {
    404: NotFoundError,
    409: ConflictError,
    413: MalformedError,
    507: StorageError,
}


def problem_error(problem: dict[str, Any], status: int) -> ProvenanceError:
    """Return a registry's problem details as one of our errors."""
    code = str(problem["code"])
    if not re.fullmatch(r"[a-z0-9-]{1,80}", code):
        code = "registry-refused"
    said: dict[str, Any] = {
        "detail": _said(problem, "detail", "template") or Wording("The registry refuses."),
        "remedy": _said(problem, "hint", "hintTemplate") or "",
    }
    if status == 429:
        return too_many_error(code, said["detail"], problem.get("retryAfter"))
    if status == 503 or (status == 409 and code.startswith("ledger")):
        return LedgerError(code, "{detail}", retryable=status == 503, hint="{remedy}", **said)
    if status == 422 and "signature" in code:
        return VerificationError(code, "{detail}", hint="{remedy}", **said)
    if status in (413, 422):
        field = str(problem["field"])[:200] if problem.get("field") else None
        return MalformedError(code, "{detail}", field=field, hint="{remedy}", **said)
    return _KINDS.get(status, UnreachableError)(code, "{detail}", hint="{remedy}", **said)


def too_many_error(code: str, detail: Wording, retry_after: object) -> LimitError:
    """Return the error for too many requests; what is told of the wait may be anything."""
    seconds = int(str(retry_after)) if re.fullmatch(r"[0-9]{1,6}", str(retry_after)) else 60
    seconds = max(seconds, 1)
    if seconds < 120:
        return LimitError(
            code,
            "{detail}",
            retry_after=seconds,
            hint="Run the same command again in {n} s: nothing is lost.",
            detail=detail,
            n=seconds,
        )
    return LimitError(
        code,
        "{detail}",
        retry_after=seconds,
        hint="Run the same command again in {n} min: nothing is lost.",
        detail=detail,
        n=-(-seconds // 60),
    )


def _said(problem: dict[str, Any], member: str, template_member: str) -> Wording | None:
    """Return a registry's words.  Its template is formatted only where it is one of our own messages."""
    template, facts = problem.get(template_member), problem.get("facts")
    if isinstance(template, str) and isinstance(facts, dict) and facts and is_known(template):
        wording = Wording.of(template, facts)
        with contextlib.suppress(KeyError, ValueError, TypeError):  # Its facts may be those of another version.
            str(wording)
            return wording
    return Wording.quoted(problem[member]) if problem.get(member) else None
