"""`/v1/places`: counties and what other layers name, for everybody who signed in; none of it tells where a record is."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.places import naming
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import PageSchema, key_of, page
from server.web.settings import settings
from server.web.viewers import signed_in

blueprint = Blueprint("places", __name__, url_prefix="/v1/places", description="行政区、保护地与其他地名")
COUNTY = "county"
KINDS = (COUNTY, "protected_area", "zone", "priority_area", "river_section")


class PlaceQuerySchema(PageSchema):
    kind = fields.String(load_default=COUNTY, validate=validate.OneOf(KINDS))
    q = fields.String(load_default=None, validate=validate.Length(1, 60), metadata={"description": "名称的一部分"})


class NamedPlaceSchema(Schema):
    code = fields.String()
    name_zh = fields.String()
    kind = fields.String()
    parent_code = fields.String(allow_none=True)
    parent_name = fields.String(allow_none=True)


class NamedPlacesSchema(Schema):
    items = fields.List(fields.Nested(NamedPlaceSchema))
    next = fields.String(allow_none=True)


@blueprint.get("")
@blueprint.arguments(PlaceQuerySchema, location="query")
@blueprint.response(200, NamedPlacesSchema)
def find_places(asked: dict[str, Any]) -> Any:
    """按种类与名称列出；按代码排序"""
    signed_in()
    key = key_of(asked["after"])
    rows = [row for row in _found(asked["kind"], asked["q"]) if key is None or row["code"] > key[0]]
    return page(rows[: asked["limit"] + 1], asked["limit"], lambda row: (row["code"],), lambda row: row)


def _found(kind: str, name: str | None) -> list[dict[str, Any]]:
    session = request_session()
    if kind == COUNTY:
        counties = naming.counties(session, settings().home_province, name=name)
        return [
            {
                "code": one.code,
                "name_zh": one.name_zh,
                "kind": kind,
                "parent_code": one.prefecture_code,
                "parent_name": one.prefecture_name,
            }
            for one in counties
        ]
    rows = naming.find(session, kind, name=name)
    return [
        {"code": row.code, "name_zh": row.name_zh, "kind": kind, "parent_code": row.parent_code, "parent_name": None}
        for row in rows
    ]
