"""What came, as it came: bodies of versions, raw batches, quarantine. They tell exact places, so every statement runs as in precise.py,
and nothing outside this package may import this file either.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.db import SEAL_KEYS
from server.sensitivity.precise import as_precise
from server.sensitivity.sealing import SealKeyUnknown, read_keys
from shared.wire.sealed import SealBroken


class Altered(NamedTuple):
    """`kind`: body_missing, body (not what its digest or its redaction says) or columns (not what its body says)."""

    id: UUID
    digest: str
    kind: str


class Kept(NamedTuple):
    id: UUID
    digest: str
    body: bytes


class Quarantined(NamedTuple):
    digest: str
    detail: Any
    body: bytes


_ALTERED = """
    WITH held AS (
        SELECT v.*, b.body, encode(sha256(b.body), 'hex') AS found, coalesce((
            SELECT r.redacted_sha256 FROM xiangye.redaction r
            WHERE r.kind = 'version' AND r.subject = v.id::text AND r.digest = v.digest
            ORDER BY r.redaction_no DESC LIMIT 1), s.opened_sha256, v.digest) AS wanted,
            coalesce(encode(sha256(s.header || s.sealed), 'hex') <> v.digest, s.id IS NOT NULL AND NOT EXISTS (
                SELECT FROM xiangye.redaction r
                WHERE r.kind = 'version' AND r.subject = v.id::text AND r.digest = v.digest)) AS resealed
        FROM xiangye.version v LEFT JOIN precise.version_body b USING (id, digest)
        LEFT JOIN precise.sealed_version s USING (id, digest)),
    told AS (
        SELECT *, CASE WHEN found = wanted AND NOT resealed THEN convert_from(body, 'UTF8')::json END AS record FROM held)
    SELECT id, digest,
        CASE WHEN body IS NULL THEN 'body_missing' WHEN found <> wanted OR resealed THEN 'body' ELSE 'columns' END
    FROM told
    WHERE record IS NULL OR (record ->> 'author', record ->> 'device', record ->> 'kind', record ->> 'seq', record ->> 'base_digest',
        record ->> 'id') IS DISTINCT FROM (author::text, device::text, kind, seq::text, base_digest, id::text)
    ORDER BY id, digest
    """
_HOLDS = "EXISTS (SELECT FROM unnest(CAST(:words AS bytea[])) AS word WHERE position(word IN body) > 0)"


def altered_bodies(session: Session) -> list[Altered]:
    """Versions whose body is gone or is not the one that was received."""
    with as_precise(session):
        found = [Altered(*row) for row in session.execute(text(_ALTERED))]
        sealed = session.execute(
            text("""
            SELECT id, digest, key_id, header, sealed, opened_sha256 FROM precise.sealed_version
            WHERE sealed IS NOT NULL ORDER BY id, digest
            """)
        ).all()
    known = {(one.id, one.digest) for one in found}
    return found + [Altered(row[0], row[1], "body") for row in _told_otherwise(session, sealed) if row[:2] not in known]


def altered_batches(session: Session) -> list[tuple[UUID, str]]:
    """Raw batches (id, SHA-256 as it was when they came) that are not the bytes that came; those that were dropped tell nothing."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT b.id, b.sha256 FROM precise.raw_batch r JOIN xiangye.batch b ON b.id = r.batch_id
            WHERE encode(sha256(r.body), 'hex') <> b.sha256 ORDER BY b.received_at, b.id
            """)
        )
        return [(row.id, row.sha256) for row in rows]


def _told_otherwise(session: Session, rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Sealed versions that, opened again, say something else than is kept; what was sealed to a key that is gone proves nothing."""
    keys = read_keys(session.info[SEAL_KEYS]) if rows else None
    for id_, digest, key_id, header, data, opened_sha256 in rows:
        try:
            plain = keys.open(key_id, bytes(header), bytes(data)) if keys else b""
        except SealKeyUnknown:
            continue
        except SealBroken:
            plain = b""
        if hashlib.sha256(plain).hexdigest() != opened_sha256:
            yield id_, digest


def bodies_with(session: Session, words: Sequence[bytes]) -> list[Kept]:
    """Bodies that hold any of these."""
    with as_precise(session):
        rows = session.execute(
            text(f"SELECT id, digest, body FROM precise.version_body WHERE {_HOLDS} ORDER BY id, digest"),
            {"words": list(words)},
        )
        return [Kept(row[0], row[1], bytes(row[2])) for row in rows]


def tracks_before(session: Session, moment: datetime, most: int) -> list[Kept]:
    """Bodies of tracks that came before and were not yet cleared."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT v.id, v.digest, b.body FROM xiangye.version v JOIN precise.version_body b USING (id, digest)
            WHERE v.kind = 'track_segment' AND v.received_at < :moment AND NOT EXISTS (
                SELECT FROM xiangye.redaction r WHERE r.kind = 'version' AND r.subject = v.id::text AND r.digest = v.digest
                AND r.reason = 'retention')
            ORDER BY v.id, v.digest LIMIT :most
            """),
            {"moment": moment, "most": most},
        )
        return [Kept(row[0], row[1], bytes(row[2])) for row in rows]


def forget_track_points(session: Session, segment_ids: Sequence[UUID]) -> int:
    with as_precise(session):
        found = session.execute(
            text("DELETE FROM precise.track_point WHERE segment_id = ANY(:ids) RETURNING 1"), {"ids": list(segment_ids)}
        )
        return len(found.all())


def replace_bodies(session: Session, bodies: Sequence[Kept]) -> None:
    """The database takes only what a redaction says. What came sealed goes with the batches it came in: it tells the old body
    to whoever has the key."""
    if bodies:
        rows = [{"id": one.id, "digest": one.digest} for one in bodies]
        with as_precise(session):
            session.execute(
                text("UPDATE precise.version_body SET body = :body WHERE id = :id AND digest = :digest"),
                [one._asdict() for one in bodies],
            )
            session.execute(text(_DROP_SEALED_BATCHES), rows)
            session.execute(text(_UNSEAL), rows)


_DROP_SEALED_BATCHES = """
    DELETE FROM precise.raw_batch WHERE batch_id IN (
        SELECT r.batch_id FROM xiangye.receipt r JOIN precise.sealed_version s ON s.id::text = r.record_id AND s.digest = r.digest
        WHERE s.id = :id AND s.digest = :digest)
    """
_UNSEAL = "UPDATE precise.sealed_version SET sealed = NULL WHERE id = :id AND digest = :digest"


def drop_raw_batches(session: Session, before: datetime | None = None, words: Sequence[bytes] = ()) -> int:
    """Those that came before, and those that hold any of the words; that they came, and their digests, stays."""
    with as_precise(session):
        found = session.execute(
            text(f"""
            DELETE FROM precise.raw_batch WHERE {_HOLDS} OR batch_id IN (
                SELECT id FROM xiangye.batch WHERE received_at < :before)
            RETURNING 1
            """),
            {"before": before, "words": list(words)},
        )
        return len(found.all())


def quarantined_with(session: Session, words: Sequence[bytes]) -> list[Quarantined]:
    with as_precise(session):
        rows = session.execute(
            text(f"""
            SELECT digest, detail, body FROM precise.quarantine
            WHERE {_HOLDS} OR {_HOLDS.replace("IN body", "IN convert_to(detail::text, 'UTF8')")} ORDER BY digest
            """),
            {"words": list(words)},
        )
        return [Quarantined(row[0], row[1], bytes(row[2])) for row in rows]


def replace_quarantined(session: Session, rows: Sequence[Quarantined]) -> None:
    if rows:
        with as_precise(session):
            session.execute(
                text(
                    "UPDATE precise.quarantine SET body = :body, detail = CAST(:detail AS jsonb) WHERE digest = :digest"
                ),
                [{**one._asdict(), "detail": json.dumps(one.detail, ensure_ascii=False)} for one in rows],
            )


def sealed_among(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Of these records those of which any version came sealed."""
    with as_precise(session):
        return set(
            session.scalars(text("SELECT id FROM precise.sealed_version WHERE id = ANY(:ids)"), {"ids": list(ids)})
        )


class Unread(NamedTuple):
    """A record in quarantine that has not been taken in since. `agent`: what sent it, as the request told."""

    digest: str
    record_id: str | None
    device_id: UUID
    agent: str | None
    received_at: datetime
    reason: str
    detail: Any
    body: bytes


def unread(session: Session, digest: str | None = None, reason: str | None = None) -> list[Unread]:
    """In the order in which they came: what others wait for came first."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT digest, record_id, device_id, agent, received_at, reason, detail, body FROM precise.quarantine
            WHERE readmitted_at IS NULL AND (CAST(:digest AS text) IS NULL OR digest = :digest)
                AND (CAST(:reason AS text) IS NULL OR reason = :reason)
            ORDER BY received_at, digest
            """),
            {"digest": digest, "reason": reason},
        )
        return [Unread(**{**row, "body": bytes(row["body"])}) for row in rows.mappings()]


def tried_again(session: Session, digest: str, at: datetime, reason: str | None, detail: Any) -> None:
    """`reason` None: it was taken in."""
    with as_precise(session):
        session.execute(
            text("""
            UPDATE precise.quarantine SET tried_at = :at, reason = coalesce(:reason, reason),
                detail = CASE WHEN CAST(:reason AS text) IS NULL THEN detail ELSE CAST(:detail AS jsonb) END,
                readmitted_at = CASE WHEN CAST(:reason AS text) IS NULL THEN CAST(:at AS timestamptz) END
            WHERE digest = :digest
            """),
            {"digest": digest, "at": at, "reason": reason, "detail": json.dumps(detail, ensure_ascii=False)},
        )
