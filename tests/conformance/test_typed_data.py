"""The contract takes a signature of every type of ``provenance.evm.typed_data``, in the domain that it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.encoding import Digest
from provenance.evm.abi import interface
from provenance.evm.accounts import Account
from provenance.evm.node import Node
from provenance.evm.typed_data import LEDGER_TYPES, ledger_domain, ledger_message
from provenance.handover import Claim, HolderAction, HolderOrder
from provenance.ledger import (
    ClaimCall,
    HolderOrderCall,
    LedgerCall,
    LedgerMessage,
    ProposeRecoveryCall,
    RelayAmendCall,
    RelayStatusCall,
)
from provenance.status import AmendOrder, Status, StatusOrder
from tests.support.handovers import HandOvers


@pytest.fixture
def handovers(tmp_path: Path) -> Iterator[HandOvers]:
    made = HandOvers(tmp_path)
    yield made
    made.chain.close()


def test_every_type_is_accepted(handovers: HandOvers) -> None:
    ledger, studio, holder = handovers.ledger, handovers.studio, Account.generate()[0]
    identity, accepted = ledger.identity, set[str]()

    def relay(call: LedgerCall, *messages: LedgerMessage) -> None:
        handovers.run(call, handovers.relayer)
        accepted.update(ledger_message(identity, message)["primaryType"] for message in messages)

    status = StatusOrder(handovers.piece(), Status.ON_HOLD, studio.address, 0, 0)
    relay(RelayStatusCall(status, studio.sign_message(identity, status)), status)
    amendment = AmendOrder(status.token_id, Digest.of(b"amended"), studio.address, 1, 0)
    relay(RelayAmendCall(amendment, studio.sign_message(identity, amendment)), amendment)

    token = handovers.piece()
    offer = handovers.offer(token)
    claim = Claim(token, holder.address, offer.release.nonce)
    signatures = studio.sign_message(identity, offer.release), offer.claim_key.sign_message(identity, claim)
    relay(ClaimCall(offer.release, signatures[0], claim, signatures[1]), offer.release, claim)
    handovers.run(ProposeRecoveryCall(token, handovers.relayer.address), handovers.steward)
    for action in (HolderAction.VETO_RECOVERY, HolderAction.REPORT_LOST, HolderAction.REPORT_FOUND,
                   HolderAction.CANCEL_RELEASES):  # fmt: skip
        order = HolderOrder(action, token, handovers.nonce(token), 1_900_000_000)
        relay(HolderOrderCall(order, holder.sign_message(identity, order)), order)
    assert accepted == set(LEDGER_TYPES)


def test_the_contract_tells_the_domain_that_is_signed(handovers: HandOvers) -> None:
    identity, function = handovers.ledger.identity, interface().functions["eip712Domain"]
    request = {"to": str(identity.contract), "data": "0x" + function.encode().hex()}
    told = function.decode(Node(handovers.provider).data("eth_call", request, "latest"))
    fields, name, version, chain_id, contract, salt, extensions = told
    assert (fields, extensions) == (b"\x1f", ())
    assert ledger_domain(identity.chain_id, identity.contract, identity.deployment_id) == {
        "name": name,
        "version": version,
        "chainId": chain_id,
        "verifyingContract": contract,
        "salt": "0x" + salt.hex(),
    }
