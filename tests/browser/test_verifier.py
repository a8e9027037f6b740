"""The browser's verifier against a running registry: its modules, its bundle, its chain, in a real browser."""

from __future__ import annotations

import gzip
import json
from typing import Any

import brotli
import httpx
import pytest
from playwright.sync_api import Page, Route

from provenance.certificate import Certificate
from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.serial import Serial
from provenance_registry.http.static_files import EDITION, FILES, MEDIA_TYPES, address
from tests.browser.conftest import Open
from tests.browser.test_page import revoke
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio

CONTENT_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:"
PAGE = "<!doctype html><html lang=en><link rel=icon href=data:,><title>Verify</title></html>"
VERIFY = """async ({modules, serial, changed, baseUrl, photo}) => {
  const {verify} = await import(modules);
  const text = async path => (await fetch(path)).text();
  const policy = JSON.parse(await text('/api/v1/policy'));
  const bundleText = (await text(`/api/v1/pieces/${serial}/bundle`)).replace(...(changed || ['', '']));
  const photos = photo && {[`0x${photo}`]: new Uint8Array(await (await fetch(`/media/${photo}`)).arrayBuffer())};
  return verify({policy, bundleText, serial, baseUrl, photos});
}"""
AT_ONCE = 8


@pytest.fixture
def page(registry: RunningRegistry, open_page: Open) -> Page:
    """A page of the registry's own address that may run its modules and ask it, and no more."""
    made = open_page("about:blank")

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", headers={"content-security-policy": CONTENT_POLICY}, body=PAGE)

    made.route(f"{registry.base_url}/", answer)
    made.goto(registry.base_url)
    return made


def verdict(page: Page, serial: Serial, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        VERIFY, {"modules": address("verify/verify.js"), "serial": str(serial), **asked}
    )
    return found


def anchored(studio: Studio, **facts: Any) -> Certificate:
    certificate = studio.sign(**facts)
    studio.submit(certificate)
    studio.wait_anchored(certificate)
    return certificate


def test_an_anchored_piece_is_verified_over_the_registrys_node(
    registry: RunningRegistry, studio: Studio, page: Page
) -> None:
    certificate = anchored(studio)
    found = verdict(page, certificate.piece.serial, baseUrl=registry.base_url)
    assert (found["outcome"], found["reason"], found["advisories"]) == ("AUTHENTIC", "authentic", [])
    assert [finding["code"] for finding in found["findings"]] == [
        "well-formed", "signed", "included", "anchored", "accredited", "token-agrees", "active", "no-photos",
        "tag-unproven",
    ]  # fmt: skip
    told = registry.client.verdict(certificate.piece.serial)
    assert {name: found[name] for name in ("digest", "tokenId", "studio", "holder", "serial")} == {
        name: told[name] for name in ("digest", "tokenId", "studio", "holder", "serial")
    }


def test_a_photo_is_checked_where_it_is_at_hand(registry: RunningRegistry, studio: Studio, page: Page) -> None:
    prepared = prepare_photo(photo_bytes(seed=91))
    certificate = studio.sign("有照片的瓶", photos=(Photo(prepared.digest),))
    studio.submit(certificate)
    registry.client.upload(prepared.digest, prepared.data)
    studio.wait_anchored(certificate)
    found = verdict(page, certificate.piece.serial, photo=prepared.digest.hex())
    assert found["findings"][7] == {"check": 7, "code": "photos-agree"}
    assert verdict(page, certificate.piece.serial)["findings"][7] == {"check": 7, "code": "photos-not-checked"}


def test_a_changed_word_and_a_changed_size(studio: Studio, page: Page) -> None:
    serial = anchored(studio).piece.serial
    assert verdict(page, serial, changed=["青花", "釉里"])["reason"] == "altered"
    assert verdict(page, serial, changed=['"size":1', '"size":2'])["reason"] == "not-included"


def test_a_revoked_piece(registry: RunningRegistry, studio: Studio, page: Page) -> None:
    serial = anchored(studio).piece.serial
    revoke(registry, studio, serial)
    found = verdict(page, serial)
    assert (found["outcome"], found["reason"]) == ("NOT_AUTHENTIC", "revoked")


def test_many_at_once_are_all_answered(studio: Studio, page: Page) -> None:
    serial = anchored(studio).piece.serial
    asked = {"modules": address("verify/verify.js"), "serial": str(serial)}
    found = page.evaluate(f"async asked => Promise.all(new Array({AT_ONCE}).fill(asked).map({VERIFY}))", asked)
    assert {one["outcome"] for one in found} == {"AUTHENTIC"}


def test_files_and_pages_are_packed_for_whoever_can_unpack_them(registry: RunningRegistry) -> None:
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress}
    with httpx.Client(base_url=registry.base_url, timeout=60) as http:
        for asked, coding in (("gzip, br", "br"), ("gzip, br;q=0", "gzip"), ("identity", None), ("", None)):
            for path in (f"/static/{EDITION}/check.js", "/"):
                with http.stream("GET", path, headers={"accept-encoding": asked, "accept": "text/html"}) as answer:
                    raw = b"".join(answer.iter_raw())
                    assert answer.headers.get("content-encoding") == coding
                    assert "accept-encoding" in answer.headers["vary"]
                    assert len(raw) == int(answer.headers["content-length"])
                body = raw if coding is None else unpack[coding](raw)
                assert body == FILES["check.js"] if path != "/" else body.startswith(b"<!doctype html>")


def test_the_modules_are_served_with_type_policy_and_edition(registry: RunningRegistry) -> None:
    with httpx.Client(base_url=registry.base_url, timeout=60) as http:
        for name, data in FILES.items():
            fixed, newest = http.get(f"/static/{EDITION}/{name}"), http.get(f"/static/{name}")
            kind = MEDIA_TYPES[name.rpartition(".")[2]]
            for answer in (fixed, newest):
                assert answer.status_code == 200
                assert answer.content == data
                assert answer.headers["content-type"].partition(";")[0] == kind
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert fixed.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert newest.headers["cache-control"] == "no-cache"
            again = http.get(f"/static/{name}", headers={"if-none-match": newest.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert {"kilnmark.css", "typed_data.js", "verify/verify.js", "page.js", "check.js"} <= FILES.keys()
        for name in ("verify/", "verify", "verify/no.js", "../app.py", f"{'0' * 16}/kilnmark.css", ""):
            assert http.get(f"/static/{name}").status_code == 404, name
        assert json.loads(http.get("/static/no.css").content)["code"] == "unknown-file"
