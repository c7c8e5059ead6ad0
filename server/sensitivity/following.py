"""What follows a record that became guarded, or no longer lies where it lay: its event, its names, its photos.

Only rows that everybody may read are written here, by what the gate's rules leave of them.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from server.db import as_json
from server.sensitivity import generalising, precise_reading
from server.sensitivity.mentions import guarded_names
from server.sensitivity.rules import OPERATIONAL_PATROL, Asked, strictest_of, with_new_place
from server.sensitivity.scoping import place_in_lists
from server.sensitivity.service import (
    PlaceToWrite,
    coarsest_names,
    levels_kept,
    shown_stamps,
    standings,
    write_places,
)

_OPEN = Asked(0)


@dataclass(frozen=True)
class EventGuard:
    """`guarded`: some occurrence of it is. `asked`: how closely its own place is kept: where nothing open stands on it that would tell
    the place anyway, as the strictest of its occurrences."""

    guarded: bool = False
    asked: Asked = _OPEN


def event_guards(session: Session, event_ids: Iterable[UUID]) -> dict[UUID, EventGuard]:
    """By event; one without occurrences has none."""
    if not (wanted := list(event_ids)):
        return {}
    asked: dict[UUID, dict[UUID, list[tuple[int, str]]]] = {}
    for event_id, occurrence_id, level, rule in precise_reading.read_asked_below(session, wanted):
        asked.setdefault(event_id, {}).setdefault(occurrence_id, []).append((level, rule))
    coarsest = coarsest_names(session) if asked else {}
    return {event_id: _guard(below, coarsest) for event_id, below in asked.items()}


def _guard(below: Mapping[UUID, list[tuple[int, str]]], coarsest: Mapping[str, str | None]) -> EventGuard:
    each = [strictest_of(evidence, coarsest) for evidence in below.values()]
    guarded = [one for one in each if one.level > 0]
    if len(guarded) < len(each):
        return EventGuard(bool(guarded))
    return EventGuard(True, strictest_of([pair for evidence in below.values() for pair in evidence], coarsest))


def events_above(session: Session, event_ids: Iterable[UUID]) -> set[UUID]:
    """These events and all that they are parts of."""
    if not (wanted := list(event_ids)):
        return set()
    rows = session.execute(
        text("""
        WITH RECURSIVE above AS (
            SELECT id, parent_event_id FROM xiangye.event WHERE id = ANY(:ids)
            UNION SELECT e.id, e.parent_event_id FROM above a JOIN xiangye.event e ON e.id = a.parent_event_id)
        SELECT id FROM above
        """),
        {"ids": wanted},
    )
    return set(rows.scalars())


@contextlib.contextmanager
def follow_events(
    session: Session, occurrence_ids: Iterable[UUID], events: Iterable[UUID] = (), anew: bool = False
) -> Iterator[None]:
    """Around what writes or withdraws these occurrences and events: those whose occurrences ask something else afterwards, and all that
    they are parts of, are told anew. `anew`: what is asked has been remembered already."""
    ids = list(occurrence_ids)
    touched = events_above(session, precise_reading.read_links(session, ids) | set(events))
    before = {} if anew else event_guards(session, touched)
    yield
    touched |= events_above(session, precise_reading.read_links(session, ids) | set(events))
    after = event_guards(session, touched)
    changed = [id_ for id_ in touched if before.get(id_) != after.get(id_)]
    if changed:
        _tell_events(session, changed, after)


def _tell_events(session: Session, ids: Iterable[UUID], guards: Mapping[UUID, EventGuard]) -> None:
    """Words, place and measurements of these events, as their occurrences ask now."""
    bodies = {
        id_: standing.body
        for id_, standing in standings(session, sorted(ids)).items()
        if standing.body is not None and standing.kind in ("event", "patrol")
    }
    patrols = {id_ for id_, body in bodies.items() if "nil_report" in body}
    asked = {id_: own_level(guards.get(id_, EventGuard()), id_ in patrols) for id_ in bodies}
    write_places(
        session,
        [
            PlaceToWrite(id_, body["place"], asked[id_].level, asked[id_].rule, asked[id_].coarsest)
            for id_, body in bodies.items()
        ],
    )
    follow_flags(session, "event", bodies)
    spoken = guarded_names(session).spoken_of
    guarded = patrols | {id_ for id_, guard in guards.items() if guard.guarded}
    rows = [{"id": id_, **generalising.event_words(id_ in guarded, body, spoken)} for id_, body in bodies.items()]
    if rows:
        changes = ", ".join(f"{name} = :{name}" for name in generalising.EVENT_WORDS)
        session.execute(text(f"UPDATE xiangye.event SET {changes} WHERE id = :id"), rows)
    forget_measurements(session, guarded & set(bodies))
    place_in_lists(session, bodies)


def withheld_words(
    session: Session, bodies: Mapping[UUID, tuple[str, Mapping[str, Any]]], on: date | None = None
) -> dict[UUID, tuple[str, ...]]:
    """By record, of (kind, body): the fields that no edition for others prints, of records that are not guarded themselves."""
    spoken = guarded_names(session, on).spoken_of
    events = [id_ for id_, (kind, _) in bodies.items() if kind in ("event", "patrol")]
    guarded = {id_ for id_, guard in event_guards(session, events).items() if guard.guarded} if events else set()
    found = {}
    for id_, (kind, body) in bodies.items():
        names = _WORDS.get(kind, ())
        told = {
            name for name in names if spoken(body.get(name)) or (id_ in guarded and name in generalising.EVENT_TELLING)
        }
        if any(spoken(one["value"]) or spoken(one.get("method")) for one in body.get("measurements") or ()):
            told.add("measurements")
        told |= {f"verbatim.{term}" for term, words in (body.get("verbatim") or {}).items() if spoken(words)}
        if told:
            found[id_] = tuple(sorted(told))
    return found


_WORDS = {
    "occurrence": generalising.OCCURRENCE_WORDS,
    "event": generalising.EVENT_WORDS,
    "patrol": generalising.EVENT_WORDS,
    "finding": ("action_taken", "finding_remarks"),
}


def own_level(guard: EventGuard, patrol: bool) -> Asked:
    if not patrol:
        return guard.asked
    level, rule = OPERATIONAL_PATROL
    return guard.asked if 0 < guard.asked.level < level else Asked(level, rule)


def forget_measurements(session: Session, ids: Iterable[UUID]) -> None:
    """What may be words about the place of these guarded subjects."""
    spoken = guarded_names(session).spoken_of
    rows = session.execute(
        text("""
        SELECT subject_id, position, code, value, unit, method FROM xiangye.measurement WHERE subject_id = ANY(:ids)
        """),
        {"ids": list(ids)},
    )
    gone = [
        {"id": row["subject_id"], "position": row["position"]}
        for row in rows.mappings()
        if not generalising.measurement(True, dict(row), spoken)
    ]
    if gone:
        session.execute(text("DELETE FROM xiangye.measurement WHERE subject_id = :id AND position = :position"), gone)


def follow_flags(session: Session, table: str, bodies: Mapping[UUID, Mapping[str, Any]]) -> None:
    """A record is flagged as out of the province or near a border by what is shown of its place."""
    stamps = shown_stamps(session, bodies)
    flags = session.execute(text(f"SELECT id, flags FROM xiangye.{table} WHERE id = ANY(:ids)"), {"ids": list(stamps)})
    rows = [
        {"id": id_, "flags": now}
        for id_, before in flags
        if (now := with_new_place(before, bodies[id_].get("flags", ()), stamps[id_])) != before
    ]
    if rows:
        session.execute(text(f"UPDATE xiangye.{table} SET flags = :flags WHERE id = :id"), rows)


def follow_identifications(session: Session, levels: Mapping[UUID, int]) -> None:
    """What an observer wrote, who they were and the hour of it leave the namings of guarded occurrences; a reviewer's stay."""
    guarded = [id_ for id_, level in levels.items() if level > 0]
    rows = session.execute(
        text("""
        SELECT i.id, i.occurrence_id, i.identified_at, i.scientific_name, i.name_zh,
            i.qualifier, i.method, i.confidence, t.status <> 'provisional' AS is_listed
        FROM xiangye.identification i LEFT JOIN xiangye.taxon t USING (taxon_id)
        WHERE i.occurrence_id = ANY(:ids) AND i.version_digest IS NOT NULL
        """),
        {"ids": guarded},
    ).all()
    if rows:
        session.execute(
            text("""
            UPDATE xiangye.identification i SET verbatim_name = NULL, identified_by = NULL, identified_at = told.identified_at,
                scientific_name = told.scientific_name, name_zh = told.name_zh, qualifier = told.qualifier,
                confidence = told.confidence, method = coalesce(told.method, 'eye')
            FROM jsonb_populate_recordset(NULL::xiangye.identification, CAST(:rows AS jsonb)) told WHERE i.id = told.id
            """),
            {"rows": as_json([_generalised(row, levels[row.occurrence_id]) for row in rows])},
        )


def _generalised(row: Row[Any], level: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "identified_at": generalising.moment(level, row.identified_at),
        **{name: generalising.naming_words(getattr(row, name)) for name in ("qualifier", "method", "confidence")},
        **{
            name: generalising.taxon_name(getattr(row, name), bool(row.is_listed))
            for name in ("scientific_name", "name_zh")
        },
    }


def follow_media(session: Session, subject_ids: Iterable[UUID]) -> None:
    """A photo of something guarded tells its day or month and no hour."""
    rows = session.execute(
        text("""
        SELECT m.id, m.captured_at, s.subject_id FROM xiangye.media_item m JOIN xiangye.media_subject s ON s.media_id = m.id
        WHERE m.captured_at IS NOT NULL AND m.id IN (SELECT media_id FROM xiangye.media_subject WHERE subject_id = ANY(:ids))
        """),
        {"ids": list(subject_ids)},
    ).all()
    if not rows:
        return
    levels = levels_kept(session, {row.subject_id for row in rows})
    cut: dict[UUID, str | None] = {}
    for id_, captured_at, subject_id in rows:
        cut[id_] = generalising.time_text(levels.get(subject_id, 0), cut.get(id_, captured_at))
    changed = [{"id": id_, "at": cut[id_]} for id_, captured_at, _ in rows if cut[id_] != captured_at]
    if changed:
        session.execute(text("UPDATE xiangye.media_item SET captured_at = :at WHERE id = :id"), changed)
