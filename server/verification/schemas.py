"""What the routes of verification take and give."""

from marshmallow import Schema, fields, validate

from server.verification.checking import KINDS as CHECKS
from server.verification.deciding import ACTIONS, MOST
from server.verification.queries import LEVELS
from server.verification.rules import KINDS, SEVERITIES
from server.web.paging import PageSchema
from shared.vocabulary import GROUP_NAMES_ZH, REVIEW_STATES
from shared.wire.base import text

_COUNTY = validate.Regexp(r"^\d{6}$", error="县级代码是六位数字")
_RULE_ID = validate.Regexp(r"^[a-z0-9][a-z0-9_-]{1,59}$", error="规则编号由小写字母、数字和 - _ 组成")


class QueueQuery(PageSchema):
    queue = fields.String(load_default=None, validate=validate.OneOf(LEVELS))
    state = fields.List(fields.String(validate=validate.OneOf(REVIEW_STATES)), load_default=list)
    county = fields.String(load_default=None, validate=_COUNTY)
    flagged = fields.Boolean(load_default=None)
    rule = fields.String(load_default=None, validate=_RULE_ID)
    count = fields.Boolean(load_default=False)


class RuleFindingSchema(Schema):
    rule_id = fields.String(required=True)
    version = fields.Integer(required=True)
    severity = fields.String(required=True, validate=validate.OneOf(SEVERITIES))
    words_zh = fields.String(required=True)


class ReviewSchema(Schema):
    record_id = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(REVIEW_STATES))
    queue = fields.String(required=True, validate=validate.OneOf(LEVELS))
    flagged = fields.Boolean(required=True)
    listed_on = fields.String(required=True)
    county_code = fields.String(allow_none=True)
    county_name = fields.String(allow_none=True)
    scientific_name = fields.String(allow_none=True)
    name_zh = fields.String(allow_none=True)
    group_zh = fields.String(allow_none=True)
    qualifier = fields.String(allow_none=True)
    method = fields.String(allow_none=True)
    confidence = fields.String(allow_none=True)
    photos = fields.Integer(required=True)
    findings = fields.List(fields.Nested(RuleFindingSchema), required=True)


class QueuePage(Schema):
    items = fields.List(fields.Nested(ReviewSchema), required=True)
    next = fields.String(allow_none=True)
    count = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)


class DecisionSchema(Schema):
    decision_id = fields.String(required=True)
    action = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(REVIEW_STATES))
    queue = fields.String(required=True, validate=validate.OneOf(LEVELS))
    decided_by = fields.String(required=True, metadata={"description": "职务"})
    message = fields.String(allow_none=True)
    decided_at = fields.String(required=True)


class ReviewedRecordSchema(ReviewSchema):
    decisions = fields.List(fields.Nested(DecisionSchema), required=True)


class ReviewedTaxonSchema(Schema):
    scientific_name = text(300, load_default=None, allow_none=True)
    name_zh = text(120, load_default=None, allow_none=True)


class DecideSchema(Schema):
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS))
    record_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST))
    message = text(2000, load_default=None, allow_none=True)
    taxon = fields.Nested(ReviewedTaxonSchema, load_default=None, allow_none=True)
    qualifier = text(80, load_default=None, allow_none=True)
    method = text(80, load_default=None, allow_none=True)
    confidence = text(80, load_default=None, allow_none=True)
    overrule = fields.Boolean(load_default=False)


class DecidedSchema(Schema):
    record_id = fields.String(required=True)
    decision_id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(REVIEW_STATES))
    queue = fields.String(required=True, validate=validate.OneOf(LEVELS))


class DecidedList(Schema):
    items = fields.List(fields.Nested(DecidedSchema), required=True)


class RuleRunSchema(Schema):
    record_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MOST))


class RuleRanSchema(Schema):
    checked = fields.Integer(required=True)


class RuleDraftSchema(Schema):
    rule_id = fields.String(required=True, validate=_RULE_ID)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    severity = fields.String(required=True, validate=validate.OneOf(SEVERITIES))
    title_zh = text(120, required=True)
    reason_zh = text(400, required=True)
    scientific_name = text(300, load_default=None, allow_none=True)
    group_zh = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(GROUP_NAMES_ZH))
    county_codes = fields.List(fields.String(validate=_COUNTY), load_default=list, validate=validate.Length(max=200))
    parameters = fields.Dict(keys=fields.String(), load_default=dict)
    source = text(400, required=True)
    source_status = fields.String(load_default="unverified", validate=validate.OneOf(("verified", "unverified")))


class RuleSchema(RuleDraftSchema):
    version = fields.Integer(required=True)
    state = fields.String(required=True)
    created_by = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    activated_by = fields.String(allow_none=True)
    activated_at = fields.AwareDateTime(allow_none=True)
    retired_at = fields.AwareDateTime(allow_none=True)


class RuleList(Schema):
    items = fields.List(fields.Nested(RuleSchema), required=True)


class RuleQuery(Schema):
    state = fields.String(load_default="active", validate=validate.OneOf(("draft", "active", "retired")))


class RuleVersionSchema(Schema):
    version = fields.Integer(required=True, validate=validate.Range(1, 1_000_000))


class RuleTrialAskedSchema(RuleVersionSchema):
    rule_id = fields.String(required=True, validate=_RULE_ID)


class RuleTrialSchema(Schema):
    checked = fields.Integer(required=True)
    found = fields.Integer(required=True)
    gained = fields.Integer(required=True)
    lost = fields.Integer(required=True)
    sample = fields.List(fields.Dict(keys=fields.String(), values=fields.String()), required=True)


class CheckQuery(Schema):
    state = fields.String(load_default=None, validate=validate.OneOf(("open", "done")))
    kind = fields.String(load_default=None, validate=validate.OneOf(CHECKS))
    survey = fields.UUID(load_default=None)


class DrawSchema(Schema):
    survey_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(CHECKS))


class CheckSchema(Schema):
    check_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(CHECKS))
    survey_id = fields.String(required=True)
    original_id = fields.String(required=True)
    repeat_id = fields.String(allow_none=True)
    state = fields.String(required=True)
    agrees = fields.Boolean(allow_none=True)
    outcome = fields.Dict(keys=fields.String(), allow_none=True)
    share = fields.String(required=True)
    drawn_at = fields.AwareDateTime(required=True)
    done_at = fields.AwareDateTime(allow_none=True)


class CheckList(Schema):
    items = fields.List(fields.Nested(CheckSchema), required=True)


class CheckResultSchema(Schema):
    repeat_id = fields.UUID(load_default=None, allow_none=True)
    taxon = fields.Nested(ReviewedTaxonSchema, load_default=None, allow_none=True)
    qualifier = text(80, load_default=None, allow_none=True)
    confidence = text(80, load_default=None, allow_none=True)
    found = fields.Boolean(load_default=True)
    catalogue_number = text(80, load_default=None, allow_none=True)
