"""`/v1/notices`, `/v1/consents`, `/v1/contacts`, `/v1/people/{id}/export|erasure`, `/v1/audit`."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import select

from server.accounts import people
from server.accounts.rights import MANAGE_PEOPLE, READ_AUDIT, SEND_RECORDS
from server.accounts.viewer import Viewer
from server.audit.checking import check_some
from server.db import EVERYTHING, looking_through
from server.privacy import audited, contacts, erasing, exporting, notices, schemas
from server.privacy.model import Consent, Contact
from server.privacy.sealing import ContactKey, contact_key
from server.sensitivity.scoping import real_id
from server.web.blueprints import Blueprint
from server.web.database import request_session
from server.web.downloads import disposition
from server.web.paging import PageSchema, key_of, page
from server.web.settings import clock, settings
from server.web.viewers import by_session, current_viewer, signed_in
from shared.ids import is_uuid
from shared.problems import Problem

_AT_ONCE = 10_000
"""Entries of the audit log that one request verifies."""
blueprint = Blueprint(
    "privacy", __name__, url_prefix="/v1", description="告知、同意、联系方式、个人信息的导出与删除、审计日志"
)


@blueprint.after_request
def keep_no_copy(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/notices")
@blueprint.response(200, schemas.NoticesSchema)
def list_notices() -> Any:
    """现行的告知书"""
    signed_in()
    told = notices.in_force(request_session())
    return {"items": [{"kind": kind, **asdict(one)} for kind, one in sorted(told.items())]}


@blueprint.get("/consents")
@blueprint.arguments(schemas.ConsentsQuerySchema, location="query")
@blueprint.response(200, schemas.ConsentsSchema)
def list_consents(asked: dict[str, Any]) -> Any:
    """本人（或管辖范围内某人）的同意"""
    _, person_id, _ = _whose(asked["person_id"])
    return {"items": notices.consents_of(request_session(), person_id)}


@blueprint.post("/consents")
@blueprint.arguments(schemas.NewConsentSchema)
@blueprint.response(201, schemas.ConsentSchema)
def give_consent(asked: dict[str, Any]) -> Consent:
    """记下本人（或管辖范围内某人）的同意"""
    viewer, person_id, _ = _whose(asked.pop("person_id"))
    row = notices.give_consent(request_session(), clock(), viewer.name, asked, person_id=person_id)
    request_session().commit()
    return row


@blueprint.post("/consents/<uuid:consent_id>/withdrawal")
@blueprint.response(200, schemas.ConsentSchema)
def withdraw_consent(consent_id: UUID) -> Consent:
    """撤回同意；此前的处理仍然有效"""
    viewer = signed_in()
    row = request_session().get(Consent, consent_id)
    if row is None or row.person_id is None:
        raise Problem("not_found")
    if row.person_id != viewer.person_id:
        if MANAGE_PEOPLE not in viewer.rights:
            raise Problem("not_found")
        people.managed(request_session(), clock(), current_viewer(MANAGE_PEOPLE), row.person_id)
    notices.take_back(request_session(), clock(), viewer.name, row)
    request_session().commit()
    return row


@blueprint.post("/contacts")
@blueprint.arguments(schemas.NewContactSchema)
@blueprint.response(201, schemas.ContactSchema)
def add_contact(asked: dict[str, Any]) -> Contact:
    """加密保存受访人、报告人或人员的联系方式"""
    viewer = signed_in()
    viewer = current_viewer(SEND_RECORDS if SEND_RECORDS in viewer.rights else MANAGE_PEOPLE)
    session = request_session()
    if asked["kind"] == "person":
        if asked["person_id"] != viewer.person_id:
            people.managed(session, clock(), current_viewer(MANAGE_PEOPLE), _given(asked, "person_id"))
    elif asked["person_id"] is not None:
        raise Problem("invalid", "只有 kind 为 person 时才填 person_id", field="person_id")
    else:
        _given(asked, "consent")
    if asked["record_id"] is not None:
        asked["record_id"] = real_id(session, asked["record_id"])
    words = {name: word for name, word in asked.pop("words").items() if word is not None}
    row = contacts.add(session, viewer, clock(), _key(), asked, words)
    session.commit()
    return row


@blueprint.get("/contacts")
@blueprint.arguments(PageSchema, location="query")
@blueprint.response(200, schemas.ContactsSchema)
def list_contacts(asked: dict[str, Any]) -> Any:
    """管辖范围内有哪些联系方式；内容须逐条查阅"""
    current_viewer(MANAGE_PEOPLE)
    query = select(Contact).order_by(Contact.id).limit(asked["limit"] + 1)
    key = key_of(asked["after"])
    if key is not None:
        if not is_uuid(key[0]):
            raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
        query = query.where(Contact.id > UUID(key[0]))
    rows = request_session().scalars(query).all()
    return page(rows, asked["limit"], lambda row: (str(row.id),), lambda row: row)


@blueprint.get("/contacts/<uuid:contact_id>")
@blueprint.arguments(schemas.PurposeSchema, location="query")
@blueprint.response(200, schemas.OpenedContactSchema)
def read_contact(asked: dict[str, str], contact_id: UUID) -> Any:
    """查阅一条联系方式；用途记入审计日志"""
    viewer, session = current_viewer(MANAGE_PEOPLE), request_session()
    row, words = contacts.read(session, viewer, clock(), _key(), contact_id, asked["purpose"])
    session.commit()
    return {**schemas.ContactSchema().dump(row), "created_at": row.created_at, "words": words}


@blueprint.delete("/contacts/<uuid:contact_id>")
@blueprint.response(204)
def remove_contact(contact_id: UUID) -> None:
    """删除一条联系方式和随它的同意"""
    contacts.remove(request_session(), current_viewer(MANAGE_PEOPLE), clock(), contact_id)
    request_session().commit()


@blueprint.get("/people/<uuid:person_id>/export")
@blueprint.response(200, content_type="application/zip")
def export_person(person_id: UUID) -> Response:
    """导出关于某人的全部数据（ZIP，内为 JSON）；管理员得不到轨迹、受保护的位置和联系方式"""
    viewer, person_id, own = _whose(person_id)
    session = request_session()
    with looking_through(session, EVERYTHING if own else viewer.scopes):
        data = exporting.export_person(session, viewer, clock(), settings(), person_id, own)
    session.commit()
    named = disposition(f"个人信息-{person_id}.zip")
    return Response(data, content_type="application/zip", headers={"Content-Disposition": named})


@blueprint.post("/people/<uuid:person_id>/erasure")
@blueprint.arguments(schemas.ErasureSchema)
@blueprint.response(200, schemas.ErasedSchema)
def erase_person(asked: dict[str, Any], person_id: UUID) -> Any:
    """删除个人信息：记录以代号保留，姓名和联系方式不再出现；不可恢复"""
    viewer, person_id, own = _whose(person_id)
    if own:
        by_session()  # a token that went astray may not end its owner
    session = request_session()
    with looking_through(session, EVERYTHING):
        done = erasing.erase(session, viewer, clock(), settings(), person_id, asked["also"])
    session.commit()
    return asdict(done)


@blueprint.get("/audit")
@blueprint.arguments(schemas.AuditQuerySchema, location="query")
@blueprint.response(200, schemas.AuditSchema)
def list_entries(asked: dict[str, Any]) -> Any:
    """审计日志，最新的在前；不含位置"""
    viewer, session = current_viewer(READ_AUDIT), request_session()
    key = key_of(asked["after"])
    if key is not None and not (key[0].isascii() and key[0].isdecimal() and len(key[0]) < 19):
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after")
    after = int(key[0]) if key else None
    rows = audited.entries(session, viewer, clock(), asked, after, asked["limit"])
    told = audited.shown(session, rows)
    return page(told, asked["limit"], lambda row: (str(row["entry_no"]),), lambda row: row)


@blueprint.get("/audit/verification")
@blueprint.arguments(schemas.VerificationQuerySchema, location="query")
@blueprint.response(200, schemas.AuditVerificationSchema)
def verify_entries(asked: dict[str, int]) -> Any:
    """核对审计日志的哈希链与库外链头，一次至多一万条；版本与照片用 xiangye audit verify 核对"""
    current_viewer(READ_AUDIT)
    after = asked["after"]
    found = check_some(request_session(), settings().var_dir, after, _AT_ONCE)
    reached = min(after + _AT_ONCE, found.entries)
    return {
        "holds": not (found.broken or found.unreadable_anchors) and (found.anchored is not None or not found.entries),
        "entries": found.entries,
        "head": found.head,
        "anchored": found.anchored,
        "checked_from": after + 1,
        "checked_to": reached,
        "broken": [asdict(one) for one in found.broken],
        "next": reached if reached < found.entries else None,
    }


def _whose(person_id: UUID | None) -> tuple[Viewer, UUID, bool]:
    """(viewer, whom it is about, whether that is the viewer): oneself, or somebody whom one manages; anybody else is not found."""
    viewer: Viewer = signed_in()
    if viewer.person_id is not None and person_id in (None, viewer.person_id):
        return viewer, viewer.person_id, True
    if MANAGE_PEOPLE not in viewer.rights or person_id is None:
        raise Problem("not_found")
    viewer = current_viewer(MANAGE_PEOPLE)
    return viewer, people.managed(request_session(), clock(), viewer, person_id).id, False


def _given(asked: dict[str, Any], name: str) -> Any:
    if asked[name] is None:
        raise Problem("invalid", "此项必填", field=name)
    return asked[name]


def _key() -> ContactKey:
    try:
        return contact_key(settings())
    except ValueError as error:
        raise Problem("contact_unreadable", "服务器的联系方式密钥不可用，请告知管理员") from error
