"""A scripted day of about sixty records and twelve small photos; nothing in it was ever observed."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from server.demo.day import write_gpx
from shared.clock import CHINA

BEGINS = datetime(2025, 5, 20, 7, 0, tzinfo=CHINA)
SPECIES = ("穿山甲", "黄腹角雉", "藏酋猴", "红嘴蓝鹊", "领雀嘴鹎", "大山雀", "铜蜓蜥", "花臭蛙", "伯乐树", "白鹇")
COUNTS = {"红嘴蓝鹊": 4, "领雀嘴鹎": 6, "大山雀": 5, "红尾水鸲": 2, "小燕尾": 1, "灰胸竹鸡": 1}
SIGHTINGS = 40
PHOTOS = 12


def write_day(folder: Path, seed: int = 1) -> list[dict[str, Any]]:
    """The steps of the day; the photos and the track that they name are written to the folder."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    names = [_photo(folder, number, chance) for number in range(PHOTOS)]
    steps = [_sighting(number, chance) for number in range(SIGHTINGS)]
    for step, name in zip(chance.sample(steps, PHOTOS), names, strict=True):
        step["photo"] = name
    noon = BEGINS + timedelta(hours=5)
    return [
        *steps,
        *_transect(noon),
        *_plots(noon + timedelta(hours=2), chance),
        *_patrol(noon + timedelta(hours=3), folder),
    ]


def _sighting(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "at": (BEGINS + timedelta(minutes=5 * number)).isoformat(),
        "do": "record_sighting",
        "species": SPECIES[number % len(SPECIES)],
        "count": chance.randrange(1, 20),
        "remarks": f"测试 {number}",
        **_spot(chance),
    }


def _spot(chance: random.Random) -> dict[str, Any]:
    return {
        "lon": round(112.92 + chance.uniform(-0.02, 0.02), 6),
        "lat": round(24.96 + chance.uniform(-0.02, 0.02), 6),
        "accuracy_m": 8,
    }


def _photo(folder: Path, number: int, chance: random.Random) -> str:
    """Noise, so that the file is as large as its pixels; the first takes several pieces to send."""
    name, edge = f"IMG_{number:03}.jpg", 560 if number == 0 else 120
    image = Image.frombytes("RGB", (edge, edge), chance.randbytes(edge * edge * 3))
    image.save(folder / name, "JPEG", quality=92)
    return name


def _transect(at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "at": at.isoformat(),
            "do": "bird_transect",
            "location_name": "测试样线",
            "counts": COUNTS,
            "targets": ["白鹇", "黄腹角雉", *COUNTS],
            "length_m": "2000",
            "until": (at + timedelta(minutes=60)).isoformat(),
            "lon": 112.93,
            "lat": 24.97,
        }
    ]


def _plots(at: datetime, chance: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "at": (at + timedelta(minutes=10 * number)).isoformat(),
            "do": "invasive_plot",
            "species": species,
            "occurrence_area_m2": "120",
            "cover_pct": "30",
            "damage_grade": "light",
            **_spot(chance),
        }
        for number, species in enumerate(("空心莲子草", "小蓬草"))
    ]


def _patrol(at: datetime, folder: Path) -> list[dict[str, Any]]:
    track = [(at + timedelta(seconds=10 * n), (112.92 + n * 0.0001, 24.96 + n * 0.00005)) for n in range(120)]
    write_gpx(folder / "patrol.gpx", track)
    after = track[-1][0] + timedelta(seconds=30)
    return [
        {"at": at.isoformat(), "do": "start_patrol", "location_name": "测试巡护线"},
        {"at": at.isoformat(), "do": "walk", "gpx": "patrol.gpx"},
        {
            "at": after.isoformat(),
            "do": "finding",
            "finding_type": "snare",
            "action_taken": "拆除",
            "lon": 112.932,
            "lat": 24.966,
        },
        {"at": (after + timedelta(minutes=1)).isoformat(), "do": "end_patrol"},
    ]
