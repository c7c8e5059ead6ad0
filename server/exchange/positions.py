"""Coordinates of a row: a place only where they are numbers on the globe; everything else is a flag and stays verbatim."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from shared.clock import CHINA
from shared.coordinates import E7, in_range_e7, to_e7

LATITUDE, LONGITUDE, UNCERTAINTY = "decimalLatitude", "decimalLongitude", "coordinateUncertaintyInMeters"
_NUMBER = re.compile(r"[+-]?(\d{1,12}([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_SAME_DATUM = re.compile(
    r"|.*(wgs[ _-]?(19)?84|world geodetic system 1984|epsg: ?:?(4326|4490|4979)|cgcs[ -]?2000|china geodetic coordinate system 2000).*"
    r"|unknown|not recorded|未知",
    re.IGNORECASE,
)
_CHINA_E7 = (18 * E7, 54 * E7, 73 * E7, 136 * E7)

Found = tuple[str, str, str]
"""(field, code, detail) of a problem."""


def number(text: str) -> Decimal | None:
    """A decimal point or, as the French write it, a comma; thousands are not grouped."""
    text = text.strip()
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def wire_decimal(value: Decimal) -> str | None:
    """As the wire writes decimals, to the millimetre; None for what is too large."""
    if abs(value) >= 10**12:
        return None
    text = f"{round(value, 3):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_place(terms: Mapping[str, str]) -> tuple[dict[str, Any] | None, list[Found]]:
    latitude, longitude = terms.get(LATITUDE, "").strip(), terms.get(LONGITUDE, "").strip()
    if not latitude or not longitude:
        return None, [(LONGITUDE if latitude else LATITUDE, "place_missing", "")]
    read = number(latitude), number(longitude)
    if read[0] is None or read[1] is None:
        return None, [
            (LATITUDE if read[0] is None else LONGITUDE, "place_odd", latitude if read[0] is None else longitude)
        ]
    latitude_e7, longitude_e7 = to_e7(read[0]), to_e7(read[1])
    if not in_range_e7(latitude_e7, longitude_e7):
        return None, [
            (LATITUDE if abs(latitude_e7) > 90 * E7 else LONGITUDE, "place_out_of_range", f"{latitude}, {longitude}")
        ]
    if latitude_e7 == 0 and longitude_e7 == 0:
        return None, [(LATITUDE, "place_zero", "")]
    uncertainty, problems = _optional_number(terms, UNCERTAINTY)
    altitude, more = _altitude(terms)
    datum = terms.get("geodeticDatum", "").strip()
    if not _SAME_DATUM.fullmatch(datum):
        more.append(("geodeticDatum", "datum_other", datum))
    place = {
        "latitude_e7": latitude_e7,
        "longitude_e7": longitude_e7,
        "coordinate_uncertainty_in_meters": uncertainty,
        "source": "import",
        "altitude_m": altitude,
        "vertical_datum": terms.get("verticalDatum", "").strip()[:60] or None,
        "mock": False,
    }
    return place, problems + more


def _optional_number(terms: Mapping[str, str], field: str) -> tuple[str | None, list[Found]]:
    text = terms.get(field, "").strip()
    if not text:
        return None, []
    value = number(text)
    written = wire_decimal(value) if value is not None else None
    return written, [] if written is not None else [(field, "number_odd", text)]


def _altitude(terms: Mapping[str, str]) -> tuple[str | None, list[Found]]:
    """One altitude only where the row says one; a range stays verbatim."""
    low, problems = _optional_number(terms, "minimumElevationInMeters")
    high, more = _optional_number(terms, "maximumElevationInMeters")
    return (low or high) if low is None or high is None or low == high else None, problems + more


def zone_of(place: Mapping[str, Any] | None) -> Any:
    """The zone in which a row without an offset tells its time: China's, unless the row lies abroad and its zone is not known."""
    if place is None:
        return CHINA
    south, north, west, east = _CHINA_E7
    return CHINA if south <= place["latitude_e7"] <= north and west <= place["longitude_e7"] <= east else None
