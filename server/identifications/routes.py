"""`/v1/occurrences/{id}/identifications`: every name that was ever given, the newest last."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from server.accounts.rights import READ_RECORDS
from server.identifications import queries
from server.sensitivity.scoping import real_id
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.viewers import current_viewer

blueprint = Blueprint("identifications", __name__, url_prefix="/v1/occurrences", description="鉴定")


class IdentificationSchema(Schema):
    scientific_name = fields.String(allow_none=True)
    name_zh = fields.String(allow_none=True)
    qualifier = fields.String(allow_none=True)
    method = fields.String(required=True)
    confidence = fields.String(allow_none=True)
    by = fields.String(required=True, metadata={"description": "记录人，或审核员的职务"})
    action = fields.String(allow_none=True, metadata={"description": "confirm | reidentify | answer；记录人的定名为空"})
    identified_on = fields.String(required=True, metadata={"description": "敏感记录只到月或日"})


class IdentificationList(Schema):
    items = fields.List(fields.Nested(IdentificationSchema), required=True)


@blueprint.get("/<uuid:record_id>/identifications")
@blueprint.response(200, IdentificationList)
def identifications(record_id: UUID) -> dict[str, Any]:
    """一条记录的历次鉴定"""
    current_viewer(READ_RECORDS)
    session = request_session()
    return {"items": queries.all_of(session, real_id(session, record_id))}
