"""The poster for a stall: what it names is the address, and its code is that address."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdfium2
import pytest

from provenance.catalogs import LANGUAGES
from provenance.printing.poster import Poster, print_poster
from provenance.printing.readback import read_sheet
from provenance.texts import poster_word

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LONGEST = "https://" + ".".join(["a" * 60] * 3) + ".org"


def words(pdf: bytes) -> tuple[int, str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        return len(document), page.get_textpage().get_text_bounded()
    finally:
        document.close()


@pytest.mark.parametrize("base_url", ["https://kiln.cn", "https://registry.kilnmark.org", LONGEST])
@pytest.mark.parametrize("studio", ["示例工作室 Sample Studio", "W" * 200, ""])
def test_one_page_names_the_address_and_its_code_holds_it(base_url: str, studio: str) -> None:
    out = io.BytesIO()
    assert print_poster(Poster(base_url, studio), out, created=NOW) == ()
    assert read_sheet(out.getvalue()) == [f"{base_url}/"]
    pages, said = words(out.getvalue())
    assert pages == 1
    assert base_url.removeprefix("https://") in "".join(said.split())
    assert "先扫码，再付款" in said
    assert "Scan before you pay" in said


@pytest.mark.parametrize(("language", "second"), [*zip(LANGUAGES, [*LANGUAGES][1:], strict=False), ("fr", "")])
def test_it_speaks_one_language_or_two_and_all_that_is_said_fits(language: str, second: str) -> None:
    out, spoken = io.BytesIO(), tuple(word for word in (language, second) if word)
    assert print_poster(Poster("https://kiln.cn", "林家窑", spoken), out, created=NOW) == ()
    assert read_sheet(out.getvalue()) == ["https://kiln.cn/"]
    pages, said = words(out.getvalue())
    assert pages == 1
    for name in ("head", "address", "scan", "hold", "compare"):
        for every in LANGUAGES:
            there = "".join(poster_word(name, every).split()) in "".join(said.split())
            assert there == (every in spoken), (name, every)


def test_characters_that_the_faces_lack_are_named() -> None:
    assert print_poster(Poster("https://kiln.cn", "가마 بيت"), io.BytesIO(), created=NOW) == (
        "U+0628 ARABIC LETTER BEH",
        "U+062A ARABIC LETTER TEH",
        "U+064A ARABIC LETTER YEH",
    )
