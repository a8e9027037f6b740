"""One tag as PNG, at whole printer dots."""

from __future__ import annotations

import io

from provenance.errors import ConfigurationError
from provenance.printing.codes import DEFAULT_MODULE_MM, Level
from provenance.printing.label import Label, compose
from provenance.printing.raster import INCH, blank, paint_code, paint_words, width_at

DEFAULT_SIZE = (63.5, 38.1)


def tag_png(
    label: Label,
    *,
    dpi: int = 600,
    size: tuple[float, float] = DEFAULT_SIZE,
    module: float = DEFAULT_MODULE_MM,
    level: Level = "M",
    missing: set[str] | None = None,
) -> bytes:
    """Return a label as PNG at `dpi`; a module is a whole number of dots, so that its edges are sharp.

    Characters that cannot be drawn are added to `missing`.  Raises `ConfigurationError` for a resolution that cannot
    print it.
    """
    if not 200 <= dpi <= 2_400:
        raise ConfigurationError("bad-dpi", "A tag is drawn at 200 to 2,400 dots an inch.")
    unknown = set[str]() if missing is None else missing
    composition = compose(label, size, width_at(dpi, label.language), unknown, module, INCH / dpi, level)
    image = blank(size, dpi)
    paint_code(image, composition, dpi)
    paint_words(image, composition, dpi)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi), optimize=True)
    return out.getvalue()
