"""What requests about people's rights and about the audit log hold, and what is answered."""

from marshmallow import Schema, fields, validate

from server.accounts.schemas import moment, named
from server.privacy.contacts import LEAST_PURPOSE, WORDS
from server.web.paging import PageSchema
from shared.notices import NOTICE_KINDS
from shared.vocabulary import LEGAL_BASES
from shared.wire.base import code, optional_text, text

CONTACT_KINDS = ("interviewee", "reporter", "person")


class NoticeSchema(Schema):
    kind = fields.String()
    version = fields.String()
    title = fields.String()
    text = fields.String()


class NoticesSchema(Schema):
    items = fields.List(fields.Nested(NoticeSchema))


class GivenConsentSchema(Schema):
    kind = code(*NOTICE_KINDS, required=True)
    version = named(40, required=True)
    basis = code(*LEGAL_BASES, required=True)
    under_14 = fields.Boolean(
        required=True, truthy={True}, falsy={False}, metadata={"description": "是否未满 14 周岁；不收集出生日期"}
    )
    guardian = fields.Boolean(
        load_default=False, truthy={True}, falsy={False}, metadata={"description": "监护人是否同意"}
    )
    given_at = moment(load_default=None, allow_none=True)


class NewConsentSchema(GivenConsentSchema):
    person_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "省略时为本人"})


class ConsentSchema(Schema):
    id = fields.UUID()
    person_id = fields.UUID(allow_none=True)
    kind = fields.String()
    version = fields.String()
    basis = fields.String()
    under_14 = fields.Boolean()
    guardian = fields.Boolean()
    given_at = fields.AwareDateTime(format="iso")
    withdrawn_at = fields.AwareDateTime(format="iso", allow_none=True)


class ConsentsQuerySchema(Schema):
    person_id = fields.UUID(load_default=None, metadata={"description": "省略时为本人"})


class ConsentsSchema(Schema):
    items = fields.List(fields.Nested(ConsentSchema))


class WordsSchema(Schema):
    name = optional_text(120)
    phone = optional_text(60)
    address = optional_text(400)
    other = optional_text(400)


class NewContactSchema(Schema):
    kind = code(*CONTACT_KINDS, required=True)
    county_code = text(6, required=True)
    record_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "访谈或报告的记录"})
    person_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "kind 为 person 时的人员"})
    consent = fields.Nested(GivenConsentSchema, load_default=None, allow_none=True)
    words = fields.Nested(WordsSchema, required=True)


class ContactSchema(Schema):
    id = fields.UUID()
    kind = fields.String()
    county_code = fields.String()
    created_at = fields.AwareDateTime(format="iso")


class ContactsSchema(Schema):
    items = fields.List(fields.Nested(ContactSchema))
    next = fields.String(allow_none=True)


class PurposeSchema(Schema):
    purpose = text(200, required=True, metadata={"description": f"用途，至少 {LEAST_PURPOSE} 个字；记入审计日志"})


class OpenedContactSchema(ContactSchema):
    words = fields.Dict(keys=fields.String(validate=validate.OneOf(WORDS)), values=fields.String())


class ErasureSchema(Schema):
    also = fields.List(
        named(200),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "其他能认出此人的文字，如电话、曾用名"},
    )


class ErasedSchema(Schema):
    pseudonym = fields.UUID(metadata={"description": "今后的代号"})
    versions = fields.Integer()
    raw_batches = fields.Integer()
    quarantined = fields.Integer()
    photos = fields.Integer()
    files = fields.Integer()
    exports = fields.Integer()
    rows = fields.Dict(keys=fields.String(), values=fields.Integer())
    still_named = fields.List(fields.String(), metadata={"description": "只增不改、其中仍有姓名的表，须人工处理"})


class AuditQuerySchema(PageSchema):
    actor = text(80, load_default=None)
    action = text(40, load_default=None)
    subject = text(200, load_default=None)
    purpose = text(200, load_default=None, metadata={"description": "用途中含有的文字"})
    since = moment(load_default=None)
    until = moment(load_default=None)


class AuditEntrySchema(Schema):
    entry_no = fields.Integer()
    at = fields.AwareDateTime(format="iso")
    actor = fields.String()
    account = fields.String(allow_none=True)
    action = fields.String()
    subject = fields.String()
    purpose = fields.String(allow_none=True)
    detail = fields.Dict(keys=fields.String(), values=fields.Raw())
    entry_hash = fields.String()


class AuditSchema(Schema):
    items = fields.List(fields.Nested(AuditEntrySchema))
    next = fields.String(allow_none=True)


class VerificationQuerySchema(Schema):
    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**53 - 1))


class BrokenSchema(Schema):
    kind = fields.String()
    first = fields.Integer()
    last = fields.Integer()


class AuditVerificationSchema(Schema):
    holds = fields.Boolean()
    entries = fields.Integer()
    head = fields.String()
    anchored = fields.Integer(allow_none=True, metadata={"description": "库外链头记到第几条；null：没有库外记录"})
    checked_from = fields.Integer()
    checked_to = fields.Integer()
    broken = fields.List(fields.Nested(BrokenSchema))
    next = fields.Integer(allow_none=True)
