"""The forms: what each turns into on the wire, and what it refuses in words."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mobile.presenters.species_picker import SpeciesPicker
from shared.canonical import canonical_bytes, digest
from shared.wire.envelope import load_record
from tests.mobile.station import PERSON, SURVEY, make_pack
from tests.mobile.tablets import DAWN, Tablet, tablet


@pytest.fixture
def held(tmp_path: Path) -> Any:
    with tablet(tmp_path / "data") as one:
        one.app.store.packs.install("taxa", make_pack(tmp_path / "taxa.sqlite3"), DAWN)
        yield one


def saved(held: Tablet, kind: str) -> list[dict[str, Any]]:
    """Whole records of a kind, oldest first; each one as the server's own schema and digest have it."""
    rows = held.app.store.database.rows(
        "select record_id, digest, canonical from record where kind = ? order by seq", (kind,)
    )
    found = []
    for row in rows:
        kept = held.app.store.outbox.newest_version(row["record_id"])
        assert kept is not None
        load_record(kept.record)
        assert canonical_bytes(kept.record) == row["canonical"] and digest(kept.record) == row["digest"]
        found.append(kept.record)
    return found


def test_a_sighting(held: Tablet) -> None:
    held.stand(112.9251, 24.9652, 6)
    record = held.app.record
    record.open()
    record.picker.search("csj")
    assert record.choose(record.picker.results[0].key)
    record.set_count(2)
    record.set_field("sex", "male")
    record.set_remarks("  洞口  ")
    assert record.confirm() and record.message.startswith("已保存")
    one = saved(held, "occurrence")[0]
    assert (one["kind"], one["author"], one["seq"], one["form"], one["base_digest"]) == (
        "occurrence",
        PERSON,
        1,
        "sighting/1",
        None,
    )
    assert (
        one["saved_at"]["wall"] == "2025-05-20T07:30:00+08:00"
        and one["saved_at"]["gnss"] == "2025-05-20T07:30:00+08:00"
    )
    body = one["body"]
    assert body["taxon"] == {
        "taxon_id": "t1",
        "scientific_name": "Manis pentadactyla",
        "name_zh": "穿山甲",
        "verbatim_name": "穿山甲",
    }
    assert (body["survey_id"], body["observed_from"], body["date_precision"]) == (
        SURVEY,
        "2025-05-20T07:30:00+08:00",
        "second",
    )
    assert (body["individual_count"], body["sex"], body["occurrence_remarks"], body["evidence_class"]) == (
        2,
        "male",
        "洞口",
        "field",
    )
    assert body["place"] == {
        "latitude_e7": 249_652_000,
        "longitude_e7": 1_129_251_000,
        "coordinate_uncertainty_in_meters": "6",
        "source": "gnss",
        "altitude_m": None,
        "vertical_datum": None,
        "mock": False,
    }


def test_a_sighting_without_a_position_is_kept_and_doubted(held: Tablet) -> None:
    record = held.app.record
    record.open()
    assert not record.confirm() and "请先选择物种" in record.message
    record.choose_name("某种未知的鱼")
    assert record.flags == ("没有位置", "名称不在名录中")
    assert record.confirm()
    assert saved(held, "occurrence")[0]["body"]["place"] is None


def test_a_point_picked_on_the_map(held: Tablet) -> None:
    held.stand(112.9, 25.0)
    record = held.app.record
    record.open()
    record.choose_name("白鹭")
    assert not record.pick_on_map(200, 25) and "超出取值范围" in record.message
    assert record.pick_on_map(113.5, 25.5) and "113.50000" in record.place_text
    assert record.confirm()
    place = saved(held, "occurrence")[0]["body"]["place"]
    assert (place["source"], place["longitude_e7"], place["coordinate_uncertainty_in_meters"]) == (
        "map",
        1_135_000_000,
        "100",
    )


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
def test_an_impossible_count_is_refused(held: Tablet, count: int) -> None:
    held.app.record.open()
    assert not held.app.record.set_count(count)
    assert "数量应在" in held.app.record.message


def test_undo_is_a_tombstone_on_the_same_record(held: Tablet) -> None:
    record_id = held.sighting()
    first = saved(held, "occurrence")[0]
    assert held.app.record.undo() and not held.app.record.undo()
    stone = saved(held, "tombstone")[0]
    assert (stone["id"], stone["base_digest"], stone["seq"]) == (record_id, digest(first), 2)
    assert stone["body"] == {"target_id": record_id, "target_kind": "occurrence", "reason": "撤销"}
    held.app.my_records.refresh()
    assert [row.state for row in held.app.my_records.rows] == ["withdrawn"]
    held.app.record_detail.open(record_id)
    assert not held.app.record_detail.can_withdraw and not held.app.record_detail.withdraw()


def test_a_transect_counts_and_zeros(held: Tablet) -> None:
    picker: SpeciesPicker = held.app.transect.picker
    transect = held.app.transect
    held.stand(113.0, 29.3)
    transect.open()
    targets = [picker.by_name("苍鹭"), picker.by_name("东方白鹳"), picker.by_name("白鹭")]
    assert transect.start("采桑湖", targets)
    assert not transect.start("again")
    assert transect.plus("t2") and transect.plus("t2", 3) and transect.minus("t2")
    assert transect.add_species(picker.by_name("小䴙䴘"), 5)
    assert transect.add_species(picker.by_name("棒花鱼"))
    assert not transect.set_count("t2", -1) and not transect.plus("nobody")
    transect.set_field("weather", "晴")
    transect.set_field("observers", 2)
    for step in range(1, 11):
        held.wait(60)
        held.stand(113.0, 29.3 + step * 0.001)
    assert [(row.name_zh, row.count, row.target) for row in transect.tally] == [
        ("苍鹭", 0, True),
        ("东方白鹳", 0, True),
        ("白鹭", 3, True),
        ("小䴙䴘", 5, False),
        ("棒花鱼", 0, False),
    ]
    assert transect.total == 8
    assert transect.end() and transect.state == "idle"
    event = saved(held, "event")[0]
    body = event["body"]
    assert (body["event_type"], body["sampling_protocol"], body["target_group"], body["weather"]) == (
        "transect",
        "bird_transect",
        "birds",
        "晴",
    )
    assert body["effort"]["duration_min"] == "10" and body["effort"]["observers"] == 2
    assert float(body["effort"]["length_m"]) == pytest.approx(1112, abs=2)
    assert len(body["geometry"]) == 11 and body["target_taxa"] == ["t3", "t7", "t2"]
    counts = {
        o["body"]["taxon"]["name_zh"]: (o["body"]["occurrence_status"], o["body"]["individual_count"])
        for o in saved(held, "occurrence")
    }
    assert counts == {
        "苍鹭": ("absent", 0),
        "东方白鹳": ("absent", 0),
        "白鹭": ("present", 3),
        "小䴙䴘": ("present", 5),
    }
    assert all(o["body"]["event_id"] == event["id"] and o["body"]["place"] for o in saved(held, "occurrence"))


def test_a_transect_survives_the_app(held: Tablet) -> None:
    held.stand(113.0, 29.3)
    held.app.transect.start("线", [held.app.transect.picker.by_name("白鹭")])
    held.app.transect.plus("t2", 4)
    transect = held.restart().transect
    transect.open()
    assert (transect.state, transect.total) == ("running", 4)
    assert transect.end()


def test_an_invasive_plot(held: Tablet) -> None:
    held.stand(112.95, 25.0)
    plot = held.app.invasive
    plot.open()
    assert not plot.confirm() and "入侵物种" in plot.message
    plot.picker.search("kxl")
    assert plot.choose(plot.picker.results[0].key)
    assert plot.set_number("occurrence_area_m2", " 320.50 ") and plot.numbers["occurrence_area_m2"] == "320.5"
    for code, text in (
        ("cover_pct", "101"),
        ("cover_pct", "-1"),
        ("cover_pct", "many"),
        ("cover_pct", "NaN"),
        ("density", "Infinity"),
    ):
        assert not plot.set_number(code, text), text
    assert (
        plot.set_number("cover_pct", "45")
        and plot.set_number("plot_area_m2", "100")
        and plot.set_number("density", "3")
    )
    assert plot.set_number("density", "") and plot.numbers["density"] == ""
    assert plot.set_damage("moderate") and not plot.set_damage("terrible")
    plot.set_field("control_action", "人工拔除")
    assert plot.confirm()
    event, plant = saved(held, "event")[0], saved(held, "occurrence")[0]
    assert (event["body"]["event_type"], event["body"]["effort"]) == ("plot", {"area_m2": "100", "observers": 1})
    assert plant["body"]["event_id"] == event["id"] and plant["body"]["establishment_means"] == "introduced"
    assert plant["body"]["measurements"] == [
        {"code": "occurrence_area_m2", "value": "320.5", "unit": "m2"},
        {"code": "cover_pct", "value": "45", "unit": "%"},
        {"code": "damage_grade", "value": "moderate", "unit": None},
        {"code": "control_action", "value": "人工拔除", "unit": None},
    ]


def walk(held: Tablet, fixes: int, start: float = 24.95, step: float = 0.0001) -> None:
    for number in range(fixes):
        held.wait(10)
        held.stand(112.92, start + number * step)


def test_a_patrol_with_pause_gap_and_finding(held: Tablet) -> None:
    patrol = held.app.patrol
    held.stand(112.92, 24.95)
    assert not patrol.pause() and not patrol.resume() and not patrol.end() and not patrol.open_finding()
    assert patrol.start("天台山") and patrol.state == "running"
    assert not patrol.start("again") and not patrol.resume()
    walk(held, 30)
    assert held.app.home.patrol_text == "" and patrol.distance_m == pytest.approx(29 * 11.12, abs=1)
    held.wait(540)
    walk(held, 30, start=24.96)
    assert [text[:9] for text in patrol.gaps] == ["轨迹中断 9 分钟"]
    assert patrol.open_finding()
    assert not patrol.finding.confirm() and "请选择发现类型" in patrol.finding.message
    patrol.finding.set_field("finding_type", "snare")
    patrol.finding.set_field("action_taken", "拆除")
    assert patrol.finding.confirm() and [row.title for row in patrol.findings] == ["猎套"]
    assert patrol.pause() and patrol.state == "paused"
    walk(held, 5, start=24.97)
    assert patrol.point_count == 60
    assert patrol.resume()
    walk(held, 10, start=24.98)
    assert not patrol.end(nil_report=True) and "不能作零报告" in patrol.message
    assert patrol.end() and patrol.state == "idle"
    record, finding = saved(held, "patrol")[0], saved(held, "finding")[0]
    body = record["body"]
    assert (body["nil_report"], body["leader"], body["location_name"], body["event_type"]) == (
        False,
        PERSON,
        "天台山",
        "patrol",
    )
    assert len(body["gaps"]) == 1 and len(body["pauses"]) == 1
    assert body["pauses"][0]["to"] == "2025-05-20T07:49:50+08:00"
    assert float(body["effort"]["length_m"]) == pytest.approx((29 + 29 + 9) * 11.12, abs=2)
    minutes = (300 + 540 + 300 + 100) / 60
    assert float(body["effort"]["duration_min"]) == pytest.approx(minutes, abs=0.1)
    assert finding["body"]["event_id"] == record["id"] and finding["body"]["place"]["latitude_e7"] > 249_600_000
    segments = saved(held, "track_segment")
    assert [(s["body"]["leg"], len(s["body"]["points"])) for s in segments] == [(0, 60), (1, 10)]
    assert all(s["body"]["patrol_id"] == record["id"] for s in segments)
    first = segments[0]["body"]["points"][0]
    assert first == [int((DAWN + timedelta(seconds=10)).timestamp() * 1000), 1_129_200_000, 249_500_000, 500, None]


def test_a_patrol_survives_the_app_and_says_nil(held: Tablet) -> None:
    held.stand(112.92, 24.95)
    held.app.patrol.start("线路")
    walk(held, 20)
    app = held.restart()
    assert app.patrol.state == "running" and app.patrol.point_count == 20
    app.home.refresh()
    assert app.home.patrol_text.startswith("巡护中")
    walk(held, 20, start=24.9521)
    assert app.patrol.end()
    body = saved(held, "patrol")[0]["body"]
    assert body["nil_report"] is True and body["gaps"] == []
    assert len(saved(held, "track_segment")[0]["body"]["points"]) == 40


def test_a_long_leg_is_cut_into_records_that_fit_a_batch(held: Tablet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobile.capture.patrol.POINTS_PER_SEGMENT", 15)
    held.app.patrol.start("线路")
    walk(held, 40)
    held.app.patrol.end()
    assert [len(s["body"]["points"]) for s in saved(held, "track_segment")] == [15, 15, 10]


def test_an_app_without_enrolment_or_survey_keeps_the_draft(tmp_path: Path) -> None:
    with tablet(tmp_path, enrolled=False) as held:
        record = held.app.record
        record.open()
        record.choose_name("白鹭")
        assert not record.confirm() and "尚未登记" in record.message
        assert not held.app.patrol.start("线路") and held.app.patrol.state == "idle"
        held.app.store.identity.enrol("secret", person_id=PERSON, person_name="甲", holder="hunan", server_epoch="e")
        assert not record.confirm() and "调查项目" in record.message
        held.app.store.surveys.replace([{"survey_id": SURVEY, "title": "t", "kind": "k", "dataset_id": None}])
        held.app.store.identity.device_id()
        assert record.confirm()


def test_text_that_the_wire_cannot_hold_is_refused_and_stays_in_the_draft(held: Tablet) -> None:
    record = held.app.record
    record.open()
    record.choose_name("白鹭")
    record.set_remarks("长" * 5000)
    assert not record.confirm() and "occurrence_remarks" in record.message
    assert record.remarks == "长" * 5000
    record.set_remarks("短")
    assert record.confirm()
