"""One tag as SVG at exact millimetres, for a designer: the code as one path, words as outlines.

What was drawn is read back from the file itself: a strict reader of the paths that are written here, another library's
decoder, and nothing that was known while drawing.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

import zxingcpp
from PIL import Image, ImageDraw

from provenance.errors import VerificationError
from provenance.printing import fonts
from provenance.printing.codes import DEFAULT_MODULE_MM, QUIET_MODULES, Level, runs
from provenance.printing.label import COBALT, RED, Composition, Label, compose
from provenance.printing.outlines import outline
from provenance.printing.png import DEFAULT_SIZE
from provenance.printing.seal import seal_at

_NAMESPACE = "http://www.w3.org/2000/svg"
_UNSAFE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, written in whatever way."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
_RUN = re.compile(rf"M({_NUMBER}) ({_NUMBER})h({_NUMBER})v({_NUMBER})h-\3z")
_OUTLINE = re.compile(rf"(?:[MLC]{_NUMBER}(?: {_NUMBER})*|Z)*")
_SIDE = re.compile(r"([0-9]+(?:\.[0-9]+)?)mm")
_DOTS = 10
"""Dots a millimetre for reading back: five a module, 254 an inch."""
_TOLERANCE = 0.002


def tag_svg(
    label: Label,
    *,
    size: tuple[float, float] = DEFAULT_SIZE,
    module: float = DEFAULT_MODULE_MM,
    level: Level = "M",
    missing: set[str] | None = None,
) -> bytes:
    """Return a label of `size` (mm) as SVG, once its code was read back from it.

    Characters that the face lacks are added to `missing`.  Raises `ConfigurationError` for a size that has no room for
    the code, `VerificationError` where the code does not read back.
    """

    def width(text: str, points: float, serif: bool) -> float:
        return fonts.width(text, points, label.language, serif)

    composition = compose(label, size, width, set() if missing is None else missing, module, level=level)
    drawn = _draw(label, composition, size).encode()
    check_svg(drawn, label.url)
    return drawn


def _draw(label: Label, composition: Composition, size: tuple[float, float]) -> str:
    left, top, module = composition.code_x, composition.code_y, composition.module
    code = "".join(
        f"M{_mm(left + column * module)} {_mm(top + row * module)}h{_mm(length * module)}v{_mm(module)}"
        f"h-{_mm(length * module)}z"
        for column, row, length in runs(composition.modules)
    )
    lines = [
        f'<svg xmlns="{_NAMESPACE}" width="{size[0]:g}mm" height="{size[1]:g}mm" viewBox="0 0 {size[0]:g} {size[1]:g}"'
        ' role="img" aria-labelledby="title text">',
        f'<title id="title">{_text(f"{label.title} · {label.serial}")}</title>',
        f'<desc id="text">{_text(" · ".join(("DEMO",) * label.demo + label.lines + (label.url,)))}</desc>',
        f'<rect width="{size[0]:g}" height="{size[1]:g}" fill="#fff"/>',
        f'<path id="code" fill="#000" shape-rendering="crispEdges" d="{code}"/>',
    ]
    if composition.demo_bar is not None:
        x, y, width, height = map(_mm, composition.demo_bar)
        lines.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{_colour(RED)}"/>')
    for words in composition.words:
        path = outline(words.text, words.x, words.y, words.size, words.language, words.serif)
        if path:
            lines.append(f'<path fill="{_colour(words.colour)}" d="{path}"/>')
    if composition.seal is None:
        return "\n".join((*lines, "</svg>\n"))
    seal = seal_at(*composition.seal)
    rings = "".join(
        f'<circle cx="{_mm(seal.x)}" cy="{_mm(seal.y)}" r="{_mm(radius)}" stroke-width="{_mm(line)}"/>'
        for radius, line in seal.rings
    )
    begin_x, begin_y, across, down = map(_mm, seal.box)
    above, below = seal.stem
    sign = f"M{begin_x} {begin_y}h{across}v{down}h-{across}zM{_mm(seal.x)} {_mm(above)}v{_mm(below - above)}"
    stroke = f'stroke-width="{_mm(seal.line)}"'
    lines.append(f'<g fill="none" stroke="{_colour(COBALT)}">{rings}<path {stroke} d="{sign}"/></g>')
    return "\n".join((*lines, "</svg>\n"))


def _mm(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _colour(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _text(text: str) -> str:
    return _UNSAFE.sub("", " ".join(text.split())).translate(_ESCAPES)


def check_svg(svg: bytes, expected: str) -> None:
    """Return if the code on an SVG of `tag_svg` is `expected`, and nothing stands in its light margin.

    Raises `VerificationError` otherwise.
    """
    if _read(svg) != [expected]:
        raise VerificationError(
            "sheet-unreadable", "The tag {serial} does not read back.", serial=expected.rpartition("/")[2]
        )


def _read(svg: bytes) -> list[str]:
    """Return the payloads of the code's path, as a printer would draw it; none where the file is not as it must be."""
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  # Our own bytes.
    except ElementTree.ParseError:
        return []
    sides = [_SIDE.fullmatch(root.get(name, "")) for name in ("width", "height")]
    paths = [path for path in root.iter(f"{{{_NAMESPACE}}}path") if path.get("id") == "code"]
    if len(paths) != 1 or None in sides:
        return []
    width, height = (float(side[1]) for side in sides if side)
    if root.get("viewBox") != f"0 0 {width:g} {height:g}":
        return []
    data = paths[0].get("d", "")
    rectangles = [tuple(map(float, run.groups())) for run in _RUN.finditer(data)]
    if not rectangles or "".join(run[0] for run in _RUN.finditer(data)) != data:
        return []
    module = rectangles[0][3]
    left, top = min(run[0] for run in rectangles), min(run[1] for run in rectangles)
    right, bottom = max(run[0] + run[2] for run in rectangles), max(run[1] + run[3] for run in rectangles)
    quiet = QUIET_MODULES * module - _TOLERANCE
    if left < quiet or top < quiet or right > width - quiet or bottom > height - quiet:
        return []
    margin = left - quiet, top - quiet, right + quiet, bottom + quiet
    for words in root.findall(f"{{{_NAMESPACE}}}path"):
        if words is not paths[0] and _touches(words.get("d", ""), margin):
            return []
    image = Image.new("L", (round(width * _DOTS), round(height * _DOTS)), 255)
    draw = ImageDraw.Draw(image)
    for x, y, across, down in rectangles:
        draw.rectangle(
            (round(x * _DOTS), round(y * _DOTS), round((x + across) * _DOTS) - 1, round((y + down) * _DOTS) - 1), 0
        )
    formats = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
    return [code.text for code in zxingcpp.read_barcodes(image, formats=formats)]


def _touches(data: str, box: tuple[float, float, float, float]) -> bool:
    """Return whether an outline comes into a box, or cannot be read."""
    if not _OUTLINE.fullmatch(data):
        return True
    numbers = [float(number) for number in re.findall(_NUMBER, data)]
    across, down = numbers[::2], numbers[1::2]
    return min(across) < box[2] and max(across) > box[0] and min(down) < box[3] and max(down) > box[1]
