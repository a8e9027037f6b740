"""The page that buyers save: drawn by the registry for genuine records alone."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pypdfium2
import pytest

from provenance.bundle import Bundle
from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.printing.readback import read_sheet
from provenance.tag import tag_url
from provenance.verdict import Outcome
from provenance.verify import Verifier
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


PICTURE = 3
"""FPDF_PAGEOBJ_IMAGE."""


def opened(pdf: bytes) -> tuple[str, bytes, int]:
    """Return text, attachment and number of pictures of a page."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    try:
        (page,) = document
        pictures = sum(item.type == PICTURE for item in page.get_objects())
        return page.get_textpage().get_text_range(), bytes(document.get_attachment(0).get_data()), pictures
    finally:
        document.close()


def test_a_genuine_record_is_saved_as_a_page_with_its_evidence(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    photo = prepare_photo(photo_bytes(seed=151))
    certificate = studio.sign("青花梅瓶", photos=(Photo(photo.digest),))
    held = Studio(registry, "newcomer", "新窑").sign()
    studio.submit(certificate, held)
    serial = certificate.piece.serial
    at = "/api/v1/pieces/{}/certificate.pdf"
    assert http.get(at.format(held.piece.serial.compact)).json()["code"] == "not-authentic"
    at = at.format(serial.compact)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(certificate)
    deadline = time.monotonic() + 60
    while http.get(f"/media/{photo.digest.hex()}/480.jpg").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    page = http.get(tag_url("", serial), headers={"accept": "text/html"}, params={"lang": "en"}).text
    assert f'href="{at}?lang=en"' in page
    for language, heading in (("en", "Certificate of authenticity"), ("zh-Hans", "作品证书")):
        answer = http.get(at, params={"lang": language})
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["content-disposition"] == f'attachment; filename="{serial}.pdf"'
        text, attached, pictures = opened(answer.content)
        assert heading in text
        assert "青花梅瓶" in text
        assert pictures == 1
        assert read_sheet(answer.content) == [tag_url(registry.base_url, serial)]
        verdict = Verifier(registry.policy, registry.ledger()).verify(Bundle.from_bytes(attached), serial=serial)
        assert verdict.outcome is Outcome.AUTHENTIC
        assert http.get(at, params={"lang": language}).content == answer.content, "it is kept"


def test_many_who_save_wait_for_each_other_or_are_told_to_come_again(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    pieces = [studio.sign(f"杯 {number}") for number in range(14)]
    for piece in pieces:
        studio.submit(piece)
    for piece in pieces:
        studio.wait_anchored(piece)
    with ThreadPoolExecutor(14) as threads:
        addresses = [f"/api/v1/pieces/{piece.piece.serial.compact}/certificate.pdf?lang=zh" for piece in pieces]
        kinds = ["text/html", "application/pdf"] * 7
        answers = list(threads.map(lambda at, kind: http.get(at, headers={"accept": kind}), addresses, kinds))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refused} <= {429}
    for answer in refused:
        assert int(answer.headers["retry-after"]) > 0
        if answer.request.headers["accept"] == "text/html":
            assert '<h1 class="small">请稍候</h1>' in answer.text
        else:
            assert answer.json()["code"] == "too-many-papers"
    assert len(answers) - len(refused) >= 8
    assert http.get(addresses[0]).status_code == 200


def test_there_is_no_page_of_what_is_unknown(http: httpx.Client) -> None:
    assert http.get("/api/v1/pieces/0000000000000/certificate.pdf").status_code == 409
    assert http.get("/api/v1/pieces/nonsense/certificate.pdf").status_code == 422
