"""Handing pieces over at a running registry, as phones and workshops do."""

from __future__ import annotations

import time
from typing import Any

import httpx

from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.handover import Claim, HolderAction, HolderOrder, Release
from provenance.ledger import LedgerMessage
from tests.support.registries import RunningRegistry, Studio


class Counter:
    """Where pieces change hands; each counter is a client of its own to the registry."""

    def __init__(self, registry: RunningRegistry, client: str = "198.51.100.1") -> None:
        self.registry = registry
        self.ledger: EVMLedger = registry.ledger()
        headers = {"x-forwarded-for": client}
        self.http = httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False, headers=headers)

    def piece(self, studio: Studio) -> int:
        """Register and anchor a new piece; return its token."""
        certificate = studio.sign()
        studio.submit(certificate)
        studio.wait_anchored(certificate)
        return int(self.registry.client.state(certificate.digest)["tokenId"])

    def nonce(self, token_id: int) -> int:
        holding = self.ledger.holding(token_id, self.ledger.head())
        assert holding is not None
        return holding.nonce

    def holder(self, token_id: int) -> Address:
        holding = self.ledger.holding(token_id, self.ledger.head())
        assert holding is not None
        return holding.holder

    def sign(self, who: Account, message: LedgerMessage) -> str:
        return "0x" + who.sign_message(self.ledger.identity, message).hex()

    def release(self, who: Account, token_id: int, claim_key: Address, deadline: int = 0) -> dict[str, Any]:
        release = Release(token_id, claim_key, self.nonce(token_id), deadline)
        return {
            "tokenId": str(token_id),
            "claimKey": str(claim_key),
            "nonce": str(release.nonce),
            "deadline": str(deadline),
            "signature": self.sign(who, release),
        }

    def claim(self, release: dict[str, Any], claim_key: Account, new_holder: Address, deadline: int = 0) -> Any:
        """What a claimant sends who has the release as well."""
        claim = Claim(int(release["tokenId"]), new_holder, int(release["nonce"]), deadline)
        return {
            **{name: release[name] for name in ("tokenId", "claimKey", "nonce")},
            "newHolder": str(new_holder),
            "deadline": str(deadline),
            "signature": self.sign(claim_key, claim),
            "release": {name: release[name] for name in ("deadline", "signature")},
        }

    def order(self, who: Account, action: HolderAction, token_id: int) -> dict[str, Any]:
        order = HolderOrder(action, token_id, self.nonce(token_id))
        return {
            "action": action.name,
            "tokenId": str(token_id),
            "nonce": str(order.nonce),
            "deadline": "0",
            "signature": self.sign(who, order),
        }

    def post(self, what: str, members: object) -> httpx.Response:
        return self.http.post(f"/api/v1/{what}", json=members)

    def done(self, what: str, members: object) -> dict[str, Any]:
        """Send a message and wait until the ledger has it."""
        answer = self.post(what, members)
        assert answer.status_code == 202, answer.text
        return self.wait(what, answer.json()["id"])

    def wait(self, what: str, message_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            said: dict[str, Any] = self.http.get(f"/api/v1/{what}/{message_id}").json()
            if said["state"] in ("final", "reverted"):
                return said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def refused(self, what: str, members: object, name: str) -> dict[str, Any]:
        """Send a message that the ledger refuses by that error of the contract."""
        answer = self.post(what, members)
        assert answer.status_code == 409, answer.text
        problem: dict[str, Any] = answer.json()
        assert problem["code"] == "ledger-refused", problem
        assert problem["facts"]["reason"].startswith(f"{name}("), problem
        return problem
