"""Reads a scripted day and checks all of it before the first step is played; each fault names step and field."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from shared.clock import parse_aware
from shared.vocabulary import DAMAGE_GRADES, FINDING_TYPES, LEGAL_BASES, SURVEY_KINDS

Check = Callable[[Any], bool]


class ScriptFault(Exception):
    """The script cannot be played; says which step and field, in Chinese and English."""

    def __init__(self, zh: str, en: str, step: int | None = None, action: str = "", field: str = "") -> None:
        where_zh = (
            f"脚本第 {step} 步{f'（{action}）' if action else ''}{f' 字段 {field}' if field else ''}："
            if step
            else "脚本："
        )
        where_en = f"step {step}{f' field {field}' if field else ''}: " if step else "script: "
        super().__init__(f"{where_zh}{zh} ({where_en}{en})")


@dataclass(frozen=True)
class Step:
    """`number` counts from 1; `at` aware or None; `values` are the checked fields."""

    number: int
    action: str
    at: datetime | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class _Kind:
    zh: str
    en: str
    fits: Check


def _is_number(value: Any, low: float = -math.inf, high: float = math.inf) -> bool:
    """A number, or text that holds one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    try:
        return math.isfinite(float(value)) and low <= float(value) <= high
    except ValueError:
        return False


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(name and _is_whole(count) for name, count in value.items())


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and parse_aware(value) is not None
    except ValueError:
        return False


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_TEXT = _Kind("应为非空文字", "must be text that is not empty", lambda v: isinstance(v, str) and v.strip() != "")
_LONGITUDE = _Kind("应为 -180 到 180 的数", "must be a number from -180 to 180", lambda v: _is_number(v, -180, 180))
_LATITUDE = _Kind("应为 -90 到 90 的数", "must be a number from -90 to 90", lambda v: _is_number(v, -90, 90))
_NUMBER = _Kind("应为数", "must be a number", _is_number)
_DECIMAL = _Kind("应为不小于 0 的数", "must be a number of at least 0", lambda v: _is_number(v, 0))
_COUNT = _Kind("应为正整数", "must be a whole number above 0", lambda v: _is_whole(v) and v > 0)
_COUNTS = _Kind("应为“物种: 数量”的对象", "must be an object of species to whole number", _is_counts)
_TEXTS = _Kind("应为文字列表", "must be a list of texts", _is_texts)
_PHOTO = _Kind(
    "应为文件名或文件名列表",
    "must be a file name or a list of them",
    lambda v: (isinstance(v, str) and v != "") or _is_texts(v),
)
_FLAG = _Kind("应为 true 或 false", "must be true or false", lambda v: isinstance(v, bool))
_TIME = _Kind("应为带时区的时间，例如 2025-05-20T07:30:00+08:00", "must be a time with its offset", _is_time)
_DAY = _Kind("应为日期，例如 2025-05-20", "must be a day", _is_day)
_FINDING = _Kind(f"应为 {'、'.join(FINDING_TYPES)} 之一", "is not a finding type", lambda v: v in tuple(FINDING_TYPES))
_SURVEY = _Kind(f"应为 {'、'.join(SURVEY_KINDS)} 之一", "is not a kind of survey", lambda v: v in tuple(SURVEY_KINDS))
_GRADES = (*DAMAGE_GRADES, *DAMAGE_GRADES.values())
_GRADE = _Kind(f"应为 {'、'.join(_GRADES)} 之一", "is not a damage grade", lambda v: v in _GRADES)
_BASIS = _Kind(f"应为 {'、'.join(LEGAL_BASES)} 之一", "is not a legal basis", lambda v: v in tuple(LEGAL_BASES))
_SOURCE = _Kind("应为 gnss 或 map", "must be gnss or map", lambda v: v in ("gnss", "map"))

_PLACE = {"lon": _LONGITUDE, "lat": _LATITUDE, "accuracy_m": _DECIMAL, "altitude_m": _NUMBER}
_NOTES = {"remarks": _TEXT, "photo": _PHOTO}
_ACTIONS: Mapping[str, tuple[Mapping[str, _Kind], tuple[str, ...]]] = {
    "enrol": ({"code": _TEXT, "device_name": _TEXT}, ("code",)),
    "accept_notice": ({"basis": _BASIS, "under_age": _FLAG, "guardian": _FLAG}, ("basis",)),
    "choose_survey": ({"survey_id": _TEXT}, ("survey_id",)),
    "begin_survey": (
        {
            "title": _TEXT,
            "survey_kind": _SURVEY,
            "county_codes": _TEXTS,
            "starts_on": _DAY,
            "ends_on": _DAY,
            "owner": _TEXT,
            "remarks": _TEXT,
        },
        ("title", "survey_kind", "county_codes"),
    ),
    "record_sighting": (
        {
            "species": _TEXT,
            "count": _COUNT,
            "place_source": _SOURCE,
            "sex": _TEXT,
            "life_stage": _TEXT,
            "behavior": _TEXT,
            **_PLACE,
            **_NOTES,
        },
        ("species",),
    ),
    "undo": ({}, ()),
    "start_patrol": ({"location_name": _TEXT, "weather": _TEXT, **_PLACE}, ()),
    "walk": ({"gpx": _TEXT, "until": _TIME}, ()),
    "pause": ({}, ()),
    "resume": ({}, ()),
    "finding": (
        {"finding_type": _FINDING, "action_taken": _TEXT, "evidence_number": _TEXT, **_PLACE, **_NOTES},
        ("finding_type",),
    ),
    "end_patrol": ({"nil_report": _FLAG, **_NOTES}, ()),
    "bird_transect": (
        {
            "location_name": _TEXT,
            "counts": _COUNTS,
            "targets": _TEXTS,
            "target_group": _TEXT,
            "until": _TIME,
            "duration_min": _DECIMAL,
            "gpx": _TEXT,
            "length_m": _DECIMAL,
            "end_lon": _LONGITUDE,
            "end_lat": _LATITUDE,
            "observers": _COUNT,
            "weather": _TEXT,
            "habitat_code": _TEXT,
            **_PLACE,
            **_NOTES,
        },
        ("counts",),
    ),
    "invasive_plot": (
        {
            "species": _TEXT,
            "occurrence_area_m2": _DECIMAL,
            "cover_pct": _DECIMAL,
            "density": _DECIMAL,
            "treated_area_m2": _DECIMAL,
            "plot_area_m2": _DECIMAL,
            "damage_grade": _GRADE,
            "damaged_object": _TEXT,
            "spread_trend": _TEXT,
            "control_action": _TEXT,
            "habitat_code": _TEXT,
            "location_name": _TEXT,
            "pathway": _TEXT,
            **_PLACE,
            **_NOTES,
        },
        ("species",),
    ),
    "sync": ({"originals_now": _FLAG}, ()),
}


def read_script(path: Path) -> list[Step]:
    """The steps of a file that holds a list of them, or an object with `steps`."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ScriptFault(f"无法读取 {path}：{error.strerror}", f"cannot read {path}") from error
    except ValueError as error:
        raise ScriptFault(f"{path} 不是 JSON：{error}", f"{path} is not JSON") from error
    listed = raw.get("steps") if isinstance(raw, dict) else raw
    if not isinstance(listed, list) or not listed:
        raise ScriptFault("应为步骤列表，或含 steps 的对象", "must be a list of steps, or an object with steps")
    return [check_step(number, step) for number, step in enumerate(listed, 1)]


def check_step(number: int, raw: Any) -> Step:
    if not isinstance(raw, dict):
        raise ScriptFault("应为对象", "must be an object", number)
    action = raw.get("do")
    if not isinstance(action, str) or action not in _ACTIONS:
        raise ScriptFault(
            f"没有 {action!r} 这个动作；可用：{'、'.join(_ACTIONS)}", f"no action {action!r}", number, field="do"
        )
    fields, required = _ACTIONS[action]
    values = {key: value for key, value in raw.items() if key not in ("do", "at", "note")}
    for missing in (name for name in required if name not in values):
        raise ScriptFault("缺少", "is missing", number, action, missing)
    for name, value in {**values, **({"at": raw["at"]} if "at" in raw else {})}.items():
        kind = _TIME if name == "at" else fields.get(name)
        if kind is None:
            raise ScriptFault(f"没有这个字段；可用：{'、'.join(fields) or '无'}", "no such field", number, action, name)
        if not kind.fits(value):
            raise ScriptFault(f"{kind.zh}，而不是 {value!r}", kind.en, number, action, name)
    for lon, lat in (("lon", "lat"), ("end_lon", "end_lat")):
        if (lon in values) != (lat in values):
            raise ScriptFault(
                f"{lon} 与 {lat} 须同时给出",
                f"{lon} and {lat} go together",
                number,
                action,
                lon if lat in values else lat,
            )
    return Step(number, action, parse_aware(raw["at"]) if "at" in raw else None, values)
