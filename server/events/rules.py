"""Measurements in one unit; pure."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

MAX_EXPONENT = 30
"""Beyond it a value is a slip of the pen: kept as it was written, never counted with."""
_CANONICAL: Mapping[str, tuple[str, Decimal]] = {
    "m2": ("m2", Decimal(1)),
    "m²": ("m2", Decimal(1)),
    "平方米": ("m2", Decimal(1)),
    "ha": ("m2", Decimal(10_000)),
    "hm2": ("m2", Decimal(10_000)),
    "公顷": ("m2", Decimal(10_000)),
    "亩": ("m2", Decimal(2000) / 3),
    "m": ("m", Decimal(1)),
    "米": ("m", Decimal(1)),
    "km": ("m", Decimal(1000)),
    "cm": ("m", Decimal("0.01")),
    "%": ("%", Decimal(1)),
    "°C": ("°C", Decimal(1)),
    "℃": ("°C", Decimal(1)),
    "°": ("°", Decimal(1)),
}


def canonical_measurement(value: str, unit: str | None) -> tuple[Decimal | None, str | None]:
    """The value in the unit that is counted with; (None, None) for a code or a unit without one."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None, None
    if not number.is_finite() or abs(number.adjusted()) > MAX_EXPONENT:
        return None, None
    canonical_unit, factor = _CANONICAL.get(unit or "", (unit, Decimal(1)))
    return number * factor, canonical_unit
