"""What a test of the suite works with: a fresh deployment and its people."""

# ruff: noqa: S101
# The suite is made of assertions; only tests import it.

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from provenance.encoding import Digest, KeyId, Root
from provenance.errors import LedgerError
from provenance.evm.accounts import Account
from provenance.ledger import (
    AccreditCall,
    AddKeyCall,
    Allotment,
    AnchorCall,
    BlockRef,
    Ledger,
    LedgerCall,
    LedgerRecord,
    RelayStatusCall,
    SignedTransaction,
    TransactionOutcome,
    make_token_id,
)
from provenance.status import Status, StatusOrder

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

    `mine` puts what waits into a block, later than every earlier one; `reopen` connects to the deployment anew.
    """

    ledger: Ledger
    mine: Callable[[], None]
    reopen: Callable[[], Ledger]
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
    def refused(self, error: str) -> Iterator[None]:
        """Hold that the contract refuses, by name, what is tried inside."""
        with pytest.raises(LedgerError) as caught:
            yield
        refusal = caught.value
        assert (refusal.code, refusal.retryable) == ("ledger-refused", False), refusal.message
        assert f"{error}(" in refusal.message, refusal.message

    def refuses(self, error: str, call: LedgerCall, account: Account) -> None:
        """Hold that preparing `call` is refused by name."""
        with self.refused(error):
            self.ledger.prepare(call, account, self.ledger.next_nonce(account.address))

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

    def status_call(
        self, token_id: int, status: Status, signer: Account, *, nonce: int | None = None, deadline: int = 0
    ) -> RelayStatusCall:
        """Return a relayed order of the studio, signed by `signer`."""
        studio = self.studio.address
        if nonce is None:
            nonce = self.ledger.order_nonce(studio)
        order = StatusOrder(token_id, status, studio, nonce, deadline)
        return RelayStatusCall(order, signer.sign_message(self.ledger.identity, order))
