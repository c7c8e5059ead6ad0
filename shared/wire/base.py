"""Fields of the wire: whole numbers and text, aware times, and what this version does not know is kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, missing, validate
from marshmallow.error_store import ErrorStore

from shared.clock import parse_aware
from shared.ids import is_uuid
from shared.vocabulary import CODE, LEGAL_BASES, PLACE_SOURCES

_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)
_LOCAL = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d+)?)?)?)?)?)?", re.ASCII)
FURTHEST_EAST, FURTHEST_WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="not a SHA-256 in lower-case hexadecimal")


class Whole(fields.Integer):
    """An integer of JSON: neither a bool nor text that looks like a number."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(low, high), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Decimals(fields.String):
    """A decimal number as text, so that no float rounds it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _DECIMAL.fullmatch(text):
            raise ValidationError(f"not a decimal number in text: {text!r}")
        return text


class Identifier(fields.String):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not is_uuid(text):
            raise ValidationError(f"not a UUID in lower case: {text!r}")
        return text


class Instant(fields.String):
    """An ISO 8601 time with its offset, kept as the text that came."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            _within_all_zones(parse_aware(text))
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"not a time with a zone: {text!r}") from error
        return text


class ObservedTime(fields.String):
    """A date or time as precise as the record is; `date_precision` beside it says how precise."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            if not _LOCAL.fullmatch(text):
                parse_aware(text)
            # A year or a month alone is read as its first day.
            whole = text + "-01-01"[len(text) - 4 :] if len(text) < 10 else text
            _within_all_zones(datetime.fromisoformat(whole.replace("Z", "+00:00")))
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"not a date or time: {text!r}") from error
        return text


def _within_all_zones(moment: datetime) -> None:
    """OverflowError at the two ends of the calendar, where another zone's clock has no such date."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for zone in (FURTHEST_EAST, FURTHEST_WEST):
        aware.astimezone(zone)


def text(longest: int = 4000, **options: Any) -> fields.String:
    return fields.String(validate=[validate.Length(max=longest), _no_nul], **options)


_foreign: ContextVar[bool] = ContextVar("foreign", default=False)


@contextmanager
def codes_of_others(foreign: bool) -> Iterator[None]:
    """While a body of another vocabulary than ours is read, codes that we do not know are kept as they came."""
    before = _foreign.set(foreign)
    try:
        yield
    finally:
        _foreign.reset(before)


class KnownCode(validate.OneOf):
    """One of ours; of another vocabulary anything that can be a code."""

    def __call__(self, value: Any) -> Any:
        return value if _foreign.get() and CODE.fullmatch(value) else super().__call__(value)


def code(*allowed: str, **options: Any) -> fields.String:
    """Of a versioned vocabulary (shared/vocabulary.py), which newer apps may have more of."""
    return fields.String(validate=KnownCode(allowed), **options)


def word(*allowed: str, **options: Any) -> fields.String:
    """Of the protocol itself: whoever does not know it cannot read what it stands in."""
    return fields.String(validate=validate.OneOf(allowed), **options)


def optional(field: type[fields.Field[Any]], *args: Any, **options: Any) -> fields.Field[Any]:
    return field(*args, allow_none=True, load_default=None, **options)


def optional_text(longest: int = 4000) -> fields.String:
    return text(longest, allow_none=True, load_default=None)


def _no_nul(value: str) -> None:
    if "\0" in value:
        raise ValidationError("holds U+0000, which the database cannot keep")


class WireSchema(Schema):
    class Meta:
        unknown = INCLUDE  # fields of a newer app are kept and given back

    def _deserialize(self, data: Any, *, error_store: ErrorStore, **how: Any) -> Any:
        """What its base does for one whole object, without a closure and two calls for each of the many fields that a record says
        nothing of."""
        if how["many"] or how["partial"] or how["unknown"] != INCLUDE or not isinstance(data, dict):
            return super()._deserialize(data, error_store=error_store, **how)
        loaded: dict[str, Any] = {}
        rest = dict(data)
        for name, field in self.load_fields.items():
            key = field.data_key or name
            value = rest.pop(key, missing)
            if value is None and field.allow_none:
                told = None
            elif value is missing and not field.required:
                told = field.load_default() if callable(field.load_default) else field.load_default
            else:
                try:
                    told = field.deserialize(value, key, data)
                except ValidationError as error:
                    error_store.store_error(error.messages, key)  # type: ignore[no-untyped-call]
                    told = error.valid_data or missing
            if told is not missing:
                loaded[name] = told
        return loaded | rest


class PlaceSchema(WireSchema):
    latitude_e7 = Whole(-900_000_000, 900_000_000, required=True)
    longitude_e7 = Whole(-1_800_000_000, 1_800_000_000, required=True)
    coordinate_uncertainty_in_meters = optional(Decimals)
    source = code(*PLACE_SOURCES, required=True)
    altitude_m = optional(Decimals)
    vertical_datum = optional_text(60)
    mock = fields.Boolean(load_default=False, truthy={True}, falsy={False})


class NoticeSchema(WireSchema):
    """The notice that was shown before anything was recorded of a person, and on what basis it is recorded."""

    version = fields.String(required=True, validate=[validate.Length(1, 40), _no_nul])
    basis = code(*LEGAL_BASES, required=True)
    accepted_at = optional(Instant)
    guardian = fields.Boolean(allow_none=True, load_default=None, truthy={True}, falsy={False})


def optional_notice() -> fields.Nested:
    """Older apps send none: what they recorded stays as valid as it was."""
    return fields.Nested(NoticeSchema, allow_none=True, load_default=None)


class MeasurementSchema(WireSchema):
    code = text(60, required=True)
    value = text(200, required=True)
    unit = optional_text(40)
    method = optional_text(80)
