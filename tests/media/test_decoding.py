"""Photos decoded in a child: what they say of themselves, and renditions that are pixels and nothing else."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from server.demo.photos import Shot, draw_all
from server.media.decoding import Decoded, decode, read_answer
from server.media.limits import EDGES_PX
from server.media.rules import is_bare_jpeg
from shared.clock import CHINA


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    shot = Shot("a.jpg", "lake", 112.9287654, 24.9512345, datetime(2025, 5, 20, 8, tzinfo=CHINA))
    return draw_all(tmp_path_factory.mktemp("photos"), [shot])[0].read_bytes()


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_a_photo_gives_its_position_its_time_and_two_renditions(photo: bytes) -> None:
    told = decode(photo)
    assert told.problem is None
    assert told.position is not None
    assert abs(told.position[0] - 249512345) <= 20
    assert abs(told.position[1] - 1129287654) <= 20
    assert (told.captured_at or "").startswith("2025-05-20T08:00:00")
    assert [(made.width_px, made.height_px) for made in told.renditions] == [(960, 720), (400, 300)]
    for made in told.renditions:
        with opened(made.jpeg) as image:
            assert not image.getexif()
            assert "comment" not in image.info
            assert image.size == (made.width_px, made.height_px)


def test_sample_photos_tell_what_is_expected_of_them(shared_data: Path) -> None:
    folder = shared_data / "photos"
    with (folder / "EXIF_EXPECTED.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        told = decode((folder / row["file"]).read_bytes())
        assert told.problem is None, row["file"]
        place = (round(float(row["lat"]), 6), round(float(row["lon"]), 6)) if row["lat"] else None
        assert (told.position and tuple(round(value / 1e7, 6) for value in told.position)) == place, row["file"]
        day, _, clock = row["datetime_original"].partition(" ")
        assert (told.captured_at or "")[:19] == (f"{day.replace(':', '-')}T{clock}" if day else ""), row["file"]
        stated = (told.map_datum, told.gps_date, told.make, told.model)
        assert stated == tuple(row[name].strip() for name in ("gps_map_datum", "gps_date", "make", "model"))
        width, height = map(int, row["pillow_decode"].split("x"))
        if row["orientation"].startswith("Rotated 90"):
            width, height = height, width
        for made, edge in zip(told.renditions, EDGES_PX, strict=True):
            scale = min(1.0, edge / max(width, height))
            assert abs(made.width_px - width * scale) <= 1
            assert abs(made.height_px - height * scale) <= 1


@pytest.mark.parametrize(
    "mode_in",
    [
        *("RGB in PNG", "RGBA in PNG", "L in PNG", "LA in PNG", "P in PNG", "1 in PNG", "I;16 in PNG"),
        *("CMYK in JPEG", "L in JPEG", "RGB in WEBP", "RGBA in WEBP", "P in WEBP"),
    ],
)
def test_every_kind_of_pixels_is_read(mode_in: str) -> None:
    mode, kind = mode_in.split(" in ")
    grey = Image.linear_gradient("L").resize((640, 480))
    image = grey.convert("I;16").point(lambda value: value * 257) if mode == "I;16" else grey.convert(mode)
    told = decode(saved(image, kind))
    assert told.problem is None
    with opened(told.renditions[0].jpeg) as made:
        light = made.convert("L")
        # A picture without grey levels is dithered: halves are compared, not points.
        assert light.resize((1, 2), Image.Resampling.BOX).getpixel((0, 0)) < 80
        assert light.resize((1, 2), Image.Resampling.BOX).getpixel((0, 1)) > 175


def test_what_is_transparent_does_not_show_what_lies_beneath() -> None:
    image = Image.new("RGBA", (300, 200), (255, 255, 255, 255))
    ImageDraw.Draw(image).rectangle((50, 50, 250, 150), fill=(0, 0, 0, 0))
    with opened(decode(saved(image, "PNG")).renditions[0].jpeg) as made:
        assert made.getpixel((150, 100)) == (255, 255, 255)


def test_a_rendition_is_upright(photo: bytes) -> None:
    image = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 399, 60), fill="black")
    exif = Image.Exif()
    exif[0x0112] = 6
    made = decode(saved(image, "JPEG", exif=exif)).renditions[0]
    assert (made.width_px, made.height_px) == (200, 400)
    with opened(made.jpeg) as turned:
        assert turned.convert("L").getpixel((190, 200)) < 40


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\xff\xd8\xff\xe0" + b"\0" * 40, b"II*\0" + b"\0" * 100])
def test_what_is_no_photo_is_one_kind_of_problem(data: bytes) -> None:
    told = decode(data)
    assert told.renditions == ()
    assert "图片无法解码" in (told.problem or "")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]\n",
        b"\xff\n",
        b'{"facts": []}\n{"sizes": []}\n',
        b'{"sizes": [[1, 1, 3], [1, 1, 3]]}\nabcdef',
        b'{"sizes": [[-1, 1, -3], [1, 1, 3]]}\nabc',
        b'{"sizes": [["1", 1, 1], [1, 1, 1]]}\nab',
        b'{"sizes": [[1, 1]]}\n',
        b"[" * 100_000,
    ],
)
def test_a_child_that_talks_nonsense_is_one_kind_of_problem(answer: bytes) -> None:
    assert read_answer(answer, 0) == Decoded(problem="图片无法解码：解码进程中止")


def test_a_child_cannot_smuggle_a_rendition_with_more_than_pixels(photo: bytes) -> None:
    jpeg = decode(photo).renditions[1].jpeg
    for hidden in (jpeg + b"x", jpeg[:2] + b"\xff\xfe\x00\x06note" + jpeg[2:], photo):
        answer = f'{{"sizes": [[400, 300, {len(hidden)}], [400, 300, {len(jpeg)}]]}}\n'.encode() + hidden + jpeg
        assert read_answer(answer, 0).renditions == ()


def test_a_bare_jpeg_is_known_by_its_bytes(photo: bytes) -> None:
    bare = decode(photo).renditions[0].jpeg
    assert is_bare_jpeg(bare)
    assert not is_bare_jpeg(photo)
    for cut in range(0, len(bare), 997):
        assert not is_bare_jpeg(bare[:cut])
