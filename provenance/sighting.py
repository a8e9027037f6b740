"""All codes on a photo, wherever they lie: a sheet of tags from the side, a tray of pieces with theirs.

A reader takes what it sees at one scale.  Here a photo is read whole and in tiles, larger and smaller, freed of noise
and with sharper edges; what was read is painted over, so that each look is for what is left.  A code that was seen and
not read is looked at from close by, and told of where even that is in vain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from provenance.corners import Corners, Sight, centre, meet, side, span, square, within
from provenance.media import open_photo, upright

MAX_SECONDS = 40.0
"""Seconds of processor time spent on one photo, less than its process has."""
MAX_WAIT = 90.0
"""Seconds that pass meanwhile, less than are waited for its process: a busy machine gives no whole processor."""
MAX_SIGHTS = 400
"""Most codes looked for: twice the largest sheet."""
MAX_TEXT = 512
"""Characters of a payload that are kept: a tag's address has about 50."""
_LARGEST = 6_000
"""Pixels of the longer side that are looked at: a sheet's modules have three there."""
_FORMATS = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2)
_LOCAL, _GLOBAL = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to look: larger or smaller, freed of so much noise, with its edges made sharp, by which threshold."""

    scale: float = 1.0
    soft: float = 0.0
    sharp: bool = False
    binarizer: zxingcpp.Binarizer = _LOCAL

    def shown(self, image: Image.Image) -> Image.Image:
        """Return the picture as the reader gets it."""
        if self.soft:  # A phone's noise breaks up the edges of modules that are five pixels wide.
            image = image.filter(ImageFilter.GaussianBlur(self.soft))
        if self.scale != 1.0:
            size = (max(1, round(image.width * self.scale)), max(1, round(image.height * self.scale)))
            image = image.resize(size, Image.Resampling.BICUBIC)
        return image.filter(ImageFilter.UnsharpMask(4, 250, 0)) if self.sharp else image


_TILED = (
    (2, (_Way(soft=1.0),)),
    (3, (_Way(), _Way(soft=1.0, sharp=True))),
    (4, (_Way(1.5, 1.0, sharp=True), _Way(0.6, 1.0), _Way(0.8, sharp=True, binarizer=_GLOBAL))),
)
"""How many tiles across and down, and the ways to look at them: what was found best on pictures of sheets, in turn."""
_CLOSE = tuple(
    _Way(scale, soft, sharp, binarizer)
    for scale in (1.0, 1.5, 2.0, 3.0, 0.7)
    for soft, sharp in ((0.0, False), (1.0, False), (1.0, True), (1.6, True))
    for binarizer in (_LOCAL, _GLOBAL)
)


def find_codes(data: bytes, seconds: float = MAX_SECONDS) -> list[Sight]:
    """Return the QR codes on a photo; raises `MalformedError` where it is no photo."""
    image = upright(open_photo(data)).convert("L")
    image.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
    search = _Search(image, seconds)
    search.run()
    width = image.width

    def share(corners: Corners) -> Corners:
        a, b, c, d = ((x / width, y / width) for x, y in corners)
        return a, b, c, d

    return [Sight(text[:MAX_TEXT], share(corners)) for text, corners in (*search.read, *search.doubtful())]


class _Search:
    """One photo in grey; what was read on it is painted over."""

    def __init__(self, image: Image.Image, seconds: float) -> None:
        self._image = image
        self._end = time.process_time() + seconds, time.monotonic() + MAX_WAIT
        self.read: list[tuple[str, Corners]] = []
        self.unread: list[tuple[str, Corners]] = []

    def run(self) -> None:
        """Look until nothing is left to try or the time is over."""
        for look in self._looks():
            if self._is_over() or len(self.read) >= MAX_SIGHTS:
                return
            if look is None:
                self._look_closer()
            else:
                self._look(*look)

    def _is_over(self) -> bool:
        return time.process_time() > self._end[0] or time.monotonic() > self._end[1]

    def doubtful(self) -> list[tuple[str, Corners]]:
        """Return what was seen, not read, and can be a tag: of about the size of those that were read, and beside them.

        Figures among words and within codes are seen too.
        """
        sides = sorted(side(corners) for _, corners in self.read)
        usual = sides[len(sides) // 2] if sides else 0.0
        kept = list[tuple[str, Corners]]()
        for text, corners in self.unread:
            beside = not any(meet(corners, known) for _, known in (*self.read, *kept))
            if beside and (not usual or 0.6 < side(corners) / usual < 1.7):
                kept.append((text, corners))
        return kept

    def _looks(self) -> Iterator[tuple[Box, _Way] | None]:
        """Yield parts of the photo and ways to look at them, quick ones first; ``None`` is for a closer look."""
        width, height = self._image.size
        whole, longest = (0, 0, width, height), max(width, height)
        for pixels in (2_400, 1_200):
            yield whole, _Way(min(1.0, pixels / longest))
        for parts, ways in _TILED:
            for way in ways:
                for box in _tiles(width, height, parts):
                    yield box, way
            yield None

    def _look_closer(self) -> None:
        """Look at each code that was seen and not read, from close by, in every way."""
        for _, corners in list(self.unread):
            box = _around(corners, 0.45, self._image.size)
            for way in _CLOSE:
                if self._is_over():
                    return
                if self._look(box, way):
                    break

    def _look(self, box: Box, way: _Way) -> bool:
        """Read one part of the photo; return whether anything new was read."""
        part, found = way.shown(self._image.crop(box)), False
        for code in zxingcpp.read_barcodes(
            part, formats=_FORMATS, binarizer=way.binarizer, try_invert=False, return_errors=True
        ):
            place = code.position
            points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
            a, b, c, d = ((box[0] + point.x / way.scale, box[1] + point.y / way.scale) for point in points)
            found |= self._note(code.text if code.valid else "", (a, b, c, d))
        return found

    def _note(self, text: str, corners: Corners) -> bool:
        """Take note of a code; return whether it is read and new."""
        x, y = centre(corners)
        if any(within(known, x, y) for _, known in self.read):
            return False
        if not text:
            if not any(within(known, x, y) for _, known in self.unread) and square(corners):
                self.unread.append(("", corners))
            return False
        self.read.append((text, corners))
        self.unread = [item for item in self.unread if not within(corners, *centre(item[1]))]
        ImageDraw.Draw(self._image).polygon(list(corners), fill=255)
        return True


def _tiles(width: int, height: int, parts: int) -> Iterator[Box]:
    """Cut into `parts` by `parts` tiles, each larger by half so that no code lies on a cut alone."""
    for row in range(parts):
        for column in range(parts):
            across, down = width / parts, height / parts
            left, top = column * across - across / 4, row * down - down / 4
            right, bottom = left + across * 1.5, top + down * 1.5
            yield max(0, round(left)), max(0, round(top)), min(width, round(right)), min(height, round(bottom))


def _around(corners: Corners, margin: float, size: tuple[int, int]) -> Box:
    (left_, right_), (top_, bottom_) = span(corners, 0), span(corners, 1)
    extra = margin * max(right_ - left_, bottom_ - top_)
    left, top = max(0, round(left_ - extra)), max(0, round(top_ - extra))
    right, bottom = min(size[0], round(right_ + extra)), min(size[1], round(bottom_ + extra))
    return left, top, max(right, left + 1), max(bottom, top + 1)
