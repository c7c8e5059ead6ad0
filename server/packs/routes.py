"""`/v1/packs/taxa`: nothing where it is unchanged, the difference where the version is known, else the whole file or a range of it."""

from flask import Response, request, send_file
from marshmallow import Schema
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from server.packs import service
from server.packs.register import Published
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.devices import current_device
from server.web.settings import clock, settings
from shared.protocol import PROTOCOL, PROTOCOL_HEADER
from shared.taxon_pack import DIFFERENCE_TYPE, PACK_TYPE
from shared.wire.base import text

blueprint = Blueprint("packs", __name__, url_prefix="/v1/packs", description="平板的参考数据包")


class KnownSchema(Schema):
    known = text(100, data_key="from", load_default="", metadata={"description": "平板已有的版本"})


@blueprint.get("/taxa")
@blueprint.arguments(KnownSchema, location="query")
@blueprint.doc(
    responses={
        "200": {"description": "数据包，或与已有版本的差异", "content": {PACK_TYPE: {}, DIFFERENCE_TYPE: {}}},
        "206": {"description": "数据包的一段（Range；If-Range 不符时给整个文件）", "content": {PACK_TYPE: {}}},
        "304": {"description": "没有变化"},
        "416": {"description": "没有这一段"},
    },
)
def taxa(asked: dict[str, str]) -> Response:
    """签名的名录包；已有的版本只给差异"""
    current_device()
    newest, known = service.ensure(settings(), request_session(), clock()), asked["known"]
    if known == newest.version or any(request.if_none_match.contains(_tag(newest, packed)) for packed in (True, False)):
        response = Response(status=304)
        response.set_etag(_tag(newest, _takes_packed()))
    else:
        changed = service.difference_from(settings(), known, newest) if known else None
        response = send_file(changed, mimetype=DIFFERENCE_TYPE, etag=False) if changed else _whole(newest)
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
    return response


def _whole(newest: Published) -> Response:
    """Ranges are of the bytes that travel, so the packed file and the plain one bear different tags."""
    register, packed = service.register_of(settings()), _takes_packed()
    path = register.compressed(newest.version) if packed else register.file(newest.version)
    try:
        response = send_file(path, mimetype=PACK_TYPE, etag=_tag(newest, packed), conditional=True)
    except RequestedRangeNotSatisfiable:
        return Response(status=416, headers={"Content-Range": f"bytes */{path.stat().st_size}"})
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _takes_packed() -> bool:
    return request.accept_encodings["gzip"] > 0


def _tag(newest: Published, packed: bool) -> str:
    return f"{newest.sha256}-gzip" if packed else newest.sha256
