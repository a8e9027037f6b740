"""From drafts to certificates to amendments, in a workshop without a network."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.bundle import MAX_AMENDMENTS
from provenance.certificate import Certificate
from provenance.encoding import Digest
from provenance.errors import ConflictError, MalformedError, NotFoundError
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.piece import Consent, Edition, Firing, Maker, Photo, Piece, Scan, Whole, WorkFile
from provenance.serial import Serial
from provenance_cli.amending import amended, changes
from provenance_cli.headings import FIELDS
from provenance_cli.mapping import LABELS
from provenance_cli.store import Entry, Store
from provenance_cli.telling import facts_of
from tests.support.pieces import digital_piece, full_piece
from tests.support.scene import ISSUER, NOW, Scene
from tests.support.shops import Shop

SIGNER = P256Signer.generate()


# --- what changes -----------------------------------------------------------------------------------------------------


def test_only_what_is_given_changes() -> None:
    piece = full_piece()
    photos = (Photo(Digest.of(b"new")),)
    facts: dict[str, Any] = {
        "title": {"en": "Lid"},
        "firing": Firing(kiln={"en": "wood"}, peak_celsius=1300),
        "photos": photos,
        "height_mm": 300,
    }
    corrected = amended(piece, facts)
    assert corrected == replace(
        piece,
        title={"zh-Hans": piece.title["zh-Hans"], "en": "Lid"},
        firing=Firing({"zh-Hans": "柴窑", "en": "wood"}, {"zh-Hans": "松柴"}, {"en": "reduction"}, "2026-11-02", 1300),
        photos=photos,
        height_mm=300,
    )


@pytest.mark.parametrize("field", [name for name in FIELDS if name not in ("title", "files", "set", "maker")])
def test_any_fact_can_be_left_out(field: str) -> None:
    piece = full_piece()
    before, after = dict(facts_of(piece)), dict(facts_of(amended(piece, {}, [field])))
    assert after != before
    along = {
        "visitor": {"Visitor", "Consent"},
        "consent": {"Visitor", "Consent"},
        "master": {"Master", "Teacher", "Lineage"},
        "edition": {"Edition", "Edition's name"},
    }
    changed = {label for label in before if after.get(label) != before[label]}
    assert changed == along.get(field, {LABELS[field]})
    assert after.keys() <= before.keys()


def test_a_visitor_may_take_back_the_consent() -> None:
    piece = amended(full_piece(), {}, ["consent"])
    assert [(maker.role, bool(maker.name)) for maker in piece.makers] == [
        ("master", True),
        ("visitor", False),
        ("visitor", False),
    ]


def test_a_title_cannot_be_left_out_nor_what_is_no_field() -> None:
    for field in ("title", "serial", "nonsense"):
        with pytest.raises(MalformedError) as caught:
            amended(full_piece(), {}, [field])
        assert caught.value.field == field


# --- the store --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [full_piece(), digital_piece()])
def test_every_piece_comes_back_from_the_store(tmp_path: Path, piece: Piece) -> None:
    store = Store(tmp_path / "workshop.db")
    store.add_pieces([Entry(piece)])
    assert store.piece(piece.serial) == piece


def amendment(of: Certificate, **changes: Any) -> Certificate:
    piece = replace(of.piece, **changes)
    return issue(piece, ISSUER, SIGNER, status_entry=of.status_entry, now=NOW, replaces=of.digest)


def test_amendments_are_a_chain(tmp_path: Path) -> None:
    store, first = Store(tmp_path / "workshop.db"), Scene().sign()
    with pytest.raises(NotFoundError):
        store.add_amendment(amendment(first, height_mm=1))
    store.add_pieces([Entry(first.piece)])
    store.add_certificates([first])
    newest, chain = first, list[Certificate]()
    for height in range(1, MAX_AMENDMENTS + 1):
        newest = amendment(newest, height_mm=height)
        store.add_amendment(newest)
        chain.append(newest)
        assert store.piece(first.piece.serial) == newest.piece
    assert store.amendments(first.piece.serial) == chain
    assert store.certificate(first.piece.serial).certificate == first
    for wrong, code in (
        (amendment(first, height_mm=99), "amended-already"),
        (amendment(newest, height_mm=99), "too-many-amendments"),
    ):
        with pytest.raises(ConflictError) as caught:
            store.add_amendment(wrong)
        assert caught.value.code == code
    assert store.piece(first.piece.serial) == newest.piece


def test_what_is_not_on_the_ledger_can_be_forgotten(tmp_path: Path) -> None:
    store, first = Store(tmp_path / "workshop.db"), Scene().sign()
    serial = first.piece.serial
    store.add_pieces([Entry(first.piece)])
    store.add_certificates([first])
    assert store.discard_amendments(serial) == 0
    second = amendment(first, height_mm=1)
    third = amendment(second, height_mm=2)
    for item in (second, third):
        store.add_amendment(item)
    assert store.amending() == [serial]
    store.mark_amendments([(second.digest, "recorded", None), (third.digest, "refused", "why")])
    assert [(item.state, item.error) for item in store.amendments_kept(serial)] == [
        ("recorded", None),
        ("refused", "why"),
    ]
    assert store.discard_amendments(serial) == 1
    assert store.amendments(serial) == [second]
    assert store.piece(serial) == second.piece
    assert (store.amending(), store.amended()) == ([], {serial})
    other = amendment(first, height_mm=9)
    store.adopt_amendments(serial, [other])
    assert [(item.certificate, item.state) for item in store.amendments_kept(serial)] == [(other, "recorded")]
    assert store.piece(serial) == other.piece


def test_a_folder_of_before_has_its_amendments_still(tmp_path: Path) -> None:
    path, first = tmp_path / "workshop.db", Scene().sign()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "CREATE TABLE amendments (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, serial TEXT NOT NULL,"
            " data BLOB NOT NULL)"
        )
        row = first.digest.value, first.piece.serial.compact, first.data
        old.execute("INSERT INTO amendments (digest, serial, data) VALUES (?,?,?)", row)
    for _ in range(2):
        store = Store(path)
        assert [item.state for item in store.amendments_kept(first.piece.serial)] == ["signed"]
        store.close()


def test_a_photo_in_the_place_of_another_is_a_change_that_is_told() -> None:
    piece = replace(full_piece(), photos=(Photo(Digest.of(b"old")),))
    (change,) = changes(piece, replace(piece, photos=(Photo(Digest.of(b"new")),)))
    assert change == ("Photos", Digest.of(b"old").hex()[:8], Digest.of(b"new").hex()[:8])


def test_of_a_text_only_the_languages_that_change_are_shown() -> None:
    piece = Piece(Serial.random(), {"en": "Vase", "zh-Hans": "梅瓶"}, height_mm=312)
    assert [*changes(piece, replace(piece, title={"en": "Vase", "zh-Hans": "大梅瓶"}))] == [("Title", "梅瓶", "大梅瓶")]
    assert [*changes(piece, replace(piece, title={"en": "Jar", "zh-Hans": "罐"}, height_mm=None))] == [
        ("Title", "en: Vase zh-Hans: 梅瓶", "en: Jar zh-Hans: 罐"),
        ("Height", "312 mm", "-"),
    ]
    assert [*changes(piece, replace(piece, glaze={"zh-Hans": "影青"}))] == [("Glaze", "-", "影青")]


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def test_a_signed_piece_is_amended_and_what_was_signed_stays(shop: Shop) -> None:
    serial = shop.add("--title", "Cup", "--height", "52", "--glaze", "celadon")["serial"]
    code, _, talk = shop.run("piece", "amend", serial, "--height", "53")
    assert code == 3, talk
    assert "no certificate" in talk
    assert shop.run("sign")[0] == 0
    first = shop.store.certificate(Serial.parse(serial)).certificate
    code, data, talk = shop.run("piece", "amend", serial, "--height", "53", "--remove", "glaze", "--no-send")
    assert code == 0, talk
    assert "Height: 52 mm → 53 mm" in talk
    assert "Glaze: celadon → -" in talk
    (second,) = shop.store.amendments(first.piece.serial)
    second.check_signature()
    assert second.public_key == first.public_key
    assert (second.replaces, second.status_entry) == (first.digest, first.status_entry)
    assert second.piece == replace(first.piece, height_mm=53, glaze={})
    names = {"digest": str(second.digest), "replaces": str(first.digest)}
    assert data == {"serial": serial, "number": 1, **names, "state": "signed"}
    again = shop.run("piece", "amend", serial, "--height", "53", "--remove", "glaze", "--no-send")
    assert again[:2] == (0, data)
    assert shop.run("piece", "amend", serial, "--text-language", "zh-Hans", "--title", "杯", "--no-send")[0] == 0
    code, data, _ = shop.run("piece", "show", serial)
    assert data["title"] == {"en": "Cup", "zh-Hans": "杯"}
    assert len(data["amendments"]) == 2
    assert data["amendmentStates"] == ["signed"] * 2
    assert shop.store.amendments(first.piece.serial)[1].replaces == second.digest
    assert shop.store.certificate(first.piece.serial).certificate == first
    assert shop.store.next_index() == first.status_entry.index + 1


def test_an_amendment_changes_something_and_stays_well_formed(shop: Shop) -> None:
    serial = shop.add("--title", "Cup")["serial"]
    shop.run("sign")
    assert shop.run("piece", "amend", serial, "--title", "Cup")[0] == 2
    assert shop.run("piece", "amend", serial)[0] == 2
    assert shop.run("piece", "amend", serial, "--remove", "title")[0] == 4
    assert shop.run("piece", "amend", serial, "--height", "99999")[0] == 4
    assert shop.store.amendments(Serial.parse(serial)) == []


def test_a_visitors_cup_is_entered_by_options(shop: Shop) -> None:
    names = ("--visitor", "A Guest", "--master", "Sample", "--lineage", "third generation", "--studio", "Kiln")
    code, _, talk = shop.run("piece", "add", "--title", "Cup", *names)
    assert code == 5, "nobody can be asked for the day here"
    assert "agreed" in talk
    serial = shop.add("--title", "Cup", *names, "--consent", "2026-11-01")["serial"]
    assert shop.store.piece(Serial.parse(serial)).makers == (
        Maker({"en": "A Guest"}, "visitor", consent=Consent("2026-11-01")),
        Maker({"en": "Sample"}, "master", lineage={"en": "third generation"}),
    )


def test_lids_pairs_scans_and_digital_works_are_entered_by_options(shop: Shop) -> None:
    scan = shop.folder / "scan.glb"
    scan.write_bytes(b"glTF a scan")
    jar = Serial.parse(shop.add("--title", "Jar", "--parts", "lid; knob", "--scan", str(scan))["serial"])
    lid = Serial.parse(shop.add("--title", "Lid", "--form", "lid", "--part-of", str(jar))["serial"])
    work = Serial.parse(shop.add("--title", "Work", "--file", str(scan), "--edition", "AP 1/2")["serial"])
    assert shop.store.piece(jar).scans == (Scan(Digest.of(b"glTF a scan")),)
    assert shop.store.piece(lid).part_of == Whole(jar, {"en": "lid"})
    assert shop.store.piece(work).files == (WorkFile(Digest.of(b"glTF a scan"), "model/gltf-binary"),)
    assert shop.store.piece(work).edition == Edition(1, 2, artist_proof=True)
    assert shop.run("piece", "add", "--title", "Work", "--file", str(scan), "--height", "3")[0] == 4
    code, data, talk = shop.run("piece", "join", str(jar), str(work), "--pair", "--name", "Both")
    assert code == 0, talk
    pieces = [shop.store.piece(serial) for serial in (jar, work)]
    assert pieces[0].set == pieces[1].set
    assert data["set"] == {"kind": "pair", "size": 2, "pieces": [str(jar), str(work)], "name": {"en": "Both"}}
    assert shop.run("piece", "join", str(jar))[0] == 4
    shop.run("sign")
    assert shop.run("piece", "join", str(jar), str(lid))[0] != 0
    assert shop.store.piece(jar).set == pieces[0].set
    assert {certificate.certificate.piece.serial for certificate in shop.store.certificates()} == {jar, lid, work}
