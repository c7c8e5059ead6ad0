"""`/v1/packs/taxa`: nothing where it is unchanged, the difference where the version is known, else the whole file."""

from pathlib import Path

from flask import Response, request, send_file
from flask_smorest import Blueprint

from server.packs import service
from server.packs.register import Published
from server.web.database import request_session
from server.web.devices import current_device
from server.web.settings import clock, settings
from shared.protocol import PROTOCOL, PROTOCOL_HEADER
from shared.taxon_pack import DIFFERENCE_TYPE, PACK_TYPE

blueprint = Blueprint("packs", __name__, url_prefix="/v1/packs", description="平板的参考数据包")


@blueprint.get("/taxa")
@blueprint.doc(
    parameters=[{"in": "query", "name": "from", "schema": {"type": "string"}, "description": "平板已有的版本"}],
    responses={
        "200": {"description": "数据包，或与已有版本的差异", "content": {PACK_TYPE: {}, DIFFERENCE_TYPE: {}}},
        "304": {"description": "没有变化"},
    },
)
def taxa() -> Response:
    """签名的名录包；已有的版本只给差异"""
    current_device()
    newest = service.ensure(settings(), request_session(), clock())
    known = request.args.get("from", "")
    if request.if_none_match.contains(newest.sha256) or known == newest.version:
        response = Response(status=304)
        response.set_etag(newest.sha256)
    else:
        changed = service.difference_from(settings(), known, newest) if known else None
        response = send_file(changed, mimetype=DIFFERENCE_TYPE, etag=False) if changed else _whole(newest)
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
    return response


def _whole(newest: Published) -> Response:
    register = service.register_of(settings())
    compressed = request.accept_encodings["gzip"] > 0
    path: Path = register.compressed(newest.version) if compressed else register.file(newest.version)
    response = send_file(path, mimetype=PACK_TYPE, etag=False, conditional=False)
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(newest.sha256)
    return response
