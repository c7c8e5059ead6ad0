"""A small language for stories of arrival, so that a person can read the catalogue of them.

A version is `name`, or `name<base field=value,…`, or `name<base gone` for a tombstone; `name<base&other …` settles what stood against
its base. `@p` makes a first version a child of `p`, or lets it belong to `p` where that is a survey;
`:event`, `:patrol`, `:finding`, `:media`, `:track`, `:survey` name its kind (else it is an occurrence); `/2` says that the second tablet
wrote it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.model import Device
from server.accounts.service import grant
from server.accounts.viewer import LOCAL_OPERATOR, Actor
from server.sync.admission import admit
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, set_up

SECOND_TABLET = str(uuid7())
Record = dict[str, Any]
_WRITTEN = re.compile(
    r"(?P<name>\w+)(?P<tablet>/2)?(?::(?P<kind>\w+))?(?:@(?P<parent>\w+))?(?:<(?P<base>\w+)(?P<settles>(?:&\w+)*))?(?: (?P<rest>.*))?"
)
_FIELDS = {
    "count": "individual_count",
    "sex": "sex",
    "stage": "life_stage",
    "note": "occurrence_remarks",
    "at": "event_id",
    "of": "survey_id",
    "title": "title",
    "owner": "owner",
    "counties": "county_codes",
}
_NAMES = ("at", "of")
COUNTIES = ("431022", "431003")
"""Where whoever writes these stories may begin surveys."""


class _Ids(dict[str, str]):
    """By name; made when first it is asked for."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self.surveys: set[str] = set()

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, str(self._new_id()))


def versions_of(story: str, new_id: Callable[[], UUID] = uuid7) -> dict[str, Record]:
    """By name; each with an id of its own unless it follows another. Parents may stand after their children."""
    made: dict[str, Record] = {}
    ids = _Ids(new_id)
    lines = [_parsed(line) for line in filter(None, map(str.strip, story.split(";")))]
    ids.surveys = {found["name"] for found in lines if found["kind"] == "survey"}
    for found in lines:
        record = _version(found, made, ids)
        record["seq"] = len(made) + 1
        if found["settles"]:
            record["merged_digests"] = [digest(made[name]) for name in found["settles"][1:].split("&")]
        if found["tablet"]:
            record["device"] = SECOND_TABLET
        made[found["name"]] = record
    return made


def _parsed(line: str) -> re.Match[str]:
    found = _WRITTEN.fullmatch(line)
    assert found is not None, line
    return found


def _version(found: re.Match[str], made: Mapping[str, Record], ids: _Ids) -> Record:
    base, rest = found["base"], found["rest"] or ""
    if base and rest == "gone":
        return records.tombstone(made[base])
    given = dict(part.split("=") for part in rest.split(",") if part)
    fields = {_FIELDS[name]: _value(name, value, ids) for name, value in given.items()}
    if base:
        buried = next(one for one in made.values() if one["id"] == made[base]["id"])
        before = buried if made[base]["kind"] == "tombstone" else made[base]
        return {**records.edited(before, **fields), "base_digest": digest(made[base])}
    parent = ids[found["parent"]] if found["parent"] else None
    if found["parent"] in ids.surveys:
        parent, fields = None, {"survey_id": parent, **fields}
    if found["kind"] == "survey":
        fields = {"survey_id": ids[found["name"]], **fields}
    first = _first(found["kind"] or "occurrence", parent, fields)
    first["id"] = ids[found["name"]]
    return first


def _value(name: str, value: str, ids: _Ids) -> Any:
    if value == "none":
        return None
    if name == "counties":
        return value.split("+")
    return ids[value] if name in _NAMES else int(value) if name == "count" else value


def _first(kind: str, parent: str | None, fields: dict[str, Any]) -> Record:
    if kind == "survey":
        return records.survey(**fields)
    if kind == "event":
        return records.event(**fields)
    if kind == "occurrence":
        return records.occurrence(**({"event_id": parent} if parent else {}), **fields)
    patrol = {"event_type": "patrol", "sampling_protocol": "patrol", "leader": None}
    point: list[Any] = [1_747_700_000_000, 1_129_287_654, 249_512_345, 500, None]
    bodies: dict[str, dict[str, Any]] = {
        "patrol": patrol,
        "finding": {"event_id": parent, "finding_type": "snare"},
        "track": {"patrol_id": parent, "leg": 0, "points": [point, [point[0] + 9000, point[1] + 900, *point[2:]]]},
        "media": {"subject_ids": [parent], "sha256": "ab" * 32, "byte_count": 9, "media_type": "image/jpeg"},
    }
    return records.envelope({"track": "track_segment"}.get(kind, kind), records.observed(**bodies[kind], **fields))


def set_up_stories(session: Session) -> None:
    """Both tablets are one person's, who may begin surveys in two counties."""
    set_up(session)
    person = UUID(records.PERSON)
    for county in COUNTIES:
        grant(session, CLOCK, LOCAL_OPERATOR, person, "station_lead", "county", county)
    for device in (records.DEVICE, SECOND_TABLET):
        session.add(
            Device(
                id=UUID(device),
                person_id=person,
                name="平板",
                app_version="0",
                credential_hash=device,
                enrolled_at=CLOCK.now(),
            )
        )
    session.flush()


def arrive(session: Session, batch: Sequence[Record]) -> list[str]:
    """One delivery of each tablet that has something in it."""
    outcomes = []
    for device in (records.DEVICE, SECOND_TABLET):
        mine = [record for record in batch if record["device"] == device]
        actor = Actor(UUID(records.PERSON), UUID(device))
        outcomes += [outcome.outcome for outcome in admit(session, actor, CLOCK, mine)] if mine else []
    return outcomes


# Of a record that is gone nobody reads the date or the name it once had: these may tell that it was there before it went.
_STATE = (
    (
        "SELECT id::text, kind, state, head_digest, CASE state WHEN 'deleted' THEN 0 ELSE observed_year END "
        "FROM ledger WHERE id = ANY(:ids)"
    ),
    "SELECT id::text, digest, base_digest FROM version WHERE id = ANY(:ids)",
    (
        "SELECT id::text, survey_id::text, dataset_id::text, event_id::text, individual_count, sex, life_stage FROM occurrence "
        "WHERE id = ANY(:ids)"
    ),
    (
        "SELECT o.id::text, i.scientific_name, i.name_zh FROM occurrence o JOIN identification i ON i.occurrence_id = o.id "
        "WHERE o.id = ANY(:ids)"
    ),
    "SELECT id::text, survey_id::text, dataset_id::text, parent_event_id::text, effort_length_m::text FROM event WHERE id = ANY(:ids)",
    "SELECT id::text, survey_id::text, finding_type FROM finding WHERE id = ANY(:ids)",
    "SELECT id::text, title, kind, county_codes, starts_on, ends_on, withdrawn, dataset_id::text FROM survey WHERE id = ANY(:ids)",
    "SELECT id::text, title, owner FROM dataset WHERE id = ANY(:ids)",
    "SELECT id::text, kind FROM shown_record WHERE id = ANY(:ids)",
    "SELECT event_id::text FROM patrol WHERE event_id = ANY(:ids)",
    "SELECT media_id::text, subject_id::text FROM media_subject WHERE media_id = ANY(:ids)",
    "SELECT id::text, level, county_code FROM disclosed_place WHERE id = ANY(:ids)",
)


def state_of(session: Session, versions: Iterable[Record]) -> str:
    """A digest of what every table says of these records."""
    ids = {"ids": [UUID(record["id"]) for record in versions]}
    return digest([sorted(map(repr, session.execute(text(query), ids))) for query in _STATE])


def holds(session: Session, versions: Mapping[str, Record], expected: str) -> None:
    """`a:current count=2 sex=none; p:deleted`; `absent` is what the ledger does not know."""
    for line in map(str.strip, expected.split(";")):
        head, *fields = line.split()
        name, state = head.split(":")
        id_ = versions[name]["id"]
        row = session.execute(text("SELECT state FROM ledger WHERE id = :id"), {"id": id_}).first()
        assert (name, row[0] if row else "absent") == (name, state)
        for field in fields:
            term, value = field.split("=")
            value = versions[value]["id"] if term in _NAMES else value
            found = session.execute(text(_asked(versions[name]["kind"], term)), {"id": id_})
            assert (name, term, str(found.scalar_one()).lower()) == (name, term, value)


def _asked(kind: str, term: str) -> str:
    if kind != "survey":
        return f"SELECT {_FIELDS[term]} FROM {'event' if kind == 'patrol' else kind} WHERE id = :id"
    column = {"counties": "array_to_string(s.county_codes, '+')", "owner": "d.owner"}.get(term, f"s.{term}")
    return f"SELECT {column} FROM survey s JOIN dataset d ON d.id = s.dataset_id WHERE s.id = :id"
