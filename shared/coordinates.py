"""Coordinates as integers of 1e-7 degree (about 1 cm), WGS84 as measured; never GCJ-02."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

E7 = 10_000_000


def to_e7(degrees: str | float | Decimal) -> int:
    """Degrees to 1e-7 degree; text and Decimal are exact. ValueError for what is no number."""
    try:
        value = Decimal(str(degrees)) * E7
        return int(value.to_integral_value(rounding=ROUND_HALF_EVEN))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"not a number of degrees: {degrees!r}") from error


def from_e7(value: int) -> float:
    return value / E7


def e7_text(value: int) -> str:
    """Degrees as text, exact, seven decimals."""
    sign, value = ("-" if value < 0 else ""), abs(value)
    return f"{sign}{value // E7}.{value % E7:07d}"


def in_range_e7(latitude_e7: int, longitude_e7: int) -> bool:
    return abs(latitude_e7) <= 90 * E7 and abs(longitude_e7) <= 180 * E7
