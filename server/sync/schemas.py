"""What tablets are answered, for the interface's document; the answers themselves are made by hand, key by key."""

from marshmallow import Schema, fields, validate

from shared.wire.base import text

_MOMENT = {"format": "date-time"}


class SealKeySchema(Schema):
    """密封敏感记录的公钥，有名录包签名密钥的签名"""

    public_key = fields.String(required=True, metadata={"description": "P-256，SPKI DER 的 base64"})
    number = fields.Integer(required=True, metadata={"description": "越大越新；平板不退回旧密钥"})
    signature = fields.String(required=True, metadata={"description": "ECDSA-SHA256，DER 的 base64"})


class SyncSessionSchema(Schema):
    server_time = fields.String(required=True, metadata=_MOMENT)
    server_epoch = fields.String(required=True, metadata={"description": "恢复备份后改变：平板须重新提交仍保留的一切"})
    holder = fields.String(required=True)
    person_id = fields.UUID(required=True)
    protocol = fields.Integer(required=True)
    device_key = fields.String(
        required=True, allow_none=True, metadata={"description": "本平板已登记的签名密钥编号；null 则应登记一次"}
    )
    known_seq = fields.Integer(required=True, metadata={"description": "本平板已用过的最大编号；没有记录时为 0"})
    known_digest = fields.String(
        required=True, metadata={"description": "该编号的版本的摘要：平板据此发现自己的数据是恢复或复制来的"}
    )
    surveys = fields.List(fields.Dict(), required=True)
    notices = fields.Dict(required=True, metadata={"description": "现行告知书，按种类"})
    packs = fields.Dict(required=True, metadata={"description": "可下载的参考数据包"})
    news = fields.Boolean(metadata={"description": "仅当给出 cursor 与 of：其后是否还有变化"})
    places = fields.Dict(metadata={"description": "仅当给出 places 且已有变化：各调查项目的县"})
    team_news = fields.Boolean(metadata={"description": "仅当给出 team 与 team_of：同队记录是否还有变化"})
    pack_key = fields.String(metadata={"description": "名录包签名公钥：SPKI DER 的 base64"})
    seal_key = fields.Nested(SealKeySchema)


class ReceiptSchema(Schema):
    record_id = fields.String(required=True, allow_none=True)
    digest = fields.String(required=True)
    outcome = fields.String(required=True, metadata={"enum": ["accepted", "already_have", "conflict", "quarantined"]})
    reason = fields.String()
    detail = fields.List(fields.Dict())
    holder = fields.String(required=True)
    server_epoch = fields.String(required=True)


class ReceiptsSchema(Schema):
    server_time = fields.String(required=True, metadata=_MOMENT)
    server_epoch = fields.String(required=True)
    holder = fields.String(required=True)
    receipts = fields.List(fields.Nested(ReceiptSchema), required=True)
    signed = fields.Dict(metadata={"description": "只给监测站：同样的回执，由省级密钥签名，平板凭此认定"})


class ChangeSchema(Schema):
    change_no = fields.Integer(required=True)
    record_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    head_digest = fields.String(required=True, allow_none=True)
    conflict = fields.Dict(
        metadata={"description": "两处修改不一致时：各版本、有分歧的各项及其值；密封的与他人参与的敏感记录不给出值"}
    )
    review = fields.Dict(metadata={"description": "审核的状态、意见与改定的名称"})


class ChangesSchema(Schema):
    changes = fields.List(fields.Nested(ChangeSchema), required=True)
    cursor = fields.Integer(required=True)
    more = fields.Boolean(required=True)
    reset = fields.Boolean(metadata={"description": "游标属于另一人或另一纪元：从头给出，平板先清除此前所知"})


class TeamRecordSchema(Schema):
    change_no = fields.Integer(required=True)
    record_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    survey_id = fields.UUID(required=True)
    state = fields.String(required=True, metadata={"description": "审核状态"})
    scientific_name = fields.String(required=True, allow_none=True)
    name_zh = fields.String(required=True, allow_none=True)
    county = fields.String(required=True, allow_none=True)
    grid_cell = fields.String(required=True, allow_none=True, metadata={"description": "10 公里网格"})
    observed_from = fields.String(required=True, metadata=_MOMENT)
    date_precision = fields.String(required=True)
    observer = fields.String(required=True, allow_none=True)


class TeamSchema(Schema):
    records = fields.List(fields.Nested(TeamRecordSchema), required=True)
    gone = fields.List(
        fields.String(), required=True, metadata={"description": "不再给出的记录的标记：编号的摘要的前 16 位"}
    )
    cursor = fields.Integer(required=True)
    more = fields.Boolean(required=True)
    of = fields.String(required=True, metadata={"description": "游标的归属：下次原样交回"})
    reset = fields.Boolean(metadata={"description": "从头给出：平板先清除此前所知的同队记录"})


class ConflictVersionSchema(Schema):
    version = fields.Integer(required=True, metadata={"description": "这条记录的第几个版本"})
    author_name = fields.String(required=True, allow_none=True, metadata={"description": "受保护记录为 null"})
    saved_at = fields.String(required=True, metadata={"description": "敏感物种的记录只到月"})
    deleted = fields.Boolean(required=True, metadata={"description": "此版本删除了记录"})
    head = fields.Boolean(required=True, metadata={"description": "其后没有别的版本"})


class ConflictValueSchema(Schema):
    version = fields.Integer(required=True)
    value = fields.Raw(allow_none=True, metadata={"description": "没有此键：该版本去掉了这一项"})
    withheld = fields.Boolean(metadata={"description": "值不给出（位置、人员等），仍可按版本选定"})


class ConflictFieldSchema(Schema):
    name = fields.String(required=True)
    name_zh = fields.String(required=True)
    values = fields.List(fields.Nested(ConflictValueSchema), required=True)


class ConflictSchema(Schema):
    record_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    versions_seen = fields.Integer(required=True, metadata={"description": "裁定时原样交回"})
    versions = fields.List(fields.Nested(ConflictVersionSchema), required=True)
    fields_ = fields.List(fields.Nested(ConflictFieldSchema), required=True, data_key="fields", attribute="fields")
    may_delete = fields.Boolean(required=True, metadata={"description": "其中有人删除了这条记录"})


class ConflictPage(Schema):
    items = fields.List(fields.Nested(ConflictSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class SettleSchema(Schema):
    versions_seen = fields.Integer(required=True, strict=True, validate=validate.Range(2, 1_000_000))
    choose = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 80)),
        values=fields.Integer(strict=True, validate=validate.Range(1, 1_000_000)),
        load_default=dict,
        metadata={"description": "每一项有分歧的字段，取第几个版本的值"},
    )
    delete = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    remarks = text(400, load_default=None, allow_none=True)


class SettledSchema(Schema):
    record_id = fields.UUID(required=True)
    state = fields.String(required=True)
