"""The public list of studios, their pages, and the page that tells what a record means, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from provenance.catalogs import LANGUAGES
from provenance.ledger import AccreditCall, ReinstateCall, SuspendCall
from provenance_registry.http.page_texts import PAGE_TEXTS
from tests.support.registries import RunningRegistry, Studio

WORDS = {"en": "What “Genuine record” means", "zh-Hans": "“证书属实”指什么"}


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


def indexed(http: httpx.Client, studio: Studio, **wanted: object) -> None:
    """Wait until the registry's index says so of a studio: `accredit` waits for its key alone."""
    deadline = time.monotonic() + 60
    while True:
        said = http.get(f"/api/v1/studios/{studio.account.address}").json()
        if all(said.get(name) == value for name, value in wanted.items()):
            return
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def test_a_studio_is_listed_and_its_page_tells_what_the_ledger_says(
    registry: RunningRegistry, http: httpx.Client
) -> None:
    studio = Studio(registry, "gallery", "Gallery <b>Kiln</b>")
    studio.accredit()
    anchored, waiting = studio.sign("<script>alert(1)</script>"), Studio(registry, "gallery", "Other").sign("不可见")
    studio.submit(anchored)
    studio.submit(waiting)
    studio.wait_anchored(anchored)
    listed = http.get("/api/v1/studios")
    assert listed.headers["access-control-allow-origin"] == "*"
    assert isinstance(listed.json()["block"], int)
    (mine,) = [item for item in listed.json()["studios"] if item["did"] == studio.issuer.did]
    assert mine["name"] == "Gallery <b>Kiln</b>"
    assert mine["suspended"] is False
    page = http.get("/studios?lang=en").text
    assert '<a href="/studios/gallery?lang=en"><b>Gallery &lt;b&gt;Kiln&lt;/b&gt;</b></a>' in page
    shown = http.get("/studios/gallery?lang=en").text
    assert f'href="/P/{anchored.piece.serial.compact}?lang=en"' in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "不可见" not in shown
    assert "In good standing" in shown

    registry.steward_does(SuspendCall(studio.account.address))
    indexed(http, studio, suspended=True)
    assert "Suspended since" in http.get("/studios/gallery?lang=en").text
    assert "<h2>暂停中</h2>" in http.get("/studios?lang=zh").text
    registry.steward_does(ReinstateCall(studio.account.address))
    registry.steward_does(AccreditCall(studio.account.address, studio.issuer.did, "Renamed Kiln"))
    indexed(http, studio, suspended=False, name="Renamed Kiln")
    again = http.get("/studios/gallery?lang=en").text
    assert "<dt>Suspended before</dt>" in again
    assert "Renamed Kiln, since" in again
    assert "Gallery &lt;b&gt;Kiln&lt;/b&gt;, since" in again


def test_a_studio_that_is_not_there_and_a_page_of_nonsense(http: httpx.Client) -> None:
    unknown = http.get("/studios/nobody", headers={"accept-language": "zh"})
    assert unknown.status_code == 404
    assert "没有这家工作室" in unknown.text
    assert http.get("/studios/%3Cscript%3E?lang=en").status_code == 404


def test_a_gallery_goes_on_from_a_token_alone(registry: RunningRegistry, http: httpx.Client, studio: Studio) -> None:
    for wrong in ("-1", "1e3", "²", "9" * 21, "<"):
        assert http.get("/studios/lin", params={"before": wrong}).status_code == 422
    for right in ("0", "9" * 20, ""):
        assert http.get("/studios/lin", params={"before": right}).status_code == 200


def test_the_name_of_a_studio_and_the_place_in_its_gallery_are_kept_in_other_languages(
    http: httpx.Client, studio: Studio
) -> None:
    later = http.get("/studios/lin", params={"lang": "fr", "before": "9" * 18}).text
    assert '<h1 class="small"><span lang="zh" dir="auto">林家窑</span></h1>' in later
    assert f'<a href="/studios/lin?lang=ja&amp;before={"9" * 18}"' in later
    assert '<b><span lang="zh" dir="auto">林家窑</span></b>' in http.get("/studios?lang=en").text
    assert '<h1 class="small">林家窑</h1>' in http.get("/studios/lin?lang=zh-Hans").text
    mistyped = http.get("/look", params={"serial": "7K3M & more", "lang": "en"})
    assert '<a href="?lang=ja&amp;serial=7K3M%20%26%20more"' in mistyped.text


def test_who_asks_for_too_much_is_told_so_in_his_language(http: httpx.Client, studio: Studio) -> None:
    for language in LANGUAGES:
        crowd = {"x-forwarded-for": "203.0.113.91", "accept-language": language}
        while (told := http.get("/studios/lin", headers=crowd)).status_code == 200:
            pass  # There is room for one more after some seconds.
        assert (told.status_code, int(told.headers["retry-after"]) > 0) == (429, True)
        assert f'<html lang="{language}"' in told.text
        assert f'<h1 class="small">{PAGE_TEXTS[language]["busy"]}</h1>' in told.text


def test_a_list_is_for_search_engines_and_what_names_pieces_is_not(http: httpx.Client, studio: Studio) -> None:
    for path in ("/", "/studios", "/meaning"):
        assert "noindex" not in http.get(path).text
    serial = studio.sign().piece.serial.compact
    for path in ("/studios/lin", "/studios/nobody", f"/P/{serial}", "/look?serial=0", "/print"):
        assert '<meta name="robots" content="noindex">' in http.get(path, headers={"accept": "text/html"}).text


@pytest.mark.parametrize("language", WORDS)
def test_the_meaning_is_told_and_led_to(http: httpx.Client, studio: Studio, language: str) -> None:
    assert WORDS[language] in http.get("/meaning", params={"lang": language}).text
    serial = studio.sign().piece.serial
    assert f'href="/meaning?lang={language}"' in http.get(f"/P/{serial.compact}", params={"lang": language}).text
