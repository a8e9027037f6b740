"""Relaying what others signed: simulated first, then durable in the outbox, then sent; the relayer pays.

A message can be sent by anybody and changed by nobody, so that all a relayer can do to it is not to send it.
"""

from __future__ import annotations

import threading
from typing import TypeAlias

from provenance.canonical import JSONObject, canonicalize
from provenance.encoding import Digest
from provenance.errors import LedgerError, NotFoundError
from provenance.ledger import ClaimCall, HolderOrderCall, RelayAmendCall, RelayStatusCall, split_token_id
from provenance.status import AmendOrder, StatusOrder
from provenance_registry.records import RelayedMessage, Sending, StoredMessage
from provenance_registry.repository import Repository
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.limits import Limits
from provenance_registry.service.messages import SignedClaim
from provenance_registry.service.outbox import Outbox

RelayedCall: TypeAlias = RelayStatusCall | RelayAmendCall | HolderOrderCall | ClaimCall
"""Calls that anybody may send, for what counts in them is signed."""


class Relay:
    """The use case of sending signed messages; none may take more than `max_gas`."""

    def __init__(
        self, repository: Repository, outbox: Outbox, amendments: Amendments, limits: Limits, *, max_gas: int
    ) -> None:
        self._repository = repository
        self._amendments = amendments
        self._outbox = outbox
        self._limits = limits
        self._max_gas = max_gas
        self._relaying = threading.Lock()

    def claim(self, signed: SignedClaim) -> StoredMessage:
        """Take up a release, the one given or the one that is kept here; see `relay`.

        Raises `NotFoundError` where none is given and none is kept.
        """
        claim, release = signed.claim, signed.release
        if release is None:
            # Whether it still counts is for the ledger to say; a claim that comes again must find what it took up.
            release = self._repository.release(claim.token_id, signed.claim_key, claim.nonce)
        if release is None:
            raise NotFoundError(
                "unknown-release", "The registry keeps no such release.", hint="Send the release with the claim."
            )
        return self.relay(ClaimCall(release.release, release.signature, claim, signed.signature))

    def relay(self, call: RelayedCall) -> StoredMessage:
        """Take a message; the same message twice is one, unless its transaction was reverted: then it gets another.

        Raises `LedgerError` where the ledger would refuse it, where it would cost too much, or where the relayer cannot
        pay; `ConflictError` while another message that uses up the same number is under way; `LimitError`; for an
        amendment also as `Amendments.check_order` does.
        """
        message = self._describe(call)
        with self._relaying:  # The same message may come several times at once.
            known = self._repository.relayed(message.message_id)
            if known is None or known.entry.sending is Sending.REVERTED:
                self._limits.require(message.token_id, message.owner)
                if isinstance(call, RelayAmendCall):
                    self._amendments.check_order(call.order)
                self._prepare(call, message)
                self._limits.spend(message.token_id, message.owner)
        return self.find(message.kind, message.message_id)

    def _prepare(self, call: RelayedCall, message: RelayedMessage) -> None:
        try:
            self._outbox.prepare(
                "relay",
                call,
                lambda transaction, entry_id: transaction.add_relayed(message, entry_id),
                max_gas=self._max_gas,
                by_anyone=True,
            )
        except LedgerError as error:
            if error.code != "low-balance":
                raise
            raise LedgerError(
                "relayer-out-of-money",
                "The registry's relayer has no money left to send this.",
                retryable=True,
                hint="Tell whoever runs the registry. What is signed stays good: send it later.",
            ) from None

    def _describe(self, call: RelayedCall) -> RelayedMessage:
        """Return what is recorded of a message; its id is the digest of all that was signed."""
        match call:
            case RelayStatusCall(order):
                kind, facts, rest = "status", {"status": order.status.name}, {"studio": str(order.studio)}
                owner = self._studio_of(order)
            case RelayAmendCall(order):
                kind, facts, rest = "amendment", {"digest": str(order.digest)}, {"studio": str(order.studio)}
                owner = self._studio_of(order)
            case HolderOrderCall(order):
                kind, facts, rest = "holder-order", {"action": order.action.name}, {}
                owner = str(order.token_id)
            case ClaimCall(release, _, order):
                kind, facts = "claim", {"newHolder": str(order.new_holder)}
                rest = {"claimKey": str(release.claim_key), "releaseDeadline": str(release.deadline)}
                owner = str(order.token_id)
        numbers = {"tokenId": order.token_id, "nonce": order.nonce, "deadline": order.deadline}
        signed: JSONObject = {**{name: str(number) for name, number in numbers.items()}, **facts, **rest}
        message_id = Digest.of(canonicalize(signed)).hex()
        return RelayedMessage(message_id, kind, order.token_id, f"{owner}/{order.nonce}", facts)

    def _studio_of(self, order: StatusOrder | AmendOrder) -> str:
        # The contract takes the studio from the token and looks at no other name: under any name the same signature
        # would pass there, and could fill the outbox.
        lot = self._repository.lot(split_token_id(order.token_id)[0])
        return str(order.studio if lot is None else lot.studio)

    def find(self, kind: str, message_id: str) -> StoredMessage:
        """Return a message of that kind; raises `NotFoundError`."""
        stored = self._repository.relayed(message_id)
        if stored is None or stored.message.kind != kind:
            raise NotFoundError("unknown-order", "There is no such order.")
        return stored
