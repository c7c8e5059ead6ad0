"""What the screens say of a record that was changed in two places, and what a person can do about it (P6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.settlement import SEALED
from mobile.presenters.field_words import words_of
from shared.field_names import FIELD_NAMES
from shared.wire.envelope import BODIES
from tests.mobile.disputes import Shared
from tests.mobile.tablets import tablet


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Shared]:
    with tablet(tmp_path) as held:
        yield Shared(held)


PLACE = {
    "latitude_e7": 249_550_000,
    "longitude_e7": 1_129_300_000,
    "source": "map",
    "coordinate_uncertainty_in_meters": "30",
}


def test_the_screen_shows_both_sides_in_words_and_saves_what_was_chosen(record: Shared) -> None:
    field, conflict = record.held.app, record.held.app.conflict
    record.edit(individual_count=3, sex="male", place={**PLACE, "source": "gnss", "altitude_m": "812"})
    record.other(individual_count=5, sex="female", place=PLACE)
    record.pull()
    field.my_records.set_filter("conflict")
    assert [row.state_name for row in field.my_records.rows] == ["有冲突，待处理"]
    field.record_detail.open(record.id)
    assert field.record_detail.can_settle and "请选定" in field.record_detail.conflict_text
    assert not field.record_detail.can_withdraw, "withdrawing is one of the choices"
    conflict.open(record.id)
    assert conflict.is_open and not conflict.refusal and "白鹭" in conflict.title
    assert [row.label for row in conflict.rows] == ["数量", "性别", "位置"]
    words = [{option.words for option in row.options} for row in conflict.rows]
    assert words == [
        {"3", "5"},
        {"雄", "雌"},
        {
            "东经 112.93000°　北纬 24.95500°\n卫星定位，误差 30 米，海拔 812 米",
            "东经 112.93000°　北纬 24.95500°\n地图选点，误差 30 米",
        },
    ]
    ours, theirs = sorted(conflict.rows[0].options, key=lambda option: option.words)
    assert ours.who.startswith("王莽（这台平板）　2025-05-20") and theirs.who.startswith("王莽　2025-05-20")
    for number, row in enumerate(conflict.rows):
        assert (conflict.left, conflict.can_save) == (3 - number, False) and conflict.save() is False
        conflict.choose(row.name, "no such version")
        conflict.choose(row.name, theirs.key)
    conflict.choose("sex", ours.key)
    assert conflict.can_save and conflict.save() and conflict.message.startswith("已保存在平板上，等待发送")
    assert not conflict.is_open and conflict.rows == () and conflict.refusal
    body = record.merged().body
    assert (body["individual_count"], body["sex"], body["place"]) == (5, "male", PLACE)
    field.record_detail.refresh()
    assert field.record_detail.state_name == "冲突已处理，待发送" and "等待发送" in field.record_detail.conflict_text
    assert any("1 条记录" in line and "等待发送" in line for line in _lines(record))


def _lines(record: Shared) -> tuple[str, ...]:
    record.held.app.sync.refresh()
    return record.held.app.sync.lines


def test_the_screen_of_a_deletion_shows_what_would_be_lost(record: Shared) -> None:
    conflict = record.held.app.conflict
    record.edit(individual_count=3, life_stage="adult")
    record.other()
    record.pull()
    conflict.open(record.id)
    (row,) = conflict.rows
    kept, gone = row.options
    assert (kept.words, gone.words) == ("保留修改", "确认删除")
    assert "数量：3" in kept.detail and "年龄：成体" in kept.detail and "白鹭" in kept.detail
    conflict.choose(row.name, gone.key)
    assert conflict.save() and record.merged().state == "deleted" and record.state() == "withdrawn"


def test_a_deletion_against_two_edits_asks_for_the_fields_once_they_are_kept(record: Shared) -> None:
    conflict = record.held.app.conflict
    ours = record.edit(individual_count=3)
    record.other(individual_count=5)
    record.other()
    record.pull()
    conflict.open(record.id)
    assert [row.name for row in conflict.rows] == ["deletion"]
    conflict.choose("deletion", "keep")
    assert [row.name for row in conflict.rows] == ["deletion", "individual_count"] and not conflict.can_save
    conflict.choose("individual_count", ours)
    assert conflict.save() and (record.merged().state, record.merged().body["individual_count"]) == ("current", 3)


def test_values_that_do_not_go_together_may_be_left_empty(record: Shared) -> None:
    conflict = record.held.app.conflict
    ours, theirs = record.edit(count_min=6), record.other(count_max=4)
    claims = {"count_min": [{"digest": ours, "value": 6}], "count_max": [{"digest": theirs, "value": 4}]}
    record.pull(fields=claims)
    conflict.open(record.id)
    assert [[option.words for option in row.options] for row in conflict.rows] == [["6", "无"], ["4", "无"]]
    conflict.choose("count_min", ours)
    conflict.choose("count_max", theirs)
    assert conflict.save() is False and "count_min 6 is above" in conflict.message, "the check of every record"
    assert conflict.can_save and record.state() == "conflict", "nothing chosen is lost"
    conflict.choose("count_min", "")
    assert conflict.save() and (record.merged().body["count_min"], record.merged().body["count_max"]) == (None, 4)


def test_what_was_chosen_stays_until_the_versions_change(record: Shared) -> None:
    conflict = record.held.app.conflict
    ours, theirs = record.edit(individual_count=3), record.other(individual_count=5)
    record.pull()
    conflict.open(record.id)
    conflict.choose("individual_count", ours)
    conflict.refresh()
    assert conflict.can_save
    record.other(theirs, individual_count=8)
    record.pull()
    assert conflict.save() is False and "又有新的修改" in conflict.message
    conflict.refresh()
    assert not conflict.can_save and {option.words for option in conflict.rows[0].options} == {"3", "8"}


def test_a_sealed_record_says_who_may_settle_it(record: Shared) -> None:
    record.edit(individual_count=3)
    record.other(individual_count=5)
    record.pull(sealed=True, fields={}, body=None)
    field = record.held.app
    field.record_detail.open(record.id)
    field.conflict.open(record.id)
    assert "审核员" in field.record_detail.conflict_text and not field.record_detail.can_settle
    assert field.conflict.refusal == SEALED and field.conflict.rows == () and not field.conflict.can_save


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("taxon", {"name_zh": "白鹭", "scientific_name": "Egretta garzetta", "qualifier": "cf."}, "白鹭　Egretta garzetta　cf."),
        ("finding_type", "of a newer app", "of a newer app"),
        ("nil_report", False, "否"),
        ("measurements", [{"code": "damage_grade", "value": "severe"}, {"code": "cover_pct", "value": "4", "unit": "%"}], "危害程度 重；盖度 4 %"),
        ("effort", {"length_m": "900", "observers": 2, "area_m2": None}, "900 米，2 人"),
        ("observed_from", "2025-05-20T00:10:00+00:00", "2025-05-20 08:10:00"),
        ("observed_from", "2025-05", "2025-05"),
        ("geometry", [[1, 2], [3, 4]], "2 个点"),
        ("flags", ["place_zero"], "坐标为 0,0"),
        ("notice", {"version": "3", "guardian": True}, "已告知并同意（告知书 3，监护人同意）"),
        ("place", "odd", "odd"),
        ("new_field", {"b": 1, "a": "湘"}, '{"a": "湘", "b": 1}'),
        ("occurrence_remarks", "", "无"),
    ],
)  # fmt: skip
def test_values_are_told_in_words(name: str, value: Any, words: str) -> None:
    assert words_of(name, value) == words


def test_every_field_has_a_chinese_name() -> None:
    for kind, body in BODIES.items():
        assert body().fields.keys() - FIELD_NAMES.keys() == set(), kind
