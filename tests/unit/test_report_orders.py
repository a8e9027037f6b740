"""Orders about reports: their form, who signed them, and in which order they count."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provenance.canonical import canonicalize, parse_canonical
from provenance.errors import ConflictError, MalformedError, NotFoundError, ProvenanceError, VerificationError
from provenance.evm.accounts import Account, recover_order
from provenance.keys import P256Signer
from provenance.report_orders import MAX_ASKED, MAX_NOTE, MAX_REPORT_ORDER, ReportClosed, ReportsAsked, TagDoubt
from provenance.serial import Serial
from provenance.signed_orders import AccountOrder, SignedOrder, is_by_account
from provenance_registry.db import scanning
from provenance_registry.db.repository import SQLRepository
from provenance_registry.records import Cause, Doubt
from provenance_registry.report_records import Report, Side
from tests.support import databases
from tests.support.pipeline import Pipeline
from tests.support.scene import OTHER, OTHER_ISSUER

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
REGISTRY = "https://registry.example"
SERIAL = Serial.random()
ORDERS = (
    ReportsAsked(REGISTRY, NOW),
    ReportsAsked(REGISTRY, NOW, only_open=False, limit=MAX_ASKED, before=2**53 - 1),
    ReportsAsked(REGISTRY, NOW, report=1),
    ReportClosed(REGISTRY, NOW, 7),
    ReportClosed(REGISTRY, NOW, 7, "𠮷" * MAX_NOTE),
    TagDoubt(REGISTRY, NOW, SERIAL, 0, doubted=True),
    TagDoubt(REGISTRY, NOW, SERIAL, 99, doubted=True),
    TagDoubt(REGISTRY, NOW, SERIAL, 0, doubted=False),
)
Kind = type[ReportsAsked] | type[ReportClosed] | type[TagDoubt]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_orders_come_back_as_they_were_signed(order: ReportsAsked | ReportClosed | TagDoubt) -> None:
    signer, (account, _secret) = P256Signer.generate(), Account.generate()
    kind: Kind = type(order)
    by_key = SignedOrder.sign(order, signer).to_bytes()
    assert len(by_key) <= MAX_REPORT_ORDER
    again = SignedOrder.from_bytes(kind, by_key)
    again.check_signature()
    assert (again.order, again.public_key) == (order, signer.public_key)
    by_account = AccountOrder.sign(order, account.sign_order).to_bytes()
    signed = AccountOrder.from_bytes(kind, by_account)
    assert (signed.order, signed.signatory(recover_order)) == (order, account.address)
    assert [is_by_account(data) for data in (by_key, by_account)] == [False, True]
    for other in {ReportsAsked, ReportClosed, TagDoubt} - {kind}:
        with pytest.raises(MalformedError):
            SignedOrder.from_bytes(other, by_key)
        with pytest.raises(MalformedError):
            AccountOrder.from_bytes(other, by_account)


def test_whatever_is_changed_is_nobody_s_word() -> None:
    signer, (account, _secret) = P256Signer.generate(), Account.generate()
    order = TagDoubt(REGISTRY, NOW, SERIAL, 1, doubted=True)
    for name, value in (
        ("number", 2), ("doubted", False), ("registry", "https://other.example"), ("time", "2026-11-27T12:00:01Z"),
        ("version", 2), ("type", "KilnmarkReportClosed"), ("more", 1),
    ):  # fmt: skip
        members = parse_canonical(SignedOrder.sign(order, signer).to_bytes(), limit=MAX_REPORT_ORDER)
        with pytest.raises(ProvenanceError) as caught:
            SignedOrder.from_bytes(TagDoubt, canonicalize({**members, name: value})).check_signature()
        assert isinstance(caught.value, MalformedError | VerificationError), name
        members = parse_canonical(AccountOrder.sign(order, account.sign_order).to_bytes(), limit=MAX_REPORT_ORDER)
        try:
            signed = AccountOrder.from_bytes(TagDoubt, canonicalize({**members, name: value}))
            assert signed.signatory(recover_order) != account.address
        except (MalformedError, VerificationError):
            pass


@pytest.mark.parametrize(
    "make",
    [
        lambda: ReportsAsked(REGISTRY, NOW, limit=0),
        lambda: ReportsAsked(REGISTRY, NOW, limit=MAX_ASKED + 1),
        lambda: ReportsAsked(REGISTRY, NOW, before=0),
        lambda: ReportsAsked(REGISTRY, NOW, report=2**53),
        lambda: ReportClosed(REGISTRY, NOW, 0),
        lambda: ReportClosed(REGISTRY, NOW, 1, "x" * (MAX_NOTE + 1)),
        lambda: ReportClosed(REGISTRY, NOW, 1, "\x1b[2J"),
        lambda: ReportClosed(REGISTRY, NOW, 1, "two\nlines"),
        lambda: TagDoubt(REGISTRY, NOW, SERIAL, 100, doubted=True),
        lambda: TagDoubt(REGISTRY, NOW, SERIAL, 1, doubted=False),
    ],
)
def test_what_cannot_be_ordered_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(MalformedError, match="no order about reports"):
        make()


@pytest.mark.parametrize(
    ("name", "value"), [("limit", "5"), ("limit", True), ("limit", None), ("before", "x"), ("report", [])]
)
def test_numbers_of_another_type_are_refused(name: str, value: object) -> None:
    members = {**ReportsAsked(REGISTRY, NOW).to_json(), name: value}
    with pytest.raises(MalformedError):
        ReportsAsked.from_json(members)  # type: ignore[arg-type]


# --- in which order they count ----------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, either_database: None) -> Iterator[SQLRepository]:
    made = SQLRepository(databases.where(tmp_path))
    yield made
    made.close()


def tell(repository: SQLRepository, side: Side, doubted: bool, at: int, number: int = 0, data: bytes = b"") -> int:
    told = NOW + timedelta(seconds=at)
    data = data or f"{side} {doubted} {at} {number}".encode()
    return repository.write(lambda transaction: transaction.tell_doubt(SERIAL, number, side, doubted, told, data, told))


def causes(repository: SQLRepository) -> list[tuple[str, int]]:
    return sorted((doubt.cause.value, doubt.number) for doubt in repository.doubts())


def test_an_order_counts_once_however_often_it_is_sent(repository: SQLRepository) -> None:
    assert tell(repository, Side.STUDIO, True, 1, 2) == 1
    assert tell(repository, Side.STUDIO, True, 1, 2) == 0
    assert tell(repository, Side.STUDIO, False, 5) == 1
    assert tell(repository, Side.STUDIO, False, 5) == 0
    with pytest.raises(ConflictError, match="later order"):  # Somebody kept the first one, and sends it again.
        tell(repository, Side.STUDIO, True, 1, 2)
    with pytest.raises(ConflictError):
        tell(repository, Side.STUDIO, True, 5, 1)
    assert causes(repository) == []
    assert tell(repository, Side.STUDIO, True, 6, 1) == 1
    assert tell(repository, Side.STUDIO, False, 5) == 0
    assert causes(repository) == [("studio", 1)]
    (raised,) = repository.doubts()
    assert raised.since == NOW + timedelta(seconds=6)


def test_each_side_ends_its_own_doubts_the_studio_those_of_scans_and_the_steward_all(repository: SQLRepository) -> None:
    scans = Doubt(SERIAL, 1, Cause.SCANS, NOW)
    repository.write(lambda transaction: transaction.doubt(scans))
    tell(repository, Side.STUDIO, True, 1)
    tell(repository, Side.STEWARD, True, 1)
    assert tell(repository, Side.STUDIO, False, 2) == 2
    assert causes(repository) == [("steward", 0)]
    tell(repository, Side.STUDIO, True, 3)
    assert tell(repository, Side.STEWARD, False, 2) == 2
    assert causes(repository) == []
    # What the steward orders keeps no studio from ordering, whatever its clock says, and the other way round.
    assert tell(repository, Side.STEWARD, True, 500) == 1
    assert tell(repository, Side.STUDIO, True, 4) == 1
    assert repository.trusted_at(SERIAL) == NOW + timedelta(seconds=2)


def test_an_order_that_ends_only_others_counts_once_as_well(repository: SQLRepository) -> None:
    tell(repository, Side.STUDIO, True, 1)
    assert tell(repository, Side.STEWARD, False, 2) == 1
    tell(repository, Side.STUDIO, True, 3)
    assert tell(repository, Side.STEWARD, False, 2) == 0
    assert causes(repository) == [("studio", 0)]
    assert tell(repository, Side.STEWARD, True, 3) == 1


def test_a_studio_fills_no_memory_with_doubts_and_stands_in_nobody_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MAX_STUDIO_DOUBTS", 5)
    pipeline = Pipeline(tmp_path)
    pipeline.scene.accredit(OTHER, OTHER_ISSUER, pipeline.scene.signer)
    foreign = pipeline.submit(pipeline.scene.sign(issuer=OTHER_ISSUER, list_id="0" * 12))
    mine, others = pipeline.stored(pipeline.anchored()), pipeline.stored(foreign)

    def say(serial: Serial, side: Side, number: int, doubted: bool = True) -> int:
        told = NOW + timedelta(seconds=number)
        return pipeline.repository.write(
            lambda transaction: transaction.tell_doubt(
                serial, number if doubted else 0, side, doubted, told, f"{side} {number}".encode(), told
            )
        )

    assert [say(mine.serial, Side.STUDIO, number) for number in range(1, 6)] == [1] * 5
    with pytest.raises(ConflictError, match="can say it of no more"):
        say(mine.serial, Side.STUDIO, 6)
    assert say(others.serial, Side.STUDIO, 1) == 1
    assert say(mine.serial, Side.STEWARD, 6) == 1
    assert [doubt.number for doubt in pipeline.repository.doubts_of(mine.did, 3)] == [6, 5, 4]
    assert [doubt.serial for doubt in pipeline.repository.doubts_of(others.did, 9)] == [others.serial]
    assert say(mine.serial, Side.STUDIO, 7, doubted=False) == 5
    assert say(mine.serial, Side.STUDIO, 8) == 1
    pipeline.repository.close()


def test_a_report_is_closed_once_for_each_side_by_however_many_at_once(repository: SQLRepository) -> None:
    report = Report(SERIAL, 1, "did:web:x", "copy", "text", "", "en", NOW)
    repository.write(lambda transaction: transaction.add_report(report, 5, 5))
    (stored,) = repository.reports(None, Side.STUDIO, 5)

    def close(number: int, side: Side = Side.STUDIO) -> bool:
        return repository.write(
            lambda transaction: transaction.end_report(stored.id, side, NOW, f"note {number}", b"order")
        )

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(close, range(12))) == [False] * 11 + [True]
    assert repository.reports(None, Side.STUDIO, 5, only_open=True) == []
    (open_still,) = repository.reports(None, Side.STEWARD, 5, only_open=True)
    assert open_still.ends.keys() == {Side.STUDIO}
    assert close(99, Side.STEWARD)
    (closed,) = repository.reports("did:web:x", Side.STEWARD, 5)
    assert closed.ends[Side.STEWARD].note == "note 99"
    assert closed.ends[Side.STUDIO].note in {f"note {number}" for number in range(12)}
    with pytest.raises(NotFoundError):
        repository.write(lambda transaction: transaction.end_report(99, Side.STUDIO, NOW, "", b""))
    assert repository.write(lambda transaction: transaction.add_report(report, 1, 5))  # Closed ones keep no place.
    assert repository.write(lambda transaction: transaction.forget_reports(NOW + timedelta(days=1))) == 2


def test_pages_of_open_reports_skip_what_is_closed(repository: SQLRepository) -> None:
    report = Report(SERIAL, 1, "did:web:x", "copy", "", "", "en", NOW)
    for number in range(6):
        other = replace(report, text=str(number))
        repository.write(lambda transaction, other=other: transaction.add_report(other, 9, 9))  # type: ignore[misc]
    ids = [stored.id for stored in repository.reports(None, Side.STUDIO, 9)]
    for number in ids[::2]:
        repository.write(
            lambda transaction, number=number: transaction.end_report(number, Side.STUDIO, NOW, "", b"")  # type: ignore[misc]
        )
    assert [stored.id for stored in repository.reports(None, Side.STUDIO, 2, only_open=True)] == ids[1:4:2]
    assert [stored.id for stored in repository.reports(None, Side.STUDIO, 2, only_open=True, before=ids[3])] == ids[5:]
