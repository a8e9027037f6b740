"""Photos of strangers, decoded in a process of their own."""

from __future__ import annotations

import functools
import io
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image, ImageCms
from qrcode.main import QRCode

from provenance.decoding import Decoder
from provenance.errors import MalformedError
from provenance.media import MAX_PREPARED_BYTES, MAX_VIEW_BYTES, RENDITION_TYPES
from tests.support.photos import photo_bytes


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as started:
        yield started


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def pid_of(decoder: Decoder) -> int:
    assert decoder._process is not None
    return decoder._process.pid


def test_a_photo_is_prepared_at_its_full_size_without_what_it_tells(decoder: Decoder) -> None:
    source = photo_bytes((4_000, 3_000), gps=True)
    assert opened(source).getexif()
    photo = decoder.prepare(source)
    shown = opened(photo.data)
    assert (photo.width, photo.height) == shown.size == (3_000, 4_000)  # Upright: it was turned.
    assert not shown.getexif()
    assert "icc_profile" not in shown.info
    assert b"CameraMaker" not in photo.data
    assert decoder.prepare(source).digest == photo.digest


def test_colours_are_those_that_were_photographed(decoder: Decoder) -> None:
    """A profile that swaps red and blue: what is shown as red in it must come out red."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = Image.new("RGB", (64, 64), (200, 30, 60))
    wide = saved(plain, "JPEG", quality=95, icc_profile=swapped_profile())
    assert opened(decoder.prepare(wide).data).getpixel((32, 32))[2] > 150  # type: ignore[index]
    broken = saved(plain, "JPEG", quality=95, icc_profile=b"no profile")
    foreign = saved(plain, "JPEG", quality=95, icc_profile=profile.tobytes())
    for data in (broken, foreign):
        assert opened(decoder.prepare(data).data).getpixel((32, 32))[0] > 150  # type: ignore[index]


def swapped_profile() -> bytes:
    """Return the profile of sRGB with the names of red and blue exchanged."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


def test_transparency_is_white_and_large_photos_become_small_enough(decoder: Decoder) -> None:
    see_through = saved(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG")
    assert opened(decoder.prepare(see_through).data).getpixel((20, 20)) == (255, 255, 255)
    noise = Image.effect_noise((5_000, 5_000), 120).convert("RGB")
    photo = decoder.prepare(saved(noise, "JPEG", quality=95))
    assert len(photo.data) <= MAX_PREPARED_BYTES
    wide = decoder.prepare(saved(Image.new("RGB", (9_000, 90)), "PNG"))
    assert (wide.width, wide.height) == (8_192, 82)


def test_renditions_are_smaller_pictures_of_the_photo(decoder: Decoder) -> None:
    drawn = decoder.render(photo_bytes((1_200, 1_500)))
    assert sorted(drawn) == sorted(f"{width}.{ending}" for width in (480, 640, 960) for ending in RENDITION_TYPES)
    for name, data in drawn.items():
        width, _, ending = name.partition(".")
        shown = opened(data)
        assert shown.format is not None
        assert Image.MIME[shown.format] == RENDITION_TYPES[ending]
        assert shown.size == (int(width), int(width) * 5 // 4)
    assert set(decoder.render(photo_bytes((90, 60)))) == {f"480.{ending}" for ending in RENDITION_TYPES}


def test_first_views_are_small_in_whatever_quality_does(decoder: Decoder) -> None:
    grain = Image.frombytes("L", (150, 190), random.Random(5).randbytes(150 * 190)).convert("RGB")
    plain = opened(photo_bytes((1_200, 1_500))).convert("RGB")
    photo = Image.blend(plain, grain.resize(plain.size, Image.Resampling.BICUBIC), 0.14)
    views = decoder.render(saved(photo, "JPEG", quality=92))
    for ending in ("avif", "webp"):
        assert max(len(views[f"480.{ending}"]), len(views[f"640.{ending}"])) <= MAX_VIEW_BYTES, ending
        assert len(views[f"960.{ending}"]) > MAX_VIEW_BYTES  # A closer look has the first quality.


def drawn(word: str) -> Image.Image:
    code = QRCode[Any]()
    code.add_data(word)
    rows = code.get_matrix()
    dots = Image.new("1", (len(rows), len(rows)), 1)
    dots.putdata([not dot for row in rows for dot in row])
    return dots.resize((400, 400)).convert("RGB")


def test_codes_are_read(decoder: Decoder) -> None:
    codes = Image.new("RGB", (900, 500), "white")
    for place, word in ((20, "ONE"), (460, "TWO")):
        codes.paste(drawn(word), (place, 50))
    assert sorted(decoder.read_codes(saved(codes, "PNG"))) == ["ONE", "TWO"]
    assert decoder.read_codes(photo_bytes()) == []


@functools.cache
def vast() -> bytes:
    """Return a picture of few bytes and many pixels.  Making it takes a gigabyte: not before it is needed."""
    return saved(Image.new("1", (30_000, 30_000)), "PNG")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-a-photo"),
        (b"no photo", "not-a-photo"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "broken-photo"),
        (photo_bytes()[:3_000], "broken-photo"),
        (vast, "too-many-pixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not-a-photo"),
    ],
)
@pytest.mark.parametrize("question", ["prepare", "render", "read_codes"])
def test_what_is_no_photo_is_refused_and_the_next_is_served(
    decoder: Decoder, question: str, data: bytes | Callable[[], bytes], code: str
) -> None:
    decoder.prepare(photo_bytes((40, 40)))
    before = pid_of(decoder)
    with pytest.raises(MalformedError) as caught:
        getattr(decoder, question)(data() if callable(data) else data)
    assert caught.value.code == code
    assert decoder.prepare(photo_bytes((40, 40))).width == 40
    assert pid_of(decoder) == before


def test_memory_and_time_are_limited_and_the_next_photo_is_served() -> None:
    large = saved(Image.new("RGB", (10_000, 10_000)), "PNG")
    for limits in ({"max_memory": 400 * 2**20}, {"max_cpu": 0}, {"max_wait": 0.2}):
        with Decoder(**limits) as decoder:
            with pytest.raises(MalformedError) as caught:
                decoder.prepare(large)
            assert caught.value.code == "photo-too-costly", limits
            if "max_wait" not in limits:  # The next must start a process first.
                assert decoder.prepare(photo_bytes((30, 30))).width == 30


def render_for_long(decoder: Decoder) -> None:
    photo = photo_bytes((2_000, 2_000))
    for _ in range(100):
        decoder.render(photo)


def test_a_process_that_dies_is_started_anew_and_ends_with_its_user() -> None:
    decoder = Decoder()
    decoder.prepare(photo_bytes((30, 30)))
    first = pid_of(decoder)
    threading.Timer(0.3, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(MalformedError):
        render_for_long(decoder)
    assert decoder.prepare(photo_bytes((30, 30))).width == 30
    second = pid_of(decoder)
    assert second != first
    decoder.close()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and os.path.exists(f"/proc/{second}"):  # noqa: PTH110
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{second}")  # noqa: PTH110


def test_it_may_write_no_file(decoder: Decoder) -> None:
    decoder.prepare(photo_bytes((30, 30)))
    with open(f"/proc/{pid_of(decoder)}/limits") as file:  # noqa: PTH123
        told = file.read()
    assert [line.split()[3] for line in told.splitlines() if line.startswith("Max file size")] == ["0"]
