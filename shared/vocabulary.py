"""Codes of vocabulary version 1, with their Chinese names. Codes are text and never change their meaning."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

VERSION = "1"

Renames = Mapping[str, Mapping[str, Mapping[str, str]]]
RENAMED: Renames = {}
"""By version of an older vocabulary, by field of a body (`evidence_class`, `place.source`, `measurements.code`): what its codes are
called today. Version 1 is the first, so nothing was renamed yet. Readers alone see the new name; what came stays as it came."""

TAKEN_OVER = f"{VERSION}+"
"""Of a version whose codes are ours but for those that it took over from its base, which an app of another vocabulary wrote."""

CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,59}", re.ASCII)
"""What a code of any vocabulary can look like."""


def label(names: Mapping[str, str], code: str) -> str:
    """What people read for a code. One that we do not know, of a newer app, says so; words that stand where a code could are words."""
    if code in names:
        return names[code]
    return f"未知代码 {code}" if CODE.fullmatch(code) else code


def all_codes(names: Mapping[str, str], found: Iterable[str | None]) -> list[str]:
    """Those of the vocabulary in its order, then what else was found: a table of figures leaves no record out."""
    return [*names, *sorted({code for code in found if code} - names.keys())]


def labels(names: Mapping[str, str], found: Iterable[str | None]) -> list[str]:
    """Of the codes that were found, in the order of the vocabulary, what it does not know last."""
    there = set(found)
    return [label(names, code) for code in all_codes(names, there) if code in there]


def renamed(body: Mapping[str, Any], vocabulary: str, table: Renames | None = None) -> dict[str, Any]:
    """A body as it came, with the codes of an older vocabulary under the names of today; the one that is given stays as it is."""
    told = dict(body)
    for path, codes in (RENAMED if table is None else table).get(vocabulary.removesuffix("+"), {}).items():
        told = _renamed_at(told, path.split("."), codes)
    return told


def _renamed_at(value: Any, path: Sequence[str], codes: Mapping[str, str]) -> Any:
    """Nothing is supposed of a body that no schema has seen."""
    if isinstance(value, list):
        return [_renamed_at(one, path, codes) for one in value]
    if not path:
        return codes.get(value, value) if isinstance(value, str) else value
    if isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: _renamed_at(value[path[0]], path[1:], codes)}
    return value


KINDS = (
    "survey",
    "event",
    "occurrence",
    "patrol",
    "track_segment",
    "finding",
    "media",
    "identification_answer",
    "tombstone",
)
DATE_PRECISIONS = ("year", "month", "day", "hour", "minute", "second")
PLACE_SOURCES: Mapping[str, str] = {
    "gnss": "卫星定位",
    "exif": "照片",
    "map": "地图选点",
    "gazetteer": "地名",
    "import": "导入",
}
OCCURRENCE_STATUS: Mapping[str, str] = {"present": "有", "absent": "未见"}
EVIDENCE_CLASSES: Mapping[str, str] = {
    "field": "野外观察",
    "image": "影像",
    "specimen": "标本",
    "interview": "访谈",
    "literature": "文献",
    "edna": "环境DNA",
    "market": "市场",
}
COUNT_METHODS: Mapping[str, str] = {"counted": "计数", "estimated": "估计", "class": "分级"}
EVENT_TYPES: Mapping[str, str] = {
    "visit": "走访",
    "transect": "样线",
    "plot": "样地",
    "quadrat": "样方",
    "patrol": "巡护",
    "point": "样点",
}
PROTOCOLS: Mapping[str, str] = {
    "incidental": "偶遇记录",
    "bird_transect": "鸟类样线",
    "invasive_plot": "入侵植物样地",
    "patrol": "巡护",
    "import": "资料导入",
    "plant_plot": "植物样方",
    "mammal_transect": "兽类样线",
    "herp_transect": "两栖爬行类样线",
    "camera_trap": "红外相机",
    "porpoise_watch": "江豚观察",
    "fish_net": "鱼类网捕",
}
TARGET_GROUPS: Mapping[str, str] = {
    "mammals": "哺乳类",
    "birds": "鸟类",
    "reptiles": "爬行类",
    "amphibians": "两栖类",
    "fishes": "鱼类",
    "insects": "昆虫",
    "vascular_plants": "维管束植物",
    "invasive": "外来入侵物种",
    "fungi": "真菌",
}
FINDING_TYPES: Mapping[str, str] = {
    "snare": "猎套",
    "net": "捕鸟网",
    "fishing": "非法捕捞",
    "logging": "盗伐",
    "mining": "采矿",
    "fire": "用火",
    "construction": "违规建设",
    "carcass": "动物尸体",
    "invasive": "入侵物种",
    "other": "其他",
}
CASE_STATES: Mapping[str, str] = {"open": "待处理", "closed": "已办结"}
LEGAL_BASES: Mapping[str, str] = {"duty": "履行法定职责", "employment": "劳动管理所需", "consent": "个人同意"}
"""Why a person's whereabouts may be recorded; the notice that was shown says so."""
REVIEW_STATES: Mapping[str, str] = {
    "pending": "待审核",
    "asked": "待补充",
    "confirmed": "已确认",
    "reidentified": "已改定",
    "rejected": "已退回",
    "escalated": "已上报",
}
MEASUREMENT_CODES: Mapping[str, str] = {
    "occurrence_area_m2": "发生面积",
    "cover_pct": "盖度",
    "density": "密度",
    "damage_grade": "危害程度",
    "damaged_object": "受害对象",
    "spread_trend": "扩散趋势",
    "control_action": "防治措施",
    "treated_area_m2": "防治面积",
    "dbh_cm": "胸径",
    "height_m": "高度",
    "distance_m": "距离",
    "angle_deg": "方位角",
    "water_temperature_c": "水温",
    "air_temperature_c": "气温",
}
DAMAGE_GRADES: Mapping[str, str] = {"none": "无", "light": "轻", "moderate": "中", "severe": "重"}
SEXES: Mapping[str, str] = {"male": "雄", "female": "雌", "unknown": "不明"}
LIFE_STAGES: Mapping[str, str] = {
    "egg": "卵",
    "larva": "幼体",
    "juvenile": "亚成体",
    "adult": "成体",
    "seedling": "幼苗",
    "unknown": "不明",
}
BASIS_OF_RECORD: Mapping[str, str] = {
    "HumanObservation": "人工观察",
    "MachineObservation": "机器观察",
    "PreservedSpecimen": "馆藏标本",
    "LivingSpecimen": "活体",
    "MaterialSample": "材料样品",
    "MaterialEntity": "材料实体",
    "MaterialCitation": "文献引证",
    "FossilSpecimen": "化石标本",
    "Occurrence": "出现记录",
    "Observation": "观察",
}
SURVEY_KINDS: Mapping[str, str] = {
    "county_baseline": "县域本底调查",
    "priority_area": "优先区域调查",
    "aquatic": "水生生物调查",
    "agricultural_wild_plants": "农业野生植物调查",
    "germplasm": "种质资源调查",
    "pests": "有害生物调查",
    "invasive_census": "外来入侵物种普查",
    "urban": "城市物种调查",
    "patrol_programme": "巡护计划",
}
GROUP_NAMES_ZH = (
    "哺乳类",
    "鸟类",
    "爬行类",
    "两栖类",
    "鱼类",
    "昆虫",
    "其他无脊椎动物",
    "维管束植物",
    "其他植物",
    "真菌",
    "其他",
)
