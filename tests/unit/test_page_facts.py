"""What the buyer's page tells of a piece: all that was signed, in each of its languages, and nobody's by mistake."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.credit import CREDIT_WORDS, credited
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.keys import P256Signer
from provenance.makers import ROLES, Consent, Maker
from provenance.piece import Piece
from provenance.serial import Serial
from provenance_cli import i18n
from provenance_cli.telling import line_of
from provenance_registry.http.page_facts import Fact, Said, facts_of
from provenance_registry.http.page_history import Change, changed, changes_of
from provenance_registry.http.page_texts import PAGE_TEXTS
from tests.support.pieces import digital_piece, full_piece

MASTER = Maker({"zh-Hans": "林师傅"}, "master")
ANNA = Maker({"en": "Anna Müller"}, "visitor", consent=Consent("2026-11-01"))


def certified(piece: Piece) -> Certificate:
    issuer = Issuer("https://registry.example", "lin", "林家窑")
    entry = StatusEntry("0" * 12, 1)
    return issue(piece, issuer, P256Signer.generate(), status_entry=entry, now=datetime(2026, 11, 25, tzinfo=UTC))


def told(piece: Piece, language: str = "en", *held: Digest) -> dict[str, list[str]]:
    """Return the page's facts; a line that leads somewhere is followed by its address."""
    facts = facts_of(certified(piece), language, held.__contains__)
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
    assert {key for key in CREDIT_WORDS if key.startswith("role.")} == {f"role.{role}" for role in ROLES}


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
    assert (facts["Fuel"], facts["Atmosphere"], facts["Peak temperature"]) == (
        ["松柴"],
        ["reduction"],
        ["1,320\u00a0°C"],
    )
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


def test_words_in_another_language_are_told_from_the_page_s() -> None:
    facts = {fact.name: fact.lines for fact in facts_of(certified(full_piece()), "en", lambda digest: False)}
    assert [[(part.text, part.lang) for part in line.parts] for line in facts["Fuel"]] == [[("松柴", "zh-Hans")]]
    assert [part.lang for line in facts["Atmosphere"] for part in line.parts] == [""]
    assert ("示例之师", "zh-Hans") in [
        (part.text, part.lang) for part in facts["Teacher, as the studio claims"][0].parts
    ]
    makers = facts_of(
        certified(Piece(Serial.random(), {"en": "Cup"}, makers=(ANNA, MASTER))), "en", lambda digest: False
    )
    assert [(part.text, part.lang) for part in makers[0].lines[0].parts] == [
        ("Anna Müller", ""), (" (visitor)", ""), (", ", ""), ("林师傅", "zh-Hans"), (" (master)", ""),
    ]  # fmt: skip


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


def test_a_correction_names_what_it_changed() -> None:
    piece = full_piece()
    after = replace(piece, height_mm=313, width_mm=201, makers=(), studio={}, photos=())
    assert changed(piece, after, PAGE_TEXTS["en"]) == ["Maker", "Workshop", "Size", "Photos"]
    bare = Piece(piece.serial, {"en": "Another"})
    for text in PAGE_TEXTS.values():
        assert len(changed(piece, bare, text)) == 23


def test_what_a_correction_changed_is_told_in_words_where_they_fit() -> None:
    piece = full_piece()
    assert piece.firing is not None
    after = replace(
        piece,
        height_mm=321,
        title={**piece.title, "en": "Platter"},
        glaze={},
        description={"en": "x" * 201},
        photos=(),
        firing=replace(piece.firing, peak_celsius=1_300),
    )

    def facts(form: Certificate) -> list[Fact]:
        return facts_of(form, "en", lambda digest: False)

    def plain(parts: tuple[Said, ...]) -> str:
        return "".join(part.text for part in parts).replace("\N{NO-BREAK SPACE}", " ")

    changes = changes_of(certified(piece), certified(after), "en", facts)
    shown = {change.name: (plain(change.before), plain(change.after)) for change in changes}
    assert shown == {
        "Title": (piece.title["en"], "Platter"),
        "Glaze": (piece.glaze["en"], ""),
        "Description": ("", ""),
        "Size": ("height 31.2 cm, width 20 cm, depth 19 cm, diameter 18 cm",
                 "height 32.1 cm, width 20 cm, depth 19 cm, diameter 18 cm"),
        "Photos": ("", ""),
        "Peak temperature": ("1,320 °C", "1,300 °C"),
    }  # fmt: skip
    other = replace(piece, title={**piece.title, "zh-Hans": "盘"})
    assert changes_of(certified(piece), certified(other), "en", facts) == [Change("Title")]
    alone = replace(piece, title={"zh-Hans": "盘"})
    assert changes_of(certified(piece), certified(alone), "en", facts)[0].after == (Said("盘", "zh-Hans"),)
