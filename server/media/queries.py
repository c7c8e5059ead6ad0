"""Photos as a viewer may see them: by the names that are shown, and never finer in time than their level tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from server.accounts.viewer import Viewer
from server.db import EVERYTHING, looking_through
from server.media.model import MediaFile, MediaItem, MediaReview, MediaSubject
from server.sensitivity import generalising
from server.sensitivity.model import ShownRecord
from server.sensitivity.scoping import real_id
from shared.problems import Problem

_SHOWN = ("width_px", "height_px", "rendition_sha256", "preview_sha256")


@dataclass(frozen=True)
class Photo:
    """`id` is the one that is shown; `rendition` and `preview` are digests of files, none where the photo does not decode.
    Until the original is here they are of the small copy that went ahead."""

    id: UUID
    listing_key: UUID
    media_type: str
    captured_at: str | None
    sequence: int | None
    width_px: int | None
    height_px: int | None
    rendition: str | None
    preview: str | None
    problem: str | None
    original_here: bool


@dataclass(frozen=True)
class Original:
    """A file as it came, and the records that it tells the place of."""

    sha256: str
    media_type: str
    subject_ids: tuple[UUID, ...]


def of_record(session: Session, _viewer: Viewer, shown_id: UUID, after: UUID | None, limit: int) -> list[Photo]:
    """One more than the limit where there are more. Problem `not_found` for a record that the viewer may not see. A photo that shows
    a guarded record besides stands with the strictest of its records alone: with others it would tell that they are of one place."""
    subject = real_id(session, shown_id)
    level = select(ShownRecord.level).where(ShownRecord.id == subject)
    rows = _photos().join(MediaSubject, MediaSubject.media_id == MediaItem.id)
    rows = rows.where(MediaSubject.subject_id == subject, _level_of_file() == session.scalar(level))
    rows = rows.order_by(ShownRecord.listing_key)
    if after is not None:
        rows = rows.where(ShownRecord.listing_key > after)
    return [_photo(row) for row in session.execute(rows.limit(limit + 1))]


def _level_of_file() -> ColumnElement[Any]:
    """Of whatever the same file shows, be it under several ids."""
    item, record = aliased(MediaItem, name="same_file"), aliased(ShownRecord, name="of_same_file")
    strictest = select(func.coalesce(func.min(func.nullif(record.level, 0)), 0)).join(item, item.id == record.id)
    return strictest.where(item.sha256 == MediaItem.sha256).correlate(MediaItem).scalar_subquery()


def one(session: Session, _viewer: Viewer, shown_id: UUID) -> Photo:
    row = session.execute(_photos().where(ShownRecord.shown_id == shown_id)).first()
    if row is None:
        raise Problem("not_found")
    return _photo(row)


def original(session: Session, _viewer: Viewer, shown_id: UUID) -> Original:
    media = real_id(session, shown_id)
    item = session.execute(
        select(MediaItem.sha256, MediaItem.media_type)
        .join(MediaFile, MediaFile.sha256 == MediaItem.sha256)
        .where(MediaItem.id == media)
    ).first()
    with looking_through(session, EVERYTHING):  # it tells the place of each of them, seen by the viewer or not
        subjects = session.scalars(select(MediaSubject.subject_id).where(MediaSubject.media_id == media)).all()
    if item is None or not subjects:
        raise Problem("not_found")
    return Original(item.sha256, item.media_type, tuple(sorted(subjects, key=str)))


def _photos() -> Select[*tuple[Any, ...]]:
    return (
        select(
            ShownRecord.shown_id,
            ShownRecord.listing_key,
            ShownRecord.level,
            MediaItem.media_type,
            MediaItem.captured_at,
            MediaItem.sequence,
            *(func.coalesce(getattr(MediaFile, name), getattr(MediaReview, name)).label(name) for name in _SHOWN),
            MediaFile.problem,
            MediaFile.sha256.is_not(None).label("original_here"),
        )
        .join(MediaItem, MediaItem.id == ShownRecord.id)
        .outerjoin(MediaFile, MediaFile.sha256 == MediaItem.sha256)
        .outerjoin(MediaReview, MediaReview.original_sha256 == MediaItem.sha256)
    )


def _photo(row: Any) -> Photo:
    told: Sequence[Any] = tuple(getattr(row, name) for name in (*_SHOWN, "problem", "original_here"))
    captured_at = generalising.time_text(row.level, row.captured_at)
    return Photo(row.shown_id, row.listing_key, row.media_type, captured_at, row.sequence, *told)
