"""Pictures of printed tags as a phone's preview has them: simulated with Pillow, each the same for the same seed.

A printed code is laid on a label, bent round a cup, set on glaze, seen from the side, lit, soiled, blurred, and stored
as JPEG.  Lengths are in millimetres; how many pixels each has follows from the camera and its distance.  This is a
model: it says which tag reads better, not how many of a certain phone's pictures succeed.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.printed import FINE, MARGIN, dirty, ink, inked
from benchmarks.warp import bent, corners, homography

EQUIVALENT = 26.0
"""Focal length in mm of a phone's main camera, as if its picture were 36 × 24 mm."""
FRAME = 1920
"""Pixels across a preview frame; the sensor has 4 : 3, and a preview its whole width."""
FOCAL = EQUIVALENT / (math.hypot(36, 24) * 0.8) * FRAME
"""Focal length in pixels: this over the distance are the pixels a millimetre."""
GROUND = 5.0
"""Glaze round the label that is in the picture, in millimetres."""
GRAIN = 2000
"""Pixels across the field that noise is taken from."""
ORDINARY = ("clean", "jpeg", "shadow", "perspective")
HARD = ("far", "tilt", "blur", "noise", "glare", "cylinder", "low light", "dirt", "thumb")
Range = tuple[float, float]
RADIUS: Range = (18, 40)
"""Cups' radii, in millimetres."""


@dataclass(frozen=True, slots=True)
class Camera:
    """What differs between conditions: where the camera stands, and what it does to the picture."""

    says: str
    distance: Range = (150, 250)
    tilt: Range = (0, 8)
    blur: Range = (0.5, 0.8)
    shake: Range = (0, 1)
    noise: Range = (2, 6)
    quality: Range = (80, 90)
    gain: Range = (0.8, 0.95)


CAMERAS = {
    "clean": Camera("held still in front of the tag"),
    "jpeg": Camera("stored as JPEG of quality 25 to 45, as messengers do", quality=(25, 45)),
    "shadow": Camera("the edge of a shadow across it, 33 to 60 % of the light behind"),
    "perspective": Camera("seen 10 to 25° from the side", tilt=(10, 25)),
    "far": Camera("from 300 to 400 mm", distance=(300, 400)),
    "tilt": Camera("seen 40 to 60° from the side", tilt=(40, 60)),
    "blur": Camera("out of focus, 1.1 to 1.9 pixels, or shaken by 4 to 8", blur=(1.1, 1.9)),
    "noise": Camera("noise of 15 to 35 of 255", noise=(15, 35)),
    "glare": Camera("two to five lamps mirrored, each 2 to 5 mm across"),
    "cylinder": Camera(
        "round a cup 36 to 80 mm across, seen 5 to 20° from the side and from up to 29° above", tilt=(5, 20)
    ),
    "low light": Camera(
        "14 to 25 % of the light, noise 4 to 9, shaken by 1 to 3 pixels",
        blur=(0.5, 0.9),
        shake=(1, 3),
        noise=(4, 9),
        gain=(0.14, 0.25),
    ),
    "dirt": Camera("a speck of clay, glaze or scratch each 40 to 100 mm², 0.3 to 2.4 mm across"),
    "thumb": Camera("a thumb 15 mm wide that reaches 2 to 6 mm over a corner of the white margin"),
}


def model() -> str:
    """Return the parameters of all captures, as lines of Markdown."""
    near, far = (FOCAL / mm for mm in reversed(CAMERAS["clean"].distance))
    lines = [
        f"Camera: preview frames of {FRAME} × {FRAME * 9 // 16}, {EQUIVALENT:g} mm equivalent, 150 to 250 mm away: "
        f"{near:.1f} to {far:.1f} pixels a millimetre.  Lens 0.5 to 0.8 pixels (standard deviation), noise 2 to 6 of "
        "255, JPEG 80 to 90, turned by up to 25°, white paper at 71 to 100 % of white.  Ink spreads or falls short by "
        f"up to 0.04 mm.  Readers get the label and {GROUND:g} mm of crackled glaze around it.",
        "",
    ]
    return "\n".join(lines + [f"- {name}: {CAMERAS[name].says}" for name in ORDINARY + HARD])


def frames(label: Image.Image, condition: str, seed: str) -> Iterator[Image.Image]:
    """Yield pictures of one scene without end, which differ in their noise only."""
    random = Random(seed)
    camera = CAMERAS[condition]
    scene = inked(label, ink(random))
    side = label.width / FINE - 2 * MARGIN
    if condition == "dirt":
        dirty(scene, random)
    sheet = Image.new("L", scene.size, 255)
    if condition == "cylinder":
        radius, height = random.uniform(*RADIUS), random.uniform(0, 0.5)
        scene, sheet = (bent(image, radius, height) for image in (scene, sheet))
    view, scale = _seen(scene, sheet, camera, random)
    if condition in _LIGHT:
        view = _LIGHT[condition](view, random, side, scale)
    shake, soft = random.uniform(*camera.shake), random.uniform(*camera.blur)
    if condition == "blur" and random.random() < 0.5:
        shake, soft = random.uniform(4, 8), 0.6
    view = _shaken(view, shake, random.uniform(0, math.pi)).filter(ImageFilter.GaussianBlur(soft))
    gain, lift = random.uniform(*camera.gain), random.uniform(8, 25)
    view = view.point([min(255, round(lift + value * gain)) for value in range(256)])
    quality, noise = round(random.uniform(*camera.quality)), random.uniform(*camera.noise)
    while True:
        yield _stored(_noisy(view, noise, random), quality)


def cup(seed: str) -> float:
    """Return the diameter in mm of the cup that stands in the cylinder scene of that seed."""
    random = Random(seed)
    ink(random)
    return 2 * random.uniform(*RADIUS)


def _seen(scene: Image.Image, sheet: Image.Image, camera: Camera, random: Random) -> tuple[Image.Image, float]:
    """Turned, and seen from the side, on its glaze; and the pixels a millimetre."""
    distance = random.uniform(*camera.distance)
    turn, tilt, towards = random.uniform(-25, 25), random.uniform(*camera.tilt), random.uniform(0, 360)
    scale = FOCAL / distance
    placed = corners(scene.width / FINE, scene.height / FINE, distance, turn, tilt, towards)
    span = (max(max(abs(x), abs(y)) for x, y in placed) + GROUND) * 2
    pixels = round(span * scale)
    # Twice as fine at first, so that nothing is skipped between the pixels.
    fine = [((x + span / 2) * scale * 2, (y + span / 2) * scale * 2) for x, y in placed]
    wide, high = map(float, scene.size)
    coefficients = homography(fine, [(0, 0), (wide, 0), (wide, high), (0, high)])
    glaze = _glaze(pixels, scale, random)
    size = (pixels * 2, pixels * 2)
    kind = Image.Transform.PERSPECTIVE
    view = scene.transform(size, kind, coefficients, Image.Resampling.BILINEAR).reduce(2)
    mask = sheet.transform(size, kind, coefficients, Image.Resampling.NEAREST).reduce(2)
    glaze.paste(view, (0, 0), mask)
    return glaze, scale


def _glaze(pixels: int, scale: float, random: Random) -> Image.Image:
    """Glaze in soft light, brighter and darker by a fifth, with the dark lines of its crackle."""
    tone = random.randint(70, 170)
    spots = Image.frombytes("L", (4, 4), bytes(round(tone * random.uniform(0.8, 1.2)) for _ in range(16)))
    glaze = spots.resize((pixels, pixels), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(glaze)
    for _ in range(14):
        angle = random.uniform(0, 2 * math.pi)
        x, y = (random.uniform(0, pixels) for _ in range(2))
        line = [(x, y)]
        for _ in range(8):
            angle += random.uniform(-0.5, 0.5)
            x, y = x + math.cos(angle) * 3 * scale, y + math.sin(angle) * 3 * scale
            line.append((x, y))
        draw.line(line, fill=tone * 2 // 3)
    return glaze


def _shaken(view: Image.Image, length: float, angle: float) -> Image.Image:
    """Moved by `length` pixels while the shutter was open: the mean of what was seen on the way."""
    steps = math.ceil(length)
    if steps < 2:
        return view
    mean = view
    for step in range(1, steps):
        way = length * step / (steps - 1)
        across, down = round(math.cos(angle) * way), round(math.sin(angle) * way)
        mean = Image.blend(mean, ImageChops.offset(view, across, down), 1 / (step + 1))
    return mean


def _shadow(view: Image.Image, random: Random, side: float, scale: float) -> Image.Image:
    """A soft edge across the picture, beyond which there is a third to six tenths of the light."""
    mask = Image.new("L", view.size, 255)
    angle, dark = random.uniform(0, 2 * math.pi), random.randint(85, 150)
    x, y = (view.width / 2 + random.uniform(-0.3, 0.3) * side * scale for _ in range(2))
    ahead, beside = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    far = 2 * view.width
    outline = [
        (x + beside[0] * sign * far + ahead[0] * reach, y + beside[1] * sign * far + ahead[1] * reach)
        for sign, reach in ((1, 0), (-1, 0), (-1, far), (1, far))
    ]
    ImageDraw.Draw(mask).polygon(outline, fill=dark)
    return ImageChops.multiply(view, mask.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2) * scale)))


def _glare(view: Image.Image, random: Random, side: float, scale: float) -> Image.Image:
    """Lamps mirrored in gloss: spots 2 to 5 mm across that are white, with a halo, and a veil over all."""
    spots = Image.new("L", view.size, random.randint(0, 40))
    draw = ImageDraw.Draw(spots)
    for _ in range(random.randint(2, 5)):
        x, y = (view.width / 2 + random.uniform(-0.5, 0.5) * side * scale for _ in range(2))
        wide, high = (random.uniform(1.0, 2.5) * scale for _ in range(2))
        draw.ellipse((x - wide, y - high, x + wide, y + high), fill=255)
    return ImageChops.add(view, spots.filter(ImageFilter.GaussianBlur(0.5 * scale)))


def _thumb(view: Image.Image, random: Random, side: float, scale: float) -> Image.Image:
    """A thumb's tip, 15 mm wide, that reaches 2 to 6 mm over a corner, counted from the quiet zone's."""
    towards = math.radians(45 + 90 * random.randrange(4)) + random.uniform(-0.25, 0.25)
    depth, radius, tone = random.uniform(2.0, 6.0), 7.5, random.randint(110, 170)
    start, end = side / math.sqrt(2) - depth + radius, 2 * side + 4 * radius
    (x, y), far = (
        tuple(view.width / 2 + way * part * scale for part in (math.cos(towards), math.sin(towards)))
        for way in (start, end)
    )
    draw = ImageDraw.Draw(view)
    for step in range(24):
        reach, fill = radius * (1 - step / 24) * scale, tone + 3 * step
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=fill)
        draw.line([(x, y), (far[0], far[1])], fill=fill, width=round(2 * reach))
    return view


_LIGHT: dict[str, Callable[[Image.Image, Random, float, float], Image.Image]] = {
    "shadow": _shadow,
    "glare": _glare,
    "thumb": _thumb,
}


@lru_cache(maxsize=1)
def _grain() -> Image.Image:
    """A field of noise round 127.5: the mean of four even ones is close to a bell, with a deviation of 36.95."""
    random, size = Random("grain"), (GRAIN, GRAIN)
    first, second, third, fourth = (Image.frombytes("L", size, random.randbytes(GRAIN * GRAIN)) for _ in range(4))
    return ImageChops.add(ImageChops.add(first, second, 2), ImageChops.add(third, fourth, 2), 2)


def _noisy(view: Image.Image, strength: float, random: Random) -> Image.Image:
    """Noise of that standard deviation, each time from another place of the field."""
    left, top = random.randrange(GRAIN - view.width), random.randrange(GRAIN - view.height)
    noise = _grain().crop((left, top, left + view.width, top + view.height))
    share = strength / 36.95
    shifted = noise.point([max(0, min(255, round(128 + (value - 127.5) * share))) for value in range(256)])
    return ImageChops.add(view, shifted, 1, -128)


def _stored(view: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    view.save(file, "JPEG", quality=quality)
    with Image.open(file) as image:
        image.load()
        return image
