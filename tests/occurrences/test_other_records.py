"""Events, patrols, findings, surveys, taxa and places as they are read."""

from typing import Any

from server.db import open_session
from server.surveys.service import add_dataset, add_survey
from tests import records
from tests.admitting import CLOCK
from tests.scopes.ground import IN_LINWU, LINWU, YIZHANG, brought, caller
from tests.serving import Live


def patrol(**fields: Any) -> dict[str, Any]:
    body = records.observed(
        event_type="patrol",
        sampling_protocol="patrol",
        place=records.MANGSHAN,
        leader=records.PERSON,
        nil_report=False,
        **fields,
    )
    return records.envelope("patrol", body)


def finding(of: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = records.observed(
        event_id=of["id"], finding_type="snare", case_state="open", place=records.MANGSHAN, **fields
    )
    return records.envelope("finding", body)


def test_events_of_the_own_county(live: Live) -> None:
    """P12."""
    here, there = brought(
        live.settings,
        records.event(place=records.MANGSHAN, measurements=[{"code": "canopy_cover", "value": "80", "unit": "%"}]),
        records.event(place=IN_LINWU),
    )
    reviewer = caller(live, "reviewer", "county", YIZHANG)
    (listed,) = reviewer.items("events")
    assert listed["id"] == here["id"] and listed["event_type"] == "transect" and listed["effort_length_m"] == "2000"
    assert reviewer.items("events", survey_id=records.SURVEY) == [listed]
    assert reviewer.items("events", county=LINWU) == reviewer.items("events", year=2020) == []
    whole = reviewer.get(f"events/{here['id']}").json()
    assert [one["value"] for one in whole["measurements"]] == ["80"]
    assert caller(live, "prefecture_admin").ids("events") == {here["id"], there["id"]}
    assert caller(live, "prefecture_admin").get("events", count="true").json()["count"] == {"open": 2, "guarded": 0}


def test_a_patrol_tells_neither_who_nor_where_nor_when(live: Live) -> None:
    """T30, L10: the cell and the month, another id, no people, no words, no track."""
    walked = patrol(location_name="大坑沟口", event_remarks="沿沟上行", effort={"length_m": "5230"})
    snare = finding(walked, evidence_number="E-7")
    brought(live.settings, walked, snare)
    for who in (caller(live, "station_lead"), caller(live, "province_admin"), caller(live, "reviewer")):
        (told,) = who.items("patrols")
        assert told["level"] == 2 and told["id"] != walked["id"]
        assert (told["location_name"], told["event_remarks"], told["date_precision"]) == (None, None, "month")
        (found,) = who.items("findings")
        assert found["level"] == 3 and found["date_precision"] == "day" and found["patrol_id"] == told["id"]
        one, other = (who.get(f"{room}/{it['id']}") for room, it in (("patrols", told), ("findings", found)))
        assert one.json() == told and other.json() == found
        everything = who.get("patrols").text + who.get("findings").text + one.text + other.text
        for hidden in (walked["id"], snare["id"], records.PERSON, "大坑", "24.95123", "112.92876", "08:29", "00:29"):
            assert hidden not in everything, hidden
    assert caller(live, "reviewer", "county", LINWU).items("patrols") == []
    assert caller(live, "reviewer", "county", LINWU).items("findings") == []


def test_findings_by_kind_and_state(live: Live) -> None:
    walked = patrol()
    snare, net = finding(walked), {**finding(walked)}
    net["body"] = {**net["body"], "finding_type": "net", "case_state": "closed"}
    brought(live.settings, walked, snare, net)
    admin = caller(live, "province_admin")
    assert len(admin.items("findings")) == 2
    assert [one["finding_type"] for one in admin.items("findings", finding_type="snare")] == ["snare"]
    assert [one["finding_type"] for one in admin.items("findings", case_state="closed")] == ["net"]
    assert admin.get("findings", count="true").json()["count"] == {"open": 0, "guarded": "<5"}


def test_surveys_within_ones_grants(live: Live) -> None:
    """P12."""
    with open_session(live.settings) as session:
        dataset = add_dataset(session, CLOCK, "某数据集", "某单位")
        made = {
            name: str(add_survey(session, CLOCK, name, "county_baseline", dataset, [code]).id)
            for name, code in (("宜章", YIZHANG), ("临武", LINWU))
        }
    reviewer = caller(live, "reviewer", "county", YIZHANG)
    assert {one["title"] for one in reviewer.items("surveys")} == {"宜章", "测试调查"}
    assert reviewer.get(f"surveys/{made['宜章']}").json()["county_codes"] == [YIZHANG]
    foreign, missing = (reviewer.get(f"surveys/{id_}") for id_ in (made["临武"], records.DEVICE))
    assert foreign.status_code == missing.status_code == 404 and foreign.content == missing.content
    admin = caller(live, "province_admin")
    first = admin.get("surveys", limit=2).json()
    rest = admin.get("surveys", limit=2, after=first["next"]).json()
    assert len(first["items"]) == 2 and len(rest["items"]) == 1 and rest["next"] is None
    assert admin.get("surveys", after="WyJ4Il0").status_code == 422


def test_taxa_are_found_as_people_type_them_and_only_those_of_lists(live: Live) -> None:
    """L18: a name that came with a record may hold words about its place."""
    brought(live.settings, records.occurrence(taxon={"name_zh": "大坑沟穿山甲洞", "scientific_name": None}))
    reviewer = caller(live)
    assert [one["name_zh"] for one in reviewer.items("taxa", q="白鹭")][:1] == ["白鹭"]
    assert reviewer.items("taxa", q="大坑沟") == []
    assert reviewer.items("taxa", q="Manis pentadactyla")[0]["name_zh"] == "中华穿山甲" or reviewer.items(
        "taxa", q="穿山甲"
    )
    assert reviewer.get("taxa").status_code == 422


def test_places_tell_what_layers_name(live: Live) -> None:
    reviewer = caller(live)
    (yizhang,) = reviewer.items("places", q="宜章")
    assert yizhang == {
        "code": YIZHANG,
        "name_zh": "宜章县",
        "kind": "county",
        "parent_code": "431000",
        "parent_name": "郴州市",
    }
    first = reviewer.get("places", limit=100).json()
    rest = reviewer.get("places", limit=100, after=first["next"]).json()
    assert len(first["items"]) == 100 and len(first["items"]) + len(rest["items"]) == 122
    assert reviewer.items("places", kind="protected_area", q="没有这样的保护地") == []
    assert reviewer.get("places", kind="location").status_code == 422


def test_each_room_refuses_who_reads_no_records(live: Live) -> None:
    auditor = caller(live, "auditor", "province", "43")
    for room in ("occurrences", "events", "patrols", "findings", "surveys", "tiles/occurrences/3/6/3"):
        assert auditor.get(room).status_code == 403, room
