"""`/v1/conflicts`: records that were edited in two places, for whoever verifies."""

from typing import Any
from uuid import UUID

from server.accounts.rights import VERIFY
from server.sensitivity.scoping import real_id, shown_ids
from server.sync import conflicts
from server.sync.schemas import ConflictPage, SettledSchema, SettleSchema
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import PageSchema, key_of, page
from server.web.settings import clock
from server.web.viewers import current_viewer

blueprint = Blueprint("conflicts", __name__, url_prefix="/v1/conflicts", description="两处修改不一致的记录")


@blueprint.get("")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, ConflictPage)
def listed(asked: dict[str, Any]) -> dict[str, Any]:
    """本人可审核的、两处修改不一致的记录"""
    current_viewer(VERIFY)
    session = request_session()
    rows = conflicts.waiting(session, asked["limit"], key_of(asked["after"], 2))
    told = conflicts.told_to_reviewer(session, conflicts.load(session, [row.id for row in rows[: asked["limit"]]]))
    answer = page(rows, asked["limit"], _key, lambda row: told.get(row.id))
    # Somebody may have settled one between the two readings.
    return answer | {"items": [item for item in answer["items"] if item]}


def _key(row: Any) -> tuple[str, ...]:
    return row.listed_on.isoformat(), str(row.listing_key)


@blueprint.post("/<uuid:record_id>")
@blueprint.arguments(SettleSchema)
@blueprint.response(201, SettledSchema)
def settle(asked: dict[str, Any], record_id: UUID) -> dict[str, Any]:
    """逐项选定一个版本的值，或确认删除；其间又有修改则不作任何改动"""
    viewer, session = current_viewer(VERIFY), request_session()
    id_ = real_id(session, record_id)
    choice = conflicts.Choice(asked["versions_seen"], asked["choose"], asked["delete"], asked["remarks"])
    state = conflicts.settle(session, viewer, clock(), id_, choice)
    name = shown_ids(session, [id_])[id_]
    session.commit()
    return {"record_id": str(name), "state": state}
