"""Four places with the same things in each, so that every route can be asked for each of them."""

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts import sessions
from server.accounts.service import enrol, issue_code
from server.accounts.viewer import Actor
from server.media.service import take_in
from server.media.store import Store
from server.settings import Settings
from server.surveys.service import add_dataset, add_survey
from server.sync.admission import admit
from server.web import policy
from server.web.viewers import CSRF_HEADER, SESSION_COOKIE
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.matrix.things import things_of
from tests.media.photos import jpeg
from tests.people import person

PLACES = {
    "own": ("431022", 254012345, 1129512345),
    "sibling": ("431021", 257512345, 1127212345),
    "seat": ("431003", 257012345, 1131512345),
    "other": ("430121", 283512345, 1132112345),
}
"""The county of the grants, another of its prefecture, the prefecture's seat, and a county of another prefecture."""
_GRANTS = {
    "prefecture_admin": ("prefecture", "431000"),
    "province_admin": ("province", "43"),
    "scientist": ("province", "43"),
    "auditor": ("province", "43"),
}


@dataclass(frozen=True)
class Place:
    """What is in one place: `ids` as the interface shows them, by what a route calls the thing."""

    name: str
    county_code: str
    person_id: UUID
    device_id: UUID
    survey_id: UUID
    dataset_id: UUID
    ids: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class World:
    places: dict[str, Place]
    headers: dict[str, dict[str, str]]
    people: dict[str, UUID]


def make(session: Session, settings: Settings) -> World:
    places = {name: _place(session, settings, name, *told) for name, told in PLACES.items()}
    people = {role: person(session, role, *_GRANTS.get(role, ("county", "431022"))).id for role in policy.ROLES}
    own = places["own"]
    code = issue_code(session, CLOCK, own.person_id)
    _, credential = enrol(session, CLOCK, code, uuid7(), "矩阵平板", "0.1.0")
    signed_in = {role: _signed_in(session, one) for role, one in people.items()}
    return World(places, {"anonymous": {}, "device": {"Authorization": f"Bearer {credential}"}, **signed_in}, people)


def _signed_in(session: Session, person_id: UUID) -> dict[str, str]:
    """As the console does it: some things no personal token may do."""
    secret = sessions.begin(session, CLOCK, person_id)
    return {"Cookie": f"{SESSION_COOKIE}={secret}", CSRF_HEADER: sessions.anti_forgery(secret)}


def _place(session: Session, settings: Settings, name: str, county: str, latitude_e7: int, longitude_e7: int) -> Place:
    dataset = add_dataset(session, CLOCK, f"矩阵数据集 {name}", f"{name} 单位")
    survey = add_survey(session, CLOCK, f"矩阵调查 {name}", "county_baseline", dataset, [county])
    who = person(session, "surveyor", "county", county)
    code = issue_code(session, CLOCK, who.id)
    device = uuid7()
    enrol(session, CLOCK, code, device, "矩阵平板", "0.1.0")
    made = Place(name, county, who.id, device, survey.id, dataset.id)
    where = {**records.MANGSHAN, "latitude_e7": latitude_e7, "longitude_e7": longitude_e7}
    for called, record in _records(made, where).items():
        outcome = admit(session, Actor(who.id, device), CLOCK, [record])[0]
        assert outcome.outcome == "accepted", (called, outcome)
        made.ids[called] = UUID(record["id"])
    _dispute(session, made, where)
    stamped = session.execute(
        text("SELECT county_code FROM xiangye.disclosed_place WHERE id = :id"), {"id": made.ids["occurrence"]}
    ).scalar_one()
    assert stamped == county, f"{name}: {stamped}"
    _take_in_photo(session, settings, name)
    things = things_of(session, settings, county, who.id, survey.id, made.ids["guarded"])
    shown = session.execute(
        text("SELECT id, shown_id FROM xiangye.shown_record WHERE id = ANY(:ids)"), {"ids": list(made.ids.values())}
    )
    known = {row[0]: row[1] for row in shown}
    made.ids.update({called: known[id_] for called, id_ in made.ids.items()})
    made.ids.update(things, person=who.id, device=device, survey=survey.id, dataset=dataset.id)
    return made


def _dispute(session: Session, place: Place, where: dict[str, Any]) -> None:
    """A guarded record that two edited in one field."""
    first = _records(place, where)["guarded"] | {"id": str(uuid7())}
    edits = [records.edited(first, individual_count=count) for count in (2, 3)]
    for record, told in ((first, "accepted"), (edits[0], "accepted"), (edits[1], "conflict")):
        assert admit(session, Actor(place.person_id, place.device_id), CLOCK, [record])[0].outcome == told
    place.ids["disputed"] = UUID(first["id"])


def _photo(name: str) -> bytes:
    return jpeg(PLACES[name][1], PLACES[name][2])


def _take_in_photo(session: Session, settings: Settings, name: str) -> None:
    data = _photo(name)
    path = settings.var_dir / f"{name}.jpg"
    path.write_bytes(data)
    take_in(session, CLOCK, Store(settings.store_dir), path, hashlib.sha256(data).hexdigest())


def _records(place: Place, where: dict[str, Any]) -> dict[str, dict[str, Any]]:
    common = {"survey_id": str(place.survey_id)}
    transect = records.event(place=where, **common)
    patrol = records.envelope(
        "patrol", records.observed(event_type="patrol", sampling_protocol="patrol", place=where, **common)
    )
    kept = {
        "event": transect,
        "occurrence": records.occurrence(place=where, **common),
        "guarded": records.occurrence(place=where, taxon=records.PANGOLIN, event_id=transect["id"], **common),
        "patrol": patrol,
        "finding": records.envelope(
            "finding", records.observed(event_id=patrol["id"], finding_type="snare", place=where, **common)
        ),
    }
    data = _photo(place.name)
    photo = records.observed(
        subject_ids=[kept["occurrence"]["id"]],
        sha256=hashlib.sha256(data).hexdigest(),
        byte_count=len(data),
        media_type="image/jpeg",
        **common,
    )
    kept["media"] = records.envelope("media", photo)
    return {
        name: {**record, "author": str(place.person_id), "device": str(place.device_id)}
        for name, record in kept.items()
    }
