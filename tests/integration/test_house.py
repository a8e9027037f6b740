"""A registry moves house: its ledger's successor on another chain becomes the one that it follows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from provenance.bundle import Bundle
from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider
from provenance.handover import Claim, Release
from provenance.ledger import BlockRef, ClaimCall, Deployment, SealCall, SetStatusCall
from provenance.status import Status
from provenance.succession import compare, resume
from provenance.verdict import Outcome
from provenance.verify import Verifier
from provenance_cli.ledgers import send_and_wait
from tests.support.chains import ServedChain
from tests.support.registries import RunningRegistry, Studio

IMPORTER = Account.generate()[0]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RunningRegistry]:
    running = RunningRegistry(tmp_path / "data")
    running.start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


@pytest.fixture
def city(home: RunningRegistry, tmp_path: Path) -> Iterator[ServedChain]:
    funded = [home.admin.address, home.steward.address, IMPORTER.address, *accounts(home).values()]
    chain = ServedChain(tmp_path / "city.db", funded, now=int(time.time()))
    yield chain
    chain.close()


def accounts(home: RunningRegistry) -> dict[str, Address]:
    with httpx.Client(base_url=home.base_url, timeout=60, trust_env=False) as http:
        said = http.get("/api/v1/registry").json()
    return {name: Address.parse(said[name]) for name in ("anchorer", "relayer")}


def deployed(home: RunningRegistry, city: ServedChain, **import_: Any) -> EVMLedger:
    """Deploy a ledger for the registry's people on the city's chain."""
    return deploy(
        BoundedHTTPProvider(city.url),
        IMPORTER,
        admin=home.admin.address,
        steward=home.steward.address,
        anchorer=accounts(home)["anchorer"],
        base_uri=f"{home.base_url}/tokens/",
        wait=city.seal,
        **import_,
    )


def successor(home: RunningRegistry, city: ServedChain, final: BlockRef) -> EVMLedger:
    """Deploy the successor and import everything, as `kilnmark ledger move` does."""
    old = home.ledger()
    named = Deployment(old.identity.contract, old.identity.chain_id, final.number)
    new = deployed(home, city, importer=IMPORTER.address, predecessor=named)
    for call in resume(old, final, new):
        send_and_wait(new, call, IMPORTER)
    assert compare(old, final, new, new.head()) == []
    return new


def verdicts(home: RunningRegistry, *pieces: Bundle) -> list[tuple[str, bool]]:
    with httpx.Client(
        base_url=home.base_url, timeout=60, trust_env=False, headers={"accept": "application/json"}
    ) as http:
        said = [http.get(f"/P/{piece.certificate.piece.serial.compact}").json() for piece in pieces]
    advisories = [{advisory["code"] for advisory in each["advisories"]} for each in said]
    return [(each["reason"], "imported" in codes) for each, codes in zip(said, advisories, strict=True)]


def page(home: RunningRegistry, piece: Bundle) -> str:
    with httpx.Client(base_url=home.base_url, timeout=60, trust_env=False, headers={"accept": "text/html"}) as http:
        return http.get(f"/P/{piece.certificate.piece.serial.compact}").text


def test_a_registry_follows_its_ledgers_successor(home: RunningRegistry, city: ServedChain) -> None:
    studio = Studio(home)
    studio.accredit()
    signed = [studio.sign(f"碗 {number}") for number in range(3)]
    studio.submit(*signed)
    studio.wait_anchored(*signed)
    bundles = [Bundle.from_bytes(home.client.bundle(each.piece.serial)) for each in signed]
    sold, held, _plain = (bundle.receipts[0].token_id for bundle in bundles)
    old, buyer, key = home.ledger(), Account.generate()[0], Account.generate()[0]
    release, claim = Release(sold, key.address, 0), Claim(sold, buyer.address, 0)
    signatures = studio.account.sign_message(old.identity, release), key.sign_message(old.identity, claim)
    home.steward_does(ClaimCall(release, signatures[0], claim, signatures[1]))
    home.steward_does(SetStatusCall(held, Status.ON_HOLD))
    deadline = time.monotonic() + 60  # The ledger has it; the registry's index has it a moment later.
    while verdicts(home, *bundles) != [("authentic", False), ("held-by-guild", False), ("authentic", False)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "Put on hold by the guild" in page(home, bundles[1])

    final = old.head()
    new = successor(home, city, final)
    moved: dict[str, Any] = {"KILNMARK_LEDGER": city.url, "KILNMARK_CONTRACT": str(new.identity.contract)}
    assert home.stop() == 0
    home.start(wait=False, **moved)
    assert home.wait_dead(asked=False) != 0  # It follows nobody who does not work yet.
    assert "still takes over its predecessor" in home.log
    send_and_wait(new, SealCall(), IMPORTER)

    for _start in range(2):  # The second finds the folder moved already.
        home.start(**moved)
        policy = home.policy
        assert policy.ledger == new.identity
        assert policy.predecessors == (old.identity,)
        assert verdicts(home, *bundles) == [("authentic", True), ("held-by-guild", True), ("authentic", True)]
        assert "Put on hold by the guild" in page(home, bundles[1])
        for bundle in bundles:
            again = Bundle.from_bytes(home.client.bundle(bundle.certificate.piece.serial))
            for shown in (bundle, again):  # As it was kept, and as the registry makes it now.
                verdict = Verifier(policy, home.ledger()).verify(shown)
                assert "imported" in verdict.advisories, verdict
                assert verdict.holder == (buyer if shown.receipts[0].token_id == sold else studio.account).address
        if _start == 0:
            assert home.stop() == 0

    fresh = studio.sign("新碗")
    studio.submit(fresh)
    studio.wait_anchored(fresh)
    bundle = Bundle.from_bytes(home.client.bundle(fresh.piece.serial))
    verdict = Verifier(home.policy, home.ledger()).verify(bundle)
    assert (verdict.outcome, "imported" in verdict.advisories) == (Outcome.AUTHENTIC, False)
    assert verdicts(home, bundle) == [("authentic", False)]
    assert home.stop() == 0


def test_a_ledger_that_succeeds_another_is_refused(home: RunningRegistry, city: ServedChain) -> None:
    stranger = deployed(home, city)
    before = (home.folder / "ledger.json").read_bytes()
    assert home.stop() == 0
    home.start(wait=False, KILNMARK_LEDGER=city.url, KILNMARK_CONTRACT=str(stranger.identity.contract))
    assert home.wait_dead(asked=False) != 0
    assert "pinned" in home.log
    assert (home.folder / "ledger.json").read_bytes() == before
    assert "predecessors" not in json.loads(before)
