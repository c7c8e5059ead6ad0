"""What reviewers say reaches the tablet that sent the record, and the answer goes back like any record."""

import random
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mobile.capture.answer import LONGEST
from mobile.store.database import UPGRADES, Database, upgrade
from mobile.store.reviews import take_reviews
from shared.canonical import digest
from shared.ids import uuid7
from shared.vocabulary import REVIEW_STATES
from tests.mobile.station import Station, make_pack, station
from tests.mobile.tablets import DAWN, Tablet, tablet

QUESTION = "翼镜是什么颜色？请补充（𬶋 鵟 䴙䴘）"


@pytest.fixture
def server() -> Any:
    with station(epoch="e1") as one:
        yield one


@pytest.fixture
def held(tmp_path: Path, server: Station) -> Any:
    with tablet(tmp_path / "data", server_url=server.url) as one:
        one.app.store.packs.install("taxa", make_pack(tmp_path / "taxa.sqlite3"), DAWN)
        yield one


def said(server: Station, record_id: str, state: str, message: str = "", **review: Any) -> str:
    """The server's next change: a decision on this record."""
    decision_id = str(uuid7())
    number = len(server.changes) + 1
    told = {"state": state, "message": message, "taxon": None, "decision_id": decision_id, "decided_by": "县级审核员"}
    at = (DAWN + timedelta(days=1, minutes=number)).isoformat()
    change = {"record_id": record_id, "kind": "occurrence", "state": "current", "head_digest": "0" * 64}
    server.changes.append({**change, "change_no": number, "review": {**told, "decided_at": at, **review}})
    return decision_id


def row(held: Tablet, record_id: str) -> Any:
    held.app.my_records.set_filter("all")
    return next(row for row in held.app.my_records.rows if row.record_id == record_id)


def test_each_state_is_told_in_words_with_the_reviewers_own(held: Tablet, server: Station) -> None:
    ids = {state: held.sighting() for state in REVIEW_STATES}
    assert held.app.sync.sync() is True
    for state, record_id in ids.items():
        taxon = {"scientific_name": "Ardea cinerea", "name_zh": "苍鹭"} if state == "reidentified" else None
        said(server, record_id, state, f"{state}：{QUESTION}", taxon=taxon)
    assert held.app.sync.sync() is True
    names = {state: row(held, record_id).state_name for state, record_id in ids.items()}
    assert names == {
        "pending": "待审核",
        "asked": "待补充",
        "confirmed": "已确认",
        "reidentified": "改定为 苍鹭",
        "rejected": "已退回",
        "escalated": "已上报",
    }
    assert row(held, ids["rejected"]).reason == f"rejected：{QUESTION}"
    held.app.my_records.set_filter("asked")
    assert [one.record_id for one in held.app.my_records.rows] == [ids["asked"]]
    assert held.app.my_records.counts == dict.fromkeys(REVIEW_STATES, 1)
    held.app.home.refresh()
    assert (held.app.home.asked_count, held.app.home.asked_text) == (1, "1 条记录待补充")


def test_the_newest_decision_counts_and_all_are_kept(held: Tablet, server: Station) -> None:
    record_id = held.sighting()
    held.app.sync.sync()
    for state in ("asked", "escalated", "rejected", "confirmed"):
        said(server, record_id, state, state)
    held.app.sync.sync()
    assert row(held, record_id).state == "confirmed"
    detail = held.app.record_detail
    detail.open(record_id)
    assert [(one.who, one.what, one.words) for one in detail.history] == [
        ("我", "保存记录", ""),
        ("县级审核员", "提问", "asked"),
        ("县级审核员", "已上报", "escalated"),
        ("县级审核员", "已退回", "rejected"),
        ("县级审核员", "已确认", "confirmed"),
    ]
    assert detail.question == "" and not detail.send()


def test_a_question_is_answered_in_gloves_and_offline(held: Tablet, server: Station) -> None:
    record_id = held.sighting("白鹭")
    held.app.sync.sync()
    decision_id = said(server, record_id, "asked", QUESTION)
    held.app.sync.sync()
    url, detail = server.url, held.app.record_detail
    held.app.sync.set_server("http://127.0.0.1:9")
    detail.open(record_id)
    assert (detail.question, detail.state_name) == (QUESTION, "待补充")
    assert not detail.send() and "答复" in detail.message
    assert not detail.set_answer("字" * (LONGEST + 1)) or not detail.send()
    assert detail.set_answer("白色，像䴙䴘") and detail.choose("t3")
    detail = held.restart().record_detail
    detail.open(record_id)
    assert (detail.answer_text, detail.taxon_text) == ("白色，像䴙䴘", "苍鹭"), "a draft outlives the app"
    held.app.my_records.set_filter("all")
    assert [one.state for one in held.app.my_records.rows] == ["asked"], "the answer's draft is no record of its own"
    assert detail.send() and detail.message.startswith("已保存")
    assert (detail.state_name, detail.question) == ("已答复，待审核", "")
    assert not detail.send(), "one answer a question"
    held.app.home.refresh()
    assert held.app.home.asked_count == 0 and held.app.home.waiting_records == 1
    assert [one.what for one in detail.history][-1] == "答复（等待发送）"

    held.app.sync.set_server(url)
    assert held.app.sync.sync() is True
    (answer,) = [one for one in server.records.values() if one["kind"] == "identification_answer"]
    body = answer["body"]
    assert (body["occurrence_id"], body["decision_id"], body["answer"]) == (record_id, decision_id, "白色，像䴙䴘")
    assert body["taxon"]["name_zh"] == "苍鹭" and (answer["id"], digest(answer)) in server.records
    detail.open(record_id)
    assert detail.history[-1].what == "答复（已送达）" and "现认为是：苍鹭" in detail.history[-1].words

    said(server, record_id, "pending")
    held.app.sync.sync()
    assert row(held, record_id).state_name == "待审核"
    said(server, record_id, "asked", "还缺数量")
    held.app.sync.sync()
    detail.open(record_id)
    assert (detail.state, detail.question, detail.answer_text) == ("asked", "还缺数量", "")


def test_two_questions_have_two_drafts(held: Tablet, server: Station) -> None:
    first, second = held.sighting(), held.sighting()
    held.app.sync.sync()
    for record_id in (first, second):
        said(server, record_id, "asked", record_id)
    held.app.sync.sync()
    detail = held.app.record_detail
    for record_id in (first, second):
        detail.open(record_id)
        assert detail.set_answer(f"答 {record_id}")
    detail.open(first)
    assert detail.answer_text == f"答 {first}"
    detail.open(second)
    assert detail.answer_text == f"答 {second}" and detail.send()
    detail.open(first)
    assert detail.answer_text == f"答 {first}" and detail.clear_taxon() and detail.send()


def test_what_is_withdrawn_asks_nothing_more(held: Tablet, server: Station) -> None:
    record_id = held.sighting()
    held.app.sync.sync()
    said(server, record_id, "asked", QUESTION)
    held.app.sync.sync()
    held.app.record_detail.open(record_id)
    assert held.app.record_detail.withdraw()
    held.app.home.refresh()
    assert (held.app.record_detail.state, held.app.record_detail.question, held.app.home.asked_count) == (
        "withdrawn",
        "",
        0,
    )


def test_a_restored_server_says_anew_what_it_decided(held: Tablet, server: Station) -> None:
    record_id = held.sighting()
    held.app.sync.sync()
    said(server, record_id, "rejected", "旧")
    held.app.sync.sync()
    server.epoch, server.changes = "e2", []
    said(server, record_id, "confirmed", "新")
    assert held.app.sync.sync() is True
    assert row(held, record_id).state == "confirmed"


def test_a_state_that_a_newer_server_invented_is_somewhere_in_review(held: Tablet, server: Station) -> None:
    record_id = held.sighting()
    held.app.sync.sync()
    said(server, record_id, "voted", "二人已投票", decided_at="昨天")
    held.app.sync.sync()
    assert row(held, record_id).state_name == "审核中"
    held.app.record_detail.open(record_id)
    assert held.app.record_detail.history[-1].words == "二人已投票"


ODD = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.text(max_size=2), max_size=2)


@settings(max_examples=100, deadline=None)
@given(
    review=ODD
    | st.fixed_dictionaries({}, optional=dict.fromkeys(("state", "message", "taxon", "decided_at", "decision_id"), ODD))
)
def test_a_garbled_review_spoils_no_pull(review: Any) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for file in sorted(UPGRADES.glob("*.sql")):
        connection.executescript(file.read_text(encoding="utf-8"))
    good = {"record_id": "b", "change_no": 2, "review": {"state": "confirmed"}}
    take_reviews(connection, [{"record_id": "a", "change_no": 1, "review": review}, good])
    assert connection.execute("select state from review where record_id = 'b'").fetchone() == ("confirmed",)
    connection.close()


def old_store(path: Path, records: int) -> list[tuple[str, str]]:
    """A database as the app before this one left it."""
    folder = path.parent / "old-upgrades"
    folder.mkdir()
    (folder / "0001_first.sql").write_text((UPGRADES / "0001_first.sql").read_text(encoding="utf-8"))
    connection = sqlite3.connect(path, isolation_level=None)
    upgrade(connection, path, folder)
    kept = [(str(uuid7()), f"{number:064x}") for number in range(records)]
    connection.execute("begin")
    for number, (record_id, mark) in enumerate(kept, 1):
        connection.execute(
            "insert into record values (?, ?, ?, null, 'occurrence', ?, ?)", (number, record_id, mark, "2025", b"{}")
        )
        connection.execute("insert into outbox (record_id, digest) values (?, ?)", (record_id, mark))
    connection.execute("commit")
    connection.close()
    return kept


def test_an_old_store_opens_with_all_that_waits_in_it(tmp_path: Path) -> None:
    kept = old_store(tmp_path / "field.sqlite3", 50)
    database = Database(tmp_path / "field.sqlite3")
    assert [tuple(one) for one in database.rows("select record_id, digest from record order by seq")] == kept
    assert database.count("select count(*) from outbox where state = 'waiting'") == 50
    assert database.count("select count(*) from review") == 0
    newest = max(int(step.name.split("_")[0]) for step in UPGRADES.glob("*.sql"))
    assert database.count("pragma user_version") == newest
    database.close()
    copy = sqlite3.connect(tmp_path / f"field.before{newest}.sqlite3")
    assert copy.execute("select count(*) from record").fetchone() == (50,)
    copy.close()


OPENER = """
import sys
from pathlib import Path
from mobile.store.database import Database
print("go", flush=True)
Database(Path(sys.argv[1])).close()
"""


def test_an_upgrade_that_is_killed_goes_on_at_the_next_start(tmp_path: Path) -> None:
    """T17: whenever the app is ended, the store opens after it with every record."""
    import subprocess
    import sys
    import time

    chance = random.Random(11)
    for turn in range(8):
        folder = tmp_path / str(turn)
        folder.mkdir()
        kept = old_store(folder / "field.sqlite3", 400)
        opener = subprocess.Popen(
            [sys.executable, "-c", OPENER, str(folder / "field.sqlite3")], stdout=subprocess.PIPE, text=True
        )
        assert opener.stdout is not None and opener.stdout.readline() == "go\n"
        time.sleep(chance.uniform(0, 0.03))
        opener.kill()
        opener.wait()
        opener.stdout.close()
        database = Database(folder / "field.sqlite3")
        assert [tuple(one) for one in database.rows("select record_id, digest from record order by seq")] == kept
        assert database.count("select count(*) from review_answer") == 0
        assert database.rows("pragma integrity_check")[0][0] == "ok"
        database.close()
