"""The one reading of whole records with both homes of their places; every reading is logged."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.service import log
from server.ledger.model import VersionRow
from server.places.queries import hold_in_force, versions_on
from server.places.rules import Stamp
from server.places.stamping import STAMPING_KINDS
from server.sensitivity import precise
from server.sensitivity.following import event_guards, own_level, withheld_words
from server.sensitivity.model import DisclosedPlaceRow
from server.sensitivity.records import NOT_REVIEWED, DisclosedPlace, ExactPlace, FrozenRecord, Review, stamp_of
from server.sensitivity.reviewed import reviews_at
from server.sensitivity.rules import (
    CELL_E7,
    E7,
    OPERATIONAL_FINDING,
    OPERATIONAL_PATROL,
    Asked,
    with_new_place,
    with_place_flags,
)
from server.sensitivity.service import PlaceToWrite, asked_levels, make_pairs, pairs_again, shown_stamp
from server.taxa.queries import by_ids
from shared.canonical import digest
from shared.checks import record_flags
from shared.clock import CHINA, Clock, observed_interval, observed_year
from shared.coordinates import from_e7
from shared.problems import Problem
from shared.wire.standing import Standing, stand

_OPERATIONAL = {"patrol": Asked(*OPERATIONAL_PATROL), "finding": Asked(*OPERATIONAL_FINDING)}


def frozen_records(
    session: Session, viewer: Viewer, clock: Clock, purpose: str, cutoff: datetime
) -> list[FrozenRecord]:
    """Every record as it stood at the cutoff, by id, and the entry of that reading; deleted ones, and those that wait for their base,
    are left out. Problem `not_allowed` without the right."""
    records = read_frozen(session, viewer, cutoff)
    log_frozen(session, viewer, clock, purpose, cutoff, len(records))
    return records


def log_frozen(session: Session, viewer: Viewer, clock: Clock, purpose: str, cutoff: datetime, number: int) -> None:
    """The last step but what writes: from here on nobody else can number a change, so tablets wait with their batches."""
    log(session, clock, viewer.name, "read_precise", purpose, {"records": number, "cutoff": cutoff.isoformat()})


def read_frozen(session: Session, viewer: Viewer, cutoff: datetime) -> list[FrozenRecord]:
    """For whoever calls `log_frozen` in the same transaction, with long work between. Problem `not_allowed` without the right."""
    require_precise(viewer)
    hold_in_force(session)  # else a restamping might come between the reading of the one home and of the other
    living = {id_: then for id_, then in _standings(precise.read_versions(session, cutoff)).items() if then.body}
    homes = _Homes(
        precise.read_places(session),
        {row.id: row for row in session.scalars(select(DisclosedPlaceRow))},
        _flags(session),
    )
    reviews = reviews_at(session, living.keys(), cutoff)
    taxa = _taxa(session, living, reviews)
    on = (cutoff - timedelta(microseconds=1)).astimezone(CHINA).date()
    later = _changed_since(session, living)
    _restamp(session, {id_: living[id_] for id_ in later}, taxa, homes, on)
    _stamp_as_on(session, {id_: then for id_, then in living.items() if id_ not in later}, homes, on)
    asked = _asked_without_place(session, living, homes)
    withheld = withheld_words(session, {id_: (then.standing.kind, _body(then)) for id_, then in living.items()}, on)
    return [
        replace(
            _freeze(id_, living[id_], homes, taxa.get(id_)),
            asked_level=asked.get(id_),
            review=reviews.get(id_, NOT_REVIEWED),
            withheld=withheld.get(id_, ()),
        )
        for id_ in sorted(living, key=str)
    ]


def require_precise(viewer: Viewer) -> None:
    if not viewer.may_read_precise:
        raise Problem("not_allowed", "没有查阅精确位置的权限")


@dataclass(frozen=True)
class _Then:
    """A record as it stood at the cutoff, when its newest version of then was received and when the one that dated it, how many there
    were, and whether a wrong clock saved any of them."""

    standing: Standing
    received_at: datetime
    dated_at: datetime
    versions: int
    clock_off: bool

    @property
    def body(self) -> Mapping[str, Any] | None:
        return self.standing.body


@dataclass(frozen=True)
class _Homes:
    """What is told of each record now, by id."""

    exact: dict[UUID, Mapping[str, Any]]
    disclosed: dict[UUID, DisclosedPlaceRow]
    flags: dict[UUID, tuple[str, ...]]


def _standings(rows: Iterable[Mapping[str, Any]]) -> dict[UUID, _Then]:
    grouped: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["id"], {})[row["digest"]] = row
    return {id_: _then(versions) for id_, versions in grouped.items()}


def _then(rows: Mapping[str, Mapping[str, Any]]) -> _Then:
    standing = stand({mark: json.loads(bytes(row["body"])) for mark, row in rows.items()})
    received = {mark: row["received_at"] for mark, row in rows.items()}
    is_off = any(row["clock_off"] for row in rows.values())
    return _Then(standing, max(received.values()), received[standing.dated_by], len(rows), is_off)


def _changed_since(session: Session, living: Mapping[UUID, _Then]) -> set[UUID]:
    """Records of which more versions have come: what is told of them now is of another time."""
    counted = session.execute(select(VersionRow.id, func.count()).group_by(VersionRow.id))
    now = {row[0]: row[1] for row in counted}
    return {id_ for id_, then in living.items() if now.get(id_) != then.versions}


def _stamp_as_on(session: Session, living: Mapping[UUID, _Then], homes: _Homes, on: date) -> None:
    """Where other layers were in force that day, each place is told as they tell it; nothing else of a record changes."""
    then, now = (
        {kind: days.get(kind) for kind in STAMPING_KINDS} for days in (versions_on(session, on), versions_on(session))
    )
    if then == now:
        return
    placed = [id_ for id_ in living if id_ in homes.exact and id_ in homes.disclosed]
    pairs = pairs_again(session, ((homes.exact[id_], vars(homes.disclosed[id_])) for id_ in placed), on)
    for id_, pair in pairs.items():
        homes.exact[id_], homes.disclosed[id_] = pair.exact, DisclosedPlaceRow(**pair.disclosed)
        brought = _body(living[id_]).get("flags", ())
        if id_ in homes.flags:
            homes.flags[id_] = tuple(with_new_place(homes.flags[id_], brought, shown_stamp(pair.disclosed)))


def _restamp(
    session: Session,
    changed: Mapping[UUID, _Then],
    taxa: Mapping[UUID, UUID | None],
    homes: _Homes,
    on: date,
) -> None:
    """Such a record may have stood elsewhere then: its stamps and flags are made anew; the strictest level ever asked for
    stays, even where nothing of it is told any longer."""
    asked = asked_levels(session, list(changed))
    guards = event_guards(session, [id_ for id_, then in changed.items() if then.standing.kind in ("event", "patrol")])
    asked |= {id_: own_level(guard, changed[id_].standing.kind == "patrol") for id_, guard in guards.items()}
    wanted = []
    for id_, then in changed.items():
        for home in (homes.exact, homes.disclosed, homes.flags):
            home.pop(id_, None)
        level = asked.get(id_) or _OPERATIONAL.get(then.standing.kind) or Asked(0)
        wanted.append(PlaceToWrite(id_, _body(then).get("place"), level.level, level.rule, level.coarsest))
    pairs = make_pairs(session, wanted, on)
    for id_, pair in pairs.items():
        homes.exact[id_], homes.disclosed[id_] = pair.exact, DisclosedPlaceRow(**pair.disclosed)
    ranks = {id_: taxon.rank for id_, taxon in by_ids(session, [str(t) for t in taxa.values() if t]).items()}
    for id_, then in changed.items():
        taxon = str(taxa.get(id_))
        unknown = then.standing.kind == "occurrence" and ranks.get(taxon, "unranked") == "unranked"
        stamp = shown_stamp(pairs[id_].disclosed) if id_ in pairs else None
        homes.flags[id_] = _flags_then(then, stamp, unknown)


def _flags_then(then: _Then, stamp: Stamp | None, name_unknown: bool) -> tuple[str, ...]:
    kind, body = then.standing.kind, _body(then)
    if kind not in ("occurrence", "event", "patrol"):
        return ()
    start, _ = observed_interval(body)
    flags = record_flags(body, (start, then.dated_at), kind == "occurrence", then.clock_off)
    found = with_place_flags(flags, body["flags"], stamp)
    return tuple(found + (["name_unknown"] if name_unknown else []))


def _body(then: _Then) -> Mapping[str, Any]:
    return then.body or {}


def _taxa(session: Session, living: Mapping[UUID, _Then], reviews: Mapping[UUID, Review]) -> dict[UUID, UUID | None]:
    """What each occurrence was named by the version that gave its name, or by whoever named it after that."""
    rows = session.execute(
        text("""
        SELECT occurrence_id, version_digest, taxon_id FROM xiangye.identification WHERE version_digest IS NOT NULL
        """)
    )
    found = {row[0]: row[2] for row in rows if row[0] in living and living[row[0]].standing.taxon_digest == row[1]}
    given = {id_: one.name for id_, one in reviews.items() if one.name is not None}
    return found | {id_: UUID(name.taxon_id) if name.taxon_id else None for id_, name in given.items()}


def _flags(session: Session) -> dict[UUID, tuple[str, ...]]:
    rows = session.execute(
        text("SELECT id, flags FROM xiangye.occurrence UNION ALL SELECT id, flags FROM xiangye.event")
    )
    return {row[0]: tuple(row[1]) for row in rows}


def _asked_without_place(session: Session, living: Mapping[UUID, _Then], homes: _Homes) -> dict[UUID, int]:
    ids = [id_ for id_, then in living.items() if then.standing.kind == "occurrence" and id_ not in homes.disclosed]
    return {id_: asked.level for id_, asked in asked_levels(session, ids).items()} if ids else {}


def _freeze(id_: UUID, then: _Then, homes: _Homes, taxon_id: UUID | None) -> FrozenRecord:
    standing, body = then.standing, _body(then)
    heads = standing.view.heads
    return FrozenRecord(
        id=str(id_),
        kind=standing.kind,
        observed_year=observed_year(body),
        received_at=then.received_at,
        # Of several heads together, so that another head is another state.
        head_digest=heads[0] if len(heads) == 1 else digest(list(heads)),
        state=standing.view.state,
        author=str(standing.lead["author"]),
        device=str(standing.lead["device"]),
        body=body,
        exact=exact_place(homes.exact.get(id_)),
        disclosed=_disclosed(homes.disclosed.get(id_)),
        taxon_id=str(taxon_id) if taxon_id else None,
        flags=homes.flags.get(id_, ()),
    )


def exact_place(row: Mapping[str, Any] | None) -> ExactPlace | None:
    if row is None:
        return None
    stamp = stamp_of(row)
    altitude = row["altitude_m"]
    return ExactPlace(
        from_e7(row["latitude_e7"]),
        from_e7(row["longitude_e7"]),
        row["latitude_e7"],
        row["longitude_e7"],
        row["uncertainty_m"],
        str(altitude) if altitude is not None else None,
        stamp,
    )


def _disclosed(row: DisclosedPlaceRow | None) -> DisclosedPlace | None:
    if row is None:
        return None
    size = CELL_E7.get(row.level) if row.cell_within_county else None
    return DisclosedPlace(
        row.level,
        row.latitude,
        row.longitude,
        size / E7 if size else None,
        row.uncertainty_m,
        row.county_code,
        row.county_name,
        row.in_scope,
        row.uncertain,
        row.grid_cell,
        row.data_generalizations,
        row.information_withheld,
        row.cell_within_county,
        row.altitude_m,
    )
