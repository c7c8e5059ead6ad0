"""What a tablet meets over real HTTP."""

import json
from typing import Any

import pytest
import requests
from sqlalchemy import text

from server.accounts.service import issue_code, revoke
from server.db import open_session
from server.ledger import service as ledger
from shared.canonical import digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.people import person
from tests.records import PANGOLIN, occurrence
from tests.serving import Live


def problem(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_enrolment_works_once(live: Live) -> None:
    from uuid import UUID

    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    ask: dict[str, Any] = {"code": code, "device_id": str(uuid7()), "device_name": "平板二", "app_version": "0.1.0"}
    first = requests.post(f"{live.url}/v1/devices/enrol", json=ask, timeout=20)
    assert (first.status_code, first.json()["person_name"]) == (201, "测试员")
    again = requests.post(f"{live.url}/v1/devices/enrol", json={**ask, "device_id": str(uuid7())}, timeout=20)
    assert problem(again) == (410, "enrolment_used")
    with open_session(live.settings) as session:
        kept = session.execute(
            text("SELECT string_agg(d::text, '') || (SELECT string_agg(e::text, '') FROM enrolment e) FROM device d")
        ).scalar_one()
    assert first.json()["credential"] not in kept
    assert code not in kept


def test_enrolment_names_the_missing_field(live: Live) -> None:
    answer = requests.post(f"{live.url}/v1/devices/enrol", json={"code": "x"}, timeout=20)
    assert problem(answer) == (422, "invalid")
    assert "device_id" in json.dumps(answer.json()["errors"])


def test_a_batch_brings_one_receipt_a_record(live: Live) -> None:
    sent = [occurrence(taxon=PANGOLIN), occurrence(individual_count=-1)]
    answer = live.post_batch(*sent)
    assert answer.status_code == 200
    assert answer.headers["Xiangye-Protocol"] == "1"
    receipts = answer.json()["receipts"]
    assert [(r["record_id"], r["digest"], r["outcome"]) for r in receipts] == [
        (sent[0]["id"], digest(sent[0]), "accepted"),
        (sent[1]["id"], digest(sent[1]), "quarantined"),
    ]
    assert receipts[1]["detail"][0]["field"] == "body.individual_count"
    assert receipts[0]["holder"] == "province"
    assert live.post_batch(sent[0]).json()["receipts"][0]["outcome"] == "already_have"


def test_the_raw_batch_is_kept_as_it_came(live: Live) -> None:
    sent = occurrence(name_of_tomorrow="𬶋")
    live.post_batch(sent)
    with open_session(live.settings) as session:
        session.execute(text("SET LOCAL ROLE xiangye_precise"))
        raw = bytes(session.execute(text("SELECT body FROM precise.raw_batch")).scalar_one())
    assert json.loads(raw)["records"] == [sent]


def test_no_credential_no_word(live: Live) -> None:
    for path in ("sync/session", "sync/changes", "packs/taxa"):
        assert problem(requests.get(f"{live.url}/v1/{path}", timeout=20)) == (401, "credential_missing")
        wrong = requests.get(f"{live.url}/v1/{path}", headers={"Authorization": "Bearer x"}, timeout=20)
        assert problem(wrong) == (401, "credential_unknown")


def test_a_revoked_tablet_is_refused_at_once(live: Live) -> None:
    from uuid import UUID

    with open_session(live.settings) as session:
        revoke(session, CLOCK, UUID(records.DEVICE))
    assert problem(live.post_batch(occurrence())) == (401, "credential_unknown")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "not_json"),
        (b"[]", "batch_malformed"),
        (b'{"protocol":1,"records":3}', "batch_malformed"),
        (b'{"protocol":"1","records":[]}', "batch_malformed"),
        (b'{"protocol":1,"records":[1.5]}', "batch_malformed"),
        (b'{"protocol":1,"records":[1.5}', "not_json"),
        (b'{"records":[{"a":1,"a":2}],"protocol":1.5}', "not_json"),
    ],
)
def test_what_is_no_batch_is_refused_in_words(live: Live, body: bytes, code: str) -> None:
    answer = requests.post(f"{live.url}/v1/sync/batches", data=body, headers=live.headers, timeout=20)
    assert problem(answer) == (400, code)


def test_a_float_or_a_key_twice_is_that_record_s_own_trouble(live: Live) -> None:
    """P6: the others of its batch are admitted; its own bytes are kept to the letter."""
    good, odd, twice = occurrence(), occurrence(remark="𬶋"), occurrence()
    odd_text = json.dumps(odd, ensure_ascii=False).replace('"seq": 1', '"seq": 1.10')
    twice_text = json.dumps(twice).replace('"seq": 1', '"seq": 1, "seq": 2')
    records_ = f"[ {odd_text},{json.dumps(good)} , {twice_text}]"
    body = f'{{"records": {records_}, "protocol": 1, "batch_id": "{uuid7()}", "sent_at": "2025-05-21T00:00:00Z"}}'
    answer = requests.post(
        f"{live.url}/v1/sync/batches", data=body.encode("utf-8"), headers=live.headers, timeout=20
    ).json()
    told = [(r["record_id"], r["outcome"], r.get("reason")) for r in answer["receipts"]]
    assert told == [
        (odd["id"], "quarantined", "not_canonical"),
        (good["id"], "accepted", None),
        (twice["id"], "quarantined", "not_canonical"),
    ]
    with open_session(live.settings) as session:
        session.execute(text("SET LOCAL ROLE xiangye_precise"))
        kept = {bytes(row[0]).decode("utf-8") for row in session.execute(text("SELECT body FROM precise.quarantine"))}
    assert kept == {odd_text, twice_text}


def test_a_cut_gzip_is_no_batch(live: Live) -> None:
    answer = requests.post(
        f"{live.url}/v1/sync/batches",
        data=b"\x1f\x8b\x08\0",
        headers={**live.headers, "Content-Encoding": "gzip"},
        timeout=20,
    )
    assert problem(answer) == (400, "batch_malformed")


def test_a_gzip_bomb_costs_no_more_than_the_cap(live: Live) -> None:
    import gzip

    bomb = gzip.compress(b" " * 50_000_000)
    answer = requests.post(
        f"{live.url}/v1/sync/batches", data=bomb, headers={**live.headers, "Content-Encoding": "gzip"}, timeout=20
    )
    assert problem(answer) == (413, "too_large")


def test_more_than_a_hundred_records_are_too_many(live: Live) -> None:
    assert problem(live.post_batch(*[None] * 101)) == (413, "too_large")


def test_changes_come_in_pages_that_neither_skip_nor_repeat(live: Live) -> None:
    sent = [occurrence() for _ in range(7)]
    live.post_batch(*sent)
    cursor, seen, more = 0, [], True
    while more:
        page = requests.get(
            f"{live.url}/v1/sync/changes", params={"cursor": cursor, "limit": 3}, headers=live.headers, timeout=20
        ).json()
        seen += [change["record_id"] for change in page["changes"]]
        cursor, more = page["cursor"], page["more"]
    assert sorted(seen) == sorted(record["id"] for record in sent)


def test_a_cursor_of_another_person_or_epoch_begins_anew(live: Live) -> None:
    with open_session(live.settings) as session:
        mine = f"{records.PERSON}.{ledger.epoch(session)}"
    live.post_batch(occurrence())

    def told(query: str) -> Any:
        return requests.get(f"{live.url}/v1/sync/changes?{query}", headers=live.headers, timeout=20).json()

    first = told("cursor=0")
    at = first["cursor"]
    for other in (f"{uuid7()}.{mine.partition('.')[2]}", f"{records.PERSON}.{uuid7()}", "", "x" * 500):
        assert told(f"cursor={at}&of={other}") == first | {"reset": True}
    assert told(f"cursor={at}&of={mine}") == told(f"cursor={at}") == {"changes": [], "cursor": at, "more": False}


def test_the_pack_is_one_file_by_digest(live: Live, tmp_path: Any) -> None:
    import contextlib
    import hashlib
    import sqlite3

    told = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=20).json()["packs"]["taxa"]
    pack = requests.get(f"{live.url}/v1/packs/taxa", headers=live.headers, timeout=20)
    assert hashlib.sha256(pack.content).hexdigest() == told["sha256"]
    (tmp_path / "pack.sqlite").write_bytes(pack.content)
    with contextlib.closing(sqlite3.connect(tmp_path / "pack.sqlite")) as opened:
        row = opened.execute(
            "SELECT protection_class, sensitivity, readings FROM taxon JOIN name USING (taxon_no) WHERE name = '穿山甲'"
        ).fetchone()
    assert row == ("I", 1, "chuan shan jia")
    unchanged = requests.get(
        f"{live.url}/v1/packs/taxa", headers={**live.headers, "If-None-Match": pack.headers["ETag"]}, timeout=20
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_errors_of_the_web_are_problems_too(live: Live) -> None:
    assert problem(requests.get(f"{live.url}/v1/nothing", timeout=20)) == (404, "not_found")
    assert problem(requests.put(f"{live.url}/v1/sync/session", timeout=20)) == (405, "method_not_allowed")
    assert requests.get(f"{live.url}/v1/openapi.json", timeout=20).json()["openapi"] == "3.1.0"


def enrol_again(live: Live, person: Any, device_id: str) -> requests.Response:
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, person)
    ask = {"code": code, "device_id": device_id, "device_name": "平板", "app_version": "0.1.0"}
    return requests.post(f"{live.url}/v1/devices/enrol", json=ask, timeout=20)


def test_a_tablet_whose_enrolment_was_never_answered_enrols_again(live: Live) -> None:
    from uuid import UUID

    from server.accounts.service import add_person

    again = enrol_again(live, UUID(records.PERSON), records.DEVICE)
    assert again.status_code == 201
    assert problem(live.post_batch(occurrence())) == (401, "credential_unknown")
    renewed = {"Authorization": f"Bearer {again.json()['credential']}"}
    assert live.post_batch(occurrence(), **renewed).json()["receipts"][0]["outcome"] == "accepted"
    with open_session(live.settings) as session:
        other = add_person(session, CLOCK, "另一人").id
    assert problem(enrol_again(live, other, records.DEVICE)) == (422, "invalid")


def test_a_person_learns_what_another_made_of_her_record(live: Live) -> None:
    from uuid import UUID

    first = occurrence()
    live.post_batch(first)
    with open_session(live.settings) as session:
        other = person(session, "surveyor").id
    device = str(uuid7())
    theirs = {"Authorization": f"Bearer {enrol_again(live, other, device).json()['credential']}"}
    body = {**first["body"], "individual_count": 5}
    edit = {**first, "author": str(other), "device": device, "base_digest": digest(first), "body": body}
    assert live.post_batch(edit, **theirs).json()["receipts"][0]["outcome"] == "accepted"
    page = requests.get(f"{live.url}/v1/sync/changes", headers=live.headers, timeout=20).json()["changes"]
    assert [(change["record_id"], change["head_digest"]) for change in page] == [(first["id"], digest(edit))] * 2
    assert UUID(page[0]["record_id"])


def test_odd_records_each_get_their_receipt(live: Live) -> None:
    deep: list[Any] = []
    for _ in range(60):
        deep = [deep]
    odd = [occurrence(observed_from="2025-13"), {"id": "\ud800"}, {"id": "x" * 20_000}, occurrence(tomorrow=deep)]
    receipts = live.post_batch(*odd, occurrence()).json()["receipts"]
    assert [r["outcome"] for r in receipts] == ["quarantined"] * 4 + ["accepted"]
    deeper: list[Any] = []
    for _ in range(400):
        deeper = [deeper]
    assert problem(live.post_batch(occurrence(tomorrow=deeper))) == (400, "batch_malformed")


def test_batches_that_name_each_others_records_do_not_block_each_other(live: Live) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tests.records import event

    for _ in range(6):
        one, two = event(), event()
        live.post_batch(one, two)
        edits = [{**e, "base_digest": digest(e), "seq": 2, "body": {**e["body"], "weather": "雨"}} for e in (one, two)]
        batches = [
            [edits[0], *(occurrence(event_id=two["id"]) for _ in range(20))],
            [edits[1], *(occurrence(event_id=one["id"]) for _ in range(20))],
        ]
        with ThreadPoolExecutor(2) as both:
            assert {answer.status_code for answer in both.map(lambda sent: live.post_batch(*sent), batches)} == {200}
