"""What the buyer's page tells of a piece: all that was signed, in each of its languages, and nobody's by mistake."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provenance.certificate import Issuer, StatusEntry
from provenance.credit import ROLE_WORDS, credited
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.makers import ROLES, Consent, Maker
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli import i18n
from provenance_cli.telling import line_of
from provenance_registry.http.page_facts import facts_of
from provenance_registry.http.page_history import changed
from provenance_registry.http.page_texts import LANGUAGES, PAGE_TEXTS
from tests.support.pieces import digital_piece, full_piece

MASTER = Maker({"zh-Hans": "林师傅"}, "master")
ANNA = Maker({"en": "Anna Müller"}, "visitor", consent=Consent("2026-11-01"))


def told(piece: Piece, language: str = "en", *held: Digest) -> dict[str, list[str]]:
    """Return the page's facts; a line that leads somewhere is followed by its address."""
    issuer = Issuer("https://registry.example", "lin", "林家窑")
    entry = StatusEntry("0" * 12, 1)
    certificate = issue(
        piece, issuer, P256Signer.generate(), status_entry=entry, now=datetime(2026, 11, 25, tzinfo=UTC)
    )
    facts = facts_of(certificate, language, held.__contains__)
    return {fact.name: [line.text + (f" → {line.url}" if line.url else "") for line in fact.lines] for fact in facts}


@pytest.mark.parametrize(
    ("makers", "english", "chinese"),
    [
        ((Maker(role="visitor"), MASTER), "Visitor (not named), 林师傅 (master)", "体验者（未具名）、林师傅（师傅）"),
        ((ANNA, MASTER), "Anna Müller (visitor), 林师傅 (master)", "Anna Müller（体验者）、林师傅（师傅）"),
        ((Maker({"en": "Lin"}), Maker({"en": "Chen"})), "Lin, Chen", "Lin、Chen"),
        ((Maker(role="visitor"),), "Visitor (not named)", "体验者（未具名）"),
    ],
)
def test_every_maker_is_told_with_the_role(makers: tuple[Maker, ...], english: str, chinese: str) -> None:
    piece = Piece(Serial.random(), {"en": "Cup"}, makers=makers)
    assert told(piece)["Maker"] == [english]
    assert told(piece, "zh-Hans")["作者"] == [chinese]
    assert line_of(piece) == f"Cup · {english}"
    i18n.use("zh-Hans")
    try:
        assert line_of(piece) == f"Cup · {chinese}"
    finally:
        i18n.use("en")
    assert credited((), "en") == ""


def test_every_role_has_its_word() -> None:
    assert all(words.keys() == {*ROLES} for words in ROLE_WORDS.values())


def test_all_that_was_signed_is_told() -> None:
    piece = full_piece()
    assert piece.set is not None
    assert piece.part_of is not None
    other, whole, liner = piece.set.pieces[1], piece.part_of.serial, piece.parts[1].serial
    facts = told(piece, "en", piece.scans[0].digest)
    assert facts["Maker"] == ["Sample (master), A Guest (visitor), Visitor (not named)"]
    assert facts["Teacher, as the studio claims"] == ["Sample · 示例之师"]
    assert facts["Lineage, as the studio claims"] == ["Sample · Third generation of the Sample kiln"]
    assert facts["Workshop"] == ["Sample Studio"]
    assert facts["Country"] == ["China"]
    assert (facts["Fuel"], facts["Atmosphere"], facts["Peak temperature"]) == (["松柴"], ["reduction"], ["1,320 °C"])
    assert facts["Edition"] == ["Lotus", "Artist’s proof 1 / 10"]
    assert facts["Pair"] == ["对罐", "Together with:", f"{other} → /P/{other.compact}?lang=en"]
    assert facts["Part of"] == [f"{whole} → /P/{whole.compact}?lang=en", "as its lid"]
    assert liner is not None
    assert facts["Parts"] == ["knob", f"liner · {liner} → /P/{liner.compact}?lang=en"]
    assert facts["3D scan"] == [
        f"Scan 1 (model/gltf-binary) → /media/{piece.scans[0].digest.hex()}",
        "Scan 2 (model/stl): not at this registry",
    ]
    assert told(piece, "zh-Hans")["国家"] == ["中国"]


def test_a_digital_work_is_told_to_be_one() -> None:
    piece = digital_piece()
    facts = told(piece, "en", piece.files[1].digest)
    assert facts["Kind"] == ["A digital work: files, and no object"]
    assert facts["Edition"] == ["2 / 5"]
    assert facts["Files of the work"] == [
        "File 1 (model/gltf-binary): not at this registry",
        f"File 2 (video/mp4) → /media/{piece.files[1].digest.hex()}",
    ]
    assert "Kind" not in told(full_piece())


def test_the_languages_have_the_same_words() -> None:
    assert {*PAGE_TEXTS} == {*LANGUAGES}
    assert PAGE_TEXTS["en"].keys() == PAGE_TEXTS["zh-Hans"].keys()


def test_a_correction_names_what_it_changed() -> None:
    piece = full_piece()
    after = replace(piece, height_mm=313, width_mm=201, makers=(), studio={}, photos=())
    assert changed(piece, after, PAGE_TEXTS["en"]) == ["Maker", "Workshop", "Size", "Photos"]
    bare = Piece(piece.serial, {"en": "Another"})
    for text in PAGE_TEXTS.values():
        assert len(changed(piece, bare, text)) == 23
