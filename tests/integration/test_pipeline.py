"""The whole registry in this process, on the embedded ledger: what stands in its way is named, and the rest goes on."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from litestar.testing import TestClient
from web3.providers.base import JSONBaseProvider

from provenance.certificate import Issuer, StatusEntry
from provenance.encoding import Address, Root
from provenance.errors import StorageError
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.evm.ledger import EVMLedger
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AnchorCall,
    LedgerCall,
    ProposeControllerCall,
    ReinstateCall,
    RevokeRoleCall,
    Role,
    SuspendCall,
)
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_registry.app import Registry, build
from provenance_registry.records import State
from provenance_registry.service.clock import system_clock
from provenance_registry.settings import Settings
from provenance_registry.worker.choosing import BASE_GAS, LOT_GAS, PIECE_GAS

# The framework's words on how endpoints name their parameters are not what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.base_exceptions.LitestarDeprecationWarning")
STEWARD = Account.generate()[0]


class Door(JSONBaseProvider):
    """The registry's own JSON-RPC, without HTTP."""

    def __init__(self, registry: Registry) -> None:
        super().__init__()
        self._rpc = registry.services.rpc

    def make_request(self, method: Any, params: Any) -> Any:
        return self._rpc.answer_all([{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}])[0]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, "http://127.0.0.1:9", admin=Account.generate()[0].address, steward=STEWARD.address)


def readiness(registry: Registry) -> dict[str, Any]:
    with TestClient(registry.web) as client:
        assert client.get("/healthz").status_code == 200
        answer: dict[str, Any] = client.get("/readyz").json()
    return answer


def accredits(registry: Registry) -> Address:
    """Send a steward's call and return the studio that it accredits."""
    studio = Account.generate()[0].address
    ledger = EVMLedger(Door(registry), registry.services.policy.ledger.contract)
    call = AccreditCall(studio, f"did:web:registry.test:studios:{studio}", "窑")
    ledger.send(ledger.prepare(call, STEWARD, ledger.next_nonce(STEWARD.address)))
    return studio


def turns_until(registry: Registry, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, registry.worker.trouble
        registry.worker.turn()
        time.sleep(0.05)


def test_a_chain_that_seals_nothing_is_named_and_the_rest_goes_on(settings: Settings) -> None:
    registry = build(settings)
    try:
        studio = accredits(registry)
        turns_until(registry, lambda: registry.services.index.directory.studio(studio) is not None)
        assert readiness(registry)["status"] == "ready"
    finally:
        registry.close()
    registry = build(replace(settings, max_pause_days=0))  # Any pause at all is doubted.
    try:
        time.sleep(1)
        accredits(registry)
        registry.worker.turn()
        said = readiness(registry)
        assert (said["status"], said["code"]) == ("not-ready", "clock-ahead")
        assert registry.services.index.directory.studio(studio) is not None
        assert registry.services.index.lag < 60
    finally:
        registry.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_died_is_named(settings: Settings) -> None:
    registry = build(settings)

    def die(_: object) -> NoReturn:
        raise SystemExit

    try:
        registry.worker.turn()
        with pytest.raises(StorageError):
            registry.services.repository.write(die)
        said = readiness(registry)
        assert (said["status"], said["code"]) == ("not-ready", "writer-ended")
    finally:
        registry.close()


def test_an_anchorer_without_its_role_is_named_and_what_the_accounts_have_is_counted(settings: Settings) -> None:
    admin = Account.generate()[0]
    registry = build(replace(settings, admin=admin.address))
    try:
        registry.worker.turn()
        assert readiness(registry)["status"] == "ready"
        ledger = EVMLedger(Door(registry), registry.services.policy.ledger.contract)
        anchorer = Address.parse(registry.services.addresses["anchorer"])
        ledger.send(ledger.prepare(RevokeRoleCall(Role.ANCHORER, anchorer), admin, ledger.next_nonce(admin.address)))
        turns_until(registry, lambda: not ledger.has_role(Role.ANCHORER, anchorer))
    finally:
        registry.close()
    registry = build(replace(settings, admin=admin.address))
    try:
        registry.worker.turn()
        said = readiness(registry)
        assert (said["status"], said["code"]) == ("not-ready", "role-missing")
        assert f"role grant anchorer {anchorer}" in said["hint"]
        with TestClient(registry.web) as client:
            metrics = client.get("/metrics").text.splitlines()
        for who, address in registry.services.addresses.items():
            balance = ledger_balance(registry, Address.parse(address))
            assert f'kilnmark_balance_wei{{account="{who}"}} {balance}' in metrics
        assert 'kilnmark_trouble{code="role-missing"} 1' in metrics
    finally:
        registry.close()


def test_a_studios_controller_and_the_next_one_are_told(settings: Settings) -> None:
    days = [0.0]
    registry = build(settings, lambda: system_clock() + timedelta(days=days[0]))
    try:
        studio = accredits(registry)
        turns_until(registry, lambda: registry.services.index.directory.studio(studio) is not None)
        with TestClient(registry.web) as client:
            told = client.get(f"/api/v1/studios/{studio}").json()
            assert (told["controller"], told["upcomingController"]) == (str(studio), None)
            heir = Account.generate()[0].address
            ledger = EVMLedger(Door(registry), registry.services.policy.ledger.contract)
            call = ProposeControllerCall(studio, heir)
            ledger.send(ledger.prepare(call, STEWARD, ledger.next_nonce(STEWARD.address)))
            turns_until(registry, lambda: ledger.controller(studio).upcoming == heir)
            registry.worker.turn()
            start = ledger.controller(studio).start
            assert start is not None
            told = client.get(f"/api/v1/studios/{studio}").json()
            assert told["controller"] == str(studio)
            assert told["upcomingController"] == {"address": str(heir), "start": start.isoformat()}
            days[0] = 365.0
            told = client.get(f"/api/v1/studios/{studio}").json()
            assert (told["controller"], told["upcomingController"]) == (str(heir), None)
    finally:
        registry.close()


def test_a_node_that_hangs_over_a_studios_number_keeps_no_certificate_waiting(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()

    def order_nonce(*_: object) -> int:
        assert hangs.wait(120)
        return 7

    monkeypatch.setattr(EVMLedger, "order_nonce", order_nonce)
    registry = build(settings)
    try:
        studio = accredits(registry)
        turns_until(registry, lambda: registry.services.index.directory.studio(studio) is not None)
        many = 2 * ((os.cpu_count() or 1) + 4)  # More than there are threads.
        with TestClient(registry.web) as client, ThreadPoolExecutor(many + 1) as pool:
            asked = [pool.submit(client.get, f"/api/v1/studios/{studio}") for _ in range(many)]
            time.sleep(0.5)
            try:
                answer = pool.submit(client.post, "/api/v1/certificates", content=b"{}")
                assert answer.result(60).status_code == 422
                assert not any(each.done() for each in asked)
            finally:
                hangs.set()
            assert {each.result(60).json()["orderNonce"] for each in asked} == {"7"}
    finally:
        registry.close()


@pytest.mark.parametrize("far", [2, 1_000_000])
def test_a_far_nonce_that_a_lying_node_gave_stops_nothing(settings: Settings, far: int) -> None:
    registry = build(replace(settings, batch_age=0))
    try:
        studio, signer = Account.generate()[0].address, P256Signer.generate()
        issuer = Issuer(settings.base_url, "lin", "林家窑")
        steward = EVMLedger(Door(registry), registry.services.policy.ledger.contract)
        nonce = steward.next_nonce(STEWARD.address)
        steward.send(steward.prepare(AccreditCall(studio, issuer.did, issuer.name), STEWARD, nonce))
        turns_until(registry, lambda: registry.services.index.directory.studio(studio) is not None)
        steward.send(steward.prepare(AddKeyCall(studio, signer.public_key.multikey_bytes), STEWARD, nonce + 1))
        key_id = signer.public_key.key_id
        turns_until(registry, lambda: registry.services.index.directory.by_key(key_id) is not None)
        outbox = registry.services.relay._outbox
        ledger, repository = outbox._ledger, registry.services.repository
        told = ledger.next_nonce
        ledger.next_nonce = lambda account, at=None: told(account, at) + far  # type: ignore[method-assign]
        piece = Piece(Serial.random(), {"zh-Hans": "青花梅瓶"}, height_mm=312)
        entry = StatusEntry("0123456789ab", 1)
        certificate = issue(piece, issuer, signer, status_entry=entry, now=system_clock())
        registry.services.submissions.submit(certificate.data)
        turns_until(registry, lambda: bool(repository.open_entries()))
        ledger.next_nonce = told  # type: ignore[method-assign]
        (stuck,) = repository.open_entries()
        assert stuck.nonce == told(stuck.account) + far
        registry.worker.turn()
        said = readiness(registry)
        assert (said["code"], str(stuck.nonce) in said["detail"]) == ("nonce-gap", True)

        def is_anchored() -> bool:
            stored = repository.certificate(certificate.digest)
            return stored is not None and stored.state is State.ANCHORED

        turns_until(registry, is_anchored)
        assert told(stuck.account) == stuck.nonce - far + 1
        assert ledger.next_lot() == 2
        registry.worker.turn()
        assert readiness(registry)["status"] == "ready"
    finally:
        registry.close()


def test_a_studio_suspended_between_sealing_and_mining_is_named_and_the_others_are_anchored(settings: Settings) -> None:
    registry = build(replace(settings, batch_age=0))
    services, repository = registry.services, registry.services.repository
    try:
        ledger = EVMLedger(Door(registry), services.policy.ledger.contract)

        def do(call: LedgerCall) -> None:
            ledger.send(ledger.prepare(call, STEWARD, ledger.next_nonce(STEWARD.address)))

        studios, certificates = list[Address](), list[Any]()
        for number in range(2):
            issuer = Issuer("http://127.0.0.1:9", f"kiln{number}", f"窑{number}")
            studio, signer = Account.generate()[0].address, P256Signer.generate()
            do(AccreditCall(studio, issuer.did, issuer.name))
            turns_until(registry, lambda studio=studio: services.index.directory.studio(studio) is not None)  # type: ignore[misc]
            do(AddKeyCall(studio, signer.public_key.multikey_bytes))
            turns_until(registry, lambda key=signer.public_key.key_id: services.index.directory.by_key(key) is not None)  # type: ignore[misc]
            piece = Piece(Serial.random(), {"zh-Hans": "青花梅瓶"}, height_mm=312)
            entry = StatusEntry(f"0123456789a{number}", 1)
            certificates.append(issue(piece, issuer, signer, status_entry=entry, now=system_clock()))
            studios.append(studio)
        for certificate in certificates:
            services.submissions.submit(certificate.data)
        turns_until(registry, lambda: bool(repository.open_entries()))
        (entry_of_both,) = repository.open_entries()
        assert len(repository.leaves(1)) == 2
        do(SuspendCall(studios[0]))  # It is mined before the anchor, which was signed when all was well.
        before, seal = ledger.head().number, registry.worker._steps[1]
        while ledger.head().number == before:
            seal()
            time.sleep(0.05)
        bad, good = (certificate.digest for certificate in certificates)
        turns_until(registry, lambda: repository.states([good])[good][0] is State.ANCHORED)
        assert repository.states([bad])[bad] == (State.HELD, "suspended")
        other = repository.certificate(good)
        assert other is not None
        assert other.batch_id == 2
        reverted = repository.last_nonce(entry_of_both.account, below=entry_of_both.nonce + 1)
        assert reverted == entry_of_both.nonce
        assert ledger.outcome(entry_of_both.hash) is not None
        outcome = ledger.outcome(entry_of_both.hash)
        assert outcome is not None
        assert (outcome.succeeded, ledger.next_lot()) == (False, 2)
        do(ReinstateCall(studios[0]))
        turns_until(registry, lambda: repository.states([bad])[bad][0] is State.ANCHORED)
        assert ledger.next_lot() == 3
    finally:
        registry.close()


def ledger_balance(registry: Registry, account: Address) -> int:
    return EVMLedger(Door(registry), registry.services.policy.ledger.contract).balance(account)


def test_the_gas_of_an_anchor_is_no_more_than_it_is_taken_for(tmp_path: Path) -> None:
    now, me = [1_800_000_000], Account.generate()[0]
    chain = EmbeddedChain(tmp_path / "chain.db", funded=[me.address], clock=lambda: now[0])

    def seal() -> None:
        now[0] += 1
        chain.seal()

    ledger = deploy(
        EmbeddedProvider(chain), me, admin=me.address, steward=me.address, anchorer=me.address, base_uri="x", wait=seal
    )

    def do(*calls: LedgerCall) -> int:
        nonce = ledger.next_nonce(me.address)
        sent = [ledger.prepare(call, me, nonce + place) for place, call in enumerate(calls)]
        for transaction in sent:
            ledger.send(transaction)
        seal()
        outcome = ledger.outcome(sent[-1].hash)
        assert outcome is not None
        assert outcome.succeeded
        return outcome.gas_used

    def anchor(*counts: int) -> int:
        shares = tuple(Allotment(studio, count) for studio, count in zip(studios, counts, strict=False))
        return do(AnchorCall(Root(secrets.token_bytes(32)), sum(counts), ledger.next_lot(), shares))

    studios = [Address(secrets.token_bytes(20)) for _ in range(20)]
    do(*(AccreditCall(studio, f"did:web:r:studios:s{n}", "窑") for n, studio in enumerate(studios)))
    do(*(SuspendCall(studio) for studio in studios))
    do(*(ReinstateCall(studio) for studio in studios))
    for counts in ([1] * 20, [50] * 20, [2_000]):
        taken_for = BASE_GAS + len(counts) * LOT_GAS + sum(counts) * PIECE_GAS
        used = anchor(*counts)
        assert 0.8 * taken_for - 100_000 < used <= taken_for
    chain.close()
