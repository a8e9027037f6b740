"""Errors as RFC 9457 problem details: the one table from the error family to HTTP statuses."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

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

log = logging.getLogger(__name__)

STATUSES: dict[type[ProvenanceError], int] = {
    MalformedError: 422,
    VerificationError: 422,
    ConflictError: 409,
    NotFoundError: 404,
    LedgerError: 503,
    LimitError: 429,
    UnreachableError: 503,
    StorageError: 507,
    ConfigurationError: 500,
    KeystoreError: 500,
}


def status_of(error: ProvenanceError) -> int:
    """Return the HTTP status for an error."""
    if error.code == "too-large":
        return 413
    if isinstance(error, LedgerError) and not error.retryable:
        return 409
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def problem(error: ProvenanceError) -> dict[str, Any]:
    """Return the problem details of an error."""
    members: dict[str, Any] = {
        "type": f"urn:kilnmark:problem:{error.code}",
        "title": error.code.replace("-", " "),
        "status": status_of(error),
        "code": error.code,
        "detail": error.message,
    }
    if error.hint:
        members["hint"] = error.hint
    if error.facts:  # Then the sentences are made of parts, which a client needs to say them in another language.
        facts = {name: fact if isinstance(fact, int | float) else str(fact) for name, fact in error.facts.items()}
        members |= {"template": error.template, "hintTemplate": error.remedy.template, "facts": facts}
    if isinstance(error, LimitError):
        members["retryAfter"] = error.retry_after
    if isinstance(error, MalformedError):
        if error.field:
            members["field"] = error.field
        if error.line:
            members["line"] = error.line
    return members


def problem_response(members: dict[str, Any]) -> Response[bytes]:
    """Return a response with problem details."""
    headers = {"retry-after": str(members["retryAfter"])} if "retryAfter" in members else {}
    body = msgspec.json.encode(members)
    return Response(body, status_code=members["status"], media_type="application/problem+json", headers=headers)


def on_provenance_error(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer one of our errors."""
    if not isinstance(error, ProvenanceError):
        raise TypeError("this handler is for the error family")
    return problem_response(problem(error))


def on_http_error(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer what the framework refuses: no route, wrong method, a body too long."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "bad-request"}
    code = words.get(status, "refused")
    detail = {404: "There is nothing here.", 413: "The request is too large."}.get(status, "The request is refused.")
    title = code.replace("-", " ")
    return problem_response(
        {"type": f"urn:kilnmark:problem:{code}", "title": title, "status": status, "code": code, "detail": detail}
    )


def on_bug(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a bug: the log has the details, the client has none."""
    log.error("unexpected error", exc_info=error)
    detail = "The registry failed on this request."
    return problem_response(
        {
            "type": "urn:kilnmark:problem:internal",
            "title": "internal",
            "status": 500,
            "code": "internal",
            "detail": detail,
        }
    )
