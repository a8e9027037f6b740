"""A firing as a potter photographs it: each slip, then its piece from all sides, with phones whose clocks differ."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw, ImageFilter

from provenance.printing.codes import matrix
from provenance.serial import Serial
from provenance.slip import slip_text

_GLAZES = ((236, 240, 242), (190, 214, 204), (58, 84, 150), (150, 40, 44), (228, 222, 200))


@dataclass(slots=True)
class Phone:
    """A phone with its own clock, its own count of photos, and its own format."""

    model: str
    clock: datetime
    kind: str = "JPEG"
    prefix: str = "IMG_"
    count: int = 4_710

    def name(self) -> str:
        """Return the name of the next photo."""
        self.count += 1
        return f"{self.prefix}{self.count:04}.{'HEIC' if self.kind == 'HEIF' else 'jpg'}"


@dataclass(slots=True)
class Shoot:
    """Photos taken into a folder; `truth` is which piece each shows, by name, ``None`` for a slip alone."""

    folder: Path
    rng: random.Random
    size: tuple[int, int] = (1_200, 900)
    truth: dict[str, Serial | None] = field(default_factory=dict)

    def slip(self, phone: Phone, serial: Serial, *, readable: bool = True, blur: float = 0.0) -> str:
        """Photograph a slip that lies on a bench; `blur` are pixels that it is out of focus by."""
        picture = self._bench()
        self._lay(picture, slip_of(serial), (0.5, 0.5), 0.42)
        if not readable:  # A thumb lies on it.
            width, height = picture.size
            draw = ImageDraw.Draw(picture)
            draw.ellipse((width * 0.30, height * 0.28, width * 0.56, height * 0.62), fill=(214, 160, 132))
        return self._take(phone, picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture, None)

    def piece(self, phone: Phone, serial: Serial, side: int, *, with_slip: bool = False) -> str:
        """Photograph one side of a piece, its slip in a corner where asked."""
        picture = self._bench()
        _pot(picture, serial, side)
        if with_slip:
            self._lay(picture, slip_of(serial), (0.15, 0.82), 0.11)
        return self._take(phone, picture, serial)

    def all_of(
        self,
        phone: Phone,
        serials: Iterable[Serial],
        sides: Sequence[int] = (0, 1, 2),
        unreadable: Iterable[Serial] = (),
    ) -> None:
        """Photograph pieces one after the other, each after its slip."""
        hidden = set(unreadable)
        for serial in serials:
            self.slip(phone, serial, readable=serial not in hidden)
            for side in sides:
                self.piece(phone, serial, side)

    def _bench(self) -> Image.Image:
        picture = Image.new("RGB", self.size, (186, 168, 142))
        draw = ImageDraw.Draw(picture)
        for _ in range(30):
            y = self.rng.randrange(self.size[1])
            shade = self.rng.randrange(-14, 14)
            draw.line((0, y, self.size[0], y + self.rng.randrange(-9, 9)), (186 + shade, 168 + shade, 142 + shade), 3)
        return picture

    def _lay(self, picture: Image.Image, slip: Image.Image, at: tuple[float, float], share: float) -> None:
        side = round(picture.width * share / 0.66)  # The code takes two thirds of its slip.
        laid = slip.resize((side, side), Image.Resampling.LANCZOS).convert("RGBA")
        laid = laid.rotate(self.rng.uniform(-14, 14), Image.Resampling.BICUBIC, expand=True)
        x, y = round(picture.width * at[0] - laid.width / 2), round(picture.height * at[1] - laid.height / 2)
        picture.paste(laid, (x, y), laid)

    def _take(self, phone: Phone, picture: Image.Image, serial: Serial | None) -> str:
        phone.clock += timedelta(seconds=self.rng.uniform(2, 9))
        soft = picture.filter(ImageFilter.GaussianBlur(self.rng.uniform(0.2, 0.9)))
        name = phone.name()
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved(soft, phone))
        self.truth[name] = serial
        return name


def saved(picture: Image.Image, phone: Phone) -> bytes:
    """Return a photo's file as a phone writes it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker of phones", phone.model
    details = exif.get_ifd(0x8769)
    details[0x9003] = phone.clock.strftime("%Y:%m:%d %H:%M:%S")
    details[0x9291] = f"{phone.clock.microsecond // 1000:03}"
    out = io.BytesIO()
    if phone.kind == "HEIF":
        pillow_heif.from_pillow(picture).save(out, quality=70, exif=exif.tobytes())
    else:
        picture.save(out, "JPEG", quality=88, exif=exif)
    return out.getvalue()


def slip_of(serial: Serial) -> Image.Image:
    """Return a slip as it is printed, 46 mm at ten dots a millimetre."""
    slip = Image.new("RGB", (460, 460), "white")
    draw = ImageDraw.Draw(slip)
    modules = matrix(slip_text(serial))
    left, top = (460 - 11 * len(modules)) // 2, 122
    for y, row in enumerate(modules):
        for x, is_dark in enumerate(row):
            if is_dark:
                draw.rectangle((left + 11 * x, top + 11 * y, left + 11 * x + 10, top + 11 * y + 10), fill="black")
    return slip


def _pot(picture: Image.Image, serial: Serial, side: int) -> None:
    """Draw a pot that is like no other: its form and glaze follow from its serial, its painting from the side too."""
    width, height = picture.size
    draw, own = ImageDraw.Draw(picture), random.Random(f"{serial}")
    glaze = own.choice(_GLAZES)
    half, top = own.uniform(0.12, 0.24), own.uniform(0.14, 0.3)
    box = (width * (0.5 - half), height * top, width * (0.5 + half), height * 0.86)
    draw.ellipse(box, fill=glaze, outline=(40, 50, 90), width=3)
    draw.ellipse(
        (width * (0.5 - half / 2), height * (top - 0.03), width * (0.5 + half / 2), height * (top + 0.05)), (70, 60, 60)
    )
    turned = random.Random(f"{serial}{side}")
    for _ in range(9):
        x, y = turned.uniform(box[0], box[2]), turned.uniform(box[1] + 40, box[3])
        draw.arc(
            (x, y, x + width * 0.08, y + height * 0.08),
            turned.uniform(0, 180),
            turned.uniform(180, 360),
            (30, 60, 160),
            5,
        )
