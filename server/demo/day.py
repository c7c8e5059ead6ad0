"""Two scripted field days, in 莽山 (宜章县) and on 东洞庭湖: what two people would have tapped. Nothing in them was ever observed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from server.demo.photos import Shot
from shared.clock import CHINA
from shared.geodesy import distance_m

Step = dict[str, Any]
Spot = tuple[float, float]
REMARK = "演示数据"


@dataclass(frozen=True)
class FieldDay:
    """`tracks` are written as GPX by name; `steps` refer to them and to the photos by name."""

    name: str
    surveyor: str
    steps: list[Step]
    shots: list[Shot]
    tracks: dict[str, list[tuple[datetime, Spot]]]


class _Script:
    """Steps one after another, with the clock running."""

    def __init__(self, seed: str, begins: datetime) -> None:
        self.chance, self.now = random.Random(seed), begins
        self.steps: list[Step] = []
        self.shots: list[Shot] = []

    def do(self, what: str, minutes: float = 4, **fields: Any) -> None:
        self.steps.append({"at": self.now.isoformat(), "do": what, **fields})
        self.now += timedelta(minutes=minutes)

    def near(self, spot: Spot, spread: float = 0.006) -> dict[str, float]:
        longitude, latitude = (value + self.chance.uniform(-spread, spread) for value in spot)
        return {"lon": round(longitude, 6), "lat": round(latitude, 6), "accuracy_m": self.chance.randrange(4, 15)}

    def sighting(self, species: str, count: int, spot: Spot, scene: str | None = None, **fields: Any) -> None:
        place = self.near(spot)
        if scene:
            name = f"IMG_{len(self.shots) + 1:03d}_{self.now:%H%M}.jpg"
            self.shots.append(Shot(name, scene, place["lon"], place["lat"], self.now))
            fields["photo"] = name
        self.do("record_sighting", species=species, count=count, remarks=REMARK, **place, **fields)


def mangshan(day: datetime) -> FieldDay:
    script = _Script("mangshan", day.replace(hour=7, minute=0, second=0, microsecond=0, tzinfo=CHINA))
    ridge, valley, forest = (112.925, 24.965), (112.945, 24.985), (112.912, 24.955)
    for species, count, spot, scene in (
        ("莽山烙铁头蛇", 1, ridge, "forest"),
        ("穿山甲", 1, forest, "dusk"),
        ("黄腹角雉", 2, ridge, "forest"),
        ("藏酋猴", 8, valley, "forest"),
        ("白颈长尾雉", 1, valley, None),
        ("毛冠鹿", 1, forest, None),
        ("伯乐树", 3, valley, "meadow"),
        ("南方红豆杉", 5, ridge, "forest"),
        ("闽楠", 2, valley, None),
        ("金斑喙凤蝶", 1, ridge, "meadow"),
        ("大鲵", 1, valley, "lake"),
        ("柑橘凤蝶", 3, valley, None),
        ("玉带凤蝶", 2, valley, None),
        ("尖吻蝮", 1, forest, None),
        ("铜蜓蜥", 2, valley, None),
        ("花臭蛙", 6, valley, None),
        ("棘胸蛙", 2, valley, None),
        ("小麂", 1, forest, None),
        ("中国豪猪", 1, forest, None),
        ("赤腹松鼠", 3, valley, None),
    ):
        script.sighting(species, count, spot, scene)
    _transect(
        script,
        "浪畔湖样线",
        valley,
        {
            "红嘴蓝鹊": 4,
            "领雀嘴鹎": 6,
            "大山雀": 5,
            "红尾水鸲": 2,
            "小燕尾": 1,
            "棕颈钩嘴鹛": 2,
            "红头长尾山雀": 9,
            "紫啸鸫": 1,
            "灰树鹊": 2,
            "叉尾太阳鸟": 1,
        },
        ("黄腹角雉", "白颈长尾雉", "白鹇"),
    )
    _transect(
        script,
        "鬼子寨样线",
        forest,
        {"红嘴蓝鹊": 2, "领雀嘴鹎": 3, "大山雀": 2, "强脚树莺": 2, "栗颈凤鹛": 12, "灰胸竹鸡": 1},
        ("黄腹角雉", "白鹇"),
    )
    for species, area, cover, damage, spot in (
        ("空心莲子草", "320", "45", "moderate", valley),
        ("小蓬草", "150", "20", "light", valley),
        ("加拿大一枝黄花", "80", "35", "light", forest),
    ):
        script.do(
            "invasive_plot",
            species=species,
            occurrence_area_m2=area,
            cover_pct=cover,
            damage_grade=damage,
            remarks=REMARK,
            minutes=15,
            **script.near(spot),
        )
    begins = script.now
    track = walk(begins, (112.918, 24.958), 6650, gap_at=2600, gap=timedelta(minutes=9), seed="patrol")
    script.do("start_patrol", minutes=1, location_name="莽山天台山巡护线")
    for share, finding_type, action in ((0.3, "snare", "拆除猎套 1 个并登记"), (0.75, "fire", "劝离并教育")):
        reached = track[int(len(track) * share)][0]
        script.do("walk", minutes=0, gpx="patrol.gpx", until=reached.isoformat())
        script.now = reached
        script.do("finding", minutes=0, finding_type=finding_type, action_taken=action, remarks=REMARK)
    script.do("walk", minutes=0, gpx="patrol.gpx")
    script.now = track[-1][0] + timedelta(seconds=10)
    script.do("end_patrol", minutes=2)
    return FieldDay("mangshan", "演示调查员甲", script.steps, script.shots, {"patrol.gpx": track})


def east_dongting(day: datetime) -> FieldDay:
    script = _Script("east dongting", day.replace(hour=6, minute=30, second=0, microsecond=0, tzinfo=CHINA))
    water, shore, reed = (113.00, 29.30), (113.02, 29.28), (112.985, 29.325)
    for species, count, spot, scene in (
        ("长江江豚", 3, water, "lake"),
        ("长江江豚", 2, water, "lake"),
        ("麋鹿", 14, reed, "meadow"),
        ("小天鹅", 6, water, "lake"),
        ("白琵鹭", 5, shore, None),
        ("青头潜鸭", 2, water, None),
        ("水雉", 2, reed, None),
        ("豆雁", 40, shore, None),
        ("黑鹳", 1, shore, "dusk"),
        ("凤头䴙䴘", 7, water, None),
        ("胭脂鱼", 1, water, None),
        ("鳜", 2, water, None),
        ("蛇𬶋", 3, water, None),
        ("䱗", 20, water, None),
        ("黄颡鱼", 4, water, None),
        ("福寿螺", 30, shore, None),
        ("东方田鼠", 2, reed, None),
    ):
        script.sighting(species, count, spot, scene)
    _transect(
        script,
        "采桑湖样线",
        shore,
        {
            "白鹭": 12,
            "苍鹭": 5,
            "夜鹭": 3,
            "小䴙䴘": 8,
            "黑水鸡": 6,
            "白骨顶": 25,
            "斑嘴鸭": 18,
            "灰翅浮鸥": 30,
            "普通翠鸟": 1,
            "金眶鸻": 4,
        },
        ("小天鹅", "白琵鹭", "中华秋沙鸭"),
    )
    for species, area, cover, damage in (("凤眼蓝", "2400", "70", "severe"), ("空心莲子草", "900", "55", "moderate")):
        script.do(
            "invasive_plot",
            species=species,
            occurrence_area_m2=area,
            cover_pct=cover,
            damage_grade=damage,
            remarks=REMARK,
            minutes=15,
            **script.near(shore),
        )
    return FieldDay("east_dongting", "演示调查员乙", script.steps, script.shots, {})


def _transect(script: _Script, name: str, spot: Spot, counts: dict[str, int], targets: Sequence[str]) -> None:
    """Target species that were looked for and not seen become zero counts."""
    until = script.now + timedelta(minutes=70)
    script.do(
        "bird_transect",
        minutes=75,
        location_name=name,
        counts=counts,
        targets=[*targets, *counts],
        length_m="2000",
        observers=2,
        until=until.isoformat(),
        remarks=REMARK,
        **script.near(spot, 0.001),
    )


def walk(
    begins: datetime, start: Spot, length_m: float, gap_at: float, gap: timedelta, seed: str
) -> list[tuple[datetime, Spot]]:
    """A wandering walk of the given length at 1.1 m/s, one fix every ten seconds, with one silence of the receiver."""
    chance = random.Random(seed)
    heading_lon, heading_lat = 0.6, 0.8
    points, position, walked, now = [(begins, start)], start, 0.0, begins
    silent_until: datetime | None = None
    while walked < length_m:
        heading_lon, heading_lat = heading_lon + chance.uniform(-0.25, 0.25), heading_lat + chance.uniform(-0.25, 0.25)
        size = (heading_lon**2 + heading_lat**2) ** 0.5 or 1.0
        heading_lon, heading_lat = heading_lon / size, heading_lat / size
        following = (position[0] + heading_lon * 11 / 101_000, position[1] + heading_lat * 11 / 111_000)
        if not (112.905 < following[0] < 112.955 and 24.945 < following[1] < 24.995):
            heading_lon, heading_lat = -heading_lon, -heading_lat
            continue
        walked += distance_m(*position, *following)
        position, now = following, now + timedelta(seconds=10)
        if silent_until is None and walked > gap_at:
            silent_until = now + gap
        if silent_until is None or now >= silent_until:
            points.append((now, position))
    return points


def write_gpx(path: Path, points: Sequence[tuple[datetime, Spot]]) -> None:
    lines = [
        f'<trkpt lat="{spot[1]:.7f}" lon="{spot[0]:.7f}"><ele>1180</ele><time>{at.isoformat()}</time>'
        f"<hdop>{(8 + n * 7 % 11) / 10}</hdop></trkpt>"  # no receiver is equally sure everywhere
        for n, (at, spot) in enumerate(points)
    ]
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="xiangye demo" xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<trk><name>{escape(path.stem)}</name><trkseg>\n" + "\n".join(lines) + "\n</trkseg></trk></gpx>\n",
        encoding="utf-8",
    )
