"""`/v1/devices/enrol | fork | key`, `/v1/sync/…`: what tablets call."""

import logging
from typing import Any
from uuid import UUID

from flask import Response, jsonify, request
from marshmallow import Schema, ValidationError, fields, validates_schema
from sqlalchemy.orm import Session

from server.accounts import device_keys, forking, tries
from server.accounts import service as accounts
from server.accounts.device_keys import Told
from server.accounts.forking import Wanted
from server.accounts.model import Device
from server.accounts.scopes import of_person
from server.accounts.viewer import Actor
from server.db import EVERYTHING, look_through, looking_through
from server.ledger import service as ledger
from server.packs import service as packs
from server.packs.signing import pack_key
from server.privacy import notices
from server.sync import custody, queries, service, signing, team
from server.sync.schemas import ChangesSchema, ReceiptsSchema, SealKeySchema, SyncSessionSchema, TeamSchema
from server.sync.seal_key import told_seal_key
from server.sync.survey_places import places_of
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.devices import current_device, current_relay
from server.web.settings import clock, settings
from shared import protocol
from shared.failpoints import fail
from shared.problems import Problem
from shared.wire.answers import ANSWER_HEADER, mark_of_answer
from shared.wire.base import Identifier, text
from shared.wire.signature import MAX_KEY_TEXT, MAX_SIGNATURE_TEXT

_log = logging.getLogger("xiangye.sync")
blueprint = Blueprint("sync", __name__, url_prefix="/v1", description="平板的注册与同步")


class TabletSchema(Schema):
    """What a tablet says of itself, by whatever it becomes one."""

    device_id = Identifier(required=True)
    device_name = text(120, required=True)
    app_version = text(40, required=True)
    device_public_key = text(
        MAX_KEY_TEXT, metadata={"description": "平板的签名公钥：P-256，SPKI DER 的 base64；可省略，以后再登记一次"}
    )
    device_key_proof = text(
        MAX_SIGNATURE_TEXT,
        metadata={"description": "用该密钥对“密钥、平板编号、登记码或原凭证”声明的签名，DER 的 base64"},
    )

    @validates_schema
    def _key_and_proof_together(self, asked: dict[str, Any], **_: Any) -> None:
        if ("device_public_key" in asked) != ("device_key_proof" in asked):
            raise ValidationError("公钥与其证明须一并给出", "device_key_proof")


class EnrolSchema(TabletSchema):
    code = text(40, required=True)


class ForkedSchema(Schema):
    person_id = fields.String(required=True)
    device_id = fields.String(required=True, metadata={"description": "平板的新编号"})
    forked_from = fields.String(required=True, metadata={"description": "原编号"})
    credential = fields.String(required=True, metadata={"description": "新编号的凭证；原凭证仍属原编号"})
    device_key = fields.String(required=True, allow_none=True, metadata={"description": "已登记的签名密钥编号"})


class KeySchema(Schema):
    device_public_key = text(MAX_KEY_TEXT, required=True)
    device_key_proof = text(
        MAX_SIGNATURE_TEXT, required=True, metadata={"description": "对“密钥、平板编号、凭证”声明的签名"}
    )


class KeyKeptSchema(Schema):
    device_key = fields.String(required=True, metadata={"description": "密钥编号：公钥 DER 的 SHA-256"})


class EnrolledSchema(Schema):
    person_id = fields.String(required=True)
    person_name = fields.String(required=True)
    device_id = fields.String(required=True)
    credential = fields.String(required=True)
    server_time = fields.String(required=True)
    server_epoch = fields.String(required=True)
    holder = fields.String(required=True)
    device_key = fields.String(required=True, allow_none=True, metadata={"description": "已登记的签名密钥编号"})
    pack_key = fields.String(required=True, metadata={"description": "名录包签名公钥：SPKI DER 的 base64"})
    seal_key = fields.Nested(SealKeySchema)


@blueprint.after_request
def name_the_protocol(response: Response) -> Response:
    """A captive portal's 200 has no such header, so it cannot pass for a receipt."""
    response.headers[protocol.PROTOCOL_HEADER] = str(protocol.PROTOCOL)
    if request.method == "GET" and response.status_code == 200:
        asked = request.args.items(multi=True)
        response.headers[ANSWER_HEADER] = mark_of_answer(_credential(), request.path, asked, response.get_data())
    return response


@blueprint.post("/devices/enrol")
@blueprint.arguments(EnrolSchema)
@blueprint.response(201, EnrolledSchema)
def enrol(asked: dict[str, str]) -> dict[str, Any]:
    """用一次性登记码登记平板，换得凭证"""
    session, key = request_session(), pack_key(settings()).public()
    tries.count(session, clock(), f"device:{asked['device_id']}")
    session.commit()
    person, credential = accounts.enrol(
        session,
        clock(),
        asked["code"],
        UUID(asked["device_id"]),
        asked["device_name"],
        asked["app_version"],
    )
    device_key = device_keys.set_at_enrolment(session, clock(), UUID(asked["device_id"]), _told(asked), asked["code"])
    session.commit()
    return {
        "person_id": str(person.id),
        "person_name": person.name,
        "device_id": asked["device_id"],
        "credential": credential,
        "server_time": clock().now().isoformat(),
        "server_epoch": str(ledger.epoch(session)),
        "holder": settings().holder,
        "device_key": device_key,
        "pack_key": key,
        **told_seal_key(settings()),
    }


@blueprint.post("/devices/fork")
@blueprint.arguments(TabletSchema)
@blueprint.response(200, ForkedSchema)
def fork(asked: dict[str, str]) -> dict[str, Any]:
    """数据被复制或从备份恢复的平板凭原凭证换用新编号；原编号及其凭证不变"""
    device, session = current_device(), request_session()
    tries.count(session, clock(), f"fork:{device.id}")
    session.commit()
    wanted = Wanted(UUID(asked["device_id"]), asked["device_name"], asked["app_version"], _told(asked))
    forked = forking.fork(session, clock(), device, _credential(), wanted)
    session.commit()
    return {
        "person_id": str(forked.device.person_id),
        "device_id": str(forked.device.id),
        "forked_from": str(forked.device.forked_from),
        "credential": forked.credential,
        "device_key": forked.device_key,
    }


@blueprint.post("/devices/key")
@blueprint.arguments(KeySchema)
@blueprint.response(200, KeyKeptSchema)
def tell_key(asked: dict[str, str]) -> dict[str, str]:
    """为尚无签名密钥的平板登记一次密钥；换新密钥须重新登记平板"""
    device, session = current_device(), request_session()
    told = Told(asked["device_public_key"], asked["device_key_proof"])
    key = device_keys.set_first(session, clock(), device, told, _credential())
    session.commit()
    return {"device_key": key}


def _told(asked: dict[str, str]) -> Told | None:
    return Told(asked["device_public_key"], asked["device_key_proof"]) if "device_public_key" in asked else None


def _credential() -> str:
    return request.headers["Authorization"].partition(" ")[2].strip()


@blueprint.get("/sync/session")
@blueprint.response(200, SyncSessionSchema)
@blueprint.doc(
    parameters=[
        {
            "in": "query",
            "name": "notices",
            "schema": {"type": "string"},
            "description": "平板已有的告知书，kind:version，逗号分隔",
        }
    ]
)
def session_() -> Response:
    """登录状态、调查项目、告知书与可用的数据包"""
    device = current_device()
    session = request_session()
    surveys = queries.surveys_for(session, clock(), device)
    return jsonify(
        {
            "server_time": clock().now().isoformat(),
            "server_epoch": str(ledger.epoch(session)),
            "holder": settings().holder,
            "person_id": str(device.person_id),
            "protocol": protocol.PROTOCOL,
            "device_key": (known := device_keys.in_force(session, device.id)) and known.key_id,
            "surveys": surveys,
            "notices": _notices(session),
            **_places(session, surveys),
            **_known(session, device),
            **_news(session, device),
            **_reference(session),
            **told_seal_key(settings()),
        }
    )


def _places(session: Session, surveys: list[dict[str, str]]) -> dict[str, Any]:
    known = request.args.get("places")
    return {} if known is None else places_of(session, surveys, known)


def _news(session: Session, device: Device) -> dict[str, bool]:
    """Where the tablet tells its cursors: whether there is anything behind them, so that it need not ask for nothing."""
    told = {}
    if "cursor" in request.args:
        told["news"] = request.args.get("of") != _whose(session, device) or _has_own_news(session, device)
    if "team" in request.args:
        ours = team.team_of(session, clock(), device)
        told["team_news"] = team.has_news(session, ours, device, _whole("team", 0), request.args.get("team_of", ""))
    return told


def _has_own_news(session: Session, device: Device) -> bool:
    with looking_through(session, of_person(session, device.person_id)):
        return queries.has_news(session, device, _whole("cursor", 0))


def _whose(session: Session, device: Device) -> str:
    """A cursor counts one person's changes in one epoch."""
    return f"{device.person_id}.{ledger.epoch(session)}"


def _known(session: Session, device: Device) -> dict[str, Any]:
    with looking_through(session, of_person(session, device.person_id)):
        return queries.known_of(session, device)


def _notices(session: Session) -> dict[str, dict[str, str]]:
    """The wording of a version that the tablet says it has (`?notices=kind:version,…`) is not sent again."""
    known = set(request.args.get("notices", "").split(","))
    return {
        kind: {"version": told.version} | ({} if f"{kind}:{told.version}" in known else {"text": told.text})
        for kind, told in notices.in_force(session).items()
    }


def _reference(session: Session) -> dict[str, Any]:
    """Records do not wait for a list: what keeps a pack from being made (a full disk, a key that others may read) is logged."""
    try:
        key = pack_key(settings()).public()
        return {"packs": {"taxa": packs.describe(settings(), session, clock())}, "pack_key": key}
    except (OSError, ValueError):
        _log.exception("no taxon pack can be offered")
        return {"packs": {}}


@blueprint.post("/sync/batches")
@blueprint.response(200, ReceiptsSchema)
def batches() -> Response:
    """提交一批记录，逐条给出回执"""
    device = current_device()
    body = service.unpack(_limited_body(), request.headers.get("Content-Encoding"))
    actor = Actor(device.person_id, device.id, agent=(request.user_agent.string or "")[:200] or None)
    session = request_session()
    relay = current_relay()
    # What a station kept may be signed with a key that the tablet has given up since.
    signature = request.headers.get(protocol.SIGNATURE_HEADER)
    signed = signing.check_batch(session, device.id, signature, body, any_key=relay is not None)
    if relay is not None and signed is None:
        raise Problem("signature_missing", "监测站转交的批次须有平板的签名：未作任何改动")
    # A record finds its place among all others, whoever may see those.
    with looking_through(session, EVERYTHING):
        answer = service.accept_batch(
            session, actor, clock(), settings().holder, body, signed, relay is None, relay.id if relay else None
        )
        # Nothing is a receipt before this line: the answer leaves only after the commit.
        session.commit()
    fail("batch_committed")
    if relay is not None:
        answer["signed"] = custody.signed(settings(), session, clock(), device.id, answer["receipts"])
    return jsonify(answer)


@blueprint.get("/sync/changes")
@blueprint.response(200, ChangesSchema)
def changes() -> Response:
    """本人记录自 cursor 以来的变化；of（人员.纪元）不符则从头给出"""
    device, session = current_device(), request_session()
    look_through(session, of_person(session, device.person_id))
    cursor, limit = _whole("cursor", 0), _whole("limit", queries.PAGE)
    whose = _whose(session, device)  # a tablet from before that tells of none goes on as it did
    if request.args.get("of", whose) != whose:
        return jsonify(queries.changes_for(session, device, 0, limit) | {"reset": True})
    return jsonify(queries.changes_for(session, device, cursor, limit))


@blueprint.get("/sync/team")
@blueprint.response(200, TeamSchema)
def team_() -> Response:
    """同队他人的记录自 cursor 以来的变化；of（上次答复给出的）不符则从头给出，不含敏感物种"""
    device, session = current_device(), request_session()
    ours = team.team_of(session, clock(), device)
    anew = request.args.get("of") != ours.key
    cursor = 0 if anew else _whole("cursor", 0)
    told = team.page(session, ours, device, cursor, _whole("limit", team.PAGE))
    return jsonify(told | ({"reset": True} if anew else {}))


def _limited_body() -> bytes:
    if (request.content_length or 0) > protocol.MAX_BODY_BYTES:
        raise Problem("too_large", f"请求超过 {protocol.MAX_BODY_BYTES} 字节")
    body = request.stream.read(protocol.MAX_BODY_BYTES + 1)
    if len(body) > protocol.MAX_BODY_BYTES:
        raise Problem("too_large", f"请求超过 {protocol.MAX_BODY_BYTES} 字节")
    return body


def _whole(name: str, default: int) -> int:
    value = request.args.get(name, str(default))
    if not value.isdecimal() or len(value) > 18:
        raise Problem("invalid", f"{name} 应为非负整数", field=name)
    return int(value)
