"""Exports of exact places: by a grant, with a second person where there are many, each reading logged."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

from sqlalchemy import text

from server.accounts.queries import viewer_of
from server.accounts.rights import EXPORT
from server.db import look_through, open_session, session_factory
from server.exchange import exports
from server.exchange.readable import Chosen
from server.sensitivity.scoping import shown_ids
from tests.admitting import CLOCK
from tests.exchange.office import Office, rows_of
from tests.exchange.planted import plant


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


def test_t5_two_exports_at_the_same_moment_are_counted_one_after_the_other(own_office: Office) -> None:
    office = own_office
    with open_session(office.settings) as session:
        more = plant(session, (254_100_000, 1_129_600_000))
        office.planted.taxa.update(more.taxa)
        office.planted.guarded.update(more.guarded)
    grant = _grant(office, "admin", _shown(office, ("Macaca thibetana", "Tragopan caboti")))
    own = UUID(office.client.get("/v1/session", headers=office.tokens["admin"]).json["person_id"])
    order = exports.Order("csv", "exact", Chosen(**_macaques(office)), UUID(grant))
    with session_factory(office.settings)() as session, ThreadPoolExecutor(1) as other:
        viewer = viewer_of(session, CLOCK, own).within(EXPORT)
        look_through(session, viewer.scopes)
        assert exports.ask(session, viewer, CLOCK, office.settings, order).state == "ready"
        second = other.submit(
            lambda: office.ask("admin", format="csv", edition="exact", grant_id=grant, filters={"group": "鸟类"})
        )
        with suppress(TimeoutError):
            second.result(2)
        session.commit()
    assert (second.result().json["state"], second.result().json["exact_places"]) == ("waiting", 6)
