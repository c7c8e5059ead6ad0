"""Photos by tus 1.0: resumed, checked at both ends, kept as they came, shown without their place."""

import base64
import hashlib
from datetime import datetime
from pathlib import Path

import pytest
import requests

from server.db import open_session
from server.demo.photos import Shot, draw_all
from server.media.model import MediaFile
from server.media.store import Store
from shared.clock import CHINA
from tests.serving import Live

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def photo(tmp_path: Path) -> bytes:
    return draw_all(
        tmp_path / "photos", [Shot("a.jpg", "lake", 112.9287654, 24.9512345, datetime(2025, 5, 20, 8, tzinfo=CHINA))]
    )[0].read_bytes()


def create(live: Live, data: bytes, sha256: str | None = None) -> requests.Response:
    named = base64.b64encode((sha256 or hashlib.sha256(data).hexdigest()).encode()).decode()
    headers = {**live.headers, **TUS, "Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {named}"}
    return requests.post(f"{live.url}/v1/uploads", headers=headers, timeout=20)


def patch(live: Live, made: requests.Response, data: bytes, at: int) -> requests.Response:
    headers = {**live.headers, **TUS, "Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
    return requests.patch(live.url + made.headers["Location"], data=data, headers=headers, timeout=20)


def head(live: Live, made: requests.Response) -> requests.Response:
    return requests.head(live.url + made.headers["Location"], headers={**live.headers, **TUS}, timeout=20)


def test_an_upload_resumes_where_it_stopped_and_ends_in_custody(live: Live, photo: bytes) -> None:
    made = create(live, photo)
    assert made.status_code == 201
    assert patch(live, made, photo[:5000], 0).headers["Upload-Offset"] == "5000"
    assert head(live, made).headers["Upload-Offset"] == "5000"
    assert "Xiangye-Custody" not in head(live, made).headers
    done = patch(live, made, photo[5000:], 5000)
    assert done.status_code == 204
    assert done.headers["Xiangye-Custody"].split(";")[:2] == [hashlib.sha256(photo).hexdigest(), "province"]
    assert head(live, made).headers["Xiangye-Custody"] == done.headers["Xiangye-Custody"]
    assert Store(live.settings.store_dir).original(hashlib.sha256(photo).hexdigest()) == photo


def test_a_wrong_offset_changes_nothing(live: Live, photo: bytes) -> None:
    made = create(live, photo)
    patch(live, made, photo[:100], 0)
    refused = patch(live, made, photo[:100], 50)
    assert (refused.status_code, refused.json()["offset"]) == (409, 100)
    assert head(live, made).headers["Upload-Offset"] == "100"


def test_bytes_that_do_not_match_their_digest_are_refused(live: Live, photo: bytes) -> None:
    made = create(live, photo, "ab" * 32)
    refused = patch(live, made, photo, 0)
    assert (refused.status_code, refused.json()["code"]) == (460, "checksum_mismatch")
    assert head(live, made).headers["Upload-Offset"] == "0"


def test_bytes_that_are_held_need_not_be_sent_again(live: Live, photo: bytes) -> None:
    patch(live, create(live, photo), photo, 0)
    again = create(live, photo)
    assert again.headers["Upload-Offset"] == str(len(photo))
    assert again.headers["Xiangye-Custody"]


def test_a_photo_that_does_not_decode_is_kept_and_told(live: Live) -> None:
    junk = b"\xff\xd8 this is no photo"
    done = patch(live, create(live, junk), junk, 0)
    assert done.headers["Xiangye-Custody"]
    with open_session(live.settings) as session:
        file = session.get_one(MediaFile, hashlib.sha256(junk).hexdigest())
        assert file.rendition_sha256 is None
        assert "无法解码" in (file.problem or "")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Upload-Length", "0"),
        ("Upload-Length", "x"),
        ("Upload-Length", "999999999999"),
        ("Upload-Metadata", "sha256 !!!"),
    ],
)
def test_a_malformed_creation_names_its_header(live: Live, header: str, value: str) -> None:
    good = {"Upload-Length": "5", "Upload-Metadata": "sha256 " + base64.b64encode(b"a" * 64).decode()}
    answer = requests.post(f"{live.url}/v1/uploads", headers={**live.headers, **TUS, **good, header: value}, timeout=20)
    assert (answer.status_code, answer.json()["field"]) == (400, header)


def test_another_tablets_upload_is_not_there(live: Live, photo: bytes) -> None:
    made = create(live, photo)
    stranger = requests.head(
        live.url + made.headers["Location"], headers={**TUS, "Authorization": "Bearer other"}, timeout=20
    )
    assert stranger.status_code == 401


def parts(live: Live) -> list[Path]:
    return list(Store(live.settings.store_dir).uploads.iterdir())


def test_an_upload_whose_address_was_lost_goes_on(live: Live, photo: bytes) -> None:
    made = create(live, photo)
    patch(live, made, photo[:5000], 0)
    again = create(live, photo)
    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (made.headers["Location"], "5000")
    patch(live, again, photo[5000:], 5000)
    assert parts(live) == []


def test_two_last_pieces_at_once_end_one_upload(live: Live, photo: bytes) -> None:
    from concurrent.futures import ThreadPoolExecutor

    made = create(live, photo)
    patch(live, made, photo[:5000], 0)
    with ThreadPoolExecutor(4) as several:
        answers = list(several.map(lambda _: patch(live, made, photo[5000:], 5000), range(4)))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert head(live, made).headers["Xiangye-Custody"]
    assert parts(live) == []
    assert Store(live.settings.store_dir).original(hashlib.sha256(photo).hexdigest()) == photo


def test_two_uploads_of_one_photo_may_end_at_once(live: Live, photo: bytes, tmp_path: Path) -> None:
    """Both saw the photo missing; the second finds it kept."""
    from server.db import session_factory
    from server.media.service import take_in
    from tests.admitting import CLOCK

    path, sha256 = tmp_path / "photo", hashlib.sha256(photo).hexdigest()
    path.write_bytes(photo)
    store = Store(live.settings.store_dir)
    with session_factory(live.settings)() as slow:
        slow.connection(execution_options={"isolation_level": "READ COMMITTED"})
        assert slow.get(MediaFile, sha256) is None
        with open_session(live.settings) as quick:
            take_in(quick, CLOCK, store, path, sha256)
        assert take_in(slow, CLOCK, store, path, sha256).sha256 == sha256
        slow.commit()


@pytest.mark.parametrize("length", ["9" * 5000, "\u0665".encode().decode("latin-1"), "-1"])
def test_a_length_that_is_no_number_is_told(live: Live, length: str) -> None:
    headers = {**live.headers, **TUS, "Upload-Length": length, "Upload-Metadata": "sha256 \xe4"}
    assert requests.post(f"{live.url}/v1/uploads", headers=headers, timeout=20).status_code == 400
    headers["Upload-Length"] = "5"
    assert requests.post(f"{live.url}/v1/uploads", headers=headers, timeout=20).status_code == 400
