"""TSPL: what is written is read back, and no words of a piece become commands."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import MalformedError, ProvenanceError, VerificationError
from provenance.printing.codes import Level
from provenance.printing.dots import DotLabel, NativeCode, dot_label
from provenance.printing.dots_readback import check_tspl
from provenance.printing.tspl import read_tspl, tspl
from tests.support.printers import SIZES, hostile_words, label_with

SIZE = (50.0, 30.0)


@pytest.mark.parametrize("size", [*SIZES, (57.15, 31.75)])
@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("level", ["M", "Q"])
def test_labels_read_back(size: tuple[float, float], dpi: int, level: Level) -> None:
    labels = [label_with("青花缠枝莲纹梅瓶 Meiping"), label_with("鬥彩龑纹大罐")]
    composed = [dot_label(label, size, dpi, set(), level=level) for label in labels]
    written = b"".join(tspl(label, size) for label in composed)
    assert read_tspl(written, dpi) == composed
    check_tspl(written, [label.url for label in labels], size, dpi, level)


def test_a_label_says_what_a_printer_needs_to_know() -> None:
    label = label_with("青花梅瓶")
    composed = dot_label(label, SIZE, 203, set())
    written = tspl(composed, SIZE)
    assert written.startswith(b"SIZE 50 mm,30 mm\r\nGAP 2 mm,0 mm\r\nDIRECTION 1\r\nREFERENCE 0,0\r\nCLS\r\nBITMAP ")
    said = f'QRCODE {composed.code.x},{composed.code.y},M,4,A,0,M2,S7,"{label.url}"\r\nPRINT 1,1\r\n'
    assert written.endswith(said.encode())


def test_set_bits_stay_white() -> None:
    composed = dot_label(label_with("青花梅瓶"), SIZE, 203, set())
    bits = composed.graphics[0].bits
    assert bytes(255 - byte for byte in bits) in tspl(composed, SIZE)
    assert sum(byte.bit_count() for byte in bits) < 4 * len(bits)  # Words are less black than white.


@settings(max_examples=60, deadline=None)
@given(hostile_words(), hostile_words())
def test_words_never_become_commands(title: str, studio: str) -> None:
    label = label_with(title, studio)
    composed = dot_label(label, SIZE, 203, set())
    written = tspl(composed, SIZE)
    check_tspl(written, [label.url], SIZE, 203, "M")
    bare = tspl(DotLabel(composed.width, composed.height, composed.code, ()), SIZE)
    head, tail = bare.split(b"QRCODE")
    assert written.startswith(head)
    assert written.endswith(b"QRCODE" + tail)
    pictures = sum(len(f"BITMAP {g.x},{g.y},{g.columns // 8},{g.rows},0,\r\n") + len(g.bits) for g in composed.graphics)
    assert len(written) == len(bare) + pictures


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"PRINT 1,1", b"PRINT 99,1"),
        (b"CLS\r\n", b"CLS\r\nSELFTEST\r\n"),
        (b"CLS\r\n", b"CLS\n"),
        (b"SIZE 50", b"SIZE 50000"),
        (b"SIZE 50", b"SIZE 999"),
        (b"M,4,A", b"M,11,A"),
        (b",M2,", b",M1,"),
        (b'T6"', b'T6""'),
        (b",0,", b",1,"),
        (b"\r\nQRCODE", b"\x00\r\nQRCODE"),
        (b"\r\nQRCODE", b"QRCODE"),
    ],
)
def test_a_file_that_was_tampered_with_is_none(old: bytes, new: bytes) -> None:
    written = tspl(dot_label(label_with("青花梅瓶"), SIZE, 203, set()), SIZE)
    assert old in written
    with pytest.raises(MalformedError):
        read_tspl(written.replace(old, new, 1), 300 if b"999" in new else 203)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_reading_ends_with_labels_or_a_refusal(data: st.DataObject) -> None:
    written = bytearray(tspl(dot_label(label_with("青花梅瓶"), SIZE, 203, set()), SIZE))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(written) - 1))
        written[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(ProvenanceError):
        assert read_tspl(bytes(written), 203)


@pytest.mark.parametrize("dots", [3, 5])
def test_what_would_not_scan_stops_the_file(dots: int) -> None:
    """Modules that are too small, and a code that grows over its serial."""
    label = label_with("青花梅瓶")
    good = dot_label(label, SIZE, 203, set())
    code = NativeCode(good.code.x, good.code.y, dots, "M", label.url)
    with pytest.raises(VerificationError):
        check_tspl(tspl(DotLabel(good.width, good.height, code, good.graphics), SIZE), [label.url], SIZE, 203, "M")
