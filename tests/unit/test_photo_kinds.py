"""Photos of every kind that cameras and programs make: upright, in sRGB, and silent about place and camera."""

from __future__ import annotations

import io

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from provenance.errors import MalformedError
from provenance.media import prepare_photo, render_photo

TOLD = (b"GPS", b"eXIf", b"exif", b"Exif", b"MAKER NOTE", b"29.2917", b"xpacket", b"serial 4711", b"a comment")


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_place_camera_and_comments_are_in_no_picture_that_leaves(form: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "serial 4711"
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (29.0, 17.0, 30.0)
    exif.get_ifd(0x8769)[0x927C] = b"MAKER NOTE serial 4711"
    xmp = b"<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/' exif:GPSLatitude='29.2917'/>"
    options: dict[str, object] = {"exif": exif, "xmp": xmp} if form != "PNG" else {"exif": exif}
    source = saved(Image.new("RGB", (600, 400), (90, 120, 140)), form, **options)
    if form == "JPEG":
        source = source[:2] + b"\xff\xfe\x00\x0ba comment" + source[2:]
    assert any(word in source for word in TOLD)
    for data in (prepare_photo(source).data, *render_photo(source).values()):
        assert not [word for word in TOLD if word in data]
        assert not opened(data).getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright(orientation: int) -> None:
    picture = Image.new("RGB", (60, 40), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, 14, 9), fill="black")  # The upper left of what is to be seen.
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # What undoes each turn or mirroring (EXIF 2.3, 4.6.4 A).
    turned = picture if orientation == 1 else picture.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = prepare_photo(saved(turned, "JPEG", quality=95, exif=exif))
    assert (photo.width, photo.height) == (60, 40)
    shown = opened(photo.data).convert("L")
    assert shown.getpixel((4, 4)) < 60  # type: ignore[operator]
    assert min(shown.getpixel(place) for place in ((55, 4), (4, 35), (55, 35))) > 200  # type: ignore[type-var, operator]


def test_printers_colours_deep_colours_and_moving_pictures_are_taken() -> None:
    red = opened(prepare_photo(saved(Image.new("CMYK", (30, 30), (0, 255, 255, 0)), "JPEG", quality=95)).data)
    r, g, b = red.getpixel((15, 15))  # type: ignore[misc]
    assert r > 180
    assert max(g, b) < 90
    deep = Image.new("I;16", (30, 30), 40_000)
    grey = opened(prepare_photo(saved(deep, "PNG")).data).getpixel((15, 15))
    assert all(abs(value - 40_000 // 256) < 6 for value in grey)  # type: ignore[union-attr]
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("blue", "red")]
    moving = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    first = opened(prepare_photo(moving).data)
    assert first.getpixel((15, 15))[2] > 180  # type: ignore[index]


def test_a_small_file_with_many_pixels_is_refused_before_it_is_decoded() -> None:
    bomb = saved(Image.new("1", (30_000, 30_000)), "PNG", optimize=True)
    assert len(bomb) < 200_000
    with pytest.raises(MalformedError) as caught:
        prepare_photo(bomb)
    assert caught.value.code == "too-many-pixels"


def test_an_iphones_own_format_is_upright_in_its_colours_and_without_its_metadata() -> None:
    halves = Image.new("RGB", (80, 60), "red")
    halves.paste("blue", (0, 0, 40, 60))  # The left one; a quarter turn clockwise puts it on top.
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A phone of a person"
    kept = io.BytesIO()
    pillow_heif.from_pillow(halves).save(kept, quality=95, exif=exif.tobytes())
    assert b"A phone of a person" in kept.getvalue()
    prepared = prepare_photo(kept.getvalue())
    assert (prepared.width, prepared.height) == (60, 80)
    assert b"A phone of a person" not in prepared.data
    above, beneath = (opened(prepared.data).getpixel((30, y)) for y in (10, 70))
    assert above[2] > 180 > 90 > above[0]  # type: ignore[index]
    assert beneath[0] > 180 > 90 > beneath[2]  # type: ignore[index]


def test_a_broken_photo_of_an_iphone_is_called_so() -> None:
    kept = io.BytesIO()
    pillow_heif.from_pillow(Image.effect_noise((80, 60), 90).convert("RGB")).save(kept)
    whole = kept.getvalue()
    broken = [b"\x00\x00\x00\x18ftyp" + brand + bytes(40) for brand in (b"heic", b"heix", b"mif1", b"msf1", b"hevc")]
    for data in (*broken, whole[:200], whole[: len(whole) // 2], whole[:100] + bytes(60) + whole[160:]):
        with pytest.raises(MalformedError) as caught:
            prepare_photo(data)
        assert caught.value.code == "broken-photo"
