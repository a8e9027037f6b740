"""Whatever words certificates hold, a parser finds them on the page as words: no element, handler or address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provenance.certificate import StatusEntry
from provenance.issue import issue
from provenance.piece import Edition, Firing, Maker, Part, Piece, Whole
from provenance.serial import Serial
from tests.support.pieces import full_piece
from tests.support.registries import RunningRegistry, Studio

ATTACKS = (
    "<script>alert(1)</script>",
    "</script>",
    "</title>",
    "</dd>",
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='x",
    "{{7*7}}",
    "{% raw %}",
    "${7*7}",
    "<!--",
    "-->",
    "]]>",
    "&lt;b&gt;",
    "&#60;script&#62;",
    "&amp;amp;",
    "<base href=//x>",
    "<meta http-equiv=refresh content=0>",
    "\\u003cscript",
    "%3Cscript%3E",
    "{studio}",
    "{0}",
    "<a href='data:text/html,x'>",
    "<style>*{display:none}</style>",
)
WORDS = st.lists(
    st.sampled_from(ATTACKS) | st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=8),
    min_size=1,
    max_size=4,
).map(lambda parts: " ".join(" ".join(parts).split())[:60].strip() or "x")
PLACES = 22
KNOWN = {
    "html",
    "head",
    "meta",
    "title",
    "link",
    "script",
    "body",
    "header",
    "div",
    "a",
    "svg",
    "circle",
    "path",
    "nav",
    "h1",
    "p",
    "code",
    "main",
    "template",
    "g",
    "h2",
    "ul",
    "li",
    "picture",
    "source",
    "img",
    "dl",
    "dt",
    "dd",
    "br",
    "ol",
    "time",
    "details",
    "summary",
    "b",
    "span",
    "small",
    "footer",
    "strong",
    "form",
    "fieldset",
    "legend",
    "label",
    "input",
    "textarea",
    "button",
}


class Read(HTMLParser):
    """What a parser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes, self.words = list[str](), list[tuple[str, str, str]](), list[str]()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    @property
    def text(self) -> str:
        return "\n".join(self.words)

    def values(self, *names: str) -> set[str]:
        return {value for _, name, value in self.attributes if name in names}


def hostile(words: Iterator[str]) -> Piece:
    """Return a piece in which every text is one of `words`."""

    def text() -> dict[str, str]:
        return {"en": next(words)}

    piece = full_piece()
    assert piece.set is not None
    return replace(
        piece,
        title=text(), description=text(), studio=text(), form=text(), technique=text(), clay_body=text(), glaze=text(),
        decoration=text(), base_mark=text(), credit_line=text(), made=next(words), accession_number=next(words),
        makers=(Maker(text(), "master", text(), text()),),
        firing=Firing(text(), text(), text()),
        edition=Edition(1, 2, text()),
        set=replace(piece.set, name=text()),
        part_of=Whole(Serial.random(), text()),
        parts=(Part(text()),),
        photos=(), scans=(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


def check(page: str) -> Read:
    read = Read(page)
    assert set(read.elements) <= KNOWN
    assert not [name for _, name, _ in read.attributes if name.startswith("on") or name in ("style", "srcdoc")]
    scripts = [value for tag, name, value in read.attributes if (tag, name) == ("script", "src")]
    assert len(scripts) == read.elements.count("script") <= 1
    assert all(value.startswith("/static/") for value in scripts)
    assert read.elements.count("meta") == page.count("<meta ")
    assert not [
        value for value in read.values("href", "src", "action") if not value.startswith(("/", "?lang=", "data:,"))
    ]
    return read


@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # Shrinking would ask the registry for minutes.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.lists(WORDS, min_size=PLACES, max_size=PLACES), name=WORDS, language=st.sampled_from(["en", "zh-Hans"]))
def test_every_text_of_a_piece_is_read_back_as_it_is(
    registry: RunningRegistry, studio: Studio, http: httpx.Client, words: list[str], name: str, language: str
) -> None:
    left = iter(words)
    piece = hostile(left)
    assert next(left, None) is None, "every place is used"
    studio.index += 1
    entry = StatusEntry(studio.list_id, studio.index)
    certificate = issue(piece, studio.issuer, studio.signer, status_entry=entry, now=datetime.now(UTC))
    studio.submit(certificate)
    answer = http.get(f"/P/{piece.serial.compact}", params={"lang": language}, headers={"accept": "text/html"})
    assert answer.status_code == 200
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    read = check(answer.text)
    form = certificate.piece
    told = [
        *form.title.values(),
        *form.description.values(),
        *form.glaze.values(),
        form.made or "",
        form.accession_number or "",
    ]
    told += [form.firing.kiln["en"], form.edition.name["en"], form.parts[0].name["en"]]  # type: ignore[union-attr]
    for text in told:
        assert text in read.text
    typed = http.get("/look", params={"serial": name, "lang": language}).text
    assert name in check_form(typed).values("value")


def check_form(page: str) -> Read:
    read = Read(page)
    assert set(read.elements) <= KNOWN | {"rect", "text"}
    assert not [name for _, name, _ in read.attributes if name.startswith("on")]
    assert "script" not in read.elements
    return read
