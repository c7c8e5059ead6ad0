"""What requests about people hold, and what is answered."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.accounts import passwords
from server.accounts.rights import AREA_KINDS, ROLES, ROLES_ZH
from server.web.paging import PageSchema
from shared.wire.base import code, optional_text, text

ORGANISATION_LEVELS = ("province", "prefecture", "county", "station", "other")


def named(longest: int = 120, **options: Any) -> fields.String:
    """Text that is not blank."""
    field = text(longest, **options)
    field.validators.append(validate.Regexp(r"\s*\S", error="不能为空"))
    return field


def moment(**options: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(format="iso", **options)


class SignInSchema(Schema):
    account = text(120, required=True)
    password = text(passwords.LONGEST, required=True, load_only=True)


class NewPasswordSchema(Schema):
    password = text(passwords.LONGEST, required=True, load_only=True)


class OwnPasswordSchema(NewPasswordSchema):
    current_password = text(passwords.LONGEST, required=True, load_only=True)


class HeldSchema(Schema):
    role = fields.String()
    role_zh = fields.Function(lambda held: ROLES_ZH[held.role])
    area_kind = fields.String()
    area_code = fields.String()
    taxon_group = fields.String(allow_none=True)


class SignedInSchema(Schema):
    person_id = fields.UUID()
    account = fields.String(allow_none=True)
    name = fields.String()
    roles = fields.List(fields.Nested(HeldSchema))
    rights = fields.List(fields.String())
    csrf_token = fields.String(
        allow_none=True, metadata={"description": "写操作须在 X-CSRF-Token 中带回；用个人令牌时为 null"}
    )


class NewTokenSchema(Schema):
    name = named(required=True)
    expires_at = moment(load_default=None, allow_none=True)


class TokenSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    created_at = moment()
    expires_at = moment()
    seen_at = moment(allow_none=True)
    revoked_at = moment(allow_none=True)


class IssuedTokenSchema(TokenSchema):
    token = fields.String(metadata={"description": "只显示这一次"})


class TokensSchema(Schema):
    items = fields.List(fields.Nested(TokenSchema))


class NewOrganisationSchema(Schema):
    name = named(200, required=True)
    level = code(*ORGANISATION_LEVELS, required=True)
    area_code = text(20, load_default=None, allow_none=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)


class OrganisationSchema(NewOrganisationSchema):
    id = fields.UUID()


class NewGrantSchema(Schema):
    role = code(*ROLES, required=True)
    area_kind = code(*AREA_KINDS, required=True)
    area_code = named(80, required=True)
    taxon_group = optional_text(40)
    expires_at = moment(load_default=None, allow_none=True)


class GrantToSchema(NewGrantSchema):
    person_id = fields.UUID(required=True)


class GrantSchema(GrantToSchema):
    id = fields.UUID()
    granted_by = fields.String()
    granted_at = moment()
    revoked_at = moment(allow_none=True)


class GrantsQuerySchema(PageSchema):
    person_id = fields.UUID(load_default=None)


class NewPersonSchema(Schema):
    name = named(required=True)
    account = text(40, load_default=None, allow_none=True)
    password = text(passwords.LONGEST, load_default=None, allow_none=True, load_only=True)
    organisation_id = fields.UUID(load_default=None, allow_none=True)
    grant = fields.Nested(NewGrantSchema, required=True, metadata={"description": "每人至少有一项授权"})


class ChangedPersonSchema(Schema):
    name = named()
    account = text(40)
    organisation_id = fields.UUID(allow_none=True)
    disabled = fields.Boolean(truthy={True}, falsy={False})


class PersonSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    account = fields.String(allow_none=True)
    organisation_id = fields.UUID(allow_none=True)
    created_at = moment()
    disabled_at = moment(allow_none=True)


class DeviceSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    person_id = fields.UUID()
    app_version = fields.String()
    enrolled_at = moment()
    seen_at = moment(allow_none=True)
    revoked_at = moment(allow_none=True)
    forked_from = fields.UUID(
        allow_none=True, metadata={"description": "由哪台平板换号而来：数据被复制或恢复；注销那台，这台也随之注销"}
    )


class ListedDeviceSchema(DeviceSchema):
    person_name = fields.String()


class NewCodeSchema(Schema):
    person_id = fields.UUID(required=True)
    server = text(200, load_default=None, allow_none=True)


class CodeSchema(Schema):
    code = fields.String(metadata={"description": "只显示这一次，用一次即失效"})
    expires_at = moment()
    payload = fields.String(metadata={"description": "二维码的内容"})
    qr_png = fields.String(metadata={"description": "二维码图像：PNG 的 base64"})


class ReturnSchema(Schema):
    """Providers may add what they like; `error` comes without a code."""

    state = text(200, load_default="")
    code = text(2000, load_default="")


class RedirectSchema(Schema):
    location = fields.String()


def paged(item: type[Schema]) -> type[Schema]:
    """A page of these."""
    return Schema.from_dict(
        {"items": fields.List(fields.Nested(item)), "next": fields.String(allow_none=True)},
        name=item.__name__.replace("Schema", "Page"),
    )
