"""Fields of a record and their values in Chinese, for a person who compares two of them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared.checks import FLAGS
from shared.clock import CHINA, parse_aware
from shared.field_names import FIELD_NAMES
from shared.vocabulary import (
    BASIS_OF_RECORD,
    CASE_STATES,
    COUNT_METHODS,
    DAMAGE_GRADES,
    EVENT_TYPES,
    EVIDENCE_CLASSES,
    FINDING_TYPES,
    LIFE_STAGES,
    MEASUREMENT_CODES,
    OCCURRENCE_STATUS,
    PLACE_SOURCES,
    PROTOCOLS,
    SEXES,
    SURVEY_KINDS,
    TARGET_GROUPS,
    label,
)

NONE = "无"
LONGEST = 300
_CODES: Mapping[str, Mapping[str, str]] = {
    "occurrence_status": OCCURRENCE_STATUS,
    "count_method": COUNT_METHODS,
    "sex": SEXES,
    "life_stage": LIFE_STAGES,
    "event_type": EVENT_TYPES,
    "sampling_protocol": PROTOCOLS,
    "target_group": TARGET_GROUPS,
    "finding_type": FINDING_TYPES,
    "case_state": CASE_STATES,
    "survey_kind": SURVEY_KINDS,
    "evidence_class": EVIDENCE_CLASSES,
    "basis_of_record": BASIS_OF_RECORD,
    "date_precision": {"year": "年", "month": "月", "day": "日", "hour": "时", "minute": "分", "second": "秒"},
}
_UNITS: Mapping[str, str] = {"length_m": "米", "duration_min": "分钟", "area_m2": "平方米", "observers": "人"}
IDENTIFIERS = frozenset({"survey_id", "dataset_id", "event_id", "parent_event_id"})
"""Ids, which say little to a person."""


def name_of_field(name: str) -> str:
    """A field of a newer app goes by its own name."""
    return FIELD_NAMES.get(name, name)


def order_of_field(name: str) -> tuple[int, str]:
    return (list(FIELD_NAMES).index(name) if name in FIELD_NAMES else len(FIELD_NAMES), name)


def words_of(name: str, value: Any) -> str:
    """Never empty; what has not the form that this app knows is shown as it came."""
    if value is None or value == "" or value == [] or value == {}:
        return NONE
    try:
        words = _words(name, value)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        words = as_it_came(value)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


def as_it_came(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _words(name: str, value: Any) -> str:
    if name in _CODES:
        return label(_CODES[name], value)
    if name in _SHAPES:
        return _SHAPES[name](value)
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value) if isinstance(value, int) else as_it_came(value)


def _taxon(taxon: Any) -> str:
    names = [taxon.get("name_zh") or taxon.get("verbatim_name"), taxon.get("scientific_name"), taxon.get("qualifier")]
    return "　".join(filter(None, names)) or str(taxon["taxon_id"])


def _place(place: Any) -> str:
    north, east = place["latitude_e7"] / 1e7, place["longitude_e7"] / 1e7
    where = f"{'东' if east >= 0 else '西'}经 {abs(east):.5f}°　{'北' if north >= 0 else '南'}纬 {abs(north):.5f}°"
    parts = [label(PLACE_SOURCES, place["source"]) if place.get("source") else "来源不明"]
    if place.get("coordinate_uncertainty_in_meters"):
        parts.append(f"误差 {place['coordinate_uncertainty_in_meters']} 米")
    if place.get("altitude_m"):
        parts.append(f"海拔 {place['altitude_m']} 米")
    return f"{where}\n{'，'.join(parts)}"


def _time(value: Any) -> str:
    try:
        return f"{parse_aware(value).astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return str(value)


def _measurements(found: Any) -> str:
    return "；".join(_measurement(one) for one in found)


def _measurement(one: Any) -> str:
    value = label(DAMAGE_GRADES, one["value"]) if one["code"] == "damage_grade" else one["value"]
    return f"{label(MEASUREMENT_CODES, one['code'])} {value} {one.get('unit') or ''}".strip()


def _effort(effort: Any) -> str:
    told = [f"{value} {_UNITS.get(name, name)}" for name, value in effort.items() if value is not None]
    return "，".join(told) or NONE


def _notice(notice: Any) -> str:
    guardian = "，监护人同意" if notice.get("guardian") else ""
    return f"已告知并同意（告知书 {notice['version']}{guardian}）"


def _counted(unit: str) -> Callable[[Any], str]:
    return lambda found: f"{len(found)} {unit}"


_SHAPES: Mapping[str, Callable[[Any], str]] = {
    "taxon": _taxon,
    "place": _place,
    "observed_from": _time,
    "observed_to": _time,
    "measurements": _measurements,
    "effort": _effort,
    "notice": _notice,
    "geometry": _counted("个点"),
    "participants": _counted("人"),
    "recorded_by": _counted("人"),
    "target_taxa": _counted("种"),
    "pauses": _counted("次"),
    "gaps": _counted("处"),
    "points": _counted("个点"),
    "county_codes": "、".join,
    "flags": lambda found: "、".join(FLAGS.get(flag, flag) for flag in found),
    "verbatim": lambda found: "；".join(f"{name}：{value}" for name, value in found.items()),
}
