"""What administrators do with people and organisations, over HTTP; each within what they were granted."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import areas, directory, queries, sessions
from server.accounts.areas import Area
from server.accounts.model import Organisation, Person
from server.accounts.rules import Term
from server.accounts.service import add_person, free_account, grant, may_grant
from server.accounts.signing_in import set_password
from server.accounts.viewer import Viewer
from server.audit.service import log
from shared.clock import Clock
from shared.ids import uuid7
from shared.problems import Problem

_AREA_OF_LEVEL = {"province": "province", "prefecture": "prefecture", "county": "county", "station": "county"}


def appoint(session: Session, clock: Clock, by: Viewer, asked: Mapping[str, Any]) -> Person:
    """A new person with a first grant, without which nobody but the province would find them again."""
    one = add_person(session, clock, asked["name"].strip(), account=asked["account"])
    one.organisation_id = _organisation(session, by, asked["organisation_id"])
    log(session, clock, by.name, "add_person", str(one.id), {})
    grant(session, clock, by, one.id, **asked["grant"])
    if asked["password"] is not None:
        set_password(session, clock, by, one, asked["password"])
    return one


def change(session: Session, clock: Clock, by: Viewer, person_id: UUID, asked: Mapping[str, Any]) -> Person:
    one = managed(session, clock, by, person_id)
    if "account" in asked and asked["account"] != one.account:
        one.account = free_account(session, asked["account"])
    if "name" in asked:
        one.name = asked["name"].strip()
    if "organisation_id" in asked:
        one.organisation_id = _organisation(session, by, asked["organisation_id"])
    if "disabled" in asked:
        disable(session, clock, by, one, asked["disabled"])
    log(session, clock, by.name, "change_person", str(one.id), {"fields": sorted(asked)})
    return one


def managed(session: Session, clock: Clock, by: Viewer, person_id: UUID) -> Person:
    """Somebody who holds nothing beyond what `by` was granted: whoever sets a password can act by it."""
    one = directory.person(session, by, person_id)
    if one.erased_at is not None:
        raise Problem("not_found")
    for held in queries.grants_in_force(session, clock, one.id):
        term = Term(held.role, held.taxon_group, clock.now())
        if may_grant(session, clock, by, Area(held.area_kind, held.area_code), term):
            continue
        raise Problem("not_allowed", "此人还有您管辖范围以外或您自己没有的权限，须由上级管理员处理")
    return one


def add_organisation(session: Session, clock: Clock, by: Viewer, asked: Mapping[str, Any]) -> Organisation:
    name, area_code, parent_id = asked["name"].strip(), asked["area_code"], asked["parent_id"]
    if session.scalar(select(Organisation.id).where(Organisation.name == name)) is not None:
        raise Problem("invalid", "已有同名的单位", field="name")
    kind = _AREA_OF_LEVEL.get(asked["level"], "county")
    if area_code is not None and areas.name_of(session, Area(kind, area_code)) is None:
        raise Problem("invalid", f"没有代码为 {area_code} 的区域", field="area_code")
    if parent_id is not None and session.get(Organisation, parent_id) is None:
        raise Problem("invalid", "没有这个上级单位", field="parent_id")
    # It lies in the area that it is set over, or else where the organisation above it lies.
    home = Area(kind, area_code) if area_code is not None else Area("organisation", str(parent_id))
    if not all(directory.covered(session, by, one) for one in _homes(home, parent_id)):
        raise Problem("not_allowed", "只能添加自己管辖范围内的单位")
    made = Organisation(
        id=uuid7(),
        name=name,
        level=asked["level"],
        area_code=area_code,
        parent_id=parent_id,
        created_at=clock.now(),
    )
    session.add(made)
    session.flush()
    log(session, clock, by.name, "add_organisation", str(made.id), {"level": made.level, "area": made.area_code})
    return made


def _homes(home: Area, parent_id: UUID | None) -> list[Area]:
    """Both: a county's station under another county's bureau would be a door into the other county."""
    return [home] if parent_id is None else [home, Area("organisation", str(parent_id))]


def _organisation(session: Session, by: Viewer, organisation_id: UUID | None) -> UUID | None:
    if organisation_id is None:
        return None
    known = session.get(Organisation, organisation_id) is not None
    if not known or not directory.covered(session, by, Area("organisation", str(organisation_id))):
        raise Problem("invalid", "没有这个单位，或不在您的管辖范围内", field="organisation_id")
    return organisation_id


def disable(session: Session, clock: Clock, by: Viewer, one: Person, disabled: bool) -> None:
    if one.id == by.person_id:
        raise Problem("not_allowed", "不能停用自己的账号")
    if disabled:
        one.disabled_at = one.disabled_at or clock.now()
        sessions.end_all(session, clock, one.id)
    else:
        one.disabled_at = None
