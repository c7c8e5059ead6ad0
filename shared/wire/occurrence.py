"""Occurrences: that a taxon was there, or was looked for and not found."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from shared.vocabulary import BASIS_OF_RECORD, EVIDENCE_CLASSES, OCCURRENCE_STATUS
from shared.wire.base import (
    Decimals,
    Identifier,
    MeasurementSchema,
    PlaceSchema,
    Whole,
    WireSchema,
    code,
    optional,
    optional_notice,
    optional_text,
    text,
)
from shared.wire.event import ObservedBody

_COUNT = (0, 100_000_000)


class TaxonName(WireSchema):
    taxon_id = optional_text(80)
    scientific_name = optional_text(300)
    name_zh = optional_text(120)
    verbatim_name = optional_text(400)
    qualifier = optional_text(80)
    method = optional_text(80)
    confidence = optional_text(80)

    @validates_schema
    def has_a_name(self, data: dict[str, Any], **_: Any) -> None:
        if not any(data.get(name) for name in ("taxon_id", "scientific_name", "name_zh", "verbatim_name")):
            raise ValidationError("a taxon needs a name, even if it is only 待鉴定", "verbatim_name")


class OccurrenceBody(ObservedBody):
    event_id = optional(Identifier)
    taxon = fields.Nested(TaxonName, required=True)
    occurrence_status = code(*OCCURRENCE_STATUS, load_default="present")
    individual_count = optional(Whole, *_COUNT)
    count_min = optional(Whole, *_COUNT)
    count_max = optional(Whole, *_COUNT)
    count_method = optional_text(20)
    organism_quantity = optional(Decimals)
    organism_quantity_type = optional_text(60)
    sex = optional_text(60)
    life_stage = optional_text(60)
    behavior = optional_text(400)
    evidence_class = code(*EVIDENCE_CLASSES, load_default="field")
    basis_of_record = code(*BASIS_OF_RECORD, load_default="HumanObservation")
    establishment_means = optional_text(60)
    degree_of_establishment = optional_text(60)
    pathway = optional_text(120)
    occurrence_remarks = optional_text()
    place = fields.Nested(PlaceSchema, allow_none=True, load_default=None)
    measurements = fields.List(fields.Nested(MeasurementSchema), load_default=list)
    recorded_by = fields.List(Identifier(), load_default=list)
    verbatim = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    notice = optional_notice()  # of who was interviewed

    @validates_schema
    def counts_agree(self, data: dict[str, Any], **_: Any) -> None:
        low, high = data.get("count_min"), data.get("count_max")
        if low is not None and high is not None and low > high:
            raise ValidationError(f"count_min {low} is above count_max {high}", "count_min")
        if data.get("occurrence_status") == "absent" and (data.get("individual_count") or 0) > 0:
            raise ValidationError("an absent occurrence cannot have a count above 0", "individual_count")


class TombstoneBody(WireSchema):
    target_id = Identifier(required=True)
    target_kind = text(40, required=True)
    reason = optional_text(400)
