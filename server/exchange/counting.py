"""How many, or none: the counts of a row, and what to make of counts that contradict each other."""

import re
from collections.abc import Mapping
from typing import Any

from server.exchange.mapping import COUNT_MAX, COUNT_MIN
from server.exchange.positions import Found, number, wire_decimal

_WHOLE = re.compile(r"\d{1,9}(\.0+)?", re.ASCII)
_LARGEST = 100_000_000
_ABSENT = frozenset({"absent", "absence", "notobserved", "未见", "无"})


def read_counts(terms: Mapping[str, str]) -> tuple[dict[str, Any], list[Found]]:
    """The count fields of an occurrence body. Counts that contradict each other or the status are left out and flagged."""
    problems: list[Found] = []
    count = _whole(terms, "individualCount", problems)
    low, high = _whole(terms, COUNT_MIN, problems), _whole(terms, COUNT_MAX, problems)
    if low is not None and high is not None and low > high:
        problems.append((COUNT_MIN, "count_odd", f"{low} > {high}"))
        low = high = None
    if count is None and low is not None and low == high:
        count, low, high = low, None, None
    status, count = _status(terms, count, problems)
    quantity, kind = _quantity(terms, problems)
    return {
        "occurrence_status": status,
        "individual_count": count,
        "count_min": low,
        "count_max": high,
        "count_method": None,
        "organism_quantity": quantity,
        "organism_quantity_type": kind,
    }, problems


def _status(terms: Mapping[str, str], count: int | None, problems: list[Found]) -> tuple[str, int | None]:
    """A count of 0 without a word of status means: looked for and not found."""
    said = re.sub(r"[\s_-]", "", terms.get("occurrenceStatus", "").strip().lower())
    if said in _ABSENT:
        if count:
            problems.append(("individualCount", "count_odd", f"absent, {count}"))
        return "absent", 0 if count == 0 else None
    if count == 0 and not said:
        return "absent", 0
    if count == 0:
        problems.append(("individualCount", "count_odd", f"{said}, 0"))
        return "present", None
    return "present", count


def _whole(terms: Mapping[str, str], field: str, problems: list[Found]) -> int | None:
    text = terms.get(field, "").strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or int(float(text)) > _LARGEST:
        problems.append((field, "number_odd", text))
        return None
    return int(float(text))


def _quantity(terms: Mapping[str, str], problems: list[Found]) -> tuple[str | None, str | None]:
    text, kind = terms.get("organismQuantity", "").strip(), terms.get("organismQuantityType", "").strip()[:60] or None
    if not text:
        return None, kind
    value = number(text)
    written = wire_decimal(value) if value is not None else None
    if written is None and kind is None:
        problems.append(("organismQuantity", "number_odd", text))
    return written, kind
