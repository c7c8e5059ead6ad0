"""P5: what was edited in two places is settled by a person, never by the later writer."""

import json
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import requests
from sqlalchemy import text

from server.accounts.model import Device
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import EVERYTHING, engine_for, looking_through, open_session
from server.ledger.service import DESK
from server.privacy.exporting import export_person
from server.sync import conflicts, queries
from shared.canonical import digest
from shared.clock import SystemClock
from tests import records
from tests.serving import Live
from tests.verification.reviewing import Caller, caller


def _listed(one: Caller) -> list[dict[str, Any]]:
    answer = one.get("/conflicts")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def _send(live: Live, *sent: dict[str, Any]) -> list[str]:
    answer = live.post_batch(*sent)
    assert answer.status_code == 200, answer.text
    told = [receipt["outcome"] for receipt in answer.json()["receipts"]]
    assert "quarantined" not in told, answer.text
    return told


def _changes(live: Live) -> list[dict[str, Any]]:
    answer = requests.get(f"{live.url}/v1/sync/changes", headers=live.headers, timeout=30)
    assert answer.status_code == 200, answer.text
    changes: list[dict[str, Any]] = answer.json()["changes"]
    return changes


def _dispute(live: Live, **fields: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Two edits of the count; the one also tells the sex, the other the life stage."""
    first = records.occurrence(**fields)
    one = records.edited(first, individual_count=2, sex="male")
    other = records.edited(first, individual_count=3, life_stage="adult")
    assert _send(live, first, one, other)[1:] == ["conflict", "conflict"]
    return first, one, other


def _state(live: Live, record_id: str) -> tuple[Any, ...]:
    with open_session(live.settings) as session:
        row = session.execute(
            text(
                "SELECT l.state, o.individual_count, o.sex, o.life_stage FROM ledger l LEFT JOIN occurrence o USING (id) WHERE id = :id"
            ),
            {"id": record_id},
        ).one()
    return tuple(row)


def _version_of(item: dict[str, Any], name: str, value: Any) -> int:
    claims = next(field["values"] for field in item["fields"] if field["name"] == name)
    return int(next(claim["version"] for claim in claims if claim.get("value") == value))


def test_a_reviewer_settles_what_two_tablets_counted(live: Live) -> None:
    first, _, _ = _dispute(live)
    reviewer, elsewhere = caller(live), caller(live, area_code="430121")
    (item,) = _listed(reviewer)
    assert (item["record_id"], item["versions_seen"], item["may_delete"]) == (first["id"], 3, False)
    assert [(field["name"], field["name_zh"]) for field in item["fields"]] == [("individual_count", "数量")]
    assert [one["author_name"] for one in item["versions"]] == ["测试员", "测试员"]
    asked = {"versions_seen": 3, "choose": {"individual_count": _version_of(item, "individual_count", 3)}}
    path = f"/conflicts/{first['id']}"
    assert _listed(elsewhere) == []
    assert elsewhere.post(path, **asked).status_code == 404
    assert _refused(reviewer.post(path, **{**asked, "choose": {}})) == ("invalid", "choose.individual_count")
    assert _refused(reviewer.post(path, **{**asked, "choose": {"individual_count": 1}}))[0] == "invalid"
    assert _refused(reviewer.post(path, **{**asked, "choose": {**asked["choose"], "sex": 2}})) == (
        "invalid",
        "choose.sex",
    )
    assert _refused(reviewer.post(path, **{**asked, "delete": True})) == ("invalid", "delete")
    assert _state(live, first["id"])[0] == "conflict"
    answer = reviewer.post(path, **asked, remarks="照片上是三只")
    assert (answer.status_code, answer.json()) == (201, {"record_id": first["id"], "state": "current"})
    assert _state(live, first["id"]) == ("current", 3, "male", "adult")
    assert _listed(reviewer) == []
    assert _refused(reviewer.post(path, **asked))[0] == "conflict_changed"
    with open_session(live.settings) as session:
        (logged,) = session.execute(text("SELECT detail FROM audit_entry WHERE action = 'settle_conflict'")).scalars()
    with engine_for(live.settings, "owner").connect() as owner:
        bodies = owner.execute(text("SELECT body FROM precise.version_body WHERE id = :id"), {"id": first["id"]})
        remarks = [json.loads(body).get("settlement_remarks") for body in bodies.scalars()]
    assert list(logged) == ["digest"], "a person's words may tell a place: the log holds none"
    assert sorted(filter(None, remarks)) == ["照片上是三只"]


def _refused(answer: requests.Response) -> tuple[str, str | None]:
    told = answer.json()
    return told["code"], told.get("field")


def test_who_looked_before_another_edit_came_settles_nothing(live: Live) -> None:
    first, one, _ = _dispute(live)
    reviewer = caller(live)
    (item,) = _listed(reviewer)
    _send(live, {**records.edited(one, individual_count=5)})
    asked = {"versions_seen": 3, "choose": {"individual_count": _version_of(item, "individual_count", 3)}}
    assert _refused(reviewer.post(f"/conflicts/{first['id']}", **asked)) == ("conflict_changed", None)
    assert _state(live, first["id"])[0] == "conflict"


def test_an_edit_against_a_deletion_is_kept_or_let_go(live: Live) -> None:
    reviewer = caller(live)
    for delete, state in ((False, "current"), (True, "deleted")):
        first = records.occurrence()
        _send(live, first, records.edited(first, individual_count=2), records.tombstone(first))
        (item,) = _listed(reviewer)
        assert (item["fields"], item["may_delete"]) == ([], True)
        answer = reviewer.post(f"/conflicts/{first['id']}", versions_seen=3, delete=delete)
        assert (answer.status_code, answer.json().get("state")) == (201, state), answer.text
        assert _state(live, first["id"])[0] == state


def test_values_that_do_not_go_together_are_asked_for_again(live: Live) -> None:
    first = records.occurrence(individual_count=None, count_min=1, count_max=9)
    _send(live, first, records.edited(first, count_min=8), records.edited(first, count_max=5))
    reviewer = caller(live)
    (item,) = _listed(reviewer)
    fields = {field["name"]: field["values"] for field in item["fields"]}
    assert set(fields) == {"count_min"}
    low = _version_of(item, "count_min", 8)
    path, asked = f"/conflicts/{first['id']}", {"versions_seen": 3}
    assert _refused(reviewer.post(path, **asked, choose={"count_min": low})) == ("invalid", "choose.count_min")
    answer = reviewer.post(path, **asked, choose={"count_min": _version_of(item, "count_min", 1)})
    assert answer.json().get("state") == "current", answer.text


def test_the_place_of_a_guarded_record_is_chosen_unseen(live: Live) -> None:
    """P1: neither value nor digest nor day tells where or when, and yet the right one can be chosen."""
    first = records.occurrence(taxon=records.PANGOLIN)
    moved = {**records.MANGSHAN, "latitude_e7": records.MANGSHAN["latitude_e7"] + 5_000}
    _send(
        live, first, records.edited(first, place=moved), records.edited(first, place={**moved, "altitude_m": "812.5"})
    )
    reviewer = caller(live)
    (item,) = _listed(reviewer)
    assert item["record_id"] != first["id"]
    written = str(item)
    for secret in (str(moved["latitude_e7"]), digest(first), first["id"], first["body"]["observed_from"][:10]):
        assert secret not in written
    (place,) = item["fields"]
    assert [value.get("withheld") for value in place["values"]] == [True, True]
    assert {len(one["saved_at"]) for one in item["versions"]} == {len("2025-05")}
    answer = reviewer.post(
        f"/conflicts/{item['record_id']}", versions_seen=3, choose={"place": place["values"][0]["version"]}
    )
    assert answer.json().get("state") == "current", answer.text


def test_the_tablet_is_told_what_its_person_has_to_choose_between(live: Live) -> None:
    """The body merges what nobody disputes, so that a settlement changes nothing back."""
    first, one, other = _dispute(live)
    told = [change for change in _changes(live) if change["record_id"] == first["id"]]
    assert [("conflict" in change) for change in told] == [False, False, True]
    conflict = told[-1]["conflict"]
    assert sorted(conflict["heads"]) == sorted([digest(one), digest(other)])
    claims = {claim["digest"]: claim["value"] for claim in conflict["fields"]["individual_count"]}
    assert claims == {digest(one): 2, digest(other): 3}
    assert (conflict["body"]["sex"], conflict["body"]["life_stage"]) == ("male", "adult")
    assert {version["digest"] for version in conflict["versions"]} >= set(claims)
    settled = records.edited(one, **{**conflict["body"], "individual_count": 3})
    settled["merged_digests"] = [digest(other)]
    assert _send(live, settled) == ["accepted"]
    assert _state(live, first["id"]) == ("current", 3, "male", "adult")
    last = _changes(live)[-1]
    assert (last["state"], "conflict" in last) == ("current", False)


def test_of_a_guarded_record_no_other_is_told_where_it_was_seen(live: Live) -> None:
    """P1: two people wrote in it, and each knows only the own place."""
    first = records.occurrence(taxon=records.PANGOLIN)
    _send(live, first, records.edited(first, individual_count=2), records.edited(first, individual_count=3))
    own = _changes(live)[-1]["conflict"]
    assert "fields" in own  # both by the same person
    with open_session(live.settings) as session, looking_through(session, EVERYTHING):
        told = conflicts.told_to_author(session, [UUID(first["id"])], UUID(int=7))[UUID(first["id"])]
    assert told["sealed"] is True
    assert told.keys() == {"heads", "versions", "sealed"}


def _values(item: dict[str, Any], name: str) -> list[Any]:
    found = next(field["values"] for field in item["fields"] if field["name"] == name)
    return [value.get("value", "withheld" if value.get("withheld") else None) for value in found]


def test_words_tell_no_more_than_they_tell_elsewhere(live: Live) -> None:
    """P1: neither a name with a position in it, nor what is said of a pangolin beside an egret, nor the line of an event on which one
    was found; not to a reviewer, nor to somebody else who wrote in the record."""
    named = {**records.PANGOLIN, "verbatim_name": "穿山甲 25.12345,112.92345", "confidence": "石坑村看到"}
    pangolin = records.occurrence(taxon=records.PANGOLIN)
    egret, event = records.occurrence(), records.event(location_name="石坑", place=records.MANGSHAN)
    line = [[1129287654, 249512345], [1129287999, 249512999]]
    _send(
        live,
        *(pangolin, records.edited(pangolin, taxon=named, sex="石坑村的雄兽")),
        records.edited(pangolin, taxon={**named, "qualifier": "cf."}, sex="female"),
        *(egret, records.edited(egret, occurrence_remarks="旁边石坑村有穿山甲洞", individual_count=2)),
        records.edited(egret, occurrence_remarks="三只", individual_count=3),
        *(event, records.occurrence(event_id=event["id"])),
        records.occurrence(event_id=event["id"], taxon=records.PANGOLIN),
        records.edited(event, location_name="石坑崆", geometry=line, weather="晴"),
        records.edited(event, location_name="鬼子寨", geometry=line[::-1], weather="阴"),
    )
    listed = _listed(caller(live))
    by_id = {item["record_id"]: item for item in listed}
    guarded = next(item for item in listed if item["record_id"] not in (egret["id"], event["id"]))
    assert [one["author_name"] for one in guarded["versions"]] == [None, None]
    assert sorted(_values(guarded, "sex")) == ["female", "withheld"]
    plain = {"name_zh": "穿山甲", "scientific_name": "Manis pentadactyla"}
    assert sorted(_values(guarded, "taxon"), key=len) == [plain, {**plain, "qualifier": "cf."}]
    assert sorted(_values(by_id[egret["id"]], "occurrence_remarks")) == ["withheld", "三只"]
    assert sorted(_values(by_id[egret["id"]], "individual_count")) == [2, 3]
    for name in ("location_name", "geometry"):
        assert _values(by_id[event["id"]], name) == ["withheld", "withheld"]
    assert sorted(_values(by_id[event["id"]], "weather")) == ["晴", "阴"]
    ids = [UUID(egret["id"]), UUID(event["id"])]
    with open_session(live.settings) as session, looking_through(session, EVERYTHING):
        of_other = conflicts.told_to_author(session, ids, UUID(int=7))
        own = conflicts.told_to_author(session, ids, UUID(records.PERSON))
    assert [set(told) for told in of_other.values()] == [{"heads", "versions", "sealed"}] * 2
    assert all("fields" in told for told in own.values())


def test_who_settles_another_persons_record_is_not_its_observer(live: Live) -> None:
    """P1: neither the own tablet nor the own data tell the reviewer more than the screen did."""
    first = records.event(place=records.MANGSHAN)
    _send(live, first, records.edited(first, weather="晴"), records.edited(first, weather="阴"))
    reviewer = caller(live)
    (item,) = _listed(reviewer)
    asked = {"versions_seen": 3, "choose": {"weather": item["versions"][0]["version"]}}
    assert reviewer.post(f"/conflicts/{item['record_id']}", **asked).status_code == 201
    with open_session(live.settings) as session, looking_through(session, EVERYTHING):
        author = session.execute(text("SELECT author FROM version WHERE device = :desk"), {"desk": DESK}).scalar_one()
        assert not queries.has_news(session, Device(person_id=author), 0)
        assert queries.has_news(session, Device(person_id=UUID(records.PERSON)), 0)
        packed = export_person(session, LOCAL_OPERATOR, SystemClock(), live.settings, author, own=True)
    with ZipFile(BytesIO(packed)) as archive:
        (told,) = json.loads(archive.read("records.json"))
    assert told.keys() == {"id", "kind", "information_withheld"}


def test_a_name_in_dispute_is_kept_as_closely_as_the_rarest_that_was_given(live: Live) -> None:
    """P1, T8: whichever version leads, and also where both came in one batch; once the rarer name has gone, it was given all the same."""
    event = records.event(location_name="石坑", place=records.MANGSHAN)
    first = records.occurrence(event_id=event["id"])
    egret = {**records.EGRET, "qualifier": "cf."}
    counts = (count for count in range(1, 100))
    named = records.edited(first, taxon=egret)
    rare = next(
        edit
        for edit in (records.edited(first, taxon=records.PANGOLIN, individual_count=count) for count in counts)
        if digest(edit) > digest(named)  # so that the other leads
    )
    passing = records.occurrence(taxon=records.PANGOLIN)
    _send(live, event, first, records.occurrence(event_id=event["id"]))
    _send(live, named, rare, passing, records.edited(passing, taxon=records.EGRET))
    with open_session(live.settings) as session:
        query = text("SELECT level FROM disclosed_place WHERE id = ANY(:ids)")
        levels = session.scalars(query, {"ids": [UUID(first["id"]), UUID(passing["id"])]}).all()
        where = session.scalar(text("SELECT location_name FROM event WHERE id = :id"), {"id": event["id"]})
    assert where is None  # the event follows
    assert len(levels) == 2 and min(levels) > 0, levels
    (item,) = _listed(caller(live))
    assert item["record_id"] != first["id"]
    assert {value["name_zh"] for value in _values(item, "taxon")} == {"穿山甲", "白鹭"}
