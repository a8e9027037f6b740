"""A poster for a stall: the one address of the registry in large letters, with its code, in one language or two.

Inside some apps a buyer sees no address bar: this is what the address on the page is held against.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from provenance.printing.codes import QUIET_MODULES, matrix
from provenance.printing.label import COBALT, DIM, INK
from provenance.printing.pen import POINT, WHITE, Colour, Pen
from provenance.tag import host_of
from provenance.texts import poster_word

_A4 = 210.0, 297.0
_MARGIN, _BAND = 18.0, 74.0
_CODE = 92.0
"""Millimetres that the code takes with its light margin: read from three metres."""
_STEPS = "scan", "hold", "compare"
"""What a buyer does, one after the other."""


@dataclass(frozen=True, slots=True)
class Poster:
    """What a poster says: the registry's address like ``https://registry.example``, and whose stall it is.

    It says so in one of `LANGUAGES` in large letters, and in another below, if there is one.
    """

    base_url: str
    studio: str
    languages: tuple[str, ...] = ("zh-Hans", "en")

    @property
    def url(self) -> str:
        """What the code holds: the registry's first page, where a number can be typed."""
        return f"{self.base_url}/"


def print_poster(poster: Poster, out: BinaryIO, *, created: datetime) -> tuple[str, ...]:
    """Write an A4 page to `out`; return the names of the characters that the faces lack.

    `created` (aware) goes into its metadata.
    """
    languages = poster.languages
    title = f"{poster_word('head', languages[0])} · {host_of(poster.base_url)}"
    with Pen(_A4, title, languages[0], created) as pen:
        pen.pdf.add_page()
        width, middle = _A4[0], _A4[0] / 2
        host, room = host_of(poster.base_url), width - 2 * _MARGIN

        def size(place: int, names: tuple[str, ...], sizes: tuple[float, ...], space: float) -> float:
            """Return the largest of `sizes` in points in which each of those words fits on a line."""
            language, steps = languages[place], tuple((points, 1) for points in sizes)
            said = [poster_word(name, language) for name in names]
            return min(pen.fitted(text, steps, space, serif=place == 0, language=language)[1] for text in said)

        def write(name: str, place: int, x: float, y: float, points: float, colour: Colour, share: float) -> None:
            language = languages[place]
            space = room if share else width - _MARGIN - x
            pen.text(
                poster_word(name, language), x, y, points, colour,
                serif=place == 0, room=space, share=share, language=language,
            )  # fmt: skip

        pen.band(0.0, 0.0, width, _BAND)
        pen.seal(middle, 16.0, 8.0, WHITE)
        for place, y in enumerate((46.0, 60.0)[: len(languages)]):
            points = size(place, ("head",), ((50.0, 42.0, 34.0, 28.0), (26.0, 22.0))[place], room)
            write("head", place, middle, y, points, WHITE, 0.5)
        modules = matrix(poster.url, "Q")
        module = _CODE / (len(modules) + 2 * QUIET_MODULES)
        quiet = QUIET_MODULES * module
        pen.modules(modules, middle - _CODE / 2 + quiet, _BAND + 1.0 + quiet, module)
        foot = _BAND + _CODE + 8.0
        address = " · ".join(poster_word("address", language) for language in languages)
        pen.text(address, middle, foot, 12.0, DIM, share=0.5)
        lines, points = pen.fitted(host, ((54.0, 1), (44.0, 1), (36.0, 1), (28.0, 1), (20.0, 2), (14.0, 9)), room)
        for line in lines:
            foot += points * POINT * 1.1
            pen.text(line, middle, foot, points, COBALT, share=0.5)
        foot += 10.0
        scales = (16.0, 14.5, 13.0, 11.5), (12.0, 11.0, 10.0)
        steps = [size(place, _STEPS, scales[place], room - 17.0) for place in range(len(languages))]
        for number, name in enumerate(_STEPS, start=1):
            pen.pdf.set_draw_color(*COBALT)
            pen.pdf.set_line_width(0.4)
            pen.pdf.circle(_MARGIN + 6.0, foot + 5.0, 5.2)
            pen.text(str(number), _MARGIN + 6.0, foot + 7.0, 16.0, COBALT, share=0.5)
            for place, y in enumerate((foot + 4.4, foot + 10.6) if len(languages) > 1 else (foot + 7.0,)):
                write(name, place, _MARGIN + 17.0, y, steps[place], (INK, DIM)[place], 0.0)
            foot += 16.0
        pen.text(poster.studio, middle, _A4[1] - 14.0, 17.0, COBALT, serif=True, room=room, share=0.5)
        pen.write(out)
        return pen.missing
