"""Print links as values: what is signed, what a code says, and what the registry keeps of them on both databases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.encoding import Address, Digest, KeyId
from provenance.errors import MalformedError, VerificationError
from provenance.keys import P256Signer
from provenance.print_links import (
    MAX_PRINT_LINK_BYTES,
    MAX_TAGS,
    PrintLink,
    PrintLinkEnd,
    address_of,
    code_of,
    new_secret,
    parse_code,
    parse_tag,
)
from provenance.serial import ALPHABET, Serial
from provenance.signed_orders import SignedOrder
from provenance_registry.db.repository import SQLRepository
from provenance_registry.records import PrintMark, PrintTotals, StoredPrintLink
from provenance_registry.repository import Transaction
from provenance_registry.service.sheets import papers_for
from tests.support.databases import where

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
SECRET = bytes(range(16))


def link_of(count: int = 2) -> PrintLink:
    tags = tuple((Serial.random(), 1 + number % 99) for number in range(count))
    digest = Digest(hashlib.sha256(SECRET).digest())
    return PrintLink("https://registry.example", tags, "茶庄", NOW, NOW + timedelta(days=14), digest, "zh-Hans")


def test_what_is_signed_is_read_as_it_was() -> None:
    signer = P256Signer.generate()
    for link in (link_of(1), link_of(MAX_TAGS)):
        data = SignedOrder.sign(link, signer).to_bytes()
        assert len(data) <= MAX_PRINT_LINK_BYTES
        again = SignedOrder.from_bytes(PrintLink, data)
        again.check_signature()
        assert again.order == link
        assert again.order.id == link.id
    with pytest.raises(MalformedError):
        link_of(MAX_TAGS + 1)


def test_an_id_is_of_all_that_is_said_and_no_order_passes_for_another() -> None:
    link, signer = link_of(), P256Signer.generate()
    changed = [
        replace(link, made_for="another"),
        replace(link, expires=link.expires + timedelta(seconds=1)),
        replace(link, tags=link.tags[:1]),
        replace(link, digest=Digest.of(b"another")),
        replace(link, language="en"),
    ]
    assert len({item.id for item in [link, *changed]}) == 6
    signed = SignedOrder.sign(link, signer)
    for other in changed:
        with pytest.raises(VerificationError):
            replace(signed, order=other).check_signature()
    end = SignedOrder.sign(PrintLinkEnd(link.registry, link.id, NOW), signer).to_bytes()
    with pytest.raises(MalformedError):
        SignedOrder.from_bytes(PrintLink, end)
    with pytest.raises(MalformedError):
        SignedOrder.from_bytes(PrintLinkEnd, signed.to_bytes())


def test_the_secret_is_not_in_what_is_signed_and_opens_alone() -> None:
    link = link_of()
    data = SignedOrder.sign(link, P256Signer.generate()).to_bytes()
    assert SECRET.hex().encode() not in data
    assert code_of(link.id, SECRET).partition(".")[2].encode() not in data
    assert link.opens(SECRET)
    for wrong in (new_secret(), SECRET[:-1], b"", SECRET + b"\0"):
        assert not link.opens(wrong)


@given(st.binary(min_size=16, max_size=16), st.text(ALPHABET.lower(), min_size=16, max_size=16))
def test_a_code_is_read_as_it_was_spelled(secret: bytes, name: str) -> None:
    code = code_of(name, secret)
    address = address_of("https://registry.example", name, secret)
    for text in (code, code.upper(), f" {code}\n", address):
        assert parse_code(text) == (name, secret)
    assert code.replace(".", "").isalnum()


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[0-9a-z]{15,17}\\.[0-9a-z]{25,27}")))
def test_any_other_text_is_no_code(text: str) -> None:
    read = parse_code(text)
    assert read is None or code_of(*read) == text.strip().rpartition("#")[2].lower()


def test_a_secret_of_more_than_128_bits_is_none() -> None:
    assert parse_code("0" * 16 + "." + "z" * 26) is None


@pytest.mark.parametrize("text", ["", "7K3M", "0000000000000/0", "0000000000000/100", "0000000000001", 7, None])
def test_what_is_no_tag_is_refused(text: object) -> None:
    with pytest.raises(MalformedError):
        parse_tag(text)
    assert parse_tag("0000000000000/99") == (Serial("0" * 13), 99)


def test_paper_is_offered_that_has_room_for_the_code() -> None:
    papers = papers_for("https://registry.example/P/7K3M9QX2VD5T6")
    names = [paper.names for paper in papers]
    assert ("roll-50x30",) in names
    assert any("5160" in known and "8160" in known for known in names)
    assert not any("L4731" in known for known in names)
    assert [paper.kind for paper in papers] == sorted(
        (paper.kind for paper in papers), key=["roll", "A4", "Letter"].index
    )
    assert len(papers_for("https://" + "x" * 60 + ".registry.example/P/7K3M9QX2VD5T6")) < len(papers)


@pytest.mark.usefixtures("either_database")
def test_what_a_registry_keeps_of_a_link(tmp_path: Path) -> None:
    repository = SQLRepository(where(tmp_path))
    studio, other = Address(b"\2" * 20), Address(b"\3" * 20)

    def stored(name: str, days: int, owner: Address = studio) -> StoredPrintLink:
        return StoredPrintLink(name * 16, owner, KeyId(b"\6" * 32), NOW, NOW + timedelta(days=days), b"link")

    def adding(link: StoredPrintLink) -> Callable[[Transaction], bool]:
        return lambda transaction: transaction.add_print_link(link)

    links = [stored("a", 1), stored("b", 2), stored("c", 3, other), stored("d", -100)]
    for link in links:
        assert [repository.write(adding(link)) for _ in range(2)] == [True, False]
    first = links[0]
    assert repository.print_link(first.id) == first
    assert repository.print_link("e" * 16) is None
    assert repository.write(lambda transaction: transaction.open_print_links(studio, NOW)) == 2
    later = NOW + timedelta(hours=1)

    places = list(range(1_200))
    repository.write(lambda transaction: transaction.note_spoiled(first.id, [3, 5_000], NOW))
    repository.write(lambda transaction: transaction.note_printed(first.id, places, NOW))
    repository.write(lambda transaction: transaction.note_printed(first.id, [1, 2], later))
    repository.write(lambda transaction: transaction.note_spoiled(first.id, [2, 3], later))
    repository.write(lambda transaction: transaction.note_spoiled(first.id, [3, 4_000], None))
    marks = repository.print_marks(first.id, 0, 5_000)
    assert len(marks) == 1_201
    assert marks[0] == PrintMark(1, NOW)
    assert marks[1] == PrintMark(2, later)
    assert marks[2] == PrintMark(2, later, later)
    assert marks[3] == PrintMark(1, NOW)
    assert marks[5_000] == PrintMark(0, None, NOW)
    assert {*repository.print_marks(first.id, 2, 3)} == {2, 3}
    assert repository.print_totals(studio) == {first.id: PrintTotals(1_200, 1_202, 2, later)}
    assert repository.print_totals(other) == {}
    assert repository.print_marks(links[1].id, 0, 5_000) == {}

    repository.write(lambda transaction: transaction.note_printed(links[3].id, [0], NOW))
    repository.write(lambda transaction: transaction.forget_print_links(NOW - timedelta(days=90)))
    assert repository.print_link(links[3].id) is None
    assert repository.print_marks(links[3].id, 0, 5_000) == {}
    repository.write(lambda transaction: transaction.end_print_link(first.id, NOW))
    repository.write(lambda transaction: transaction.end_print_link(first.id, later))
    assert repository.print_link(first.id) == replace(first, ended=NOW)
    assert repository.write(lambda transaction: transaction.open_print_links(studio, NOW)) == 1
    assert [link.id for link in repository.print_links_of(studio, 10)] == ["a" * 16, "b" * 16]
    assert len(repository.print_links_of(studio, 1)) == 1
    repository.close()
