"""Rows that share an eventID and tell their method were one visit: an event of its own, so that its effort is counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.exchange.positions import number, wire_decimal
from server.exchange.rules import Reading
from shared.vocabulary import PROTOCOLS

_CODES = {name: code for code, name in PROTOCOLS.items()} | {code: code for code in PROTOCOLS}
_GROUPS = {
    "bird_transect": "birds",
    "mammal_transect": "mammals",
    "plant_plot": "vascular_plants",
    "invasive_plot": "invasive",
    "fish_net": "fishes",
}
_TYPES = (
    ("transect", ("transect", "样线", "踏查")),
    ("quadrat", ("quadrat", "样方")),
    ("plot", ("plot", "样地")),
    ("point", ("point", "样点")),
)
_UNITS = {
    "km": ("length_m", 1000),
    "千米": ("length_m", 1000),
    "公里": ("length_m", 1000),
    "m": ("length_m", 1),
    "米": ("length_m", 1),
    "metre": ("length_m", 1),
    "m2": ("area_m2", 1),
    "m²": ("area_m2", 1),
    "平方米": ("area_m2", 1),
    "square metre": ("area_m2", 1),
    "hm2": ("area_m2", 10_000),
    "ha": ("area_m2", 10_000),
    "km2": ("area_m2", 1_000_000),
    "min": ("duration_min", 1),
    "minute": ("duration_min", 1),
    "分钟": ("duration_min", 1),
    "h": ("duration_min", 60),
    "hour": ("duration_min", 60),
    "小时": ("duration_min", 60),
}


@dataclass(frozen=True)
class Visit:
    """`body` is an event body without survey and data set; `rows` are the numbers of its rows."""

    event_id: str
    body: Mapping[str, Any]
    rows: tuple[int, ...]


def gather_visits(readings: Sequence[Reading]) -> list[Visit]:
    gathered: dict[str, list[Reading]] = {}
    for reading in readings:
        event_id = reading.terms.get("eventID", "").strip()
        if event_id and reading.terms.get("samplingProtocol", "").strip():
            gathered.setdefault(event_id, []).append(reading)
    return [Visit(event_id, _body(rows), tuple(row.number for row in rows)) for event_id, rows in gathered.items()]


def _body(rows: Sequence[Reading]) -> dict[str, Any]:
    """What all rows of the visit agree on; its time runs from the first to the last of them."""
    written = rows[0].terms["samplingProtocol"].strip()
    method = _CODES.get(written, written[:80])
    dated = [body for body in (row.body for row in rows) if body is not None and body["observed_from"]]
    first = min(dated, key=lambda body: body["observed_from"], default=None)
    last = max((body["observed_to"] or body["observed_from"] for body in dated), default=None)
    same_precision = len({body["date_precision"] for body in dated}) == 1
    return {
        "parent_event_id": None,
        "event_type": _event_type(method, written),
        "sampling_protocol": method,
        "target_group": _GROUPS.get(method),
        "location_name": _shared_text(rows, "locality"),
        "place": _shared_place(rows),
        "geometry": None,
        "effort": _effort(rows),
        "participants": [],
        "observed_from": first["observed_from"] if first else None,
        "date_precision": first["date_precision"] if first else None,
        "observed_to": last if first and same_precision and last != first["observed_from"] else None,
        "verbatim_event_date": None,
        "weather": None,
        "habitat_code": None,
        "disturbance_code": None,
        "target_taxa": None,
        "event_remarks": _shared_text(rows, "eventRemarks", 4000),
        "measurements": [],
    }


def told_by(visit: Visit, open_rows: Sequence[Reading]) -> Visit:
    """The visit with the place and the words of those rows only whose own place may be shown: it is shown itself."""
    told: dict[str, Any] = {"place": None, "location_name": None, "event_remarks": None}
    if open_rows:
        told = {
            "place": _shared_place(open_rows),
            "location_name": _shared_text(open_rows, "locality"),
            "event_remarks": _shared_text(open_rows, "eventRemarks", 4000),
        }
    return replace(visit, body={**visit.body, **told})


def _event_type(method: str, written: str) -> str:
    said = f"{method} {written}".lower()
    return next((kind for kind, signs in _TYPES if any(sign in said for sign in signs)), "visit")


def _shared_text(rows: Sequence[Reading], term: str, width: int = 200) -> str | None:
    texts = {row.terms.get(term, "").strip() for row in rows}
    return next(iter(texts))[:width] or None if len(texts) == 1 else None


def _shared_place(rows: Sequence[Reading]) -> Any:
    places = [row.body["place"] for row in rows if row.body is not None]
    return places[0] if places and all(place == places[0] for place in places) else None


def _effort(rows: Sequence[Reading]) -> dict[str, str]:
    value, unit = _shared_text(rows, "sampleSizeValue"), _shared_text(rows, "sampleSizeUnit")
    amount = number(value) if value else None
    name, factor = _UNITS.get((unit or "").lower().removesuffix("s"), (None, 1))
    written = wire_decimal(amount * factor) if amount is not None else None
    return {name: written} if name and written else {}
