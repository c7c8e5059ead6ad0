"""Where and when photos say they were taken: as exact as a place, and kept like one."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.sensitivity import precise
from server.sensitivity.model import DisclosedPlaceRow, LevelEvidence


def keep_position(
    session: Session, sha256: str, position: tuple[int, int] | None, captured_at: str | None, map_datum: str
) -> None:
    if position is None and captured_at is None:
        return
    latitude, longitude = position or (None, None)
    precise.keep_media_position(
        session,
        {
            "sha256": sha256,
            "latitude_e7": latitude,
            "longitude_e7": longitude,
            "captured_at": captured_at,
            "map_datum": map_datum,
        },
    )


def strictest_levels(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    """By record the level of what its photos tell: of all that was ever asked for it, and of its place. 0 is not listed."""
    found: dict[UUID, int] = {}
    for kept in (LevelEvidence, DisclosedPlaceRow):
        rows = session.execute(
            select(kept.id, func.min(kept.level)).where(kept.id.in_(ids), kept.level > 0).group_by(kept.id)
        )
        for id_, level in rows:
            found[id_] = min(level, found.get(id_, level))
    return found
