"""Holds new layers against every place: what a stamp tells changes, records, versions and their digests never do.

Both homes are made anew as they are at ingest, the disclosed one from its cell. Only rows that tell something else are
written, and what they told before is kept in `precise.restamped_place`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import Viewer
from server.audit.service import log
from server.places.model import BoundaryVersion, Restamping
from server.places.queries import hold_all_layers, versions_on
from server.places.rules import Stamp
from server.places.stamping import STAMPING_KINDS
from server.sensitivity import precise
from server.sensitivity.queries import require_precise
from server.sensitivity.rules import with_new_place
from server.sensitivity.scoping import place_in_lists
from server.sensitivity.service import pairs_again, shown_stamp, standings
from shared.clock import Clock, SystemClock

_CHUNK = 10_000
_COUNTY = (
    "county_code",
    "county_name",
    "prefecture_code",
    "prefecture_name",
    "in_scope",
    "uncertain",
    "cell_within_county",
)
_TOLD: Mapping[str, tuple[str, ...]] = {
    "county": _COUNTY,
    "protected_area": ("areas",),
    "priority_area": ("areas",),
    "zone": ("zones",),
    "grid": ("grid_cell",),
    "elevation": ("elevation_m", "altitude_m"),
    "land_cover": ("land_cover",),
}
_ONLY_DISCLOSED = frozenset({"cell_within_county", "altitude_m"})
_EXACT = (
    *(n for n in dict.fromkeys(name for names in _TOLD.values() for name in names) if n not in _ONLY_DISCLOSED),
    "distance_to_border_m",
)
_DISCLOSED = ("county_code", "county_name", "prefecture_name", "in_scope", "uncertain", "grid_cell", "altitude_m")
_CELL = ("cell_within_county", "cell_x", "cell_y", "latitude", "longitude", "uncertainty_m", "data_generalizations")
"""What a border that moved takes away or gives back."""
_NEXT_NUMBER = select(func.nextval("xiangye.restamping_restamping_id_seq"))


@dataclass(frozen=True)
class Restamped:
    """A layer that was held against all places; `moved`: how many tell something else by it. A distance to the border that
    became another is told anew as well, but no record has moved for that."""

    kind: str
    from_version: str | None
    to_version: str
    checked: int
    moved: int


@dataclass(frozen=True)
class _Moved:
    """By home and field (before, after), where they differ."""

    id: UUID
    changes: Mapping[str, Mapping[str, tuple[Any, Any]]]

    def by(self, kind: str) -> bool:
        return any(name in _TOLD[kind] for changed in self.changes.values() for name in changed)

    def told(self, which: int) -> dict[str, dict[str, Any]]:
        """0: before, 1: after."""
        return {
            home: {name: change[which] for name, change in changed.items()}
            for home, changed in self.changes.items()
            if changed
        }


def restamp(session: Session, by: str, clock: Clock | None = None) -> list[Restamped]:
    """Every layer in force that was not yet held against the places, in the caller's transaction; until its end no record
    is stamped."""
    clock = clock or SystemClock()
    hold_all_layers(session)
    changed = _changed(session)
    if not changed:
        return []
    numbers: dict[str, int] = {kind: session.execute(_NEXT_NUMBER).scalar_one() for kind in changed}
    moved, checked = dict.fromkeys(changed, 0), 0
    for rows in precise.stream_places(session, _CHUNK):
        checked += len(rows)
        found = _restamp_rows(session, rows)
        for kind, number in numbers.items():
            told = [(one.id, one.told(0), one.told(1)) for one in found if one.by(kind)]
            precise.keep_restamped(session, number, told)
            moved[kind] += len(told)
    done = [Restamped(kind, *versions, checked, moved[kind]) for kind, versions in changed.items()]
    session.add_all(
        Restamping(
            restamping_id=numbers[one.kind],
            kind=one.kind,
            from_version=one.from_version,
            to_version=one.to_version,
            checked_count=one.checked,
            moved_count=one.moved,
            at=clock.now(),
            by_account=by,
        )
        for one in done
    )
    for one in done:
        detail = {"from": one.from_version or "", "checked": one.checked, "moved": one.moved}
        log(session, clock, by, "restamp", one.to_version, detail)
    return done


def history(session: Session) -> list[Restamping]:
    """Every restamping, the newest first."""
    return list(session.scalars(select(Restamping).order_by(Restamping.restamping_id.desc())))


def moved_by(session: Session, viewer: Viewer, clock: Clock, restamping_id: int) -> dict[UUID, tuple[Any, Any]]:
    """(before, after) of every record that a restamping moved. Problem `not_allowed` without the right; logged."""
    require_precise(viewer)
    found = precise.read_restamped(session, restamping_id)
    log(session, clock, viewer.name, "read_precise", f"restamping {restamping_id}", {"records": len(found)})
    return found


def _changed(session: Session) -> dict[str, tuple[str | None, str]]:
    """(version before, version now) by kind, of the layers that no restamping has been to yet."""
    rows = session.execute(select(Restamping.kind, Restamping.to_version).order_by(Restamping.restamping_id))
    last = {row.kind: row.to_version for row in rows}
    now = {kind: id_ for kind, id_ in sorted(versions_on(session).items()) if kind in STAMPING_KINDS}
    return {kind: (_before(session, last, kind), id_) for kind, id_ in now.items() if last.get(kind) != id_}


def _before(session: Session, last: Mapping[str, str], kind: str) -> str | None:
    """What the places were held against before; the first time, what the layer in force took the place of."""
    if kind in last:
        return last[kind]
    ended = select(BoundaryVersion.id).where(BoundaryVersion.kind == kind, BoundaryVersion.valid_to.is_not(None))
    return session.scalar(ended.order_by(BoundaryVersion.valid_to.desc(), BoundaryVersion.loaded_at.desc()).limit(1))


def _restamp_rows(session: Session, rows: Sequence[precise.Homes]) -> list[_Moved]:
    """Writes what tells something else; returns what moved by more than its distance."""
    pairs = pairs_again(session, rows)
    exact, disclosed, moved = [], [], []
    for row in rows:
        pair = pairs[row.exact["id"]]
        changes = {
            "exact": _changes(row.exact, pair.exact, _EXACT),
            "disclosed": _changes(row.disclosed, pair.disclosed, (*_DISCLOSED, "cell_within_county")),
        }
        if changes["exact"]:
            exact.append(pair.exact)
        if changes["disclosed"]:
            disclosed.append(pair.disclosed)
        if changes["disclosed"] or changes["exact"].keys() - {"distance_to_border_m"}:
            moved.append(_Moved(row.exact["id"], changes))
    precise.write_stamps(session, exact)
    _write_disclosed(session, disclosed)
    place_in_lists(session, (row["id"] for row in exact))
    return moved


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], after[name]) for name in names if before[name] != after[name]}


def _write_disclosed(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        changes = ", ".join(f"{name} = :{name}" for name in (*_DISCLOSED, *_CELL, "boundary_version"))
        session.execute(text(f"UPDATE xiangye.disclosed_place SET {changes} WHERE id = :id"), list(rows))
        _follow_flags(session, {row["id"]: shown_stamp(row) for row in rows})


def _follow_flags(session: Session, shown: Mapping[UUID, Stamp]) -> None:
    """A record is flagged as out of the province or near a border by what is shown of its place."""
    ids = list(shown)
    bodies = {id_: standing.body or {} for id_, standing in standings(session, ids).items()}
    for table in ("occurrence", "event"):
        flags = session.execute(text(f"SELECT id, flags FROM xiangye.{table} WHERE id = ANY(:ids)"), {"ids": ids})
        rows = [
            {"id": id_, "flags": now}
            for id_, before in flags
            if (now := with_new_place(before, bodies[id_].get("flags", ()), shown[id_])) != before
        ]
        if rows:
            session.execute(text(f"UPDATE xiangye.{table} SET flags = :flags WHERE id = :id"), rows)
