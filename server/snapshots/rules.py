"""Which records a compilation is about, and what is left of them where exact places may not go; pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from server.sensitivity.records import NOT_REVIEWED, FrozenRecord
from server.snapshots.left_out import LeftOut
from shared.canonical import digest

_PARENT_FIELDS = ("event_id", "parent_event_id", "patrol_id")
_PLACE_FIELDS = frozenset({"place", "geometry", "points", "exif_place", "tablet_place", "verbatim", "file_name"})
_TELLING_TEXTS = frozenset(
    {
        "occurrence_remarks",
        "event_remarks",
        "finding_remarks",
        "location_name",
        "event_id",
        "verbatim_event_date",
        "behavior",
        "pathway",
        "action_taken",
        "measurements",
        "observed_from",
        "observed_to",
        "recorded_by",
        "participants",
        "leader",
    }
)
"""A guarded record's free words may name the place, and its event has one; its hour and its people would lead to one."""


def county_of(records: Sequence[FrozenRecord]) -> dict[str, str]:
    """By record id: the county of its exact stamp, else of what it belongs to, else of what belongs to it."""
    found = {
        r.id: r.exact.stamp.county_code
        for r in records
        if r.exact is not None and r.exact.stamp.county_code is not None
    }
    links = {r.id: _links(r) for r in records}
    for _ in range(4):  # an event tree is not deeper than survey > visit > leg > quadrat
        _pass_down(records, links, found)
        _pass_up(records, links, found)
    return found


def select_counties(records: Sequence[FrozenRecord], counties: Iterable[str]) -> list[FrozenRecord]:
    wanted, place = set(counties), county_of(records)
    return [record for record in records if place.get(record.id) in wanted]


def counting(records: Sequence[FrozenRecord]) -> tuple[list[FrozenRecord], tuple[LeftOut, ...]]:
    """(those that are observations, the others): what was rejected, and what is doubted and not accepted in spite of it. With a patrol
    that does not count go its track and what was found on it, with a record the photos that show nothing else."""
    out = {r.id: LeftOut(r.id, r.kind, r.review.left_out, r.review.flags) for r in records if r.review.left_out}
    for record in records:
        carried = _carried_by(record)
        if record.id not in out and carried and all(one in out for one in carried):
            out[record.id] = LeftOut(record.id, record.kind, out[carried[0]].why)
    return [record for record in records if record.id not in out], tuple(out[key] for key in sorted(out))


def _carried_by(record: FrozenRecord) -> list[str]:
    """What such a record does not stand without."""
    if record.kind == "track_segment":
        return [record.body["patrol_id"]]
    if record.kind == "finding":
        return [record.body["event_id"]]
    return list(record.body["subject_ids"]) if record.kind == "media" else []


def pseudonym(person_id: str, seed: str) -> str:
    """The same person is the same one within a snapshot and nobody's in another."""
    return "p" + hashlib.sha256(f"{seed}|{person_id}".encode()).hexdigest()[:16]


def without_persons(body: Mapping[str, Any], seed: str) -> dict[str, Any]:
    hidden = dict(body)
    if hidden.get("leader"):
        hidden["leader"] = pseudonym(hidden["leader"], seed)
    if hidden.get("recorded_by"):
        hidden["recorded_by"] = [pseudonym(person, seed) for person in hidden["recorded_by"]]
    if hidden.get("participants"):
        hidden["participants"] = [
            {**one, "person_id": pseudonym(one["person_id"], seed)} for one in hidden["participants"]
        ]
    return hidden


def disclosed_body(record: FrozenRecord) -> dict[str, Any]:
    """What of a body may stand beside the disclosed place."""
    guarded = record.disclosed is not None and record.disclosed.level > 0
    left_out = _PLACE_FIELDS | (_TELLING_TEXTS if guarded else frozenset(record.withheld))
    return {key: value for key, value in record.body.items() if key not in left_out}


def snapshot_digest(
    kind: str,
    parameters: Mapping[str, Any],
    as_of: str,
    records: Sequence[FrozenRecord],
    renditions: Mapping[str, str],
    lists: Sequence[Mapping[str, Any]],
    boundary_version: str,
    left_out: Sequence[LeftOut] = (),
) -> str:
    """Over what was chosen, not over how it is written down, so that other software can come to the same one."""
    chosen = [
        [
            r.id,
            r.head_digest,
            r.state,
            r.taxon_id or "",
            r.disclosed.level if r.disclosed else 0,
            renditions.get(r.id, ""),
        ]
        for r in records
    ]
    reviews = [[r.id, r.review.state, _as_text(asdict(r.review))] for r in records if r.review != NOT_REVIEWED]
    return digest(
        {
            **({"reviews": reviews} if reviews else {}),
            **({"left_out": [[one.id, one.why] for one in left_out]} if left_out else {}),
            "kind": kind,
            "parameters": dict(parameters),
            "as_of": as_of,
            "records": chosen,
            "lists": [_as_text(one) for one in lists],
            "boundary_version": boundary_version,
        }
    )


def _as_text(values: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in values.items()}


def _links(record: FrozenRecord) -> list[str]:
    parents = [record.body.get(name) for name in _PARENT_FIELDS]
    return [parent for parent in [*parents, *record.body.get("subject_ids", [])] if parent]


def _pass_down(records: Sequence[FrozenRecord], links: Mapping[str, list[str]], found: dict[str, str]) -> None:
    for record in records:
        county = next((found[link] for link in links[record.id] if link in found), None)
        if county is not None:
            found.setdefault(record.id, county)


def _pass_up(records: Sequence[FrozenRecord], links: Mapping[str, list[str]], found: dict[str, str]) -> None:
    for record in records:
        if record.id in found:
            for link in links[record.id]:
                found.setdefault(link, found[record.id])
