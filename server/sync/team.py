"""What a tablet is told of colleagues: others' open records in the surveys that its person may see, by a cursor of its own.

Guarded records are not told at all: a tablet can be lost, and the order of changes would tell more than their level allows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Uuid, any_, bindparam, exists, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from server.accounts.model import Device, Person
from server.accounts.queries import viewer_of
from server.accounts.rights import READ_RECORDS
from server.accounts.viewer import PUBLIC, Viewer
from server.db import EVERYTHING, looking_through
from server.identifications.model import Decision, Identification
from server.ledger import service as ledger
from server.ledger.model import VersionRow
from server.ledger.service import DESK
from server.occurrences import queries as occurrences
from server.occurrences.filters import KIND
from server.occurrences.model import Occurrence
from server.places.model import Restamping
from server.sensitivity.model import Relevelling, ShownRecord
from server.surveys import queries as surveys
from shared.canonical import digest
from shared.clock import CHINA, Clock
from shared.problems import Problem
from shared.wire.team import mark

PAGE, WINDOW = 200, 2_000
"""Records in an answer; changes of the whole province looked through for it, so that no answer costs more than that."""
_KEY_LENGTH = 24


@dataclass(frozen=True)
class Team:
    """`key`: whose cursor it is. It changes with whatever lets records be told or not told without a change of their own: then all is
    told anew from the beginning, and what is not told again is gone."""

    viewer: Viewer
    survey_ids: frozenset[UUID]
    key: str


def team_of(session: Session, clock: Clock, device: Device) -> Team:
    """Of surveys that have not ended, where the person may read records."""
    try:
        viewer = viewer_of(session, clock, device.person_id).within(READ_RECORDS)
    except Problem:
        viewer = PUBLIC
    today = clock.now().astimezone(CHINA).date()
    found = surveys.visible(session, viewer.scopes) if viewer.held else ()
    ids = frozenset(row.id for row in found if row.ends_on is None or row.ends_on >= today)
    told = [
        str(device.person_id),
        str(ledger.epoch(session)),
        sorted(map(str, ids)),
        sorted(viewer.scopes),
        _moved(session),
    ]
    return Team(viewer, ids, digest(told)[:_KEY_LENGTH])


def _moved(session: Session) -> list[str]:
    """The last time that levels, layers or an erasure changed what is told of records, none of which numbers a change of them."""
    moments = (
        select(func.max(Relevelling.relevelling_id)).where(Relevelling.moved_count > 0),
        select(func.max(Restamping.restamping_id)).where(Restamping.moved_count > 0),
        select(func.max(Person.erased_at)),
    )
    return [str(value) for value in session.execute(select(*(one.scalar_subquery() for one in moments))).one()]


def page(session: Session, team: Team, device: Device, cursor: int, limit: int = PAGE) -> dict[str, Any]:
    """Each record once, by its last change; `gone`: marks of those that may have been told before and are not for this tablet now."""
    read, open_ids, more = _read(session, team, device, cursor, max(1, min(limit, PAGE)))
    last = {row.id: row.change_no for row in read}
    with looking_through(session, team.viewer.scopes):
        records = _told(session, team, {id_: last[id_] for id_ in last.keys() & open_ids})
    return {
        "records": records,
        "gone": sorted({mark(str(row.id)) for row in read if row.may_close and row.id not in open_ids}),
        "cursor": read[-1].change_no if read else cursor,
        "more": more,
        "of": team.key,
    }


def has_news(session: Session, team: Team, device: Device, cursor: int, whose: str) -> bool:
    if whose != team.key:
        return bool(team.survey_ids or whose)  # who was told nothing has nothing to forget
    read, open_ids, more = _read(session, team, device, cursor, 1)
    return more or any(row.id in open_ids or row.may_close for row in read)


def _read(
    session: Session, team: Team, device: Device, cursor: int, limit: int
) -> tuple[Sequence[Row[Any]], Collection[UUID], bool]:
    """Changes after the cursor, in one order, until so many records are to be told; which are; whether there are more."""
    if not team.survey_ids:
        return (), (), False
    with looking_through(session, EVERYTHING):  # numbers and ids alone
        window = session.execute(_window(cursor)).all()
    with looking_through(session, team.viewer.scopes):
        open_ids = set(session.scalars(_open(team, device.person_id, {row.id for row in window})))
    told: set[UUID] = set()
    for place, row in enumerate(window):
        if row.id in open_ids and row.id not in told:
            if len(told) == limit:
                return window[:place], open_ids, True
            told.add(row.id)
    return window, open_ids, len(window) == WINDOW


def _window(cursor: int) -> Select[Any]:
    """By one statement, so of one moment: whatever is committed after it has a higher number than all that it sees."""
    renamed = exists().where(Identification.decision_id == Decision.id)
    edited = or_(VersionRow.base_digest.is_not(None), VersionRow.kind == "tombstone")
    parts = [
        part.where(number > cursor).order_by(number).limit(WINDOW).subquery().select()
        for part, number in (
            (select(VersionRow.change_no, VersionRow.id, edited.label("may_close")), VersionRow.change_no),
            (
                select(Decision.change_no, Decision.record_id.label("id"), renamed.label("may_close")).where(
                    Decision.action != "check"
                ),
                Decision.change_no,
            ),
        )
    ]
    both = union_all(*parts).subquery()
    return select(both).order_by(both.c.change_no).limit(WINDOW)


def _open(team: Team, person_id: UUID, ids: Collection[UUID]) -> Select[UUID]:
    here = (Occurrence.observed_year == ShownRecord.observed_year) & (Occurrence.id == ShownRecord.id)
    own = exists().where(VersionRow.id == ShownRecord.id, VersionRow.author == person_id, VersionRow.device != DESK)
    some = any_(bindparam("ids", list(ids), ARRAY(Uuid)))
    return (
        select(ShownRecord.id)
        .join(Occurrence, here)
        .where(ShownRecord.id == some, ShownRecord.kind == KIND, ShownRecord.level == 0, ~own)
        .where(Occurrence.survey_id.in_(team.survey_ids))
    )


def _told(session: Session, team: Team, changed: dict[UUID, int]) -> list[dict[str, Any]]:
    if not changed:
        return []
    columns = select(ShownRecord.id, ShownRecord.observed_year).where(ShownRecord.id.in_(changed)).subquery("known")
    rows = session.execute(occurrences.told(team.viewer, columns, columns.c.id, columns.c.observed_year)).all()
    names = _observers(session, changed)
    # Between two statements one may have become guarded, or another survey's.
    told = [row for row in rows if row.level == 0 and row.survey_id in team.survey_ids]
    return [
        {
            "change_no": changed[row.record_id],
            "record_id": str(row.record_id),
            "kind": KIND,
            "survey_id": str(row.survey_id),
            "state": row.state,
            "scientific_name": row.taxon_scientific_name,
            "name_zh": row.taxon_name_zh,
            "county": row.place_county_name,
            "grid_cell": row.place_grid_cell,
            "observed_from": row.observed_from.isoformat(),
            "date_precision": row.date_precision,
            "observer": names.get(row.record_id),
        }
        for row in sorted(told, key=lambda row: changed[row.record_id])
    ]


def _observers(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Whoever began the record; nobody where they had themselves erased."""
    query = (
        select(VersionRow.id, Person.name)
        .join(Person, Person.id == VersionRow.author)
        .where(VersionRow.id.in_(ids), Person.erased_at.is_(None))
        .ext(distinct_on(VersionRow.id))
        .order_by(VersionRow.id, VersionRow.base_digest.is_not(None), VersionRow.change_no)
    )
    return {row[0]: row[1] for row in session.execute(query)}
