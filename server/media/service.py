"""Photos: the record of one, and the file behind it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.db import EVERYTHING, looking_through
from server.media.decoding import decode
from server.media.model import MediaFile, MediaItem, MediaSubject
from server.media.store import Store
from server.sensitivity.generalising import time_text
from server.sensitivity.photos import keep_position, strictest_levels
from shared.clock import Clock

_FILE = (
    "sha256",
    "byte_count",
    "received_at",
    "rendition_sha256",
    "preview_sha256",
    "width_px",
    "height_px",
    "problem",
)
_ITEM = ("sha256", "byte_count", "media_type", "captured_at", "sequence")


def write(session: Session, items: Sequence[tuple[UUID, Mapping[str, Any]]]) -> None:
    if not items:
        return
    subjects = {id_: {UUID(subject) for subject in body["subject_ids"]} for id_, body in items}
    levels = strictest_levels(session, sorted(set().union(*subjects.values()), key=str))
    rows = [
        {
            "id": id_,
            "survey_id": UUID(body["survey_id"]),
            **{name: body[name] for name in _ITEM},
            "captured_at": _captured_at(body, [levels[subject] for subject in subjects[id_] if subject in levels]),
        }
        for id_, body in items
    ]
    statement = insert(MediaItem)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={c: statement.excluded[c] for c in rows[0] if c != "id"}
        ),
        rows,
    )
    session.execute(delete(MediaSubject).where(MediaSubject.media_id.in_([row["id"] for row in rows])))
    session.execute(
        insert(MediaSubject),
        [{"media_id": id_, "subject_id": subject} for id_ in subjects for subject in sorted(subjects[id_], key=str)],
    )


def _captured_at(body: Mapping[str, Any], levels: Sequence[int]) -> str | None:
    """No finer than the strictest of the records that the photo shows."""
    return time_text(min(levels, default=0), body["captured_at"])


def withdraw(session: Session, ids: Sequence[UUID]) -> None:
    """The records of photos; the files stay, as another record may show the same one."""
    session.execute(delete(MediaItem).where(MediaItem.id.in_(ids)))


def take_in(session: Session, clock: Clock, store: Store, path: Path, sha256: str) -> MediaFile:
    """A complete file, its digest already checked: the original is kept untouched, renditions are made from its pixels.

    A photo that does not decode is kept as well; `problem` says so.
    """
    known = session.get(MediaFile, sha256)
    if known is not None:
        return known
    data = path.read_bytes()
    store.put_original(sha256, data)
    file = MediaFile(sha256=sha256, byte_count=len(data), received_at=clock.now())
    decoded = decode(data)
    file.problem = decoded.problem
    if decoded.renditions:
        large, small = decoded.renditions
        file.rendition_sha256, file.preview_sha256 = store.put_rendition(large.jpeg), store.put_rendition(small.jpeg)
        file.width_px, file.height_px = large.width_px, large.height_px
    columns = {name: getattr(file, name) for name in _FILE}
    session.execute(
        insert(MediaFile).values(columns).on_conflict_do_nothing()
    )  # another tablet may bring the same photo
    with looking_through(
        session, EVERYTHING
    ):  # no record shows it yet, so whoever brings it has no scope that covers it
        keep_position(session, sha256, decoded.position, decoded.captured_at, decoded.map_datum)
    return session.get_one(MediaFile, sha256)
