"""What requests for occurrences hold, and what is answered."""

from marshmallow import Schema, fields, validate

from server.sensitivity.answers import ListSchema, MeasurementSchema, ObservedSchema
from shared.vocabulary import GROUP_NAMES_ZH, REVIEW_STATES


class FilterSchema(ListSchema):
    county = fields.String(load_default=None, validate=validate.Regexp(r"[0-9]{6}\Z"))
    taxon_id = fields.UUID(load_default=None)
    group = fields.String(load_default=None, validate=validate.OneOf(GROUP_NAMES_ZH))
    year = fields.Integer(load_default=None, validate=validate.Range(0, 9999))
    month = fields.Integer(load_default=None, validate=validate.Range(1, 12))
    survey_id = fields.UUID(load_default=None)
    level = fields.Integer(load_default=None, validate=validate.Range(0, 4))
    state = fields.String(load_default=None, validate=validate.OneOf(list(REVIEW_STATES)))
    bbox = fields.String(load_default=None, validate=validate.Length(max=120))
    cell = fields.String(load_default=None, validate=validate.Length(1, 40))


class NamedTaxonSchema(Schema):
    id = fields.UUID(allow_none=True)
    scientific_name = fields.String(allow_none=True)
    name_zh = fields.String(allow_none=True)
    group = fields.String(allow_none=True)
    rank = fields.String(allow_none=True)
    qualifier = fields.String(allow_none=True)
    confidence = fields.String(allow_none=True)


class OccurrenceSchema(ObservedSchema):
    dataset_id = fields.UUID()
    event_id = fields.UUID(allow_none=True)
    state = fields.String(metadata={"description": "审核状态"})
    taxon = fields.Nested(NamedTaxonSchema)
    occurrence_status = fields.String()
    individual_count = fields.Integer(allow_none=True)
    count_min = fields.Integer(allow_none=True)
    count_max = fields.Integer(allow_none=True)
    organism_quantity = fields.Decimal(as_string=True, allow_none=True)
    organism_quantity_type = fields.String(allow_none=True)
    sex = fields.String(allow_none=True)
    life_stage = fields.String(allow_none=True)
    behavior = fields.String(allow_none=True)
    evidence_class = fields.String()
    basis_of_record = fields.String()
    establishment_means = fields.String(allow_none=True)
    degree_of_establishment = fields.String(allow_none=True)
    occurrence_remarks = fields.String(allow_none=True)
    access_class = fields.String()
    flags = fields.List(fields.String())


class WholeOccurrenceSchema(OccurrenceSchema):
    measurements = fields.List(fields.Nested(MeasurementSchema))


class OccurrenceVersionSchema(Schema):
    version = fields.Integer()
    received_on = fields.Date(metadata={"description": "收到之日；1、2 级为当月首日"})
    author = fields.UUID(allow_none=True, metadata={"description": "记录人的化名编号；受保护记录为 null"})
    deleted = fields.Boolean()
    is_head = fields.Boolean()


class OccurrenceHistorySchema(Schema):
    items = fields.List(fields.Nested(OccurrenceVersionSchema))
