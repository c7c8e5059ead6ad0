"""A record edited in two places is settled on the tablet by a person: nothing is overwritten, and nothing undisputed is lost (P6)."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mobile.capture.problems import FieldProblem
from mobile.capture.recorder import Part
from mobile.capture.settlement import SEALED, UNSENT, Settlement
from mobile.store.conflicts import Conflict
from shared.vocabulary import VERSION
from tests.mobile.disputes import Shared
from tests.mobile.tablets import tablet


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


def test_any_conflict_ends_in_one_state_with_what_was_chosen_and_all_that_nobody_disputed(tmp_path: Path) -> None:
    chance = random.Random(6)
    values: dict[str, list[Any]] = {
        "individual_count": [2, 3, 4],
        "sex": ["male", "female", None],
        "life_stage": ["adult", "juvenile"],
        "behavior": ["觅食", "鸣叫", None],
        "occurrence_remarks": ["水边", "林缘"],
    }
    settled = 0
    with tablet(tmp_path) as held:
        for _ in range(40):
            record = Shared(held)
            made = [record.first, record.edit(**_some(chance, values))]
            for _ in range(chance.randint(1, 4)):
                gone = chance.random() < 0.15
                made.append(record.other(chance.choice(made), **({} if gone else _some(chance, values))))
            before, conflict = record.merged(), record.pull()
            if conflict is None:
                assert before.state != "conflict"
                continue
            settled += 1
            choice = {name: chance.choice(claims) for name, claims in conflict.fields.items()}
            if conflict.deleted_heads and chance.random() < 0.5:
                settlement(record).delete(record.id, conflict.heads, "")
                assert record.merged().state == "deleted"
                continue
            settlement(record).keep(record.id, conflict.heads, choice)
            chosen_values = {name: claim.value for name, claim in choice.items() if not claim.dropped}
            undisputed = {name: value for name, value in before.body.items() if name not in choice}
            assert (record.merged().state, record.merged().body) == ("current", {**undisputed, **chosen_values})
    assert settled > 20


def _some(chance: random.Random, values: dict[str, list[Any]]) -> dict[str, Any]:
    """At least one field, since none at all is a deletion."""
    return {name: chance.choice(values[name]) for name in chance.sample(sorted(values), chance.randint(1, 3))}


def test_a_field_that_the_other_has_no_more_is_left_out(record: Shared) -> None:
    record.edit(behavior="觅食")
    theirs = record.other(behavior=None, sex="male")
    conflict = record.pull()
    assert conflict is not None
    settlement(record).keep(record.id, conflict.heads, chosen(conflict, theirs))
    assert "behavior" not in record.merged().body and record.merged().body["sex"] == "male"


def test_a_code_of_a_newer_app_may_be_chosen_and_stays_as_it_came(record: Shared) -> None:
    """T14: the version says that its codes are not all of our vocabulary."""
    record.edit(evidence_class="image")
    theirs = record.other(evidence_class="drone_lidar")
    conflict = record.pull()
    assert conflict is not None and {claim.value for claim in conflict.fields["evidence_class"]} == {
        "image",
        "drone_lidar",
    }
    settlement(record).keep(record.id, conflict.heads, chosen(conflict, theirs))
    newest = record.held.app.store.outbox.newest_version(record.id)
    assert newest is not None
    assert newest.body["evidence_class"] == "drone_lidar" and newest.record["vocabulary"] != VERSION


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
    record.held.storage.free = 10**10
    connection = record.held.app.store.database.connection()
    connection.execute("create trigger full before insert on settlement begin select raise(abort, 'full'); end")
    with pytest.raises(sqlite3.Error):
        settlement(record).keep(record.id, conflict.heads, choice)
    connection.execute("drop trigger full")
    assert record.state() == "conflict" and record.held.app.store.outbox.waiting_count() == 0
    settlement(record).keep(record.id, conflict.heads, choice)
    assert record.merged().state == "current"


def test_what_cannot_be_settled_here_says_why(record: Shared) -> None:
    ours, theirs = record.edit(individual_count=3), record.other(individual_count=5)
    withheld = {"individual_count": [{"digest": ours, "value": 3}, {"digest": theirs, "withheld": True}]}
    reasons: list[tuple[dict[str, Any], str]] = [
        ({"sealed": True, "fields": {}}, SEALED),
        ({"fields": withheld}, SEALED),
        ({"body": None}, "没有告诉这条记录的内容"),
    ]
    for instead, words in reasons:
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
