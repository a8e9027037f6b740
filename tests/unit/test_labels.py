from __future__ import annotations

import io
import math
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from provenance.errors import ConfigurationError, VerificationError
from provenance.printing.codes import QUIET_MODULES, Level, matrix, widest
from provenance.printing.label import Label, compose
from provenance.printing.png import tag_png
from provenance.printing.readback import check_image
from provenance.serial import Serial
from provenance.tag import tag_url

LABEL = Label(tag_url("https://registry.kilnmark.test", Serial("7K3M9QX2VD5T6")), "7K3M-9QX2-VD5T-6", "青花梅瓶")


def _width(text: str, points: float, serif: bool) -> float:
    return len(text) * points * 0.3


@pytest.mark.parametrize("dpi", [203, 300, 600, 1200])
def test_a_png_reads_back_and_its_modules_are_whole_dots(dpi: int) -> None:
    image = tag_png(LABEL, dpi=dpi)
    check_image(image, LABEL.url)
    with pytest.raises(VerificationError):
        check_image(image, LABEL.url + "/2")
    module = compose(LABEL, (63.5, 38.1), _width, set(), grid=25.4 / dpi).module
    assert module * dpi / 25.4 == pytest.approx(round(module * dpi / 25.4))
    assert 0.40 <= module <= 0.51


def test_the_quiet_zone_is_kept(tmp_path: object) -> None:
    dpi, dots = 203, 4
    with Image.open(io.BytesIO(tag_png(LABEL, dpi=dpi))) as opened:
        image = opened.convert("L")
    composition = compose(LABEL, (63.5, 38.1), _width, set(), grid=25.4 / dpi)
    left, top = round(composition.code_x * dpi / 25.4), round(composition.code_y * dpi / 25.4)
    side, quiet = len(matrix(LABEL.url)) * dots, QUIET_MODULES * dots
    around = image.crop((left - quiet, top - quiet, left + side + quiet, top + side + quiet))
    around.paste(255, (quiet, quiet, quiet + side, quiet + side))
    assert around.getextrema() == (255, 255)


@pytest.mark.parametrize(("dpi", "module"), [(203, 0.42), (203, 0.40)])
def test_dots_too_coarse_for_the_module_are_refused(dpi: int, module: float) -> None:
    """At 203 dots an inch the modules are 0.375 or 0.50 mm."""
    with pytest.raises(ConfigurationError):
        tag_png(LABEL, dpi=dpi, module=module)


@pytest.mark.parametrize("dpi", [203, 300])
@pytest.mark.parametrize("level", ["M", "Q"])
def test_a_level_is_what_a_reader_finds(dpi: int, level: Level) -> None:
    image = tag_png(LABEL, dpi=dpi, level=level)
    with Image.open(io.BytesIO(image)) as opened:
        (code,) = zxingcpp.read_barcodes(opened.convert("L"))
    assert (code.text, code.ec_level) == (LABEL.url, level)


@pytest.mark.parametrize("level", ["M", "Q"])
def test_no_encoder_makes_a_larger_code_than_the_one_that_takes_all_for_bytes(level: Level) -> None:
    """Hosts of all lengths: at the edges of a version the modes that a code is split into matter."""
    differing = 0
    for length in range(4, 60):
        url = tag_url(f"https://{'a' * length}.example", Serial("7K3M9QX2VD5T6"))
        small, large = len(matrix(url, level)), widest(url, level)
        other = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
        drawn: Any = other.to_image(scale=1, add_quiet_zones=False)
        side = math.isqrt(len(bytes(memoryview(drawn))))
        assert small <= side <= large <= small + 4
        differing += small < large
    assert differing > 0


@pytest.mark.parametrize(("dpi", "dots"), [(203, 4), (300, 6), (600, 12)])
def test_a_module_is_the_nearest_whole_number_of_dots(dpi: int, dots: int) -> None:
    module = compose(LABEL, (63.5, 38.1), _width, set(), grid=25.4 / dpi).module
    assert round(module * dpi / 25.4, 6) == dots
