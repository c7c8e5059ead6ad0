"""Lists and single records over real HTTP: who sees which, in what order, by which filters, and nothing finer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from sqlalchemy import text

from server.accounts.service import grant
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import open_session
from server.sync.admission import admit
from shared.clock import CHINA, FixedClock
from shared.ids import uuid7
from tests import people, records
from tests.admitting import ACTOR, CLOCK
from tests.scopes.ground import FROG, IN_LINWU, IN_YIZHANG, LINWU, PLACES, YIZHANG, YUELU, Caller, brought, caller
from tests.serving import Live

OF_OCCURRENCE = {"id", "level", "listed_on", "survey_id", "observed_from", "observed_to", "date_precision", "place", "dataset_id",
    "event_id", "state", "taxon", "occurrence_status", "individual_count", "count_min", "count_max", "organism_quantity",
    "organism_quantity_type", "sex", "life_stage", "behavior", "evidence_class", "basis_of_record", "establishment_means",
    "degree_of_establishment", "occurrence_remarks", "access_class", "flags"}  # fmt: skip


@pytest.fixture
def three(live: Live) -> list[dict[str, Any]]:
    return brought(live.settings, *(records.occurrence(place=place) for place in PLACES.values()))


def test_each_sees_the_records_of_the_own_area_alone(live: Live, three: list[dict[str, Any]]) -> None:
    """P12."""
    yizhang, linwu, yuelu = (one["id"] for one in three)
    assert caller(live, "reviewer", "county", YIZHANG).ids() == {yizhang}
    assert caller(live, "reviewer", "county", YUELU).ids() == {yuelu}
    assert caller(live, "surveyor", "county", LINWU).ids() == {linwu}
    assert caller(live, "prefecture_admin").ids() == {yizhang, linwu}
    assert caller(live, "province_admin").ids() == {yizhang, linwu, yuelu}
    assert caller(live, "scientist", "province", "43").ids() == {yizhang, linwu, yuelu}


def test_roles_that_read_no_records_are_refused_and_nobody_else_is_let_in(
    live: Live, three: list[dict[str, Any]]
) -> None:
    for role, area in (("auditor", ("province", "43")), ("public_reporter", ("province", "43"))):
        assert caller(live, role, *area).get("occurrences").status_code == 403
    assert requests.get(f"{live.url}/v1/occurrences", timeout=20).status_code == 401
    assert requests.get(f"{live.url}/v1/occurrences", headers=live.headers, timeout=20).status_code == 401


def test_an_answer_tells_these_fields_and_no_others(live: Live) -> None:
    (egret,) = brought(live.settings, records.occurrence(sex="female", occurrence_remarks="河边"))
    reviewer = caller(live)
    (listed,) = reviewer.items("occurrences")
    assert set(listed) == OF_OCCURRENCE
    assert listed["id"] == egret["id"] and listed["taxon"]["name_zh"] == "白鹭" and listed["taxon"]["group"] == "鸟类"
    assert listed["place"]["county_code"] == YIZHANG and listed["place"]["level"] == 0
    assert round(listed["place"]["latitude"], 7) == 24.9512345
    assert (listed["occurrence_remarks"], listed["sex"], listed["listed_on"]) == ("河边", "female", "2025-05-21")
    whole = reviewer.get(f"occurrences/{egret['id']}").json()
    assert whole == listed | {"measurements": []}


def test_a_guarded_record_is_told_by_its_cell_its_month_and_another_id(live: Live) -> None:
    """P11: level by level nothing of the true place, time or id stands anywhere in the answers."""
    pangolin = records.occurrence(
        taxon=records.PANGOLIN, occurrence_remarks="莽山某沟", verbatim_event_date="2025-05-20", behavior="den"
    )
    brought(live.settings, pangolin)
    for who in (caller(live), caller(live, "province_admin"), caller(live, "surveyor")):
        (listed,) = who.items("occurrences")
        assert listed["level"] == 1 and listed["id"] != pangolin["id"] and UUID(listed["id"]).version == 4
        place = listed["place"]
        assert [place[name] for name in ("latitude", "longitude", "cell_x", "cell_y", "grid_cell")] == [None] * 5
        assert place["data_generalizations"] and place["information_withheld"]
        assert (listed["occurrence_remarks"], listed["behavior"], listed["event_id"]) == (None, None, None)
        assert datetime.fromisoformat(listed["observed_from"]) == datetime(2025, 5, 1, tzinfo=CHINA)
        assert (listed["date_precision"], listed["listed_on"]) == ("month", "2025-05-01")
        answers = who.get("occurrences").text + who.get(f"occurrences/{listed['id']}").text
        answers += who.get(f"occurrences/{listed['id']}/history").text
        for told in (
            pangolin["id"],
            "24.95",
            "112.92",
            "249512345",
            "莽山某沟",
            "2025-05-20",
            "2025-05-21",
            records.PERSON,
        ):
            assert told not in answers, told


def test_a_foreign_record_is_answered_exactly_like_a_missing_one(live: Live, three: list[dict[str, Any]]) -> None:
    """P12, L17: status, body and headers but the date are the same."""
    reviewer = caller(live, "reviewer", "county", YIZHANG)
    pangolin = records.occurrence(taxon=records.PANGOLIN, place=IN_LINWU)
    (event,) = brought(live.settings, records.event(place=IN_LINWU))
    brought(live.settings, pangolin)
    foreign = {"occurrences": three[1]["id"], "events": event["id"], "patrols": event["id"], "findings": event["id"]}
    for room, id_ in foreign.items():
        for path in ("", "/history") if room == "occurrences" else ("",):
            answers = [reviewer.get(f"{room}/{which}{path}") for which in (id_, uuid7())]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].content == answers[1].content
            assert set(answers[0].headers) == set(answers[1].headers)
    assert reviewer.get(f"occurrences/{pangolin['id']}").status_code == 404, "its true id names nothing"
    assert caller(live, "province_admin").get(f"occurrences/{pangolin['id']}").status_code == 404


def test_pages_follow_one_another_and_leave_nothing_out(live: Live) -> None:
    sent = [records.occurrence(place=PLACES[YIZHANG if n % 3 else LINWU], individual_count=n) for n in range(1, 24)]
    with open_session(live.settings) as session:
        for day, record in enumerate(sent):
            clock = FixedClock(datetime(2025, 6, 1, 2, tzinfo=UTC) + timedelta(days=day // 4))
            assert admit(session, ACTOR, clock, [record])[0].outcome == "accepted"
    prefecture = caller(live, "prefecture_admin")
    for sort in ("-listed_on", "listed_on"):
        found = paged(prefecture, limit=5, sort=sort)
        assert [len(page) for page in found] == [5, 5, 5, 5, 3]
        listed = [one for page in found for one in page]
        assert {one["id"] for one in listed} == {one["id"] for one in sent}
        days = [one["listed_on"] for one in listed]
        assert days == sorted(days, reverse=sort.startswith("-"))
    mine = [one for page in paged(caller(live), limit=4) for one in page]
    assert {one["id"] for one in mine} == {one["id"] for one in sent if one["body"]["place"] == IN_YIZHANG}


def test_of_one_day_records_stand_in_no_order_of_theirs(live: Live) -> None:
    """L9: neither the order of arrival nor of the ids is that of the list."""
    sent = [records.occurrence(individual_count=n) for n in range(1, 31)]
    brought(live.settings, *sent)
    listed = [one["id"] for one in caller(live).items("occurrences", limit=100)]
    assert sorted(listed) == [one["id"] for one in sent]
    assert listed not in (sorted(listed), sorted(listed, reverse=True))


def test_who_holds_several_grants_sees_each_record_once(live: Live, three: list[dict[str, Any]]) -> None:
    with open_session(live.settings) as session:
        person = people.person(session, "reviewer", "county", YIZHANG)
        grant(session, CLOCK, LOCAL_OPERATOR, person.id, "surveyor", "prefecture", "431000")
        both = Caller(live, people.token_for(session, person))
    listed = both.items("occurrences")
    assert sorted(one["id"] for one in listed) == sorted(one["id"] for one in three[:2])
    assert both.get("occurrences", count="true").json()["count"] == {"open": 2, "guarded": 0}


def test_a_grant_for_one_group_lists_no_other(live: Live) -> None:
    egret, frog = brought(live.settings, records.occurrence(), records.occurrence(taxon=FROG))
    birds = caller(live, "reviewer", "county", YIZHANG, taxon_group="鸟类")
    assert birds.ids() == {egret["id"]}
    assert birds.get(f"occurrences/{frog['id']}").status_code == 404


@pytest.mark.parametrize(("query", "expected"), [
    ({"county": YIZHANG}, {"egret", "frog", "old"}),
    ({"county": LINWU}, {"there"}),
    ({"group": "两栖类"}, {"frog"}),
    ({"year": 2024}, {"old"}),
    ({"year": 2025, "month": 5}, {"egret", "frog", "there"}),
    ({"month": 3}, {"old"}),
    ({"level": 0}, {"egret", "frog", "there", "old"}),
    ({"level": 1}, set()),
    ({"survey_id": records.SURVEY}, {"egret", "frog", "there", "old"}),
    ({"survey_id": str(uuid7())}, set()),
    ({"state": "pending"}, {"egret", "frog", "there", "old"}),
    ({"state": "rejected"}, set()),
    ({"bbox": "112.9,24.9,113.0,25.0"}, {"egret", "frog", "old"}),
    ({"bbox": "112.9,24.9,113.0,25.0", "group": "鸟类", "year": 2025}, {"egret"}),
])  # fmt: skip
def test_filters(live: Live, query: dict[str, Any], expected: set[str]) -> None:
    sent = {
        "egret": records.occurrence(),
        "frog": records.occurrence(taxon=FROG),
        "there": records.occurrence(place=IN_LINWU),
        "old": records.occurrence(observed_from="2024-03-02T08:00:00+08:00"),
    }
    brought(live.settings, *sent.values())
    assert caller(live, "province_admin").ids(**query) == {sent[name]["id"] for name in expected}


def test_a_filter_by_taxon_and_by_cell(live: Live, three: list[dict[str, Any]]) -> None:
    admin = caller(live, "province_admin")
    one = admin.get(f"occurrences/{three[0]['id']}").json()
    assert admin.ids(taxon_id=one["taxon"]["id"]) == {record["id"] for record in three}
    assert admin.ids(taxon_id=str(uuid7())) == set()
    assert admin.ids(cell=one["place"]["grid_cell"]) == {three[0]["id"]}


@pytest.mark.parametrize(("query", "field"), [
    ({"bbox": "1,2,3"}, "bbox"),
    ({"bbox": "5,2,3,4"}, "bbox"),
    ({"bbox": "nan,nan,nan,nan"}, "bbox"),
    ({"bbox": "112,24,inf,26"}, "bbox"),
    ({"after": "x"}, "after"),
    ({"after": "WyIyMDI1LTA1LTIxIiwibm90LWEtdXVpZCJd"}, "after"),
])  # fmt: skip
def test_what_is_not_understood_is_refused_in_words(live: Live, query: dict[str, str], field: str) -> None:
    answer = caller(live).get("occurrences", **query)
    assert answer.status_code == 422 and answer.json()["field"] == field


@pytest.mark.parametrize("query", [
    {"sort": "latitude"},
    {"sort": "-place_latitude"},
    {"sort": "listed_on; drop table"},
    {"limit": 101},
    {"limit": 0},
    {"order": "x"},
    {"distance": "1"},
    {"county": "43102"},
    {"county": "431022' or 1=1"},
    {"level": 5},
    {"month": 13},
])  # fmt: skip
def test_sort_keys_and_fields_are_a_closed_list(live: Live, query: dict[str, Any]) -> None:
    """L2, L3, T24: no order and no filter by distance, place or anything else that is not named."""
    assert caller(live).get("occurrences", **query).status_code == 422


def test_few_guarded_records_are_told_as_fewer_than_five(live: Live) -> None:
    """L6."""
    pangolins = [records.occurrence(taxon=records.PANGOLIN) for _ in range(4)]
    brought(live.settings, records.occurrence(), *pangolins)
    admin = caller(live, "province_admin")
    assert admin.get("occurrences", count="true").json()["count"] == {"open": 1, "guarded": "<5"}
    brought(live.settings, records.occurrence(taxon=records.PANGOLIN))
    assert admin.get("occurrences", count="true").json()["count"] == {"open": 1, "guarded": 5}
    assert admin.get("occurrences", count="true", year=2020).json()["count"] == {"open": 0, "guarded": 0}


def test_history_tells_versions_without_their_bodies(live: Live) -> None:
    """L14."""
    (egret,) = brought(live.settings, records.occurrence())
    brought(live.settings, records.edited(egret, individual_count=2))
    items = caller(live).items(f"occurrences/{egret['id']}/history")
    assert [(one["version"], one["received_on"], one["deleted"]) for one in items] == [
        (1, "2025-05-21", False),
        (2, "2025-05-21", False),
    ]
    assert [one["is_head"] for one in items].count(True) == 1
    assert set(items[0]) == {"version", "received_on", "author", "deleted", "is_head"}
    with open_session(live.settings) as session:
        pseudonym = session.execute(
            text("SELECT pseudonym::text FROM xiangye.person WHERE id = :id"), {"id": records.PERSON}
        ).scalar_one()
    assert {one["author"] for one in items} == {pseudonym}


def test_a_deleted_record_is_not_found_any_more(live: Live) -> None:
    (egret,) = brought(live.settings, records.occurrence())
    brought(live.settings, records.tombstone(egret))
    reviewer = caller(live)
    assert reviewer.ids() == set()
    assert reviewer.get(f"occurrences/{egret['id']}").status_code == 404


def test_rare_characters_survive(live: Live) -> None:
    words = "𬶋 鵟 䴙䴘：河边"
    (one,) = brought(live.settings, records.occurrence(occurrence_remarks=words))
    assert caller(live).get(f"occurrences/{one['id']}").json()["occurrence_remarks"] == words


def test_no_answer_is_kept_by_a_cache(live: Live, three: list[dict[str, Any]]) -> None:
    reviewer = caller(live)
    for path in (
        "occurrences",
        f"occurrences/{three[0]['id']}",
        "events",
        "patrols",
        "findings",
        "surveys",
        "taxa?q=白鹭",
        "places",
    ):
        assert reviewer.get(path).headers["Cache-Control"] == "no-store", path


def paged(who: Caller, **query: Any) -> list[list[dict[str, Any]]]:
    found, after = [], None
    while True:
        answer = who.get("occurrences", **query, **({"after": after} if after else {})).json()
        found.append(answer["items"])
        after = answer["next"]
        if after is None:
            return found
