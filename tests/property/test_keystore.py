"""A keystore that was tampered with opens nothing, and says so in our words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance import keystore as module
from provenance.canonical import JSONObject
from provenance.encoding import Address
from provenance.errors import KeystoreError, MalformedError, ProvenanceError
from provenance.keystore import Keystore
from provenance.phrase import Phrase

PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mock.patch.object(module, "SCRYPT_COST", module.MIN_SCRYPT_COST):
        path = tmp_path_factory.mktemp("keystore") / "keystore.json"
        Keystore.create(path, PASSPHRASE, "en", lambda _: Address(b"\x07" * 20))
        yield path


def refused(file: Path, data: bytes) -> None:
    other = file.with_name("other.json")
    other.write_bytes(data)
    with pytest.raises((KeystoreError, MalformedError)):
        Keystore.open(other).unlock(PASSPHRASE)


@given(place=st.integers(0, 10_000), bits=st.integers(1, 255))
@settings(max_examples=250, deadline=None)
def test_any_flipped_byte_is_refused(file: Path, place: int, bits: int) -> None:
    data = bytearray(file.read_bytes())
    data[place % len(data)] ^= bits
    refused(file, bytes(data))


class Remembering:
    """scrypt, worked out once for the same parameters."""

    known: ClassVar[dict[tuple[bytes, int, bytes], bytes]] = {}

    def __init__(self, *, salt: bytes, n: int, **more: int) -> None:
        self._key = salt, n
        self._inner = Scrypt(salt=salt, n=n, **more)

    def derive(self, data: bytes) -> bytes:
        key = (*self._key, data)
        if key not in self.known:
            self.known[key] = self._inner.derive(data)
        return self.known[key]


def test_a_wrong_bit_in_any_byte_is_refused(file: Path) -> None:
    good = file.read_bytes()
    with mock.patch.object(module, "Scrypt", Remembering):
        Keystore.open(file).unlock(PASSPHRASE)
        for place in range(len(good)):
            refused(file, good[:place] + bytes([good[place] ^ 1 << place % 8]) + good[place + 1 :])
        for last in set(range(256)) - {good[-1]}:  # Nor is another white space a line end.
            refused(file, good[:-1] + bytes([last]))


@given(start=st.integers(0, 700), end=st.integers(0, 700), more=st.binary(max_size=20))
@settings(max_examples=100, deadline=None)
def test_any_cut_or_insertion_is_refused(file: Path, start: int, end: int, more: bytes) -> None:
    good = file.read_bytes()
    data = good[:start] + more + good[max(start, end) :]
    if data not in (good, good.removesuffix(b"\n")):  # The last line end is for people.
        refused(file, data)


@given(st.integers(), st.integers(), st.integers())
@settings(max_examples=300, deadline=None)
def test_no_parameters_but_ours_reach_scrypt(n: int, r: int, p: int) -> None:
    members: JSONObject = {"kdf": {"name": "scrypt", "n": n, "r": r, "p": p, "salt": "A" * 22}}
    try:
        cost, _ = module._parameters(members)
    except MalformedError:
        return
    assert cost in [2**power for power in range(14, 21)]
    assert (r, p) == (8, 1)


@given(
    st.text(max_size=120) | st.lists(st.sampled_from(["zoo", "abandon", "的", "ability"]), max_size=13).map(" ".join)
)
def test_any_text_is_a_phrase_that_comes_back_or_is_refused(text: str) -> None:
    try:
        phrase = Phrase.read(text)
    except ProvenanceError:
        return
    assert Phrase.read(str(phrase)) == phrase
