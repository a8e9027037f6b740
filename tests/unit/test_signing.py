"""Signers from elsewhere: cards and key services, honest ones and others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provenance.application import Application, Binding
from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.encoding import Address
from provenance.errors import KeystoreError
from provenance.issue import issue
from provenance.keys import P256_ORDER, Ed25519Signer, P256Signer, PublicKey, Signer
from provenance.piece import Piece
from provenance.proof import make_proof
from provenance.serial import Serial
from provenance.signing import CheckedSigner, checked

ISSUER = Issuer("https://registry.kilnmark.test", "lin", "林家窑")
NOW = datetime(2026, 11, 24, 10, 17, 34, tzinfo=UTC)


class Card:
    """A P-256 key in another program, as a smart card or a key service would hold it: it answers in DER."""

    def __init__(self, form: Callable[[int, int], object]) -> None:
        self._key, self._form = ec.generate_private_key(ec.SECP256R1()), form
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        self.public_key = PublicKey(b"\x80\x24" + point)
        self.asked = 0

    def sign(self, data: bytes) -> bytes:
        self.asked += 1
        r, s = decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return self._form(r, s)  # type: ignore[return-value]  # some are no bytes at all


def raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def low(s: int) -> int:
    return min(s, P256_ORDER - s)


HONEST = {
    "raw, low s": lambda r, s: raw(r, low(s)),
    "raw, high s": lambda r, s: raw(r, P256_ORDER - low(s)),
    "DER, low s": lambda r, s: encode_dss_signature(r, low(s)),
    "DER, high s": lambda r, s: encode_dss_signature(r, P256_ORDER - low(s)),
}
LYING = {
    "another key's": lambda r, s: P256Signer.generate().sign(b"data"),
    "zeros": lambda r, s: bytes(64),
    "nothing": lambda r, s: b"",
    "r and s exchanged": lambda r, s: raw(low(s), r),
    "s of the order": lambda r, s: raw(r, P256_ORDER),
    "too long": lambda r, s: raw(r, s) + b"\0",
    "DER with a tail": lambda r, s: encode_dss_signature(r, s) + b"\0",
    "DER without bounds": lambda r, s: encode_dss_signature(r + P256_ORDER, s),
    "DER of negatives": lambda r, s: b"\x30\x06\x02\x01\xff\x02\x01\xff",
    "one bit wrong": lambda r, s: raw(r ^ 1, s),
    "hex": lambda r, s: raw(r, s).hex(),
    "none": lambda r, s: None,
    "other bytes": lambda r, s: bytearray(raw(r, low(s))),
}


def make(signer: Signer) -> Certificate:
    piece = Piece(Serial.random(), {"en": "Meiping"}, height_mm=312)
    return issue(piece, ISSUER, signer, status_entry=StatusEntry("0123456789ab", 1), now=NOW)


@pytest.mark.parametrize("form", HONEST.values(), ids=HONEST)
def test_every_form_of_an_honest_signature_becomes_the_accepted_one(form: Callable[[int, int], bytes]) -> None:
    card = Card(form)
    certificate = make(card)
    Certificate.from_bytes(certificate.data).check_signature()
    assert certificate.public_key == card.public_key
    assert int.from_bytes(certificate.proof.signature[32:], "big") <= P256_ORDER // 2
    binding = Binding(ISSUER, card.public_key, Address(b"\x01" * 20))
    filed = Application.sign(binding, card, lambda _: bytes(65))
    Application.from_bytes(filed.to_bytes()).check(lambda *_: binding.studio)


@pytest.mark.parametrize("form", LYING.values(), ids=LYING)
def test_a_lying_signer_is_caught_before_anything_leaves(form: Callable[[int, int], object]) -> None:
    card = Card(form)
    with pytest.raises(KeystoreError) as caught:
        make(card)
    assert caught.value.code == "bad-signer"
    assert card.asked == 1
    signed: list[Binding] = []

    def account(binding: Binding) -> bytes:
        signed.append(binding)
        return bytes(65)

    with pytest.raises(KeystoreError):
        Application.sign(Binding(ISSUER, card.public_key, Address(b"\x01" * 20)), card, account)
    assert signed == []  # The account does not bind itself to a key that was not proved.


class Fickle:
    """A signer that names one key and then another."""

    def __init__(self) -> None:
        self.inner = [P256Signer.generate(), P256Signer.generate()]

    @property
    def public_key(self) -> PublicKey:
        self.inner.reverse()
        return self.inner[0].public_key

    def sign(self, data: bytes) -> bytes:
        return self.inner[1].sign(data)


def test_a_key_that_changes_signs_nothing() -> None:
    with pytest.raises(KeystoreError, match="no signature by its key"):
        make(Fickle())


def test_a_subclass_of_our_own_is_checked_too() -> None:
    class Broken(P256Signer):
        def sign(self, data: bytes) -> bytes:
            return super().sign(data + b"!")

    assert isinstance(checked(Broken.generate()), CheckedSigner)
    with pytest.raises(KeystoreError, match="no signature by its key"):
        make(Broken(ec.generate_private_key(ec.SECP256R1())))


def test_our_own_signers_pay_for_no_second_look() -> None:
    for signer in (P256Signer.generate(), Ed25519Signer.generate()):
        assert checked(signer) is signer
    once = checked(Card(raw))
    assert checked(once) is once


class Unplugged:
    def __init__(self, error: Exception, key: PublicKey | None) -> None:
        self.error, self.key = error, key

    @property
    def public_key(self) -> PublicKey:
        if self.key is None:
            raise self.error
        return self.key

    def sign(self, _data: bytes) -> bytes:
        raise self.error


@pytest.mark.parametrize("named", [True, False])
def test_a_signer_that_fails_is_our_error_and_its_words_are_not_repeated(named: bool) -> None:
    key = P256Signer.generate().public_key if named else None
    with pytest.raises(KeystoreError, match=r"could not sign \(RuntimeError\)") as caught:
        make(Unplugged(RuntimeError("PIN 0000 was wrong"), key))
    assert "0000" not in repr(caught.value) + str(caught.value.facts)
    assert caught.value.__suppress_context__
    told = KeystoreError("card-away", "The card is not in its reader.")
    with pytest.raises(KeystoreError, match="reader"):
        make(Unplugged(told, key))


def test_an_ed25519_signer_from_elsewhere_is_checked() -> None:
    class Service:
        def __init__(self, tail: bytes) -> None:
            self.inner, self.tail = Ed25519Signer.generate(), tail
            self.public_key = self.inner.public_key

        def sign(self, data: bytes) -> bytes:
            return self.inner.sign(data + self.tail)

    make(Service(b"")).check_signature()
    with pytest.raises(KeystoreError, match="no signature by its key"):
        make(Service(b"!"))


def test_a_proof_names_the_key_that_signs() -> None:
    signer, other = P256Signer.generate(), P256Signer.generate().public_key
    for method in (f"did:web:x#{other.multikey}", "did:web:x", f"did:web:x#a#{signer.public_key.multikey}"):
        with pytest.raises(KeystoreError, match="another key"):
            make_proof({"a": "b"}, signer, verification_method=method, created="2026-11-24T10:17:34Z")
    binding = Binding(ISSUER, other, Address(b"\x01" * 20))
    with pytest.raises(KeystoreError, match="another key"):
        Application.sign(binding, signer, lambda _: bytes(65))


def test_a_signer_without_a_public_key_of_ours_is_refused() -> None:
    card = Card(raw)
    card.public_key = card.public_key.multikey  # type: ignore[assignment]  # that is the fault
    with pytest.raises(KeystoreError, match="names no public key"):
        checked(card)
