"""Photos: the record of one, and the file behind it."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.audit.queries import digest_now
from server.db import EVERYTHING, looking_through
from server.media.decoding import DIED, Decoded, decode
from server.media.model import MediaFile, MediaItem, MediaReview, MediaSubject
from server.media.store import Store
from server.sensitivity.generalising import time_text
from server.sensitivity.photos import keep_position, strictest_levels
from shared.clock import Clock
from shared.failpoints import fail
from shared.problems import Problem
from shared.wire.sealed_photo import is_sealed_photo

ORIGINAL, RENDITION = "original", "rendition"
TWICE = "（已再试一次）"
SEALED, UNSEALED, SEAL_BROKEN = "密封的照片，尚未打开", "密封的照片，已打开", "密封的照片，内容损坏"
"""Why a sealed file itself shows nothing."""
_HOLD = text("SELECT pg_advisory_xact_lock(hashtext('xiangye.media.' || :kind), hashtext(:sha256))")
_HOLD_OR_LEAVE = text("SELECT pg_try_advisory_xact_lock(hashtext('xiangye.media.' || :kind), hashtext(:sha256))")
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
    return take_in_data(session, clock, store, sha256, path.read_bytes())


def take_in_data(session: Session, clock: Clock, store: Store, sha256: str, data: bytes) -> MediaFile:
    hold(session, ORIGINAL, sha256)
    known = session.get(MediaFile, sha256, populate_existing=True)
    if known is not None and is_held(session, store, sha256):
        return known
    store.put_original(sha256, data)  # anew where the store has lost it
    fail("original_put")
    if known is None or not _shows(store, known):
        known = _keep(session, clock, store, sha256, data)
    if known.rendition_sha256 is not None:
        session.execute(delete(MediaReview).where(MediaReview.original_sha256 == sha256))
    return known


def is_held(session: Session, store: Store, sha256: str) -> bool:
    """Whether the store still has what it once took in: a row alone is no custody. Problem `photo_redacted` where what it lost
    had been redacted: taken anew, it would say again what was taken out of it."""
    digest = digest_now(session, "photo", sha256, sha256)
    if store.holds_original(sha256, digest):
        return True
    if digest != sha256:
        raise Problem("photo_redacted")
    return False


def hold(session: Session, kind: str, sha256: str) -> None:
    """Until the transaction ends nobody else takes in or sweeps away this file."""
    session.execute(_HOLD, {"kind": kind, "sha256": sha256})


def hold_or_leave(session: Session, kind: str, sha256: str) -> bool:
    return bool(session.scalar(_HOLD_OR_LEAVE, {"kind": kind, "sha256": sha256}))


def _shows(store: Store, file: MediaFile) -> bool:
    """Reports that were made of them name the renditions that there are: only lost ones are made anew."""
    if file.rendition_sha256 is None or file.preview_sha256 is None:
        return file.problem is not None
    return store.holds_rendition(file.rendition_sha256) and store.holds_rendition(file.preview_sha256)


def _keep(session: Session, clock: Clock, store: Store, sha256: str, data: bytes) -> MediaFile:
    file = MediaFile(sha256=sha256, byte_count=len(data), received_at=clock.now())
    decoded = Decoded(problem=SEALED) if is_sealed_photo(data) else decode(data)
    file.problem = decoded.problem
    if decoded.renditions:
        for name, value in _put_renditions(session, store, decoded).items():
            setattr(file, name, value)
    fail("renditions_put")
    statement = insert(MediaFile).values({name: getattr(file, name) for name in _FILE})
    made = {name: statement.excluded[name] for name in _FILE if name not in ("sha256", "byte_count", "received_at")}
    session.execute(statement.on_conflict_do_update(index_elements=["sha256"], set_=made))
    with looking_through(
        session, EVERYTHING
    ):  # no record shows it yet, so whoever brings it has no scope that covers it
        keep_position(session, sha256, decoded.position, decoded.captured_at, decoded.map_datum)
    return session.get_one(MediaFile, sha256, populate_existing=True)


def decode_again(session: Session, clock: Clock, store: Store, sha256: str) -> bool:
    """Once, where the decoder died over a photo; whether it shows something now. One that is taken in or swept just now can wait."""
    if not hold_or_leave(session, ORIGINAL, sha256):
        return False
    file = session.get(MediaFile, sha256, populate_existing=True)
    if file is None or file.problem not in DIED or not is_held(session, store, sha256):
        return False
    again = _keep(session, clock, store, sha256, store.original(sha256))
    if again.problem in DIED:
        again.problem += TWICE
    return again.problem is None


def waiting_for_decoder(session: Session) -> Sequence[str]:
    query = select(MediaFile.sha256).where(MediaFile.problem.in_(DIED)).order_by(MediaFile.sha256)
    return session.scalars(query).all()


def _put_renditions(session: Session, store: Store, decoded: Decoded) -> dict[str, Any]:
    large, small = decoded.renditions
    for sha256 in sorted(hashlib.sha256(one.jpeg).hexdigest() for one in decoded.renditions):
        hold(session, RENDITION, sha256)
    return {
        "rendition_sha256": store.put_rendition(large.jpeg),
        "preview_sha256": store.put_rendition(small.jpeg),
        "width_px": large.width_px,
        "height_px": large.height_px,
    }


def take_review(session: Session, clock: Clock, store: Store, data: bytes, original: str) -> None:
    """A small copy sent ahead: its pixels are shown until the original is here. One that does not decode shows nothing."""
    hold(session, ORIGINAL, original)
    if is_shown(session, original):
        return
    decoded = decode(data)
    if decoded.renditions:
        made = _put_renditions(session, store, decoded)
        session.add(MediaReview(original_sha256=original, received_at=clock.now(), **made))


def is_shown(session: Session, original: str) -> bool:
    """Whether there is a picture of this photo already: a copy of it need not come."""
    return (
        session.get(MediaFile, original, populate_existing=True) is not None
        or session.get(MediaReview, original) is not None
    )
