"""What a test of the suite works with: a fresh deployment and its people."""

# ruff: noqa: S101
# The suite is made of assertions; only tests import it.

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from provenance.encoding import Address, Digest, KeyId, Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account
from provenance.handover import Claim, HolderAction, HolderOrder, Holding, Release
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AnchorCall,
    BlockRef,
    ClaimCall,
    Deployment,
    HolderOrderCall,
    Ledger,
    LedgerCall,
    LedgerRecord,
    RelayAmendCall,
    RelayStatusCall,
    SignedTransaction,
    TransactionOutcome,
    make_token_id,
)
from provenance.status import AmendOrder, Status, StatusOrder

NO_KEY = KeyId(bytes(32))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of secp256k1."""
HALF_ORDER = ORDER // 2
"""The largest s of a signature that counts (EIP-2)."""


def random_root() -> Root:
    """Return a root that nobody has anchored."""
    return Root(secrets.token_bytes(32))


def random_multikey() -> bytes:
    """Return the Multikey bytes of what could be a P-256 key; the ledger does not look at the point."""
    return b"\x80\x24\x02" + secrets.token_bytes(32)


def key_id_of(multikey: bytes) -> KeyId:
    """Return a key's name in the directory."""
    return KeyId(Digest.of(multikey).value)


@dataclass(slots=True)
class World:
    """A fresh deployment with its people, all of whom can pay.

    `mine` puts what waits into a block, later than every earlier one; `later` moves the chain's time on by seconds, and
    what is simulated next is simulated then; `reopen` connects to the deployment anew; `succeed` deploys a ledger whose
    importer is the admin, as the successor of the one named.
    """

    ledger: Ledger
    mine: Callable[[], None]
    later: Callable[[int], None]
    reopen: Callable[[], Ledger]
    succeed: Callable[[Deployment], Ledger]
    admin: Account
    steward: Account
    anchorer: Account
    studio: Account
    other: Account
    stranger: Account

    def submit(self, call: LedgerCall, account: Account) -> SignedTransaction:
        """Prepare and send `call`, without mining."""
        transaction = self.ledger.prepare(call, account, self.ledger.next_nonce(account.address))
        self.ledger.send(transaction)
        return transaction

    def do(self, call: LedgerCall, account: Account) -> TransactionOutcome:
        """Carry out `call`, which must succeed."""
        transaction = self.submit(call, account)
        self.mine()
        outcome = self.ledger.outcome(transaction.hash)
        assert outcome is not None
        assert outcome.succeeded, outcome.error
        return outcome

    @contextmanager
    def refused(self, error: str, /, **members: object) -> Iterator[None]:
        """Hold that the contract refuses, by name, what is tried inside; with `members`, by exactly those arguments."""
        with pytest.raises(LedgerError) as caught:
            yield
        refusal = caught.value
        assert (refusal.code, refusal.retryable) == ("ledger-refused", False), refusal.message
        reason = str(refusal.facts["reason"])
        assert reason.partition("(")[0] == error, reason
        if members:
            shown = ", ".join(f"{name.rstrip('_')}={value}" for name, value in members.items())
            assert reason == f"{error}({shown})"

    def refuses(self, error: str, call: LedgerCall, account: Account, /, **members: object) -> None:
        """Hold that preparing `call` is refused by name, and by `members` where they are given."""
        with self.refused(error, **members):
            self.ledger.prepare(call, account, self.ledger.next_nonce(account.address))

    def on(self, ledger: Ledger) -> World:
        """Return the same people before another ledger of the same chain, where nothing more is deployed."""
        return replace(self, ledger=ledger, reopen=lambda: ledger)

    def accredit(self, studio: Account, name: str = "Kiln") -> bytes:
        """Accredit a studio with one key and return the key's Multikey bytes."""
        did, multikey = f"did:web:registry.example:studios:{studio.address.hex()}", random_multikey()
        self.do(AccreditCall(studio.address, did, name), self.steward)
        self.do(AddKeyCall(studio.address, multikey), self.steward)
        return multikey

    def anchor_call(self, *shares: tuple[Account, int], root: Root | None = None) -> AnchorCall:
        """Return the call that anchors `shares` next."""
        allotments = tuple(Allotment(account.address, count) for account, count in shares)
        leaves = sum(share.count for share in allotments)
        return AnchorCall(root or random_root(), leaves, self.ledger.next_lot(), allotments)

    def anchored(self, count: int = 3) -> int:
        """Accredit the studio, anchor `count` pieces of it and return the first one's token id."""
        self.accredit(self.studio)
        call = self.anchor_call((self.studio, count))
        self.do(call, self.anchorer)
        return make_token_id(call.expected_first_lot, 0)

    def record(self, token_id: int, key: KeyId = NO_KEY, at: BlockRef | None = None) -> LedgerRecord:
        """Return a record that must exist."""
        record = self.ledger.record(token_id, key, at or self.ledger.head())
        assert record is not None
        return record

    def holding(self, token_id: int) -> Holding:
        """Return a holding that must exist, as of the newest block."""
        holding = self.ledger.holding(token_id, self.ledger.head())
        assert holding is not None
        return holding

    def claim_call(
        self,
        token_id: int,
        holder: Account,
        to: Account | Address,
        *,
        key: Account | None = None,
        release_deadline: int = 0,
        claim_deadline: int = 0,
    ) -> ClaimCall:
        """Return a hand-over to `to`, released by `holder` and claimed by a new claim key or by `key`."""
        key = key or Account.generate()[0]
        nonce = self.holding(token_id).nonce
        release = Release(token_id, key.address, nonce, release_deadline)
        claim = Claim(token_id, to if isinstance(to, Address) else to.address, nonce, claim_deadline)
        identity = self.ledger.identity
        return ClaimCall(release, holder.sign_message(identity, release), claim, key.sign_message(identity, claim))

    def hand_over(self, token_id: int, holder: Account, to: Account) -> None:
        """Hand a piece over, which must succeed."""
        self.do(self.claim_call(token_id, holder, to), self.stranger)

    def order_call(
        self, action: HolderAction, token_id: int, signer: Account, *, deadline: int = 0, nonce: int | None = None
    ) -> HolderOrderCall:
        """Return a holder's order, signed by `signer`."""
        order = HolderOrder(action, token_id, self.holding(token_id).nonce if nonce is None else nonce, deadline)
        return HolderOrderCall(order, signer.sign_message(self.ledger.identity, order))

    def amend_call(self, token_id: int, digest: Digest, signer: Account, *, deadline: int = 0) -> RelayAmendCall:
        """Return a relayed amendment of the studio, signed by `signer`."""
        studio = self.studio.address
        order = AmendOrder(token_id, digest, studio, self.ledger.order_nonce(studio), deadline)
        return RelayAmendCall(order, signer.sign_message(self.ledger.identity, order))

    def status_call(
        self, token_id: int, status: Status, signer: Account, *, nonce: int | None = None, deadline: int = 0
    ) -> RelayStatusCall:
        """Return a relayed order of the studio, signed by `signer`."""
        studio = self.studio.address
        if nonce is None:
            nonce = self.ledger.order_nonce(studio)
        order = StatusOrder(token_id, status, studio, nonce, deadline)
        return RelayStatusCall(order, signer.sign_message(self.ledger.identity, order))
