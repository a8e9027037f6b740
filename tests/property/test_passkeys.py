from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from provenance.encoding import Address, Hash32
from provenance.errors import ProvenanceError, VerificationError
from provenance.evm.passkeys import Assertion, Passkey, check_assertion, passkey_signature
from provenance.keys import P256_ORDER
from tests.support.phones import Phone

PHONE = Phone(hashlib.sha256(b"phone").digest())
digests = st.binary(min_size=32, max_size=32).map(Hash32)
names, texts = st.characters(max_codepoint=127), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
parts = st.sampled_from(["device", "client", "signature"])


@given(digests, st.dictionaries(st.text(names, min_size=1, max_size=8), texts | st.integers(0, 9), max_size=3))
def test_every_touch_is_taken_and_its_high_s_is_made_low(digest: Hash32, more: dict[str, Any]) -> None:
    low, high = (PHONE.touch(digest, high_s=s, **{f"x{name}": more[name] for name in more}) for s in (False, True))
    assert low.s < high.s == P256_ORDER - low.s
    one, two = (passkey_signature(PHONE.passkey, answer, digest, Address(bytes(20))) for answer in (low, high))
    assert one == two


@given(digests, parts, st.integers(0), st.integers(1, 255))
@settings(max_examples=400)
def test_one_changed_byte_is_refused(digest: Hash32, part: str, place: int, change: int) -> None:
    answer = PHONE.touch(digest)
    pieces = {"device": answer.authenticator_data, "client": answer.client_data, "signature": answer.signature}
    changed = bytearray(pieces[part])
    changed[place % len(changed)] ^= change
    pieces[part] = bytes(changed)
    try:
        check_assertion(PHONE.passkey, Assertion(pieces["device"], pieces["client"], pieces["signature"]), digest)
    except ProvenanceError:
        return
    raise AssertionError(f"byte {place % len(changed)} of the {part} does not count")


@given(digests, digests)
def test_one_touch_is_good_for_one_digest(digest: Hash32, other: Hash32) -> None:
    assume(digest != other)
    with pytest.raises(VerificationError) as caught:
        check_assertion(PHONE.passkey, PHONE.touch(digest), other)
    assert caught.value.code == "other-challenge"


@given(st.binary(max_size=80), st.binary(max_size=200), st.binary(max_size=80))
def test_parsers_raise_nothing_but_our_errors(device: bytes, client: bytes, signature: bytes) -> None:
    good = PHONE.touch(Hash32(bytes(32)))
    for pieces in (
        (device, client, signature),
        (good.authenticator_data, client, signature),
        (good.authenticator_data, good.client_data, signature),
        (good.authenticator_data[:40], good.client_data[:20] + client, good.signature),
    ):
        try:
            Assertion(*pieces)
        except ProvenanceError:
            continue
    for read in (Passkey.from_spki, Passkey.from_cose, Passkey.from_registration):
        for data in (device, PHONE.registration()[: len(device)] + client, PHONE.cose()[: len(device)] + client):
            try:
                read(data)
            except ProvenanceError:
                continue
