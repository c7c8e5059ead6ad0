"""A fix, or a point picked on the map, as the wire's place."""

from typing import Any

from mobile.capture.problems import FieldProblem
from mobile.device.ports import Fix
from shared.coordinates import in_range_e7, to_e7

MAP_UNCERTAINTY_M = "100"


def decimal_text(value: float | None, digits: int = 1) -> str | None:
    """A decimal as the wire wants it: text without trailing zeros."""
    if value is None:
        return None
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def place_of(fix: Fix | None) -> dict[str, Any] | None:
    if fix is None:
        return None
    return {
        "latitude_e7": fix.latitude_e7,
        "longitude_e7": fix.longitude_e7,
        "coordinate_uncertainty_in_meters": decimal_text(fix.accuracy_m),
        "source": "gnss",
        "altitude_m": decimal_text(fix.altitude_m),
        "vertical_datum": fix.vertical_datum,
        "mock": fix.mock,
    }


def picked_place(longitude: float | str, latitude: float | str) -> dict[str, Any]:
    """A point that the user touched on the map. FieldProblem if it lies outside the globe."""
    try:
        latitude_e7, longitude_e7 = to_e7(latitude), to_e7(longitude)
    except ValueError as error:
        raise FieldProblem("坐标不是数字", "place") from error
    if not in_range_e7(latitude_e7, longitude_e7):
        raise FieldProblem(f"坐标超出取值范围：{longitude}, {latitude}", "place")
    return {
        "latitude_e7": latitude_e7,
        "longitude_e7": longitude_e7,
        "coordinate_uncertainty_in_meters": MAP_UNCERTAINTY_M,
        "source": "map",
        "altitude_m": None,
        "vertical_datum": None,
        "mock": False,
    }
