"""What a link preview of a piece shows: a genuine record's words and photo, vouching for nothing, or what is wrong."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from provenance.certificate import Certificate
from provenance.handover import HolderAction
from provenance.media import prepare_photo
from provenance.piece import Photo
from provenance.serial import Serial
from provenance.status import Status
from provenance_cli.commands.revoke import order_status
from tests.support.hand_overs import Counter
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio

TITLE = '"><script>alert(1)</script>青花'
LEFT = 0, 0, 600, 630
"""Where a photo or a seal is."""


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def piece(registry: RunningRegistry, studio: Studio, http: httpx.Client) -> Certificate:
    """A genuine record whose photo is drawn."""
    photo = prepare_photo(photo_bytes(seed=733))
    certificate = studio.sign(TITLE, photos=(Photo(photo.digest),))
    studio.submit(certificate)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(certificate)
    deadline = time.monotonic() + 60
    while http.get(f"/media/{photo.digest.hex()}/480.jpg").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return certificate


def preview(http: httpx.Client, serial: Serial, language: str = "en") -> dict[str, str]:
    page = http.get(f"/P/{serial.compact}", headers={"accept": "text/html"}, params={"lang": language}).text
    return dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):[^"]*)" content="([^"]*)">', page))


def picture(http: httpx.Client, serial: object, language: str = "en") -> tuple[int, bytes]:
    answer = http.get(f"/api/v1/pieces/{serial}/card.png", params={"lang": language})
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (1200, 630)
        return answer.status_code, image.convert("RGB").crop(LEFT).tobytes()


def test_a_genuine_piece_is_shown_and_not_vouched_for(
    registry: RunningRegistry, http: httpx.Client, piece: Certificate
) -> None:
    serial = piece.piece.serial
    said = preview(http, serial)
    assert said["og:title"] == "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;青花"
    assert "enuine" not in "".join(said.values())
    assert said["og:url"] == f"{registry.base_url}/P/{serial.compact}"
    assert said["og:image"].startswith(f"{registry.base_url}/api/v1/pieces/{serial.compact}/card.png?lang=en")
    status, shown = picture(http, serial.compact)
    assert status == 200
    assert shown != picture(http, Serial.random())[1]
    assert http.get(said["og:image"]).content == http.get(said["og:image"]).content


def test_a_revoked_piece_shows_neither_photo_nor_title(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    photo = prepare_photo(photo_bytes(seed=733))
    one, other = (studio.sign(TITLE, photos=photos) for photos in ((Photo(photo.digest),), ()))
    studio.submit(one, other)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(one, other)
    ledger = registry.ledger()
    for certificate in (one, other):
        token = int(str(registry.client.verdict(certificate.piece.serial)["tokenId"]))
        order_status(registry.client, ledger, studio.account, token, Status.REVOKED)
        deadline = time.monotonic() + 60  # The ledger has it; the registry's index has it a moment later.
        while registry.client.verdict(certificate.piece.serial)["reason"] != "revoked":
            assert time.monotonic() < deadline
            time.sleep(0.05)
    said = preview(http, one.piece.serial)
    assert said["og:title"] == "Revoked"
    assert "青花" not in "".join(said.values())
    assert picture(http, one.piece.serial.compact) == picture(http, other.piece.serial.compact)


def test_a_lost_piece_shows_neither_photo_nor_title(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    photo = prepare_photo(photo_bytes(seed=733))
    one, other = (studio.sign(TITLE, photos=photos) for photos in ((Photo(photo.digest),), ()))
    studio.submit(one, other)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(one, other)
    counter = Counter(registry)
    for certificate in (one, other):
        token = int(str(registry.client.verdict(certificate.piece.serial)["tokenId"]))
        counter.done("holder-orders", counter.order(studio.account, HolderAction.REPORT_LOST, token))
    counter.http.close()
    deadline = time.monotonic() + 60
    while preview(http, one.piece.serial)["og:title"] != "Reported lost":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "青花" not in "".join(preview(http, one.piece.serial).values())
    shown = picture(http, one.piece.serial.compact)
    assert shown == picture(http, other.piece.serial.compact)
    assert shown != picture(http, Serial.random().compact)


def test_numbers_that_were_never_given_all_look_alike(http: httpx.Client) -> None:
    answers = [
        http.get(f"/api/v1/pieces/{serial}/card.png") for serial in (Serial.random(), "7K3M", "%3Cb%3E", "x" * 99)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    headers = [{name: value for name, value in answer.headers.items() if name != "date"} for answer in answers]
    assert all(header == headers[0] for header in headers)
    one, other = Serial.random(), Serial.random()
    pages = [
        http.get(f"/P/{serial.compact}", headers={"accept": "text/html"})
        .text.replace(str(serial), "")
        .replace(serial.compact, "")
        for serial in (one, other)
    ]
    assert pages[0] == pages[1]
    assert preview(http, one)["og:title"] == "Not found"


def test_a_shared_cache_tells_languages_apart(http: httpx.Client) -> None:
    answer = http.get(f"/api/v1/pieces/{Serial.random().compact}/card.png", headers={"accept-language": "fr"})
    assert (answer.headers["content-language"], answer.headers["vary"]) == ("fr", "accept-language")


def test_pictures_are_limited_for_each_client(http: httpx.Client) -> None:
    forwarded = {"x-forwarded-for": "203.0.113.93"}  # No other test's.
    at = f"/api/v1/pieces/{Serial.random()}/card.png"
    assert http.get(at, headers=forwarded).status_code == 404
    while (refused := http.get(at, headers=forwarded)).status_code == 404:
        pass  # There is room for one more after a second.
    assert (refused.status_code, refused.content) == (429, b"")
    assert refused.headers["content-type"].startswith("text/plain")
    assert (refused.headers["cache-control"], int(refused.headers["retry-after"]) > 0) == ("no-store", True)
    assert http.get(at).status_code == 404
