"""The composition root: builds everything from the settings, and nothing at import."""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar, Response
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from provenance import __version__
from provenance.encoding import Address
from provenance.errors import ConfigurationError, ProvenanceError, StorageError
from provenance.evm.accounts import Account
from provenance.evm.gate import Gate
from provenance.evm.ledger import EVMLedger
from provenance.evm.node import BoundedHTTPProvider, Provider
from provenance.keys import P256Signer
from provenance.policy import TrustPolicy
from provenance_registry.db.repository import SQLRepository
from provenance_registry.http.api import api_routes, health_routes
from provenance_registry.http.pages import page_routes
from provenance_registry.http.problems import on_bug, on_http_error, on_provenance_error
from provenance_registry.http.rpc import rpc_routes
from provenance_registry.http.services import Services
from provenance_registry.service.clock import Clock, system_clock
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.media import Media
from provenance_registry.service.orders import Orders
from provenance_registry.service.outbox import Outbox
from provenance_registry.service.status_list import StatusLists
from provenance_registry.service.submissions import Submissions
from provenance_registry.service.verdicts import Verdicts
from provenance_registry.settings import Settings
from provenance_registry.worker.examiner import Examiner
from provenance_registry.worker.indexer import Indexer
from provenance_registry.worker.loop import Worker
from provenance_registry.worker.sealer import Sealer

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "geolocation=(), camera=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry put together: the web application, its worker, and how to let go of everything."""

    web: Litestar
    worker: Worker
    services: Services
    close: Callable[[], None]


def build(settings: Settings, clock: Clock = system_clock) -> Registry:
    """Open or make all that the registry stands on; raises `ProvenanceError` where that cannot be."""
    _make_folders(settings)
    anchorer = Account.from_secret(_secret(settings.secrets / "anchorer"))
    relayer = Account.from_secret(_secret(settings.secrets / "relayer"))
    list_signer = P256Signer.from_secret(_secret(settings.secrets / "status-list"))
    provider, ledger, seal, close_chain = _open_ledger(settings, anchorer, relayer)
    try:
        repository = SQLRepository(settings.database)
    except BaseException:
        close_chain()
        raise
    policy = TrustPolicy(
        ledger.identity, (f"{settings.base_url}/rpc",), settings.confirmations, registry=settings.base_url
    )
    index = IndexedLedger(repository, ledger.identity, settings.max_index_lag)
    outbox = Outbox(repository, ledger, {"anchor": anchorer, "status": relayer}, settings.confirmations)
    sealer = Sealer(
        repository, ledger, index, outbox, clock, batch_size=settings.batch_size, batch_age=settings.batch_age
    )
    indexer = Indexer(repository, ledger, index)
    verdicts = Verdicts(repository, index, policy)
    examiner = Examiner(repository, index, verdicts, policy)
    worker = Worker([*seal, indexer.catch_up, sealer.review_held, sealer.settle, examiner.examine, sealer.seal])
    services = Services(
        settings=settings,
        policy=policy,
        repository=repository,
        index=index,
        submissions=Submissions(repository, index, settings.base_url, clock, max_held=settings.max_held),
        verdicts=verdicts,
        media=Media(repository, settings.media),
        orders=Orders(repository, outbox),
        status_lists=StatusLists(repository, settings.base_url, list_signer, clock),
        rpc=Gate(provider, ledger.identity.contract),
        wake=worker.wake,
        trouble=lambda: repository.trouble or worker.trouble,
        addresses={"anchorer": str(anchorer.address), "relayer": str(relayer.address)},
    )

    def close() -> None:
        worker.stop()
        repository.close()
        close_chain()

    return Registry(_web(services, ledger.order_nonce), worker, services, close)


def _web(services: Services, order_nonce: Callable[[Address], int]) -> Litestar:
    routes = [
        *api_routes(services, order_nonce),
        *rpc_routes(services),
        *page_routes(services),
        *health_routes(services),
    ]

    async def protect(response: Response[Any]) -> Response[Any]:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return Litestar(
        route_handlers=routes,
        openapi_config=OpenAPIConfig(
            title=services.settings.name, version=__version__, path="/schema", render_plugins=[JsonRenderPlugin()]
        ),
        exception_handlers={ProvenanceError: on_provenance_error, HTTPException: on_http_error, Exception: on_bug},
        after_request=protect,
        debug=False,
        logging_config=None,
    )


def _make_folders(settings: Settings) -> None:
    try:
        for folder in (settings.data, settings.media):
            folder.mkdir(parents=True, exist_ok=True)
        settings.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            "cannot-write", "{path} cannot be used: {reason}.", path=settings.data, reason=error
        ) from None


def _secret(path: Path) -> bytes:
    """Return the secret in a file that only its owner can read; made at the first start."""
    try:
        if not path.exists():
            write_durably(path, secrets.token_bytes(32).hex().encode())
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise StorageError("cannot-write", "{path} cannot be used: {reason}.", path=path, reason=error) from None
    except ValueError:
        raise ConfigurationError("bad-secret", "{path} does not hold a secret in hex.", path=path) from None
    if len(secret) != 32:
        raise ConfigurationError("bad-secret", "{path} does not hold 32 bytes in hex.", path=path)
    return secret


def write_durably(path: Path, data: bytes) -> None:
    """Write a file readable by its owner alone, whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _open_ledger(
    settings: Settings, anchorer: Account, relayer: Account
) -> tuple[Provider, EVMLedger, list[Callable[[], object]], Callable[[], None]]:
    if settings.ledger_url is not None and settings.ledger_contract is not None:
        provider: Provider = BoundedHTTPProvider(settings.ledger_url)
        return provider, EVMLedger(provider, settings.ledger_contract), [], lambda: None
    if settings.admin is None or settings.steward is None:
        raise ConfigurationError("bad-settings", "The embedded ledger needs an admin and a steward.")
    from provenance.evm.embedded import EmbeddedChain
    from provenance.evm.embedded_rpc import EmbeddedProvider

    funded = [settings.admin, settings.steward, anchorer.address, relayer.address]
    max_pause = int(settings.max_pause_days * 24 * 3600)
    chain = EmbeddedChain(settings.chain, funded=funded, max_pause=max_pause)
    try:
        provider = EmbeddedProvider(chain)
        ledger = _embedded_ledger(settings, provider, anchorer, chain.seal)
    except BaseException:
        chain.close()
        raise
    return provider, ledger, [chain.seal], chain.close


def _embedded_ledger(settings: Settings, provider: Provider, anchorer: Account, seal: Callable[[], bool]) -> EVMLedger:
    """Open the embedded ledger's contract, deploying it at the first start.

    A start that dies after deploying and before writing the address down deploys another: nothing is anchored yet.
    """
    from provenance.evm.deploy import deploy

    record = settings.data / "ledger.json"
    if record.exists():
        try:
            contract = Address.parse(json.loads(record.read_text("ascii"))["contract"])
        except (OSError, ValueError, KeyError, TypeError, ProvenanceError):
            raise ConfigurationError(
                "bad-ledger-record", "{path} does not name the ledger's contract.", path=record
            ) from None
        return EVMLedger(provider, contract)
    if settings.admin is None or settings.steward is None:
        raise ConfigurationError("bad-settings", "The embedded ledger needs an admin and a steward.")

    def wait() -> None:
        import time

        if not seal():
            time.sleep(0.1)

    ledger = deploy(
        provider,
        anchorer,
        admin=settings.admin,
        steward=settings.steward,
        anchorer=anchorer.address,
        base_uri=f"{settings.base_url}/tokens/",
        wait=wait,
    )
    write_durably(record, json.dumps({"contract": str(ledger.identity.contract)}).encode())
    log.info("deployed the ledger at %s", ledger.identity.contract)
    return ledger
