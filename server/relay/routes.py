"""`/v1/relay/…`: what stations ask of the province besides handing in."""

from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields, validate

from server.accounts.model import Device
from server.db import EVERYTHING, looking_through
from server.media.store import open_store
from server.relay import queries
from server.sync import custody
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.devices import current_device
from server.web.settings import clock, settings
from shared import protocol
from shared.problems import Problem
from shared.wire.base import SHA256

blueprint = Blueprint("relay", __name__, url_prefix="/v1/relay", description="监测站中转")
_MOST_PHOTOS = 500


class TabletsSchema(Schema):
    told = fields.Dict(required=True, metadata={"description": "平板编号及其签名公钥，签名的正文"})
    signature = fields.String(required=True, metadata={"description": "省级密钥的签名：DER 的 base64"})
    pack_key = fields.String(required=True, metadata={"description": "名录包签名公钥：SPKI DER 的 base64"})


class PhotosAskedSchema(Schema):
    photos = fields.List(fields.String(validate=SHA256), required=True, validate=validate.Length(max=_MOST_PHOTOS))


class CustodySchema(Schema):
    custody = fields.Dict(required=True, metadata={"description": "省级服务器保管的内容，签名的正文"})
    signature = fields.String(required=True)


@blueprint.after_request
def name_the_protocol(response: Response) -> Response:
    response.headers[protocol.PROTOCOL_HEADER] = str(protocol.PROTOCOL)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/tablets")
@blueprint.response(200, TabletsSchema)
def tablets() -> Response:
    """监测站可以接收哪些平板；平板自己来问，只得到自己"""
    asks = current_device()
    only = asks.id if isinstance(asks, Device) else None
    return jsonify(queries.tablets_for(settings(), request_session(), clock(), only))


@blueprint.post("/custody")
@blueprint.arguments(PhotosAskedSchema)
@blueprint.response(200, CustodySchema)
def custody_of(asked: dict[str, Any]) -> Response:
    """这些照片中哪些已由省级服务器保管，附签名"""
    device, session = current_device(), request_session()
    if not isinstance(device, Device):
        raise Problem("invalid", "请求须说明是哪台平板的照片", field=protocol.RELAYED_HEADER)
    with looking_through(session, EVERYTHING):
        held = queries.held_photos(session, open_store(settings()), asked["photos"])
    return jsonify(custody.signed(settings(), session, clock(), device.id, photos=held))
