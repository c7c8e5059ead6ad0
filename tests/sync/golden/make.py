"""Makes one golden store with the app of the commit that stands first in PYTHONPATH; see README.md. Never run by a test.

PYTHONPATH=WORKTREE python make.py FOLDER [future | signed | sealed | surveys]
"""

import base64
import json
import shutil
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import mobile.capture.recorder
from mobile.cli import run
from tests.mobile import station as at
from tests.mobile.test_headless import DAY, gpx
from tests.mobile.test_photos import jpeg


def of_a_newer_app(recorder: Any) -> None:
    """Every record as an app might write it that knows more than the server: fields, a form and words that nobody has seen yet."""
    before = recorder._envelope

    def newer(self: Any, part: Any, *rest: Any) -> dict[str, Any]:
        written: dict[str, Any] = before(self, part, *rest)
        body = {**written["body"], "later": {"nested": [1, {"deep": "值"}], "\U0001f406": "𠀀"}, "later_list": []}
        return {
            **written,
            "app_version": "9.9.0",
            "form": f"{part.kind}/9",
            "vocabulary": "99",
            "later": "an envelope's field",
            "body": body,
        }

    recorder._envelope = newer


def sign(folder: Path, device_id: str) -> dict[str, str]:
    """The whole outbox as one batch, as the app of that commit signs it."""
    from mobile.device.desktop_folder import FileKeystore
    from mobile.device.desktop_key import FileKey
    from mobile.store.store import Store
    from mobile.sync.body import batch_body
    from mobile.sync.signatures import Signer

    store, key = Store(folder, FileKeystore(folder / "keys.json")), FileKey(folder / "device_key.pem")
    now = datetime(2025, 5, 20, 18, tzinfo=UTC)
    offered = store.deliveries.read(store.deliveries.due(now, True), 3_000_000)
    body = batch_body([one.canonical for one in offered], now)
    signed = Signer(key, device_id).batch(body)
    store.close()
    assert signed is not None
    (folder / "batch.json").write_bytes(body)
    return {"public_key": key.public_key(), "signature": signed.header}


def tell_seal_key(folder: Path) -> None:
    """As a session with the province would: its private scalar is the one of the page's vector, 32 times 0x11."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = ec.derive_private_key(int.from_bytes(b"\x11" * 32, "big"), ec.SECP256R1()).public_key()
    spki = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    store = sqlite3.connect(folder / "field.sqlite3")
    with store:
        told = [("seal_key", spki), ("seal_key_number", "1")]
        store.executemany("insert or replace into setting values (?, ?)", told)
    store.close()


BEGUN: list[dict[str, Any]] = [
    {
        "at": "2025-05-20T07:00:00+08:00",
        "do": "begin_survey",
        "title": "莽山䴙䴘加密调查",
        "survey_kind": "aquatic",
        "county_codes": ["431022"],
        "owner": "宜章县林业局",
    },
    {"do": "choose_survey", "survey_id": "莽山䴙䴘加密调查"},
]
"""The day goes on in a survey that the province has never heard of."""


def play(home: Path, folder: Path, url: str, steps: list[dict[str, Any]]) -> int:
    (home / "day.json").write_text(json.dumps(steps, ensure_ascii=False))
    return int(run("field", ["--headless", str(home / "day.json"), "--data", str(folder), "--server", url, "--json"]))


def make(folder: Path, what: str) -> None:
    """A day of every kind of record the app can make, saved after a last sync: all of it waits."""
    if what == "future":
        of_a_newer_app(mobile.capture.recorder.Recorder)
    home = folder.with_suffix(".home")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name, colour in (("IMG_001.jpg", "green"), ("IMG_002.jpg", "brown")):
        (home / name).write_bytes(jpeg(colour))
    (home / "patrol.gpx").write_text(gpx(range(40)))
    with at.station(pack=at.make_pack(home / "taxa.sqlite3")) as server:
        code = play(home, folder, server.url, DAY[:3])
        if what == "sealed":
            tell_seal_key(folder)
        began = BEGUN if what == "surveys" else []
        code = code or play(home, folder, server.url, [*began, *DAY[3:-1]])
    store = sqlite3.connect(next(folder.glob("*.sqlite3")))
    rows = store.execute("select record_id, digest, kind from record order by seq").fetchall()
    device = store.execute("select value from setting where name = 'device_id'").fetchone()[0]
    (folder / "golden.json").write_text(
        json.dumps(
            {
                "person": at.PERSON,
                "survey": at.SURVEY,
                "device": device,
                "schema": store.execute("pragma user_version").fetchone()[0],
                "batch": sign(folder, device) if what == "signed" else None,
                "photos": store.execute("select count(*) from media_file").fetchone()[0],
                "records": [dict(zip(("record_id", "digest", "kind"), row, strict=True)) for row in rows],
            },
            ensure_ascii=False,
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )
    store.close()
    shutil.rmtree(home)
    for name in ("keys.json", "device_key.pem"):  # who tries a golden store enrols anew
        (folder / name).unlink(missing_ok=True)
    if code:
        raise SystemExit(code)


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve(), (sys.argv[2:] or [""])[0])
