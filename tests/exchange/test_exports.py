"""Exports over the interface: editions, who may take what, second persons, recall, data that may not leave."""

import io
import zipfile
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts import tokens
from server.app import create_app
from server.db import open_session, session_factory
from server.exchange.model import ExportRecord
from server.exchange.standing import recalled
from server.sensitivity.scoping import place_in_lists
from server.web.database import database
from shared.clock import FixedClock
from tests.admitting import CLOCK
from tests.exchange.office import Office, archive, rows_of
from tests.exchange.planted import SECRET, everything_in, leaks
from tests.people import headers
from tests.records import DATASET

FORMATS = ("dwca", "csv", "xlsx", "geojson")


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
    for wrong, field in (({"group": "龙"}, "group"), ({"year_from": 2025, "year_to": 2020}, "year_from")):
        refused = office.ask("scientist", format="csv", edition="scope", filters=wrong)
        assert (refused.status_code, refused.json["field"]) == (422, field)
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


def test_what_was_exported_while_one_might_see_it_is_not_taken_later(own_office: Office) -> None:
    """P12: an export that lies ready gives nothing that a grant which has ended gave."""
    office = own_office
    asked = office.ask("scientist", format="csv", edition="scope")
    assert office.file("scientist", asked.json["id"]).status_code == 200
    person = office.client.get("/v1/session", headers=office.tokens["scientist"]).json["person_id"]
    office.execute("UPDATE role_grant SET area_code = '431023' WHERE person_id = CAST(:id AS uuid)", id=person)
    gone = office.file("scientist", asked.json["id"])
    assert (gone.status_code, gone.json["code"]) == (410, "export_gone")
