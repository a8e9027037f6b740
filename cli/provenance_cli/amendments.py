"""Amendments on their way: registered first, then recorded on the ledger by the studio's signed order.

Every step can be done again.  What was done is asked of the registry and of the ledger, and what the folder remembers
only says where to look first: a kill between any two steps loses nothing and records nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeAlias

from provenance.bundle import Bundle
from provenance.certificate import Certificate
from provenance.encoding import Address, Digest
from provenance.errors import (
    ConfigurationError,
    ConflictError,
    LedgerError,
    LimitError,
    NotFoundError,
    ProvenanceError,
    UnreachableError,
    VerificationError,
)
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import refusal
from provenance.ledger.port import LedgerReader
from provenance.policy import TrustPolicy
from provenance.serial import Serial
from provenance.status import AmendOrder
from provenance.verify import Verifier
from provenance_cli.amendment_store import Amendment
from provenance_cli.client import RegistryClient
from provenance_cli.context import Advance
from provenance_cli.late import node_behind, not_mined
from provenance_cli.problems import problem_error
from provenance_cli.records import RECORDED, REFUSED, REGISTERED, SIGNED
from provenance_cli.workshop import Workshop

PATIENCE = 120.0
"""Seconds to wait for one amendment, with all that comes in between."""
POLL = 0.3
"""Seconds between two questions how an order fares,"""
PAUSE = 1.0
"""and before another order where one came in between: each costs the registry a simulation."""
_MOVED = "order-under-way", "amendment-under-way", "amended-already"
"""Codes of refusals after which the ledger is looked at anew: something else of this studio is on its way."""
ACKNOWLEDGED = ("waiting", "batched", "anchored")
"""States of a certificate that the guild vouches for."""

Refused: TypeAlias = tuple[Serial, ProvenanceError]
"""A piece, and why the registry refused its amendment."""


def register(
    workshop: Workshop, client: RegistryClient, serials: Iterable[Serial], advance: Advance = lambda number: None
) -> list[Refused]:
    """Send the amendments that the registry does not have, of pieces whose certificates it has; return those refused.

    They are signed and not sent yet, or were registered or recorded before the registry lost them.  Those of held
    certificates wait: a registry takes amendments only from studios that the guild vouches for.
    """
    store, refused = workshop.store, list[Refused]()
    for serial in serials:
        advance(1)
        if store.certificate(serial).state not in ACKNOWLEDGED:
            continue
        kept = store.amendments_kept(serial)
        todo = kept if _is_lost(client, kept) else [item for item in kept if item.state in (SIGNED, REFUSED)]
        if not todo:
            continue
        changes = list[tuple[Digest, str, str | None]]()
        for item, result in zip(todo, client.submit([item.certificate.data for item in todo]), strict=True):
            # What the ledger has recorded stays recorded, whatever the registry says.
            recorded = item.state == RECORDED
            if "code" in result:
                error = problem_error(result, int(result.get("status", 422)))
                refused.append((serial, error))
                if not recorded:
                    changes.append((item.certificate.digest, REFUSED, error.message))
                break  # Those that follow it were refused because of it.
            if not recorded:
                changes.append((item.certificate.digest, REGISTERED, None))
        store.mark_amendments(changes)
    return refused


def _is_lost(client: RegistryClient, kept: list[Amendment]) -> bool:
    """Tell whether the registry had amendments that it has no more; it takes none without those before it."""
    had = [item.certificate for item in kept if item.state in (REGISTERED, RECORDED)]
    try:
        if had:
            client.state(had[-1].digest)
    except NotFoundError:
        return True
    return False


def ready(workshop: Workshop, serials: Iterable[Serial]) -> list[Serial]:
    """Return the pieces whose next amendment can be recorded: it is registered, and its piece is on the ledger."""
    store, found = workshop.store, list[Serial]()
    for serial in serials:
        left = [item for item in store.amendments_kept(serial) if item.state != RECORDED]
        if left and left[0].state == REGISTERED and store.certificate(serial).state == "anchored":
            found.append(serial)
    return found


class Recorder:
    """Has the ledger record amendments; `account` signs for `studio`."""

    def __init__(
        self, workshop: Workshop, client: RegistryClient, policy: TrustPolicy, ledger: EVMLedger, account: Account
    ) -> None:
        self._store = workshop.store
        self._studio: Address = workshop.keystore().studio
        self._client, self._policy, self._ledger, self._account = client, policy, ledger, account

    def record(self, serial: Serial, advance: Advance) -> None:
        """Record all registered amendments of a piece in their order, and keep its bundle.

        `advance` is told of each.  Raises `ConflictError` where the ledger names another amendment, `LedgerError` where
        it refuses or takes too long, and `ConfigurationError` where the piece or the account is not the studio's.
        """
        deadline, told = time.monotonic() + PATIENCE, 0
        final: AmendOrder | None = None
        kept = self._store.amendments_kept(serial)
        chain = [self._store.certificate(serial).certificate, *(item.certificate for item in kept)]
        done = sum(1 for item in kept if item.state == RECORDED)
        last = done + sum(1 for item in kept if item.state == REGISTERED)
        while True:
            # The number comes first: an order that it is too old for is refused, and one sent twice is one.
            nonce = self._ledger.order_nonce(self._studio)
            bundle = Bundle.from_bytes(self._client.bundle(serial))
            token_id, reached = self._look(bundle, chain)
            if reached > done + told:
                advance(reached - done - told)
                told, deadline = reached - done, time.monotonic() + PATIENCE
            if reached >= last:
                break
            order = AmendOrder(token_id, chain[reached + 1].digest, self._studio, nonce, 0)
            if order == final:  # A node lags behind that of the registry: sent once more, the order would be the same.
                self._await_node(deadline)
            elif self._send(order, deadline):
                final = order
        self._keep(serial, chain, last, deadline)

    def _look(self, bundle: Bundle, chain: list[Certificate]) -> tuple[int, int]:
        """Return the piece's token, and how many of the chain's amendments the ledger has."""
        from provenance_cli.commands.revoke import own_token

        serial = chain[0].piece.serial
        verdict = Verifier(self._policy, self._ledger).verify(bundle, serial=serial)
        token_id = own_token(verdict, self._studio)
        newest = verdict.newest or chain[0].digest
        if all(newest != certificate.digest for certificate in (*chain, *bundle.amendments)):
            newest = bundle.newest.digest  # A digest that nobody has: the registry says whether one may follow it.
        for place, certificate in enumerate(chain):
            if certificate.digest == newest and bundle.certificate.digest == chain[0].digest:
                return token_id, place
        raise ConflictError(
            "amended-elsewhere",
            "The ledger names another amendment of {serial} than this folder has.",
            hint="`kilnmark piece amend {serial} --discard` takes that one over; then amend it.",
            serial=serial,
        )

    def _await_node(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise node_behind()
        time.sleep(PAUSE)

    def _send(self, order: AmendOrder, deadline: float) -> bool:
        """Hand in an order, and wait until it is final; ``False`` where the ledger must be looked at anew first."""
        try:
            answer = self._client.relay(order, self._account.sign_message(self._ledger.identity, order))
        except LimitError as error:
            if time.monotonic() + error.retry_after > deadline:
                raise
            time.sleep(error.retry_after)
            return False
        except (ConflictError, LedgerError) as error:
            self._bear(error, deadline)
            return False
        while answer["state"] not in ("final", "reverted"):
            if time.monotonic() > deadline:
                raise not_mined()
            time.sleep(POLL)
            answer = self._client.order(str(answer["id"]), AmendOrder)
        if answer["state"] == "reverted":
            self._bear(_reverted(answer), deadline)
        return bool(answer["state"] == "final")

    def _bear(self, error: ProvenanceError, deadline: float) -> None:
        """Wait where something of this studio came in between; raise what no waiting mends."""
        stale = "WrongOrderNonce" in error.message
        if "InvalidOrderSignature" in error.message:
            raise ConfigurationError(
                "not-the-controller",
                "The ledger takes no order of this account for the studio.",
                hint="Use the keystore whose account signs for the studio; a new one counts seven days after the "
                "steward gave it.",
            )
        if not stale and error.code not in _MOVED:
            raise error
        if time.monotonic() > deadline:
            if not stale:
                raise error
            raise LedgerError(
                "order-number-moved",
                "The studio's order number on the ledger keeps moving: other orders come in between.",
                retryable=True,
                hint="Wait until nothing else signs orders for the studio, then run the same command again.",
            )
        time.sleep(PAUSE)

    def _keep(self, serial: Serial, chain: list[Certificate], last: int, deadline: float) -> None:
        """Keep the bundle that shows the amendments, once the registry has it."""
        wanted = [certificate.digest for certificate in chain[1 : last + 1]]
        while True:
            data = self._client.bundle(serial)
            if [amendment.digest for amendment in Bundle.from_bytes(data).amendments][: len(wanted)] == wanted:
                break
            if time.monotonic() > deadline:
                raise LedgerError(
                    "not-shown-yet",
                    "The ledger has the amendment, and the registry does not show it yet.",
                    retryable=True,
                    hint="Run the same command again later.",
                )
            time.sleep(POLL)
        self._store.keep_bundles([(chain[0].digest, data)])
        self._store.mark_amendments((digest, RECORDED, None) for digest in wanted)


def _reverted(answer: dict[str, Any]) -> LedgerError:
    return refusal(str(answer.get("error")))


def take_over(
    workshop: Workshop, client: RegistryClient, serial: Serial, named: Callable[[], Digest]
) -> ProvenanceError | None:
    """Forget the amendments of a piece that are not on the ledger, and take over those that the registry shows.

    The registry's word forgets nothing that was registered or recorded: its chain must contain that, or end with what
    the ledger names.  `named` asks the ledger for that, as `newest_named` does; where it cannot be asked, what was
    registered stays.  Returns what stood in the way, or ``None``.
    """
    store = workshop.store
    trouble: ProvenanceError | None = None
    first, kept = store.certificate(serial).certificate, store.amendments_kept(serial)
    bundle: Bundle | None = None
    try:
        data = client.bundle(serial)
        bundle = Bundle.from_bytes(data)
        if bundle.certificate.digest != first.digest or not is_chain(bundle):
            bundle = None
    except (UnreachableError, NotFoundError) as error:
        trouble = error
    had = {item.certificate.digest for item in kept if item.state in (REGISTERED, RECORDED)}
    covered = bundle is not None and had <= {amendment.digest for amendment in bundle.amendments}
    newest = None
    if had and not covered:
        try:
            newest = named()
        except ProvenanceError as error:
            store.discard_amendments(serial, (REGISTERED, RECORDED))
            return error
    if bundle is not None and (covered or bundle.newest.digest == newest):
        store.adopt_amendments(serial, bundle.amendments)
        if bundle.receipts:
            store.keep_bundles([(first.digest, data)])
        return None
    digests = [item.certificate.digest for item in kept]
    if newest in digests:
        store.mark_amendments((digest, RECORDED, None) for digest in digests[: digests.index(newest) + 1])
    store.discard_amendments(serial)
    if trouble is None and store.amendments_kept(serial):
        trouble = NotFoundError(
            "amendments-lost",
            "The registry does not show amendments of {serial} that this folder has as recorded: they stay here.",
            hint="Run `kilnmark submit`: it registers them again.",
            serial=serial,
        )
    return trouble


def newest_named(workshop: Workshop, serial: Serial, policy: TrustPolicy, ledger: LedgerReader) -> Digest:
    """Return the digest of a piece's newest certificate, as the ledger itself names it.

    The bundle that this folder kept says where to look, so that the registry has no part in it.  Raises
    `ConfigurationError` or `LedgerError` where the ledger does not tell.
    """
    from provenance_cli.commands.revoke import token_of

    signed = workshop.store.certificate(serial)
    if signed.bundle is None:
        return signed.certificate.digest  # Amendments are recorded only once the piece is on the ledger.
    bundle = replace(Bundle.from_bytes(signed.bundle), amendments=())
    verdict = Verifier(policy, ledger).verify(bundle, serial=serial)
    token_of(verdict)
    return verdict.newest or signed.certificate.digest


def is_chain(bundle: Bundle) -> bool:
    """Tell whether a bundle's amendments follow one another, each signed in the name of the same studio."""
    before = bundle.certificate
    for amendment in bundle.amendments:
        fits = amendment.replaces == before.digest and amendment.issuer == before.issuer
        if not fits or amendment.piece.serial != before.piece.serial:
            return False
        try:
            amendment.check_signature()
        except VerificationError:
            return False
        before = amendment
    return True
