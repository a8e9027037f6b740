"""Smaller pictures of photos, drawn by the registry, as browsers ask for them."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from provenance.encoding import Digest
from provenance.media import RENDITION_TYPES, prepare_photo
from provenance.piece import Photo
from provenance.serial import Serial
from provenance.tag import tag_url
from tests.support.photos import photo_bytes
from tests.support.registries import RunningRegistry, Studio


@pytest.fixture(scope="module")
def http(registry: RunningRegistry) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=registry.base_url, timeout=60, trust_env=False) as client:
        yield client


def with_photos(registry: RunningRegistry, studio: Studio, *photos: bytes) -> Serial:
    certificate = studio.sign(photos=tuple(Photo(Digest.of(photo)) for photo in photos))
    studio.submit(certificate)
    for photo in photos:
        registry.client.upload(Digest.of(photo), photo)
    studio.wait_anchored(certificate)
    return certificate.piece.serial


def sources(http: httpx.Client, serial: Serial) -> list[str]:
    page = http.get(tag_url("", serial), headers={"accept": "text/html"}).text
    return [part.split()[0] for found in re.findall(r'srcset="([^"]*)"', page) for part in found.split(",")]


def drawn(http: httpx.Client, serial: Serial) -> list[str]:
    deadline = time.monotonic() + 60
    while not (found := sources(http, serial)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_a_page_offers_renditions_of_the_photo(registry: RunningRegistry, studio: Studio, http: httpx.Client) -> None:
    photo = prepare_photo(photo_bytes((1_000, 1_250), seed=141)).data
    found = drawn(http, with_photos(registry, studio, photo))
    at = f"/media/{Digest.of(photo).hex()}"
    assert found == [f"{at}/{width}.{ending}" for ending in RENDITION_TYPES for width in (480, 640, 960)]
    for address in found:
        answer = http.get(address)
        assert answer.headers["content-type"] == RENDITION_TYPES[address.rpartition(".")[2]]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert f"{Image.open(io.BytesIO(answer.content)).width}." in address
        assert len(answer.content) < len(photo)
    for name in ("481.avif", "480.png", "none", "..%2f..%2fregistry.db", "480.avif%00", "1600.avif"):
        assert http.get(f"{at}/{name}").status_code == 404, name
    assert http.get(f"/media/{Digest.of(b'another').hex()}/480.avif").status_code == 404


def test_what_cannot_be_drawn_is_shown_as_it_is_and_keeps_nothing_from_others(
    registry: RunningRegistry, studio: Studio, http: httpx.Client
) -> None:
    broken, whole = b"\xff\xd8\xff no photo at all", prepare_photo(photo_bytes(seed=142)).data
    serial = with_photos(registry, studio, broken, whole)
    found = drawn(http, serial)
    assert {address.split("/")[2] for address in found} == {Digest.of(whole).hex()}
    folder = registry.folder / "renditions" / Digest.of(broken).hex()[:2] / Digest.of(broken).hex()
    assert [path.name for path in folder.iterdir()] == ["none"]
    assert http.get(f"/media/{Digest.of(broken).hex()}").content == broken
