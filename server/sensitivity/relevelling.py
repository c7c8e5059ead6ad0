"""Holds what stands against the lists in force: every occurrence by all the names it was ever given.

A level only ever grows stricter, so readable rows are made anew out of themselves and exact places only for what moved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from server.audit.service import log
from server.db import EVERYTHING, looking_through
from server.places.queries import hold_all_layers
from server.sensitivity import generalising, precise_reading
from server.sensitivity.circumstances import conditions_of, counties_by_level, months_of, population_of
from server.sensitivity.following import (
    follow_events,
    follow_flags,
    follow_identifications,
    follow_media,
    forget_measurements,
)
from server.sensitivity.mentions import guarded_names
from server.sensitivity.model import Relevelled as RelevelledRow
from server.sensitivity.model import Relevelling
from server.sensitivity.naming import Asking, levels_asked
from server.sensitivity.rules import Asked
from server.sensitivity.scoping import place_in_lists
from server.sensitivity.service import PlaceToWrite, asked_levels, remember_levels, standings, write_places
from server.taxa.queries import sensitivity_rules
from server.taxa.rules import Circumstances, SensitivityRules
from shared.clock import Clock

_CHUNK = 2_000
_COLUMNS = (
    *generalising.TELLING,
    *generalising.CODED,
    *generalising.VOCABULARIES,
    "access_class",
    "observed_from",
    "observed_to",
    "date_precision",
)
_OCCURRENCES = f"SELECT id, observed_year, {', '.join(_COLUMNS)} FROM xiangye.occurrence"
_NEXT_NUMBER = select(func.nextval("xiangye.relevelling_relevelling_id_seq"))
_OPEN = Asked(0)


@dataclass(frozen=True)
class Relevelled:
    """How many occurrences were looked at, and how many are kept more closely now."""

    checked: int
    moved: int


def relevel(
    session: Session, by: str, clock: Clock, ids: Iterable[UUID] | None = None, reason: str = "lists"
) -> Relevelled:
    """Those occurrences, or all; in the caller's transaction. Whoever also loads lists calls `hold_all_layers` first of all."""
    if ids is None:
        hold_all_layers(session)
    with looking_through(session, EVERYTHING):
        rules, checked, moved = sensitivity_rules(session), 0, dict[UUID, tuple[int, int]]()
        for rows in _stream(session, None if ids is None else sorted(ids)):
            checked += len(rows)
            moved |= _relevel(session, clock, rules, rows)
        if ids is None:
            _withhold_event_words(session)
        if moved or (ids is None and checked):
            _keep(session, by, clock, reason, checked, moved)
    return Relevelled(checked, len(moved))


def moved_since(session: Session, at: datetime) -> set[UUID]:
    """Records that are kept more closely since then: what was published of them before is to be recalled."""
    rows = session.execute(
        text("""
        SELECT DISTINCT m.id FROM xiangye.relevelled m JOIN xiangye.relevelling r USING (relevelling_id) WHERE r.at >= :at
        """),
        {"at": at},
    )
    return set(rows.scalars())


def _stream(session: Session, ids: Sequence[UUID] | None) -> Iterator[list[dict[str, Any]]]:
    if ids is None:
        yield from _all_of(session, _OCCURRENCES)
        return
    for start in range(0, len(ids), _CHUNK):
        some = {"ids": list(ids[start : start + _CHUNK])}
        rows = session.execute(text(f"{_OCCURRENCES} WHERE id = ANY(:ids) ORDER BY id"), some)
        yield [dict(row) for row in rows.mappings()]


def _all_of(session: Session, select_rows: str) -> Iterator[list[dict[str, Any]]]:
    """By id, so many at a time; rows may be changed between."""
    last = UUID(int=0)
    statement = text(f"{select_rows} WHERE id > :last ORDER BY id LIMIT :chunk")
    while True:
        rows = [dict(row) for row in session.execute(statement, {"last": last, "chunk": _CHUNK}).mappings()]
        if not rows:
            return
        yield rows
        last = rows[-1]["id"]


def _relevel(
    session: Session, clock: Clock, rules: SensitivityRules, rows: Sequence[dict[str, Any]]
) -> dict[UUID, tuple[int, int]]:
    """(level before, after) of those that moved."""
    told = {row["id"]: row for row in rows}
    before = asked_levels(session, list(told))
    asked = _askings(session, rules, told, [id_ for id_, one in before.items() if one.level > 0])
    levels = levels_asked(session, rules, [asking for _, asking in asked])
    evidence = [(id_, level, rule) for (id_, _), (level, rule) in zip(asked, levels, strict=True)]
    after = before | remember_levels(session, evidence, clock.now())
    moved = {
        id_: one
        for id_, one in after.items()
        if (one.level, one.coarsest) != (before.get(id_, _OPEN).level, before.get(id_, _OPEN).coarsest)
    }
    _tell_anew(session, moved, told)
    spoken = guarded_names(session).spoken_of
    _write(session, [row for id_, row in told.items() if after.get(id_, _OPEN).level == 0], spoken, lambda _: 0)
    return {id_: (before.get(id_, _OPEN).level, one.level) for id_, one in moved.items()}


def _askings(
    session: Session, rules: SensitivityRules, told: Mapping[UUID, Mapping[str, Any]], guarded: Sequence[UUID]
) -> list[tuple[UUID, Asking]]:
    """One for each name that an occurrence was ever given."""
    when = _circumstances(session, rules, told, guarded)
    named = session.execute(
        text("""
        SELECT occurrence_id, taxon_id, coalesce(scientific_name, verbatim_name), name_zh FROM xiangye.identification
        WHERE occurrence_id = ANY(:ids)
        """),
        {"ids": list(told)},
    )
    return [(row[0], Asking((row[2], row[3]), row[1], when[row[0]])) for row in named]


def _circumstances(
    session: Session, rules: SensitivityRules, told: Mapping[UUID, Mapping[str, Any]], guarded: Sequence[UUID]
) -> dict[UUID, Circumstances]:
    """What the readable row of a guarded record no longer says of a nest or a roost, its versions do."""
    by_condition = any(rule.condition in ("nest", "roost") for rule in rules.rules)
    bodies = standings(session, guarded) if by_condition else {}
    behaved = {id_: (bodies[id_].body if id_ in bodies else None) or row for id_, row in told.items()}
    positions = {}
    if any(rule.county_codes for rule in rules.rules):
        places = precise_reading.read_places_of(session, told)
        positions = {id_: (row["latitude_e7"], row["longitude_e7"]) for id_, row in places.items()}
    counties = counties_by_level(session, positions, rules)
    return {
        id_: Circumstances(
            population_of(row["degree_of_establishment"]),
            conditions_of(behaved[id_]),
            months_of(row["observed_from"], row["observed_to"]),
            counties.get(id_),
        )
        for id_, row in told.items()
    }


def _tell_anew(session: Session, moved: Mapping[UUID, Asked], told: Mapping[UUID, dict[str, Any]]) -> None:
    if not moved:
        return
    levels = {id_: asked.level for id_, asked in moved.items()}
    with follow_events(session, moved, precise_reading.read_links(session, moved), anew=True):
        places = precise_reading.read_places_of(session, moved)
        write_places(
            session,
            [
                PlaceToWrite(id_, _as_place(places[id_]), asked.level, asked.rule, asked.coarsest)
                for id_, asked in moved.items()
                if id_ in places
            ],
        )
        _write(session, [told[id_] for id_ in moved], guarded_names(session).spoken_of, lambda id_: levels[id_])
    bodies = {id_: standing.body or {} for id_, standing in standings(session, list(moved)).items()}
    follow_flags(session, "occurrence", bodies)
    follow_identifications(session, levels)
    forget_measurements(session, moved)
    follow_media(session, moved)
    place_in_lists(session, moved)


def _as_place(exact: Mapping[str, Any]) -> dict[str, Any]:
    return {**exact, "coordinate_uncertainty_in_meters": exact["uncertainty_m"]}


def _write(session: Session, rows: Sequence[dict[str, Any]], spoken: generalising.Spoken, level_of: Any) -> None:
    """What changes of readable rows."""
    made = [(row, generalising.occurrence(level_of(row["id"]), row, spoken)) for row in rows]
    changed = [now for row, now in made if now != row]
    if changed:
        changes = ", ".join(f"{name} = :{name}" for name in _COLUMNS)
        statement = f"UPDATE xiangye.occurrence SET {changes} WHERE id = :id AND observed_year = :observed_year"
        session.execute(text(statement), changed)


def _withhold_event_words(session: Session) -> None:
    """Events speak of taxa too, which may be guarded since today."""
    spoken = guarded_names(session).spoken_of
    names = generalising.EVENT_WORDS
    changes = ", ".join(f"{name} = :{name}" for name in names)
    for rows in _all_of(session, f"SELECT id, {', '.join(names)} FROM xiangye.event"):
        changed = [
            {"id": row["id"], **now}
            for row in rows
            if (now := generalising.open_words(row, names, spoken)) != {name: row[name] for name in names}
        ]
        if changed:
            session.execute(text(f"UPDATE xiangye.event SET {changes} WHERE id = :id"), changed)


def _keep(
    session: Session, by: str, clock: Clock, reason: str, checked: int, moved: Mapping[UUID, tuple[int, int]]
) -> None:
    number: int = session.execute(_NEXT_NUMBER).scalar_one()
    session.add(
        Relevelling(
            relevelling_id=number,
            reason=reason,
            checked_count=checked,
            moved_count=len(moved),
            at=clock.now(),
            by_account=by,
        )
    )
    session.flush()
    rows = [
        {"relevelling_id": number, "id": id_, "level_before": before, "level_after": after}
        for id_, (before, after) in moved.items()
    ]
    if rows:
        session.execute(insert(RelevelledRow), rows)
    log(session, clock, by, "relevel", reason, {"number": number, "checked": checked, "moved": len(moved)})
