"""The codes that are compared: ours at both levels, what could be changed, and what `qrcode` makes by itself."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from PIL import Image
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import QRData, optimal_data_chunks

from benchmarks.printed import INCH
from provenance.printing.codes import MAX_MODULE_MM, QUIET_MODULES, Level, Matrix, matrix
from provenance.serial import ALPHABET, BODY_SYMBOLS, Serial
from provenance.tag import tag_url

RECOMMENDED = 22
"""Millimetres of the place that a code needs with modules of 0.59 mm."""
LEVELS: tuple[Level, ...] = ("M", "Q")


def dots_of(modules: int, size: float, dpi: int) -> int:
    """Return the dots of a module: what fits `size` mm with the white margin, and is no more than we print."""
    return int(min(size / (modules + 2 * QUIET_MODULES), MAX_MODULE_MM) * dpi / INCH + 1e-6)


def at_whole_dots(modules: Matrix, size: float, dpi: int) -> Image.Image | None:
    """Return a code of at most `size` mm as a printer's dots, each module as many; nothing where there is no room."""
    dots = dots_of(len(modules), size, dpi)
    if dots == 0:
        return None
    image = Image.new("L", (len(modules),) * 2)
    image.putdata([0 if dark else 255 for row in modules for dark in row])
    return image.resize((len(modules) * dots,) * 2, Image.Resampling.NEAREST)


def _plain(payload: str) -> QRCode[Any]:
    code: QRCode[Any] = QRCode()
    code.add_data(payload)
    return code


def plain(payload: str, size: float, dpi: int) -> Image.Image:
    """Return what `qrcode` makes where nothing is asked for, scaled to `size` mm by a printer that has two tones."""
    picture: Image.Image = _plain(payload).make_image().get_image().convert("L")
    side = round(size * dpi / INCH)
    return picture.resize((side, side), Image.Resampling.BOX).point([0] * 128 + [255] * 128)


def best_mask(payload: str) -> Matrix:
    """Return our code of `payload`, but with the mask that is best by the standard's rules."""
    code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    for chunk in optimal_data_chunks(QRData(payload.encode("ascii"), check_data=False).data, minimum=4):
        code.add_data(chunk, optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def capitals(payload: str) -> Matrix:
    """Return the code of `payload` with its host in capitals, at level Q where that takes no more modules than M."""
    scheme, _, rest = payload.partition("://")
    at_m, at_q = (matrix(f"{scheme}://{rest.upper()}", level) for level in LEVELS)
    return at_q if len(at_q) == len(at_m) else at_m


CODES: dict[str, Callable[[str], Matrix]] = {
    "M": lambda payload: matrix(payload, "M"),
    "Q": lambda payload: matrix(payload, "Q"),
    "M, best mask": best_mask,
    "capitals": capitals,
}
"""Ours at two levels, and what could be changed about it."""
PLAIN = "plain"
AS_LARGE = "plain, as large"
"""A plain code as large as ours at level M is in whole dots, while `PLAIN` fills the place."""
ALL = (*CODES, PLAIN, AS_LARGE)
EVERYWHERE = ("M", "Q", PLAIN)
"""Codes of all sizes; the others are of the recommended one only."""


def drawn(name: str, payload: str, size: float, dpi: int) -> Image.Image | None:
    """Return the code of that name as a printer's dots; nothing where a module has not even one."""
    if name == PLAIN:
        return plain(payload, size, dpi)
    if name == AS_LARGE:
        return plain(payload, side_of(payload, size, dpi), dpi)
    return at_whole_dots(CODES[name](payload), size, dpi)


def side_of(payload: str, size: float, dpi: int) -> float:
    """Return the millimetres that our code at level M takes of `size`, its white margin included."""
    count = len(CODES["M"](payload))
    return (count + 2 * QUIET_MODULES) * dots_of(count, size, dpi) * INCH / dpi


def payload_of(host: str, seed: int, number: int) -> str:
    body = "".join(Random(f"{seed} serial {number}").choices(ALPHABET, k=BODY_SYMBOLS))
    return tag_url(f"https://{host}", Serial(body + Serial.check_symbol(body)))


def module_of(host: str, name: str, size: int, dpi: int) -> float:
    """Return the millimetres of a module."""
    payload = payload_of(host, 0, 0)
    if name in (PLAIN, AS_LARGE):
        side = size if name == PLAIN else side_of(payload, size, dpi)
        return side / len(_plain(payload).get_matrix())
    return dots_of(len(CODES[name](payload)), size, dpi) * INCH / dpi
