"""Which exports somebody may see, and where each stands."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.db import EVERYTHING, looking_through
from server.exchange.model import Export, ExportRecord
from server.sensitivity.model import ShownRecord
from shared.clock import Clock, parse_aware
from shared.problems import Problem


def find_own(session: Session, viewer: Viewer, export_id: UUID) -> Export:
    export = session.get(Export, export_id)
    if export is None or export.person_id != viewer.person_id:
        raise Problem("not_found")
    return export


def covered(session: Session, export: Export) -> bool:
    """Whether this session sees every record of it."""
    seen = select(func.count()).select_from(ExportRecord).where(ExportRecord.export_id == export.id)
    return session.scalar(seen) == export.record_count


def own(session: Session, viewer: Viewer, limit: int, after: tuple[str, ...] | None) -> Sequence[Export]:
    """The newest first, one more than the limit."""
    return _page(session, Export.person_id == viewer.person_id, limit, after)


def waiting(session: Session, viewer: Viewer, limit: int, after: tuple[str, ...] | None) -> Sequence[Export]:
    """Those of others of which this session sees every record."""
    seen = (
        select(func.count())
        .select_from(ExportRecord)
        .where(ExportRecord.export_id == Export.id)
        .correlate(Export)
        .scalar_subquery()
    )
    chosen = and_(Export.state == "waiting", Export.person_id != viewer.person_id, seen == Export.record_count)
    return _page(session, chosen, limit, after)


def _page(session: Session, chosen: ColumnElement[bool], limit: int, after: tuple[str, ...] | None) -> Sequence[Export]:
    query = select(Export).where(chosen).order_by(Export.asked_at.desc(), Export.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Export.asked_at, Export.id) < tuple_(*_key(after)))
    return session.scalars(query).all()


def _key(after: tuple[str, ...]) -> tuple[Any, Any]:
    try:
        return parse_aware(after[0]), UUID(after[1])
    except ValueError as error:
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after") from error


def is_recalled(session: Session, export: Export) -> bool:
    """Whether a record of it is kept more closely now than when it left."""
    with looking_through(session, EVERYTHING):
        return bool(session.scalar(select(_recalled().where(ExportRecord.export_id == export.id).exists())))


def recalled(session: Session) -> list[UUID]:
    """Every export that is to be fetched back, expired ones as well: their files are out."""
    with looking_through(session, EVERYTHING):
        query = select(Export.id).where(
            exists(_recalled().where(ExportRecord.export_id == Export.id).correlate(Export))
        )
        return list(session.scalars(query.order_by(Export.asked_at, Export.id)))


def _recalled() -> Any:
    now = func.coalesce(ShownRecord.level, 0)
    stricter = and_(now > 0, or_(ExportRecord.level == 0, now < ExportRecord.level))
    return (
        select(ExportRecord.record_id).outerjoin(ShownRecord, ShownRecord.id == ExportRecord.record_id).where(stricter)
    )


def state_of(session: Session, clock: Clock, export: Export) -> str:
    if export.state != "refused" and is_recalled(session, export):
        return "recalled"
    return "expired" if export.state != "refused" and export.expires_at <= clock.now() else export.state
