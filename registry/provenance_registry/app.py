"""The composition root: builds everything from the settings, and nothing at import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import Message, Scope

from provenance import __version__
from provenance.decoding import Decoder
from provenance.errors import ProvenanceError
from provenance.evm.accounts import Account, is_signed_by, recover_order
from provenance.evm.fees import GWEI
from provenance.evm.gate import Gate
from provenance.keys import P256Signer
from provenance.ledger import Role
from provenance.policy import TrustPolicy
from provenance_registry.address import demand_address
from provenance_registry.db.repository import SQLRepository
from provenance_registry.folder import FolderLock, make_folders, secret
from provenance_registry.http.api import api_routes
from provenance_registry.http.asking import Asking
from provenance_registry.http.checker import checker_routes
from provenance_registry.http.guide import guide_routes
from provenance_registry.http.health import health_routes
from provenance_registry.http.inbox import inbox_routes
from provenance_registry.http.media import media_routes
from provenance_registry.http.pages import page_routes
from provenance_registry.http.papers import paper_routes
from provenance_registry.http.print_links import print_link_routes
from provenance_registry.http.print_page import print_page_routes
from provenance_registry.http.problems import on_bug, on_provenance_error
from provenance_registry.http.relaying import relaying_routes
from provenance_registry.http.report_page import report_page_routes
from provenance_registry.http.rpc import rpc_routes
from provenance_registry.http.services import Services
from provenance_registry.http.share_cards import share_card_routes
from provenance_registry.http.static_files import static_routes
from provenance_registry.http.streaming import streaming_routes
from provenance_registry.http.studio_pages import studio_page_routes
from provenance_registry.http.studios import studio_routes
from provenance_registry.http.tags import tag_routes
from provenance_registry.http.told import missing_page
from provenance_registry.ledgers import Belonging, OpenLedger, companions_of, demand_chain_of, open_registry_ledger
from provenance_registry.records import FileKind, LotRow
from provenance_registry.service.alarm import Thresholds
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.answers import Answers
from provenance_registry.service.clock import Clock, system_clock
from provenance_registry.service.doubts import Doubts
from provenance_registry.service.inbox import Inbox
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.lease import Lease
from provenance_registry.service.limits import Limits
from provenance_registry.service.media import Media
from provenance_registry.service.outbox import Outbox
from provenance_registry.service.papers import Papers
from provenance_registry.service.print_links import PrintLinks
from provenance_registry.service.reading import Readers
from provenance_registry.service.relay import Relay
from provenance_registry.service.releases import Releases
from provenance_registry.service.renditions import Renditions
from provenance_registry.service.reports import ReportLimits, Reports
from provenance_registry.service.scans import Scans
from provenance_registry.service.status_list import StatusLists
from provenance_registry.service.submissions import Submissions
from provenance_registry.service.verdicts import Verdicts
from provenance_registry.service.voids import Voids
from provenance_registry.settings import Settings
from provenance_registry.worker.accounts import Accounts
from provenance_registry.worker.deployment import Deployment
from provenance_registry.worker.examiner import Examiner
from provenance_registry.worker.forgotten import Forgotten
from provenance_registry.worker.indexer import Indexer
from provenance_registry.worker.loop import Worker
from provenance_registry.worker.own_chain import OwnChain, demand_only
from provenance_registry.worker.reviewer import Reviewer
from provenance_registry.worker.sealer import Sealer
from provenance_registry.worker.sender import Sender
from provenance_registry.worker.storage import Storage

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), payment=(), "
    "serial=(), usb=()",
    # Shared caches that ignore Vary, or keep for a day whatever says nothing, would give one reader another's answer.
    "cache-control": "no-cache",
}
TLS_HEADERS = {"strict-transport-security": "max-age=31536000", "cross-origin-opener-policy": "same-origin"}
"""Beside those where the registry's address is https, whether it or a proxy before it ends TLS."""


def content_policy(nodes: Sequence[str]) -> str:
    """Return what pages may load: their own files, and answers of the nodes that the trust policy names."""
    asked = " ".join(
        dict.fromkeys(["'self'", *(f"{urlsplit(node).scheme}://{urlsplit(node).netloc}" for node in nodes)])
    )
    return (
        f"default-src 'none'; script-src 'self'; connect-src {asked}; style-src 'self'; img-src 'self' data: blob:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def security_headers(base_url: str, nodes: Sequence[str]) -> dict[str, str]:
    """Return the headers of every answer that has none of its own of that name."""
    headers = {**SECURITY_HEADERS, "content-security-policy": content_policy(nodes)}
    return headers | (TLS_HEADERS if base_url.startswith("https:") else {})


START_PATIENCE = 60.0
"""Seconds for another process on the same folder to start: it may have tables to change."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry put together: the web application, its worker, and how to let go of everything."""

    web: Litestar
    worker: Worker
    services: Services
    close: Callable[[], None]


def build(settings: Settings, clock: Clock = system_clock) -> Registry:
    """Open or make all that the registry stands on; raises `ProvenanceError` where that cannot be."""
    with ExitStack() as opened:
        make_folders(settings)
        # Of several processes each has the folder for its start alone: what the first makes, the others find.
        lock = FolderLock(settings.data, START_PATIENCE) if settings.is_shared else FolderLock(settings.data)
        opened.callback(lock.release)
        anchorer = Account.from_secret(secret(settings.secrets / "anchorer"))
        relayer = Account.from_secret(secret(settings.secrets / "relayer"))
        repository = SQLRepository(settings.database_url or settings.database)
        opened.callback(repository.close)
        demand_address(repository.first_issuer(), settings.base_url, repository.where)
        belongs = Belonging(repository.own_ledger(), repository.where)
        chain = open_registry_ledger(settings, anchorer, relayer, belongs)
        opened.callback(chain.close)
        if settings.ledger_url is None:
            demand_chain_of(repository.indexed_head(), chain.ledger)
        if chain.former is not None:
            if belongs.ledger != chain.ledger.identity:  # Else an earlier start, or another machine's, has done it.
                repository.write(lambda transaction: transaction.leave_ledger(chain.ledger.identity))
            chain.pin()
        ledger = repository.write(lambda transaction: transaction.belong_to(chain.ledger.identity))
        Belonging(ledger, repository.where).demand(chain.ledger.identity)  # Two may have had their first start at once.
        lease = Lease(repository, alone=not repository.is_shared)
        opened.callback(lease.stop)
        if settings.worker:  # Who never asks for the lease never sends, and follows whoever does.
            lease.start()
        if settings.ledger_url is None and repository.is_shared:
            demand_only(lease, repository.where)
        readers = Readers(settings.base_url)
        opened.callback(readers.end)
        services, worker = _assemble(settings, clock, chain, repository, lease, readers, anchorer, relayer)
        opened.callback(services.scans.close)
        opened.callback(worker.stop)
        opened.callback(services.asking.close)
        opened.callback(services.renditions.stop)
        opened.callback(services.papers.close)
        services.renditions.start()
        if settings.is_shared:
            lock.release()
        return Registry(_web(services), worker, services, opened.pop_all().close)


def _assemble(
    settings: Settings,
    clock: Clock,
    opened: OpenLedger,
    repository: SQLRepository,
    lease: Lease,
    readers: Readers,
    anchorer: Account,
    relayer: Account,
) -> tuple[Services, Worker]:
    ledger = opened.ledger
    ledger.max_fee = int(settings.max_fee * GWEI)
    list_signer = P256Signer.from_secret(secret(settings.secrets / "status-list"))
    policy = TrustPolicy(
        ledger.identity,
        settings.published_nodes,
        settings.confirmations,
        registry=settings.base_url,
        predecessors=opened.predecessors,
        agreeing=settings.agreeing,
    )
    index = IndexedLedger(repository, ledger.identity, settings.max_index_lag)
    signers = {"anchor": anchorer, "relay": relayer}
    outbox = Outbox(
        repository,
        ledger,
        signers,
        settings.confirmations,
        lease,
        raise_fees_after=settings.raise_fees_after if settings.ledger_url else 0,
    )
    own = repository.fenced(lease.check)
    forgotten = Forgotten(repository, index, settings.base_url, settings.write_off_anchors)
    sealer = Sealer(
        own, ledger, index, outbox, clock,
        anchorer=anchorer.address, batch_size=settings.batch_size, batch_age=settings.batch_age,
        forgotten=forgotten,
    )  # fmt: skip
    accounts = Accounts(ledger, {kind: signer.address for kind, signer in signers.items()})
    deployment = Deployment(ledger.recheck)
    own_chain = OwnChain(opened.seal, lease, repository, ledger)

    def before_rewind() -> None:
        deployment.look_now()
        own_chain.demand()

    indexer = Indexer(own, ledger, index, before_rewind)
    amendments = Amendments(repository, index, ledger, clock)
    verdicts = Verdicts(repository, index, amendments, policy)
    examiner = Examiner(own, index, verdicts, policy)
    reviewer = Reviewer(own, index, clock)
    storage = Storage(repository, settings.data)
    # The review is last: how much there is to judge is for strangers to say, and it must keep nothing else waiting.
    leading = [indexer.catch_up, sealer.settle, examiner.examine, sealer.seal]

    scans = Scans(repository, clock)
    thresholds = Thresholds(settings.alarm_readers, settings.alarm_factor, settings.alarm_days)
    doubts = Doubts(repository, scans, thresholds, clock)
    report_limits = ReportLimits(settings.max_open_reports, settings.max_reports, settings.report_days)
    reports = Reports(repository, clock, report_limits)

    def sending(step: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            lease.moves()
            if lease.is_held and deployment.is_ours:
                step()

        return run

    def follow() -> None:
        lease.moves()
        if deployment.is_ours and not lease.is_held:
            indexer.follow()

    asked = lease if settings.worker else Sender(repository)
    steps = [
        storage.look, own_chain.seal, *opened.steps, asked.look, deployment.look, *map(sending, leading), follow,
        accounts.look, doubts.step, reports.step, sending(reviewer.review),
    ]  # fmt: skip
    worker = Worker(steps)

    def lacking() -> Sequence[LotRow]:
        forgotten.look_again()
        return forgotten.lots()

    limits = Limits(settings.max_relayed_hourly)
    most = {
        FileKind.PHOTO: settings.max_media,
        FileKind.SCAN: settings.max_scan,
        FileKind.FILE: settings.max_file,
    }
    media = Media(repository, settings.media, most)
    voids = Voids(repository, index, settings.base_url, clock)
    answers = Answers(repository, index, amendments, verdicts, settings.base_url, settings.confirmations)
    services = Services(
        settings=settings,
        policy=policy,
        repository=repository,
        index=index,
        submissions=Submissions(
            repository, index, amendments, settings.base_url, clock, max_held=settings.max_held, readers=readers
        ),
        amendments=amendments,
        verdicts=verdicts,
        answers=answers,
        media=media,
        papers=Papers(),
        voids=voids,
        scans=scans,
        doubts=doubts,
        reports=reports,
        inbox=Inbox(
            repository,
            index,
            doubts,
            recover_order,
            lambda account: ledger.has_role(Role.STEWARD, account),
            settings.base_url,
            clock,
        ),
        print_links=PrintLinks(repository, index, answers, voids, settings.base_url, clock),
        renditions=Renditions(media, settings.renditions, Decoder()),
        relay=Relay(repository, outbox, amendments, limits, max_gas=settings.max_relay_gas),
        releases=Releases(repository, index, ledger, is_signed_by, limits, clock),
        limits=limits,
        status_lists=StatusLists(repository, settings.base_url, list_signer, clock),
        rpc=Gate(opened.provider, ledger.identity.contract, companions_of(ledger)),
        asking=Asking(ledger.order_nonce),
        clock=clock,
        forgotten=lacking,
        wake=worker.wake,
        sends=lambda: lease.is_held,
        troubles=lambda: [each for each in (repository.trouble, lease.stall, *worker.troubles) if each is not None],
        balances=accounts.balances,
        addresses={"anchorer": str(anchorer.address), "relayer": str(relayer.address)},
    )
    return services, worker


def _web(services: Services) -> Litestar:
    routes = [
        *api_routes(services),
        *streaming_routes(services),
        *media_routes(services),
        *relaying_routes(services),
        *studio_routes(services),
        *rpc_routes(services),
        *page_routes(services),
        *report_page_routes(services),
        *inbox_routes(services),
        *studio_page_routes(services),
        *guide_routes(services),
        *paper_routes(services),
        *share_card_routes(services),
        *checker_routes(services),
        *tag_routes(services),
        *print_link_routes(services),
        *print_page_routes(services),
        *static_routes(),
        *health_routes(services),
    ]

    named = security_headers(services.settings.base_url, services.policy.nodes)
    headers = [(name.encode(), value.encode()) for name, value in named.items()]

    async def protect(message: Message, _scope: Scope) -> None:
        """Add what an answer has not of its own; those to errors come by here as well, and by no other hook."""
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in headers if pair[0] not in given)]

    return Litestar(
        route_handlers=routes,
        openapi_config=OpenAPIConfig(
            title=services.settings.name, version=__version__, path="/schema", render_plugins=[JsonRenderPlugin()]
        ),
        exception_handlers={
            ProvenanceError: on_provenance_error,
            HTTPException: missing_page(services.settings),
            Exception: on_bug,
        },
        before_send=[protect],
        debug=False,
        logging_config=None,
    )
