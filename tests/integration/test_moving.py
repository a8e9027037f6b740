"""A used embedded ledger moves to another chain, through interruptions, and loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.bundle import Bundle
from provenance.encoding import Digest
from provenance.evm.abi import interface
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import Node
from provenance.keys import P256Signer
from provenance.ledger import (
    AddKeyCall,
    ImportPiecesCall,
    ProposeControllerCall,
    ProposeRecoveryCall,
    ReinstateCall,
    RelayAmendCall,
    ReportLostCall,
    SetExemptionCall,
    SetStatusCall,
    ShortenKeyCall,
    SuspendCall,
)
from provenance.policy import TrustPolicy
from provenance.status import AmendOrder, Status
from provenance.verify import Verifier
from provenance_cli.ledgers import open_pinned, read_policy, wait_for_pending
from tests.conformance import nodes
from tests.integration.test_ledger_commands import Typist, run
from tests.support.chains import Guild, ServedChain, guild
from tests.support.registries import ROOT

__all__ = ["run"]
DAYS = 24 * 3600


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Guild]:
    """A ledger on which everything happened that can happen."""
    with guild(tmp_path / "guild", now=int(time.time()) - 20 * DAYS) as made:
        yield made


def use(house: Guild) -> list[Bundle]:
    """Let everything happen; return the pieces' bundles."""
    bundles = house.anchor(*(house.sign() for _ in range(4)))
    tokens = [bundle.receipts[0].token_id for bundle in bundles]
    house.do(SuspendCall(house.studio.address))
    house.chain.later(days=1)
    house.do(SetExemptionCall(tokens[3], Account.generate()[0].address))
    house.do(ReinstateCall(house.studio.address))
    house.do(AddKeyCall(house.studio.address, P256Signer.generate().public_key.multikey_bytes))
    bundles += house.anchor(house.sign(), house.sign())
    tokens = [bundle.receipts[0].token_id for bundle in bundles]
    house.do(SetStatusCall(tokens[1], Status.ON_HOLD))
    house.do(SetStatusCall(tokens[4], Status.REVOKED))
    house.sell(tokens[0], house.people["stranger"].address)
    house.sell(tokens[5], house.people["stranger"].address)
    house.do(ReportLostCall(tokens[0]), "stranger")
    house.do(ProposeRecoveryCall(tokens[5], Account.generate()[0].address))
    amendment = AmendOrder(tokens[2], Digest.of(b"newer"), house.studio.address, 0, 0)
    house.do(RelayAmendCall(amendment, house.studio.sign_message(house.ledger.identity, amendment)), "payer")
    house.do(ProposeControllerCall(house.studio.address, Account.generate()[0].address))
    end = datetime.fromtimestamp(house.chain.now, UTC)
    house.do(ShortenKeyCall(house.studio.address, house.signer.public_key.key_id, end))
    return bundles


@pytest.fixture
def elsewhere(house: Guild, tmp_path: Path) -> Iterator[ServedChain]:
    funded = [account.address for account in house.people.values()]
    chain = ServedChain(tmp_path / "elsewhere.db", funded, house.chain.now + 10 * DAYS)
    yield chain
    chain.close()


def moving(house: Guild, url: str, out: Path) -> tuple[object, ...]:
    return ("ledger", "move", *house.at("importer"), "--to-rpc", url, "-o", out)


def check(house: Guild, policy: TrustPolicy, bundles: list[Bundle]) -> None:
    """Old bundles are verified at both ledgers alike, and under the new policy at the new one."""
    old, new = Verifier(read_policy(house.policy_file), house.ledger), Verifier(policy, open_pinned(policy))
    for bundle in bundles:
        before, after = old.verify(bundle), new.verify(bundle)
        assert (after.outcome, after.reason) == (before.outcome, before.reason)
        assert "imported" in after.advisories
    reasons = {old.verify(bundle).reason for bundle in bundles}
    assert reasons == {"authentic", "held-by-guild", "revoked", "amendment-missing"}


def test_a_move_is_gone_on_with_wherever_it_stops(
    run: Typist, house: Guild, elsewhere: ServedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundles, out, request = use(house), tmp_path / "successor.json", elsewhere.request
    allowed = [0]

    def interrupted(method: str, params: Any) -> Any:
        if method == "eth_sendRawTransaction":
            allowed[0] -= 1
            if allowed[0] < 0:
                if allowed[0] % 2 == runs % 2:
                    request(method, params)  # It arrives, and nobody hears of it.
                raise ConnectionError
        return request(method, params)

    monkeypatch.setattr(elsewhere, "request", interrupted)
    runs = 0
    while True:
        allowed[0], runs = 1, runs + 1
        run(*moving(house, elsewhere.url, out), code=None)
        if run.code == 0:
            break
        assert run.code == 3, run.talk
        assert not out.exists()
        assert runs < 60
    assert runs > 15
    policy = read_policy(out)
    assert policy.predecessors == (house.ledger.identity,)
    check(house, policy, bundles)
    nonce = Node(elsewhere.provider).quantity(
        "eth_getTransactionCount", str(house.people["importer"].address), "latest"
    )
    monkeypatch.setattr(elsewhere, "request", request)
    again = run(*moving(house, elsewhere.url, out))
    assert again["transactions"] == 0
    assert nonce == Node(elsewhere.provider).quantity(
        "eth_getTransactionCount", str(house.people["importer"].address), "latest"
    )

    run("ledger", "name-successor", out, *house.at("admin"))
    assert house.ledger.successor() is not None
    run("ledger", "name-successor", out, *house.at("admin"), code=5)
    assert "SuccessorKnown" in run.talk
    assert "named once and for ever" in run.talk
    record = out.with_name("successor.deployment.json")
    said = run("ledger", "verify", "--policy", out, "--record", record)
    results = {check["name"]: check["result"] for check in said["checks"]}
    assert (results["importer"], results["admin-delay"]) == ("passed", "passed")
    facts = json.loads(record.read_bytes())
    other = {**facts, "importer": facts["admin"], "adminDelay": 1}
    (tmp_path / "other.json").write_text(json.dumps(other), "utf-8")
    results = {check["name"]: check["result"] for check in run(
        "ledger", "verify", "--policy", out, "--record", tmp_path / "other.json", code=1)["checks"]}  # fmt: skip
    assert (results["importer"], results["admin-delay"]) == ("failed", "failed")
    assert "passed" in {check["result"] for check in said["checks"] if check["name"] == "predecessor"}
    audited = run("ledger", "audit", "--policy", out)
    assert audited["pieces"] == 6
    old = run("ledger", "audit", "--policy", house.policy_file)
    for studio in (*audited["studios"], *old["studios"]):  # The new chain's clock is ahead: the next one signs there.
        studio.pop("controller"), studio.pop("upcoming")
    assert audited == {**old, "block": audited["block"], "time": audited["time"], "moves": 0, "recoveries": []}


def test_a_false_import_is_never_sealed(
    run: Typist, house: Guild, elsewhere: ServedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(house)
    from provenance import succession
    from provenance.succession import resume

    thief = house.people["payer"].address

    def lying(*arguments: Any, **options: Any) -> Iterator[Any]:
        for call in resume(*arguments, **options):
            if isinstance(call, ImportPiecesCall):
                first, *others = call.pieces
                yield ImportPiecesCall((replace(first, holder=thief), *others))
            else:
                yield call

    monkeypatch.setattr(succession, "resume", lying)
    out = tmp_path / "successor.json"
    said = run(*moving(house, elsewhere.url, out), code=1)
    assert {member for _subject, member, _old, _new in said["differences"]} >= {"holder"}
    assert "it is not sealed" in run.talk
    assert not out.exists()
    record = json.loads((tmp_path / "successor.deployment.json").read_bytes())
    new = EVMLedger.open_rpc(elsewhere.url, _address(record["contract"]), importing=True)
    assert not new.sealed()
    monkeypatch.setattr(succession, "resume", resume)
    run(*moving(house, elsewhere.url, out), code=3)
    assert "freshly deployed" in run.talk


def test_nothing_is_sealed_without_a_yes_and_strangers_import_nothing(
    run: Typist, house: Guild, elsewhere: ServedChain, tmp_path: Path
) -> None:
    house.anchor(house.sign())
    out = tmp_path / "successor.json"
    run(*moving(house, "http://127.0.0.1:9", out), yes=False, code=3)
    assert "did not answer" in run.talk
    assert "?" not in run.talk
    run(*moving(house, elsewhere.url, out), yes=False, code=5)
    assert "Deploy it?" in run.talk
    assert not list(tmp_path.glob("successor*"))
    run("ledger", "deploy", "--rpc", elsewhere.url, "--key-file", house.folder / "payer.key", "--admin",
        house.people["admin"].address, "--steward", house.people["steward"].address, "--anchorer",
        house.people["anchorer"].address, "--registry", "https://registry.example", "--predecessor-policy",
        house.policy_file, "--importer", house.people["importer"].address, "-o", out)  # fmt: skip
    house.anchor(house.sign())
    run(*moving(house, elsewhere.url, out), yes=False, code=5)
    assert "Seal the successor, for ever?" in run.talk
    assert "1 event happened after block" in run.talk
    assert f"{house.people['importer'].address} pays on chain" in run.talk
    stranger = ("ledger", "move", *house.at("stranger"), "--to-rpc", elsewhere.url, "-o", out)
    run(*stranger, code=5)
    assert "is not the importer" in run.talk
    said = run("ledger", "verify", "--policy", out, code=1)
    assert [check["name"] for check in said["checks"] if check["result"] == "failed"] == ["sealed"]
    run("ledger", "status", "--policy", out, code=5)
    contract = json.loads((tmp_path / "successor.deployment.json").read_bytes())["contract"]
    said = run(*moving(house, elsewhere.url, tmp_path / "named.json"), "--to", contract)
    assert said["contract"] == contract
    run(*moving(house, house.chain.url, tmp_path / "named.json"), "--to", house.ledger.identity.contract, code=5)
    assert "does not succeed this one" in run.talk


def deployed_elsewhere(run: Typist, house: Guild, elsewhere: ServedChain, out: Path) -> dict[str, Any]:
    """Deploy a successor that imported nothing yet; return its record."""
    run("ledger", "deploy", "--rpc", elsewhere.url, "--key-file", house.folder / "payer.key", "--admin",
        house.people["admin"].address, "--steward", house.people["steward"].address, "--anchorer",
        house.people["anchorer"].address, "--registry", "https://registry.example", "--predecessor-policy",
        house.policy_file, "--importer", house.people["importer"].address, "-o", out)  # fmt: skip
    return dict(json.loads(out.with_name(f"{out.stem}.deployment.json").read_bytes()))


def test_a_move_never_goes_on_at_another_chain(
    run: Typist, house: Guild, elsewhere: ServedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.anchor(house.sign())
    out, request = tmp_path / "successor.json", elsewhere.request
    deployed_elsewhere(run, house, elsewhere, out)

    def another(method: str, params: Any) -> Any:
        answer = request(method, params)
        if method == "eth_getBlockByNumber" and params[0] == "0x0":
            answer["result"] = {**answer["result"], "hash": "0x" + "11" * 32}
        return answer

    monkeypatch.setattr(elsewhere, "request", another)
    run(*moving(house, elsewhere.url, out), code=5)
    assert "another genesis block" in run.talk
    monkeypatch.setattr(elsewhere, "request", request)
    run(*moving(house, elsewhere.url, out))


def test_nobody_but_the_record_says_which_block_is_final(
    run: Typist, house: Guild, elsewhere: ServedChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.anchor(house.sign())
    out, request = tmp_path / "successor.json", elsewhere.request
    record = deployed_elsewhere(run, house, elsewhere, out)
    final = house.ledger.block(record["predecessor"]["finalBlock"])
    assert record["predecessor"]["finalBlockHash"] == str(final.hash)
    asked = "0x" + interface().functions["predecessor"].encode().hex()

    def lying(method: str, params: Any) -> Any:
        answer = request(method, params)
        if method == "eth_call" and params[0]["data"] == asked:
            answer["result"] = answer["result"][:-64] + f"{final.number - 1:064x}"
        return answer

    monkeypatch.setattr(elsewhere, "request", lying)
    run(*moving(house, elsewhere.url, out), code=5)
    assert f"names block {final.number - 1} as final, and {final.number} was chosen" in run.talk
    monkeypatch.setattr(elsewhere, "request", request)

    path = tmp_path / "successor.deployment.json"
    true = path.read_bytes()
    record["predecessor"]["finalBlockHash"] = "0x" + "22" * 32
    path.write_text(json.dumps(record), "utf-8")
    run(*moving(house, elsewhere.url, out), code=5)
    assert "of the old chain is" in run.talk

    named = ("--to", record["contract"])
    run(*moving(house, elsewhere.url, tmp_path / "named.json"), *named, yes=False, code=5)
    assert f"takes over block {final.number}, {final.hash}" in run.talk
    assert "Is that the block that was chosen?" in run.talk
    new = EVMLedger.open_rpc(elsewhere.url, _address(record["contract"]), importing=True)
    assert not new.sealed()
    path.write_bytes(true)
    run(*moving(house, elsewhere.url, out))
    assert new.sealed()


def test_a_process_that_is_killed_goes_on_with_the_move_to_anvil(run: Typist, house: Guild, tmp_path: Path) -> None:
    bundles, out, importer = use(house), tmp_path / "successor.json", house.people["importer"].address
    with nodes.anvil(mining=True) as provider, (tmp_path / "log").open("ab") as log:
        node = Node(provider)
        node.request("anvil_setBalance", str(importer), hex(10**20))
        command = [sys.executable, "-c", "from provenance_cli.main import main; main()", "-y", "--json"]
        command += [str(word) for word in moving(house, provider.url, out)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}"}
        for killed_at in (2, 9):
            with subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
                while node.quantity("eth_getTransactionCount", str(importer), "latest") < killed_at:
                    assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
                process.send_signal(signal.SIGKILL)
            assert not out.exists()
        said = run(*moving(house, provider.url, out))
        assert said["transactions"] > 5
        check(house, read_policy(out), bundles)


def _address(text: str) -> Any:
    from provenance.encoding import Address

    return Address.parse(text)


def test_what_waits_at_the_node_is_waited_for(house: Guild) -> None:
    steward = house.people["steward"]
    transaction = house.ledger.prepare(SuspendCall(house.studio.address), steward, 2)
    house.chain.chain.add(transaction.raw)
    assert house.ledger.waiting(steward.address) == 1
    sealing = threading.Timer(0.5, house.chain.seal)
    sealing.start()
    wait_for_pending(house.ledger, steward.address)
    sealing.join()
    assert house.ledger.next_nonce(steward.address) == 3
