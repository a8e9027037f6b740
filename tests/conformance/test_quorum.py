"""Several nodes of one ledger, of which some lie, lag or are gone: a lie never becomes an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provenance.batch import assemble
from provenance.bundle import Bundle, Receipt
from provenance.certificate import Issuer, StatusEntry
from provenance.encoding import Hash32
from provenance.errors import ConfigurationError, LedgerError
from provenance.evm.accounts import Account
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.evm.opening import open_agreeing
from provenance.evm.quorum import MAX_LAG, Quorum
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    AnchorCall,
    Anchored,
    BlockRef,
    Deployment,
    LedgerCall,
    LedgerReader,
    NameSuccessorCall,
    SetStatusCall,
)
from provenance.piece import Piece
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import Status
from provenance.verdict import Check, Outcome, Verdict
from provenance.verify import Verifier
from tests.conformance.test_hostile_node import Answer, Door, Lie, LyingNode, about, always
from tests.support.ports import free_port

ISSUER = Issuer("https://registry.kilnmark.test", "lin", "林家窑")


class Village:
    """A real chain with one piece on it, behind two doors, of which one lies as the test tells it to."""

    def __init__(self, node: LyingNode) -> None:
        self.node, self.liar = node, Door(node.chain)
        self.truth = EVMLedger(EmbeddedProvider(node.chain), node.identity.contract)
        self.bundle = self._piece()
        self.token_id = self.bundle.receipts[0].token_id

    def do(self, call: LedgerCall) -> None:
        me = self.node.account
        self.truth.send(self.truth.prepare(call, me, self.truth.next_nonce(me.address)))
        self.node._seal()

    def _piece(self) -> Bundle:
        signer, studio = P256Signer.generate(), Account.generate()[0].address
        self.do(AccreditCall(studio, ISSUER.did, ISSUER.name))
        self.do(AddKeyCall(studio, signer.public_key.multikey_bytes))
        piece, entry = Piece(Serial.random(), {"zh-Hans": "青花梅瓶"}), StatusEntry("0123456789ab", 1)
        made = issue(piece, ISSUER, signer, status_entry=entry, now=datetime.fromtimestamp(self.node.now, UTC))
        batch, lot, identity = assemble([(studio, made.digest)]), self.truth.next_lot(), self.truth.identity
        self.do(AnchorCall(batch.root, 1, lot, batch.allotments))
        head = self.truth.head()
        (event,) = (event for event in self.truth.events(head.number, head.number) if isinstance(event, Anchored))
        receipt = Receipt(
            identity.chain_id, identity.genesis, identity.contract, batch.token_id(0, lot), batch.root,
            event.transaction, event.block,
        )  # fmt: skip
        return Bundle(made, batch.inclusion(0), (receipt,))

    def close(self) -> None:
        self.liar.close()
        self.node.close()

    def quorum(self, agreeing: int = 2, honest: int = 1, **more: Callable[[], datetime]) -> Quorum:
        nodes = [EVMLedger.open_rpc(url, self.truth.identity.contract) for url in [self.node.url] * honest]
        return Quorum([*nodes, EVMLedger.open_rpc(self.liar.url, self.truth.identity.contract)], agreeing, **more)

    def verify(self, ledger: LedgerReader) -> Verdict:
        return Verifier(TrustPolicy(self.truth.identity, ()), ledger).verify(self.bundle)


@pytest.fixture
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    village = Village(LyingNode(tmp_path_factory.mktemp("village")))
    yield village
    village.close()


def as_of(door: Door, block: BlockRef) -> Lie:
    """Answer every call with the state of an earlier block."""

    def lie(request: dict[str, Any], _truth: Callable[[], Any]) -> dict[str, Any] | None:
        if request["method"] != "eth_call":
            return None
        return {"result": door.rpc.request("eth_call", [request["params"][0], {"blockHash": str(block.hash)}])}

    return lie


def stuck_at(block: BlockRef) -> Lie:
    """Know no later block than that."""

    def lie(request: dict[str, Any], truth: Callable[[], Any]) -> dict[str, Any] | None:
        if request["method"] != "eth_getBlockByNumber":
            return None
        wanted = request["params"][0]
        if wanted == "latest":
            request["params"][0] = hex(block.number)
        elif int(wanted, 16) > block.number:
            return {"result": None}
        return {"result": truth()}

    return lie


def test_nodes_that_agree_are_believed(village: Village) -> None:
    ledger = open_agreeing([village.node.url, village.liar.url], village.truth.identity, 2)
    assert isinstance(ledger, Quorum)
    verdict = village.verify(ledger)
    assert (verdict.outcome, verdict.advisories) == (Outcome.AUTHENTIC, ())
    assert verdict.block == village.truth.head()


def test_a_node_that_hides_a_revocation_is_found_out(village: Village) -> None:
    before = village.truth.head()
    village.do(SetStatusCall(village.token_id, Status.REVOKED))
    village.liar.lie = as_of(village.liar, before)
    alone = EVMLedger.open_rpc(village.liar.url, village.truth.identity.contract)
    assert village.verify(alone).outcome is Outcome.AUTHENTIC  # That is what one lying node can do.
    for agreeing, honest in ((2, 1), (2, 2), (1, 1)):
        verdict = village.verify(village.quorum(agreeing, honest))
        assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "nodes-disagree")
        assert "steward" in verdict.hint
        assert verdict.findings[Check.STATUS].code == "status-not-checked"


def test_a_node_on_another_branch_is_found_out(village: Village) -> None:
    head = village.truth.head()
    village.liar.lie = about(
        "eth_getBlockByNumber",
        lambda block: {**block, "hash": "0x" + "11" * 32} if block["hash"] == str(head.hash) else block,
    )
    assert village.verify(village.quorum()).reason == "nodes-disagree"


def test_a_node_that_is_a_block_behind_does_not_disagree(village: Village) -> None:
    before = village.truth.head()
    village.do(SetStatusCall(village.token_id, Status.RETIRED))
    newest = village.truth.head()
    village.liar.lie = stuck_at(before)
    soon = village.quorum(clock=lambda: newest.time + timedelta(seconds=MAX_LAG))
    verdict = village.verify(soon)
    assert (verdict.outcome, verdict.block, verdict.advisories) == (Outcome.AUTHENTIC, before, ())
    # One that never learns of it hides what it brought.
    late = village.quorum(clock=lambda: newest.time + timedelta(seconds=MAX_LAG + 1))
    verdict = village.verify(late)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "ledger-unreachable")
    assert verdict.findings[Check.ANCHOR].detail == "too-few-nodes"
    enough = village.quorum(honest=2, clock=lambda: newest.time + timedelta(seconds=MAX_LAG + 1))
    assert village.verify(enough).advisories == ("retired",)


def lacking(truth: EVMLedger, last: int) -> Lie:
    """Know no later block than number `last`, by number or by hash."""
    later = {str(truth.block(number).hash) for number in range(last + 1, truth.head().number + 1)}
    stuck = stuck_at(truth.block(last))

    def lie(request: dict[str, Any], told: Callable[[], Any]) -> Answer | dict[str, Any] | None:
        if any(known in str(request["params"]) for known in later):
            return {"error": {"code": -32000, "message": "unknown block"}}
        return stuck(request, told)

    return lie


def test_a_node_that_has_not_reached_the_anchor_yet_is_no_liar(village: Village) -> None:
    anchor, newest = village.bundle.receipts[0].block, village.truth.head()
    two = village.quorum(clock=lambda: newest.time)
    three = village.quorum(honest=2, clock=lambda: newest.time + timedelta(seconds=MAX_LAG + 1))
    village.liar.lie = lacking(village.truth, anchor.number - 1)
    verdict = village.verify(two)
    assert (verdict.reason, verdict.findings[Check.ANCHOR].detail) == ("ledger-unreachable", "too-few-nodes")
    assert village.verify(three).outcome is Outcome.AUTHENTIC


def test_as_many_as_must_agree_must_answer(village: Village) -> None:
    three = village.quorum(agreeing=3, honest=2)
    two = village.quorum(agreeing=2, honest=2)
    village.liar.lie = always((503, b"{}"))
    assert village.verify(two).outcome is Outcome.AUTHENTIC
    verdict = village.verify(three)
    assert (verdict.reason, verdict.findings[Check.ANCHOR].detail) == ("ledger-unreachable", "too-few-nodes")
    with pytest.raises(LedgerError) as caught:
        three.head()
    assert (caught.value.code, caught.value.retryable) == ("too-few-nodes", True)


def test_a_node_that_hides_evidence_or_successor_is_found_out(village: Village) -> None:
    ledger = village.quorum()
    village.liar.lie = about("eth_getLogs", lambda _logs: [])
    assert village.verify(ledger).reason == "nodes-disagree"
    before = village.truth.head()
    village.do(NameSuccessorCall(Deployment(village.node.account.address, 7, 1)))
    village.liar.lie = lambda _request, _truth: None
    assert village.verify(village.quorum()).advisories == ("successor-named",)
    village.liar.lie = as_of(village.liar, before)
    assert village.verify(village.quorum()).reason == "nodes-disagree"


def test_who_held_a_piece_is_told_by_those_that_can_tell(village: Village) -> None:
    village.do(SetStatusCall(village.token_id, Status.ON_HOLD))  # The account is a steward's.
    assert village.truth.status_by_steward(village.token_id, village.truth.head()) is True
    refusal = {"error": {"code": -32005, "message": "too many blocks"}}

    def few_blocks(request: dict[str, Any], _truth: Callable[[], Any]) -> dict[str, Any] | None:
        return refusal if "fromBlock" in str(request["params"]) else None

    village.liar.lie = few_blocks
    alone = EVMLedger.open_rpc(village.liar.url, village.truth.identity.contract)
    assert alone.status_by_steward(village.token_id, village.truth.head()) is None
    assert village.verify(alone).reason == "on-hold"
    assert village.verify(village.quorum()).reason == "held-by-guild"
    village.liar.lie = about("eth_getLogs", lambda logs: [{**log, "data": log["data"][:-1] + "0"} for log in logs])
    assert village.verify(alone).reason == "on-hold"  # A node can say that the studio did it.
    assert village.verify(village.quorum()).reason == "nodes-disagree"


def test_nodes_are_opened_as_they_are_named(village: Village) -> None:
    here, there, identity = village.node.url, village.liar.url, village.truth.identity
    gone = f"http://127.0.0.1:{free_port()}"
    assert isinstance(open_agreeing([gone, here], identity, 1), EVMLedger)
    assert village.verify(open_agreeing([gone, here, there], identity, 2)).outcome is Outcome.AUTHENTIC
    with pytest.raises(LedgerError) as caught:
        open_agreeing([here, gone], identity, 2)
    assert (caught.value.code, caught.value.retryable) == ("too-few-nodes", True)
    assert gone.removeprefix("http://") in caught.value.message
    assert here.removeprefix("http://") not in caught.value.message
    for few in ([here], [here, here], [here, here + "/"], []):
        with pytest.raises(ConfigurationError):
            open_agreeing(few, identity, 2)
    with pytest.raises(LedgerError) as caught:  # Another ledger is no fault to be worked around.
        open_agreeing([here, there], replace(identity, deployment_id=Hash32(bytes(32))), 2)
    assert (caught.value.code, caught.value.retryable) == ("wrong-deployment", False)
    village.liar.lie = about("eth_chainId", lambda _: "0x5")
    with pytest.raises(LedgerError) as caught:  # The others are right: whoever verifies could not check, no more.
        open_agreeing([here, there + "/secret-key"], identity, 2)
    assert caught.value.retryable
    assert there.removeprefix("http://") in caught.value.message
    assert "secret" not in caught.value.message
    village.liar.lie = lambda _request, _truth: None
    with pytest.raises(ValueError, match="quorum"):
        Quorum([village.truth], 2)
