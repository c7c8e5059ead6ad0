"""Photos that the program draws itself, with the EXIF of a tablet's camera."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter
from PIL.TiffImagePlugin import IFDRational

SIZE = (960, 720)
_PALETTES = {
    "forest": ((196, 214, 206), (58, 92, 64), (30, 56, 38)),
    "lake": ((206, 222, 232), (120, 156, 170), (84, 112, 96)),
    "dusk": ((232, 196, 160), (96, 88, 104), (44, 48, 60)),
    "meadow": ((214, 226, 214), (128, 152, 88), (82, 104, 52)),
}


@dataclass(frozen=True)
class Shot:
    name: str
    scene: str
    longitude: float
    latitude: float
    taken_at: datetime


def draw_all(folder: Path, shots: Sequence[Shot]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [_draw(folder / shot.name, shot) for shot in shots]


def _draw(path: Path, shot: Shot) -> Path:
    chance = random.Random(shot.name)
    sky, middle, near = _PALETTES[shot.scene]
    image = Image.new("RGB", SIZE, sky)
    pen = ImageDraw.Draw(image)
    for layer, colour in enumerate((_between(sky, middle, 0.5), middle, _between(middle, near, 0.5), near)):
        pen.polygon(_ridge(chance, 250 + layer * 110), fill=colour)
    if shot.scene == "lake":
        pen.rectangle((0, 430, SIZE[0], SIZE[1]), fill=_between(sky, middle, 0.35))
        for _ in range(60):
            x, y = chance.randrange(SIZE[0]), chance.randrange(440, SIZE[1])
            pen.line((x, y, x + chance.randrange(30, 120), y), fill=_between(sky, middle, 0.6), width=2)
    for _ in range(180):
        x, y = chance.randrange(SIZE[0]), chance.randrange(520, SIZE[1])
        pen.line(
            (x, y, x + chance.randrange(-8, 8), y - chance.randrange(20, 70)),
            fill=_between(near, middle, chance.random()),
            width=2,
        )
    image.filter(ImageFilter.GaussianBlur(1.2)).save(path, "JPEG", quality=88, exif=_exif(shot))
    return path


def _ridge(chance: random.Random, base: int) -> list[tuple[int, int]]:
    points, height = [(0, SIZE[1])], base
    for x in range(0, SIZE[0] + 40, 40):
        height = max(60, height + chance.randrange(-26, 27))
        points.append((x, height))
    return [*points, (SIZE[0], SIZE[1])]


def _between(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def _exif(shot: Shot) -> Image.Exif:
    exif = Image.Exif()
    stamp = shot.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F], exif[0x0110], exif[0x0132] = "Xiangye", "Demo", stamp
    exif.get_ifd(0x8769).update({0x9003: stamp, 0x9011: "+08:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: _dms(shot.latitude), 3: "E", 4: _dms(shot.longitude), 18: "WGS-84"})
    return exif


def _dms(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and hundredths of a second, as EXIF writes them."""
    hundredths = round(abs(degrees) * 3600 * 100)
    return (
        IFDRational(hundredths // 360_000, 1),
        IFDRational(hundredths % 360_000 // 6000, 1),
        IFDRational(hundredths % 6000, 100),
    )
