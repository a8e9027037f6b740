from __future__ import annotations

import pickle
from typing import Any

import pytest

from provenance.errors import (
    MAX_FACT,
    ConfigurationError,
    LedgerError,
    MalformedError,
    ProvenanceError,
    StorageError,
    Wording,
)


def test_an_error_is_said_from_its_template_and_facts() -> None:
    error = MalformedError(
        "too-large", "{size:,} bytes in {path}.", hint="At most {limit}.", size=5000, path="a", limit=8
    )
    assert str(error) == error.message == "5,000 bytes in a."
    assert error.hint == "At most 8."
    assert (error.template, dict(error.facts)) == ("{size:,} bytes in {path}.", {"size": 5000, "path": "a", "limit": 8})
    assert StorageError("x", "No hint.").hint is None


def test_facts_are_short_lines_whoever_sent_them() -> None:
    error = ProvenanceError("x", "It says {what}.", what="{0.__class__}\x1b[2J\n" + "x" * 10_000)
    assert "\x1b" not in error.message
    assert "\n" not in error.message
    assert error.message.startswith("It says {0.__class__} [2J ")
    assert len(error.message) < MAX_FACT + 20
    assert ProvenanceError("x", "{why}", why=OSError(13, "Permission denied", "/secret")).message == "Permission denied"
    assert ProvenanceError("x", "{why}", why=Wording("{braces}")).message == "{braces}"


def test_an_error_says_what_another_says() -> None:
    address = ConfigurationError("bad-address", "{text} is none.", hint="Not {text}.", text="x")
    error = MalformedError.like(address, field="registry")
    assert (error.code, error.message, error.hint, error.field) == ("bad-address", "x is none.", "Not x.", "registry")
    outer = MalformedError(
        "photo", "{photo}: {fault}", hint="{remedy}", photo="a", fault=address, remedy=address.remedy
    )
    assert (outer.message, outer.hint) == ("a: x is none.", "Not x.")


@pytest.mark.parametrize(
    "error",
    [
        MalformedError("a", "{n} of {what}.", field="x.y", line=3, hint="{n}.", n=5, what=Wording("this")),
        LedgerError("b", "No.", retryable=True),
    ],
)
def test_errors_cross_processes(error: Any) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert vars(again) == vars(error)
    assert (again.message, again.hint, again.args) == (error.message, error.hint, error.args)
