"""What a wallet sees: a plain ERC-721 client, over the registry's door, that knows nothing of lots or of Kilnmark."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from provenance.evm.accounts import Account
from provenance.handover import Claim, Release
from provenance.ledger import ClaimCall, SetStatusCall
from provenance.status import Status
from tests.support.registries import RunningRegistry, Studio


def function(name: str, inputs: str, output: str) -> dict[str, Any]:
    members = [{"name": "", "type": kind} for kind in inputs.split()]
    result = [{"name": "", "type": output}]
    return {"type": "function", "name": name, "inputs": members, "outputs": result, "stateMutability": "view"}


def event(name: str, *members: tuple[str, str, bool]) -> dict[str, Any]:
    inputs = [{"name": name, "type": kind, "indexed": indexed} for name, kind, indexed in members]
    return {"type": "event", "name": name, "inputs": inputs, "anonymous": False}


# The standards' own words: EIP-165, EIP-721 with its metadata extension, EIP-4906, EIP-5192, EIP-7572.
STANDARD = [
    function("supportsInterface", "bytes4", "bool"),
    function("balanceOf", "address", "uint256"),
    function("ownerOf", "uint256", "address"),
    function("getApproved", "uint256", "address"),
    function("isApprovedForAll", "address address", "bool"),
    function("name", "", "string"),
    function("symbol", "", "string"),
    function("tokenURI", "uint256", "string"),
    function("locked", "uint256", "bool"),
    function("contractURI", "", "string"),
    event("Transfer", ("from", "address", True), ("to", "address", True), ("tokenId", "uint256", True)),
    event("MetadataUpdate", ("_tokenId", "uint256", False)),
]
NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def pieces(registry: RunningRegistry, studio: Studio) -> list[int]:
    """Tokens of a batch of one studio, the first of which was handed to a buyer."""
    certificates = [studio.sign(f"碗 {number}") for number in range(7)]
    studio.submit(*certificates)
    studio.wait_anchored(*certificates)
    states = registry.client.states([certificate.digest for certificate in certificates])
    assert len(states) == len(certificates)
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as http:
        return [
            int(http.get(f"/api/v1/certificates/{certificate.digest}").json()["tokenId"])
            for certificate in certificates
        ]


@pytest.fixture(scope="module")
def buyer(registry: RunningRegistry, studio: Studio, pieces: list[int]) -> Account:
    buyer, claim_key = Account.generate()[0], Account.generate()[0]
    identity = registry.ledger().identity
    release, claim = Release(pieces[0], claim_key.address, 0), Claim(pieces[0], buyer.address, 0)
    signatures = studio.account.sign_message(identity, release), claim_key.sign_message(identity, claim)
    registry.steward_does(ClaimCall(release, signatures[0], claim, signatures[1]))
    return buyer


@pytest.fixture(scope="module")
def wallet(registry: RunningRegistry, buyer: Account) -> Contract:
    own = {"x-forwarded-for": "203.0.113.95"}  # Who asks for every token asks for nearly as much as one client may.
    web3 = Web3(HTTPProvider(f"{registry.base_url}/rpc", request_kwargs={"headers": own}))
    contract: Contract = web3.eth.contract(
        address=Web3.to_checksum_address(str(registry.policy.ledger.contract)), abi=STANDARD
    )
    return contract


def owners(wallet: Contract) -> dict[int, str]:
    found: dict[int, str] = {}
    for log in wallet.events.Transfer().get_logs(from_block=0):
        token, former = log["args"]["tokenId"], log["args"]["from"]
        assert former == found.get(token, NOBODY), "a transfer from somebody who does not own the token"
        found[token] = log["args"]["to"]
    return found


def test_the_standards_are_announced(wallet: Contract) -> None:
    for interface in ("01ffc9a7", "80ac58cd", "5b5e139f", "49064906", "b45a3c0e"):
        assert wallet.functions.supportsInterface(bytes.fromhex(interface)).call(), interface
    assert not wallet.functions.supportsInterface(b"\xff" * 4).call()
    assert (wallet.functions.name().call(), wallet.functions.symbol().call()) == ("Kilnmark", "KILN")
    assert wallet.functions.contractURI().call().startswith("data:application/json")


def test_every_token_and_its_owner_is_found_from_transfers_alone(
    registry: RunningRegistry, wallet: Contract, pieces: list[int], studio: Studio, buyer: Account
) -> None:
    while True:
        head, found = registry.ledger().head(), owners(wallet)
        counts = {owner: wallet.functions.balanceOf(owner).call() for owner in set(found.values())}
        if registry.ledger().head() == head:
            break  # Else what another test sent was anchored meanwhile.
    assert counts == Counter(found.values())
    assert set(pieces) <= found.keys()
    assert found[pieces[0]] == Web3.to_checksum_address(str(buyer.address))
    assert {found[token] for token in pieces[1:]} == {Web3.to_checksum_address(str(studio.account.address))}
    for token, owner in list(found.items())[-300:]:
        assert wallet.functions.ownerOf(token).call() == owner
        assert wallet.functions.locked(token).call()
        assert wallet.functions.getApproved(token).call() == NOBODY


def test_metadata_is_found_from_the_token_alone(wallet: Contract, pieces: list[int]) -> None:
    with httpx.Client(timeout=60, trust_env=False) as http:
        for token in pieces:
            answer = http.get(wallet.functions.tokenURI(token).call())
            assert answer.status_code == 200
            members = answer.json()
            assert members["name"].startswith("碗 ")
            assert members["description"]
            assert {entry["trait_type"] for entry in members["attributes"]} >= {"serial", "studio", "status"}


def test_a_change_of_status_tells_wallets_to_read_the_metadata_again(
    registry: RunningRegistry, wallet: Contract, pieces: list[int]
) -> None:
    first = registry.ledger().head().number + 1
    registry.steward_does(SetStatusCall(pieces[3], Status.ON_HOLD))
    logs = wallet.events.MetadataUpdate().get_logs(from_block=first)
    assert [log["args"]["_tokenId"] for log in logs] == [pieces[3]]
