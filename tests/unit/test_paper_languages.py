"""A piece's words are set in the forms of the language that they are in, whoever reads the page."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pypdfium2
import pytest

from provenance.certificate import Certificate, StatusEntry
from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.issue import issue
from provenance.keys import P256Signer, Signer
from provenance.piece import Piece
from provenance.printing.authenticity import AuthenticityPage, print_authenticity
from provenance.printing.cards import print_cards
from provenance.printing.layouts import layout_named
from provenance.printing.share_card import ShareCard, draw_share_card
from provenance.printing.sheet import print_sheet
from provenance.serial import Serial
from provenance_cli.authenticity import authenticity_page
from provenance_cli.cards import card_of, label_of
from provenance_registry.http import print_view
from provenance_registry.http.papers import _page
from provenance_registry.records import PrintMark
from provenance_registry.service.print_links import LinkedTag
from tests.support.scene import ISSUER, LIST_ID, NOW, Scene

CREATED = datetime(2026, 11, 26, tzinfo=UTC)
TITLES = {
    "ja": ("備前直骨壺", "JP"),
    "ko": ("청자 直骨 매병", "KR"),
    "zh-Hant": ("鬥彩直骨盃", "TC"),
    "zh-Hans": ("斗彩直骨杯", "SC"),
}
"""Titles, and the region of a face that has all of each."""


def certificate_of(title: dict[str, str], signer: Signer | None = None) -> Certificate:
    piece, entry = Piece(Serial.random(), title), StatusEntry(LIST_ID, 1)
    return issue(piece, ISSUER, signer or P256Signer.generate(), status_entry=entry, now=NOW)


def faces_of(pdf: bytes) -> set[str]:
    """Return the faces that are embedded; fails where one is embedded twice, or as a whole."""
    names = [name.decode() for name in re.findall(rb"/BaseFont /(\S+)", pdf)]
    embedded = {name for name in names if re.fullmatch(r"[A-Z]{6}\+Noto\w+", name)}
    assert set(names) == embedded
    assert len(re.findall(rb"/FontFile3 ", pdf)) == len(embedded)
    return {name.partition("+")[2] for name in embedded}


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return str(document[0].get_textpage().get_text_range()).replace("\r\n", "\n")
    finally:
        document.close()


@pytest.mark.parametrize("language", TITLES)
def test_a_title_that_is_in_one_language_alone_keeps_its_forms_on_chinese_paper(language: str) -> None:
    title, region = TITLES[language]
    form = certificate_of({language: title})
    label = label_of(form, "zh-Hans")
    tag = LinkedTag(1, form.piece.serial, 1, form, None, PrintMark())
    assert label == print_view.label_of(tag, "zh-Hans", demo=False)
    card, out = card_of(form, "zh-Hans"), io.BytesIO()
    print_sheet([label], out, layout_named("L7160"), created=CREATED)
    assert {face for face in faces_of(out.getvalue()) if "Serif" in face} == {f"NotoSerif{region}"}
    assert title in text_of(out.getvalue())
    out = io.BytesIO()
    report = print_cards([card], out, size="A7", created=CREATED)
    assert report.missing == ()
    assert f"NotoSerif{region}" in faces_of(out.getvalue())
    assert title in text_of(out.getvalue())


def test_each_of_two_titles_keeps_its_forms() -> None:
    card = card_of(certificate_of({"ja": "備前直骨壺", "zh-Hans": "备前直骨壶"}), "zh-Hans")
    assert (card.title, card.piece_language) == ("备前直骨壶", "zh-Hans")
    card = card_of(certificate_of({"ja": "備前直骨壺", "en": "Bizen jar"}), "zh-Hans")
    assert (card.title, card.piece_language, card.subtitle) == ("Bizen jar", "en", "")
    card = card_of(certificate_of({"zh-Hant": "鬥彩盃", "en": "Doucai cup"}), "zh-Hans")
    assert (card.piece_language, card.subtitle, card.second_language) == ("zh-Hant", "Doucai cup", "en")


def test_certificates_of_studio_and_registry_tell_the_languages_of_a_piece() -> None:
    scene = Scene()
    form = certificate_of({"ja": "備前直骨壺"}, scene.signer)
    (bundle,) = scene.anchor(form)

    def no_photo(digest: Digest) -> bytes:
        raise FileNotFoundError(digest.hex())

    of_studio = authenticity_page(bundle, b"{}", scene.verify(bundle), "en", no_photo, Decoder())
    for page in (of_studio, _page(bundle, None, 1, "en", [])):
        assert (page.title, page.language, page.piece_language) == ("備前直骨壺", "en", "ja")


def page_of(title: str, language: str) -> AuthenticityPage:
    return AuthenticityPage(
        heading="Certificate of authenticity",
        title=title,
        subtitle="",
        byline="",
        facts=(("Glaze", title),),
        pictures=(),
        credit="",
        url="https://registry.kilnmark.org/P/7K3M9QX2VD5T6",
        serial="7K3M-9QX2-VD5T-6",
        record=("Recorded.",),
        signature="Signature",
        bundle=b"{}",
        bundle_name="bundle.json",
        language="en",
        piece_language=language,
    )


@pytest.mark.parametrize("language", ["zh-Hans", "ja", "ko", "en"])
def test_a_title_in_four_scripts_is_read_again_in_its_order(language: str) -> None:
    title, out = "青花 청자 備前焼の Vase’s 白瓷 鶯歌 甪", io.BytesIO()
    assert print_authenticity(page_of(title, language), out, created=CREATED) == ()
    pdf = out.getvalue()
    assert text_of(pdf).count(title) == 2
    first = {"zh-Hans": "SC", "ja": "JP", "ko": "TC", "en": "JP"}[language]
    assert {"NotoSerifKR", f"NotoSerif{first}", f"NotoSans{first}"} <= faces_of(pdf)
    assert b"<pdfaid:part>3</pdfaid:part>" in pdf


def test_link_previews_draw_each_language_in_its_forms() -> None:
    drawn = {tag: draw_share_card(ShareCard("", "直骨", (), "", language=tag)) for tag in TITLES}
    assert len(set(drawn.values())) > 2
    assert drawn["zh-Hans"] != drawn["ja"]
