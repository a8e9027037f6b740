"""Opening the registry's ledger: the embedded one, made at the first start, or one behind an RPC node.

What the first start finds or makes is written down, and every later start demands the same: a chain that was made
anew under the same address must not pass for the one that holds the registry's anchors.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provenance.canonical import canonicalize, parse
from provenance.encoding import Address
from provenance.errors import ConfigurationError, LedgerError, ProvenanceError, StorageError
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Provider
from provenance.ledger import BlockRef, LedgerIdentity
from provenance.policy import MAX_POLICY_BYTES, identity_from_json, identity_to_json
from provenance_registry.backup import hand_out_chain
from provenance_registry.folder import write_durably
from provenance_registry.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pin:
    """The ledger that a registry's folder belongs to, and those whose state it took over, the newest first."""

    ledger: LedgerIdentity
    predecessors: tuple[LedgerIdentity, ...] = ()


@dataclass(frozen=True, slots=True)
class Belonging:
    """The ledger that the database at `path` belongs to; ``None`` before its first start."""

    ledger: LedgerIdentity | None
    path: str

    def demand(self, given: LedgerIdentity, *others: LedgerIdentity) -> None:
        """Return if the database belongs to `given`, to one of `others` or to none; raises `ConfigurationError`."""
        if self.ledger is None or self.ledger in (given, *others):
            return
        own, other = identity_to_json(self.ledger), identity_to_json(given)
        what = next(name for name in own if own[name] != other[name])
        raise ConfigurationError(
            "other-ledger",
            "The database {path} belongs to another ledger: its {what} is {own}, and not {given}.",
            hint="Name a database of its own for this ledger, or the ledger that the database belongs to.",
            path=self.path,
            what=what,
            own=own[what],
            given=other[what],
        )

    def demand_none(self, folder: Path) -> None:
        """Return if the database belongs to no ledger yet, so that one may be made; raises `ConfigurationError`."""
        if self.ledger is not None:
            raise ConfigurationError(
                "ledger-lost",
                "The database {path} belongs to the ledger {contract}, and {folder} does not tell its ledger.",
                hint="Put ledger.json and chain.db back from the copy that has this database.",
                path=self.path,
                contract=self.ledger.contract,
                folder=folder,
            )


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger, the node behind it, and what an embedded chain needs done: its sealing, its copies, and its end.

    Where `former` is given, the registry moves: what its database holds of that ledger must go before `pin` is called.
    """

    ledger: EVMLedger
    provider: Provider
    predecessors: tuple[LedgerIdentity, ...] = ()
    former: LedgerIdentity | None = None
    pin: Callable[[], None] = lambda: None
    seal: Callable[[], object] | None = None
    steps: tuple[Callable[[], object], ...] = ()
    close: Callable[[], None] = lambda: None


def open_registry_ledger(settings: Settings, anchorer: Account, relayer: Account, belongs: Belonging) -> OpenLedger:
    """Open the ledger that the settings name; raises `ProvenanceError`, also where the database `belongs` elsewhere."""
    record = settings.data / "ledger.json"
    pinned = read_pin(record)
    if settings.ledger_url is not None and settings.ledger_contract is not None:
        return _open_rpc(BoundedHTTPProvider(settings.ledger_url), settings.ledger_contract, record, pinned, belongs)
    if settings.admin is None or settings.steward is None:
        raise ConfigurationError("bad-settings", "The embedded ledger needs an admin and a steward.")
    if pinned is None:
        belongs.demand_none(settings.data)
    else:
        belongs.demand(pinned.ledger)
    from provenance.evm.embedded import EmbeddedChain
    from provenance.evm.embedded_rpc import EmbeddedProvider

    funded = [settings.admin, settings.steward, anchorer.address, relayer.address]
    chain = EmbeddedChain(settings.chain, funded=funded, max_pause=int(settings.max_pause_days * 24 * 3600))
    try:
        provider = EmbeddedProvider(chain)
        if pinned is not None:
            ledger = EVMLedger(provider, pinned.ledger.contract, pinned.ledger)
        else:
            # A start that dies between deploying and writing it down deploys another: nothing is anchored yet.
            ledger = _deploy(settings, provider, anchorer, settings.admin, settings.steward, chain.seal)
            _write(record, Pin(ledger.identity))
    except BaseException:
        chain.close()
        raise
    return OpenLedger(
        ledger,
        provider,
        seal=chain.seal,
        steps=(lambda: hand_out_chain(settings.data, chain.copy),),
        close=chain.close,
    )


def _open_rpc(
    provider: Provider, contract: Address, record: Path, pinned: Pin | None, belongs: Belonging
) -> OpenLedger:
    """Open the ledger at a node: the pinned one, the first one, or the pinned one's sealed successor."""
    ledger = EVMLedger(provider, contract)
    if pinned is None:
        belongs.demand(ledger.identity)
        _write(record, Pin(ledger.identity))
        return OpenLedger(ledger, provider)
    if ledger.identity == pinned.ledger:
        belongs.demand(ledger.identity)
        return OpenLedger(ledger, provider, pinned.predecessors)
    before, former = ledger.predecessor(), pinned.ledger
    if before is None or (before.contract, before.chain_id) != (former.contract, former.chain_id):
        return OpenLedger(EVMLedger(provider, contract, former), provider)  # Raises, telling what is another.
    belongs.demand(ledger.identity, former)
    log.warning("the registry moves from the ledger at %s to its successor at %s", former.contract, contract)
    predecessors = (former, *pinned.predecessors)
    return OpenLedger(
        ledger, provider, predecessors, former, pin=lambda: _write(record, Pin(ledger.identity, predecessors))
    )


def demand_chain_of(indexed: BlockRef | None, ledger: EVMLedger) -> None:
    """Return if an embedded chain has the block that the database has read; raises `StorageError` for an older chain.

    The chain alone has what it holds, and never goes back by itself: sealed on from an older copy, it would give other
    pieces the tokens that bundles name, and forget what was revoked.
    """
    if indexed is None:
        return
    head = ledger.head()
    if head.number >= indexed.number and ledger.block(indexed.number).hash == indexed.hash:
        return
    raise StorageError(
        "chain-older",
        "The chain ends with block {head}, and the database has read block {indexed} of another or a newer one: the "
        "chain is an older copy. Nothing is anchored on it.",
        hint="Restore chain and database together, from the newest backup: kilnmark registry restore.",
        head=head.number,
        indexed=indexed.number,
    )


def companions_of(ledger: EVMLedger) -> list[Address]:
    """Return the contracts that a ledger stands on; one made before hand-overs stands alone."""
    try:
        return [ledger.passkey_verifier()]
    except LedgerError as error:
        if error.retryable:
            raise
        return []


def _deploy(
    settings: Settings,
    provider: Provider,
    anchorer: Account,
    admin: Address,
    steward: Address,
    seal: Callable[[], bool],
) -> EVMLedger:
    from provenance.evm.deploy import deploy

    def wait() -> None:
        if not seal():
            time.sleep(0.1)

    ledger = deploy(
        provider,
        anchorer,
        admin=admin,
        steward=steward,
        anchorer=anchorer.address,
        base_uri=f"{settings.base_url}/tokens/",
        wait=wait,
    )
    log.info("deployed the ledger at %s", ledger.identity.contract)
    return ledger


def read_pin(record: Path) -> Pin | None:
    """Return which ledger a folder belongs to, or ``None`` where none is written down; raises `ProvenanceError`."""
    try:
        if not record.exists():
            return None
        members = parse(record.read_bytes(), limit=MAX_POLICY_BYTES)
        earlier = members.pop("predecessors", [])
        predecessors = [identity_from_json(each) for each in earlier] if isinstance(earlier, list) else []
        return Pin(identity_from_json(members), tuple(predecessors))
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=record, reason=error) from None
    except ProvenanceError:
        raise ConfigurationError(
            "bad-ledger-record",
            "{path} does not name a ledger.",
            hint="The folder was made by another version: use a new one.",
            path=record,
        ) from None


def _write(record: Path, pin: Pin) -> None:
    members = identity_to_json(pin.ledger)
    if pin.predecessors:
        members["predecessors"] = [identity_to_json(ledger) for ledger in pin.predecessors]
    try:
        write_durably(record, canonicalize(members))
    except OSError as error:
        raise StorageError("cannot-write", "{path} cannot be written: {reason}.", path=record, reason=error) from None
