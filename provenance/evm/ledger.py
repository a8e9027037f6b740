"""The ledger port over JSON-RPC: one adapter for the embedded chain and for any EVM node.

Reads are pinned to a block by its hash (EIP-1898), so that one answer never mixes two states of the chain.  The
deployment is identified when the adapter is opened, and compared with the one that is expected.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from web3.providers.base import JSONBaseProvider

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import LedgerError
from provenance.evm import transactions
from provenance.evm.abi import bad_answer
from provenance.evm.accounts import is_signed_by, message_digest
from provenance.evm.calls import role_id
from provenance.evm.contract import Contract
from provenance.evm.events import EVENTS
from provenance.evm.fees import MAX_FEE_PER_GAS, fees
from provenance.evm.identity import compare, read_identity
from provenance.evm.node import BoundedHTTPProvider, count, moment
from provenance.evm.passkeys import may_be_signed
from provenance.evm.signatures import ask_who_signed
from provenance.evm.statuses import set_by_steward
from provenance.handover import Holding, Recovery
from provenance.ledger import (
    AmendmentRecord,
    Anchored,
    AnchorEvidence,
    AnchorRecord,
    BlockRef,
    Controller,
    Deployment,
    KeyWindow,
    LedgerCall,
    LedgerEvent,
    LedgerIdentity,
    LedgerMessage,
    LedgerRecord,
    Role,
    SignedTransaction,
    TransactionOutcome,
    TransactionSigner,
)
from provenance.status import Status

MAX_EVENTS = 20_000
_OPEN_END = 2**64 - 1


class EVMLedger:
    """A deployed ``PieceLedger``; see `provenance.ledger.Ledger`.

    `expected` is the pinned identity: a node that serves another raises `LedgerError` at once, not retryable.  So does
    a ledger that still imports its predecessor's state, where the caller does not say that it is `importing`: what it
    tells yet is a part.
    """

    def __init__(
        self,
        provider: JSONBaseProvider,
        contract: Address,
        expected: LedgerIdentity | None = None,
        *,
        importing: bool = False,
    ) -> None:
        self.contract = Contract(provider, contract)
        self._evidence: dict[tuple[Root, Hash32], AnchorEvidence] = {}
        self._signatures: Address | None = None
        self.max_fee = MAX_FEE_PER_GAS
        """Wei a gas above which nothing is signed."""
        self._identity = read_identity(self.contract)
        if expected is not None:
            compare(self._identity, expected)
        if not importing and not self.sealed():
            raise LedgerError(
                "not-sealed",
                "The ledger still takes over its predecessor's records.",
                retryable=False,
                hint="Use the predecessor until the guild has sealed this one.",
            )

    @classmethod
    def open_rpc(
        cls, url: str, contract: Address, expected: LedgerIdentity | None = None, *, importing: bool = False
    ) -> EVMLedger:
        """Open the ledger behind a node's address."""
        return cls(BoundedHTTPProvider(url), contract, expected, importing=importing)

    @property
    def identity(self) -> LedgerIdentity:
        """The deployment, as read when opened."""
        return self._identity

    def recheck(self) -> None:
        """Raise `LedgerError`, not retryable, where the node serves another deployment by now."""
        compare(read_identity(self.contract), self._identity)

    # --- reading ------------------------------------------------------------------------------------------------

    def head(self) -> BlockRef:
        """Return the newest block."""
        return self.contract.block("latest")

    def block(self, number: int) -> BlockRef:
        """Return the canonical block of that number."""
        return self.contract.canonical(number)

    def record(self, token_id: int, key_id: KeyId, at: BlockRef) -> LedgerRecord | None:
        """Return the record as of block `at`, or ``None`` where no such token exists."""
        fields = self._of_token("record", token_id, key_id.value, at=at)
        if fields is None:
            return None
        (
            (studio, did_hash, name_hash, holder, root, anchor_id, leaf_count, leaf_index, anchored_at, anchor_block),
            (status, status_at, lost_since, standing_at_anchor, standing_now),
            (key_start, key_end, newest, amended_at, amendments),
        ) = fields[:10], fields[10:15], fields[15:]
        if status not in Status._value2member_map_:
            raise bad_answer("an unknown status")
        return LedgerRecord(
            token_id=token_id,
            studio=_address(studio),
            did_hash=Digest(did_hash),
            name_hash=Digest(name_hash),
            offset=leaf_index - (token_id & 0xFFFFFFFF),
            anchor=AnchorRecord(anchor_id, Root(root), leaf_count, moment(anchored_at), anchor_block),
            holder=_address(holder),
            status=Status(status),
            status_time=moment(status_at) if status_at else None,
            lost_since=moment(lost_since) if lost_since else None,
            standing_at_anchor=standing_at_anchor,
            standing_now=standing_now,
            key=KeyWindow(moment(key_start), None if key_end == _OPEN_END else moment(key_end)) if key_start else None,
            amendment=AmendmentRecord(Digest(newest), moment(amended_at), amendments) if amendments else None,
        )

    def holding(self, token_id: int, at: BlockRef) -> Holding | None:
        """Return who holds a piece as of block `at`, or ``None`` where no such token exists."""
        fields = self._of_token("holding", token_id, at=at)
        if fields is None:
            return None
        holder, signer, nonce, lost_since, found_from, barred, exempt_key, heir, recovery_from = fields
        return Holding(
            holder=_address(holder),
            signer=_address(signer),
            nonce=nonce,
            lost_since=moment(lost_since) if lost_since else None,
            found_from=moment(found_from) if found_from else None,
            barred=barred,
            exempt_key=_address(exempt_key) if int(exempt_key, 16) else None,
            recovery=Recovery(_address(heir), moment(recovery_from)) if recovery_from else None,
        )

    def signed_by(self, signer: Address, message: LedgerMessage, signature: bytes, at: BlockRef) -> bool:
        """Tell whether the ledger takes `signature` for `signer`'s; only a key needs no chain."""
        if is_signed_by(signer, self._identity, message, signature):
            return True
        if self._signatures is None:
            self._signatures = self.passkey_verifier()
        digest = message_digest(self._identity, message)
        if not may_be_signed(signer, Hash32(digest), signature, self._signatures):
            return False
        return ask_who_signed(self.contract.node, self._signatures, signer, digest, signature, at)

    def _of_token(self, name: str, token_id: int, *values: object, at: BlockRef) -> tuple[Any, ...] | None:
        try:
            (fields,) = self.contract.call(name, token_id, *values, at=_at(at))
        except LedgerError as error:
            if error.code == "ledger-refused" and str(error.facts["reason"]).startswith("UnknownToken("):
                return None
            raise
        return cast("tuple[Any, ...]", fields)

    def anchor_evidence(self, root: Root, block_hash: Hash32) -> AnchorEvidence | None:
        """Return the event that anchored `root` in block `block_hash`.

        One answer is kept for each root, since a batch's certificates ask for the same; the block's place in the
        chain is confirmed by each verification's own pinned record.
        """
        kept = self._evidence.get((root, block_hash))
        if kept is not None:
            return kept
        topics = ["0x" + self.contract.abi.topic("Anchored").hex(), None, str(root)]
        try:
            logs = self.contract.logs(topics, {"blockHash": str(block_hash)})
        except LedgerError as error:
            if error.code in ("unknown-block", "node-refused"):
                return None  # A hash that the chain does not have.
            raise
        if not logs:
            return None
        event = self.contract.event(logs[0], {})
        if not isinstance(event, Anchored) or event.root != root or event.block.hash != block_hash:
            raise bad_answer("another event than asked for")
        evidence = AnchorEvidence(event.anchor_id, event.root, event.transaction, event.block)
        if len(self._evidence) > 1_024:
            self._evidence.clear()
        self._evidence[(root, block_hash)] = evidence
        return evidence

    def status_by_steward(self, token_id: int, at: BlockRef) -> bool | None:
        """Tell whether a steward set the status, by its event; a node that looks at few blocks only cannot tell."""
        return set_by_steward(self.contract, token_id, at)

    def events(self, first_block: int, last_block: int) -> Sequence[LedgerEvent]:
        """Return the ledger's own events of a range of blocks, in order."""
        topics = ["0x" + event.topic.hex() for event in self.contract.abi.events.values() if event.name in EVENTS]
        logs = self.contract.logs([topics], {"fromBlock": hex(first_block), "toBlock": hex(last_block)})
        # What one block holds is bounded by its gas, and cannot be asked for in parts.
        if len(logs) > MAX_EVENTS and first_block < last_block:
            raise bad_answer("the events are too many")
        blocks: dict[int, BlockRef] = {}
        found = [self.contract.event(log, blocks) for log in logs]
        if any(not first_block <= event.block.number <= last_block for event in found):
            raise bad_answer("an event of another block")
        return sorted(found, key=lambda event: (event.block.number, event.log_index))

    def next_lot(self) -> int:
        """Return the id that the next lot will have."""
        return int(self.contract.call("nextLot")[0])

    def anchor_id_of(self, root: Root, at: BlockRef | None = None) -> int | None:
        """Return the id under which `root` is anchored, now or as of block `at`."""
        return int(self.contract.call("anchorIdOf", root.value, at=_at(at))[0]) or None

    def order_nonce(self, studio: Address, at: BlockRef | None = None) -> int:
        """Return the number of the studio's next signed order."""
        return int(self.contract.call("orderNonce", str(studio), at=_at(at))[0])

    def controller(self, studio: Address, at: BlockRef | None = None) -> Controller:
        """Return who signs for a studio, and who will."""
        current, upcoming, start = self.contract.call("controllerOf", str(studio), at=_at(at))
        if not start:
            return Controller(_address(current), None, None)
        return Controller(_address(current), _address(upcoming), moment(start))

    def predecessor(self) -> Deployment | None:
        """Return whose state this ledger took over."""
        return self._deployment("predecessor")

    def successor(self, at: BlockRef | None = None) -> Deployment | None:
        """Return which ledger takes over."""
        return self._deployment("successor", at)

    def _deployment(self, name: str, at: BlockRef | None = None) -> Deployment | None:
        contract, chain_id, final_block = self.contract.call(name, at=_at(at))[0]
        return Deployment(_address(contract), chain_id, final_block) if int(contract, 16) else None

    def sealed(self) -> bool:
        """Tell whether the ledger works."""
        return bool(self.contract.call("isSealed")[0])

    def deployed_at(self) -> int:
        """Return the number of the block that the contract appeared in; 0 where the node keeps no old states."""
        first, last = 0, self.head().number
        try:
            while first < last:
                middle = (first + last) // 2
                if self.contract.code(at=hex(middle)):
                    last = middle
                else:
                    first = middle + 1
        except LedgerError as error:
            if error.code in ("node-refused", "unknown-block"):
                return 0
            raise
        return first

    def pieces_of(self, holder: Address, at: BlockRef) -> int:
        """Return how many pieces the contract says that an account holds, as of block `at` (ERC-721 ``balanceOf``)."""
        return int(self.contract.call("balanceOf", str(holder), at={"blockHash": str(at.hash)})[0])

    def passkey_verifier(self) -> Address:
        """Return the ledger's own ERC-7913 verifier of passkeys."""
        return _address(self.contract.call("passkeyVerifier")[0])

    def passkey_holder(self, x: bytes, y: bytes) -> Address:
        """Return the holder address of a passkey by its public key, 32 bytes each of x and y."""
        return _address(self.contract.call("passkeyHolder", x, y)[0])

    def has_role(self, role: Role, account: Address) -> bool:
        """Tell whether an account has a role."""
        return bool(self.contract.call("hasRole", role_id(role), str(account))[0])

    def admin(self) -> tuple[Address, Address | None, datetime | None]:
        """Return the admin, and who may become it from when on, both ``None`` where no transfer is under way."""
        current = _address(self.contract.call("defaultAdmin")[0])
        upcoming, start = self.contract.call("pendingDefaultAdmin")
        return (current, _address(upcoming), moment(start)) if start else (current, None, None)

    # --- transactions ---------------------------------------------------------------------------------------------

    def next_nonce(self, account: Address, at: BlockRef | None = None) -> int:
        """Return the number of the account's mined transactions."""
        return count(self.contract.node.request("eth_getTransactionCount", str(account), _at(at)))

    def waiting(self, account: Address) -> int:
        """Return how many transactions of the account wait at the node to be mined."""
        known = self.contract.node.quantity("eth_getTransactionCount", str(account), "pending")
        return max(0, known - self.next_nonce(account))

    def balance(self, account: Address) -> int:
        """Return the account's money in wei."""
        return self.contract.node.quantity("eth_getBalance", str(account), "latest")

    def price_of(self, gas: int) -> int:
        """Return the most that `gas` would be offered for now, in wei."""
        return gas * fees(self.contract.node, self.max_fee)["maxFeePerGas"]

    def prepare(
        self, call: LedgerCall, signer: TransactionSigner, nonce: int, *, max_gas: int | None = None
    ) -> SignedTransaction:
        """Simulate, price and sign `call`; the signer must be an `Account`."""
        return transactions.prepare(self.contract, self._identity.chain_id, call, signer, nonce, max_gas, self.max_fee)

    def renumber(self, transaction: SignedTransaction, signer: TransactionSigner, nonce: int) -> SignedTransaction:
        """Sign the same call under another nonce; the signer must be an `Account`."""
        return transactions.renumber(transaction, signer, nonce)

    def raise_fees(self, transaction: SignedTransaction, signer: TransactionSigner) -> SignedTransaction:
        """Sign the same call under the same nonce with higher fees; the signer must be an `Account`."""
        return transactions.raise_fees(self.contract, transaction, signer, self.max_fee)

    def send(self, transaction: SignedTransaction) -> None:
        """Hand the transaction to the node; one that it has already is no error."""
        transactions.send(self.contract, self._identity.chain_id, transaction)

    def outcome(self, transaction: Hash32) -> TransactionOutcome | None:
        """Return what became of a mined transaction, or ``None`` while it is not mined."""
        return transactions.outcome_of(self.contract, transaction)


def _at(block: BlockRef | None) -> object:
    return "latest" if block is None else {"blockHash": str(block.hash)}


def _address(text: str) -> Address:
    return Address(bytes.fromhex(text[2:]))
