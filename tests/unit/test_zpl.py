"""ZPL II: what is written is read back, and no words of a piece become commands."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps

from provenance.errors import ConfigurationError, MalformedError, ProvenanceError, VerificationError
from provenance.printing.codes import Level
from provenance.printing.dots import DotLabel, Graphic, NativeCode, code_room, dot_label
from provenance.printing.dots_readback import check_zpl, draw, pictures
from provenance.printing.label import Label
from provenance.printing.png import tag_png
from provenance.printing.zpl import _packed_row, read_zpl, zpl
from provenance.serial import Serial
from provenance.tag import tag_url
from tests.support.printers import HOSTILE, SIZES, hostile_words, label_with

SIZE = (50.0, 30.0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("host", ["kiln.cn", "registry.example.com", "certificates.porcelain.museum"])
def test_labels_read_back(size: tuple[float, float], dpi: int, level: Level, host: str) -> None:
    labels = [label_with("青花缠枝莲纹梅瓶 Meiping", host=host), label_with("鬥彩龑纹大罐", host=host)]
    composed = [dot_label(label, size, dpi, set(), level=level) for label in labels]
    written = b"".join(zpl(label) for label in composed)
    assert read_zpl(written) == composed
    check_zpl(written, [label.url for label in labels], size, dpi, level)


def test_the_packing_of_pictures_is_that_of_the_manual() -> None:
    """The example of the programming guide: ``vMB`` sends a hexadecimal B 327 times."""
    assert _packed_row("B" * 327) == "vMB"
    assert _packed_row("6" * 7 + "0" * 3) == "M6,"
    assert _packed_row("F" * 421) == "zFgGF"


def test_rows_that_repeat_are_not_sent_again() -> None:
    graphic = Graphic(3, 4, 16, 20, b"\x0f\x00" * 20)
    label = DotLabel(400, 240, NativeCode(40, 40, 4, "M", "https://a.example/P/7K3M9QX2VD5T6"), (graphic,))
    assert b"^GFA,40,40,2,0F," + b":" * 19 + b"^FS" in zpl(label)


@given(st.binary(min_size=1, max_size=400), st.integers(1, 40))
def test_pictures_survive_the_packing(bits: bytes, stride: int) -> None:
    bits += bytes(-len(bits) % stride)
    graphic = Graphic(3, 4, stride * 8, len(bits) // stride, bits)
    label = DotLabel(400, 240, NativeCode(40, 40, 4, "M", "https://a.example/P/7K3M9QX2VD5T6"), (graphic,))
    assert read_zpl(zpl(label)) == [label]


@settings(max_examples=60, deadline=None)
@given(hostile_words(), hostile_words())
def test_words_never_become_commands(title: str, studio: str) -> None:
    label = label_with(title, studio)
    written = zpl(dot_label(label, SIZE, 203, set()))
    check_zpl(written, [label.url], SIZE, 203, "M")
    commands = re.findall(rb"[\^~][A-Z][A-Z0-9]", re.sub(rb"\^GFA,[0-9,]*,[0-9A-Zg-z,:]*\^FS", b"", written))
    assert set(commands) <= {b"^" + name for name in b"XA CI PO PM LR LH LS PW LL FO BY BQ FD FS PQ XZ".split()}
    assert written.count(b"^XZ") == written.count(b"^FD") == 1


@pytest.mark.parametrize("url", HOSTILE)
def test_an_address_that_a_printer_may_misread_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="7K3M"):
        dot_label(Label(url, "7K3M-9QX2-VD5T-6", "Vase"), SIZE, 203, set())


def test_other_dots_are_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        dot_label(label_with("Vase"), SIZE, 600, set())
    assert caught.value.code == "bad-dpi"


@pytest.mark.parametrize("shift", [(0.0, 0.0), (1.5, -1.0), (-0.9, 1.5)])
def test_a_shift_moves_all_alike(shift: tuple[float, float]) -> None:
    label = label_with("青花梅瓶")
    still, moved = dot_label(label, SIZE, 203, set()), dot_label(label, SIZE, 203, set(), shift=shift)
    check_zpl(zpl(moved), [label.url], SIZE, 203, "M")
    by = round(shift[0] * 203 / 25.4), round(shift[1] * 203 / 25.4)
    assert (moved.code.x - still.code.x, moved.code.y - still.code.y) == by
    boxes = [ImageOps.invert(pictures(composed)).getbbox() for composed in (still, moved)]
    for side, (before, after) in enumerate(zip(*boxes, strict=True)):
        assert abs(after - before - by[side % 2]) <= 1


@pytest.mark.parametrize("shift", [(9.0, 0.0), (0.0, 9.0), (-9.0, 0.0), (0.0, -9.0), (-2.0, 0.0), (3.0, 0.0)])
def test_nothing_is_moved_off_the_label(shift: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dot_label(label_with("青花梅瓶"), SIZE, 203, set(), shift=shift)
    assert caught.value.code == "shift-too-far"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"^PQ1", b"^PQ9"),
        (b"^XZ", b"^XZ~JR"),
        (b"^FO", b"^FDno^FS^FO"),
        (b"^BQN,2,4,M", b"^BQN,2,4,Q"),
        (b"^BQN,2,4", b"^BQN,2,11"),
        (b"^LH0,0", b"^LH9,0"),
        (b"MA,https", b"MA,^XAhttps"),
        (b"^FS\n^BY", b"F^FS\n^BY"),
        (b"^PW400", b"^PW9999"),
        (b"^GFA,", b"^GFA,1"),
        (b"^XA", b"\xff^XA"),
    ],
)
def test_a_file_that_was_tampered_with_is_none(old: bytes, new: bytes) -> None:
    written = zpl(dot_label(label_with("青花梅瓶"), SIZE, 203, set()))
    assert old in written
    with pytest.raises(MalformedError):
        read_zpl(written.replace(old, new, 1))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_reading_ends_with_labels_or_a_refusal(data: st.DataObject) -> None:
    written = bytearray(zpl(dot_label(label_with("青花梅瓶"), SIZE, 203, set())))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(written) - 1))
        written[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        for label in read_zpl(bytes(written)):
            assert zpl(label)
    except ProvenanceError:
        pass


def other(label: DotLabel, **changes: object) -> DotLabel:
    code = {name: changes.get(name, getattr(label.code, name)) for name in ("x", "y", "dots", "level", "payload")}
    return DotLabel(label.width, label.height, NativeCode(**code), label.graphics)  # type: ignore[arg-type]


def test_what_would_not_scan_stops_the_file() -> None:
    label = label_with("青花梅瓶")
    good = dot_label(label, SIZE, 203, set())
    another = tag_url("https://registry.example", Serial.random())
    bad = [
        other(good, x=good.code.x + 60),  # Over the words.
        other(good, y=good.code.y + 40),  # Over its serial.
        other(good, dots=3),
        other(good, level="Q"),
        other(good, payload=another),
        other(good, x=good.width - 100),
    ]
    check_zpl(zpl(good), [label.url], SIZE, 203, "M")
    for changed in bad:
        with pytest.raises(VerificationError):
            check_zpl(zpl(changed), [label.url], SIZE, 203, "M")
    for size, expected in (((40.0, 30.0), [label.url]), (SIZE, [label.url, another]), (SIZE, [])):
        with pytest.raises(VerificationError):
            check_zpl(zpl(good), expected, size, 203, "M")


def test_a_blot_over_the_code_stops_the_file() -> None:
    label = label_with("青花梅瓶")
    good = dot_label(label, SIZE, 203, set())
    blot = Graphic(good.code.x, good.code.y, 8, 2, b"\xff\xff")
    with pytest.raises(VerificationError):
        check_zpl(
            zpl(DotLabel(good.width, good.height, good.code, (*good.graphics, blot))), [label.url], SIZE, 203, "M"
        )


def test_the_code_is_dark_where_the_file_says() -> None:
    good = dot_label(label_with("青花梅瓶"), SIZE, 203, set())
    page = draw(good)
    x, y, side = good.code.x, good.code.y, 7 * good.code.dots
    assert page.crop((x, y, x + side, y + good.code.dots)).getextrema() == (0, 0)
    assert page.crop((x - 4 * good.code.dots, y, x, y + side)).getextrema() == (255, 255)


@pytest.mark.parametrize("dpi", [203, 300])
def test_the_pictures_together_are_what_a_png_shows_beside_its_code(dpi: int) -> None:
    """All words and the seal, where the PNG of the same label has them."""
    label = label_with("青花缠枝莲纹梅瓶")
    composed = dot_label(label, SIZE, dpi, set())
    with Image.open(io.BytesIO(tag_png(label, dpi=dpi, size=SIZE))) as opened:
        shown = opened.convert("L").point(lambda grey: 255 * (grey > 128))
    shown.paste(255, code_room(composed.code))
    ours, theirs = ImageOps.invert(pictures(composed)), ImageOps.invert(shown)
    boxes = ours.getbbox(), theirs.getbbox()
    assert all(abs(one - other) <= 2 for one, other in zip(*boxes, strict=True))  # type: ignore[arg-type]
    apart = ImageChops.difference(ours, theirs).histogram()[255]
    assert apart < 0.35 * theirs.histogram()[255]  # Greys become black or white.


def test_a_label_as_large_as_a_parcel_s_stays_within_what_pictures_may_have() -> None:
    composed = dot_label(label_with("青花缠枝莲纹梅瓶"), (100.0, 150.0), 300, set())
    assert max(len(graphic.bits) for graphic in composed.graphics) < 99_999
    assert read_zpl(zpl(composed)) == [composed]
