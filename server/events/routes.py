"""`/v1/events`: lists and one. Patrols are read at /v1/patrols."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from server.accounts.rights import READ_RECORDS
from server.events import queries
from server.sensitivity import listing
from server.sensitivity.answers import ListSchema, MeasurementSchema, ObservedSchema, paged
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import page
from server.web.viewers import current_viewer

blueprint = Blueprint("events", __name__, url_prefix="/v1/events", description="调查活动")


_DECIMAL = {"type": ["string", "null"], "description": "十进制数，写成文本"}


class EventFilterSchema(ListSchema):
    survey_id = fields.UUID(load_default=None)
    county = fields.String(load_default=None, validate=validate.Regexp(r"[0-9]{6}\Z"))
    year = fields.Integer(load_default=None, validate=validate.Range(0, 9999))


class EventSchema(ObservedSchema):
    dataset_id = fields.UUID()
    parent_event_id = fields.UUID(allow_none=True)
    event_type = fields.String()
    sampling_protocol = fields.String()
    target_group = fields.String(allow_none=True)
    location_name = fields.String(allow_none=True)
    effort_length_m = fields.Decimal(as_string=True, allow_none=True, metadata=_DECIMAL)
    effort_duration_min = fields.Decimal(as_string=True, allow_none=True, metadata=_DECIMAL)
    effort_area_m2 = fields.Decimal(as_string=True, allow_none=True, metadata=_DECIMAL)
    effort_observers = fields.Integer(allow_none=True)
    weather = fields.String(allow_none=True)
    habitat_code = fields.String(allow_none=True)
    disturbance_code = fields.String(allow_none=True)
    event_remarks = fields.String(allow_none=True)
    flags = fields.List(fields.String())


class WholeEventSchema(EventSchema):
    measurements = fields.List(fields.Nested(MeasurementSchema))


@blueprint.get("")
@blueprint.arguments(EventFilterSchema, location="query")
@blueprint.response(200, paged(EventSchema))
def list_events(asked: dict[str, Any]) -> Any:
    """授权范围内的调查活动"""
    viewer, session = current_viewer(READ_RECORDS), request_session()
    of = queries.wanted(viewer, asked)
    rows = queries.page(session, viewer, of, listing.asked(asked["limit"], asked["after"], asked["sort"]))
    answer = page(rows, asked["limit"], listing.key, queries.shown)
    return answer | ({"count": listing.count(session, viewer, of)} if asked["count"] else {})


@blueprint.get("/<uuid:event_id>")
@blueprint.response(200, WholeEventSchema)
def one_event(event_id: UUID) -> Any:
    """一次调查活动，连同测量"""
    return queries.one(request_session(), current_viewer(READ_RECORDS), event_id)
