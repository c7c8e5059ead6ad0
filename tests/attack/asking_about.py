"""Strategies that read what is told beside a place: lists and their order, times, ids, events, photos, queues, exports, errors, a tablet."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import hypot
from typing import Any
from uuid import UUID

from shared.ids import uuid7
from tests import records
from tests.attack.knowing import SIDE, Ask, Guess, Known, cursor_told
from tests.attack.places import Plan, query
from tests.attack.reading import Told, told_in

_SPEED = 0.05
"""Degrees an hour: farther goes nobody who records birds on foot."""
FORMATS, EDITIONS = ("csv", "geojson", "xlsx", "dwca"), ("scope", "public", "exact")


def list_all(known: Known, role: str, sort: str, **filters: Any) -> Plan:
    """Every page; cursors taken apart; the order remembered."""
    after, order = None, []
    while True:
        answer = yield Ask(role, "GET", query("occurrences", limit=100, sort=sort, after=after, **filters))
        for item in answer.items:
            known.learn(item)
            order.append(item["id"])
        after = (answer.json or {}).get("next")
        if after is None:
            break
        known.details.setdefault("cursors", []).append(cursor_told(after))
    known.orders[role, sort] = order
    guess_by_order(known, order)


def guess_by_order(known: Known, order: list[str]) -> None:
    """Between the open records that stand before and after it in a list; trusted where the same comes near for a fifth of the open records."""
    told = [known.records[id_] for id_ in order if id_ in known.records]
    places = [(n, one["place"]) for n, one in enumerate(told) if not one["level"] and one["place"]]
    errors = sorted(
        _apart(_between(before[1], after[1]), (here[1]["longitude"], here[1]["latitude"]))
        for before, here, after in zip(places, places[1:], places[2:], strict=False)
    )
    if not errors:
        return
    off = errors[len(errors) // 5]
    for n, one in enumerate(told):
        before, after = _neighbour(places, n, -1), _neighbour(places, n, 1)
        # Only where both neighbours are near each other: they are of one walk, and what stands between them may be too.
        if off < 0.03 and one["level"] and before and after and _gap(before, after) < 0.1:
            known.guess(one["id"], Guess(_gap(before, after) / 2, *_between(before, after), "order of a list"))


def _neighbour(places: list[tuple[int, Any]], n: int, way: int) -> Any:
    beside = [place for at, place in places if (at - n) * way > 0]
    return (beside[0] if way > 0 else beside[-1]) if beside else None


def _between(one: Any, other: Any) -> tuple[float, float]:
    return (one["longitude"] + other["longitude"]) / 2, (one["latitude"] + other["latitude"]) / 2


def _gap(one: Any, other: Any) -> float:
    return _apart((one["longitude"], one["latitude"]), (other["longitude"], other["latitude"]))


def _apart(one: tuple[float, float], other: tuple[float, float]) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def guess_by_time(known: Known, id_: str, start: datetime, end: datetime, county: str | None, by: str) -> None:
    """Where whoever recorded in the county about that time was; the wider the time, the less it says."""
    middle, width = start + (end - start) / 2, (end - start).total_seconds() / 3600
    if width > 12:
        return  # on foot half a day leads farther than any cell
    timed = [
        (_time(one["observed_from"]), one["place"])
        for one in known.told_open()
        if one["observed_from"] and one["place"]["county_code"] == county
    ]
    before = max((one for one in timed if one[0] <= middle), key=lambda one: one[0], default=None)
    after = min((one for one in timed if one[0] >= middle), key=lambda one: one[0], default=None)
    if before and after and after[0] - before[0] < timedelta(hours=2):
        span = (after[0] - before[0]).total_seconds() or 1
        share = (middle - before[0]).total_seconds() / span
        lon, lat = (before[1][axis] + share * (after[1][axis] - before[1][axis]) for axis in ("longitude", "latitude"))
        off = width * _SPEED / 2 + _gap(before[1], after[1]) / 3 + 1e-5
        known.guess(id_, Guess(off, lon, lat, by))


def company(known: Known) -> dict[str, tuple[float, float]]:
    """Not what is told but what is likely: a find lies where somebody recorded openly in its cell, in the time that is told."""
    found = {}
    for item in known.guarded():
        west, south, east, north = known.region(item)
        start, end = item["observed_from"], item["observed_to"]
        near = [
            one["place"]
            for one in known.told_open()
            if item["place"]["latitude"] is not None
            and start
            and end
            and one["observed_from"]
            and west <= one["place"]["longitude"] <= east
            and south <= one["place"]["latitude"] <= north
            and _time(start) <= _time(one["observed_from"]) <= _time(end)
        ]
        if near:
            found[item["id"]] = (
                sum(one["longitude"] for one in near) / len(near),
                sum(one["latitude"] for one in near) / len(near),
            )
    return found


def times_of(known: Known) -> None:
    """From all that is known at the moment: the times told of each guarded record, and that of its id."""
    for item in known.guarded():
        county = (item["place"] or {}).get("county_code")
        if item["observed_from"] and item["observed_to"]:
            guess_by_time(known, item["id"], _time(item["observed_from"]), _time(item["observed_to"]), county, "time")
        if UUID(item["id"]).version == 7:
            made = datetime.fromtimestamp(
                (UUID(item["id"]).int >> 80) / 1000, tz=_time("2024-01-01T00:00:00+00:00").tzinfo
            )
            guess_by_time(known, item["id"], made, made, county, "time of an id")


def _time(told: str) -> datetime:
    return datetime.fromisoformat(told)


def of_one(known: Known, role: str, item: dict[str, Any]) -> Plan:
    """All that is told of one record, its photos, its review; and what is refused."""
    id_ = item["id"]
    told = (yield Ask(role, "GET", f"/v1/occurrences/{id_}")).json or {}
    if "place" in told and told.get("event_id"):
        event = (yield Ask(role, "GET", f"/v1/events/{told['event_id']}")).json or {}
        _guess_from(known, id_, item, event, "its event")
    if "place" in told:
        known.learn(told)
    for path in ("history", "identifications", "place"):
        yield Ask(role, "GET", f"/v1/occurrences/{id_}/{path}")
    for photo in (yield Ask(role, "GET", query("media", record=id_))).items:
        if len(taken := str(photo.get("captured_at") or "")) > 15:
            at = _time(taken)
            guess_by_time(known, id_, at, at, item["place"]["county_code"], "time of a photo")
        for path in ("rendition", "original"):
            yield Ask(role, "GET", f"/v1/media/{photo['id']}/{path}")
    yield Ask(role, "GET", f"/v1/verification/records/{id_}")


def _guess_from(known: Known, id_: str, item: dict[str, Any], other: dict[str, Any], by: str) -> None:
    place = other.get("place") or {}
    if place.get("latitude") is not None and not other.get("level"):
        known.guess(id_, Guess(2e-5, place["longitude"], place["latitude"], by))


def beside(known: Known, role: str, kind: str) -> Plan:
    """Events, patrols, findings: one that is kept as closely as a guarded record, in its cell and in its month, may be its own."""
    after = None
    while True:
        answer = yield Ask(role, "GET", query(kind, limit=100, after=after))
        for one in answer.items:
            _link(known, one)
        after = (answer.json or {}).get("next")
        if after is None:
            return


def _link(known: Known, event: dict[str, Any]) -> None:
    if not event.get("level") or not event.get("observed_from") or not event.get("place"):
        return
    same = [one for one in known.guarded() if one["level"] == event["level"] and _told_alike(one, event)]
    if len(same) == 1:
        start, end = _time(event["observed_from"]), _time(event.get("observed_to") or event["observed_from"])
        guess_by_time(known, same[0]["id"], start, end, event["place"]["county_code"], "time of its event")
        _guess_from(known, same[0]["id"], same[0], event, "its event")


def _told_alike(item: dict[str, Any], event: dict[str, Any]) -> bool:
    mine, its = item["place"] or {}, event["place"]
    same = all(mine.get(name) == its[name] for name in ("cell_x", "cell_y", "county_code"))
    if not same or not item["observed_from"] or not item["observed_to"]:
        return False
    return _time(item["observed_from"]) <= _time(event["observed_from"]) <= _time(item["observed_to"])


def export(known: Known, role: str, form: str, edition: str, **filters: Any) -> Plan:
    asked = yield Ask(role, "POST", "/v1/exports", {"format": form, "edition": edition, "filters": filters})
    made = asked.json or {}
    if asked.status != 201 or made.get("state") != "ready":
        return
    yield Ask(role, "GET", f"/v1/exports/{made['id']}")
    taken = yield Ask(role, "GET", f"/v1/exports/{made['id']}/file")
    if taken.status == 200:
        for told in told_in(taken.data, form):
            _guess_from_row(known, told)


def _guess_from_row(known: Known, told: Told) -> None:
    """By its id; or, of a row without one that is known, of the one guarded record of that name whose cell the point lies in. A point
    that is the told one, rounded as in public, is no news."""
    by_id = [known.records[told.id]] if told.id in known.guesses else []
    unknown = told.id not in known.records and told.id.startswith("g")
    for item in by_id or (_of_that_name(known, told) if unknown else []):
        place = item["place"]
        centre = place["longitude"], place["latitude"]
        if centre[0] is None or max(abs(told.longitude - centre[0]), abs(told.latitude - centre[1])) > 5.1e-4:
            known.guess(item["id"], Guess(1e-5, told.longitude, told.latitude, "export"))


def _of_that_name(known: Known, told: Told) -> list[dict[str, Any]]:
    names, longitude, latitude = told.names, told.longitude, told.latitude
    found = []
    for item in known.guarded():
        west, south, east, north = known.region(item)
        named = item["taxon"]["scientific_name"] in names
        if named and item["level"] in SIDE and west <= longitude <= east and south <= latitude <= north:
            found.append(item)
    return found if len(found) == 1 else []


def queues(known: Known, role: str) -> Plan:
    for told in (
        {"count": "true"},
        {"flagged": "true"},
        *({"county": code} for code in known.shapes),
        {"queue": "county"},
    ):
        yield Ask(role, "GET", query("verification/queue", limit=100, **told))
    yield Ask(role, "GET", "/v1/verification/rules")
    some = [one["id"] for one in known.guarded()[:10]]
    yield Ask(role, "POST", "/v1/verification/runs", {"record_ids": some})
    yield Ask(role, "GET", query("verification/checks", survey=known.survey))
    for path in (
        "surveys",
        f"surveys/{known.survey}",
        "audit?limit=100",
        "exports",
        "precise-grants",
        "grants",
        "devices",
        "consents",
    ):
        yield Ask(role, "GET", f"/v1/{path}")


def trial(known: Known, role: str) -> Plan:
    """Rules of one's own making, tried on records that one may see: whether each limit holds tells of what it is held against."""
    for kind, parameters in (
        ("altitude", {"min_m": 500}), ("photo_match", {"max_m": 1, "older_min": 0, "newer_min": 0}),
        ("track_position", {"max_m": 1}), ("duplicate", {"minutes": 600, "metres": 500}),
    ):  # fmt: skip
        words = dict.fromkeys(("title_zh", "reason_zh", "source"), "试")
        rule = {
            "rule_id": f"try-{kind.replace('_', '-')}",
            "kind": kind,
            "severity": "note",
            "parameters": parameters,
            **words,
        }
        yield Ask(role, "POST", "/v1/verification/rules", rule)
        yield Ask(role, "POST", "/v1/verification/rules/trial", {"rule_id": rule["rule_id"], "version": 1})


_PROVOKING = (
    "occurrences?bbox=112.9,25.1,112.8,25.2", "occurrences?bbox=112,25,nan,26", "occurrences?bbox=1e400,0,1,1", "occurrences?sort=latitude",
    "occurrences?sort=distance&longitude=113.1&latitude=25.1", "occurrences?sort=-altitude_m", "occurrences?after=W10", "occurrences?cell=%27",
    "occurrences?county=999999", "occurrences?level=9", "occurrences?month=13", "occurrences?near=113,25", "occurrences?limit=100000",
    "occurrences?survey_id=x", "occurrences?taxon_id=%00", "tiles/occurrences/19/1/1", "tiles/precise/3/1/1", "tiles/occurrences/3/9/9",
    "events?year=-1", "patrols?sort=place", "findings?county=1", "taxa?q=%E7%9F%B3%E5%A3%81%E6%B2%9F", "places?q=%E7%9F%B3%E5%A3%81%E6%B2%9F",
    "places?longitude=113&latitude=25", "places?kind=protected_area", "occurrences/00000000-0000-0000-0000-000000000000", "nonsense",
    "verification/queue?rule=%27", "exports?after=W10", "media?record=00000000-0000-0000-0000-000000000000", "openapi.json",
)  # fmt: skip


def provoke(_known: Known, role: str) -> Plan:
    for path in _PROVOKING:
        yield Ask(role, "GET", f"/v1/{path}")


def tablet(known: Known) -> Plan:
    """A surveyor's own tablet: what comes down; what is said of records sent beside, over and in the name of guarded ones."""
    yield Ask("device", "GET", "/v1/sync/session")
    yield Ask("device", "GET", "/v1/sync/changes")
    for number, item in enumerate(known.guarded()[:12]):
        for sent in _probes(known, item):
            one = {**sent, "author": known.author, "device": known.device, "seq": number + 1}
            batch = {"protocol": 1, "batch_id": str(uuid7()), "sent_at": "2025-05-21T00:00:00+00:00", "records": [one]}
            yield Ask("device", "POST", "/v1/sync/batches", batch)
        yield Ask("device", "GET", "/v1/sync/changes")


def _probes(known: Known, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Beside what is told: an open record, one of the same kind, a version of it, its deletion, a photo of it, an answer about it."""
    west, south, east, north = known.region(item)
    place = {
        **records.MANGSHAN,
        "longitude_e7": round((west + east) * 5e6),
        "latitude_e7": round((south + north) * 5e6),
    }
    of = {"survey_id": known.survey, "place": place, "observed_from": item["observed_from"]}
    taxon = {name: item["taxon"][name] for name in ("name_zh", "scientific_name")}
    yield records.occurrence(**of)
    yield records.occurrence(**of, taxon=taxon)
    over = {**records.occurrence(**of, taxon=taxon), "id": item["id"]}
    yield over
    yield records.edited(over)
    yield records.tombstone(over)
    yield records.occurrence(**of, event_id=item["id"])
    exif = {name: place[name] for name in ("longitude_e7", "latitude_e7")}
    body = records.observed(
        survey_id=known.survey,
        subject_ids=[item["id"]],
        sha256="e" * 64,
        byte_count=9,
        media_type="image/jpeg",
        exif_place=exif,
    )
    yield records.envelope("media", body)
