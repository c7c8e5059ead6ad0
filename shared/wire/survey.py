"""A survey that is begun in the field: what its records belong to from then on, in a data set of its own under its own id."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from shared.vocabulary import SURVEY_KINDS
from shared.wire.base import code, optional_text, text
from shared.wire.event import ObservedBody, ParticipantSchema

_COUNTY = validate.Regexp(r"^[0-9]{6}\Z", error="not a county code of six digits")


class SurveyBody(ObservedBody):
    """`survey_id` is its own id; `observed_from` and `observed_to` are its period."""

    title = text(200, required=True)
    survey_kind = code(*SURVEY_KINDS, required=True)
    owner = optional_text(200)
    county_codes = fields.List(fields.String(validate=_COUNTY), required=True, validate=validate.Length(1, 200))
    target_group = optional_text(40)
    participants = fields.List(fields.Nested(ParticipantSchema), load_default=list)
    survey_remarks = optional_text()

    @validates_schema
    def is_itself(self, data: dict[str, Any], **_: Any) -> None:
        if not data["title"].strip():
            raise ValidationError("a survey has a title", "title")
        if data["dataset_id"] is not None:
            # Its records would stay in the old one if it moved, in one order of arrival and not in another.
            raise ValidationError("a survey has a data set of its own, and names none", "dataset_id")
