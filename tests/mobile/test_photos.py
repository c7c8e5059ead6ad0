"""What photos say of themselves, and that their originals stay as they are."""

import csv
import hashlib
import io
import random
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image

from mobile.photos.container import jpeg_is_whole, media_type
from mobile.photos.exif import ExifFacts, read_exif
from mobile.photos.splice import NotAJpeg, splice_exif
from shared.clock import CHINA
from tests.mobile.tablets import tablet

TAKEN = datetime(2025, 5, 20, 7, 30, 5, tzinfo=CHINA)


def jpeg(colour: str = "green", size: tuple[int, int] = (64, 48)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG")
    return file.getvalue()


def test_the_reference_photos_read_as_an_independent_reader_reads_them(shared_data: Path) -> None:
    with open(shared_data / "photos" / "EXIF_EXPECTED.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        facts = read_exif((shared_data / "photos" / row["file"]).read_bytes())
        place = facts.place
        if row["lat"]:
            assert place is not None, row["file"]
            assert place["latitude_e7"] / 1e7 == pytest.approx(float(row["lat"]), abs=2e-6), row["file"]
            assert place["longitude_e7"] / 1e7 == pytest.approx(float(row["lon"]), abs=2e-6), row["file"]
        else:
            assert place is None, row["file"]
        stamp = row["datetime_original"]
        expected = f"{stamp[:10].replace(':', '-')}T{stamp[11:]}" if stamp else None
        assert (facts.captured_at or "")[:19] == (expected or ""), row["file"]
        assert (facts.make, facts.model) == (row["make"].strip(), row["model"].strip()), row["file"]
        assert (facts.gps_date, facts.map_datum) == (row["gps_date"], row["gps_map_datum"].strip()), row["file"]


@pytest.mark.parametrize(
    ("latitude_e7", "longitude_e7"), [(249_876_543, 1_129_123_456), (-1, -1), (0, 0), (-900_000_000, 1_800_000_000)]
)
def test_a_spliced_copy_shows_the_same_pixels_and_the_position(latitude_e7: int, longitude_e7: int) -> None:
    original = jpeg()
    copy = splice_exif(original, latitude_e7, longitude_e7, TAKEN)
    facts = read_exif(copy)
    assert facts.place == {"latitude_e7": latitude_e7, "longitude_e7": longitude_e7}
    assert facts.captured_at == "2025-05-20T07:30:05+08:00"
    with Image.open(io.BytesIO(original)) as before, Image.open(io.BytesIO(copy)) as after:
        assert before.tobytes() == after.tobytes()
        gps = after.getexif().get_ifd(0x8825)
        degrees, minutes, seconds = (float(part) for part in gps[2])
        assert (degrees + minutes / 60 + seconds / 3600) * 1e7 == pytest.approx(abs(latitude_e7), abs=1)
        assert after.getexif().get_ifd(0x8769)[0x9003] == "2025:05:20 07:30:05"
    assert copy.endswith(original[2:]) and len(copy) - len(original) < 400
    again = splice_exif(copy, 10, 20, TAKEN)
    assert again.count(b"Exif\0\0") == 1 and read_exif(again).place == {"latitude_e7": 10, "longitude_e7": 20}
    with pytest.raises(NotAJpeg):
        splice_exif(b"\x89PNG\r\n\x1a\n", 0, 0, TAKEN)


def test_a_hostile_photo_says_nothing_and_breaks_nothing() -> None:
    chance = random.Random(3)
    good = splice_exif(jpeg(), 249_876_543, 1_129_123_456, TAKEN)
    for _ in range(3000):
        spoiled = bytearray(good[:400])
        for _ in range(chance.randrange(1, 12)):
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
        facts = read_exif(bytes(spoiled[: chance.randrange(3, 400)]))
        place = facts.place
        assert place is None or (
            abs(place["latitude_e7"]) <= 900_000_000 and abs(place["longitude_e7"]) <= 1_800_000_000
        )
    for nothing in (
        b"",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"\xff\xd8\xff\xe1\x00\x08Exif\0\0",
        b"\0\0\0\x18ftypheic" + b"\0" * 40,
    ):
        assert read_exif(nothing) == ExifFacts()


def test_kinds_are_told_by_content() -> None:
    assert media_type(jpeg()) == "image/jpeg"
    assert media_type(b"MZ program.jpg") is None
    assert jpeg_is_whole(jpeg()) and not jpeg_is_whole(jpeg()[:200])


def test_the_original_is_kept_untouched_under_its_digest(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    data = splice_exif(jpeg(), 251_000_000, 1_130_000_000, TAKEN)
    (photos / "a.jpg").write_bytes(data)
    (photos / "b.jpg").write_bytes(b"not a photo")
    (photos / "c.jpg").write_bytes(jpeg()[:300])
    with tablet(tmp_path / "data", photos) as held:
        held.stand(112.9, 25.0)
        record = held.app.record
        record.open()
        assert record.photo_choices == ("a.jpg", "b.jpg", "c.jpg")
        assert record.take_photo("a.jpg")
        sha256 = hashlib.sha256(data).hexdigest()
        assert record.photos[0].sha256 == sha256 and "113.00000, 25.10000" in record.photos[0].caption
        assert Path(record.photos[0].path).read_bytes() == data
        assert not record.take_photo("b.jpg") and "不是可识别的照片" in record.message
        assert not record.take_photo("../field.sqlite3") and record.message_level == "error"
        assert record.take_photo("c.jpg") and "不完整" in record.photos[1].caption
        assert record.export_photo(sha256, tmp_path / "copy.jpg")
        assert read_exif((tmp_path / "copy.jpg").read_bytes()).place == {
            "latitude_e7": 250_000_000,
            "longitude_e7": 1_129_000_000,
        }
        assert Path(record.photos[0].path).read_bytes() == data
        record.choose_unknown()
        assert record.confirm()
        media = [r for r in held.app.store.outbox.latest(("media",), 9) if r.body["sha256"] == sha256]
        assert media[0].body["exif_place"] == {"latitude_e7": 251_000_000, "longitude_e7": 1_130_000_000}
        assert media[0].body["tablet_place"]["longitude_e7"] == 1_129_000_000
        assert media[0].body["subject_ids"] == [record.saved_ids[0]]
        held.storage.free = 200_000_000
        record.open()
        assert not record.take_photo("a.jpg") and "存储空间不足" in record.message
