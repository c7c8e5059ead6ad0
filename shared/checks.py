"""Checks that tablet and server share: they flag, they never refuse. A flag is a code; its words are here."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.clock import parse_aware

FLAGS: Mapping[str, str] = {
    "place_missing": "没有位置",
    "place_zero": "坐标为 0,0",
    "place_uncertain": "位置误差超过 100 米",
    "place_mock": "位置来自模拟定位",
    "date_missing": "没有日期",
    "date_future": "观察时间晚于接收时间",
    "date_odd": "日期无法理解",
    "clock_off": "平板时钟与服务器相差超过一天",
    "name_unknown": "名称不在名录中",
    "out_of_scope": "不在本省范围内",
    "near_border": "距县界不足 500 米",
    "place_out_of_range": "坐标超出取值范围",
    "place_odd": "坐标不是数字",
    "datum_other": "坐标基准未换算",
    "date_disagrees": "日期各列不一致",
    "count_odd": "数量自相矛盾",
    "number_odd": "应为数字的内容不是数字",
    "text_damaged": "有无法解码的字符",
    "text_too_long": "文字过长",
    "private_use": "名称有私用区字符",
    "duplicate_in_file": "来源编号不唯一",
    "evidence_only": "影像证据，不计数",
}
MAX_UNCERTAINTY_M = 100
CLOCK_TOLERANCE = timedelta(days=1)


def place_flags(place: Mapping[str, Any] | None) -> list[str]:
    if place is None:
        return ["place_missing"]
    flags = []
    if place["latitude_e7"] == 0 and place["longitude_e7"] == 0:
        flags.append("place_zero")
    uncertainty = place.get("coordinate_uncertainty_in_meters")
    if uncertainty is not None and float(uncertainty) > MAX_UNCERTAINTY_M:
        flags.append("place_uncertain")
    if place.get("mock"):
        flags.append("place_mock")
    return flags


def record_flags(
    body: Mapping[str, Any],
    times: tuple[datetime | None, datetime],
    needs_place: bool,
    clock_off: bool = False,
) -> list[str]:
    """Flags of one record that need no reference data; `times`: when it was observed and received."""
    place = body.get("place")
    return time_flags(*times, clock_off) + (place_flags(place) if needs_place or place else [])


def time_flags(observed: datetime | None, received: datetime, clock_off: bool = False) -> list[str]:
    """`observed` aware or None; a wrong clock is flagged, and nothing is re-dated."""
    flags = [] if observed is not None else ["date_missing"]
    if observed is not None and observed > received + CLOCK_TOLERANCE:
        flags.append("date_future")
    return flags + (["clock_off"] if clock_off else [])


def clock_is_off(record: Mapping[str, Any], received: datetime, clock_offset: timedelta = timedelta()) -> bool:
    """Whether the clock that saved this version was wrong, by what it says and how it was delivered.

    `clock_offset`, server minus device when it delivered, shows a clock that is slow: an old time alone may just have waited. The
    receiver's time is that of its last fix: never later than a right clock, and fresh where the place of a new record came from it.
    """
    saved, gnss = parse_aware(record["saved_at"]["wall"]), record["saved_at"].get("gnss")
    if saved > received + CLOCK_TOLERANCE or abs(clock_offset) > CLOCK_TOLERANCE:
        return True
    if gnss is None:
        return False
    late = saved - parse_aware(gnss)
    place = record["body"].get("place") or {}
    is_fresh = record.get("base_digest") is None and place.get("source") == "gnss"
    return late < -CLOCK_TOLERANCE or (is_fresh and late > CLOCK_TOLERANCE)
