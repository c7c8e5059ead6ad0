"""`/v1/patrols`, `/v1/findings`: lists and one."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from server.accounts.rights import READ_RECORDS
from server.accounts.viewer import Viewer
from server.events.queries import wanted as wanted_events
from server.events.routes import EventFilterSchema, EventSchema
from server.patrols import queries
from server.sensitivity import listing
from server.sensitivity.answers import ObservedSchema, paged
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import page
from server.web.viewers import current_viewer

blueprint = Blueprint("patrols", __name__, url_prefix="/v1", description="巡护与巡护发现")


class PatrolSchema(EventSchema):
    nil_report = fields.Boolean(metadata={"description": "零报告：巡护未见异常"})


class FindingFilterSchema(EventFilterSchema):
    finding_type = fields.String(load_default=None, validate=validate.Length(1, 60))
    case_state = fields.String(load_default=None, validate=validate.OneOf(["open", "closed"]))


class FindingSchema(ObservedSchema):
    patrol_id = fields.UUID(allow_none=True)
    finding_type = fields.String()
    case_state = fields.String()
    evidence_number = fields.String(allow_none=True)


@blueprint.get("/patrols")
@blueprint.arguments(EventFilterSchema, location="query")
@blueprint.response(200, paged(PatrolSchema))
def list_patrols(asked: dict[str, Any]) -> Any:
    """授权范围内的巡护；不含轨迹与人员"""
    viewer = current_viewer(READ_RECORDS)
    return _page(asked, viewer, wanted_events(viewer, asked, queries.PATROL), queries.patrols, queries.shown)


@blueprint.get("/patrols/<uuid:patrol_id>")
@blueprint.response(200, PatrolSchema)
def one_patrol(patrol_id: UUID) -> Any:
    """一次巡护"""
    return queries.one_patrol(request_session(), current_viewer(READ_RECORDS), patrol_id)


@blueprint.get("/findings")
@blueprint.arguments(FindingFilterSchema, location="query")
@blueprint.response(200, paged(FindingSchema))
def list_findings(asked: dict[str, Any]) -> Any:
    """授权范围内的巡护发现"""
    viewer = current_viewer(READ_RECORDS)
    return _page(asked, viewer, queries.wanted_findings(viewer, asked), queries.findings, queries.shown_finding)


@blueprint.get("/findings/<uuid:finding_id>")
@blueprint.response(200, FindingSchema)
def one_finding(finding_id: UUID) -> Any:
    """一条巡护发现"""
    return queries.one_finding(request_session(), current_viewer(READ_RECORDS), finding_id)


def _page(
    asked: dict[str, Any],
    viewer: Viewer,
    of: listing.Scan,
    read: Callable[..., Sequence[Any]],
    shown: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    session = request_session()
    rows = read(session, viewer, of, listing.asked(asked["limit"], asked["after"], asked["sort"]))
    answer = page(rows, asked["limit"], listing.key, shown)
    return answer | ({"count": listing.count(session, viewer, of)} if asked["count"] else {})
