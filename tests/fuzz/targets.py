"""What reads bytes from outside: one target each, a function that takes any bytes and raises nothing.

A `ProvenanceError` is an answer; anything else escapes and is a fault, like an invariant that does not hold.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import TypeAlias
from unittest.mock import patch

from provenance.application import Application
from provenance.bundle import Bundle, InclusionProof, Receipt
from provenance.canonical import canonicalize, load, parse, parse_canonical
from provenance.certificate import Certificate, format_time, parse_time
from provenance.encoding import (
    Address,
    Digest,
    Hash32,
    from_base58,
    from_base64url,
    parse_hex,
    to_base58,
    to_base64url,
)
from provenance.errors import ProvenanceError
from provenance.evm.abi import Interface, interface
from provenance.evm.accounts import read_address, read_creation
from provenance.evm.events import decode_event
from provenance.evm.passkeys import _read_client_data
from provenance.keys import PublicKey
from provenance.keystore import Keystore, _parameters
from provenance.ledger import BlockRef
from provenance.merkle import verify_inclusion
from provenance.phrase import Phrase
from provenance.policy import TrustPolicy
from provenance.proof import check_proof
from provenance.serial import Serial
from provenance.status_list import _bits, read_status_list
from provenance.tag import check_base_url, parse_tag_url
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_cli.mapping import known_headings, read_mapping, read_reading
from provenance_cli.moments import read_moment
from provenance_cli.spreadsheet import read_sheet
from provenance_registry.service import messages
from tests.support.played import play

Target: TypeAlias = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}

_FOLDER = tempfile.TemporaryDirectory(prefix="kilnmark-fuzz-")
LIMIT = 65_536


def target(name: str) -> Callable[[Target], Target]:
    """Register a function as a target, to which our own errors are answers."""

    def register(function: Target) -> Target:
        @wraps(function)
        def safe(data: bytes) -> None:
            try:
                function(data)
            except ProvenanceError as error:
                str(error), error.hint, repr(error.facts)  # Whoever shows it must be able to.

        TARGETS[name] = safe
        return safe

    return register


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _file(name: str, data: bytes) -> Path:
    path = Path(_FOLDER.name) / name
    path.write_bytes(data)
    return path


@target("json")
def _json(data: bytes) -> None:
    try:
        value = parse_canonical(data, limit=LIMIT)
    except ProvenanceError:
        value = parse(data, limit=LIMIT)
    else:
        assert canonicalize(value) == data
    assert parse_canonical(canonicalize(value), limit=2 * LIMIT) == value


@target("json-envelope")
def _envelope(data: bytes) -> None:
    load(data)


@target("certificate")
def _certificate(data: bytes) -> None:
    certificate = Certificate.from_bytes(data)
    assert certificate.data == data
    assert canonicalize(certificate.document()) == data
    assert Certificate.from_document(certificate.document()) == certificate
    certificate.check_signature()


@target("secured-document")
def _secured(data: bytes) -> None:
    check_proof(parse(data, limit=LIMIT), allow_high_s=True)


@target("bundle")
def _bundle(data: bytes) -> None:
    bundle = Bundle.from_bytes(data)
    assert bundle.to_bytes() == data.removesuffix(b"\n")
    verdict = _played_verifier().verify(bundle)
    assert verdict.outcome is not Outcome.AUTHENTIC
    json.dumps(verdict.to_json())


@cache
def _played_verifier() -> Verifier:
    return Verifier(play(1).policy, None)


@target("policy")
def _policy(data: bytes) -> None:
    policy = TrustPolicy.from_bytes(data)
    assert TrustPolicy.from_bytes(policy.to_bytes()) == policy


@target("application")
def _application(data: bytes) -> None:
    application = Application.from_bytes(data)
    assert application.to_bytes() == data.removesuffix(b"\n")


@target("keystore")
def _keystore(data: bytes) -> None:
    keystore = Keystore.open(_file("keystore", data))
    with patch("provenance.keystore._stretch", lambda _, members: bytes(len(_parameters(members)[1]) * 2)):
        keystore.unlock("correct horse battery")  # scrypt itself takes a second, and reads nothing.


@target("tag-url")
def _tag(data: bytes) -> None:
    address = parse_tag_url(_text(data))
    assert parse_tag_url(str(address)) == address
    assert check_base_url(address.base_url) == address.base_url


@target("registry-address")
def _base_url(data: bytes) -> None:
    url = check_base_url(_text(data))
    assert check_base_url(url) == url


@target("serial")
def _serial(data: bytes) -> None:
    serial = Serial.parse(_text(data))
    assert Serial.parse(str(serial)) == Serial.parse(serial.compact) == serial


@target("multikey")
def _multikey(data: bytes) -> None:
    text = _text(data)
    assert PublicKey.parse(text).multikey == text


@target("encodings")
def _encodings(data: bytes) -> None:
    text = _text(data[1:])
    match data[:1]:
        case b"5":
            assert to_base58(from_base58(text)) == text
        case b"6":
            assert to_base64url(from_base64url(text)) == text
        case b"x":
            assert "0x" + parse_hex(text).hex() == text
        case b"d":
            assert Digest.from_multibase(text).multibase() == text
        case b"a":
            assert str(Address.parse(text)) == text
        case b"A":
            read_address(text)
        case b"t":
            assert format_time(parse_time(text, "time")) == text
        case _:
            read_moment(text, "time")


@target("inclusion")
def _inclusion(data: bytes) -> None:
    """Bytes as a proof: index and size in four bytes each, then the leaf, the root and the path."""
    index, size = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
    steps = [data[at : at + 32] for at in range(8, len(data), 32)]
    verify_inclusion(b"".join(steps[:1]), index, size, steps[2:], b"".join(steps[1:2]))


@target("evidence")
def _evidence(data: bytes) -> None:
    """A receipt or an inclusion proof as JSON."""
    value = parse_canonical(data, limit=LIMIT)
    read = InclusionProof.from_json(value) if "path" in value else Receipt.from_json(value)
    assert canonicalize(read.to_json()) == data


@cache
def _abi() -> Interface:
    return interface()


@target("ledger-answer")
def _answer(data: bytes) -> None:
    """A node's answer to a call, the first byte chooses which."""
    functions = sorted(_abi().functions)
    _abi().functions[functions[(data or b"\0")[0] % len(functions)]].decode(data[1:])


@target("ledger-event")
def _event(data: bytes) -> None:
    """A log: the first byte chooses the event, the second tells how many topics follow it."""
    topics = sorted(_abi().events)
    first = topics[(data or b"\0")[0] % len(topics)]
    count = (data[1] if len(data) > 1 else 0) % 4
    more = [data[2 + at * 32 : 34 + at * 32] for at in range(count)]
    some = Hash32(bytes(32))
    block = BlockRef(1, some, parse_time("2026-11-24T10:17:34Z", "time"))
    decode_event(_abi(), [first, *more], data[2 + count * 32 :], block=block, log_index=0, transaction=some)


@target("creation")
def _creation(data: bytes) -> None:
    read_creation(data)


@target("csv")
def _csv(data: bytes) -> None:
    read_sheet(_file("firing.csv", data), score=known_headings)


@target("mapping")
def _mapping(data: bytes) -> None:
    path = _file("map.toml", data)
    read_reading(path)
    read_mapping(path, ("Object Name", "Title", "名称", "height"))


@target("registry-body")
def _body(data: bytes) -> None:
    """A message that a studio, a holder or a claimant sends; the first byte tells which."""
    readers = (messages.parse_status, messages.parse_amendment, messages.parse_holder_order, messages.parse_claim)
    body = parse(data[1:], limit=LIMIT)
    which = (data or b"\0")[0] % 5
    messages.parse_release(body) if which == 4 else readers[which](body)


@target("passkey-client-data")
def _client_data(data: bytes) -> None:
    _read_client_data(data)


@target("phrase")
def _phrase(data: bytes) -> None:
    phrase = Phrase.read(_text(data))
    assert Phrase.read(str(phrase)) == phrase


@target("status-list")
def _status_list(data: bytes) -> None:
    """The list as its credential, and its bits alone: a fuzzer signs nothing."""
    try:
        read_status_list(data, "https://registry.example", "0123456789ab")
    except ProvenanceError:
        _bits({"encodedList": "u" + to_base64url(data)})
