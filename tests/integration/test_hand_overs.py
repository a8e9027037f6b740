"""Hand-overs through the registry: releases are kept, claims relayed, refusals named."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from eth_abi.abi import encode

from provenance.bundle import Bundle
from provenance.claim_key import SecretCode
from provenance.encoding import Address, to_base64url
from provenance.errors import MalformedError
from provenance.evm.accounts import Account, message_digest
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.fees import fees
from provenance.evm.node import Node, data, members
from provenance.handover import HolderAction, Release
from provenance.issue import issue
from provenance.ledger import Moved, ReinstateCall, SuspendCall
from provenance.serial import Serial
from provenance.status import AmendOrder
from provenance.tag import tag_url
from provenance_registry.service.limits import CLIENT_BURST
from tests.support.hand_overs import Counter
from tests.support.registries import RunningRegistry, Studio
from tests.support.signatures import high_s

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LOOP = "5b5f56"
"""``JUMPDEST PUSH0 JUMP``: whatever it is asked, it never answers."""


@pytest.fixture
def counter(registry: RunningRegistry, request: pytest.FixtureRequest) -> Iterator[Counter]:
    number = int(hashlib.sha256(request.node.name.encode()).hexdigest()[:4], 16)
    made = Counter(registry, f"2001:db8:{number:x}::1")
    yield made
    made.http.close()


@pytest.fixture
def token(counter: Counter, studio: Studio) -> int:
    return counter.piece(studio)


def someone() -> Account:
    return Account.generate()[0]


def test_a_buyer_without_money_claims_a_piece_by_the_code_on_its_tag(
    counter: Counter, studio: Studio, token: int
) -> None:
    code, buyer = someone(), someone()
    release = counter.release(studio.account, token, code.address)
    assert counter.http.get(f"/api/v1/releases/{token}/{code.address}").status_code == 404
    assert counter.post("releases", release).status_code == 201
    assert counter.post("releases", release).status_code == 200
    assert counter.http.get(f"/api/v1/releases/{token}/{code.address}").json() == release

    claim = counter.claim(release, code, buyer.address)
    del claim["release"]  # The registry keeps it.
    relayer = Address.parse(counter.registry.client.about()["relayer"])
    anchorer = Address.parse(counter.registry.client.about()["anchorer"])
    paid = counter.ledger.balance(relayer), counter.ledger.balance(anchorer)
    said = counter.done("claims", claim)
    assert (said["state"], said["tokenId"], said["newHolder"]) == ("final", str(token), str(buyer.address))
    assert counter.holder(token) == buyer.address
    assert counter.ledger.balance(relayer) < paid[0]
    assert counter.ledger.balance(anchorer) == paid[1]

    assert counter.post("claims", claim).json()["id"] == said["id"]
    assert counter.ledger.next_nonce(buyer.address) == 0
    assert counter.http.get(f"/api/v1/releases/{token}/{code.address}").status_code == 404
    moves = [event for event in counter.ledger.events(0, counter.ledger.head().number) if isinstance(event, Moved)]
    assert [move.holder for move in moves if move.token_id == token] == [buyer.address]
    holders = {str(counter.holder(token))}
    stored = counter.http.get(f"/tokens/{token}").json()["attributes"][0]["value"]
    assert {counter.registry.client.verdict(Serial.parse(stored))["holder"]} == holders


def test_a_copied_public_tag_cannot_claim(counter: Counter, studio: Studio, token: int) -> None:
    code, buyer, thief = someone(), someone(), someone()
    release = counter.release(studio.account, token, code.address)
    assert counter.post("releases", release).status_code == 201
    serial = Serial.parse(counter.http.get(f"/tokens/{token}").json()["attributes"][0]["value"])
    copied = tag_url(counter.registry.base_url, serial)

    # All that the tag leads to names no claim key, which whoever asks for a release must name.
    api = f"/api/v1/pieces/{serial.compact}"
    for address, accept in ((copied, "text/html"), (copied, "application/json"), (f"{api}/bundle", "*/*")):
        told = counter.http.get(address, headers={"accept": accept})
        assert told.status_code == 200
        assert code.address.value.hex() not in told.text.lower()
    with pytest.raises(MalformedError):
        SecretCode.parse(copied)

    # Nor does a key that is made of what stands on it, though the release itself were known.
    made = [hashlib.sha256(text.encode()).digest() for text in (copied, serial.compact, str(serial))]
    made.append(SecretCode.parse(f"{copied}#{'0' * 26}").private_key())
    for key in (thief, *map(Account.from_secret, made)):
        counter.refused("claims", counter.claim(release, key, thief.address), "InvalidClaimSignature")
        own = counter.release(key, token, key.address)
        counter.refused("claims", counter.claim(own, key, thief.address), "InvalidHolderSignature")
        alone = {name: value for name, value in counter.claim(own, key, thief.address).items() if name != "release"}
        assert counter.post("claims", alone).json()["code"] == "unknown-release"
    assert (counter.nonce(token), counter.holder(token)) == (0, studio.account.address)

    assert counter.done("claims", counter.claim(release, code, buyer.address))["state"] == "final"
    counter.refused("claims", counter.claim(release, code, thief.address), "WrongPieceNonce")
    assert counter.holder(token) == buyer.address


def test_a_buyer_gives_the_piece_away(counter: Counter, studio: Studio, token: int) -> None:
    first, second = someone(), someone()
    for giver, heir in ((studio.account, first), (first, second)):
        code = someone()
        release = counter.release(giver, token, code.address)
        assert counter.done("claims", counter.claim(release, code, heir.address))["state"] == "final"
    assert counter.holder(token) == second.address


def test_what_the_ledger_refuses_is_refused_by_name_and_costs_nothing(
    counter: Counter, studio: Studio, token: int
) -> None:
    code, buyer, thief = someone(), someone(), someone()
    release = counter.release(studio.account, token, code.address)
    good = counter.claim(release, code, buyer.address)
    relayer = Address.parse(counter.registry.client.about()["relayer"])
    sent = counter.ledger.next_nonce(relayer)

    counter.refused("claims", {**good, "newHolder": str(thief.address)}, "InvalidClaimSignature")
    counter.refused("claims", counter.claim(release, thief, thief.address), "InvalidClaimSignature")
    strangers = counter.release(thief, token, code.address)
    counter.refused("claims", counter.claim(strangers, code, thief.address), "InvalidHolderSignature")
    twin = high_s(bytes.fromhex(good["signature"][2:])).hex()
    counter.refused("claims", {**good, "signature": "0x" + twin}, "InvalidClaimSignature")
    past = int(time.time()) - 5
    counter.refused("claims", counter.claim(release, code, buyer.address, past), "OrderExpired")
    old = counter.release(studio.account, token, code.address, past)
    counter.refused("claims", counter.claim(old, code, buyer.address), "OrderExpired")
    counter.refused("claims", counter.claim(release, code, Address(bytes(20))), "InvalidHolder")
    unknown = {**good, "tokenId": str(99 << 32)}
    counter.refused("claims", unknown, "UnknownToken")
    assert counter.ledger.next_nonce(relayer) == sent

    assert counter.done("claims", good)["state"] == "final"
    again = counter.claim(release, code, thief.address)  # The code is known now, and the release was good once.
    counter.refused("claims", again, "WrongPieceNonce")
    assert counter.holder(token) == buyer.address


def test_cancelled_releases_are_void(counter: Counter, studio: Studio, token: int) -> None:
    code, buyer = someone(), someone()
    release = counter.release(studio.account, token, code.address)
    counter.post("releases", release)
    order = counter.order(studio.account, HolderAction.CANCEL_RELEASES, token)
    said = counter.done("holder-orders", order)
    assert (said["state"], said["action"]) == ("final", "CANCEL_RELEASES")
    counter.refused("claims", counter.claim(release, code, buyer.address), "WrongPieceNonce")
    _until(lambda: counter.http.get(f"/api/v1/releases/{token}/{code.address}").status_code == 404)
    refusal = counter.post("releases", release)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "wrong-piece-nonce")


def test_a_lost_piece_is_not_claimed(counter: Counter, studio: Studio, token: int) -> None:
    counter.done("holder-orders", counter.order(studio.account, HolderAction.REPORT_LOST, token))
    code = someone()
    release = counter.release(studio.account, token, code.address)
    counter.refused("claims", counter.claim(release, code, someone().address), "PieceIsLost")
    serial = counter.http.get(f"/tokens/{token}").json()["attributes"][0]["value"]
    _until(
        lambda: "lost" in [item["code"] for item in counter.registry.client.verdict(Serial.parse(serial))["advisories"]]
    )
    counter.refused(
        "holder-orders", counter.order(someone(), HolderAction.REPORT_FOUND, token), "InvalidHolderSignature"
    )
    assert counter.done("holder-orders", counter.order(studio.account, HolderAction.REPORT_FOUND, token))
    counter.refused("holder-orders", counter.order(studio.account, HolderAction.VETO_RECOVERY, token), "NoRecovery")


def test_a_suspended_studio_hands_nothing_over(registry: RunningRegistry, counter: Counter) -> None:
    barred = Studio(registry, "barred", "停售窑")
    barred.accredit()
    token, code, buyer = counter.piece(barred), someone(), someone()
    registry.steward_does(SuspendCall(barred.account.address))
    release = counter.release(barred.account, token, code.address)
    counter.refused("claims", counter.claim(release, code, buyer.address), "StudioIsSuspended")
    registry.steward_does(ReinstateCall(barred.account.address))
    assert counter.done("claims", counter.claim(release, code, buyer.address))["state"] == "final"


def test_of_two_claims_at_once_one_is_under_way(counter: Counter, studio: Studio, token: int) -> None:
    codes = [someone(), someone()]
    releases = [counter.release(studio.account, token, code.address) for code in codes]
    claims = [counter.claim(release, code, someone().address) for release, code in zip(releases, codes, strict=True)]
    first = counter.post("claims", claims[0])
    second = counter.post("claims", claims[1])
    assert first.status_code == 202
    assert second.status_code == 409
    assert second.json()["code"] in ("hand-over-under-way", "ledger-refused")  # The block may be there by then.
    assert counter.wait("claims", first.json()["id"])["state"] == "final"
    counter.refused("claims", claims[1], "WrongPieceNonce")


def test_an_amendment_is_recorded_by_a_signed_order(counter: Counter, studio: Studio, token: int) -> None:
    client = studio.registry.client
    before = Bundle.from_bytes(client.bundle(client.serial_of(token))).certificate
    newer = issue(
        replace(before.piece, height_mm=1),
        before.issuer,
        studio.signer,
        status_entry=before.status_entry,
        now=before.valid_from,
        replaces=before.digest,
    )
    studio.submit(newer)
    digest = newer.digest
    order = AmendOrder(token, digest, studio.account.address, counter.ledger.order_nonce(studio.account.address), 0)
    sent = {
        "tokenId": str(token),
        "digest": str(digest),
        "studio": str(studio.account.address),
        "nonce": str(order.nonce),
        "deadline": "0",
        "signature": counter.sign(studio.account, order),
    }
    assert counter.done("amendments", sent)["state"] == "final"
    record = counter.ledger.record(token, studio.signer.public_key.key_id, counter.ledger.head())
    assert record is not None
    assert record.amendment is not None
    assert record.amendment.digest == digest
    # A message's state is asked for where it was sent.
    assert counter.http.get(f"/api/v1/claims/{counter.post('amendments', sent).json()['id']}").status_code == 404


def test_releases_of_a_whole_firing_are_kept_in_one_request(counter: Counter, studio: Studio, token: int) -> None:
    thief = someone()
    good = [counter.release(studio.account, token, someone().address) for _ in range(16)]
    strange = counter.release(thief, token, thief.address)
    malformed = {**good[0], "nonce": 0}
    unknown = {**good[0], "tokenId": str(99 << 32)}
    too_many = counter.release(studio.account, token, someone().address)
    batch = [*good, good[3], strange, malformed, unknown, too_many, {}]
    answer = counter.http.post("/api/v1/releases:batch", json={"releases": batch})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [result.get("new") for result in results[:17]] == [True] * 16 + [False]
    assert [result.get("others") for result in results[:17]] == [*range(16), 15]
    codes = [result.get("code") for result in results[17:]]
    assert codes == ["not-the-holder", "not-a-release", "unknown-token", "too-many-releases", "not-a-release"]
    assert [result["line"] for result in results[17:]] == [18, 19, 20, 21, 22]
    assert all(counter.http.get(f"/api/v1/releases/{token}/{one['claimKey']}").json() == one for one in good)
    again = counter.http.post("/api/v1/releases:batch", json={"releases": good}).json()["results"]
    assert [result["new"] for result in again] == [False] * 16
    bodies: list[dict[str, object]] = [{"releases": []}, {"releases": [good[0]] * 1_001}, {"releases": "x"}, {}]
    for body in bodies:
        assert counter.http.post("/api/v1/releases:batch", json=body).status_code == 413
    expired = counter.release(studio.account, token, thief.address, 1)
    assert counter.post("releases", expired).json()["code"] == "release-expired"


def test_a_longer_release_takes_the_place_of_a_shorter_one(counter: Counter, studio: Studio, token: int) -> None:
    code, now = someone().address, int(time.time())
    short, long, endless = (counter.release(studio.account, token, code, end) for end in (now + 500, now + 900, 0))
    for sent, kept in ((long, long), (short, long), (endless, endless), (long, endless)):
        counter.post("releases", sent)
        assert counter.http.get(f"/api/v1/releases/{token}/{code}").json() == kept


def test_a_passkey_holds_and_hands_over(counter: Counter, studio: Studio, token: int) -> None:
    phone, code, other = ec.generate_private_key(ec.SECP256R1()), someone(), someone()
    numbers = phone.public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    holder = counter.ledger.passkey_holder(x, y)
    release = counter.release(studio.account, token, code.address)
    assert counter.done("claims", counter.claim(release, code, holder))["state"] == "final"

    offer = Release(token, other.address, counter.nonce(token))
    challenge = to_base64url(message_digest(counter.ledger.identity, offer))
    client = json.dumps({"type": "webauthn.get", "challenge": challenge}, separators=(",", ":"))
    authenticator = hashlib.sha256(b"registry.example").digest() + b"\x05" + bytes(4)
    signed = hashlib.sha256(authenticator + hashlib.sha256(client.encode()).digest()).digest()
    r, s = decode_dss_signature(phone.sign(signed, ec.ECDSA(Prehashed(SHA256()))))
    s = min(s, P256_ORDER - s)
    auth = (r.to_bytes(32, "big"), s.to_bytes(32, "big"), client.index('"challenge"'), client.index('"type"'),
            authenticator, client)  # fmt: skip
    verifier = counter.ledger.passkey_verifier()
    signature = verifier.value + x + y + encode(["bytes32", "bytes32", "uint256", "uint256", "bytes", "string"], auth)
    sent = {
        "tokenId": str(token),
        "claimKey": str(other.address),
        "nonce": str(offer.nonce),
        "deadline": "0",
        "signature": "0x" + signature.hex(),
    }
    assert counter.post("releases", {**sent, "nonce": "7"}).json()["code"] == "wrong-piece-nonce"
    assert counter.post("releases", {**sent, "claimKey": str(code.address)}).json()["code"] == "not-the-holder"
    assert counter.post("releases", sent).status_code == 201
    assert counter.done("claims", counter.claim(sent, other, other.address))["state"] == "final"
    assert counter.holder(token) == other.address


def test_phones_may_ask_the_ledger_and_its_companion(counter: Counter, token: int) -> None:
    def ask(method: str, *params: object) -> dict[str, object]:
        body: dict[str, object] = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        answer: dict[str, object] = counter.http.post("/rpc", json=body).json()
        return answer

    verifier, ledger = str(counter.ledger.passkey_verifier()), str(counter.ledger.identity.contract)
    passkey_holder = "0x" + _selector("passkeyHolder(bytes32,bytes32)") + "11" * 64
    told = [ask("eth_call", {"to": to, "data": passkey_holder}, "latest").get("result") for to in (ledger, verifier)]
    assert told[0] == told[1] is not None
    holding = "0x" + _selector("holding(uint256)") + f"{token:064x}"
    assert len(str(ask("eth_call", {"to": ledger, "data": holding}, "latest")["result"])) == 2 + 9 * 64
    assert "error" in ask("eth_call", {"to": str(someone().address), "data": holding}, "latest")


def test_too_many_requests_of_one_client_wait(counter: Counter, studio: Studio, token: int) -> None:
    unsigned = {**counter.order(someone(), HolderAction.REPORT_LOST, token), "signature": "0x00"}
    answers = [counter.post("holder-orders", unsigned)]
    while answers[-1].status_code == 409:  # A slow machine gains some more meanwhile.
        answers.append(counter.post("holder-orders", unsigned))
    limited = answers[-1]
    assert len(answers) > CLIENT_BURST
    assert (limited.status_code, limited.json()["code"]) == (429, "too-many-requests")
    assert int(limited.headers["retry-after"]) == limited.json()["retryAfter"] >= 1
    neighbour = Counter(counter.registry, "203.0.113.9")
    order = neighbour.order(studio.account, HolderAction.REPORT_LOST, token)
    assert neighbour.done("holder-orders", order)["state"] == "final"
    neighbour.http.close()


def test_a_holder_that_never_answers_costs_nothing(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    counter = Counter(registry)
    token, code = counter.piece(studio), someone()
    registry.stop()
    loop = _deploy(registry, LOOP)

    registry.start()
    release = counter.release(studio.account, token, code.address)
    assert counter.done("claims", counter.claim(release, code, loop))["state"] == "final"
    relayer = Address.parse(registry.client.about()["relayer"])
    before = counter.ledger.balance(relayer)
    strange = counter.release(someone(), token, code.address)
    began = time.monotonic()
    assert counter.post("releases", strange).json()["code"] == "not-the-holder"
    counter.refused("claims", counter.claim(strange, code, code.address), "InvalidHolderSignature")
    order = counter.order(someone(), HolderAction.REPORT_LOST, token)
    counter.refused("holder-orders", order, "InvalidHolderSignature")
    assert time.monotonic() - began < 60  # All the gas of a transaction would take minutes.
    assert counter.ledger.balance(relayer) == before
    other = counter.piece(studio)
    registry.stop()

    registry.start(KILNMARK_MAX_RELAY_GAS="60000")
    release = counter.release(studio.account, other, code.address)
    costly = counter.post("claims", counter.claim(release, code, code.address))
    assert (costly.status_code, costly.json()["code"]) == (409, "too-costly")
    assert "60,000 gas" in costly.json()["detail"]
    assert registry.stop() == 0
    assert "Traceback" not in registry.log
    counter.http.close()


def test_killed_between_preparing_and_sending_a_claim(tmp_path: Path) -> None:
    registry = RunningRegistry(tmp_path / "data")
    registry.start()
    studio = Studio(registry)
    studio.accredit()
    counter = Counter(registry)
    token, code, buyer = counter.piece(studio), someone(), someone()
    claim = counter.claim(counter.release(studio.account, token, code.address), code, buyer.address)
    registry.stop()

    registry.start(KILNMARK_TEST_KILL_AT="before-send")
    with contextlib.suppress(httpx.TransportError):  # The answer may not come before the end.
        counter.post("claims", claim)
    assert registry.wait_dead(asked=False) != 0

    registry.start()
    assert counter.done("claims", claim)["state"] == "final"
    assert counter.holder(token) == buyer.address
    relayer = Address.parse(registry.client.about()["relayer"])
    assert counter.ledger.next_nonce(relayer) == 1
    assert registry.stop() == 0
    assert "Traceback" not in registry.log
    counter.http.close()


def _deploy(registry: RunningRegistry, code: str) -> Address:
    """Put a contract on the chain of a registry that is stopped: its own door lets nobody make one."""
    chain = EmbeddedChain(registry.folder / "chain.db")
    node, steward = Node(EmbeddedProvider(chain)), registry.steward
    size = len(code) // 2
    assert size == 3
    init = f"62{code}5f526003601df3"  # Puts the code into memory and returns it.
    fields = {"type": 2, "chainId": node.quantity("eth_chainId"), "value": 0, "data": "0x" + init, "gas": 100_000}
    nonce = node.quantity("eth_getTransactionCount", str(steward.address), "latest")
    signed = steward.sign_transaction({**fields, "nonce": nonce, **fees(node)})
    node.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    for _ in range(50):
        if chain.seal():
            break
        time.sleep(0.1)
    contract = Address(
        data(members(node.request("eth_getTransactionReceipt", str(signed.hash)))["contractAddress"], 20)
    )
    assert node.data("eth_getCode", str(contract), "latest").hex() == code
    chain.close()
    return contract


def _selector(signature: str) -> str:
    from eth_utils.crypto import keccak

    return keccak(text=signature)[:4].hex()


def _until(good: object) -> None:
    assert callable(good)
    deadline = time.monotonic() + 60
    while not good():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.05)
