"""`/v1/session`, `/v1/tokens`, `/v1/organisations`, `/v1/people`, `/v1/grants`, `/v1/devices`, `/v1/oidc`."""

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Response, jsonify, redirect, request, url_for
from marshmallow import EXCLUDE, Schema

from server.accounts import (
    directory,
    enrolment_qr,
    oidc,
    people,
    schemas,
    service,
    sessions,
    signing_in,
    tokens,
)
from server.accounts.model import Organisation, Person, RoleGrant
from server.accounts.rights import MANAGE_DEVICES, MANAGE_PEOPLE
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.paging import PageSchema, key_of, page
from server.web.settings import clock, settings
from server.web.viewers import SESSION_COOKIE, by_session, current_viewer, signed_in
from shared.ids import is_uuid
from shared.problems import Problem

_OIDC_COOKIE, _OIDC_PATH = "xiangye_oidc", "/v1/oidc"
blueprint = Blueprint("accounts", __name__, url_prefix="/v1", description="登录、人员、授权与平板")


@blueprint.post("/session")
@blueprint.arguments(schemas.SignInSchema)
@blueprint.response(201, schemas.SignedInSchema)
def sign_in(asked: dict[str, str]) -> Any:
    """账号与密码登录"""
    session = request_session()
    signing_in.count_try(session, clock(), asked["account"])
    session.commit()
    return _begun(signing_in.sign_in(session, clock(), asked["account"], asked["password"]))


@blueprint.get("/session")
@blueprint.response(200, schemas.SignedInSchema)
def who() -> Any:
    """我是谁、有哪些角色"""
    viewer = signed_in()
    cookie = None if "Authorization" in request.headers else request.cookies.get(SESSION_COOKIE)
    return _described(viewer, cookie)


@blueprint.delete("/session")
@blueprint.response(204)
def sign_out() -> Response:
    """退出登录"""
    by_session()
    sessions.end(request_session(), clock(), request.cookies.get(SESSION_COOKIE, ""))
    request_session().commit()
    return _without_cookie()


@blueprint.post("/session/password")
@blueprint.arguments(schemas.OwnPasswordSchema)
@blueprint.response(204)
def change_password(asked: dict[str, str]) -> Response:
    """修改本人密码；所有登录与个人令牌随即失效"""
    viewer, session = by_session(), request_session()
    signing_in.count_try(session, clock(), viewer.name)  # of this person, apart from those of strangers at the door
    session.commit()
    signing_in.change_password(session, clock(), viewer, asked["current_password"], asked["password"])
    session.commit()
    return _without_cookie()


@blueprint.get("/tokens")
@blueprint.response(200, schemas.TokensSchema)
def list_tokens() -> Any:
    """本人的个人令牌"""
    return {"items": tokens.of_person(request_session(), signed_in().person_id)}


@blueprint.post("/tokens")
@blueprint.arguments(schemas.NewTokenSchema)
@blueprint.response(201, schemas.IssuedTokenSchema)
def issue_token(asked: dict[str, Any]) -> Any:
    """新建个人令牌（供脚本使用）"""
    viewer, session = by_session(), request_session()
    row, secret = tokens.issue(session, clock(), viewer.person_id, asked["name"].strip(), asked["expires_at"])
    log(session, clock(), viewer.name, "issue_token", str(row.id), {"expires_at": row.expires_at.isoformat()})
    session.commit()
    return {**_fields(row, schemas.TokenSchema), "token": secret}


@blueprint.delete("/tokens/<uuid:token_id>")
@blueprint.response(204)
def revoke_token(token_id: UUID) -> None:
    """注销个人令牌"""
    viewer, session = signed_in(), request_session()
    tokens.revoke(session, clock(), viewer.person_id, token_id)
    log(session, clock(), viewer.name, "revoke_token", str(token_id), {})
    session.commit()


@blueprint.get("/organisations")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, schemas.paged(schemas.OrganisationSchema))
def list_organisations(asked: dict[str, Any]) -> Any:
    """单位名录"""
    signed_in()
    rows = directory.organisations(request_session(), _after(asked), asked["limit"])
    return page(rows, asked["limit"], _by_id, lambda row: row)


@blueprint.post("/organisations")
@blueprint.arguments(schemas.NewOrganisationSchema)
@blueprint.response(201, schemas.OrganisationSchema)
def add_organisation(asked: dict[str, Any]) -> Organisation:
    """添加单位"""
    made = people.add_organisation(request_session(), clock(), current_viewer(MANAGE_PEOPLE), asked)
    request_session().commit()
    return made


@blueprint.get("/people")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, schemas.paged(schemas.PersonSchema))
def list_people(asked: dict[str, Any]) -> Any:
    """管辖范围内的人员"""
    rows = directory.people(request_session(), current_viewer(MANAGE_PEOPLE), _after(asked), asked["limit"])
    return page(rows, asked["limit"], _by_id, lambda row: row)


@blueprint.post("/people")
@blueprint.arguments(schemas.NewPersonSchema)
@blueprint.response(201, schemas.PersonSchema)
def appoint(asked: dict[str, Any]) -> Person:
    """添加人员并授予第一项角色"""
    made = people.appoint(request_session(), clock(), current_viewer(MANAGE_PEOPLE), asked)
    request_session().commit()
    return made


@blueprint.get("/people/<uuid:person_id>")
@blueprint.response(200, schemas.PersonSchema)
def show_person(person_id: UUID) -> Person:
    """一名人员"""
    return directory.person(request_session(), current_viewer(MANAGE_PEOPLE), person_id)


@blueprint.patch("/people/<uuid:person_id>")
@blueprint.arguments(schemas.ChangedPersonSchema)
@blueprint.response(200, schemas.PersonSchema)
def change_person(asked: dict[str, Any], person_id: UUID) -> Person:
    """改姓名、账号、单位，停用或恢复"""
    changed = people.change(request_session(), clock(), current_viewer(MANAGE_PEOPLE), person_id, asked)
    request_session().commit()
    return changed


@blueprint.post("/people/<uuid:person_id>/password")
@blueprint.arguments(schemas.NewPasswordSchema)
@blueprint.response(204)
def reset_password(asked: dict[str, str], person_id: UUID) -> None:
    """重设他人密码；其登录与个人令牌随即失效"""
    viewer, session = current_viewer(MANAGE_PEOPLE), request_session()
    if person_id == viewer.person_id:
        raise Problem("not_allowed", "本人的密码须登录后用 /v1/session/password 修改")
    one = people.managed(session, clock(), viewer, person_id)
    signing_in.set_password(session, clock(), viewer, one, asked["password"])
    session.commit()


@blueprint.get("/grants")
@blueprint.arguments(schemas.GrantsQuerySchema, location="query")
@blueprint.response(200, schemas.paged(schemas.GrantSchema))
def list_grants(asked: dict[str, Any]) -> Any:
    """本人的授权，以及管辖范围内的授权"""
    viewer = signed_in()
    rows = directory.grants(
        request_session(),
        _managing(viewer, MANAGE_PEOPLE),
        viewer.person_id,
        asked["person_id"],
        _after(asked),
        asked["limit"],
    )
    return page(rows, asked["limit"], _by_id, lambda row: row)


@blueprint.post("/grants")
@blueprint.arguments(schemas.GrantToSchema)
@blueprint.response(201, schemas.GrantSchema)
def grant(asked: dict[str, Any]) -> RoleGrant:
    """授予角色：不超过自己的权限、区域与期限"""
    viewer, session = current_viewer(MANAGE_PEOPLE), request_session()
    directory.person(session, viewer, asked["person_id"])
    made = service.grant(session, clock(), viewer, **asked)
    session.commit()
    return made


@blueprint.delete("/grants/<uuid:grant_id>")
@blueprint.response(204)
def revoke_grant(grant_id: UUID) -> None:
    """收回授权，立即生效"""
    service.revoke_grant(request_session(), clock(), current_viewer(MANAGE_PEOPLE), grant_id)
    request_session().commit()


@blueprint.get("/devices")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, schemas.paged(schemas.ListedDeviceSchema))
def list_devices(asked: dict[str, Any]) -> Any:
    """本人的平板，以及管辖范围内的平板"""
    viewer = signed_in()
    managing = _managing(viewer, MANAGE_DEVICES)
    rows = directory.devices(request_session(), managing, viewer.person_id, _after(asked), asked["limit"])
    return page(
        rows,
        asked["limit"],
        lambda row: _by_id(row[0]),
        lambda row: {**_fields(row[0], schemas.DeviceSchema), "person_name": row[1]},
    )


@blueprint.delete("/devices/<uuid:device_id>")
@blueprint.response(204)
def revoke_device(device_id: UUID) -> None:
    """注销平板的凭证，立即生效；由它换号而来的也一并注销"""
    viewer, session = signed_in(), request_session()
    directory.device(session, _managing(viewer, MANAGE_DEVICES), viewer.person_id, device_id)
    service.revoke(session, clock(), device_id, viewer)
    session.commit()


@blueprint.post("/devices/codes")
@blueprint.arguments(schemas.NewCodeSchema)
@blueprint.response(201, schemas.CodeSchema)
def issue_code(asked: dict[str, Any]) -> Any:
    """为某人发放一次性注册码与二维码"""
    viewer, session = current_viewer(MANAGE_DEVICES), request_session()
    one = directory.person(session, viewer, asked["person_id"])
    if not directory.stands_within(session, clock(), viewer, one):
        raise Problem("not_allowed", "此人还有您管辖范围以外的授权，须由上级管理员发放")
    server = enrolment_qr.checked(asked["server"] or settings().public_url or request.url_root)
    code = service.issue_code(session, clock(), one.id, viewer)
    session.commit()
    told = enrolment_qr.payload(server, code)
    return {
        "code": code,
        "expires_at": clock().now() + service.CODE_LIFETIME,
        "payload": told,
        "qr_png": base64.b64encode(enrolment_qr.png(told)).decode(),
    }


@blueprint.get("/oidc/start")
@blueprint.response(302)
def oidc_start() -> Response:
    """到统一身份认证登录"""
    location, state = oidc.begin(request_session(), clock(), settings().oidc, _return_address(), None)
    request_session().commit()
    return _away(redirect(location), state)


@blueprint.post("/oidc/link")
@blueprint.response(200, schemas.RedirectSchema)
def oidc_link() -> Response:
    """把统一身份认证的身份关联到本人账号"""
    viewer = by_session()
    location, state = oidc.begin(request_session(), clock(), settings().oidc, _return_address(), viewer.person_id)
    request_session().commit()
    return _away(jsonify({"location": location}), state)


@blueprint.get("/oidc/callback")
@blueprint.arguments(schemas.ReturnSchema, location="query", unknown=EXCLUDE)
@blueprint.response(201, schemas.SignedInSchema)
def oidc_callback(told: dict[str, str]) -> Any:
    """统一身份认证登录后回到这里"""
    session, state = request_session(), told["state"]
    if not state or state != request.cookies.get(_OIDC_COOKIE):
        raise Problem("sign_in_failed", "登录不是从这个浏览器开始的")
    person = oidc.finish(session, clock(), settings().oidc, _return_address(), state, told["code"])
    return _begun(signing_in.begin(session, clock(), person, "oidc"))


def _begun(secret: str) -> Response:
    session = request_session()
    session.commit()
    viewer = service.load_viewer(session, clock(), None, secret, None)
    response = jsonify(schemas.SignedInSchema().dump(_described(viewer, secret)))
    response.status_code = 201
    response.set_cookie(
        SESSION_COOKIE, secret, max_age=sessions.ABSOLUTE, httponly=True, samesite="Strict", secure=_is_secure()
    )
    response.delete_cookie(_OIDC_COOKIE, path=_OIDC_PATH)
    return response


def _without_cookie() -> Response:
    response = Response(status=204)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Strict", secure=_is_secure())
    return response


def _away(response: Any, state: str) -> Response:
    """Lax, since the provider sends the browser back from another site."""
    response.set_cookie(
        _OIDC_COOKIE,
        state,
        max_age=oidc.PATIENCE,
        path=_OIDC_PATH,
        httponly=True,
        samesite="Lax",
        secure=_is_secure(),
    )
    answer: Response = response
    return answer


def _is_secure() -> bool:
    """Only a server that listens to its own machine alone may be without TLS (web/safety.py)."""
    return settings().public_url is not None or request.is_secure


def _return_address() -> str:
    public = settings().public_url
    return public + url_for("accounts.oidc_callback") if public else url_for("accounts.oidc_callback", _external=True)


def _described(viewer: Viewer, cookie: str | None) -> dict[str, Any]:
    one = request_session().get_one(Person, viewer.person_id)
    return {
        "person_id": one.id,
        "account": one.account,
        "name": one.name,
        "roles": viewer.held,
        "rights": sorted(viewer.rights),
        "csrf_token": sessions.anti_forgery(cookie) if cookie else None,
    }


def _managing(viewer: Viewer, right: str) -> Viewer:
    """Narrowed to where the right is held, which may be nowhere: then one's own is all there is."""
    return viewer.within(right) if right in viewer.rights else replace(viewer, held=())


def _fields(row: Any, schema: type[Schema]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema().fields}


def _after(asked: dict[str, Any]) -> UUID | None:
    key = key_of(asked["after"])
    if key is None:
        return None
    if not is_uuid(key[0]):
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
    return UUID(key[0])


def _by_id(row: Any) -> tuple[str, ...]:
    return (str(row.id),)
