"""Passkeys: what a phone answers becomes a signature for the ledger, or is refused with the name of the field."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_abi.abi import decode

from provenance.encoding import Address, Hash32
from provenance.errors import MalformedError, VerificationError
from provenance.evm.passkeys import (
    MAX_AUTHENTICATOR_DATA,
    MAX_CLIENT_DATA,
    MAX_REGISTRATION,
    Assertion,
    Passkey,
    check_assertion,
    may_be_signed,
    passkey_signature,
)
from provenance.handover import MAX_SIGNATURE_BYTES
from provenance.keys import P256_ORDER
from tests.support.phones import ATTESTED, BACKED_UP, ELIGIBLE, EXTENDED, PRESENT, VERIFIED, Phone

PHONE, OTHER = (Phone(hashlib.sha256(name).digest(), "registry.example") for name in (b"phone", b"other"))
DIGEST, ELSE = (Hash32(hashlib.sha256(name).digest()) for name in (b"release", b"another release"))
VERIFIER = Address(b"\x56" * 20)
SEEN = PRESENT | VERIFIED


def taken_apart(signature: bytes) -> tuple[bytes, int, int, int, int, bytes, bytes]:
    """Return signer, r, s, challenge index, type index, authenticator data and client data."""
    r, s, challenge, kind, device, client = decode(
        ["bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes"], signature[84:]
    )
    return signature[:84], int.from_bytes(r, "big"), int.from_bytes(s, "big"), challenge, kind, device, client


@pytest.mark.parametrize("high_s", [False, True])
def test_an_assertion_becomes_the_signer_and_what_the_verifier_decodes(high_s: bool) -> None:
    answer = PHONE.touch(DIGEST, high_s=high_s)
    signature = passkey_signature(PHONE.passkey, answer, DIGEST, VERIFIER)
    signer, r, s, challenge, kind, device, client = taken_apart(signature)
    assert signer == VERIFIER.value + PHONE.passkey.x + PHONE.passkey.y
    assert (answer.s > P256_ORDER // 2) is high_s
    assert (r, s) == (answer.r, min(answer.s, P256_ORDER - answer.s))
    assert client[challenge:].startswith(b'"challenge":"')
    assert client[kind:].startswith(b'"type":"webauthn.get"')
    assert (device, client) == (answer.authenticator_data, answer.client_data)
    assert len(signature) <= MAX_SIGNATURE_BYTES


def test_both_spellings_of_s_are_one_signature() -> None:
    one, two = (
        passkey_signature(PHONE.passkey, PHONE.touch(DIGEST, high_s=s), DIGEST, VERIFIER) for s in (True, False)
    )
    assert one == two


def test_the_largest_assertion_fits_a_signature() -> None:
    rest = bytes(MAX_AUTHENTICATOR_DATA - 37)
    room = MAX_CLIENT_DATA - len(PHONE.client(DIGEST, extra=""))
    answer = PHONE.touch(DIGEST, flags=SEEN | EXTENDED, rest=rest, extra="x" * room)
    assert len(answer.client_data) == MAX_CLIENT_DATA
    assert len(passkey_signature(PHONE.passkey, answer, DIGEST, VERIFIER)) <= MAX_SIGNATURE_BYTES
    with pytest.raises(MalformedError) as caught:
        PHONE.touch(DIGEST, extra="x" * (room + 1))
    assert (caught.value.code, caught.value.field) == ("too-large", "clientDataJSON")
    with pytest.raises(MalformedError) as caught:
        PHONE.touch(DIGEST, flags=SEEN | EXTENDED, rest=rest + b"x")
    assert caught.value.field == "authenticatorData"


def test_members_may_stand_in_any_order() -> None:
    client = b'{"crossOrigin":false,"challenge":"%s","origin":"https://registry.example","type":"webauthn.get"}'
    device = PHONE.device()
    client %= DIGEST_TEXT
    answer = Assertion(device, client, PHONE.sign(device, client))
    _, _, _, challenge, kind, _, sent = taken_apart(passkey_signature(PHONE.passkey, answer, DIGEST, VERIFIER))
    assert sent[challenge : challenge + 12] == b'"challenge":'
    assert sent[kind:] == b'"type":"webauthn.get"}'


DIGEST_TEXT = PHONE.client(DIGEST).split(b'"challenge":"')[1].split(b'"')[0]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"type": "webauthn.create"}, "clientDataJSON.type"),
        ({"type": "payment.get"}, "clientDataJSON.type"),
        ({"type": None}, "clientDataJSON.type"),
        ({"type": 5}, "clientDataJSON.type"),
        ({"challenge": None}, "clientDataJSON.challenge"),
        ({"challenge": ""}, "clientDataJSON.challenge"),
        ({"challenge": "AAAA"}, "clientDataJSON.challenge"),
        ({"challenge": DIGEST_TEXT.decode() + "="}, "clientDataJSON.challenge"),
        ({"challenge": 7}, "clientDataJSON.challenge"),
        ({"origin": None}, "clientDataJSON.origin"),
        ({"crossOrigin": "false"}, "clientDataJSON.crossOrigin"),
        ({"inner": {"type": "webauthn.get"}}, "clientDataJSON.type"),
        ({"inner": {"challenge": DIGEST_TEXT.decode()}}, "clientDataJSON.challenge"),
    ],
)
def test_client_data_of_another_form_is_refused(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(MalformedError) as caught:
        PHONE.touch(DIGEST, **changes)
    assert caught.value.field == where


@pytest.mark.parametrize(
    ("alter", "where"),
    [
        (lambda client: client + b" x", "clientDataJSON"),
        (lambda client: client[:-1], "clientDataJSON"),
        (lambda client: b"[" + client + b"]", "clientDataJSON"),
        (lambda client: b"", "clientDataJSON"),
        (lambda client: client.replace(b"}", b',"type":"webauthn.get"}'), "clientDataJSON"),
        (lambda client: client.replace(b'"type":', b'"type": '), "clientDataJSON.type"),
        (lambda client: client.replace(b'"challenge":', b'"challenge" :'), "clientDataJSON.challenge"),
        (lambda client: client.replace(b"webauthn.get", b"web\\u0061uthn.get"), "clientDataJSON.type"),
        (lambda client: client.replace(b"example", b"\xff"), "clientDataJSON"),
    ],
)
def test_client_data_that_the_ledger_would_not_read_is_refused(alter: Callable[[bytes], bytes], where: str) -> None:
    device, client = PHONE.device(), alter(PHONE.client(DIGEST))
    with pytest.raises(MalformedError) as caught:
        Assertion(device, client, PHONE.sign(device, client))
    assert caught.value.field == where


@pytest.mark.parametrize(
    ("flags", "rest", "where"),
    [
        (SEEN, b"\0", "authenticatorData"),
        (SEEN | BACKED_UP, b"", "authenticatorData.flags"),
    ],
)
def test_authenticator_data_of_another_form_is_refused(flags: int, rest: bytes, where: str) -> None:
    with pytest.raises(MalformedError) as caught:
        PHONE.touch(DIGEST, flags=flags, rest=rest)
    assert caught.value.field == where


def test_truncated_authenticator_data_is_refused() -> None:
    client = PHONE.client(DIGEST)
    for size in (0, 32, 36):
        device = PHONE.device()[:size]
        with pytest.raises(MalformedError) as caught:
            Assertion(device, client, PHONE.sign(device, client))
        assert caught.value.field == "authenticatorData"


def der(*values: int) -> bytes:
    """Return a sequence of integers by hand: values of any sign, each in its shortest form."""
    body = b""
    for value in values:
        content = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
        body += b"\x02" + bytes([len(content)]) + content
    return b"\x30" + bytes([len(body)]) + body


def test_der_has_one_spelling() -> None:
    answer = PHONE.touch(DIGEST)
    good, (r, s) = answer.signature, decode_dss_signature(answer.signature)
    assert der(r, s) == good
    padded = b"\x30" + bytes([good[1] + 1]) + b"\x02" + bytes([good[3] + 1]) + b"\0" + good[4:]
    bad = [
        b"",
        good[:-1],
        good + b"\0",
        padded,
        b"\x30\x81" + good[1:],
        b"\x31" + good[1:],
        der(r),
        der(r, s, 1),
        der(0, s),
        der(r, 0),
        der(-r, s),
        der(r, -s),
        der(P256_ORDER, s),
        der(r, P256_ORDER),
        der(r, s + P256_ORDER),
        r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    ]
    for signature in bad:
        with pytest.raises(MalformedError) as caught:
            Assertion(answer.authenticator_data, answer.client_data, signature)
        assert (caught.value.code, caught.value.field) == ("bad-assertion", "signature"), signature.hex()


def refusal(phone: Phone, answer: Assertion, digest: Hash32 = DIGEST, **expected: str) -> str:
    with pytest.raises(VerificationError) as caught:
        check_assertion(phone.passkey, answer, digest, **expected)
    if not expected:
        with pytest.raises(VerificationError):
            passkey_signature(phone.passkey, answer, digest, VERIFIER)
    return caught.value.code


def test_what_the_ledger_would_refuse_is_refused_before() -> None:
    assert refusal(PHONE, PHONE.touch(ELSE)) == "other-challenge"
    assert refusal(OTHER, PHONE.touch(DIGEST)) == "bad-signature"
    assert refusal(PHONE, PHONE.touch(DIGEST, flags=PRESENT)) == "user-not-verified"
    assert refusal(PHONE, PHONE.touch(DIGEST, flags=VERIFIED)) == "user-not-verified"
    answer = PHONE.touch(DIGEST)
    for changed in (
        Assertion(PHONE.device(SEEN | ELIGIBLE), answer.client_data, answer.signature),
        Assertion(answer.authenticator_data, PHONE.client(DIGEST, more=1), answer.signature),
        Assertion(answer.authenticator_data, answer.client_data, encode_dss_signature(answer.s, answer.r)),
    ):
        assert refusal(PHONE, changed) == "bad-signature"


def test_a_synced_passkey_is_accepted() -> None:
    check_assertion(PHONE.passkey, PHONE.touch(DIGEST, flags=SEEN | ELIGIBLE | BACKED_UP), DIGEST)
    check_assertion(PHONE.passkey, PHONE.touch(DIGEST, crossOrigin=None), DIGEST)


def test_the_page_that_asked_is_compared_where_it_is_known() -> None:
    answer = PHONE.touch(DIGEST)
    check_assertion(PHONE.passkey, answer, DIGEST, rp_id="registry.example", origin="https://registry.example")
    assert refusal(PHONE, answer, rp_id="other.example") == "other-origin"
    assert refusal(PHONE, answer, origin="https://shop.registry.example") == "other-origin"
    assert refusal(PHONE, PHONE.touch(DIGEST, crossOrigin=True)) == "other-origin"


# --- the key ------------------------------------------------------------------------------------------------------


def test_a_key_is_read_from_all_that_a_browser_gives() -> None:
    point = b"\x04" + PHONE.passkey.x + PHONE.passkey.y
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert Passkey.from_spki(spki) == PHONE.passkey
    assert Passkey.from_cose(PHONE.cose()) == PHONE.passkey
    for size in (0, 16, 1_023):
        assert Passkey.from_registration(PHONE.registration(b"x" * size)) == PHONE.passkey
    extended = PHONE.device(SEEN | ATTESTED | EXTENDED, PHONE.registration()[37:] + b"\xa0")
    assert Passkey.from_registration(extended) == PHONE.passkey
    assert PHONE.passkey.public_key.multikey_bytes == b"\x80\x24" + public.public_bytes(
        Encoding.X962, PublicFormat.CompressedPoint
    )


def test_other_keys_are_refused() -> None:
    other_curve = ec.generate_private_key(ec.SECP256K1()).public_key()
    compressed = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    x, y = PHONE.passkey.x, PHONE.passkey.y
    registration = PHONE.registration()
    tries: list[Callable[[], object]] = [
        lambda: Passkey.from_spki(other_curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
        lambda: Passkey.from_spki(compressed.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)),
        lambda: Passkey.from_spki(b""),
        lambda: Passkey.from_cose(PHONE.cose() + b"\0"),
        lambda: Passkey.from_cose(PHONE.cose()[:-1]),
        lambda: Passkey.from_cose(PHONE.cose().replace(b"\x03\x26", b"\x03\x27")),
        lambda: Passkey(x, x),
        lambda: Passkey(bytes(32), bytes(32)),
        lambda: Passkey(x[1:], y),
        lambda: Passkey.from_registration(registration + b"\0"),
        lambda: Passkey.from_registration(registration[:-1]),
        lambda: Passkey.from_registration(registration[:54]),
        lambda: Passkey.from_registration(PHONE.device()),
        lambda: Passkey.from_registration(PHONE.device(SEEN, registration[37:])),
        lambda: Passkey.from_registration(registration + bytes(MAX_REGISTRATION)),
    ]
    for attempt in tries:
        with pytest.raises(MalformedError) as caught:
            attempt()
        assert caught.value.field in ("publicKey", "authenticatorData")


def test_of_passkeys_only_what_may_be_good_is_worth_asking_the_ledger() -> None:
    holder, good = PHONE.passkey.holder, passkey_signature(PHONE.passkey, PHONE.touch(DIGEST), DIGEST, VERIFIER)
    assert may_be_signed(holder, DIGEST, good, VERIFIER)
    assert not may_be_signed(holder, ELSE, good, VERIFIER)
    for place in (84 + 31, 84 + 63, len(good) - 40):  # In r, in s, and in the client data.
        assert not may_be_signed(holder, DIGEST, good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :], VERIFIER)
    # The ledger tells of other signers, of other verifiers, and of what is encoded in another way.
    assert may_be_signed(OTHER.passkey.holder, DIGEST, good, VERIFIER)
    assert may_be_signed(holder, DIGEST, good, Address(b"\x57" * 20))
    for strange in (b"", b"x" * 65, good[:84], good[:200]):
        assert may_be_signed(holder, DIGEST, strange, VERIFIER)
