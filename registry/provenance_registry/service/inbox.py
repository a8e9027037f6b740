"""The inbox of reports: a studio's for its own pieces, the steward's for all, each opened by a signature.

A studio signs with a key by which it may sign certificates now; a steward with an account that has the role on the
ledger now.  Whoever else asks is told nothing, not even whether there is such a report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from provenance.encoding import Address
from provenance.errors import MalformedError, NotFoundError, VerificationError
from provenance.report_orders import MAX_ASKED, ReportClosed, ReportsAsked, TagDoubt
from provenance.signed_orders import AccountOrder, RecoverOrder, SignedOrder, is_by_account
from provenance_registry.records import Doubt
from provenance_registry.report_records import Side, StoredReport
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock
from provenance_registry.service.doubts import Doubts
from provenance_registry.service.index import IndexedLedger

CLOCKS_APART = timedelta(minutes=10)
"""By how much the clock of whoever signs may differ from ours: an order that somebody else kept is of no use after."""
KINDS = ReportsAsked | ReportClosed | TagDoubt

K = TypeVar("K", ReportsAsked, ReportClosed, TagDoubt)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: a side, and of a studio its DID."""

    side: Side
    did: str | None = None

    def may_see(self, did: str) -> bool:
        """Tell whether the pieces of the studio `did` are theirs to look after."""
        return self.side is Side.STEWARD or did == self.did


@dataclass(frozen=True, slots=True)
class Listing:
    """Reports as one side sees them, and the number before which there may be more."""

    reader: Reader
    reports: list[StoredReport]
    following: int | None
    doubts: list[Doubt] = field(default_factory=list)


class Inbox:
    """The use cases of those to whom reports go.

    `is_steward` asks the ledger; `recover` tells whose account signed.
    """

    def __init__(
        self,
        repository: Repository,
        index: IndexedLedger,
        doubts: Doubts,
        recover: RecoverOrder,
        is_steward: Callable[[Address], bool],
        base_url: str,
        clock: Clock,
    ) -> None:
        self._repository, self._index, self._clock = repository, index, clock
        self._doubts = doubts
        self._recover, self._is_steward = recover, is_steward
        self._base_url = base_url

    def listed(self, data: bytes) -> Listing:
        """Return the reports that are asked for; raises `NotFoundError` where it is one that is not there for them."""
        asked, reader = self.read(ReportsAsked, data)
        if asked.report is not None:
            return Listing(reader, [self._own(reader, asked.report)], None)
        found = self._repository.reports(
            reader.did, reader.side, asked.limit, only_open=asked.only_open, before=asked.before
        )
        following = found[-1].id if len(found) == asked.limit else None
        return Listing(reader, found, following, [] if asked.before else self._doubts_for(reader))

    def close(self, data: bytes) -> tuple[Listing, bool]:
        """Close a report for the side that signed; return it as it stands, and whether it was open until now.

        Raises `NotFoundError` where there is none for them.
        """
        closed, reader = self.read(ReportClosed, data)
        self._own(reader, closed.report)
        now = self._clock()
        new = self._repository.write(
            lambda transaction: transaction.end_report(closed.report, reader.side, now, closed.note, data)
        )
        return Listing(reader, [self._own(reader, closed.report)], None), new

    def doubt(self, data: bytes) -> tuple[int, list[Doubt]]:
        """Raise a doubt about a piece's tag, or end those that the side may end; return how many, and which there are.

        Raises `NotFoundError` for an unknown piece, `VerificationError` where it is another studio's, and
        `ConflictError` where a later order was carried out before.
        """
        order, reader = self.read(TagDoubt, data)
        stored = self._repository.by_serial(order.serial)
        if stored is None:
            raise NotFoundError("unknown-serial", "No certificate has this number.")
        if not reader.may_see(stored.did):
            raise VerificationError(
                "not-the-studio",
                "Another studio certified this piece.",
                hint="A studio speaks of its own pieces, a steward of all.",
            )
        changed = self._doubts.tell(order, reader.side, data)
        return changed, self._doubts.of(order.serial)

    def _doubts_for(self, reader: Reader) -> list[Doubt]:
        """Return the newest doubts about pieces that the reader looks after."""
        if reader.did is None:
            return self._doubts.all()[:MAX_ASKED]
        return self._repository.doubts_of(reader.did, MAX_ASKED)

    def studio_name(self, did: str) -> str:
        """Return the name that a studio bears now."""
        entry = self._index.directory.by_did(did)
        return "" if entry is None else entry.name

    def read(self, kind: type[K], data: bytes) -> tuple[K, Reader]:
        """Read an order, and tell who signed it.

        Raises `MalformedError`, `VerificationError` where neither a studio nor a steward did, and `LedgerError` where
        the ledger does not tell whether it was a steward.
        """
        if is_by_account(data):
            by_account = AccountOrder.from_bytes(kind, data)
            self._demand_now(by_account.order)
            if not self._is_steward(by_account.signatory(self._recover)):
                raise VerificationError(
                    "not-a-steward",
                    "This is not signed by an account that is a steward of the ledger now.",
                    hint="Name the steward's key file with --key-file. A contract that is a steward signs no such "
                    "orders: the role must be that of an account with a key.",
                )
            return by_account.order, Reader(Side.STEWARD)
        signed = SignedOrder.from_bytes(kind, data)
        self._demand_now(signed.order)
        signed.check_signature()
        entry, key_id = self._index.directory.by_key(signed.public_key.key_id), signed.public_key.key_id
        if entry is None or not entry.in_good_standing or not entry.keys[key_id][1].covers(self._clock()):
            raise VerificationError(
                "not-a-studio",
                "This is not signed by a key by which an accredited studio may sign now.",
                hint="A suspended studio asks the guild, which reads the same reports.",
            )
        return signed.order, Reader(Side.STUDIO, entry.did)

    def _demand_now(self, order: KINDS) -> None:
        if order.registry != self._base_url:
            raise MalformedError(
                "other-registry",
                "This is for the registry {other}.",
                field="registry",
                hint="This registry is {own}.",
                other=order.registry,
                own=self._base_url,
            )
        if abs(order.time - self._clock()) > CLOCKS_APART:
            raise MalformedError(
                "signed-at-another-time",
                "This was signed for another time than now.",
                field="time",
                hint="Set the computer's clock.",
            )

    def _own(self, reader: Reader, report: int) -> StoredReport:
        stored = self._repository.report(report)
        if stored is None or not reader.may_see(stored.report.did):
            raise NotFoundError("unknown-report", "There is no report of this number for you.")
        return stored
