"""`/v1/packs/taxa` over real HTTP: what is unchanged costs next to nothing, what changed comes as a difference."""

import gzip
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import requests
from sqlalchemy import text

from server.accounts.service import issue_code
from server.db import open_session
from server.packs import service
from server.packs.signing import pack_key
from shared.clock import FixedClock
from shared.ids import uuid7
from shared.notices import NOTICES
from shared.taxon_pack import DIFFERENCE_TYPE, PACK_TYPE
from tests import records
from tests.admitting import CLOCK
from tests.packs.wire import on_the_wire
from tests.records import occurrence
from tests.serving import Live

LATER = FixedClock(CLOCK.now() + timedelta(minutes=5))


def get(live: Live, **query: str) -> requests.Response:
    return requests.get(f"{live.url}/v1/packs/taxa", params=query, headers=live.headers, timeout=60)


def test_an_unchanged_pack_costs_less_than_two_kilobytes(live: Live) -> None:
    told = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=60).json()["packs"]["taxa"]
    tag = f'"{told["sha256"]}"'
    for target, headers in ((f"/v1/packs/taxa?from={told['version']}", {}), ("/v1/packs/taxa", {"If_None_Match": tag})):
        asked, answer = on_the_wire(live, target, **headers)
        assert answer.startswith(b"HTTP/1.1 304") and answer.endswith(b"\r\n\r\n")
        assert len(asked) + len(answer) < 2000
    known = ",".join(f"{kind}:{notice.version}" for kind, notice in NOTICES.items())
    asked, answer = on_the_wire(live, f"/v1/sync/session?notices={known}")
    assert len(asked) + len(answer) < 2000, "a tablet asks no more than this"


def test_the_whole_file_comes_packed_to_who_can_unpack_it(live: Live) -> None:
    told = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=60).json()["packs"]["taxa"]
    whole = get(live)
    assert (whole.status_code, whole.headers["Content-Type"]) == (200, PACK_TYPE)
    assert (hashlib.sha256(whole.content).hexdigest(), len(whole.content)) == (told["sha256"], told["byte_count"])
    assert int(whole.headers["Content-Length"]) < len(whole.content) / 2
    _, plain = on_the_wire(live, "/v1/packs/taxa")
    head, body = plain.split(b"\r\n\r\n", 1)
    assert b"Content-Encoding" not in head and body == whole.content
    assert get(live, **{"from": "2001-01-01.1"}).content == whole.content
    assert get(live, **{"from": "../../keys/pack_signing.pem"}).content == whole.content


def test_a_range_is_of_the_bytes_that_travel(live: Live) -> None:
    def ask(**headers: str) -> tuple[bytes, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        head, _, body = on_the_wire(live, "/v1/packs/taxa", **named)[1].partition(b"\r\n\r\n")
        return head.lower() + b"\r\n", body

    tags = []
    for coding in ("identity", "gzip"):
        head, whole = ask(Accept_Encoding=coding)
        tags.append(tag := head.split(b"etag: ")[1].split(b"\r\n")[0].decode())
        assert (
            b"accept-ranges: bytes" in head
            and tag.startswith('"')
            and (b"-encoding: gzip\r\n" in head) == (coding == "gzip")
        )
        head, rest = ask(Accept_Encoding=coding, Range="bytes=100-", If_Range=tag)
        assert head.startswith(b"http/1.1 206") and rest == whole[100:] and tag.encode() in head
        assert f"content-range: bytes 100-{len(whole) - 1}/{len(whole)}\r\n".encode() in head
        assert ask(Accept_Encoding=coding, Range="bytes=5-9")[1] == whole[5:10]
        for other in ('"older"', *(other for other in tags if other != tag)):
            head, body = ask(Accept_Encoding=coding, Range="bytes=100-", If_Range=other)
            assert head.startswith(b"http/1.1 200") and body == whole, "a part of something else is no part"
        assert ask(Accept_Encoding=coding, Range=f"bytes={len(whole)}-", If_Range=tag)[0].startswith(b"http/1.1 416")
        assert ask(Accept_Encoding=coding, If_None_Match=tag)[0].startswith(b"http/1.1 304")
    assert tags[0] != tags[1]


def test_what_changed_comes_as_a_difference(live: Live) -> None:
    first = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=60).json()["packs"]["taxa"]
    assert live.post_batch(occurrence()).status_code == 200
    with open_session(live.settings) as session:
        second = service.ensure(live.settings, session, LATER, anew=True)
    changed = get(live, **{"from": first["version"]})
    assert changed.headers["Content-Type"] == DIFFERENCE_TYPE
    assert len(changed.content) < 1500
    told = json.loads(gzip.decompress(changed.content))
    assert (told["from"], told["to"]) == (first["version"], second.version)
    assert [len(told["tables"][name]["put"]) for name in ("taxon", "name", "likely")] == [0, 0, 1]


def test_enrolment_brings_the_public_key_and_the_session_repeats_it(live: Live) -> None:
    with open_session(live.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    ask = {"code": code, "device_id": str(uuid7()), "device_name": "平板", "app_version": "0.1.0"}
    told = requests.post(f"{live.url}/v1/devices/enrol", json=ask, timeout=60).json()
    public = pack_key(live.settings).public()
    assert told["pack_key"] == public
    assert requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=60).json()["pack_key"] == public


def test_the_private_key_never_leaves_its_file(live: Live) -> None:
    get(live)
    folder: Path = live.settings.var_dir
    pem = (folder / "store" / "keys" / "pack_signing.pem").read_bytes()
    body = b"".join(pem.splitlines()[1:-1])
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "pack_signing.pem":
            assert body[:40] not in path.read_bytes(), path
    with open_session(live.settings) as session:
        assert (
            session.execute(
                text("SELECT count(*) FROM xiangye.audit_entry WHERE detail::text LIKE '%PRIVATE%'")
            ).scalar_one()
            == 0
        )


def test_records_do_not_wait_for_a_pack_that_cannot_be_made(live: Live) -> None:
    pack_key(live.settings)
    (live.settings.store_dir / "keys" / "pack_signing.pem").chmod(0o644)
    told = requests.get(f"{live.url}/v1/sync/session", headers=live.headers, timeout=60)
    assert (told.status_code, told.json()["packs"]) == (200, {})
    assert "pack_key" not in told.json()
    assert live.post_batch(occurrence()).status_code == 200
