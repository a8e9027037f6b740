"""Relaying a studio's signed orders: simulated first, then durable in the outbox, then sent."""

from __future__ import annotations

import threading

from provenance.canonical import JSONObject, canonicalize
from provenance.encoding import Address, Digest, parse_hex
from provenance.errors import MalformedError, NotFoundError
from provenance.handover import MAX_SIGNATURE_BYTES
from provenance.ledger import RelayStatusCall, split_token_id
from provenance.status import Status, StatusOrder
from provenance_registry.repository import OrderFacts, Repository, Sending, StoredOrder
from provenance_registry.service.outbox import Outbox


def parse_order(members: JSONObject) -> tuple[StatusOrder, bytes]:
    """Read an order and its signature; raises `MalformedError`, naming the field."""
    names = {"tokenId", "status", "studio", "nonce", "deadline", "signature"}
    if members.keys() != names:
        raise MalformedError("not-an-order", "An order has exactly {names}.", names=", ".join(sorted(names)))
    numbers = []
    for name in ("tokenId", "nonce", "deadline"):
        text = members[name]
        if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 20:
            raise MalformedError("not-an-order", "Expected a number in decimal text.", field=name)
        numbers.append(int(text))
    token_id, nonce, deadline = numbers
    split_token_id(token_id)
    status = members["status"]
    if not isinstance(status, str) or status not in Status.__members__:
        raise MalformedError(
            "not-an-order", "A status is one of {names}.", field="status", names=", ".join(Status.__members__)
        )
    signature = parse_hex(members["signature"])
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise MalformedError("not-an-order", "The signature is too long.", field="signature")
    studio = Address.parse(members["studio"])
    return StatusOrder(token_id, Status[status], studio, nonce, deadline), signature


class Orders:
    """The use case of relaying status orders."""

    def __init__(self, repository: Repository, outbox: Outbox) -> None:
        self._repository = repository
        self._outbox = outbox
        self._relaying = threading.Lock()

    def relay(self, order: StatusOrder, signature: bytes) -> StoredOrder:
        """Take an order; the same order twice is one, unless its transaction was reverted: then it gets another.

        Raises `LedgerError` where the ledger would refuse it, `ConflictError` while another order of the same number
        is under way.
        """
        members: JSONObject = {
            "tokenId": str(order.token_id),
            "status": order.status.name,
            "studio": str(order.studio),
            "nonce": str(order.nonce),
            "deadline": str(order.deadline),
        }
        order_id = Digest.of(canonicalize(members)).hex()
        facts = OrderFacts(order_id, order.token_id, order.status, self._studio_of(order), order.nonce)
        with self._relaying:  # The same order may come several times at once.
            known = self._repository.order(order_id)
            if known is None or known.entry.sending is Sending.REVERTED:
                self._outbox.prepare(
                    "status",
                    RelayStatusCall(order, signature),
                    lambda transaction, entry_id: transaction.add_order(facts, entry_id),
                )
        return self.find(order_id)

    def _studio_of(self, order: StatusOrder) -> Address:
        # The contract takes the studio from the token and looks at no other name: under any name the same signature
        # would pass there, and could fill the outbox.
        lot = self._repository.lot(split_token_id(order.token_id)[0])
        return order.studio if lot is None else lot.studio

    def find(self, order_id: str) -> StoredOrder:
        """Return an order; raises `NotFoundError`."""
        order = self._repository.order(order_id)
        if order is None:
            raise NotFoundError("unknown-order", "There is no such order.")
        return order
