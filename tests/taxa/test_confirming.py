"""A person stands for rows: logged, for good, for the same row of every version; and what still waits for one."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.audit.checking import first_broken
from server.audit.model import AuditEntry
from server.taxa import confirming, queries
from server.taxa.service import confirm, load_lists
from shared.clock import SystemClock
from tests.taxa.agency import AGENCY, PLAIN, animal, hand_in

KEY = "invasive_key_managed_2022"
OPEN = {"status": "未核对"}


def open_rows(session: Session, list_id: str) -> list[int]:
    return [no for one in queries.unverified(session) if one["list_id"] == list_id for no in one["rows"]]


def say(session: Session, list_id: str, *rows: int, basis: str = "公告第567号原文") -> list[int]:
    return [row["entry_no"] for row in confirm(session, list_id, rows, basis, AGENCY, SystemClock())]


def test_confirmed_rows_are_open_no_more(reference: Session) -> None:
    assert open_rows(reference, KEY) == list(range(38, 60))
    assert say(reference, KEY, 38, 39, 1) == [38, 39]
    assert open_rows(reference, KEY) == list(range(40, 60))
    [version] = [one for one in queries.list_versions(reference) if one.list_id == KEY]
    assert version.unverified_count == 20
    assert say(reference, KEY, 38) == []
    kept = reference.execute(
        text("SELECT basis, confirmed_by, count(*) FROM xiangye.list_confirmation WHERE list_id = :list GROUP BY 1, 2"),
        {"list": KEY},
    ).one()
    assert tuple(kept) == ("公告第567号原文", AGENCY, 2)


def test_a_confirmation_is_logged_in_the_chain(reference: Session) -> None:
    say(reference, KEY, 40, 41)
    entry = reference.query(AuditEntry).order_by(AuditEntry.entry_no.desc()).limit(1).one()
    assert (entry.action, entry.subject, entry.actor) == ("confirm_list", KEY, AGENCY)
    assert entry.detail == {"version": "2022", "rows": [40, 41], "basis": "公告第567号原文"}
    assert first_broken(reference) is None


def test_names_of_a_confirmed_row_are_verified(session: Session, tmp_path: Path) -> None:
    load_lists(session, [hand_in(tmp_path, [animal("Rana alpha", "甲蛙", **OPEN)])], AGENCY)
    statuses = "SELECT DISTINCT status FROM xiangye.taxon_name"
    assert session.execute(text(statuses)).scalars().all() == ["unverified"]
    say(session, "hunan_animals", 1)
    assert session.execute(text(statuses)).scalars().all() == ["verified"]


def test_it_holds_for_the_same_row_of_later_versions_and_for_no_other(session: Session, tmp_path: Path) -> None:
    a, b = animal("Rana alpha", "甲蛙", **OPEN), animal("Rana beta", "乙蛙", **OPEN)
    load_lists(session, [hand_in(tmp_path / "1", [a, b])], AGENCY)
    say(session, "hunan_animals", 1, 2)
    load_lists(session, [hand_in(tmp_path / "2", [{**b, "category": "II"}, a])], AGENCY)
    assert open_rows(session, "hunan_animals") == [1]


def test_what_is_not_there_is_refused_by_name(reference: Session) -> None:
    with pytest.raises(ValueError, match=r"没有名录 nowhere"):
        say(reference, "nowhere", 1)
    with pytest.raises(ValueError, match=r"没有第 60、99 行"):
        say(reference, KEY, 60, 59, 99)
    with pytest.raises(ValueError, match="依据"):
        say(reference, KEY, 59, basis="  ")
    assert reference.execute(text("SELECT count(*) FROM xiangye.list_confirmation")).scalar_one() == 0


def test_confirmations_are_never_changed(reference: Session) -> None:
    with pytest.raises(Exception, match="permission denied"), reference.begin_nested():
        reference.execute(text("DELETE FROM xiangye.list_confirmation"))


def test_check_names_all_that_waits(reference: Session, tmp_path: Path) -> None:
    rules = [
        {
            "scientific_name": "Ardea cinerea",
            "name_zh": "苍鹭",
            "category": "4",
            "reason": "巢区",
            "review_on": "2020-01-01",
        }
    ]
    load_lists(
        reference,
        [
            hand_in(tmp_path, [animal("Ardea nova", "苍鹭"), animal("Ardea cinerea", "苍鹭")]),
            hand_in(tmp_path, rules, id="my_rules", kind="sensitivity", **PLAIN),
        ],
        AGENCY,
    )
    found = confirming.check(reference, date(2025, 1, 1))
    assert {one["list_id"] for one in found["unverified"]} >= {KEY, "sensitivity_default", "hunan_animals"}
    assert [(one["row"], one["scientific_name"]) for one in found["unmatched"]] == [(1, "Ardea nova")]
    assert [(one["list_id"], one["row"], one["name_zh"]) for one in found["overdue"]] == [("my_rules", 1, "苍鹭")]
    assert {one["authority"] for one in found["open_identifiers"]} == {"inaturalist"}
    assert len(found["open_identifiers"]) >= 1
    [conflict] = [one for one in found["conflicts"] if one["name"] == "苍鹭"]
    assert conflict["taxa"] == ["Ardea cinerea", "Ardea nova"]


def test_whoever_confirms_waits_for_a_load_and_a_load_for_them(reference: Session) -> None:
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND mode = :mode")
    before = reference.execute(held, {"mode": "ExclusiveLock"}).scalar_one()
    say(reference, KEY, 38)
    assert reference.execute(held, {"mode": "ExclusiveLock"}).scalar_one() > before
