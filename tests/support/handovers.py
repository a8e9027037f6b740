"""A ledger on the embedded chain with a studio's anchored pieces, and hand-overs that anybody sends."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from provenance.encoding import Address, Root
from provenance.evm.accounts import Account
from provenance.evm.deploy import deploy
from provenance.evm.embedded import EmbeddedChain
from provenance.evm.embedded_rpc import EmbeddedProvider
from provenance.handover import Claim, Release
from provenance.ledger import AccreditCall, Allotment, AnchorCall, ClaimCall, LedgerCall, make_token_id


@dataclass(frozen=True)
class Offer:
    """A piece on offer: what its holder must sign, and the one-time key that takes it up."""

    release: Release
    claim_key: Account


class HandOvers:
    """A deployed ledger; `relayer` sends whatever others signed."""

    def __init__(self, folder: Path, pieces: int = 16) -> None:
        self.deployer, self.steward, self.anchorer, self.studio, self.relayer = (
            Account.generate()[0] for _ in range(5)
        )
        self._now, self._given = 1_800_000_000, 0
        funded = [account.address for account in (self.deployer, self.steward, self.anchorer, self.relayer)]
        self.chain = EmbeddedChain(folder / "chain.db", funded=funded, clock=lambda: self._now)
        self.provider = EmbeddedProvider(self.chain)
        self.ledger = deploy(
            self.provider,
            self.deployer,
            admin=self.deployer.address,
            steward=self.steward.address,
            anchorer=self.anchorer.address,
            base_uri="https://registry.example/tokens/",
            wait=self.mine,
        )
        studio = self.studio.address
        self.run(AccreditCall(studio, "did:web:registry.example:studios:lin", "林家窑"), self.steward)
        root = Root(secrets.token_bytes(32))
        self.run(AnchorCall(root, pieces, 1, (Allotment(studio, pieces),)), self.anchorer)

    def mine(self) -> None:
        self._now += 1
        self.chain.seal()

    def run(self, call: LedgerCall, account: Account) -> int:
        """Send `call` and return the gas that it took."""
        transaction = self.ledger.prepare(call, account, self.ledger.next_nonce(account.address))
        self.ledger.send(transaction)
        self.mine()
        outcome = self.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error
        return outcome.gas_used

    def piece(self) -> int:
        """Return the token id of a piece that its studio still holds."""
        self._given += 1
        return make_token_id(1, self._given - 1)

    def holder(self, token_id: int) -> Address:
        found = self.ledger.holding(token_id, self.ledger.head())
        assert found is not None
        return found.holder

    def nonce(self, token_id: int) -> int:
        found = self.ledger.holding(token_id, self.ledger.head())
        assert found is not None
        return found.nonce

    def offer(self, token_id: int) -> Offer:
        """Return the offer of a piece to whoever has a new claim key."""
        key = Account.generate()[0]
        return Offer(Release(token_id, key.address, self.nonce(token_id)), key)

    def call(self, offer: Offer, release_signature: bytes, to: Address) -> ClaimCall:
        """Return the claim of an offer for `to`."""
        claim = Claim(offer.release.token_id, to, offer.release.nonce)
        claim_signature = offer.claim_key.sign_message(self.ledger.identity, claim)
        return ClaimCall(offer.release, release_signature, claim, claim_signature)

    def give(self, to: Address) -> int:
        """Hand a studio's piece to `to` and return its token id."""
        token_id = self.piece()
        offer = self.offer(token_id)
        signature = self.studio.sign_message(self.ledger.identity, offer.release)
        self.run(self.call(offer, signature, to), self.relayer)
        return token_id
