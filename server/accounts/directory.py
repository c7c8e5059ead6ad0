"""Whom an administrator finds: people, grants and devices that stand within what the administrator was granted."""

from collections.abc import Sequence
from typing import TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, false, or_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.accounts import areas, queries
from server.accounts.areas import EVERYWHERE, Area
from server.accounts.model import Device, Organisation, Person, RoleGrant
from server.accounts.viewer import Viewer
from shared.clock import Clock
from shared.problems import Problem

Columns = TypeVarTuple("Columns")


def people(session: Session, by: Viewer, after: UUID | None, limit: int) -> Sequence[Person]:
    """`by` is narrowed to the right that it asks by; one row more than the limit where there are more."""
    query = select(Person).where(_within(session, by))
    return session.scalars(_next(query, Person.id, after, limit)).all()


def person(session: Session, by: Viewer, person_id: UUID) -> Person:
    """A person who stands elsewhere is like one who does not exist."""
    found = session.scalar(select(Person).where(Person.id == person_id, _within(session, by)))
    if found is None:
        raise Problem("not_found")
    return found


def stands_within(session: Session, clock: Clock, by: Viewer, one: Person) -> bool:
    """Whether everything that the person holds now is for areas within what `by` was granted."""
    held = queries.grants_in_force(session, clock, one.id)
    return all(covered(session, by, Area(grant.area_kind, grant.area_code)) for grant in held)


def grants(
    session: Session, by: Viewer, own: UUID, person_id: UUID | None, after: UUID | None, limit: int
) -> Sequence[RoleGrant]:
    """Those for areas within one's own, and one's own."""
    places = [(area.kind, area.code) for area in _areas_within(session, by)]
    query = select(RoleGrant).where(
        or_(RoleGrant.person_id == own, tuple_(RoleGrant.area_kind, RoleGrant.area_code).in_(places))
    )
    if person_id is not None:
        query = query.where(RoleGrant.person_id == person_id)
    return session.scalars(_next(query, RoleGrant.id, after, limit)).all()


def devices(session: Session, by: Viewer, own: UUID, after: UUID | None, limit: int) -> Sequence[Row[Device, str]]:
    query = _devices(session, by, own)
    return session.execute(_next(query, Device.id, after, limit)).all()


def device(session: Session, by: Viewer, own: UUID, device_id: UUID) -> Device:
    found = session.execute(_devices(session, by, own).where(Device.id == device_id)).one_or_none()
    if found is None:
        raise Problem("not_found")
    return found[0]


def organisations(session: Session, after: UUID | None, limit: int) -> Sequence[Organisation]:
    return session.scalars(_next(select(Organisation), Organisation.id, after, limit)).all()


def _devices(session: Session, by: Viewer, own: UUID) -> Select[Device, str]:
    query = select(Device, Person.name).join(Person, Person.id == Device.person_id)
    return query.where(or_(Device.person_id == own, _within(session, by)))


def _next(
    query: Select[*Columns], column: InstrumentedAttribute[UUID], after: UUID | None, limit: int
) -> Select[*Columns]:
    if after is not None:
        query = query.where(column > after)
    return query.order_by(column).limit(limit + 1)


def _within(session: Session, by: Viewer) -> ColumnElement[bool]:
    """People who hold or held a role there, and those of an organisation that stands there."""
    if any(grant.area_kind == EVERYWHERE for grant in by.held):
        return true()
    if not by.held:
        return false()
    places = [(area.kind, area.code) for area in _areas_within(session, by)]
    homes = [one for one in session.scalars(select(Organisation.id)) if covered(session, by, _area_of(one))]
    holding = select(RoleGrant.person_id).where(tuple_(RoleGrant.area_kind, RoleGrant.area_code).in_(places))
    return or_(Person.id.in_(holding), Person.organisation_id.in_(homes))


def _areas_within(session: Session, by: Viewer) -> list[Area]:
    named = session.execute(select(RoleGrant.area_kind, RoleGrant.area_code).distinct())
    return [area for kind, code in named if covered(session, by, area := Area(kind, code))]


def covered(session: Session, by: Viewer, area: Area) -> bool:
    return any(areas.covers(session, Area(grant.area_kind, grant.area_code), area) for grant in by.held)


def _area_of(organisation_id: UUID) -> Area:
    return Area("organisation", str(organisation_id))
