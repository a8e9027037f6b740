"""The process that decodes photos: what it knows, what it may do, and whom it can keep waiting."""

from __future__ import annotations

import io
import os
import signal
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from provenance.decoding import Decoder
from provenance.errors import MalformedError
from tests.support.photos import photo_bytes

QUESTIONS = ("prepare", "render", "read_codes", "find_codes", "look")
PASSWORD = "postgresql://registry:not-for-photos@database/registry"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with pytest.MonkeyPatch.context() as patch, Decoder() as started:
        patch.setenv("KILNMARK_DATABASE", PASSWORD)
        started.prepare(photo_bytes((30, 30)))
        yield started


def pid_of(decoder: Decoder) -> int:
    assert decoder._process is not None
    return decoder._process.pid


def of_kind(kind: str) -> bytes:
    picture, out = Image.open(io.BytesIO(photo_bytes((300, 200)))), io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(picture).save(out, format="HEIF")
    elif kind == "I;16":
        Image.new("I;16", (40, 30), 777).save(out, "PNG")
    elif kind == "MPO":
        picture.save(out, "MPO", save_all=True, append_images=[picture])
    else:
        picture.save(out, kind)
    return out.getvalue()


def with_exif(exif: bytes) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (120, 140, 160)).save(out, "JPEG", exif=b"Exif\0\0" + exif)
    return out.getvalue()


def one_entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    """Return a TIFF directory of one entry (TIFF 6.0, section 2) after an orientation of 6."""
    turned = struct.pack(">HHI", 0x0112, 3, 1) + b"\0\6\0\0"
    return b"MM\0*\0\0\0\10" + struct.pack(">H", 2) + turned + struct.pack(">HHI", tag, kind, count) + value + bytes(4)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"no tiff at all",
        b"MM\0*\0\0\0\10\xff\xff",
        b"II*\0\xff\xff\xff\xff",
        one_entry(0x8769, 4, 1, b"\xff\xff\xff\xff"),
        one_entry(0x8825, 2, 4, b"abc\0"),
        one_entry(0x010F, 7, 4, b"\xff\xfe\xfd\xfc"),
        one_entry(0x0111, 2, 4, b"abc\0"),
        one_entry(0x0131, 5, 0xFFFFFFFF, b"\0\0\0\0"),
        one_entry(0x010F, 12, 1, b"\0\0\0\x08"),
        one_entry(0x011A, 2, 4, b"abc\0"),
        one_entry(0x0132, 4, 1, b"\0\0\0\1"),
        one_entry(0x9286, 1, 4, b"abcd"),
    ],
)
def test_a_photo_whose_camera_wrote_nonsense_of_itself_is_a_photo(decoder: Decoder, exif: bytes) -> None:
    before, photo = pid_of(decoder), with_exif(exif)
    assert {decoder.prepare(photo).width, decoder.prepare(photo).height} == {40, 30}
    for question in QUESTIONS:
        getattr(decoder, question)(photo)
    assert pid_of(decoder) == before  # It was no damage that the process did not live through.


def test_a_photo_stands_upright_though_the_rest_of_what_it_tells_is_damaged(decoder: Decoder) -> None:
    photo = decoder.prepare(with_exif(one_entry(0x8769, 4, 1, b"\xff\xff\xff\xff")))
    assert (photo.width, photo.height) == (30, 40)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_it_knows_no_password_of_ours_and_opens_nothing(decoder: Decoder) -> None:
    process = Path("/proc") / str(pid_of(decoder))
    assert b"not-for-photos" not in (process / "environ").read_bytes()
    told = [line.split() for line in (process / "limits").read_text().splitlines()]
    limits = {" ".join(words[1:3]): words[3:5] for words in told}
    assert limits["open files"] == ["0", "0"]
    assert [words[3:5] for words in told if words[1:3] == ["file", "size"]] == [["0", "0"]]
    assert [words[3:5] for words in told if words[1:3] == ["address", "space"]] == [["2147483648", "2147483648"]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "MPO", "I;16"])
def test_photos_of_every_kind_are_read_nevertheless(decoder: Decoder, kind: str) -> None:
    before, photo = pid_of(decoder), of_kind(kind)
    for question in QUESTIONS:
        getattr(decoder, question)(photo)
    assert set(decoder.render(photo)) >= {"480.avif", "480.webp", "480.jpg"}
    assert pid_of(decoder) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no process is stopped there")
def test_one_that_neither_reads_nor_answers_keeps_nobody_for_ever() -> None:
    noise = io.BytesIO()
    Image.effect_noise((1_500, 1_500), 90).save(noise, "PNG")
    assert len(noise.getvalue()) > 2**20  # More than any pipe holds.
    refused = []

    def ask(decoder: Decoder) -> None:
        with pytest.raises(MalformedError) as caught:
            decoder.prepare(noise.getvalue())
        refused.append(caught.value.code)

    with Decoder() as decoder:
        decoder.prepare(photo_bytes((30, 30)))
        usual, decoder._max_wait = (
            decoder._max_wait,
            1.0,
        )  # A process takes longer than that to start on a slow machine.
        stopped = pid_of(decoder)
        os.kill(stopped, signal.SIGSTOP)
        asking = threading.Thread(target=ask, args=(decoder,), daemon=True)
        asking.start()
        asking.join(timeout=60)
        if asking.is_alive():  # So that the test itself ends.
            os.kill(stopped, signal.SIGKILL)
            asking.join(timeout=20)
            pytest.fail("nobody gave up")
        assert refused == ["photo-too-costly"]
        decoder._max_wait = usual
        assert decoder.prepare(photo_bytes((30, 30))).width == 30
