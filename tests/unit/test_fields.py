"""What is wrong inside a bundle, or in a signed message, is told with the place where it stands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.bundle import Bundle
from provenance.canonical import canonicalize
from provenance.errors import MalformedError
from provenance.testimony import ExportedRecord
from provenance_registry.service.messages import parse_claim, parse_status
from tests.support.scene import Scene

SHORT, CAPITAL = "0x" + "11" * 31, "0x" + "AB" * 32
AT_FAULT = [
    ("receipts.genesis", ("receipts", 0, "genesis"), SHORT, "wrong-length"),
    ("receipts.contract", ("receipts", 0, "contract"), CAPITAL, "bad-hex"),
    ("receipts.root", ("receipts", 0, "root"), 7, "bad-hex"),
    ("receipts.transaction", ("receipts", 0, "transaction"), "", "bad-hex"),
    ("receipts.block.hash", ("receipts", 0, "block", "hash"), SHORT, "wrong-length"),
    ("inclusion.path", ("inclusion", "path"), ["0xAB"], "bad-hex"),
    ("asExported.block.hash", ("asExported", "block", "hash"), CAPITAL, "bad-hex"),
    ("asExported.studio", ("asExported", "studio"), CAPITAL, "bad-hex"),
    ("asExported.didHash", ("asExported", "didHash"), SHORT, "wrong-length"),
    ("asExported.nameHash", ("asExported", "nameHash"), SHORT, "wrong-length"),
    ("asExported.holder", ("asExported", "holder"), SHORT, "wrong-length"),
    ("proof.verificationMethod", ("certificate", "proof", "verificationMethod"), "did:web:x#zDna", "bad-key"),
    ("proof.verificationMethod", ("certificate", "proof", "verificationMethod"), "did:web:x#z0", "bad-base58"),
    ("proof.proofValue", ("certificate", "proof", "proofValue"), "z0", "bad-base58"),
    ("credentialSubject.id", ("certificate", "credentialSubject", "id"), "{host}", "bad-registry-address"),
]


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    scene = Scene()
    bundle = scene.piece()
    head = scene.ledger.head()
    record = scene.ledger.record(bundle.receipts[0].token_id, bundle.certificate.public_key.key_id, head)
    assert record is not None
    members: dict[str, Any] = json.loads(bundle.to_bytes())
    return members | {"asExported": ExportedRecord.of(record, head).to_json()}


@pytest.mark.parametrize(("field", "at", "value", "code"), AT_FAULT)
def test_a_bundles_reader_names_the_field(
    whole: dict[str, Any], field: str, at: tuple[Any, ...], value: Any, code: str
) -> None:
    Bundle.from_bytes(canonicalize(whole))
    changed = json.loads(json.dumps(whole))
    inner = changed
    for name in at[:-1]:
        inner = inner[name]
    if isinstance(value, str) and "{host}" in value:
        value = inner[at[-1]].replace("https://", "ftp://")
    assert inner[at[-1]] != value
    inner[at[-1]] = value
    with pytest.raises(MalformedError) as caught:
        Bundle.from_bytes(canonicalize(changed))
    assert (caught.value.code, caught.value.field) == (code, field)


ORDER: dict[str, Any] = {
    "tokenId": "4294967296", "status": "REVOKED", "studio": "0x" + "11" * 20, "nonce": "0", "deadline": "20",
    "signature": "0x11",
}  # fmt: skip
CLAIM: dict[str, Any] = {
    "tokenId": "4294967296", "claimKey": "0x" + "22" * 20, "newHolder": "0x" + "33" * 20, "nonce": "7", "deadline": "0",
    "signature": "0x11",
}  # fmt: skip


@pytest.mark.parametrize("number", ["007", "00", "+7", " 7", "7\n", "٧", "-7", "0x7", "", "1" * 21])
def test_a_number_in_a_message_has_one_spelling(number: str) -> None:
    assert parse_status(ORDER).order.deadline == 20
    for name in ("tokenId", "nonce", "deadline"):
        with pytest.raises(MalformedError) as caught:
            parse_status(ORDER | {name: number})
        assert (caught.value.code, caught.value.field) == ("not-an-order", name)
    release = {"deadline": number, "signature": "0x11"}
    with pytest.raises(MalformedError) as caught:
        parse_claim(CLAIM | {"release": release})
    assert caught.value.field == "release.deadline"
