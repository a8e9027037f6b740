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
from provenance.ledger import LedgerIdentity
from provenance.policy import MAX_POLICY_BYTES, identity_from_json, identity_to_json
from provenance_registry.folder import write_durably
from provenance_registry.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger, the node behind it, and what an embedded chain needs done: its sealing, and its end."""

    ledger: EVMLedger
    provider: Provider
    steps: tuple[Callable[[], object], ...] = ()
    close: Callable[[], None] = lambda: None


def open_registry_ledger(settings: Settings, anchorer: Account, relayer: Account) -> OpenLedger:
    """Open the ledger that the settings name; raises `ProvenanceError`."""
    record = settings.data / "ledger.json"
    pinned = _read(record)
    if settings.ledger_url is not None and settings.ledger_contract is not None:
        provider: Provider = BoundedHTTPProvider(settings.ledger_url)
        opened = OpenLedger(EVMLedger(provider, settings.ledger_contract, pinned), provider)
        _pin(record, opened.ledger.identity, pinned)
        return opened
    if settings.admin is None or settings.steward is None:
        raise ConfigurationError("bad-settings", "The embedded ledger needs an admin and a steward.")
    from provenance.evm.embedded import EmbeddedChain
    from provenance.evm.embedded_rpc import EmbeddedProvider

    funded = [settings.admin, settings.steward, anchorer.address, relayer.address]
    chain = EmbeddedChain(settings.chain, funded=funded, max_pause=int(settings.max_pause_days * 24 * 3600))
    try:
        provider = EmbeddedProvider(chain)
        if pinned is not None:
            ledger = EVMLedger(provider, pinned.contract, pinned)
        else:
            # A start that dies between deploying and writing it down deploys another: nothing is anchored yet.
            ledger = _deploy(settings, provider, anchorer, settings.admin, settings.steward, chain.seal)
            _pin(record, ledger.identity, None)
    except BaseException:
        chain.close()
        raise
    return OpenLedger(ledger, provider, (chain.seal,), chain.close)


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


def _read(record: Path) -> LedgerIdentity | None:
    try:
        if not record.exists():
            return None
        return identity_from_json(parse(record.read_bytes(), limit=MAX_POLICY_BYTES))
    except OSError as error:
        raise StorageError("unreadable", "{path} cannot be read: {reason}.", path=record, reason=error) from None
    except ProvenanceError:
        raise ConfigurationError(
            "bad-ledger-record",
            "{path} does not name a ledger.",
            hint="The folder was made by another version: use a new one.",
            path=record,
        ) from None


def _pin(record: Path, identity: LedgerIdentity, pinned: LedgerIdentity | None) -> None:
    if pinned is not None:
        return
    try:
        write_durably(record, canonicalize(identity_to_json(identity)))
    except OSError as error:
        raise StorageError("cannot-write", "{path} cannot be written: {reason}.", path=record, reason=error) from None
