"""A record edited in two places is settled on the tablet by a person: nothing is overwritten, and nothing undisputed is lost (P6)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part
from mobile.capture.settlement import SEALED, UNSENT, Settlement
from mobile.presenters.field_words import words_of
from mobile.store.conflicts import Conflict
from mobile.store.delivery import Receipt
from shared.canonical import digest
from shared.field_names import FIELD_NAMES
from shared.merge import Merged, Version, merge
from shared.wire.envelope import BODIES
from tests.mobile.tablets import Tablet, tablet


class Shared:
    """One record, of which this tablet and another have each made a version; told as the province tells it."""

    def __init__(self, held: Tablet) -> None:
        self.held, self.number = held, 0
        self.id = held.sighting(count=1)
        (first,) = self.own()
        self.deliver()
        self.others: dict[str, dict[str, Any]] = {}
        self.first = digest(first)
        self.body: dict[str, Any] = first["body"]

    def own(self) -> list[dict[str, Any]]:
        rows = self.held.app.store.database.rows("select canonical from record where record_id = ?", (self.id,))
        return [json.loads(row["canonical"]) for row in rows]

    def edit(self, **values: Any) -> str:
        body = {**self.body, **values}
        (saved,) = self.held.app.recorder.commit([Part("occurrence", "edit/1", body, self.id, self.first)])
        self.deliver()
        return saved.digest

    def other(self, base: str = "", settles: tuple[str, ...] = (), **values: Any) -> str:
        """From another tablet; None drops a field, no values at all delete the record."""
        (first, *_) = self.own()
        body: dict[str, Any] = {n: v for n, v in {**self.body, **values}.items() if v is not None or n not in values}
        told = {**first, "base_digest": base or self.first, "seq": 70 + len(self.others), "body": body}
        told |= {"merged_digests": list(settles)} if settles else {}
        if not values:
            body = {"target_id": self.id, "target_kind": "occurrence", "reason": "重复"}
            told |= {"kind": "tombstone", "body": body}
        self.others[digest(told)] = told
        return digest(told)

    def deliver(self) -> None:
        deliveries, now = self.held.app.store.deliveries, self.held.clock.now()
        offered = deliveries.read(deliveries.due(now, ignore_pause=True), 1_000_000)
        deliveries.answered(
            [Receipt(o.record_id, o.digest, "accepted", "hunan", "e1", "") for o in offered], "hunan", now
        )

    def versions(self) -> dict[str, dict[str, Any]]:
        return {**{digest(one): one for one in self.own()}, **self.others}

    def merged(self) -> Merged:
        return merge(
            Version(mark, one["base_digest"], one["kind"], one["body"], tuple(one.get("merged_digests", ())))
            for mark, one in self.versions().items()
        )

    def pull(self, **instead: Any) -> Conflict | None:
        """What the province says now."""
        self.number += 1
        view, versions = self.merged(), self.versions()
        state = "conflict" if instead else view.state
        change = {
            "record_id": self.id,
            "kind": "occurrence",
            "state": state,
            "head_digest": view.heads[0],
            "change_no": self.number,
        }
        if state == "conflict":
            told = [
                {
                    "digest": mark,
                    "author_name": "王莽",
                    "saved_at": one["saved_at"]["wall"],
                    "deleted": one["kind"] == "tombstone",
                }
                for mark, one in versions.items()
            ]
            fields = {
                name: [
                    {"digest": mark, "value": one["body"][name]} if name in one["body"] else {"digest": mark}
                    for mark, one in versions.items()
                    if mark in view.heads and one["kind"] != "tombstone"
                ]
                for name in view.conflicts
            }
            body = dict(view.body)
            change["conflict"] = {
                "heads": list(view.heads),
                "versions": told,
                "fields": fields,
                "body": body,
                **instead,
            }
        self.held.app.store.pulled.take([change], self.number)
        return self.held.app.store.conflicts.of(self.id)

    def state(self) -> str:
        kept = self.held.app.store.outbox.find(("occurrence",), self.id)
        assert kept is not None
        return kept.state


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Shared]:
    with tablet(tmp_path) as held:
        yield Shared(held)


def settlement(record: Shared) -> Settlement:
    return Settlement(record.held.app.recorder)


def chosen(conflict: Conflict, mark: str) -> dict[str, Any]:
    return {name: next(claim for claim in claims if claim.digest == mark) for name, claims in conflict.fields.items()}


def test_the_chosen_value_stands_and_what_nobody_disputes_stays(record: Shared) -> None:
    record.edit(individual_count=3, behavior="觅食")
    theirs = record.other(individual_count=5, occurrence_remarks="水边")
    conflict = record.pull()
    assert conflict is not None and set(conflict.fields) == {"individual_count"} and record.state() == "conflict"
    assert record.held.app.store.outbox.standing().conflicts == 1
    record.held.app.home.refresh()
    assert record.held.app.home.conflict_text == "1 条记录两处修改不一致"
    settlement(record).keep(record.id, conflict.heads, chosen(conflict, theirs))
    view = record.merged()
    said = {name: view.body[name] for name in ("individual_count", "behavior", "occurrence_remarks")}
    assert (view.state, said) == ("current", {"individual_count": 5, "behavior": "觅食", "occurrence_remarks": "水边"})
    assert record.state() == "settled" and record.held.app.store.outbox.standing().conflicts == 0
    assert record.held.app.store.conflicts.of(record.id) is None, "nobody is asked twice"
    record.held.app.home.refresh()
    assert record.held.app.home.conflict_text == ""
    record.pull()
    record.deliver()
    assert record.state() == "held" and record.held.app.store.outbox.waiting_count() == 0


def test_what_came_to_the_province_meanwhile_is_a_new_conflict(record: Shared) -> None:
    ours, theirs = record.edit(individual_count=3), record.other(individual_count=5)
    conflict = record.pull()
    assert conflict is not None
    record.other(theirs, individual_count=8)
    settlement(record).keep(record.id, conflict.heads, chosen(conflict, ours))
    record.deliver()
    again = record.pull()
    assert again is not None and record.state() == "conflict"
    assert {claim.value for claim in again.fields["individual_count"]} == {3, 8}
    with pytest.raises(FieldProblem, match="又有新的修改"):
        settlement(record).keep(record.id, conflict.heads, chosen(conflict, theirs))


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "deleted"])
def test_a_deletion_against_an_edit(record: Shared, keep: bool) -> None:
    record.edit(individual_count=3)
    record.other()
    conflict = record.pull()
    assert conflict is not None and len(conflict.deleted_heads) == 1 and conflict.fields == {}
    if keep:
        settlement(record).keep(record.id, conflict.heads, {})
        assert (record.merged().state, record.merged().body["individual_count"], record.state()) == (
            "current",
            3,
            "settled",
        )
    else:
        settlement(record).delete(record.id, conflict.heads, "经核对，确认删除")
        assert (record.merged().state, record.state()) == ("deleted", "withdrawn")


def test_what_was_deleted_here_and_is_kept_after_all_is_shown_again(record: Shared) -> None:
    record.other(individual_count=4)
    record.held.app.recorder.withdraw(record.id, "记录人撤回")
    record.deliver()
    assert record.state() == "withdrawn"
    conflict = record.pull()
    assert conflict is not None and record.state() == "conflict"
    settlement(record).keep(record.id, conflict.heads, {})
    record.deliver()
    record.pull()
    assert (record.state(), record.merged().body["individual_count"]) == ("held", 4)


def test_a_field_that_the_other_has_no_more_is_left_out(record: Shared) -> None:
    record.edit(behavior="觅食")
    theirs = record.other(behavior=None, sex="male")
    conflict = record.pull()
    assert conflict is not None
    settlement(record).keep(record.id, conflict.heads, chosen(conflict, theirs))
    assert "behavior" not in record.merged().body and record.merged().body["sex"] == "male"


def test_it_is_settled_whole_or_not_at_all(record: Shared) -> None:
    record.edit(individual_count=3, sex="male")
    theirs = record.other(individual_count=5, sex="female")
    conflict = record.pull()
    assert conflict is not None
    choice = chosen(conflict, theirs)
    with pytest.raises(FieldProblem, match="选定"):
        settlement(record).keep(record.id, conflict.heads, {"sex": choice["sex"]})
    record.held.storage.free = 1
    with pytest.raises(FieldProblem):
        settlement(record).keep(record.id, conflict.heads, choice)
    assert record.state() == "conflict" and record.held.app.store.outbox.waiting_count() == 0
    record.held.storage.free = 10**10
    settlement(record).keep(record.id, conflict.heads, choice)
    assert record.merged().state == "current"


def test_what_cannot_be_settled_here_says_why(record: Shared) -> None:
    ours = record.edit(individual_count=3)
    record.other(individual_count=5)
    for instead, words in (({"sealed": True, "fields": {}}, SEALED), ({"body": None}, "没有告诉这条记录的内容")):
        conflict = record.pull(**instead)
        assert conflict is not None and words in settlement(record).refusal(conflict)
        with pytest.raises(FieldProblem):
            settlement(record).delete(record.id, conflict.heads, "")
    record.held.app.recorder.commit([Part("occurrence", "edit/1", record.body, record.id, ours)])
    conflict = record.pull()
    assert conflict is not None and settlement(record).refusal(conflict) == UNSENT


def test_a_record_settled_elsewhere_asks_nobody_here(record: Shared) -> None:
    ours, theirs = record.edit(individual_count=3), record.other(individual_count=5)
    assert record.pull() is not None
    record.other(theirs, (ours,), individual_count=5, life_stage="adult")
    assert record.merged().state == "current" and record.pull() is None
    assert record.state() == "held" and record.held.app.store.outbox.standing().conflicts == 0
    detail = record.held.app.record_detail
    detail.open(record.id)
    assert "别处还有更新的修改" in detail.reason, "its own version is not shown as what holds"


ODD: list[Any] = [None, [], {}, {"heads": ["a"]}, {"heads": "ab", "versions": 3}, {"heads": [1, 2], "versions": [{}]}]
ODD_FIELDS: list[Any] = [[3], {"sex": []}, {"sex": [{"value": 1}]}]


def test_a_garbled_conflict_spoils_no_pull(record: Shared) -> None:
    record.edit(individual_count=3)
    record.other(individual_count=5)
    for odd in ODD:
        change = {"record_id": record.id, "kind": "occurrence", "state": "conflict", "change_no": 9, "conflict": odd}
        assert record.held.app.store.pulled.take([change], 9) == []
        assert record.held.app.store.conflicts.of(record.id) is None and record.state() == "conflict"
    for odd in ODD_FIELDS:
        assert record.pull(fields=odd) is None


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


def test_every_field_that_people_fill_in_has_a_chinese_name() -> None:
    for kind in ("occurrence", "event", "patrol", "finding"):
        assert BODIES[kind]().fields.keys() - FIELD_NAMES.keys() == set(), kind
