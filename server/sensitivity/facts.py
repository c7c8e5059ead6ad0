"""From exact places to what rules may know of a record: distances and differences leave this room, positions do not."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.db import among
from server.sensitivity import precise
from server.sensitivity.checked import Checked, PhotoFacts
from server.sensitivity.model import DisclosedPlaceRow
from server.sensitivity.service import standings
from server.sensitivity.track_measures import TrackPoint, distance_between_m, measure, where_at
from shared.clock import CHINA, observed_interval
from shared.wire.standing import Standing

_TIMED = frozenset({"hour", "minute", "second"})
_OWN_WORDS = frozenset({"observed_from", "observed_to", "place", "flags", "notice"})
"""What may differ between two records that say the same."""
_LIKE_WITHIN, _LIKE_MOST = timedelta(minutes=30), 30
"""A person records no more in that time; a machine that does is not compared with all that it sent."""
_EARLIER_TRACKS = 10
_Tracks = Mapping[UUID, list[TrackPoint]]

linked_occurrences = precise.read_linked


def gather(session: Session, ids: Sequence[UUID], known: Mapping[UUID, Standing] | None = None) -> dict[UUID, Checked]:
    """By id, of those that live and are occurrences or patrols; `known`: how records stand, where that was read already."""
    given = known or {}
    stands = {
        **standings(session, [id_ for id_ in ids if id_ not in given]),
        **{i: given[i] for i in ids if i in given},
    }
    living = {
        id_: stand for id_, stand in stands.items() if stand.body is not None and stand.kind in ("occurrence", "patrol")
    }
    if not living:
        return {}
    exact = precise.read_checked(session, list(living))
    disclosed = _disclosed(session, living)
    of_patrol = _patrols_of(living, exact)
    tracks = _tracks(session, {patrol for some in of_patrol.values() for patrol in some})
    photos = _photos(session, living, exact)
    alike = _alike(session, living, (exact, disclosed), stands)
    measured = {patrol: measure(track, _earlier(session, patrol, tracks)) for patrol, track in tracks.items() if track}
    return {
        id_: _checked(
            id_,
            stand,
            (exact[id_], disclosed.get(id_)),
            photos.get(id_, PhotoFacts()),
            _from_track(stand, exact[id_], [tracks[patrol] for patrol in of_patrol[id_] if patrol in tracks]),
            tuple(measured[patrol] for patrol in of_patrol[id_] if patrol in measured),
            alike.get(id_, ()),
        )
        for id_, stand in living.items()
    }


class _Shown(NamedTuple):
    """What may be shown of a place."""

    level: int
    county_code: str | None
    altitude_m: float | None


def _disclosed(session: Session, ids: Iterable[UUID]) -> dict[UUID, _Shown]:
    row = DisclosedPlaceRow
    columns = select(row.id, row.level, row.county_code, row.altitude_m).where(among(row.id, ids))
    return {told[0]: _Shown(told[1], told[2], told[3]) for told in session.execute(columns)}


def _checked(
    id_: UUID,
    stand: Standing,
    homes: tuple[Mapping[str, Any], _Shown | None],
    photos: PhotoFacts,
    track_distance_m: float | None,
    tracks: tuple[Any, ...],
    alike: tuple[tuple[float, float], ...],
) -> Checked:
    exact, shown = homes
    body = stand.body or {}
    start, end = observed_interval(body)
    level = shown.level if shown else 0
    return Checked(
        id=id_,
        kind=stand.kind,
        body=body,
        level=level,
        county_code=shown.county_code if shown else None,
        altitude_m=_altitude(exact["altitude_m"], shown),
        month=_month(start, end),
        mock=bool(exact["mock"]),
        photos=photos,
        track_distance_m=track_distance_m,
        tracks=tracks,
        alike=alike,
    )


def _altitude(own: Any, shown: _Shown | None) -> float | None:
    """Of a guarded record the one that is told: its own against a limit would cut a contour out of the cell."""
    if shown is not None and shown.level:
        return shown.altitude_m
    return float(own) if own is not None else None


def _month(start: datetime | None, end: datetime | None) -> int | None:
    """None where the record may be of several months."""
    if start is None or end is None:
        return None
    first, last = start.astimezone(CHINA), end.astimezone(CHINA)
    return first.month if (first.year, first.month) == (last.year, last.month) else None


def _patrols_of(living: Mapping[UUID, Standing], exact: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, list[UUID]]:
    """The events that may have a track: the record's own, if it is a patrol, or that which it belongs to, and the one above."""
    return {
        id_: [id_]
        if stand.kind == "patrol"
        else [event for event in (exact[id_]["event_id"], exact[id_]["parent_event_id"]) if event]
        for id_, stand in living.items()
    }


def _tracks(session: Session, patrols: Iterable[UUID]) -> dict[UUID, list[TrackPoint]]:
    wanted = sorted(patrols, key=str)
    rows = precise.read_track_points(session, wanted) if wanted else []
    return {
        patrol: sorted((TrackPoint(*row[1:]) for row in points), key=lambda point: point.t_ms)
        for patrol, points in groupby(rows, key=lambda row: row[0])
    }


def _earlier(session: Session, patrol: UUID, own: _Tracks) -> list[list[TrackPoint]]:
    """Only tracks that began before this one can have been replayed by it."""
    others = precise.read_crossing_tracks(session, patrol, _EARLIER_TRACKS)
    begins = own[patrol][0].t_ms
    return [track for track in _tracks(session, others).values() if track and track[0].t_ms < begins]


def _from_track(stand: Standing, exact: Mapping[str, Any], tracks: Sequence[list[TrackPoint]]) -> float | None:
    body = stand.body or {}
    if stand.kind != "occurrence" or exact["latitude_e7"] is None or body.get("date_precision") not in _TIMED:
        return None
    start, end = observed_interval(body)
    if start is None or end is None:
        return None
    distances = []
    for track in tracks:
        for moment in (start, end):
            at = where_at(track, round(moment.timestamp() * 1000))
            if at is not None:
                distances.append(distance_between_m(at, _point(exact)))
    return min(distances, default=None)


def _point(place: Mapping[str, Any]) -> TrackPoint:
    return TrackPoint(0, 0, place["longitude_e7"], place["latitude_e7"])


def _photos(
    session: Session, living: Mapping[UUID, Standing], exact: Mapping[UUID, Mapping[str, Any]]
) -> dict[UUID, PhotoFacts]:
    rows = session.execute(
        text("SELECT media_id, subject_id FROM xiangye.media_subject WHERE subject_id = ANY(:ids)"),
        {"ids": list(living)},
    ).all()
    if not rows:
        return {}
    media = standings(session, sorted({row[0] for row in rows}, key=str))
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for media_id, subject in rows:
        body = media[media_id].body if media_id in media else None
        if body is not None:
            found.setdefault(subject, []).append(body)
    in_files: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in precise.read_photos(session, list(found)):
        in_files.setdefault(row["subject_id"], []).append(row)
    return {
        id_: _compare(living[id_].body or {}, exact[id_], (bodies, in_files.get(id_, [])))
        for id_, bodies in found.items()
    }


def _compare(
    body: Mapping[str, Any],
    exact: Mapping[str, Any],
    told: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
) -> PhotoFacts:
    """`told`: what the tablet says of the photos, and what the files themselves do, once they have come."""
    photos, files = told
    distances = [
        distance_between_m(_point(exact), _point(photo["exif_place"]))
        for photo in photos
        if photo.get("exif_place") and exact["latitude_e7"] is not None
    ] + [row["distance_m"] for row in files if row["distance_m"] is not None]
    start, end = observed_interval(body)
    taken = [moment for one in (*photos, *files) for moment in (_moment(one.get("captured_at")),) if moment]
    timed = start is not None and end is not None and body.get("date_precision") in _TIMED and bool(taken)
    return PhotoFacts(
        len(photos),
        max(distances, default=None),
        max((start - moment).total_seconds() / 60 for moment in taken) if timed and start else None,
        max((moment - end).total_seconds() / 60 for moment in taken) if timed and end else None,
    )


def _moment(captured_at: str | None) -> datetime | None:
    """What a camera calls the time; without an offset it is China's."""
    try:
        moment = datetime.fromisoformat((captured_at or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


def _alike(
    session: Session,
    living: Mapping[UUID, Standing],
    homes: tuple[Mapping[UUID, Mapping[str, Any]], Mapping[UUID, _Shown]],
    known: Mapping[UUID, Standing],
) -> dict[UUID, tuple[tuple[float, float], ...]]:
    """Only records whose places are shown alike are compared: else one would tell where the other was."""
    exact, disclosed = homes
    asked = {id_: stand for id_, stand in living.items() if _may_repeat(stand) and id_ in disclosed}
    pairs = _saved_near(session, asked)
    others = {other for some in pairs.values() for other in some}
    if not others:
        return {}
    read = standings(session, sorted(others - known.keys(), key=str))
    stands = {id_: known.get(id_) or read[id_] for id_ in others}
    places = precise.read_checked(session, sorted(others, key=str))
    levels = {id_: shown.level for id_, shown in _disclosed(session, others).items()}
    said = {id_: _says(stand) for id_, stand in {**{id_: asked[id_] for id_ in pairs}, **stands}.items()}
    found: dict[UUID, tuple[tuple[float, float], ...]] = {}
    for id_, some in pairs.items():
        same = [
            (_minutes(asked[id_], stands[other]), distance_between_m(_point(exact[id_]), _point(places[other])))
            for other in some
            if levels.get(other) == disclosed[id_].level and said[id_] == said[other]
        ]
        if same:
            found[id_] = tuple(sorted(same))
    return found


def _may_repeat(stand: Standing) -> bool:
    """What a person recorded with a tablet at a known time; a file's rows are told apart by their own numbers."""
    body = stand.body or {}
    by_hand = body.get("basis_of_record") == "HumanObservation" and not str(stand.lead.get("form")).startswith("import")
    return stand.kind == "occurrence" and by_hand and body.get("date_precision") in _TIMED


def _says(stand: Standing) -> str | None:
    if stand.body is None or not _may_repeat(stand):
        return None
    return json.dumps({k: v for k, v in stand.body.items() if k not in _OWN_WORDS}, sort_keys=True, default=str)


def _minutes(one: Standing, other: Standing) -> float:
    a, b = observed_interval(one.body or {})[0], observed_interval(other.body or {})[0]
    return abs((a - b).total_seconds()) / 60 if a and b else float("inf")


def _saved_near(session: Session, asked: Mapping[UUID, Standing]) -> dict[UUID, list[UUID]]:
    """Older occurrences that the same device saved within half an hour, by the record asked about: of two alike the later is one too many."""
    rows = []
    for id_, stand in asked.items():
        saved = datetime.fromisoformat(str(stand.lead["saved_at"]["wall"]).replace("Z", "+00:00"))
        device = str(stand.lead["device"])
        rows.append(
            {"id": str(id_), "device": device, "low": str(saved - _LIKE_WITHIN), "high": str(saved + _LIKE_WITHIN)}
        )
    if not rows:
        return {}
    near = session.execute(
        text("""
        SELECT DISTINCT q.id, near.id FROM jsonb_to_recordset(CAST(:asked AS jsonb))
            AS q (id uuid, device uuid, low timestamptz, high timestamptz)
        CROSS JOIN LATERAL (
            SELECT id FROM xiangye.version WHERE device = q.device AND saved_at BETWEEN q.low AND q.high
                AND kind = 'occurrence' AND id < q.id
            ORDER BY saved_at DESC, id DESC LIMIT :most) near
        """),
        {"asked": json.dumps(rows), "most": _LIKE_MOST},
    ).all()
    taxa = _taxa_of(session, {id_ for pair in near for id_ in pair})
    found: dict[UUID, list[UUID]] = {}
    for id_, other in near:
        if taxa.get(id_, set()) & taxa.get(other, set()):
            found.setdefault(id_, []).append(other)
    return found


def _taxa_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Whatever each was ever taken for. Asked by occurrence alone: a common species has more records than any batch."""
    rows = session.execute(
        text("""
        SELECT occurrence_id, taxon_id FROM xiangye.identification WHERE occurrence_id = ANY(:ids) AND taxon_id IS NOT NULL
        """),
        {"ids": list(ids)},
    )
    found: dict[UUID, set[UUID]] = {}
    for id_, taxon_id in rows:
        found.setdefault(id_, set()).add(taxon_id)
    return found
