from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.canonical import MAX_INTEGER, canonicalize, parse, parse_canonical
from provenance.encoding import Digest, from_base58, from_base64url, to_base58, to_base64url
from provenance.errors import MalformedError, ProvenanceError
from provenance.merkle import MerkleTree, path_length, verify_inclusion
from provenance.serial import ALPHABET, Serial

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
keys = st.text(st.characters(max_codepoint=127), max_size=12)
scalars = texts | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER)
documents = st.dictionaries(
    keys, st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))
)


@given(documents)
@settings(max_examples=400)
def test_canonical_bytes_equal_the_reference_implementation(document: dict[str, Any]) -> None:
    data = canonicalize(document)
    assert data == rfc8785.dumps(document)
    assert parse_canonical(data, limit=1_000_000) == document


@given(
    st.binary(max_size=200)
    | documents.map(canonicalize).flatmap(lambda d: st.binary(max_size=3).map(lambda x: d[:5] + x + d[5:]))
)
def test_parsers_raise_nothing_but_our_errors(data: bytes) -> None:
    for parser in (parse, parse_canonical):
        try:
            value = parser(data, limit=1_000_000)
        except ProvenanceError:
            continue
        assert isinstance(value, dict)


@given(st.binary(max_size=80))
def test_base58_and_base64url_come_back(data: bytes) -> None:
    assert from_base58(to_base58(data)) == data
    assert from_base64url(to_base64url(data)) == data


@given(st.text(max_size=30))
def test_decoders_accept_one_spelling_only(text: str) -> None:
    for decode, encode in ((from_base58, to_base58), (from_base64url, to_base64url)):
        try:
            data = decode(text)
        except MalformedError:
            continue
        assert encode(data) == text


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70))
def test_every_leaf_has_a_path_that_verifies_at_its_place_only(leaves: list[bytes]) -> None:
    tree = MerkleTree(leaves)
    for index, leaf in enumerate(leaves):
        path = tree.path(index)
        assert len(path) == path_length(index, len(leaves))
        verify_inclusion(leaf, index, len(leaves), path, tree.root)
        for other in range(len(leaves)):
            if leaves[other] != leaf:
                with pytest.raises(ProvenanceError):
                    verify_inclusion(leaf, other, len(leaves), path, tree.root)


serials = st.text(ALPHABET, min_size=12, max_size=12).map(lambda body: Serial(body + Serial.check_symbol(body)))


@given(serials, st.integers(0, 12), st.sampled_from(ALPHABET))
def test_every_single_wrong_symbol_is_found(serial: Serial, place: int, symbol: str) -> None:
    typed = serial.compact[:place] + symbol + serial.compact[place + 1 :]
    if typed == serial.compact:
        assert Serial.parse(typed) == serial
    else:
        with pytest.raises(MalformedError):
            Serial.parse(typed)


@given(serials, st.integers(0, 12), st.integers(0, 12))
def test_every_swap_of_two_symbols_is_found(serial: Serial, one: int, other: int) -> None:
    symbols = list(serial.compact)
    symbols[one], symbols[other] = symbols[other], symbols[one]
    typed = "".join(symbols)
    if typed != serial.compact:
        with pytest.raises(MalformedError):
            Serial.parse(typed)


@given(st.binary(max_size=50))
def test_digests_come_back_from_multibase(data: bytes) -> None:
    digest = Digest.of(data)
    assert Digest.from_multibase(digest.multibase()) == digest
    assert Digest.parse(str(digest)) == digest
