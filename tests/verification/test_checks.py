"""Second looks at a survey's share: drawn by nobody's choice, linked to their originals, made by somebody else."""

from uuid import UUID

import requests

from server.accounts.service import enrol, issue_code
from server.db import open_session
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK
from tests.people import person
from tests.serving import Live
from tests.verification.reviewing import caller


def photo_of(subject: dict[str, object], n: int) -> dict[str, object]:
    body = records.observed(
        subject_ids=[subject["id"]], sha256=f"{n:064x}", byte_count=1000 + n, media_type="image/jpeg", captured_at=None
    )
    return records.envelope("media", body)


def test_blind_naming_is_drawn_at_its_share_and_changes_no_name(live: Live) -> None:
    sent = [records.occurrence(individual_count=n) for n in range(1, 41)]
    live.post_batch(*sent)
    live.post_batch(*(photo_of(one, n) for n, one in enumerate(sent, 1)))
    first, second = caller(live), caller(live)
    drawn = first.post("/verification/checks", survey_id=records.SURVEY, kind="blind").json()["items"]
    assert [(one["share"], one["state"]) for one in drawn] == [("0.05", "open")] * 2
    assert not any("name" in key for key in drawn[0])
    assert first.post("/verification/checks", survey_id=records.SURVEY, kind="blind").json()["items"] == []

    check, original = drawn[0]["check_id"], drawn[0]["original_id"]
    assert first.decide("confirm", [original]).status_code == 201
    path = f"/verification/checks/{check}/result"
    assert first.post(path, taxon={"name_zh": "白鹭"}).json()["code"] == "not_allowed"
    done = second.post(path, taxon={"name_zh": "中白鹭"}, confidence="较确定").json()
    assert (done["state"], done["agrees"], done["outcome"]["name_zh"]) == ("done", False, "中白鹭")
    assert second.post(path, taxon={"name_zh": "白鹭"}).json()["code"] == "already_decided"
    told = second.get(f"/verification/records/{original}").json()
    assert (told["name_zh"], told["state"], [one["action"] for one in told["decisions"]]) == (
        "白鹭",
        "confirmed",
        ["confirm"],
    )
    names = second.get(f"/occurrences/{original}/identifications").json()["items"]
    assert [(one["name_zh"], one["action"]) for one in names] == [
        ("白鹭", None),
        ("白鹭", "confirm"),
        ("中白鹭", "check"),
    ]
    agreed = second.post(f"/verification/checks/{drawn[1]['check_id']}/result", taxon={"name_zh": "白鹭"}).json()
    assert agreed["agrees"] is True


def test_a_voucher_is_looked_at(live: Live) -> None:
    live.post_batch(*(records.occurrence(evidence_class="specimen", individual_count=n) for n in range(1, 11)))
    who = caller(live)
    (check,) = who.post("/verification/checks", survey_id=records.SURVEY, kind="voucher").json()["items"]
    path = f"/verification/checks/{check['check_id']}/result"
    done = who.post(path, taxon={"name_zh": "白鹭"}, catalogue_number="HNU-0001").json()
    assert (done["agrees"], done["outcome"]["catalogue_number"]) == (True, "HNU-0001")


def test_a_transect_is_walked_again_by_somebody_else(live: Live) -> None:
    walk = records.event(place=records.MANGSHAN)
    seen = [records.occurrence(event_id=walk["id"], taxon={"name_zh": name}) for name in ("白鹭", "苍鹭", "夜鹭")]
    live.post_batch(walk, *seen)
    who = caller(live)
    (check,) = who.post("/verification/checks", survey_id=records.SURVEY, kind="rewalk").json()["items"]
    path = f"/verification/checks/{check['check_id']}/result"
    assert check["original_id"] == walk["id"]
    own = records.event(place=records.MANGSHAN)
    live.post_batch(own)
    assert who.post(path, repeat_id=own["id"]).json()["field"] == "repeat_id"

    device = str(uuid7())
    with open_session(live.settings) as session:
        other = person(session)
        _, credential = enrol(session, CLOCK, issue_code(session, CLOCK, other.id), UUID(device), "另一台", "0.1.0")
    by_other = {"author": str(other.id), "device": device}
    again = records.event(place=records.MANGSHAN) | by_other
    found = [
        records.occurrence(event_id=again["id"], taxon={"name_zh": name}) | by_other
        for name in ("白鹭", "苍鹭", "池鹭")
    ]
    answer = requests.post(
        f"{live.url}/v1/sync/batches",
        json={
            "protocol": 1,
            "batch_id": str(uuid7()),
            "sent_at": "2025-05-21T00:00:00+00:00",
            "records": [again, *found],
        },
        headers={"Authorization": f"Bearer {credential}"},
        timeout=20,
    )
    assert [one["outcome"] for one in answer.json()["receipts"]] == ["accepted"] * 4, answer.text
    done = who.post(path, repeat_id=again["id"]).json()
    assert (done["repeat_id"], done["outcome"]) == (
        again["id"],
        {"original_taxa": 3, "repeat_taxa": 3, "shared_taxa": 2, "sorensen": "0.667"},
    )
