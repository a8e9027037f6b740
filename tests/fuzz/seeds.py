"""Writes the first corpus: real documents of every kind, a few of each.  ``python -m tests.fuzz.seeds``."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from provenance.application import Application, Binding
from provenance.canonical import JSONObject, canonicalize
from provenance.encoding import Address, Digest
from provenance.evm.abi import interface
from provenance.evm.accounts import Account
from provenance.keystore import Keystore
from provenance.merkle import MerkleTree
from tests.support.played import p256, play
from tests.support.scene import ISSUER

CORPUS = Path(__file__).resolve().parent / "corpus"


def seeds() -> dict[str, list[bytes]]:
    """Return whole documents for each target."""
    played = play(1)
    shown = {item.name: item.bundle for item in played.shown}
    bundles = [shown[name].to_bytes() for name in ("honest 1", "taken over, with both receipts", "corrected 1 times")]
    certificates = [shown[name].certificate.data for name in ("honest 1", "honest 2")]
    proof, receipt = shown["honest 1"].inclusion, shown["honest 1"].receipts[0]
    assert proof is not None
    multikeys = [signer.public_key.multikey.encode() for signer in played.signers.values()][-2:]
    serial = shown["honest 1"].certificate.piece.serial
    leaves = [bytes([number]) * 32 for number in range(5)]
    tree = MerkleTree(leaves)
    place = (3).to_bytes(4, "big") + (5).to_bytes(4, "big") + leaves[3] + tree.root + b"".join(tree.path(3))
    word, account = (32).to_bytes(32, "big"), Account.generate()[0]
    binding = Binding(ISSUER, p256(1).public_key, account.address)
    head = b'{"deadline":"0","digest":"0x%s","nonce":"0",'
    order = head + b'"signature":"0x01","studio":"0x%s","tokenId":"4294967296"}'
    status = order.replace(b'"digest":"0x%s"', b'"status":"REVOKED"') % (b"02" * 20)
    claim: JSONObject = {
        **dict.fromkeys(("claimKey", "newHolder"), str(Address(bytes(20)))),
        "tokenId": "4294967296",
        "nonce": "0",
        "deadline": "0",
        "signature": "0x01",
        "release": {"deadline": "0", "signature": "0x01"},
    }
    client = b'{"type":"webauthn.get","challenge":"%s","origin":"https://registry.example","crossOrigin":false}'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        Keystore.create(path, "correct horse battery", "en", account_of)
        keystore = path.read_bytes()
    functions = sorted(interface().functions)
    record = bytes([functions.index("record")]) + bytes(32 * 20)
    return {
        "json": [b'{"a":[1,true,"x"],"b":{"c":-9007199254740991}}', '{"瓷": "\u00e9"}'.encode(), *certificates[:1]],
        "json-envelope": [b'{"jsonrpc":"2.0","id":1,"result":null}', b"[1.5e3,null]"],
        "certificate": certificates,
        "secured-document": certificates,
        "bundle": bundles,
        "policy": [played.policy.to_bytes()],
        "application": [Application.sign(binding, p256(1), account.sign_binding).to_bytes()],
        "keystore": [keystore],
        "tag-url": [b"https://registry.example/P/%s/2" % serial.compact.encode()],
        "registry-address": [b"https://registry.example:8443/", b"HTTP://[::1]:80"],
        "serial": [str(serial).encode(), serial.compact.lower().encode()],
        "multikey": multikeys,
        "encodings": [b"5" + multikeys[0][1:], b"6aGVsbG8", b"x0x00ff", b"d" + Digest.of(b"").multibase().encode(),
                      b"a0x" + b"ab" * 20, b"t2026-11-24T10:17:34Z", b"m2026-11-24T10:17:34+08:00"],
        "inclusion": [place],
        "evidence": [canonicalize(proof.to_json()), canonicalize(receipt.to_json())],
        "ledger-answer": [record, b"\x01" + word + word + b"x" * 32],
        "ledger-event": [bytes([n, 1]) + bytes(32) + word + word + bytes(64) for n in (0, 5, 11)],
        "creation": [bytes.fromhex("02c0"), b"\x02\xf8\x65"],
        "csv": ["title,height\n梅瓶,312\n".encode(), "名称;高\r\n\"瓶\";3\r\n".encode("gb18030")],
        "mapping": ['[columns]\ntitle = "Title"\n[translations.zh-Hans]\ntitle = "名称"\n'.encode()],
        "registry-body": [b"\x00" + status, b"\x01" + order % (b"01" * 32, b"02" * 20), b"\x03" + canonicalize(claim)],
        "passkey-client-data": [client % (b"A" * 43)],
        "phrase": [b"abandon " * 11 + b"about", "的".encode() * 11 + "在".encode()],
        "status-list": [bytes.fromhex("1f8b08000000000002ff")],
    }  # fmt: skip


def account_of(seed: bytes) -> Address:
    return Address(seed[:20])


def main() -> None:
    for name, documents in seeds().items():
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for data in documents:
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
