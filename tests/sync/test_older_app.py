"""P9, T16: an app that does not know a field or a code takes both over whole into its own version: through load, edit, merge, a settled
conflict and pull nothing of them is lost."""

import json
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from sqlalchemy import text

from mobile.capture.recorder import Part
from mobile.device.desktop import desktop_device
from mobile.wiring import build
from server.accounts.service import add_person, enrol, issue_code
from server.db import engine_for, open_session
from server.surveys.model import Dataset
from server.surveys.service import add_survey
from shared.canonical import canonical_bytes, digest
from shared.ids import uuid7
from tests import records
from tests.admitting import CLOCK, frozen
from tests.serving import Live
from tests.sync.test_golden import OUTBOXES

NEWER = next(outbox for outbox in OUTBOXES if outbox.folder.name == "v1_future")
PERSON, OTHER_DEVICE = UUID(NEWER.told["person"]), uuid7()


def _begin(live: Live) -> tuple[str, str]:
    """A code for the old tablet and the credential of a new one, both of the person of the golden store."""
    with open_session(live.settings) as session:
        add_person(session, CLOCK, "旧新", person_id=PERSON)
        dataset = session.get_one(Dataset, UUID(records.DATASET))
        add_survey(session, CLOCK, "旧新", "county_baseline", dataset, survey_id=UUID(NEWER.told["survey"]))
        _, credential = enrol(session, CLOCK, issue_code(session, CLOCK, PERSON), OTHER_DEVICE, "新平板", "9.9.0")
        return issue_code(session, CLOCK, PERSON), credential


def _versions(live: Live, record_id: str) -> dict[str, dict[str, Any]]:
    query = "SELECT digest, body FROM precise.version_body WHERE id = CAST(:id AS uuid)"
    with engine_for(live.settings, "owner").connect() as session:
        return {row.digest: json.loads(bytes(row.body)) for row in session.execute(text(query), {"id": record_id})}


def test_what_an_older_app_does_not_know_stays_in_what_it_edits(live: Live, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(NEWER.folder, folder)
    code, credential = _begin(live)
    app = build(folder, desktop_device(folder), live.url)
    try:
        app.session._sleep = lambda _: None
        assert app.sync.enrol(code, "旧平板"), app.sync.message
        assert app.session.run().problems == []
        record_id = next(
            one["record_id"]
            for one in NEWER.told["records"]
            for kept in (app.store.outbox.newest_version(one["record_id"]),)
            if kept is not None and kept.kind == "occurrence" and kept.body.get("individual_count") == 3
        )
        base = app.store.outbox.newest_version(record_id)
        assert base is not None and base.body["later"] and base.body["later_list"] == []
        (ours,) = app.recorder.commit(
            [Part("occurrence", "edit/1", {**base.body, "individual_count": 4}, record_id, base.digest)]
        )

        # Meanwhile a newer app says more, and something of one field that contradicts.
        newer = {
            **_versions(live, record_id)[base.digest],
            "base_digest": base.digest,
            "device": str(OTHER_DEVICE),
            "seq": 1,
        }
        newer["body"] = {
            **base.body,
            "individual_count": 7,
            "evidence_class": "acoustic",
            "later_list": [{"ü": ["𠀀"]}],
        }
        answer = requests.post(
            f"{live.url}/v1/sync/batches",
            json={"protocol": 1, "batch_id": str(uuid7()), "records": [newer]},
            headers={"Authorization": f"Bearer {credential}"},
            timeout=20,
        )
        assert [one["outcome"] for one in answer.json()["receipts"]] == ["accepted"]
        assert app.session.run().receipts["conflict"] == 1

        conflict = app.conflict
        conflict.open(record_id)
        (row,) = conflict.rows
        conflict.choose(row.name, next(option.key for option in row.options if option.words == "7"))
        assert conflict.save(), conflict.message
        app.session.run()
        (state,) = app.store.database.rows("select * from server_state where record_id = ?", (record_id,))
        settled = app.store.outbox.newest_version(record_id)
        assert settled is not None
        assert (state["state"], state["head_digest"]) == ("current", settled.digest)
    finally:
        app.close()

    kept = _versions(live, record_id)
    assert kept.keys() == {base.digest, ours.digest, digest(newer), settled.digest}
    assert {mark: digest(record) for mark, record in kept.items()} == {mark: mark for mark in kept}
    edited = ("individual_count", "evidence_class", "later_list")
    for record in kept.values():
        assert {**record["body"], **{name: base.body[name] for name in edited}} == base.body
    assert kept[ours.digest]["vocabulary"] == "1" and kept[settled.digest]["vocabulary"] == "1+"
    assert canonical_bytes(kept[settled.digest]["body"]) == canonical_bytes(newer["body"])
    with open_session(live.settings) as session:
        stands = frozen(session)[record_id].body
    assert (stands["individual_count"], stands["evidence_class"], stands["later_list"]) == (
        7,
        "acoustic",
        [{"ü": ["𠀀"]}],
    )
    assert stands["later"] == base.body["later"]
