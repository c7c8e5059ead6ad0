"""A person leaves (PIPL art. 47): what they observed stays under the pseudonym, and no column, file or raw batch names them."""

import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
import requests
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.viewer import LOCAL_OPERATOR
from server.auditing import verify_evidence
from server.db import engine_for, open_session, session_factory
from server.privacy import contacts
from server.privacy.erasing import ERASED_NAME, erase
from server.privacy.exporting import export_person
from server.privacy.sealing import contact_key
from server.settings import Settings
from server.snapshots.service import freeze, load
from shared.clock import today_in_china
from tests import records
from tests.admitting import CLOCK
from tests.commands import Here, environment
from tests.people import subject
from tests.serving import Live

NAME, PHONE, SPACED = "欧阳𬶋田", "13907350001", "139-0735-0001"
TUS = {"Tus-Resumable": "1.0.0"}
TRACK = [[1747699740000, 1129287654, 249512345, 500, None], [1747699800000, 1129297654, 249522345, 500, None]]


@pytest.fixture
def lived_in(live: Live) -> Live:
    """A tablet's person who is named wherever a person can be."""
    with open_session(live.settings) as session:
        session.execute(
            text("UPDATE person SET name = :name, account = 'ouyang' WHERE id = :id"),
            {"name": NAME, "id": records.PERSON},
        )
        session.execute(text("UPDATE device SET name = :name"), {"name": f"{NAME}的平板"})
        words = {"name": NAME, "phone": PHONE, "address": "郴州市苏仙区某路 9 号"}
        asked = {"kind": "person", "county_code": "431022", "person_id": UUID(records.PERSON)}
        contacts.add(session, LOCAL_OPERATOR, CLOCK, contact_key(live.settings), asked, words)
    patrol = records.envelope(
        "patrol",
        records.event(event_type="patrol", sampling_protocol="patrol", event_remarks=f"{NAME}带队，电话 {SPACED}")[
            "body"
        ],
    )
    sent = [
        patrol,
        records.envelope("track_segment", records.observed(patrol_id=patrol["id"], leg=0, points=TRACK)),
        records.occurrence(occurrence_remarks=f"与{NAME}同见", verbatim={"recordedBy": NAME, "phone": PHONE}),
        records.occurrence(taxon=records.PANGOLIN, occurrence_remarks=f"{NAME}拍摄"),
        {"id": "broken", "recordedBy": NAME},
    ]
    receipts = live.post_batch(*sent).json()["receipts"]
    assert [one["outcome"] for one in receipts] == ["accepted"] * 4 + ["quarantined"]
    upload(live, photo())
    with open_session(live.settings) as session:
        chosen = {"counties": ["431022"]}
        freeze(session, LOCAL_OPERATOR, CLOCK, live.settings, "county_baseline", chosen, today_in_china(CLOCK))
    return live


def photo() -> bytes:
    picture, exif = io.BytesIO(), Image.Exif()
    exif[0x9C9D] = NAME.encode("utf-16-le")  # XPAuthor
    Image.new("RGB", (40, 30), (10, 90, 40)).save(picture, "JPEG", exif=exif, comment=NAME.encode())
    return picture.getvalue()


def upload(live: Live, data: bytes) -> None:
    named = base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode()
    headers = {**live.headers, **TUS, "Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {named}"}
    place = requests.post(f"{live.url}/v1/uploads", headers=headers, timeout=20).headers["Location"]
    headers = {**live.headers, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert requests.patch(live.url + place, data=data, headers=headers, timeout=20).status_code == 204


def forms() -> list[bytes]:
    words = (NAME, PHONE, SPACED)
    return [
        form for word in words for form in (word.encode(), word.encode("utf-16-le"), json.dumps(word)[1:-1].encode())
    ]


def hits_in_database(settings: Settings) -> list[str]:
    """As the owner, every column of every table of both schemas, whatever its type."""
    found = []
    with Session(engine_for(settings, "owner")) as session:
        columns = session.execute(
            text("""
            SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
            WHERE table_schema IN ('xiangye', 'precise')
            """)
        ).all()
        for schema, table, column, kind in columns:
            as_bytes = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'UTF8')"
            query = f'SELECT count(*) FROM {schema}."{table}", unnest(CAST(:forms AS bytea[])) f WHERE position(f IN {as_bytes}) > 0'
            if session.execute(text(query), {"forms": forms()}).scalar_one():
                found.append(f"{schema}.{table}.{column}")
    return found


def hits_in_files(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms())]


def test_nothing_names_the_person_any_more(lived_in: Live) -> None:
    settings = lived_in.settings
    before = hits_in_database(settings)
    assert {"xiangye.person.name", "xiangye.device.name", "precise.version_body.body", "precise.raw_batch.body"} <= set(
        before
    )
    assert {"precise.quarantine.body", "xiangye.occurrence.occurrence_remarks"} <= set(before)
    assert len(hits_in_files(settings.var_dir)) >= 2
    with open_session(settings) as session:
        occurrences = session.execute(text("SELECT count(*) FROM occurrence")).scalar_one()
        pseudonym = session.get_one(Person, UUID(records.PERSON)).pseudonym
        done = erase(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON))
    assert (done.versions, done.raw_batches, done.quarantined, done.photos, done.still_named) == (3, 1, 1, 1, [])
    assert done.files >= 1 and sum(done.rows.values()) >= 1
    assert hits_in_database(settings) == []
    assert hits_in_files(settings.var_dir) == []
    with session_factory(settings)() as session:
        person = session.get_one(Person, UUID(records.PERSON))
        assert (person.name, person.account, person.pseudonym) == (ERASED_NAME, None, pseudonym)
        assert person.erased_at is not None
        assert session.execute(text("SELECT count(*) FROM occurrence")).scalar_one() == occurrences
        authors = session.execute(text("SELECT DISTINCT author::text FROM version")).scalars().all()
        assert authors == [records.PERSON]


def test_the_log_still_holds_and_the_snapshot_still_opens(lived_in: Live) -> None:
    settings = lived_in.settings
    with open_session(settings) as session:
        erase(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON))
    with session_factory(settings)() as session:
        evidence = verify_evidence(session, settings)
        assert evidence.holds, evidence
        snapshot = session.execute(text("SELECT id FROM snapshot")).scalar_one()
        assert load(session, settings, snapshot).records
        told = session.execute(text("SELECT detail FROM audit_entry WHERE action = 'erase_person'")).scalar_one()
    assert told["versions"] == 3


def test_an_export_that_waits_to_be_taken_is_gone(lived_in: Live) -> None:
    scientist = subject(lived_in.settings, "scientist", area_kind="province", area_code="43")
    asked = {"format": "csv", "edition": "scope", "filters": {}}
    made = requests.post(f"{lived_in.url}/v1/exports", json=asked, headers=scientist, timeout=60)
    assert made.status_code == 201, made.text
    place = f"{lived_in.url}/v1/exports/{made.json()['id']}/file"
    assert requests.get(place, headers=scientist, timeout=60).status_code == 200
    with open_session(lived_in.settings) as session:
        assert erase(session, LOCAL_OPERATOR, CLOCK, lived_in.settings, UUID(records.PERSON)).exports == 1
    assert requests.get(place, headers=scientist, timeout=60).status_code == 410


def test_the_tablet_is_a_stranger_afterwards(lived_in: Live) -> None:
    with open_session(lived_in.settings) as session:
        erase(session, LOCAL_OPERATOR, CLOCK, lived_in.settings, UUID(records.PERSON))
    assert lived_in.post_batch(records.occurrence()).status_code == 401


def test_what_is_rolled_back_changes_no_file(lived_in: Live) -> None:
    settings = lived_in.settings
    files = hits_in_files(settings.var_dir)
    with session_factory(settings)() as session:
        erase(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON))
        session.rollback()
    assert hits_in_files(settings.var_dir) == files
    with session_factory(settings)() as session:
        assert verify_evidence(session, settings).holds


def test_erasing_again_finds_what_was_forgotten(lived_in: Live) -> None:
    """A former name is told later: the person is found by the number that stays."""
    with open_session(lived_in.settings) as session:
        erase(session, LOCAL_OPERATOR, CLOCK, lived_in.settings, UUID(records.PERSON))
        again = erase(session, LOCAL_OPERATOR, CLOCK, lived_in.settings, UUID(records.PERSON), also=["同见"])
    assert again.versions == 1
    with session_factory(lived_in.settings)() as session:
        assert verify_evidence(session, lived_in.settings).holds


def test_a_redaction_cannot_say_one_thing_and_do_another(lived_in: Live) -> None:
    """A body that is neither the one received nor the one that a logged redaction tells of is found."""
    with open_session(lived_in.settings) as session:
        erase(session, LOCAL_OPERATOR, CLOCK, lived_in.settings, UUID(records.PERSON))
    with Session(engine_for(lived_in.settings, "owner")) as session:
        session.execute(text("ALTER TABLE precise.version_body DISABLE TRIGGER USER"))
        session.execute(
            text(
                "UPDATE precise.version_body SET body = body || '\\x20' WHERE digest = (SELECT min(digest) FROM redaction WHERE kind = 'version')"
            )
        )
        session.execute(
            text(
                "INSERT INTO redaction (kind, subject, digest, redacted_sha256, reason, at) "
                "SELECT 'version', id::text, digest, repeat('0', 64), 'person', now() FROM version ORDER BY digest DESC LIMIT 1"
            )
        )
        session.commit()
    with session_factory(lived_in.settings)() as session:
        kinds = {one.kind for one in verify_evidence(session, lived_in.settings).records}
    assert {"body", "redaction"} <= kinds


def test_a_person_is_given_everything_that_is_held_of_them(lived_in: Live) -> None:
    settings = lived_in.settings
    with open_session(settings) as session:
        data = export_person(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert sorted(told) == ["README.txt", "audit.json", "person.json", "records.json"]
    person = json.loads(told["person.json"])
    assert person["person"][0]["name"] == NAME
    assert person["contact"][0]["phone"] == PHONE
    assert person["device"][0]["name"] == f"{NAME}的平板"
    sent = json.loads(told["records.json"])
    assert len(sent) == 4
    track = next(one for one in sent if one["record"]["kind"] == "track_segment")
    assert track["record"]["body"]["points"] == TRACK
    assert {"records", "photo"} <= {entry["action"] for entry in json.loads(told["audit.json"])}


def test_the_export_tells_no_secret_and_no_guarded_place(lived_in: Live) -> None:
    """T4: a surveyor's own finds do not come back with their places."""
    settings = lived_in.settings
    with open_session(settings) as session:
        credential = session.execute(text("SELECT credential_hash FROM device")).scalar_one()
        data = export_person(session, LOCAL_OPERATOR, CLOCK, settings, UUID(records.PERSON))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert credential not in "".join(told.values())
    pangolins = [one for one in json.loads(told["records.json"]) if "Manis" in json.dumps(one["record"])]
    assert len(pangolins) == 1
    assert not {"place", "geometry", "verbatim", "event_id"} & set(pangolins[0]["record"]["body"])
    assert "information_withheld" in pangolins[0]["record"]["body"]


def test_the_commands_do_the_same(lived_in: Live, here: Here, tmp_path: Path) -> None:
    settings = lived_in.settings
    env = environment(
        XIANGYE_DATABASE_URL=str(settings.database_url),
        XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url),
        XIANGYE_VAR=str(settings.var_dir),
    )
    out = tmp_path / "mine.zip"
    assert here.xiangye(env, "account", "export", "ouyang", "--out", str(out)).code == 0
    assert zipfile.is_zipfile(out)
    out.unlink()
    assert here.xiangye(env, "account", "erase", "ouyang").code != 0, "it asks first"
    said = here.xiangye(env, "account", "erase", "ouyang", "--yes", "--json")
    assert said.code == 0, said
    assert json.loads(said.out)["versions"] == 3
    assert hits_in_database(settings) == []
    assert here.xiangye(env, "account", "export", records.PERSON, "--out", str(out)).refuses("没有账号或编号")
    assert here.xiangye(env, "account", "erase", records.PERSON, "--yes", "--also", "同见").code == 0
    assert here.xiangye(env, "audit", "verify").code == 0
