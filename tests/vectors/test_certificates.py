"""The project's own vectors: what they hold is what the code makes, accepts and refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import MalformedError, VerificationError
from tests.vectors.make_certificates import FILE, text

VECTORS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))


def test_the_file_is_what_the_code_makes() -> None:
    """A difference here is a change of the format: make the file anew only where that is meant."""
    assert FILE.read_text("utf-8") == text()


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_valid_certificates_are_read_and_verified(vector: dict[str, str]) -> None:
    data = vector["certificate"].encode()
    certificate = Certificate.from_bytes(data)
    certificate.check_signature()
    assert str(certificate.digest) == str(Digest.of(data)) == vector["digest"]
    assert certificate.public_key.multikey == VECTORS["publicKey"]


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["name"])
def test_invalid_certificates_are_refused(vector: dict[str, str]) -> None:
    with pytest.raises((MalformedError, VerificationError)):
        Certificate.from_bytes(vector["certificate"].encode()).check_signature()


def test_no_vector_stands_twice() -> None:
    texts = [vector["certificate"] for vector in (*VECTORS["valid"], *VECTORS["invalid"])]
    assert len(set(texts)) == len(texts)


def test_an_amendment_names_what_it_replaces() -> None:
    bare, amendment = (Certificate.from_bytes(VECTORS["valid"][place]["certificate"].encode()) for place in (1, 3))
    assert amendment.replaces == bare.digest
    assert amendment.piece.serial == bare.piece.serial
