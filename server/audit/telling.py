"""What an auditor is shown of an entry: who did what to what, how often and for which purpose; never where. Pure."""

import re
from collections.abc import Mapping
from typing import Any

_NUMBER_OF_A_PLACE = re.compile(
    r"(lat|lon|cell|_x$|_y$|^x$|^y$|e7|altitude|elevation|distance|grid|seq)", re.IGNORECASE
)
_LARGEST_COUNT = 10**9
_CODE = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:.]{5,15}(Z|[+-]\d{2}:\d{2}))?", re.ASCII)
# Degrees in any writing: 24.9512, 112°55′, 北纬24度, E1125512, 2495123 4500000.
_COORDINATES = re.compile(
    r"[-+]?\d{1,3}[.．·]\d{2,}|\d{1,3}\s*[°º度]\s*[\d′'分.″\"秒]*|[NSEWnsew东西南北][经纬]?\s*\d{1,3}[.°º度]?\d*|\d{6,}",
)
WITHHELD = "〔位置略〕"


def without_coordinates(text: str) -> str:
    return _COORDINATES.sub(WITHHELD, text)


def shown_subject(subject: str) -> str:
    return subject if _ID.fullmatch(subject) else without_coordinates(subject)


def purpose_of(action: str, subject: str, detail: Mapping[str, Any]) -> str | None:
    """Each reading has one; where the detail holds none, the subject says it."""
    told = detail.get("purpose")
    if isinstance(told, str):
        return without_coordinates(told)
    return shown_subject(subject) if action.startswith("read_") and not _ID.fullmatch(subject) else None


def shown_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Counts, codes, times and yes or no; of lists how many they hold. Ids stay out: those of guarded records are not for showing."""
    if not isinstance(detail, Mapping):
        return {}
    shown = {key: _shown(key, value) for key, value in detail.items() if key != "purpose"}
    return {key: value for key, value in shown.items() if value is not None}


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_COUNT and not _NUMBER_OF_A_PLACE.search(key) else None
    if isinstance(value, str):
        return value if _CODE.fullmatch(value) or _TIME.fullmatch(value) else None
    if isinstance(value, list):
        return len(value)
    return None
