"""A ledger deployed for a benchmark: whatever is done on it is told in gas."""

from __future__ import annotations

import secrets
from typing import Any

from benchmarks.chains import Chain
from provenance.encoding import Address, Root
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.fees import fees
from provenance.evm.node import Node, data, members, quantity
from provenance.handover import Claim, Release
from provenance.ledger import AccreditCall, Allotment, AnchorCall, ClaimCall, LedgerCall


class People:
    """Who pays for what a benchmark does."""

    def __init__(self) -> None:
        self.admin, self.steward, self.anchorer, self.relayer = (Account.generate()[0] for _ in range(4))

    @property
    def all(self) -> list[Account]:
        """Return those who need money."""
        return [self.admin, self.steward, self.anchorer, self.relayer]


class Deployment:
    """A ledger with accredited studios."""

    def __init__(self, chain: Chain, people: People, studios: list[Address]) -> None:
        self._chain, self._people, self._studios = chain, people, studios
        self.ledger = deploy(
            chain.provider,
            people.admin,
            admin=people.admin.address,
            steward=people.steward.address,
            anchorer=people.anchorer.address,
            base_uri="https://registry.example/tokens/",
            wait=chain.seal,
        )
        for number, studio in enumerate(studios):
            did = f"did:web:registry.example:studios:s{number}"
            self.run(AccreditCall(studio, did, f"Studio {number}"), people.steward)
        # A studio's first lot stores its balance anew (20,000 gas); the figures are those of a working registry.
        self.anchor(len(studios), len(studios))

    def anchor(self, pieces: int, lots: int) -> int:
        """Anchor a batch of the first studios and return its gas."""
        share, rest = divmod(pieces, lots)
        allotments = tuple(
            Allotment(studio, share + (place < rest)) for place, studio in enumerate(self._studios[:lots])
        )
        call = AnchorCall(Root(secrets.token_bytes(32)), pieces, self.ledger.next_lot(), allotments)
        return self.run(call, self._people.anchorer)

    def claim(self, release: Release, signature: bytes, claim_key: Account, to: Address) -> int:
        """Hand a piece over and return the gas."""
        claim = Claim(release.token_id, to, release.nonce)
        claimed = claim_key.sign_message(self.ledger.identity, claim)
        return self.run(ClaimCall(release, signature, claim, claimed), self._people.relayer)

    def run(self, call: LedgerCall, account: Account) -> int:
        """Send a call of the ledger and return its gas."""
        transaction = self.ledger.prepare(call, account, self.ledger.next_nonce(account.address))
        self.ledger.send(transaction)
        self._chain.seal()
        outcome = self.ledger.outcome(transaction.hash)
        if outcome is None or not outcome.succeeded:
            raise RuntimeError(f"the transaction failed: {outcome}")
        return outcome.gas_used


def transact(chain: Chain, account: Account, to: Address | None, calldata: bytes) -> tuple[int, Address | None]:
    """Send a transaction to any contract, or create one; return its gas and the contract created."""
    node = Node(chain.provider)
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": node.quantity("eth_chainId"),
        "nonce": node.quantity("eth_getTransactionCount", str(account.address), "latest"),
        "value": 0,
        "data": "0x" + calldata.hex(),
        "gas": 4_000_000,
        **({} if to is None else {"to": to.value}),
        **fees(node),
    }
    signed = account.sign_transaction(fields)
    node.request("eth_sendRawTransaction", "0x" + signed.raw.hex())
    chain.seal()
    receipt = members(node.request("eth_getTransactionReceipt", str(signed.hash)))
    if quantity(receipt.get("status")) != 1:
        raise RuntimeError("the transaction failed")
    created = receipt.get("contractAddress")
    return quantity(receipt.get("gasUsed")), None if created is None else Address(data(created, 20))
