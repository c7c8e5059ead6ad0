"""Who somebody is to this program now: read anew from the database for every request, so that what ends has ended at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.accounts import scopes
from server.accounts.model import Device, Person, RoleGrant
from server.accounts.viewer import Held, Viewer, viewer
from shared.clock import Clock
from shared.problems import Problem


def viewer_of(session: Session, clock: Clock, person_id: UUID) -> Viewer:
    found = session.execute(select(Person.disabled_at, Person.erased_at).where(Person.id == person_id)).one_or_none()
    if found is None or found.disabled_at is not None or found.erased_at is not None:
        raise Problem("sign_in_needed")
    held = tuple(
        Held(
            row.role,
            row.area_kind,
            row.area_code,
            row.taxon_group,
            scopes.numbers(session, row.area_kind, row.area_code, row.taxon_group),
        )
        for row in grants_in_force(session, clock, person_id)
    )
    # Logs cannot be erased, and an account may be a telephone number: they call people by their ids.
    return viewer(person_id, str(person_id), held, scopes.of_person(session, person_id))


def devices_of(session: Session, person_id: UUID, among: Collection[UUID]) -> frozenset[UUID]:
    """Revoked or not."""
    query = select(Device.id).where(Device.id.in_(among), Device.person_id == person_id)
    return frozenset(session.scalars(query)) if among else frozenset()


def grants_in_force(session: Session, clock: Clock, person_id: UUID) -> Sequence[RoleGrant]:
    query = select(RoleGrant).where(RoleGrant.person_id == person_id, in_force(clock.now())).order_by(RoleGrant.id)
    return session.scalars(query).all()


def in_force(now: datetime) -> ColumnElement[bool]:
    return RoleGrant.revoked_at.is_(None) & or_(RoleGrant.expires_at.is_(None), RoleGrant.expires_at > now)
