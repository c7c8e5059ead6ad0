"""Patrols, their tracks and their findings."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from shared.vocabulary import CASE_STATES, FINDING_TYPES
from shared.wire.base import (
    Identifier,
    Instant,
    PlaceSchema,
    Whole,
    WireSchema,
    code,
    optional,
    optional_notice,
    optional_text,
)
from shared.wire.event import EventBody, ObservedBody

_LAST_MS = 253_402_300_799_999  # the end of the year 9999


class IntervalSchema(WireSchema):
    from_ = Instant(required=True, data_key="from")
    to = Instant(required=True)


class PatrolBody(EventBody):
    leader = optional(Identifier)
    nil_report = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    pauses = fields.List(fields.Nested(IntervalSchema), load_default=list)
    gaps = fields.List(fields.Nested(IntervalSchema), load_default=list)


class TrackPoint(fields.Field[list[Any]]):
    """[t_ms since the epoch, lon_e7, lat_e7, accuracy_cm | null, altitude_dm | null]."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) != 5 or any(isinstance(part, bool) for part in value):
            raise ValidationError("a track point has five parts: t_ms, lon_e7, lat_e7, accuracy_cm, altitude_dm")
        if not all(isinstance(part, int) for part in value[:3]) or not all(
            isinstance(p, int | None) for p in value[3:]
        ):
            raise ValidationError("a track point holds whole numbers")
        if not 0 <= value[0] <= _LAST_MS:
            raise ValidationError("a track point lies outside the calendar")
        if abs(value[1]) > 1_800_000_000 or abs(value[2]) > 900_000_000:
            raise ValidationError("a track point lies outside the globe")
        return value


class TrackSegmentBody(ObservedBody):
    patrol_id = Identifier(required=True)
    leg = Whole(0, 10_000, required=True)
    points = fields.List(TrackPoint(), required=True, validate=validate.Length(1, 20_000))
    notice = optional_notice()


class FindingBody(ObservedBody):
    event_id = Identifier(required=True)
    finding_type = code(*FINDING_TYPES, required=True)
    case_state = code(*CASE_STATES, load_default="open")
    action_taken = optional_text()
    evidence_number = optional_text(80)
    finding_remarks = optional_text()
    place = fields.Nested(PlaceSchema, allow_none=True, load_default=None)
