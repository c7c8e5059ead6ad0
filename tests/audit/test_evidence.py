"""Every version, its body and every photo are what the log tells of them; what was done to one is named."""

import base64
import hashlib
import io
import json

import pytest
import requests
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.auditing import Evidence, verify_evidence
from server.db import engine_for, session_factory
from server.media.store import Store
from tests import records
from tests.audit.tampering import put_guard_aside
from tests.commands import Here, environment
from tests.serving import Live

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def sent(live: Live) -> tuple[Live, list[str], str]:
    """Three records in two batches and a photo: (server, the ids, the photo's digest)."""
    made = [records.event(), records.occurrence(), records.occurrence(taxon=records.PANGOLIN)]
    assert live.post_batch(*made[:2]).status_code == 200
    assert live.post_batch(made[2]).status_code == 200
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (10, 90, 40)).save(picture, "JPEG")
    data = picture.getvalue()
    mark = hashlib.sha256(data).hexdigest()
    named = base64.b64encode(mark.encode()).decode()
    headers = {**live.headers, **TUS, "Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {named}"}
    place = requests.post(f"{live.url}/v1/uploads", headers=headers, timeout=20).headers["Location"]
    headers = {**live.headers, **TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert requests.patch(live.url + place, data=data, headers=headers, timeout=20).status_code == 204
    return live, [one["id"] for one in made], mark


def check(live: Live) -> Evidence:
    with session_factory(live.settings)() as session:
        return verify_evidence(session, live.settings)


def as_owner(live: Live, *statements: str) -> None:
    with Session(engine_for(live.settings, "owner")) as session:
        session.execute(text("SELECT set_config('xiangye.scopes', '{0}', true)"))
        put_guard_aside(session)
        session.execute(text("ALTER TABLE xiangye.version DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE precise.version_body DISABLE TRIGGER USER"))
        for statement in statements:
            session.execute(text(statement))
        session.commit()


def test_what_was_sent_stands_in_the_log(sent: tuple[Live, list[str], str]) -> None:
    live, ids, photo = sent
    found = check(live)
    assert found.holds, found
    assert (found.versions, found.photos) == (3, 1)
    assert found.chain.anchored == found.chain.entries
    with session_factory(live.settings)() as session:
        rows = session.execute(text("SELECT action, subject, detail FROM audit_entry ORDER BY entry_no")).all()
    told = [pair[0] for row in rows if row.action == "records" for pair in row.detail["versions"]]
    assert told == ids
    assert [row.subject for row in rows if row.action == "photo"] == [photo]
    assert "latitude" not in json.dumps([row.detail for row in rows])


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE precise.version_body SET body = body || '\\x20' WHERE id = '{id}'", "body"),
        ("DELETE FROM precise.version_body WHERE id = '{id}'", "body_missing"),
        ("UPDATE version SET author = gen_random_uuid() WHERE id = '{id}'", "columns"),
        ("UPDATE version SET seq = seq + 1 WHERE id = '{id}'", "columns"),
        ("UPDATE version SET received_at = received_at - interval '1 day' WHERE id = '{id}'", "received"),
    ],
)
def test_a_forged_version_is_named(sent: tuple[Live, list[str], str], statement: str, kind: str) -> None:
    live, ids, _ = sent
    as_owner(live, statement.format(id=ids[1]))
    found = check(live)
    assert [(one.kind, one.subject) for one in found.records] == [(kind, ids[1])]


def test_a_version_put_in_or_taken_out_is_named(sent: tuple[Live, list[str], str]) -> None:
    live, ids, _ = sent
    columns = "base_digest, kind, author, device, seq, protocol, app_version, saved_at, received_at, change_no"
    as_owner(
        live,
        f"INSERT INTO version (id, digest, {columns}) SELECT id, repeat('a', 64), {columns} FROM version WHERE id = '{ids[0]}'",
        f"DELETE FROM precise.version_body WHERE id = '{ids[2]}'",
        f"DELETE FROM version WHERE id = '{ids[2]}'",
    )
    told = {(one.kind, one.subject) for one in check(live).records}
    assert told == {("untold", ids[0]), ("body_missing", ids[0]), ("missing", ids[2])}


def test_a_photo_changed_removed_or_put_in_is_named(sent: tuple[Live, list[str], str]) -> None:
    live, _, photo = sent
    path = live.settings.store_dir / "precise" / "original" / photo[:2] / photo
    data = path.read_bytes()
    path.write_bytes(data + b"\0")
    assert [(one.kind, one.subject) for one in check(live).records] == [("photo", photo)]
    path.unlink()
    assert [(one.kind, one.subject) for one in check(live).records] == [("photo_missing", photo)]
    Store(live.settings.store_dir).put_original(photo, data)
    other = hashlib.sha256(b"other").hexdigest()
    Store(live.settings.store_dir).put_original(other, b"other")
    as_owner(
        live,
        f"INSERT INTO media_file (sha256, byte_count, received_at) VALUES ('{other}', 5, now())",
        f"DELETE FROM media_file WHERE sha256 = '{photo}'",
    )
    told = {(one.kind, one.subject) for one in check(live).records}
    assert told == {("photo_untold", other), ("photo_row", photo)}


def test_the_app_cannot_change_a_body(sent: tuple[Live, list[str], str]) -> None:
    """Even as the role that may: a body gives way to a redaction only."""
    live, ids, _ = sent
    for statement in (
        f"UPDATE precise.version_body SET body = '\\x7b7d' WHERE id = '{ids[0]}'",
        "DELETE FROM precise.version_body",
    ):
        with session_factory(live.settings)() as session:
            session.execute(text("SET LOCAL ROLE xiangye_precise"))
            with pytest.raises(Exception, match=r"keeps its body|permission denied"):
                session.execute(text(statement))
            session.rollback()


def test_the_command_says_which(sent: tuple[Live, list[str], str], here: Here) -> None:
    live, ids, photo = sent
    settings = live.settings
    env = environment(
        XIANGYE_DATABASE_URL=str(settings.database_url),
        XIANGYE_DATABASE_OWNER_URL=str(settings.owner_url),
        XIANGYE_VAR=str(settings.var_dir),
    )
    said = here.xiangye(env, "audit", "verify")
    assert said.code == 0 and "版本 3 个，照片 1 张" in said.out
    head = json.loads(here.xiangye(env, "audit", "verify", "--json").out)
    assert head["holds"] and head["anchored"] == head["entries"]
    last = head["entries"]
    as_owner(
        live,
        f"UPDATE audit_entry SET actor = '别人' WHERE entry_no = {last - 1}",
        f"DELETE FROM audit_entry WHERE entry_no = {last}",
        f"UPDATE precise.version_body SET body = '\\x7b7d' WHERE id = '{ids[1]}'",
    )
    words = (f"第 {last - 1} 条内容被改动", f"第 {last} 条从末尾被截去", f"版本的正文与摘要不符：{ids[1]}", photo)
    assert here.xiangye(env, "audit", "verify").refuses(*words)
    said = here.xiangye(env, "audit", "verify", "--json")
    told = json.loads(said.out)
    assert said.code == 1
    assert {(one["kind"], one["first"]) for one in told["broken"]} == {("forged", last - 1), ("cut_off", last)}
    for path in (settings.var_dir / "audit").iterdir():
        path.unlink()
    assert here.xiangye(env, "audit", "verify").refuses("库外没有链头记录")
