"""The raw version bodies, and which county each belongs to; imports nothing of the project."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any

import psycopg
from recounting.ground import Point, cell_of, disclosed, disclosure_box
from recounting.lists import Lists, Taxon

CHINA = timezone(timedelta(hours=8))
PASSIVE = {"incidental", "import"}
ELSEWHERE = "in no county of the province"
NOT_WILD = {"captive", "cultivated", "released"}


class CannotRecountError(Exception):
    """The data hold something that this script has no rule for: better said than guessed."""


@dataclass
class Body:
    """One record. `county` is the true one; `level` that of its disclosure; `inside`: that cell lies wholly in the county; `unit` the
    visit of an occurrence."""

    id: str
    kind: str
    body: dict[str, Any]
    county: str | None = None
    taxon: Taxon | None = None
    level: int = 0
    inside: bool = False
    event: "Body | None" = None
    unit: "Body | None" = None
    legs: "list[Body]" = field(default_factory=list)

    @property
    def e7(self) -> tuple[int, int] | None:
        place = self.body.get("place")
        if not place or (place["longitude_e7"] == 0 and place["latitude_e7"] == 0):
            return None
        return place["longitude_e7"], place["latitude_e7"]

    @property
    def point(self) -> Point | None:
        return (self.e7[0] / 1e7, self.e7[1] / 1e7) if self.e7 else None

    @property
    def shown_point(self) -> Point | None:
        """None where nothing is shown: at level 1, and where the cell lies in two counties."""
        return disclosed(*self.e7, self.level) if self.e7 and (self.level == 0 or self.inside) else None

    @property
    def cell(self) -> str | None:
        """Of the exact place, its own or its event's."""
        point = self.point or (self.event.point if self.event else None)
        return cell_of(point) if point else None

    @property
    def present(self) -> bool:
        return bool(self.body["occurrence_status"] == "present")

    @property
    def counts(self) -> bool:
        """A picture of an event that is counted as a whole is evidence of it, not a second record."""
        return not self.body.get("evidence_only") and self.body.get("counts") is not False

    @property
    def wild(self) -> bool:
        return self.body.get("degree_of_establishment") not in NOT_WILD

    @property
    def individuals(self) -> int:
        return self.body.get("individual_count") or 0

    @cached_property
    def dated(self) -> dict[str, Any]:
        """The body that tells the date: an occurrence without one has its event's."""
        return self.body if self.body.get("observed_from") or self.event is None else self.event.body

    @property
    def first(self) -> date | None:
        return day_of(self.dated.get("observed_from"))

    @property
    def last(self) -> date | None:
        return day_of(self.dated.get("observed_to") or self.dated.get("observed_from"))

    @property
    def precision(self) -> str:
        return self.dated.get("date_precision") or "day"


def day_of(text: str | None) -> date | None:
    if not text:
        return None
    if len(text) < 10:
        raise CannotRecountError(f"a date that is no day: {text}")
    if len(text) == 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(CHINA).date()


def read_bodies(dsn: str, as_of: date) -> list[Body]:
    """What was received before the day's end in China, one version a record."""
    end = datetime(as_of.year, as_of.month, as_of.day, tzinfo=CHINA) + timedelta(days=1)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT v.id::text, v.kind, b.body FROM xiangye.version v JOIN precise.version_body b USING (id, digest)"
            " WHERE v.received_at < %s ORDER BY v.id",
            (end.astimezone(UTC),),
        ).fetchall()
    if len({row[0] for row in rows}) != len(rows) or any(row[1] == "tombstone" for row in rows):
        raise CannotRecountError("a record has more than one version: this script does not merge")
    return [Body(id_, kind, json.loads(bytes(raw))["body"]) for id_, kind, raw in rows]


def put_together(bodies: list[Body], lists: Lists, county_at: Any, areas: dict[str, Any]) -> None:
    """Names, levels, events and counties."""
    by_id = {one.id: one for one in bodies}
    for one in bodies:
        one.county = (county_at(one.point) or ELSEWHERE) if one.point else None
        if one.kind == "occurrence":
            one.taxon = lists.taxon(one.body["taxon"]["scientific_name"] or one.body["taxon"]["verbatim_name"] or "")
            one.level = one.taxon.level if one.taxon else 0
            one.event = by_id.get(one.body.get("event_id") or "")
            one.unit = _unit(one.event, by_id)
        elif one.kind == "patrol":
            one.level = 2  # where rangers walk is no public matter
        elif one.kind == "track_segment":
            by_id[one.body["patrol_id"]].legs.append(one)
    _guard_visits(bodies)
    _look_inside(bodies, areas)
    for one in bodies:
        if one.kind == "occurrence" and one.event and one.county not in (None, ELSEWHERE):
            one.event.county = one.event.county or one.county
    for one in bodies:
        parent = by_id.get(
            one.body.get("event_id") or one.body.get("patrol_id") or next(iter(one.body.get("subject_ids", [])), "")
        )
        one.county = one.county or (parent.county if parent else None)


def _guard_visits(bodies: list[Body]) -> None:
    """Where nothing else was found, the visit's place is that of the guarded find."""
    finds: dict[int, list[int]] = {}
    for one in bodies:
        if one.kind == "occurrence" and one.event:
            finds.setdefault(id(one.event), []).append(one.level)
    for one in bodies:
        if one.kind == "event" and all(finds.get(id(one), [0])):
            one.level = min(finds[id(one)])


def _look_inside(bodies: list[Body], areas: dict[str, Any]) -> None:
    for one in bodies:
        cell = disclosure_box(*one.e7, one.level) if one.e7 else None
        one.inside = cell is not None and one.county in areas and areas[one.county][1].covers(cell)


def _unit(event: Body | None, by_id: dict[str, Body]) -> Body | None:
    """The whole visit: legs and quadrats of one protocol belong to one."""
    if event is None or event.body["sampling_protocol"] in PASSIVE:
        return None
    parent = by_id.get(event.body.get("parent_event_id") or "")
    if parent is not None and parent.body.get("sampling_protocol") == event.body["sampling_protocol"]:
        return _unit(parent, by_id)
    return event
