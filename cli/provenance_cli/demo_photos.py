"""Photos of the sample studio's pieces, drawn: a buyer's page has a picture to compare, and no real pot is passed off.

Each pot is turned from its profile as on a wheel, the same in every run, and the picture says what it is.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from provenance.piece import Photo, Piece
from provenance_cli.darkroom import WorkshopDarkroom
from provenance_cli.store import Entry
from provenance_cli.workshop import Workshop

SIDE = 900
"""Pixels of a side of a picture: enough for a phone, and quickly made smaller by the registry."""
_WORK, _SKIN = 1_260, 900
"""Pixels of a side while it is drawn, and of the skin around a pot."""
_COBALT = (38, 66, 142)
_ENAMELS = ((176, 52, 44), (66, 122, 78), (214, 172, 66), _COBALT)
_GLAZES = {"影青": (203, 222, 220), "霁蓝": (36, 54, 116), "甜白": (244, 241, 233)}
_CLEAR = (240, 242, 242)


@dataclass(frozen=True, slots=True)
class _Form:
    """A pot's outline from the rim down: shares of its height, and radii as shares of that; `rise` is its height."""

    rise: float
    outline: tuple[tuple[float, float], ...]

    def radius(self, at: float) -> float:
        """Return the radius at a share of the height, on a smooth line between the points."""
        for (upper, wide), (lower, wider) in zip(self.outline, self.outline[1:], strict=False):
            if at <= lower:
                share = (at - upper) / (lower - upper)
                return wide + (wider - wide) * share * share * (3 - 2 * share)
        return self.outline[-1][1]


_BOWL = _Form(0.36, ((0, 1.07), (0.3, 1.0), (0.6, 0.82), (0.86, 0.44), (0.88, 0.40), (1, 0.42)))
_FORMS = {
    "玉壶春瓶": _Form(0.74, ((0, 0.14), (0.06, 0.09), (0.3, 0.065), (0.7, 0.29), (0.9, 0.19), (0.93, 0.15), (1, 0.16))),
    "梅瓶": _Form(0.74, ((0, 0.09), (0.03, 0.09), (0.06, 0.07), (0.09, 0.085), (0.3, 0.30), (0.85, 0.16), (1, 0.18))),
    "斗笠盏": _Form(0.30, ((0, 1.33), (0.88, 0.34), (0.9, 0.30), (1, 0.32))),
    "杯": _Form(0.42, ((0, 1.04), (0.4, 0.94), (0.84, 0.62), (0.87, 0.50), (1, 0.50))),
    "碗": _BOWL,
}


def with_photos(workshop: Workshop, entries: Sequence[Entry]) -> list[Entry]:
    """Return the pieces of the sample, with a photo each of those whose form can be drawn."""
    with WorkshopDarkroom(workshop) as darkroom:
        return [
            entry
            if (picture := drawn(entry.piece)) is None
            else replace(entry, piece=replace(entry.piece, photos=(Photo(darkroom.prepare(picture), role="overview"),)))
            for entry in entries
        ]


def drawn(piece: Piece) -> bytes | None:
    """Return the picture of a piece as a JPEG, ``None`` for a form that is not known here."""
    form = _FORMS.get(piece.form.get("zh-Hans", ""))
    if form is None:
        return None
    glaze = next((hue for name, hue in _GLAZES.items() if piece.glaze.get("zh-Hans", "").startswith(name)), _CLEAR)
    picture = _bench(form)
    _turn(picture, form, _skin(glaze, piece.decoration.get("zh-Hans", ""), f"{piece.accession_number}"), glaze)
    out = io.BytesIO()
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    words = ImageDraw.Draw(small)
    words.text((SIDE - 28, SIDE - 28), "DEMO · a drawing", (128, 132, 138), ImageFont.load_default(20), anchor="rs")
    small.save(out, "JPEG", quality=86)
    return out.getvalue()


def _bench(form: _Form) -> Image.Image:
    """Return the grey ground with the shadow of a pot."""
    ground = Image.linear_gradient("L").resize((_WORK, _WORK)).point([196 + level // 8 for level in range(256)])
    shadow = Image.new("L", (_WORK, _WORK), 0)
    half, foot = form.rise * form.radius(1) * _WORK, _foot()
    spread = half + 0.05 * _WORK
    ImageDraw.Draw(shadow).ellipse((_WORK / 2 - spread, foot - 26, _WORK / 2 + spread * 1.5, foot + 30), fill=110)
    shadow = shadow.filter(ImageFilter.GaussianBlur(20))
    return Image.merge("RGB", [ImageChops.subtract(ground, shadow)] * 3)


def _skin(glaze: Sequence[int], decoration: str, seed: str) -> Image.Image:
    """Return what is around a pot, unrolled: glaze, painting, and the light from the left."""
    skin = Image.new("RGB", (_SKIN, _SKIN), tuple(glaze))
    brush, own = ImageDraw.Draw(skin), random.Random(seed)  # noqa: S311 - a painter's hand, and no secret
    if "缠枝" in decoration:
        for y, thick in ((96, 5), (112, 12), (250, 6), (690, 6), (806, 14), (832, 5)):
            brush.line((0, y, _SKIN, y), _COBALT, thick)
        for place in range(14):
            brush.polygon(_petal(place * 66 + 33, 690, 800, 27), outline=_COBALT, width=5)
        for place in range(4):
            _lotus(brush, 112 + place * 225, 390 + 150 * (place % 2))
    elif "雞" in decoration:
        for place in range(5):
            _hen(brush, 120 + place * 165, 470 + own.randrange(-30, 30), own)
        brush.line((0, 92, _SKIN, 92), _COBALT, 8)
    elif decoration:  # Carved under the glaze, which lies thicker there.
        deep = tuple(round(part * 0.90) for part in glaze)
        for place in range(9):
            x, y = place * 100 + 50, 330 + 160 * (place % 2)
            brush.arc((x - 110, y - 90, x + 110, y + 150), own.randrange(180, 220), own.randrange(330, 380), deep, 9)
            brush.arc((x - 70, y - 50, x + 70, y + 110), own.randrange(180, 220), own.randrange(330, 380), deep, 7)
    light = Image.new("L", (_SKIN, 1))
    for x in range(_SKIN):  # Brightest a third from the left, dark at both edges.
        away = (x / _SKIN - 0.36) / 0.64
        light.putpixel((x, 0), round(255 * max(0.36, 1 - 0.62 * abs(away) ** 2.2)))
    return ImageChops.multiply(skin, Image.merge("RGB", [light.resize((_SKIN, _SKIN))] * 3))


def _petal(x: float, top: float, bottom: float, half: float) -> list[tuple[float, float]]:
    return [(x, top), (x + half, top + 40), (x + half, bottom), (x - half, bottom), (x - half, top + 40)]


def _lotus(brush: ImageDraw.ImageDraw, x: float, y: float) -> None:
    """Paint a flower with its stem, which winds to the next."""
    for side in (-1, 1):
        brush.arc((x - 130 + side * 60, y - 110, x + 130 + side * 60, y + 110), 20, 160, _COBALT, 7)
        for reach, up in ((46, 18), (32, 42)):
            brush.ellipse(
                (x + side * reach - 22, y - up - 22, x + side * reach + 22, y - up + 22), outline=_COBALT, width=6
            )
        brush.ellipse((x + side * 96 - 16, y + 36, x + side * 96 + 16, y + 84), fill=_COBALT)
    brush.ellipse((x - 24, y - 72, x + 24, y - 4), fill=_COBALT)
    brush.ellipse((x - 38, y - 12, x + 38, y + 26), outline=_COBALT, width=7)


def _hen(brush: ImageDraw.ImageDraw, x: float, y: float, own: random.Random) -> None:
    """Paint a bird: a body, a head with its comb, a tail, a tuft of grass."""
    red, green, yellow, blue = _ENAMELS
    brush.ellipse((x - 46, y - 28, x + 40, y + 34), fill=own.choice((yellow, red)), outline=blue, width=4)
    brush.ellipse((x + 22, y - 62, x + 56, y - 24), fill=yellow, outline=blue, width=4)
    brush.polygon(((x + 28, y - 62), (x + 40, y - 82), (x + 50, y - 60)), fill=red)
    brush.polygon(((x - 40, y - 4), (x - 84, y - 62), (x - 58, y + 14)), fill=green, outline=blue)
    for blade in (-30, -12, 8, 26):
        brush.line((x + blade, y + 66, x + blade + own.randrange(-16, 16), y + 36), green, 5)


def _turn(picture: Image.Image, form: _Form, skin: Image.Image, glaze: Sequence[int]) -> None:
    """Put a pot on the bench: row by row, as wide as it is there, then its mouth."""
    high = round(form.rise * _WORK)
    top = _foot() - high
    for row in range(high):
        at = row / high
        half = max(1, round(form.radius(at) * high))
        line = round(at * (_SKIN - 1))
        around = skin.crop((0, line, _SKIN, line + 1)).resize((2 * half, 1), Image.Resampling.BILINEAR)
        picture.paste(around, (_WORK // 2 - half, top + row))
    wide, flat = form.radius(0) * high, form.radius(0) * high * 0.13
    mouth = (_WORK / 2 - wide, top - flat, _WORK / 2 + wide, top + flat)
    brush = ImageDraw.Draw(picture)
    brush.ellipse(mouth, fill=tuple(round(part * 0.62) for part in glaze))
    brush.ellipse(mouth, outline=tuple(round(part * 0.94) for part in glaze), width=7)


def _foot() -> int:
    return round(_WORK * 0.87)
