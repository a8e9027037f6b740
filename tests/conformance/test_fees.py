"""Higher fees on real nodes: a transaction that no miner wants is replaced, and one of its bytes is mined."""

from __future__ import annotations

from pathlib import Path

import pytest
from web3.providers.base import JSONBaseProvider

from provenance.encoding import Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account, transaction_fields
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.fees import GWEI
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import Node
from provenance.ledger import AccreditCall, Allotment, AnchorCall
from tests.conformance import nodes
from tests.support.scene import ISSUER


def ledger_with_a_studio(provider: JSONBaseProvider, account: Account, mine: object) -> EVMLedger:
    me = account.address
    ledger = deploy(provider, account, admin=me, steward=me, anchorer=me, base_uri="x/", wait=mine)  # type: ignore[arg-type]
    ledger.send(ledger.prepare(AccreditCall(me, ISSUER.did, ISSUER.name), account, ledger.next_nonce(me)))
    mine()  # type: ignore[operator]
    return ledger


def test_replaced_bytes_are_the_same_call_and_only_one_is_mined() -> None:
    account = Account.generate()[0]
    with nodes.anvil() as provider:
        node = Node(provider)
        node.request("anvil_setBalance", str(account.address), hex(10**20))
        ledger = ledger_with_a_studio(provider, account, lambda: node.request("evm_mine"))
        call = AnchorCall(Root(b"\7" * 32), 1, ledger.next_lot(), (Allotment(account.address, 1),))
        first = ledger.prepare(call, account, ledger.next_nonce(account.address))
        ledger.send(first)
        node.request("anvil_setNextBlockBaseFeePerGas", hex(300 * GWEI))
        node.request("evm_mine")
        assert ledger.outcome(first.hash) is None  # It offers too little.
        second = ledger.raise_fees(first, account)
        before, after = transaction_fields(first.raw), transaction_fields(second.raw)
        for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
            assert after.pop(name) >= before.pop(name) * 9 / 8
        assert before == after
        ledger.send(second)  # The node takes it in place of the first.
        node.request("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        node.request("evm_mine")
        assert ledger.outcome(first.hash) is None
        outcome = ledger.outcome(second.hash)
        assert outcome is not None
        assert outcome.succeeded
        assert ledger.next_nonce(account.address) == first.nonce + 1


def test_nothing_is_signed_above_the_limit(tmp_path: Path) -> None:
    account = Account.generate()[0]
    now = [1_800_000_000]
    chain = EmbeddedChain(tmp_path / "chain.db", funded=[account.address], clock=lambda: now[0])

    def mine() -> None:
        now[0] += 1
        chain.seal()

    ledger = ledger_with_a_studio(EmbeddedProvider(chain), account, mine)
    call = AnchorCall(Root(b"\7" * 32), 1, ledger.next_lot(), (Allotment(account.address, 1),))
    signed = ledger.prepare(call, account, ledger.next_nonce(account.address))
    offered = transaction_fields(signed.raw)["maxFeePerGas"]
    ledger.max_fee = offered + offered // 8
    with pytest.raises(LedgerError) as caught:
        ledger.raise_fees(signed, account)
    assert (caught.value.code, caught.value.retryable) == ("fee-at-limit", True)
    ledger.max_fee += 1
    assert transaction_fields(ledger.raise_fees(signed, account).raw)["maxFeePerGas"] == ledger.max_fee
    ledger.max_fee = offered - 1
    with pytest.raises(LedgerError) as caught:
        ledger.prepare(call, account, signed.nonce)
    assert caught.value.code == "fees-too-high"
    chain.close()
