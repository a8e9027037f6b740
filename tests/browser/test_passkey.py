"""A buyer's passkey, made by a real browser, holds a piece on the real contract and hands it on.

Chromium signs with a virtual authenticator; the challenge is computed in the page, by ``static/typed_data.js``: that
the contract accepts it proves that its spelling of the typed data, Python's and JavaScript's are one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from provenance.encoding import Address, Hash32
from provenance.errors import LedgerError, VerificationError
from provenance.evm.accounts import Account
from provenance.evm.embedded import CHAIN_ID
from provenance.evm.node import Node, data, members
from provenance.evm.passkeys import Assertion, Passkey, check_assertion, passkey_signature
from provenance.evm.typed_data import ledger_digest
from provenance.handover import Release
from provenance.keys import P256_ORDER
from tests.browser.conftest import Open
from tests.support.handovers import HandOvers

STATIC = Path(__file__).resolve().parents[2] / "registry/provenance_registry/http/static"
MAX_TOUCHES = 64
"""Touches within which both kinds of s appear, but for one run in 2^63."""
HELPERS = """
const hex = buffer => Array.from(new Uint8Array(buffer), byte => byte.toString(16).padStart(2, '0')).join('');
const bytes = text => Uint8Array.from(text.match(/../g), pair => parseInt(pair, 16));
"""
CREATE = (
    "async () => {"
    + HELPERS
    + """
  const {rawId, response} = await navigator.credentials.create({publicKey: {
    rp: {name: 'Kilnmark'},
    user: {id: crypto.getRandomValues(new Uint8Array(16)), name: 'buyer', displayName: 'Buyer'},
    challenge: crypto.getRandomValues(new Uint8Array(32)),
    pubKeyCredParams: [{type: 'public-key', alg: -7}],
    authenticatorSelection: {residentKey: 'required', userVerification: 'required'},
  }});
  return {id: hex(rawId), spki: hex(response.getPublicKey()), registration: hex(response.getAuthenticatorData())};
}"""
)
TOUCH = (
    "async ({id, ledger, message, userVerification}) => {" + HELPERS + """
  const {digest} = await import('/typed_data.js');
  const challenge = digest(ledger, 'Release', message);
  const {response} = await navigator.credentials.get({publicKey: {
    challenge, userVerification, allowCredentials: [{type: 'public-key', id: bytes(id)}],
  }});
  return {
    digest: hex(challenge), device: hex(response.authenticatorData), client: hex(response.clientDataJSON),
    signature: hex(response.signature),
  };
}"""
)  # fmt: skip


class Server(SimpleHTTPRequestHandler):
    """The page's module, and a page with nothing on it."""

    def do_GET(self) -> None:
        if self.path != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><html lang=en><link rel=icon href=data:,><title>Passkeys</title></html>")
        return None

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(STATIC))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def handovers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HandOvers]:
    made = HandOvers(tmp_path_factory.mktemp("ledger"))
    yield made
    made.chain.close()


class BrowserPhone:
    """A browser whose authenticator holds passkeys; the first is `passkey`."""

    def __init__(self, open_page: Open, site: str, handovers: HandOvers) -> None:
        self.site, self.handovers = site, handovers
        self.page = open_page(site)
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = made["authenticatorId"]
        self.credential, self.passkey = self.create()

    def create(self) -> tuple[str, Passkey]:
        """Make a passkey and return its credential id and its key."""
        made = self.page.evaluate(CREATE)
        passkey = Passkey.from_spki(bytes.fromhex(made["spki"]))
        assert Passkey.from_registration(bytes.fromhex(made["registration"])) == passkey
        return made["id"], passkey

    def touch(self, release: Release, credential: str = "", *, verified: bool = True) -> tuple[Hash32, Assertion]:
        """Have a release signed and return what was signed, as the page computed it, and the answer."""
        identity = self.handovers.ledger.identity
        answer = self.page.evaluate(
            TOUCH,
            {
                "id": credential or self.credential,
                "ledger": {
                    "chainId": identity.chain_id,
                    "contract": str(identity.contract),
                    "deploymentId": str(identity.deployment_id),
                },
                "message": {
                    "tokenId": str(release.token_id),
                    "claimKey": str(release.claim_key),
                    "nonce": str(release.nonce),
                    "deadline": str(release.deadline),
                },
                "userVerification": "required" if verified else "discouraged",
            },
        )
        parts = [bytes.fromhex(answer[name]) for name in ("device", "client", "signature")]
        return Hash32(bytes.fromhex(answer["digest"])), Assertion(*parts)

    def sign(self, release: Release, verifier: Address | None = None) -> bytes:
        """Return the ledger's signature of a release."""
        digest, answer = self.touch(release)
        return passkey_signature(self.passkey, answer, digest, verifier or self.handovers.ledger.passkey_verifier())


@pytest.fixture
def phone(open_page: Open, site: str, handovers: HandOvers) -> BrowserPhone:
    return BrowserPhone(open_page, site, handovers)


def buyer() -> Address:
    return Account.generate()[0].address


def test_the_holder_address_is_the_contracts(phone: BrowserPhone, handovers: HandOvers) -> None:
    assert phone.passkey.holder == handovers.ledger.passkey_holder(phone.passkey.x, phone.passkey.y)


def test_a_phone_takes_a_piece_and_hands_it_on_with_either_kind_of_s(phone: BrowserPhone, handovers: HandOvers) -> None:
    for wanted_high in (True, False):
        token = handovers.give(phone.passkey.holder)
        assert handovers.holder(token) == phone.passkey.holder
        offer, to = handovers.offer(token), buyer()
        for _ in range(MAX_TOUCHES):
            digest, answer = phone.touch(offer.release)
            if (answer.s > P256_ORDER // 2) is wanted_high:
                break
        else:
            raise AssertionError("the browser signs with one kind of s only")
        assert digest == ledger_digest(handovers.ledger.identity, offer.release)
        check_assertion(phone.passkey, answer, digest, rp_id="localhost", origin=phone.site)
        signature = passkey_signature(phone.passkey, answer, digest, handovers.ledger.passkey_verifier())
        handovers.run(handovers.call(offer, signature, to), handovers.relayer)
        assert handovers.holder(token) == to


def test_a_phone_hands_on_to_another_phone(phone: BrowserPhone, handovers: HandOvers) -> None:
    token = handovers.give(phone.passkey.holder)
    credential, other = phone.create()
    offer = handovers.offer(token)
    handovers.run(handovers.call(offer, phone.sign(offer.release), other.holder), handovers.relayer)
    assert handovers.holder(token) == other.holder
    phone.credential, phone.passkey = credential, other
    offer, to = handovers.offer(token), buyer()
    handovers.run(handovers.call(offer, phone.sign(offer.release), to), handovers.relayer)
    assert handovers.holder(token) == to


# --- what the contract refuses ------------------------------------------------------------------------------------


class Attempt:
    """A piece that a phone holds, and ways to take it away."""

    def __init__(self, phone: BrowserPhone, handovers: HandOvers) -> None:
        self.phone, self.handovers = phone, handovers
        self.token = handovers.give(phone.passkey.holder)
        self.offer = handovers.offer(self.token)
        self.verifier = handovers.ledger.passkey_verifier()

    def refused(self, signature: bytes) -> None:
        with pytest.raises(LedgerError) as caught:
            self.handovers.ledger.prepare(
                self.handovers.call(self.offer, signature, buyer()), self.handovers.relayer, self.relayers_nonce
            )
        assert caught.value.code == "ledger-refused"
        assert str(caught.value.facts["reason"]).startswith(f"InvalidHolderSignature(tokenId={self.token}, ")

    @property
    def relayers_nonce(self) -> int:
        return self.handovers.ledger.next_nonce(self.handovers.relayer.address)

    def accepted(self) -> None:
        """The piece is still the phone's, who can give it away: the refusals had their own reasons."""
        assert self.handovers.holder(self.token) == self.phone.passkey.holder
        call = self.handovers.call(self.offer, self.phone.sign(self.offer.release), buyer())
        self.handovers.run(call, self.handovers.relayer)


@pytest.fixture
def attempt(phone: BrowserPhone, handovers: HandOvers) -> Iterator[Attempt]:
    made = Attempt(phone, handovers)
    yield made
    made.accepted()


def test_the_passkey_of_another_holder_is_refused(attempt: Attempt) -> None:
    phone, release = attempt.phone, attempt.offer.release
    credential, other = phone.create()
    digest, answer = phone.touch(release, credential)
    signature = passkey_signature(other, answer, digest, attempt.verifier)
    attempt.refused(signature)
    attempt.refused(attempt.verifier.value + phone.passkey.x + phone.passkey.y + signature[84:])


def test_a_verifier_that_the_attacker_chose_is_refused(attempt: Attempt) -> None:
    handovers, passkey = attempt.handovers, attempt.phone.passkey
    yes = keccak(text="verify(bytes,bytes32,bytes)")[:4]
    # PUSH4 the selector, which means yes; PUSH1 224; SHL; store and return it.
    body = b"\x63" + yes + bytes.fromhex("60e01b60005260206000f3")
    verifier = deploy_code(handovers, body)
    node = Node(handovers.provider)
    assert node.data("eth_call", {"to": str(verifier), "data": "0x"}, "latest")[:4] == yes
    attempt.refused(verifier.value + passkey.x + passkey.y + b"anything")
    attempt.refused(attempt.phone.sign(attempt.offer.release, verifier))


def deploy_code(handovers: HandOvers, body: bytes) -> Address:
    node, account = Node(handovers.provider), handovers.deployer
    # PUSH1 the length; DUP1; PUSH1 where the body begins; PUSH1 0; CODECOPY; PUSH1 0; RETURN.
    creation = b"\x60" + bytes([len(body)]) + bytes.fromhex("80600b6000396000f3") + body
    signed = account.sign_transaction(
        {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": handovers.ledger.next_nonce(account.address),
            "value": 0,
            "data": "0x" + creation.hex(),
            "gas": 200_000,
            "maxFeePerGas": 1_000,
            "maxPriorityFeePerGas": 1,
        }
    )
    node.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    handovers.mine()
    receipt = members(node.request("eth_getTransactionReceipt", str(signed.hash)))
    address = Address(data(receipt.get("contractAddress"), 20))
    assert node.data("eth_getCode", str(address), "latest") == body
    return address


def test_the_high_s_twin_is_refused(attempt: Attempt) -> None:
    signature = attempt.phone.sign(attempt.offer.release)
    s = int.from_bytes(signature[116:148], "big")
    assert 0 < s <= P256_ORDER // 2
    attempt.refused(signature[:116] + (P256_ORDER - s).to_bytes(32, "big") + signature[148:])


def test_the_touch_for_another_release_is_refused(attempt: Attempt) -> None:
    release = attempt.offer.release
    for other in (
        Release(release.token_id + 1, release.claim_key, release.nonce),
        Release(release.token_id, buyer(), release.nonce),
        Release(release.token_id, release.claim_key, release.nonce + 1),
        Release(release.token_id, release.claim_key, release.nonce, 2_000_000_000),
    ):
        attempt.refused(attempt.phone.sign(other))


def test_a_touch_without_a_finger_is_refused(attempt: Attempt) -> None:
    phone = attempt.phone
    verified = {"authenticatorId": phone.authenticator, "isUserVerified": False}
    phone.session.send("WebAuthn.setUserVerified", verified)
    digest, answer = phone.touch(attempt.offer.release, verified=False)
    phone.session.send("WebAuthn.setUserVerified", {**verified, "isUserVerified": True})
    with pytest.raises(VerificationError) as caught:
        passkey_signature(phone.passkey, answer, digest, attempt.verifier)
    assert caught.value.code == "user-not-verified"
    # As it would be sent by software that does not look.
    kinds = ["bytes32", "bytes32", "uint256", "uint256", "bytes", "bytes"]
    parts = answer.r.to_bytes(32, "big"), min(answer.s, P256_ORDER - answer.s).to_bytes(32, "big"), *answer.indices
    auth = encode(kinds, (*parts, answer.authenticator_data, answer.client_data))
    attempt.refused(attempt.verifier.value + phone.passkey.x + phone.passkey.y + auth)
