"""`/v1/precise-grants`, `/v1/occurrences/…/place`, `/v1/patrols/…/track`: the only answers that may hold an exact place."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from server.accounts.rights import APPROVE_PRECISE, ASK_PRECISE, MANAGE_PEOPLE
from server.sensitivity import granting, reading_rate, tracks
from server.sensitivity.model import PreciseGrant
from server.sensitivity.scoping import real_id, real_ids
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.settings import clock
from server.web.viewers import current_viewer, signed_in
from shared.problems import Problem

blueprint = Blueprint(
    "precise", __name__, url_prefix="/v1", description="精确位置：按用途申请，由另一人批准，每次查阅都有记录"
)


class AskGrantSchema(Schema):
    purpose = fields.String(required=True, validate=validate.Length(5, 400))
    record_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=granting.MOST_RECORDS))
    county_code = fields.String(load_default=None, allow_none=True, validate=validate.Regexp(r"[0-9]{6}\Z"))
    taxon_id = fields.UUID(load_default=None, allow_none=True)
    days = fields.Integer(
        load_default=granting.LONGEST_DAYS, validate=validate.Range(1, granting.LONGEST_DAYS), strict=True
    )


class PreciseGrantSchema(Schema):
    id = fields.UUID()
    person_id = fields.UUID()
    purpose = fields.String()
    county_code = fields.String(allow_none=True)
    taxon_id = fields.UUID(allow_none=True)
    record_count = fields.Integer()
    state = fields.String(metadata={"description": "asked 待批，approved 已批准，refused 未批准"})
    asked_at = fields.AwareDateTime(format="iso")
    expires_at = fields.AwareDateTime(format="iso")
    decided_at = fields.AwareDateTime(format="iso", allow_none=True)
    decision_reason = fields.String(allow_none=True)


class PreciseGrantList(Schema):
    items = fields.List(fields.Nested(PreciseGrantSchema))
    next = fields.String(allow_none=True)


class WaitingQuery(Schema):
    waiting = fields.Boolean(load_default=False, metadata={"description": "true：等待本人批准的"})


class DecideGrantSchema(Schema):
    approved = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=400))


class ClearanceSchema(Schema):
    person_id = fields.UUID(required=True)


class ClearedSchema(Schema):
    person_id = fields.UUID()
    cleared_at = fields.AwareDateTime(format="iso")


class GrantQuery(Schema):
    grant = fields.UUID(load_default=None, metadata={"description": "获准的查阅许可"})


class ExactPlaceSchema(Schema):
    latitude = fields.Float()
    longitude = fields.Float()
    uncertainty_m = fields.Float(allow_none=True)
    altitude_m = fields.String(allow_none=True)
    county_code = fields.String(allow_none=True)
    county_name = fields.String(allow_none=True)
    areas = fields.List(fields.String())


class TrackPointSchema(Schema):
    at = fields.AwareDateTime(format="iso")
    latitude = fields.Float()
    longitude = fields.Float()


class LegSchema(Schema):
    leg = fields.Integer()
    points = fields.List(fields.Nested(TrackPointSchema))


class TrackCellSchema(Schema):
    latitude = fields.Float()
    longitude = fields.Float()


class TrackSchema(Schema):
    edition = fields.String(metadata={"description": "exact 全程；generalised 0.1° 格网；withheld 结束未满 72 小时"})
    legs = fields.List(fields.Nested(LegSchema))
    cells = fields.List(fields.Nested(TrackCellSchema))


@blueprint.post("/precise-grants")
@blueprint.arguments(AskGrantSchema)
@blueprint.response(201, PreciseGrantSchema)
def ask(asked: dict[str, Any]) -> PreciseGrant:
    """申请查阅精确位置：写明用途，由另一人批准，最长 7 天"""
    viewer, session = current_viewer(ASK_PRECISE), request_session()
    asked["record_ids"] = _known(session, asked["record_ids"])
    grant = granting.ask(session, viewer, clock(), granting.Wanted(**asked))
    session.commit()
    return grant


def _known(session: Session, shown: Sequence[UUID]) -> list[UUID]:
    found = real_ids(session, shown)
    if len(found) < len(set(shown)):
        raise Problem("not_found")
    return list(found.values())


@blueprint.get("/precise-grants")
@blueprint.arguments(WaitingQuery, location="query")
@blueprint.response(200, PreciseGrantList)
def list_grants(asked: dict[str, Any]) -> dict[str, Any]:
    """本人的申请；waiting=true 时为等待本人批准的"""
    session = request_session()
    if asked["waiting"]:
        viewer = current_viewer(APPROVE_PRECISE)
        return {"items": granting.waiting_for(session, viewer, clock()), "next": None}
    return {"items": granting.grants_of(session, current_viewer(ASK_PRECISE)), "next": None}


@blueprint.post("/precise-grants/<uuid:grant_id>/approval")
@blueprint.arguments(DecideGrantSchema)
@blueprint.response(200, PreciseGrantSchema)
def decide(asked: dict[str, Any], grant_id: UUID) -> PreciseGrant:
    """批准或不批准他人的申请"""
    viewer, session = current_viewer(APPROVE_PRECISE), request_session()
    act = granting.approve if asked["approved"] else granting.refuse
    grant = act(session, viewer, clock(), grant_id, asked["reason"])
    session.commit()
    return grant


@blueprint.post("/precise-grants/clearances")
@blueprint.arguments(ClearanceSchema)
@blueprint.response(201, ClearedSchema)
def clear(asked: dict[str, Any]) -> Any:
    """一小时内查阅过多而被暂停的人，经管理员核实后恢复"""
    viewer, session = current_viewer(MANAGE_PEOPLE), request_session()
    stop = reading_rate.clear(session, viewer, clock(), asked["person_id"])
    session.commit()
    return stop


@blueprint.get("/occurrences/<uuid:occurrence_id>/place")
@blueprint.arguments(GrantQuery, location="query")
@blueprint.response(200, ExactPlaceSchema)
def place(asked: dict[str, Any], occurrence_id: UUID) -> dict[str, Any]:
    """一条记录的精确位置；须有获准、未过期的查阅许可，每次查阅都记录"""
    viewer, session = current_viewer(ASK_PRECISE), request_session()
    id_ = real_id(session, occurrence_id)
    found = granting.read_places(session, viewer, asked["grant"], [id_], clock()).get(id_)
    session.commit()
    if found is None:
        raise Problem("not_found")
    stamp = found.stamp
    return {
        **{name: getattr(found, name) for name in ("latitude", "longitude", "uncertainty_m", "altitude_m")},
        **{name: getattr(stamp, name) for name in ("county_code", "county_name", "areas")},
    }


@blueprint.get("/patrols/<uuid:patrol_id>/track")
@blueprint.response(200, TrackSchema)
def patrol_track(patrol_id: UUID) -> Any:
    """巡护轨迹：本人、管护站与审计可看全程；其他人在结束 72 小时后只看到 0.1° 格网"""
    session = request_session()
    found = tracks.track(session, signed_in(), clock(), patrol_id)
    session.commit()
    return found
