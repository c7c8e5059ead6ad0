"""`/v1/surveys`: lists and one."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from server.accounts.rights import READ_RECORDS
from server.surveys import queries
from server.surveys.model import Survey
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import PageSchema, key_of, page
from server.web.viewers import current_viewer
from shared.ids import is_uuid
from shared.problems import Problem

blueprint = Blueprint("surveys", __name__, url_prefix="/v1/surveys", description="调查项目")


class SurveySchema(Schema):
    id = fields.UUID()
    dataset_id = fields.UUID()
    title = fields.String()
    kind = fields.String()
    profile = fields.String()
    county_codes = fields.List(fields.String())
    starts_on = fields.Date(allow_none=True)
    ends_on = fields.Date(allow_none=True)


class SurveyPageSchema(Schema):
    items = fields.List(fields.Nested(SurveySchema))
    next = fields.String(allow_none=True)


@blueprint.get("")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, SurveyPageSchema)
def list_surveys(asked: dict[str, Any]) -> Any:
    """授权范围内的调查项目"""
    viewer = current_viewer(READ_RECORDS)
    key = key_of(asked["after"])
    if key and not is_uuid(key[0]):
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
    rows = queries.visible(request_session(), viewer.scopes, UUID(key[0]) if key else None, asked["limit"])
    return page(rows, asked["limit"], lambda row: (str(row.id),), lambda row: row)


@blueprint.get("/<uuid:survey_id>")
@blueprint.response(200, SurveySchema)
def one_survey(survey_id: UUID) -> Survey:
    """一个调查项目"""
    return queries.one(request_session(), current_viewer(READ_RECORDS).scopes, survey_id)
