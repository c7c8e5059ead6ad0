"""A photo that a tablet sent with its record, and people who look at it."""

import hashlib
import io
from pathlib import Path
from typing import Any

from PIL import Image

from server.db import session_factory
from server.media.service import take_in
from server.media.store import Store
from server.settings import Settings
from tests.admitting import CLOCK, outcomes, set_up
from tests.records import MANGSHAN, envelope, observed, occurrence

LATITUDE_E7, LONGITUDE_E7 = MANGSHAN["latitude_e7"], MANGSHAN["longitude_e7"]


def jpeg(latitude_e7: int = LATITUDE_E7, longitude_e7: int = LONGITUDE_E7, at: str = "2025:05:20 08:29:30") -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = at
    exif.get_ifd(0x8769)[0x9011] = "+08:00"
    exif.get_ifd(0x8825).update(
        {
            1: "N" if latitude_e7 >= 0 else "S",
            2: (abs(latitude_e7) / 1e7, 0.0, 0.0),
            3: "E" if longitude_e7 >= 0 else "W",
            4: (abs(longitude_e7) / 1e7, 0.0, 0.0),
        }
    )
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def photo_of(subjects: list[str], data: bytes, **fields: Any) -> dict[str, Any]:
    body = observed(
        subject_ids=subjects,
        sha256=hashlib.sha256(data).hexdigest(),
        byte_count=len(data),
        media_type="image/jpeg",
        captured_at="2025-05-20T08:29:30+08:00",
        file_name="莽山浪畔湖.jpg",
    )
    return envelope("media", body | fields)


def send_with_photo(
    settings: Settings, folder: Path, data: bytes, known: bool = False, **fields: Any
) -> tuple[str, str]:
    """The ids of an occurrence and of its photo, whose file is there."""
    found = occurrence(**fields)
    photo = photo_of([found["id"]], data)
    with session_factory(settings)() as session:
        if not known:
            set_up(session)
        assert outcomes(session, found, photo) == ["accepted", "accepted"]
        bring(session, settings, folder, data)
        session.commit()
    return found["id"], photo["id"]


def bring(session: Any, settings: Settings, folder: Path, data: bytes) -> str:
    path, sha256 = folder / "brought", hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    take_in(session, CLOCK, Store(settings.store_dir), path, sha256)
    return sha256
