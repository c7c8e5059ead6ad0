"""Exports over the interface: editions, who may take what, second persons, recall, data that may not leave."""

import csv
import io
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from dwca.darwincore.utils import qualname
from dwca.read import DwCAReader
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts import tokens
from server.app import create_app
from server.cluster import Cluster
from server.db import open_session, session_factory
from server.exchange.model import ExportRecord
from server.exchange.standing import recalled
from server.formats.csv_text import restore
from server.sensitivity.scoping import place_in_lists, shown_ids
from server.settings import Settings
from server.web.database import database
from shared.clock import FixedClock
from tests.admitting import CLOCK, set_up
from tests.conftest import clone
from tests.exchange.planted import SECRET, Planted, everything_in, leaks, plant
from tests.people import headers, person, token_for
from tests.records import DATASET

FORMATS = ("dwca", "csv", "xlsx", "geojson")


@dataclass(frozen=True)
class Office:
    client: FlaskClient
    settings: Settings
    planted: Planted
    tokens: dict[str, dict[str, str]]

    def ask(self, who: str, **order: Any) -> Any:
        return self.client.post("/v1/exports", json=order, headers=self.tokens[who])

    def file(self, who: str, export_id: str) -> Any:
        return self.client.get(f"/v1/exports/{export_id}/file", headers=self.tokens[who])

    def taken(self, who: str, **order: Any) -> bytes:
        asked = self.ask(who, **order)
        assert asked.status_code == 201, asked.json
        answer = self.file(who, asked.json["id"])
        assert answer.status_code == 200, answer.json
        return bytes(answer.data)

    def execute(self, statement: str, **values: Any) -> None:
        with open_session(self.settings) as session:
            session.execute(text(statement), values)


PEOPLE = {
    "reviewer": ("reviewer", "county", "431022"),
    "scientist": ("scientist", "county", "431022"),
    "admin": ("county_admin", "county", "431022"),
    "other_admin": ("county_admin", "county", "431022"),
    "neighbour": ("county_admin", "county", "431023"),
    "province": ("province_admin", "province", "43"),
    "surveyor": ("surveyor", "county", "431022"),
}


@pytest.fixture(scope="module")
def office(private_cluster: Cluster, reference_template: str) -> Iterator[Office]:
    """One for all tests that change nothing for others."""
    with tempfile.TemporaryDirectory() as folder, clone(private_cluster, reference_template, "exports") as made:
        yield from _office(replace(made, var_dir=Path(folder)))


@pytest.fixture
def own_office(reference_settings: Settings) -> Iterator[Office]:
    yield from _office(reference_settings)


def _office(reference_settings: Settings) -> Iterator[Office]:
    with open_session(reference_settings) as session:
        set_up(session)
        planted = plant(session)
        people = {name: person(session, *grant) for name, grant in PEOPLE.items()}
        borne = {name: headers(token_for(session, one)) for name, one in people.items()}
    app = create_app(reference_settings, CLOCK)
    yield Office(app.test_client(), reference_settings, planted, borne)
    with app.app_context():
        database.engine.dispose()


def rows_of(data: bytes, file_format: str) -> list[dict[str, str]]:
    if file_format == "csv":
        read = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        return [{name: restore(cell) for name, cell in row.items()} for row in read]
    if file_format == "geojson":
        return [one["properties"] for one in json.loads(data)["features"]]
    if file_format == "xlsx":
        head, *rows = openpyxl.load_workbook(io.BytesIO(data))["出现记录"].iter_rows(values_only=True)
        return [{str(k): restore(str(v)) for k, v in zip(head, row, strict=True) if v is not None} for row in rows]
    return archive(data)[1]


def archive(data: bytes, folder: Path = Path("/tmp")) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Events and occurrences, read by python-dwca-reader."""
    path = folder / f"read-{abs(hash(data))}.zip"
    path.write_bytes(data)
    try:
        with DwCAReader(str(path)) as opened:
            events = [(_short(one.data), one.extensions) for one in opened]
    finally:
        path.unlink()
    found = [_short(e.data) for _, own in events for e in own if e.rowtype == qualname("Occurrence")]
    return [event for event, _ in events], found


def _short(data: dict[str, str]) -> dict[str, str]:
    return {address.rsplit("/", 1)[-1]: cell for address, cell in data.items()}


@pytest.mark.parametrize("file_format", FORMATS)
def test_l16_a_public_export_tells_no_guarded_place_in_any_format(office: Office, file_format: str) -> None:
    """L16: every text of the file is decoded and searched for the true values."""
    data = office.taken("reviewer", format=file_format, edition="public")
    assert list(leaks(data, office.planted)) == []
    rows = rows_of(data, file_format)
    found = Counter(row["scientificName"] for row in rows)
    assert found["Egretta garzetta"] == 10
    assert {"Macaca thibetana", "Manis pentadactyla", "Tragopan caboti"} <= found.keys(), "no species disappears"
    assert found["Tragopan caboti"] == 1, "three records are one row"


def test_l16_the_search_finds_a_planted_leak(office: Office) -> None:
    latitude, longitude = next(iter(office.planted.guarded.values()))
    for leak in (f"{latitude / 1e7:.7f}", str(longitude), f'"x":{latitude / 1e7:.4f}', SECRET):
        assert list(leaks(f"id\r\n{leak}\r\n".encode(), office.planted)), leak


def test_a_guarded_find_leaves_its_event_which_keeps_place_and_effort(office: Office) -> None:
    events, rows = archive(office.taken("reviewer", format="dwca", edition="public"))
    own = [one for one in events if one["eventID"] == office.planted.walk]
    assert len([row for row in rows if row["eventID"] == office.planted.walk]) == 6
    assert own and own[0]["eventDate"]
    assert not [one for one in events if one["eventID"] in (office.planted.lone_walk, office.planted.passing)]
    guarded = [row for row in rows if row["dataGeneralizations"] and row["scientificName"] != "Egretta garzetta"]
    by_id = {one["eventID"]: one for one in events}
    for row in guarded:
        assert row["eventID"].startswith("x") and row["occurrenceID"].startswith("g")
        assert not row.get("individualCount") and not row.get("recordedByID") and row["informationWithheld"]
        assert by_id[row["eventID"]]["samplingProtocol" if "samplingProtocol" in events[0] else "eventID"] in (
            "",
            row["eventID"],
        )
        assert len(row["eventDate"]) in (0, 4)


def test_recorders_are_pseudonyms_and_no_person_is_named(office: Office) -> None:
    told = office.taken("reviewer", format="csv", edition="public")
    with open_session(office.settings) as session:
        names, pseudonyms = (
            session.scalars(text(f"SELECT {column}::text FROM xiangye.person")).all()
            for column in ("name", "pseudonym")
        )
        ids = session.scalars(text("SELECT id::text FROM xiangye.person")).all()
    shown = {row.get("recordedByID", "") for row in rows_of(told, "csv")} - {""}
    assert shown and shown <= set(pseudonyms)
    assert not [name for name in (*names, *ids) if name in told.decode("utf-8-sig")]


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_scope_export_has_a_row_for_each_record_and_no_exact_place(office: Office, file_format: str) -> None:
    data = office.taken("scientist", format=file_format, edition="scope")
    assert [leak for leak in leaks(data, office.planted) if "2023-03-1" not in leak and "2024-03-1" not in leak] == []
    found = Counter(row["scientificName"] for row in rows_of(data, file_format))
    assert found == {"Egretta garzetta": 10, "Macaca thibetana": 8, "Manis pentadactyla": 7, "Tragopan caboti": 3}


def test_time_follows_the_level_in_a_scope_export(office: Office) -> None:
    rows = rows_of(office.taken("scientist", format="csv", edition="scope"), "csv")
    widths = {row["scientificName"]: len(row["eventDate"]) for row in rows}
    assert widths["Manis pentadactyla"] == widths["Tragopan caboti"] == len("2023-03")
    assert widths["Macaca thibetana"] == len("2023-03-10")
    assert all(not row["recordedByID"] for row in rows if row["scientificName"] == "Macaca thibetana")


def test_confidence_method_and_verification_are_exported(office: Office) -> None:
    rows = rows_of(office.taken("scientist", format="csv", edition="scope"), "csv")
    one = next(row for row in rows if row["scientificName"] == "Macaca thibetana")
    assert one["identificationRemarks"] == "鉴定方法：eye；把握程度：certain"
    assert one["identificationVerificationStatus"]


def test_nobody_exports_what_lies_elsewhere(own_office: Office) -> None:
    for edition in ("scope", "public"):
        asked = own_office.ask("neighbour", format="csv", edition=edition)
        assert (asked.status_code, asked.json["rows"]) == (201, 0)
    own = own_office.ask("scientist", format="csv", edition="scope").json["id"]
    for who in ("reviewer", "neighbour", "province"):
        assert own_office.file(who, own).status_code == 404
        assert own_office.client.get(f"/v1/exports/{own}", headers=own_office.tokens[who]).status_code == 404
    assert own_office.ask("surveyor", format="csv", edition="scope").status_code == 403
    assert own_office.client.get("/v1/exports", headers=own_office.tokens["reviewer"]).json["items"] == []


def test_a_data_set_that_may_not_leave_is_in_no_public_export(own_office: Office) -> None:
    path = f"/v1/datasets/{DATASET}"
    assert (
        own_office.client.patch(
            path, json={"cross_border": "forbidden"}, headers=own_office.tokens["admin"]
        ).status_code
        == 403
    )
    kept = own_office.client.patch(path, json={"cross_border": "forbidden"}, headers=own_office.tokens["province"])
    assert (kept.status_code, kept.json["cross_border"]) == (200, "forbidden")
    refused = own_office.ask("reviewer", format="csv", edition="public")
    assert (refused.status_code, refused.json["code"]) == (403, "export_forbidden")
    assert "测试数据集" in refused.json["detail"]
    assert own_office.ask("reviewer", format="csv", edition="scope").status_code == 201
    assert (
        own_office.client.patch(path, json={"cross_border": "maybe"}, headers=own_office.tokens["province"]).status_code
        == 422
    )


def test_a_public_export_says_what_has_to_be_reviewed_before_it_leaves(office: Office) -> None:
    with zipfile.ZipFile(io.BytesIO(office.taken("reviewer", format="dwca", edition="public"))) as packed:
        assert "出境前须经数据出境审查" in packed.read("eml.xml").decode()


def test_a_public_export_cannot_be_asked_for_one_record_at_a_time(office: Office) -> None:
    refused = office.ask("reviewer", format="csv", edition="public", filters={"year_from": 2023})
    assert (refused.status_code, refused.json["field"]) == (422, "year_from")
    for odd in ({"bbox": [1, 2, 3, 4]}, {"cell": "XY10-E0500N0300"}, {"month": 3}):
        assert office.ask("reviewer", format="csv", edition="public", filters=odd).status_code == 422


def test_filters_choose(office: Office) -> None:
    rows = rows_of(
        office.taken("scientist", format="csv", edition="scope", filters={"group": "哺乳类", "year_to": 2023}), "csv"
    )
    assert Counter(row["scientificName"] for row in rows) == {"Macaca thibetana": 4, "Manis pentadactyla": 4}
    assert office.ask("scientist", format="csv", edition="scope", filters={"county": "999999"}).status_code == 404
    none = office.ask("scientist", format="csv", edition="scope", filters={"county": "431021"})
    assert none.json["rows"] == 0


def test_an_export_whose_record_is_kept_more_closely_now_is_recalled(own_office: Office) -> None:
    asked = own_office.ask("scientist", format="csv", edition="scope").json
    with open_session(own_office.settings) as session:
        assert recalled(session) == []
        one = session.scalars(text("SELECT record_id FROM xiangye.export_record WHERE level = 3 LIMIT 1")).one()
        session.execute(text("INSERT INTO xiangye.level_evidence VALUES (:id, 1, 'later', now())"), {"id": one})
        place_in_lists(session, [one])
        assert [str(id_) for id_ in recalled(session)] == [asked["id"]]
        assert session.get(ExportRecord, (asked["id"], one)) is not None
    gone = own_office.file("scientist", asked["id"])
    assert (gone.status_code, gone.json["code"]) == (410, "export_gone")
    listed = own_office.client.get("/v1/exports", headers=own_office.tokens["scientist"]).json["items"]
    assert [one["state"] for one in listed] == ["recalled"]


def test_a_file_that_was_changed_or_is_old_is_not_given_out(office: Office) -> None:
    asked = office.ask("scientist", format="csv", edition="scope").json
    path = office.settings.store_dir / "exports" / f"{asked['id']}.csv"
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    path.write_bytes(b"other")
    assert office.file("scientist", asked["id"]).status_code == 410
    later = FixedClock(CLOCK.now() + timedelta(days=31))
    app = create_app(office.settings, later)
    with open_session(office.settings) as session:
        owner = session.scalars(text("SELECT person_id FROM xiangye.export WHERE id = :id"), {"id": asked["id"]}).one()
        token = tokens.issue(session, later, owner, "later", later.now() + timedelta(days=1))[1]
    answer = app.test_client().get(f"/v1/exports/{asked['id']}/file", headers=headers(token))
    assert (answer.status_code, answer.json["code"]) == (410, "export_gone")
    with app.app_context():
        database.engine.dispose()


def test_every_taking_is_logged_and_the_file_name_tells_nothing(office: Office) -> None:
    asked = office.ask("scientist", format="xlsx", edition="scope", filters={"county": "431022"}).json
    answer = office.file("scientist", asked["id"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert "431022" not in answer.headers["Content-Disposition"]
    with open_session(office.settings) as session:
        actions = session.scalars(
            text("SELECT action FROM xiangye.audit_entry WHERE subject = :id"), {"id": asked["id"]}
        ).all()
    assert sorted(actions) == ["export_ask", "export_take"]


def test_the_same_records_give_the_same_bytes(office: Office) -> None:
    for file_format in FORMATS:
        assert office.taken("reviewer", format=file_format, edition="public") == office.taken(
            "scientist", format=file_format, edition="public"
        )


def test_row_level_security_stands_behind_the_query(office: Office) -> None:
    """P12: with the application's narrowing taken away on purpose, a session that was given no scope reads nothing."""
    with session_factory(office.settings)() as session:
        _without_scopes(session)
        assert session.execute(text("SELECT count(*) FROM xiangye.occurrence")).scalar_one() == 0
        assert session.execute(text("SELECT count(*) FROM xiangye.export_record")).scalar_one() == 0


def _without_scopes(session: Session) -> None:
    session.execute(text("SELECT set_config('xiangye.scopes', '{}', true)"))


def test_l19_ids_of_guarded_records_lead_nowhere(office: Office) -> None:
    """L19: ids hold the millisecond of the tap; none of a guarded record leaves, whole or hashed by what everybody can compute."""
    import hashlib

    for edition in ("public", "scope"):
        told = everything_in(office.taken("scientist", format="csv", edition=edition))
        for id_ in office.planted.guarded:
            spelled = (id_, id_.replace("-", ""), hashlib.sha256(id_.encode()).hexdigest()[:16])
            assert not [text_ for text_ in spelled if text_ in told]


def _grant(office: Office, who: str, ids: list[str]) -> str:
    asked = office.client.post(
        "/v1/precise-grants", json={"purpose": "复核栖息地", "record_ids": ids}, headers=office.tokens[who]
    )
    assert asked.status_code == 201, asked.json
    approved = office.client.post(
        f"/v1/precise-grants/{asked.json['id']}/approval",
        json={"approved": True, "reason": "核实"},
        headers=office.tokens["other_admin"],
    )
    assert approved.status_code == 200, approved.json
    return str(asked.json["id"])


def _shown(office: Office, taxa: tuple[str, ...]) -> list[str]:
    with open_session(office.settings) as session:
        ids = [id_ for name in taxa for id_ in office.planted.ids_of(name)]
        return [str(one) for one in shown_ids(session, ids).values()]


def test_an_exact_export_needs_a_grant_for_every_guarded_record(own_office: Office) -> None:
    office = own_office
    assert office.ask("scientist", format="csv", edition="exact").status_code == 422
    assert (
        office.ask("scientist", format="csv", edition="public", grant_id=office.planted.open_ids[0]).status_code == 422
    )
    grant = _grant(office, "scientist", _shown(office, ("Macaca thibetana",)))
    refused = office.ask("scientist", format="csv", edition="exact", grant_id=grant)
    assert (refused.status_code, refused.json["code"]) == (404, "not_found")
    assert (
        office.ask("reviewer", format="csv", edition="exact", grant_id=grant, filters=_macaques(office)).status_code
        == 404
    )
    asked = office.ask("scientist", format="csv", edition="exact", grant_id=grant, filters=_macaques(office))
    assert (asked.status_code, asked.json["state"], asked.json["exact_places"]) == (201, "ready", 8)
    assert not (office.settings.store_dir / "exports").exists(), "no exact place lies about in a file"
    answer = office.file("scientist", asked.json["id"])
    assert answer.status_code == 200, answer.json
    told = {(row["decimalLatitude"], row["decimalLongitude"]) for row in rows_of(answer.data, "csv")}
    truth = {office.planted.guarded[str(id_)] for id_ in office.planted.ids_of("Macaca thibetana")}
    assert told == {(f"{lat / 1e7:.7f}", f"{lon / 1e7:.7f}") for lat, lon in truth}
    with open_session(office.settings) as session:
        readings = session.scalars(text("SELECT subject FROM xiangye.audit_entry WHERE action = 'read_precise'")).all()
    assert grant in readings


def _macaques(office: Office) -> dict[str, str]:
    with open_session(office.settings) as session:
        taxon = session.scalars(
            text("SELECT taxon_id::text FROM xiangye.taxon WHERE scientific_name = 'Macaca thibetana'")
        )
        return {"taxon_id": taxon.one()}


def test_t5_more_than_twenty_exact_places_need_a_second_person(own_office: Office) -> None:
    """T5: an export of 21 exact places without a second approver is refused, however it is cut into pieces."""
    office = own_office
    with open_session(office.settings) as session:
        more = plant(session, (254_100_000, 1_129_600_000))
        office.planted.taxa.update(more.taxa)
        office.planted.guarded.update(more.guarded)
    grant = _grant(office, "admin", _shown(office, ("Macaca thibetana", "Manis pentadactyla", "Tragopan caboti")))
    first = office.ask("admin", format="csv", edition="exact", grant_id=grant, filters=_macaques(office))
    assert (first.json["state"], first.json["exact_places"]) == ("ready", 16)
    asked = office.ask("admin", format="csv", edition="exact", grant_id=grant, filters={"group": "哺乳类"})
    assert (asked.json["state"], asked.json["exact_places"]) == ("waiting", 30)
    refused = office.file("admin", asked.json["id"])
    assert (refused.status_code, refused.json["code"]) == (403, "second_person_needed")
    rest = office.ask("admin", format="csv", edition="exact", grant_id=grant, filters={"group": "鸟类"})
    assert (rest.json["state"], rest.json["exact_places"]) == ("waiting", 6), "16 and 6 are more than twenty"
    path = f"/v1/exports/{asked.json['id']}/approval"
    said = {"approve": True, "reason": "与课题相符"}
    assert office.client.post(path, json=said, headers=office.tokens["admin"]).status_code == 403
    assert office.client.post(path, json=said, headers=office.tokens["scientist"]).status_code == 403
    assert office.client.post(path, json=said, headers=office.tokens["neighbour"]).status_code == 404
    listed = office.client.get("/v1/exports?waiting=true", headers=office.tokens["other_admin"]).json["items"]
    assert {one["id"] for one in listed} == {asked.json["id"], rest.json["id"]}
    assert office.client.get("/v1/exports?waiting=true", headers=office.tokens["neighbour"]).json["items"] == []
    approved = office.client.post(path, json=said, headers=office.tokens["other_admin"])
    assert (approved.status_code, approved.json["state"]) == (200, "ready")
    assert office.file("admin", asked.json["id"]).status_code == 200
    no = {"approve": False, "reason": "用途不明"}
    path = f"/v1/exports/{rest.json['id']}/approval"
    assert office.client.post(path, json=no, headers=office.tokens["province"]).json["state"] == "refused"
    assert office.file("admin", rest.json["id"]).status_code == 410
