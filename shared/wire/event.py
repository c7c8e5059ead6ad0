"""Events: a visit, a transect, a plot; a tree of any depth."""

from marshmallow import fields, validate

from shared.vocabulary import DATE_PRECISIONS, EVENT_TYPES
from shared.wire.base import (
    Decimals,
    Identifier,
    MeasurementSchema,
    ObservedTime,
    PlaceSchema,
    Whole,
    WireSchema,
    code,
    optional,
    optional_notice,
    optional_text,
    text,
)


class ObservedBody(WireSchema):
    """What every observed thing says of its survey and its time."""

    survey_id = Identifier(required=True)
    dataset_id = optional(Identifier)
    observed_from = ObservedTime(allow_none=True, load_default=None)
    observed_to = ObservedTime(allow_none=True, load_default=None)
    date_precision = code(*DATE_PRECISIONS, allow_none=True, load_default=None)
    verbatim_event_date = optional_text(200)
    flags = fields.List(text(60), load_default=list, validate=validate.Length(max=50))


class EffortSchema(WireSchema):
    length_m = optional(Decimals)
    duration_min = optional(Decimals)
    area_m2 = optional(Decimals)
    observers = optional(Whole, 0, 10_000)


class ParticipantSchema(WireSchema):
    person_id = Identifier(required=True)
    role = text(40, load_default="observer")
    order = Whole(0, 1000, load_default=0)


class EventBody(ObservedBody):
    parent_event_id = optional(Identifier)
    event_type = code(*EVENT_TYPES, required=True)
    sampling_protocol = text(80, required=True)
    target_group = optional_text(40)
    location_name = optional_text(200)
    place = fields.Nested(PlaceSchema, allow_none=True, load_default=None)
    geometry = fields.List(
        fields.Tuple((Whole(-1_800_000_000, 1_800_000_000), Whole(-900_000_000, 900_000_000))),
        allow_none=True,
        load_default=None,
        validate=validate.Length(max=50_000),
    )
    effort = fields.Nested(EffortSchema, load_default=dict)
    participants = fields.List(fields.Nested(ParticipantSchema), load_default=list)
    weather = optional_text(200)
    habitat_code = optional_text(40)
    disturbance_code = optional_text(40)
    target_taxa = fields.List(text(80), allow_none=True, load_default=None)
    event_remarks = optional_text()
    measurements = fields.List(fields.Nested(MeasurementSchema), load_default=list)
    notice = optional_notice()
