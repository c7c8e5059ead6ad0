"""The one file that touches exact places. Every statement runs as the role `precise`, taken for the statement and laid down again.

Nothing outside this package may import it; without it, the web process's own role cannot read one row of schema `precise`.
"""

import contextlib
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.db import PRECISE_ROLE, SEAL_KEYS, as_json, is_aborted
from server.places.rules import Stamp
from server.sensitivity.model import DisclosedPlaceRow
from server.sensitivity.sealing import SealKeyUnknown, read_keys
from shared.wire.sealed import SealBroken, Sealed

_log = logging.getLogger("xiangye.sensitivity")

_MEASURED = ("latitude_e7", "longitude_e7", "uncertainty_m", "source", "altitude_m", "vertical_datum", "mock")
_STAMPED = tuple(field.name for field in fields(Stamp))
PLACE_COLUMNS = ("id", *_MEASURED, *_STAMPED)
_VALUES = {"layer_versions": "CAST(:layer_versions AS jsonb)"}


@contextlib.contextmanager
def as_precise(session: Session) -> Iterator[None]:
    session.flush()
    session.connection().exec_driver_sql(f"SET LOCAL ROLE {PRECISE_ROLE}")
    try:
        yield
    finally:
        if session.is_active and not is_aborted(session):
            session.connection().exec_driver_sql("RESET ROLE")


def keep_bodies(session: Session, bodies: Sequence[tuple[UUID, str, bytes]]) -> None:
    if bodies:
        ids, digests, data = zip(*bodies, strict=True)
        _once(
            session,
            """
            INSERT INTO precise.version_body (id, digest, body)
            SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:digests AS text[]), CAST(:bodies AS bytea[]))
            """,
            {"ids": list(ids), "digests": list(digests), "bodies": list(data)},
        )


def open_sealed(session: Session, sealed: Sealed) -> bytes | None:
    """What a tablet sealed; None where the key is not (yet) here. SealBroken where it is not what was sealed."""
    try:
        return read_keys(session.info[SEAL_KEYS]).open(sealed.key_id, sealed.header_bytes, sealed.data)
    except SealKeyUnknown:
        return None
    except (OSError, ValueError) as error:
        if isinstance(error, SealBroken):
            raise
        _log.exception("the seal keys cannot be read")  # one bad file must not hold up the records in clear
        return None


def keep_sealed(session: Session, versions: Sequence[tuple[UUID, Sealed, bytes]]) -> None:
    """(id, as it came, what it said) beside the opened body."""
    _many(
        session,
        """
        INSERT INTO precise.sealed_version (id, digest, key_id, header, sealed, opened_sha256)
        VALUES (:id, :digest, :key_id, :header, :sealed, :opened_sha256)
        """,
        [
            {
                "id": id_,
                "digest": sealed.digest,
                "key_id": sealed.key_id,
                "header": sealed.header_bytes,
                "sealed": sealed.data,
                "opened_sha256": hashlib.sha256(plain).hexdigest(),
            }
            for id_, sealed, plain in versions
        ],
    )


def keep_batch(session: Session, batch_id: UUID, body: bytes) -> None:
    _many(
        session, "INSERT INTO precise.raw_batch (batch_id, body) VALUES (:id, :body)", [{"id": batch_id, "body": body}]
    )


def keep_quarantined(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    _many(
        session,
        """
        INSERT INTO precise.quarantine (digest, record_id, device_id, app_version, agent, received_at, reason, detail, body)
        VALUES (:digest, :record_id, :device_id, :app_version, :agent, :received_at, :reason, CAST(:detail AS jsonb), :body)
        ON CONFLICT (digest) DO NOTHING
        """,
        [{**row, "detail": json.dumps(row["detail"], ensure_ascii=False)} for row in rows],
    )


def write_places(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    names = ", ".join(PLACE_COLUMNS)
    changes = ", ".join(f"{name} = excluded.{name}" for name in (*PLACE_COLUMNS[1:], "position"))
    _once(
        session,
        f"""
        INSERT INTO precise.place ({names}, position)
        SELECT {names}, public.ST_SetSRID(public.ST_MakePoint(longitude_e7 / 1e7, latitude_e7 / 1e7), 4326)
        FROM jsonb_populate_recordset(NULL::precise.place, CAST(:rows AS jsonb))
        ON CONFLICT (id) DO UPDATE SET {changes}
        """,
        {"rows": as_json(rows)},
    )


def _with_json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "layer_versions": json.dumps(row["layer_versions"])}


def forget_places(session: Session, ids: Sequence[UUID]) -> None:
    _delete(session, "place", "id", ids)


def forget(session: Session, ids: Sequence[UUID]) -> None:
    """Everything exact of these records but their versions and what restampings kept, which are never deleted."""
    forget_places(session, ids)
    _delete(session, "event_geometry", "event_id", ids)
    _delete(session, "event_link", "occurrence_id", ids)
    _delete(session, "track_point", "segment_id", ids)


def link_events(session: Session, links: Mapping[UUID, UUID | None]) -> None:
    """The event of each occurrence; None where it has none (any longer)."""
    _delete(
        session, "event_link", "occurrence_id", [occurrence for occurrence, event in links.items() if event is None]
    )
    _many(
        session,
        """
        INSERT INTO precise.event_link (occurrence_id, event_id) VALUES (:occurrence_id, :event_id)
        ON CONFLICT (occurrence_id) DO UPDATE SET event_id = excluded.event_id
        """,
        [{"occurrence_id": occurrence, "event_id": event} for occurrence, event in links.items() if event],
    )


def write_lines(session: Session, lines: Mapping[UUID, Sequence[Sequence[int]]]) -> None:
    """Lines in 1e-7 degree (longitude, latitude), by event; fewer than two points are no line."""
    _delete(session, "event_geometry", "event_id", [id_ for id_, points in lines.items() if len(points) < 2])
    rows = [
        {
            "event_id": id_,
            "line": "LINESTRING(" + ",".join(f"{lon / 1e7:.7f} {lat / 1e7:.7f}" for lon, lat in points) + ")",
        }
        for id_, points in lines.items()
        if len(points) > 1
    ]
    _many(
        session,
        """
        INSERT INTO precise.event_geometry (event_id, line) VALUES (:event_id, public.ST_GeomFromText(:line, 4326))
        ON CONFLICT (event_id) DO UPDATE SET line = excluded.line
        """,
        rows,
    )


def write_tracks(session: Session, segments: Mapping[UUID, Sequence[Mapping[str, Any]]]) -> None:
    _delete(session, "track_point", "segment_id", list(segments))
    _many(
        session,
        """
        INSERT INTO precise.track_point
            (observed_year, segment_id, position, patrol_id, leg, at, longitude_e7, latitude_e7, accuracy_cm, altitude_dm)
        VALUES (:observed_year, :segment_id, :position, :patrol_id, :leg, to_timestamp(:t_ms / 1000.0), :longitude_e7, :latitude_e7,
                :accuracy_cm, :altitude_dm)
        """,
        [point for points in segments.values() for point in points],
    )


def place_in_lists(session: Session, ids: Sequence[UUID]) -> None:
    """What the exact places say of scopes and lists; the database works it out, so that no county leaves it."""
    with as_precise(session):
        session.execute(text("SELECT precise.place_in_lists(:ids)"), {"ids": list(ids)})


def read_bodies(session: Session, ids: Sequence[UUID]) -> list[tuple[UUID, str, bytes]]:
    """(id, digest, canonical bytes) of every version of these records."""
    with as_precise(session):
        rows = session.execute(
            text("SELECT id, digest, body FROM precise.version_body WHERE id = ANY(:ids)"), {"ids": list(ids)}
        )
        return [(row[0], row[1], bytes(row[2])) for row in rows]


def read_versions(session: Session, cutoff: datetime) -> list[Mapping[str, Any]]:
    """Every version received before the cutoff, in no order that matters."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT v.id, v.digest, v.base_digest, v.kind, v.received_at, v.author, v.device, v.clock_off, b.body
            FROM xiangye.version v JOIN precise.version_body b USING (id, digest) WHERE v.received_at < :cutoff
            ORDER BY v.id, v.digest
            """),
            {"cutoff": cutoff},
        )
        return [dict(row) for row in rows.mappings()]


def read_places(session: Session) -> dict[UUID, Mapping[str, Any]]:
    with as_precise(session):
        rows = session.execute(text(f"SELECT {', '.join(PLACE_COLUMNS)} FROM precise.place"))
        return {row["id"]: dict(row) for row in rows.mappings()}


class Homes(NamedTuple):
    """Both rows of one place."""

    exact: Mapping[str, Any]
    disclosed: Mapping[str, Any]


def stream_places(session: Session, chunk: int) -> Iterator[list[Homes]]:
    """All places by id, so many at a time; rows may be changed between."""
    names = DisclosedPlaceRow.__table__.columns.keys()
    columns = [f"p.{name}" for name in PLACE_COLUMNS] + [f"d.{name}" for name in names]
    statement = text(f"""
        SELECT {", ".join(columns)} FROM precise.place p JOIN xiangye.disclosed_place d USING (id)
        WHERE p.id > :last ORDER BY p.id LIMIT :chunk
        """)
    last = UUID(int=0)
    while True:
        with as_precise(session):
            rows = session.execute(statement, {"last": last, "chunk": chunk}).all()
        width = len(PLACE_COLUMNS)
        homes = [
            Homes(dict(zip(PLACE_COLUMNS, row, strict=False)), dict(zip(names, row[width:], strict=True)))
            for row in rows
        ]
        if not homes:
            return
        yield homes
        last = homes[-1].exact["id"]


def write_stamps(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """The stamps of places that stay where they are."""
    changes = ", ".join(f"{name} = {_VALUES.get(name, f':{name}')}" for name in _STAMPED)
    _many(session, f"UPDATE precise.place SET {changes} WHERE id = :id", [_with_json(row) for row in rows])


def keep_restamped(session: Session, restamping_id: int, moved: Sequence[tuple[UUID, Any, Any]]) -> None:
    """(id, what it told before, what it tells now)."""
    _many(
        session,
        """
        INSERT INTO precise.restamped_place (restamping_id, id, before, after)
        VALUES (:restamping_id, :id, CAST(:before AS jsonb), CAST(:after AS jsonb))
        """,
        [
            {
                "restamping_id": restamping_id,
                "id": id_,
                "before": json.dumps(before, ensure_ascii=False),
                "after": json.dumps(after, ensure_ascii=False),
            }
            for id_, before, after in moved
        ],
    )


def read_restamped(session: Session, restamping_id: int) -> dict[UUID, tuple[Any, Any]]:
    """(before, after) by id."""
    with as_precise(session):
        rows = session.execute(
            text("SELECT id, before, after FROM precise.restamped_place WHERE restamping_id = :number ORDER BY id"),
            {"number": restamping_id},
        )
        return {row[0]: (row[1], row[2]) for row in rows}


def keep_media_position(session: Session, row: Mapping[str, Any]) -> None:
    """Where and when a photo says it was taken."""
    _many(
        session,
        """
        INSERT INTO precise.media_position (sha256, latitude_e7, longitude_e7, captured_at, map_datum)
        VALUES (:sha256, :latitude_e7, :longitude_e7, :captured_at, :map_datum) ON CONFLICT (sha256) DO NOTHING
        """,
        [row],
    )


def read_photos(session: Session, ids: Sequence[UUID]) -> list[Mapping[str, Any]]:
    """Of each photo of these records that tells a place or a time: subject_id, media_id, sha256, captured_at as it says it, and
    distance_m to the record's own place. 0, 0 is what a camera without a fix writes, and no place."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT s.subject_id, s.media_id, i.sha256, p.captured_at, p.map_datum,
                CASE WHEN p.latitude_e7 <> 0 OR p.longitude_e7 <> 0 THEN public.ST_DistanceSphere(
                    o.position, public.ST_SetSRID(public.ST_MakePoint(p.longitude_e7 / 1e7, p.latitude_e7 / 1e7), 4326))
                END AS distance_m
            FROM xiangye.media_subject s JOIN xiangye.media_item i ON i.id = s.media_id
            JOIN precise.media_position p USING (sha256) LEFT JOIN precise.place o ON o.id = s.subject_id
            WHERE s.subject_id = ANY(:ids) ORDER BY s.subject_id, s.media_id
            """),
            {"ids": list(ids)},
        )
        return [dict(row) for row in rows.mappings()]


def read_checked(session: Session, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What rules compare of these places, and the event that each record belongs to; by id."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT l.id, p.latitude_e7, p.longitude_e7, p.altitude_m, p.mock, e.event_id, v.parent_event_id
            FROM unnest(CAST(:ids AS uuid[])) AS l (id) LEFT JOIN precise.place p USING (id)
            LEFT JOIN precise.event_link e ON e.occurrence_id = l.id LEFT JOIN xiangye.event v ON v.id = e.event_id
            """),
            {"ids": list(ids)},
        )
        return {row["id"]: dict(row) for row in rows.mappings()}


def read_linked(session: Session, event_ids: Sequence[UUID]) -> list[UUID]:
    """The occurrences of these events and of the events below them."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT occurrence_id FROM precise.event_link WHERE event_id = ANY(:ids)
                OR event_id IN (SELECT id FROM xiangye.event WHERE parent_event_id = ANY(:ids))
            """),
            {"ids": list(event_ids)},
        )
        return list(rows.scalars())


def read_track_points(session: Session, patrol_ids: Sequence[UUID]) -> list[tuple[Any, ...]]:
    """(patrol, leg, time in ms, longitude, latitude, accuracy) of their tracks, in order."""
    with as_precise(session):
        rows = session.execute(
            text("""
            SELECT patrol_id, leg, CAST(extract(epoch FROM at) * 1000 AS bigint), longitude_e7, latitude_e7, accuracy_cm
            FROM precise.track_point WHERE patrol_id = ANY(:ids) ORDER BY patrol_id, leg, at
            """),
            {"ids": list(patrol_ids)},
        )
        return [tuple(row) for row in rows]


def read_crossing_tracks(session: Session, patrol_id: UUID, most: int) -> list[UUID]:
    """Other patrols that went through the very same points, and the latest of the same survey."""
    with as_precise(session):
        rows = session.execute(
            text("""
            (SELECT o.patrol_id FROM precise.track_point t JOIN precise.track_point o USING (longitude_e7, latitude_e7)
             WHERE t.patrol_id = :id AND o.patrol_id <> :id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT :most)
            UNION
            (SELECT e.id FROM xiangye.patrol p JOIN xiangye.event e ON e.id = p.event_id JOIN xiangye.event own ON own.id = :id
             WHERE e.survey_id = own.survey_id AND e.id <> :id ORDER BY e.observed_from DESC NULLS LAST, e.id LIMIT :most)
            """),
            {"id": patrol_id, "most": most},
        )
        return list(rows.scalars())


def _once(session: Session, statement: str, bound: Mapping[str, Any]) -> None:
    with as_precise(session):
        session.execute(text(statement), dict(bound))


def _delete(session: Session, table: str, column: str, ids: Sequence[UUID]) -> None:
    if ids:
        _once(session, f"DELETE FROM precise.{table} WHERE {column} = ANY(:ids)", {"ids": list(ids)})


def _many(session: Session, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        with as_precise(session):
            session.execute(text(statement), list(rows))
