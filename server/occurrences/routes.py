"""`/v1/occurrences`: lists, one, its history; `/v1/tiles`: a map of them."""

import hashlib
from typing import Any
from uuid import UUID

from flask import Response, request

from server.accounts.rights import READ_RECORDS
from server.occurrences import filters, queries, schemas
from server.occurrences import tiles as drawing
from server.sensitivity import listing
from server.sensitivity.answers import paged
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import page
from server.web.viewers import current_viewer

blueprint = Blueprint("occurrences", __name__, url_prefix="/v1/occurrences", description="物种记录")
tiles = Blueprint("tiles", __name__, url_prefix="/v1/tiles", description="矢量瓦片")
TILE_TYPE = "application/vnd.mapbox-vector-tile"


@blueprint.after_request
def keep_no_copy(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("")
@blueprint.arguments(schemas.FilterSchema, location="query")
@blueprint.response(200, paged(schemas.OccurrenceSchema))
def list_occurrences(asked: dict[str, Any]) -> Any:
    """授权范围内的物种记录；筛选只看公布的位置"""
    viewer, session = current_viewer(READ_RECORDS), request_session()
    of = filters.wanted(viewer, asked)
    rows = queries.page(session, viewer, of, listing.asked(asked["limit"], asked["after"], asked["sort"]))
    answer = page(rows, asked["limit"], listing.key, queries.shown)
    return answer | ({"count": listing.count(session, viewer, of)} if asked["count"] else {})


@blueprint.get("/<uuid:occurrence_id>")
@blueprint.response(200, schemas.WholeOccurrenceSchema)
def one_occurrence(occurrence_id: UUID) -> Any:
    """一条物种记录，连同测量"""
    return queries.one(request_session(), current_viewer(READ_RECORDS), occurrence_id)


@blueprint.get("/<uuid:occurrence_id>/history")
@blueprint.response(200, schemas.OccurrenceHistorySchema)
def history_of_occurrence(occurrence_id: UUID) -> Any:
    """它的各个版本；不含内容"""
    current_viewer(READ_RECORDS)
    return {"items": queries.history(request_session(), occurrence_id)}


@tiles.get("/<layer>/<int:z>/<int:x>/<int:y>")
@tiles.response(200, {"type": "string", "format": "binary"}, content_type=TILE_TYPE)
def one_tile(layer: str, z: int, x: int, y: int) -> Response:
    """物种记录 (occurrences，公布位置) 或县界 (counties) 的矢量瓦片"""
    viewer = current_viewer(READ_RECORDS)
    drawn = drawing.tile(request_session(), viewer, layer, z, x, y)
    response = Response(drawn, mimetype=TILE_TYPE)
    # One viewer's copy answers to nobody of other scopes, and to none once a level has changed.
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Authorization", "Cookie"))
    response.set_etag(hashlib.sha256(f"{sorted(viewer.scopes)}".encode() + drawn).hexdigest())
    response.make_conditional(request)
    return response
