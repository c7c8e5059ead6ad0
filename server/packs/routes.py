"""`/v1/packs/taxa`: by digest, so that an unchanged pack costs one short answer."""

from flask import Response, request, send_file
from flask_smorest import Blueprint

from server.packs import service
from server.web.database import request_session
from server.web.devices import current_device
from server.web.settings import settings
from shared.protocol import PROTOCOL, PROTOCOL_HEADER

blueprint = Blueprint("packs", __name__, url_prefix="/v1/packs", description="平板的参考数据包")


@blueprint.get("/taxa")
def taxa() -> Response:
    current_device()
    described = service.describe(settings(), request_session())
    if request.if_none_match.contains(described["sha256"]):
        response = Response(status=304)
    else:
        response = send_file(
            service.ensure(settings(), request_session()), mimetype="application/vnd.sqlite3", etag=False
        )
    response.set_etag(described["sha256"])
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL)
    return response
