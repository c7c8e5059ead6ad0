"""`/v1/taxa?q=`: names, as people type them."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.taxa import queries
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.viewers import signed_in

blueprint = Blueprint("taxa", __name__, url_prefix="/v1/taxa", description="物种名录")
MOST = 50


class TaxonQuerySchema(Schema):
    q = fields.String(required=True, validate=validate.Length(1, 120))
    limit = fields.Integer(load_default=20, validate=validate.Range(1, MOST))


class TaxonSchema(Schema):
    taxon_id = fields.UUID()
    scientific_name = fields.String()
    name_zh = fields.String(allow_none=True)
    rank = fields.String()
    protection_class = fields.String(allow_none=True)
    lists = fields.List(fields.String())
    match = fields.String()


class TaxaSchema(Schema):
    items = fields.List(fields.Nested(TaxonSchema))


@blueprint.get("")
@blueprint.arguments(TaxonQuerySchema, location="query")
@blueprint.response(200, TaxaSchema)
def find_taxa(asked: dict[str, Any]) -> Any:
    """按中文名、学名、拼音或首字母查找；只找名录中的物种"""
    signed_in()
    session = request_session()
    found = queries.find(session, asked["q"], asked["limit"])
    known = queries.by_ids(session, [one["taxon_id"] for one in found])
    # A name that no list has came with a record, and may hold words about its place.
    return {"items": [one for one in found if known[one["taxon_id"]].status != "provisional"]}
