"""QR codes of tags: small in symbols, large in modules.

A tag's URL mixes lower-case and upper-case parts; ``qrcode`` splits it into byte and alphanumeric modes by itself.  The
mask is chosen by one fixed rule instead of trying all eight: scanning does not notice, printing a thousand tags does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, TypeAlias

from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q
from qrcode.main import QRCode
from qrcode.util import MODE_8BIT_BYTE, QRData, optimal_data_chunks

from provenance.errors import ConfigurationError

Level: TypeAlias = Literal["M", "Q"]
Matrix: TypeAlias = tuple[tuple[bool, ...], ...]

MIN_MODULE_MM = 0.40
"""Below this a phone held at arm's length misses every second frame."""
DEFAULT_MODULE_MM = 0.50
MAX_MODULE_MM = 0.60
"""Above this the code bends too far round a small cup."""
QUIET_MODULES = 4
"""Light margin that readers need (ISO/IEC 18004 section 9.1)."""
_MASK = 3
_LEVELS = {"M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q}


@lru_cache(maxsize=64)
def matrix(payload: str, level: Level = "M") -> Matrix:
    """Return the modules of `payload`'s code, row by row, without the quiet zone; true is dark."""
    code: QRCode[Any] = QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=_MASK)
    for chunk in optimal_data_chunks(QRData(payload.encode("ascii"), check_data=False).data, minimum=4):
        code.add_data(chunk, optimize=0)
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


@lru_cache(maxsize=64)
def widest(payload: str, level: Level = "M") -> int:
    """Return the modules of a side of the largest code that an encoder may make of `payload`: all of it as bytes.

    What splits it into modes makes one as large or smaller.
    """
    code: QRCode[Any] = QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=_MASK)
    code.add_data(QRData(payload.encode("ascii"), mode=MODE_8BIT_BYTE), optimize=0)
    return 17 + 4 * int(code.best_fit())


def check_module(millimetres: float) -> None:
    """Return if modules of that size can be scanned; raise `ConfigurationError` otherwise."""
    if not millimetres >= MIN_MODULE_MM:  # So that what is no number is too small as well.
        raise ConfigurationError(
            "module-too-small",
            "Modules of {size:.2f} mm are too small: phones miss them in daylight already.",
            hint="Use {limit:.2f} mm or more, and a larger label if need be.",
            size=millimetres,
            limit=MIN_MODULE_MM,
        )
    if millimetres > MAX_MODULE_MM:
        raise ConfigurationError(
            "module-too-large",
            "Modules of {size:.2f} mm are too large for a small piece: the code bends around it.",
            hint="Use {limit:.2f} mm or less.",
            size=millimetres,
            limit=MAX_MODULE_MM,
        )


def runs(modules: Matrix) -> list[tuple[int, int, int]]:
    """Return dark runs as column, row and length: a third of the shapes that single modules would take."""
    found = []
    for row, line in enumerate(modules):
        start = None
        for column, dark in enumerate((*line, False)):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                found.append((start, row, column - start))
                start = None
    return found
