"""`/v1/exports`: data that leave, and who approved it. `/v1/datasets/{id}`: whether a data set may leave the country."""

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy.orm import Session

from server.accounts.rights import APPROVE_PRECISE, EXPORT, KEEP_DATASETS
from server.accounts.viewer import Viewer
from server.db import look_through
from server.exchange import exports
from server.exchange.model import Export
from server.exchange.readable import Chosen
from server.exchange.standing import covered, own, state_of, waiting
from server.exchange.writing import FORMATS
from server.surveys.cross_border import set_cross_border
from server.surveys.model import CROSS_BORDER, Dataset
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.downloads import disposition
from server.web.paging import PageSchema, key_of, page
from server.web.settings import clock, settings
from server.web.viewers import current_viewer
from shared.problems import Problem

blueprint = Blueprint("exports", __name__, url_prefix="/v1/exports", description="数据导出")
datasets = Blueprint("datasets", __name__, url_prefix="/v1/datasets", description="数据集")
_YEARS = validate.Range(1600, 2200)


class ExportChosenSchema(Schema):
    survey_id = fields.UUID(metadata={"description": "调查项目"})
    county = fields.String(validate=validate.Length(2, 12), metadata={"description": "县级代码"})
    taxon_id = fields.UUID(metadata={"description": "物种"})
    group = fields.String(validate=validate.Length(1, 40), metadata={"description": "类群，例如 鸟类"})
    year_from = fields.Integer(strict=True, validate=_YEARS, metadata={"description": "观察年份起；公开版不能用"})
    year_to = fields.Integer(strict=True, validate=_YEARS, metadata={"description": "观察年份止；公开版不能用"})


class ExportOrderSchema(Schema):
    format = fields.String(required=True, validate=validate.OneOf(sorted(FORMATS)))
    edition = fields.String(required=True, validate=validate.OneOf(exports.EDITIONS))
    filters = fields.Nested(ExportChosenSchema, load_default=dict)
    grant_id = fields.UUID(load_default=None, allow_none=True, metadata={"description": "精确版：已批准的查阅许可"})


class ExportDecisionSchema(Schema):
    approve = fields.Boolean(required=True, truthy={True}, falsy={False})
    reason = fields.String(required=True, validate=validate.And(validate.Length(2, 500), validate.Regexp(r".*\S")))


class ExportSchema(Schema):
    id = fields.UUID(required=True)
    state = fields.String(required=True, metadata={"description": "waiting、ready、refused、recalled 或 expired"})
    format = fields.String(required=True)
    edition = fields.String(required=True)
    filters = fields.Dict(required=True)
    rows = fields.Integer(required=True)
    exact_places = fields.Integer(required=True)
    asked_by = fields.UUID(required=True, metadata={"description": "申请人"})
    asked_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)
    sha256 = fields.String(required=True, allow_none=True)
    byte_count = fields.Integer(required=True, allow_none=True)


class ExportsSchema(Schema):
    items = fields.List(fields.Nested(ExportSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class ExportListSchema(PageSchema):
    waiting = fields.Boolean(load_default=False, metadata={"description": "true：等待我批准的，而不是我申请的"})


class CrossBorderSchema(Schema):
    cross_border = fields.String(required=True, validate=validate.OneOf(sorted(CROSS_BORDER)))


class DatasetSchema(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True)
    owner = fields.String(required=True)
    cross_border = fields.String(required=True)


@blueprint.post("")
@blueprint.arguments(ExportOrderSchema)
@blueprint.response(201, ExportSchema)
def ask(asked: dict[str, Any]) -> dict[str, Any]:
    """申请导出：公开版、范围内（按公布的位置）或精确版"""
    viewer, session = current_viewer(EXPORT), request_session()
    chosen: dict[str, Any] = {
        name: str(value) if isinstance(value, UUID) else value for name, value in asked["filters"].items()
    }
    order = exports.Order(asked["format"], asked["edition"], Chosen(**chosen), asked["grant_id"])
    exports.sweep(session, clock(), settings())
    made = exports.ask(session, viewer, clock(), settings(), order)
    session.commit()
    return _shown(session, made)


@blueprint.get("")
@blueprint.arguments(ExportListSchema, location="query")
@blueprint.response(200, ExportsSchema)
def list_(asked: dict[str, Any]) -> dict[str, Any]:
    """本人申请的导出，或等待本人批准的"""
    viewer, session = current_viewer(EXPORT), request_session()
    after = key_of(asked["after"], 2)
    if asked["waiting"]:
        _as_approver(session, viewer)
        rows = waiting(session, viewer, asked["limit"], after)
    else:
        rows = own(session, viewer, asked["limit"], after)
    return page(
        rows,
        asked["limit"],
        lambda row: (row.asked_at.isoformat(), str(row.id)),
        lambda row: _shown(session, row),
    )


@blueprint.get("/<uuid:export_id>")
@blueprint.response(200, ExportSchema)
def one(export_id: UUID) -> dict[str, Any]:
    """一项导出"""
    viewer, session = current_viewer(EXPORT), request_session()
    found = session.get(Export, export_id)
    if found is None or (found.person_id != viewer.person_id and not _may_approve(session, viewer, found)):
        raise Problem("not_found")
    return _shown(session, found)


@blueprint.post("/<uuid:export_id>/approval")
@blueprint.arguments(ExportDecisionSchema)
@blueprint.response(200, ExportSchema)
def approve(asked: dict[str, Any], export_id: UUID) -> dict[str, Any]:
    """由另一人批准或拒绝超过 20 处精确位置的导出"""
    viewer, session = current_viewer(APPROVE_PRECISE), request_session()
    decided = exports.decide(session, viewer, clock(), export_id, asked["approve"], asked["reason"])
    session.commit()
    return _shown(session, decided)


@blueprint.get("/<uuid:export_id>/file")
@blueprint.response(200, content_type="application/octet-stream")
def file(export_id: UUID) -> Response:
    """取走导出的文件；每次都有记录"""
    viewer, session = current_viewer(EXPORT), request_session()
    export, data = exports.take(session, viewer, clock(), settings(), export_id)
    session.commit()
    response = Response(data, content_type=FORMATS[export.format].media_type)
    response.headers["Content-Disposition"] = disposition(exports.file_name(export))
    response.headers["Cache-Control"] = "no-store"
    return response


@datasets.patch("/<uuid:dataset_id>")
@datasets.arguments(CrossBorderSchema)
@datasets.response(200, DatasetSchema)
def keep(asked: dict[str, Any], dataset_id: UUID) -> Dataset:
    """设定数据集能否出境"""
    viewer, session = current_viewer(KEEP_DATASETS), request_session()
    kept = set_cross_border(session, clock(), viewer.name, dataset_id, asked["cross_border"])
    session.commit()
    return kept


def _as_approver(session: Session, viewer: Viewer) -> None:
    look_through(session, viewer.within(APPROVE_PRECISE).scopes)


def _may_approve(session: Session, viewer: Viewer, export: Export) -> bool:
    if APPROVE_PRECISE not in viewer.rights or export.state != "waiting":
        return False
    _as_approver(session, viewer)
    return covered(session, export)


def _shown(session: Session, row: Export) -> dict[str, Any]:
    return {
        "id": row.id,
        "state": state_of(session, clock(), row),
        "format": row.format,
        "edition": row.edition,
        "filters": row.chosen,
        "rows": row.row_count,
        "exact_places": row.exact_count,
        "asked_by": row.person_id,
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "decided_at": row.decided_at,
        "decision_reason": row.decision_reason,
        "sha256": row.sha256,
        "byte_count": row.byte_count,
    }
