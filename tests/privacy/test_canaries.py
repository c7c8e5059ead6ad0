"""T28: a whole day at the server, errors included, and nothing in any log tells a place, a name, a number or a secret."""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import requests
from sqlalchemy import text

from server.accounts.model import Person
from server.accounts.service import add_person, issue_code
from server.accounts.signing_in import set_password
from server.accounts.tokens import issue
from server.accounts.viewer import LOCAL_OPERATOR
from server.cluster import Cluster
from server.db import engine_for, open_session
from server.settings import Settings
from shared.clock import SystemClock
from shared.ids import uuid7
from tests import records
from tests.admitting import set_up
from tests.commands import xiangye
from tests.faults.server_process import ServerProcess, environment_of

NAME, PHONE, VILLAGE, PASSWORD = "司马𬶋岚", "13817350042", "瑶岭坳背组", "绝密口令-canary-77"
PLACE = {**records.MANGSHAN, "latitude_e7": 253174628, "longitude_e7": 1127635194}
TRAP = "这一行数据库不收"
PLANTED = (NAME, PHONE, VILLAGE, PASSWORD, TRAP, "253174628", "1127635194", "25.3174", "112.7635", "simayan")
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}


@pytest.fixture
def server(reference_settings: Settings, tmp_path: Path) -> Iterator[ServerProcess]:
    with open_session(reference_settings) as session:
        set_up(session)
    process = ServerProcess(environment_of(reference_settings), tmp_path / "server.log")
    process.start()
    yield process
    process.stop()


def forms(words: tuple[str, ...]) -> set[bytes]:
    escaped = {json.dumps(word)[1:-1] for word in words}
    return {word.encode() for word in {*words, *escaped, *map(repr, words)}}


def enrolled(settings: Settings, url: str) -> str:
    with open_session(settings) as session:
        session.get_one(Person, UUID(records.PERSON)).name = NAME
        code = issue_code(session, SystemClock(), UUID(records.PERSON))
    body = {"code": code, "device_id": records.DEVICE, "device_name": f"{NAME}的平板", "app_version": "0.1.0"}
    answer = requests.post(f"{url}/v1/devices/enrol", json=body, timeout=20)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["credential"])


def send(url: str, credential: str, *sent: object) -> requests.Response:
    body = {"protocol": 1, "batch_id": str(uuid7()), "sent_at": "2025-05-21T00:00:00+00:00", "records": list(sent)}
    headers = {"Authorization": f"Bearer {credential}", "Content-Encoding": "gzip", "Content-Type": "application/json"}
    return requests.post(
        f"{url}/v1/sync/batches", data=gzip.compress(json.dumps(body).encode()), headers=headers, timeout=60
    )


def sync(settings: Settings, url: str, credential: str) -> None:
    good = records.occurrence(place=PLACE, occurrence_remarks=f"{NAME}在{VILLAGE}见到，电话 {PHONE}")
    invalid = records.occurrence(place={**PLACE, "source": NAME}, individual_count=VILLAGE)
    refused = records.occurrence(place=PLACE, occurrence_remarks=f"{TRAP} {NAME}")
    with engine_for(settings, "owner").begin() as owner:
        owner.execute(
            text(f"ALTER TABLE occurrence ADD CONSTRAINT trap CHECK (occurrence_remarks NOT LIKE '%{TRAP}%') NOT VALID")
        )
    answer = send(url, credential, good, invalid, refused, {"id": NAME})
    assert [one["outcome"] for one in answer.json()["receipts"]] == ["accepted"] + ["quarantined"] * 3
    assert answer.json()["receipts"][2]["reason"] == "database"
    photo = f"no photo, but {NAME} at 25.3174628 112.7635194".encode()
    named = base64.b64encode(hashlib.sha256(photo).hexdigest().encode()).decode()
    headers = {"Authorization": f"Bearer {credential}", **TUS}
    made = requests.post(
        f"{url}/v1/uploads",
        headers={**headers, "Upload-Length": str(len(photo)), "Upload-Metadata": f"sha256 {named}"},
        timeout=20,
    )
    assert requests.patch(url + made.headers["Location"], data=photo, headers=headers, timeout=60).status_code == 204


def look_around(settings: Settings, url: str) -> str:
    """Somebody signs in, well and badly, and asks for places by number; returns the token."""
    with open_session(settings) as session:
        one = add_person(session, SystemClock(), NAME, account="simayan")
        set_password(session, SystemClock(), LOCAL_OPERATOR, one, PASSWORD)
        _, token = issue(session, SystemClock(), one.id, NAME)
    for password in (PASSWORD, PASSWORD + "x"):
        requests.post(f"{url}/v1/session", json={"account": "simayan", "password": password}, timeout=20)
    asked = (
        "/v1/occurrences?bbox=112.7635194,25.3174628,112.77,25.32",
        f"/v1/occurrences?county={VILLAGE}",
        f"/v1/taxa?q={NAME}",
        f"/v1/{VILLAGE}/25.3174628/112.7635194",
        f"/v1/people/{NAME}/export",
    )
    for path in asked:
        told = {"Authorization": f"Bearer {token}", "Referer": url + path, "User-Agent": NAME}
        headers = {name: value.encode() for name, value in told.items()}
        assert requests.get(url + path, headers=headers, timeout=20).status_code < 500
    requests.get(f"{url}/v1/occurrences", headers={"Authorization": f"Bearer {PASSWORD}".encode()}, timeout=20)
    requests.post(f"{url}/v1/session", data=f'{{"account": "{NAME}", "password": 25.3174628'.encode(), timeout=20)
    return token


def bring_files(settings: Settings, folder: Path) -> None:
    row = f"{VILLAGE},穿山甲,Manis pentadactyla,25.3174628,112.7635194,2025-05-20,{NAME}"
    good, bad = folder / f"{NAME}-{VILLAGE}.csv", folder / f"{VILLAGE}.csv"
    good.write_text(
        f"locality,vernacularName,scientificName,decimalLatitude,decimalLongitude,eventDate,recordedBy\n{row}\n",
        "utf-8",
    )
    bad.write_bytes(b"\x00\x01\x02" + row.encode())
    for path in (good, bad):
        xiangye(environment_of(settings), "import", str(path), "--survey", records.SURVEY)


def break_it(settings: Settings, url: str, credential: str) -> None:
    """The database is of another release than the program: every road into it fails."""
    with engine_for(settings, "owner").begin() as owner:
        owner.execute(text("ALTER TABLE device RENAME COLUMN credential_hash TO elsewhere"))
        owner.execute(text("ALTER TABLE personal_token RENAME COLUMN token_hash TO elsewhere"))
    answer = send(url, credential, records.occurrence(place=PLACE, occurrence_remarks=NAME))
    assert answer.status_code == 500
    assert (
        requests.get(f"{url}/v1/occurrences", headers={"Authorization": f"Bearer xyt_{PHONE}"}, timeout=20).status_code
        >= 500
    )
    for word in PLANTED:
        assert word not in answer.text


def test_no_log_tells_a_place_a_name_or_a_secret(
    server: ServerProcess, reference_settings: Settings, private_cluster: Cluster, tmp_path: Path
) -> None:
    settings = reference_settings
    folder = tmp_path / "brought"
    folder.mkdir()
    credential = enrolled(settings, server.url)
    sync(settings, server.url, credential)
    token = look_around(settings, server.url)
    bring_files(settings, folder)
    break_it(settings, server.url, credential)
    server.stop()
    lines = server.log.read_text("utf-8").splitlines()
    assert len(lines) >= 15, lines
    routes = {json.loads(line).get("route") for line in lines if line.startswith("{")}
    assert {"/v1/sync/batches", "/v1/session", "/v1/uploads/<uuid:upload_id>"} <= routes
    assert any(json.loads(line).get("error") for line in lines if line.startswith("{")), (
        "the errors are told, by their type"
    )
    logs = [server.log, private_cluster.home / "log", *(settings.var_dir / "log").glob("*")]
    planted = forms((*PLANTED, credential, token))
    found = [(log.name, word) for log in logs for word in planted if word in log.read_bytes()]
    assert found == []


def test_a_planted_leak_would_be_found(tmp_path: Path) -> None:
    leak = tmp_path / "log"
    for word in PLANTED:
        leak.write_text(json.dumps({"event": f"admitted {word}"}) + os.linesep, "utf-8")
        assert any(form in leak.read_bytes() for form in forms(PLANTED)), word
