"""What the endpoints work with, put together by ``app``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from provenance.errors import ProvenanceError
from provenance.policy import TrustPolicy
from provenance_registry.http.asking import Asking
from provenance_registry.records import LotRow
from provenance_registry.repository import Repository
from provenance_registry.service.amendments import Amendments
from provenance_registry.service.answers import Answers
from provenance_registry.service.clock import Clock
from provenance_registry.service.doubts import Doubts
from provenance_registry.service.inbox import Inbox
from provenance_registry.service.index import IndexedLedger
from provenance_registry.service.limits import Limits
from provenance_registry.service.media import Media
from provenance_registry.service.papers import Papers
from provenance_registry.service.print_links import PrintLinks
from provenance_registry.service.relay import Relay
from provenance_registry.service.releases import Releases
from provenance_registry.service.renditions import Renditions
from provenance_registry.service.reports import Reports
from provenance_registry.service.scans import Scans
from provenance_registry.service.status_list import StatusLists
from provenance_registry.service.submissions import Submissions
from provenance_registry.service.verdicts import Verdicts
from provenance_registry.service.voids import Voids
from provenance_registry.settings import Settings


class RPC(Protocol):
    """The guarded door to the ledger's JSON-RPC."""

    def answer_all(self, requests: Sequence[object]) -> list[dict[str, Any]]:
        """Answer the request objects of one batch."""


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases and what they stand on."""

    settings: Settings
    policy: TrustPolicy
    repository: Repository
    index: IndexedLedger
    submissions: Submissions
    amendments: Amendments
    verdicts: Verdicts
    answers: Answers
    media: Media
    voids: Voids
    scans: Scans
    doubts: Doubts
    print_links: PrintLinks
    reports: Reports
    inbox: Inbox
    renditions: Renditions
    papers: Papers
    relay: Relay
    releases: Releases
    limits: Limits
    status_lists: StatusLists
    rpc: RPC
    asking: Asking
    clock: Clock
    forgotten: Callable[[], Sequence[LotRow]]
    wake: Callable[[], None]
    sends: Callable[[], bool]
    troubles: Callable[[], Sequence[ProvenanceError]]
    balances: Mapping[str, int]
    addresses: dict[str, str]
