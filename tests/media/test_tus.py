"""P4, P7, T8: what tus 1.0 promises, and that custody is never told of a photo which the store has not."""

import os
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import requests

from server.audit.service import Redacted, write_redactions
from server.db import open_session
from server.media import parts
from server.media.model import MediaFile, Upload
from server.media.store import Store
from tests import records
from tests.admitting import CLOCK
from tests.media.uploading import Uploader, checksum, sha256

CUSTODY = "Xiangye-Custody"


def store(uploader: Uploader) -> Store:
    return Store(uploader.live.settings.store_dir)


def original(uploader: Uploader, data: bytes) -> Path:
    digest = sha256(data)
    return uploader.live.settings.store_dir / "precise" / "original" / digest[:2] / digest


def id_of(made: requests.Response) -> UUID:
    return UUID(urlsplit(made.headers["Location"]).path.rsplit("/", 1)[-1])


@pytest.mark.parametrize("harm", ["lost", "damaged"])
def test_a_photo_that_the_store_lost_is_taken_anew(uploader: Uploader, data: bytes, harm: str) -> None:
    """P4: a row alone is no custody, whether an upload begins or asks how it stands; else the tablet frees the last copy."""
    first = uploader.create(data)
    assert uploader.patch(first, data, 0).headers[CUSTODY]
    file = original(uploader, data)
    file.unlink() if harm == "lost" else file.write_bytes(data[:100])
    asked = uploader.head(first)
    assert (asked.headers["Upload-Offset"], CUSTODY in asked.headers) == ("0", False)
    again = uploader.create(data)
    assert (again.status_code, CUSTODY in again.headers) == (201, False)
    assert uploader.patch(again, data, 0).headers[CUSTODY].startswith(sha256(data))
    assert store(uploader).original(sha256(data)) == data


def test_a_photo_lost_between_two_uploads_of_it_is_taken_anew(uploader: Uploader, data: bytes) -> None:
    """P4: one that was begun before the other ended, and ends after the store lost it."""
    uploader.bring(data)
    original(uploader, data).unlink()
    second = uploader.create(data)
    assert uploader.patch(second, data, 0).headers[CUSTODY]
    assert store(uploader).original(sha256(data)) == data


def test_a_redacted_photo_is_held_as_it_stands_now(uploader: Uploader, data: bytes) -> None:
    """Erasure writes over the original under its old key; a copy that comes again does not bring back what was taken out."""
    digest, clean = sha256(data), data[:-10] + bytes(10)
    uploader.bring(data)
    with open_session(uploader.live.settings) as session:
        write_redactions(session, CLOCK, "person", [Redacted("photo", digest, digest, sha256(clean))])
    store(uploader).put_original(digest, clean)
    assert uploader.create(data).headers[CUSTODY].startswith(digest)
    assert store(uploader).original(digest) == clean
    original(uploader, data).unlink()
    refused = uploader.create(data)
    assert (refused.status_code, refused.json()["code"]) == (409, "photo_redacted")


def test_every_new_folder_on_the_way_to_an_original_is_synced(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P8: a name that power loss takes away is a lost photo, be it the name of a folder."""
    synced, fsync = [], os.fsync

    def watched(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    digest, folder = sha256(data), tmp_path / "store"
    Store(folder).put_original(digest, data)
    file = folder / "precise" / "original" / digest[:2] / digest
    assert synced == [str(one) for one in (file, *list(file.parents)[:4], tmp_path)]


def test_ending_a_completed_upload_forgets_neither_photo_nor_bringer(uploader: Uploader, data: bytes) -> None:
    """Erasure finds a person's photos by the uploads of their tablets (privacy/erasing)."""
    made = uploader.create(data)
    uploader.patch(made, data, 0)
    assert uploader.delete(made).status_code == 204
    assert uploader.head(made).status_code == 410
    with open_session(uploader.live.settings) as session:
        kept = session.get_one(Upload, id_of(made))
        assert (str(kept.device_id), kept.sha256) == (records.DEVICE, sha256(data))
    assert store(uploader).original(sha256(data)) == data


def test_an_unfinished_upload_that_is_ended_leaves_nothing(uploader: Uploader, data: bytes) -> None:
    made = uploader.create(data)
    uploader.patch(made, data[:9000], 0)
    assert uploader.delete(made).status_code == 204
    assert uploader.head(made).status_code == 404
    assert not parts.path(store(uploader), id_of(made)).exists()


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_unlike_its_checksum_is_taken_back(uploader: Uploader, data: bytes, algorithm: str) -> None:
    made = uploader.create(data)
    assert uploader.patch(made, data[:9000], 0, **checksum(data[:9000], algorithm)).status_code == 204
    refused = uploader.patch(made, bytes(20000), 9000, **checksum(data[9000:29000], algorithm))
    assert (refused.status_code, refused.json()["code"], refused.json()["offset"]) == (460, "checksum_mismatch", 9000)
    assert uploader.head(made).headers["Upload-Offset"] == "9000"
    assert uploader.patch(made, data[9000:], 9000, **checksum(data[9000:], algorithm)).headers[CUSTODY]


@pytest.mark.parametrize("told", ["md5 xxxx", "sha256 !!", "sha256"])
def test_a_checksum_that_cannot_be_checked_is_refused_and_nothing_kept(
    uploader: Uploader, data: bytes, told: str
) -> None:
    made = uploader.create(data)
    assert uploader.patch(made, data[:9000], 0, **{"Upload-Checksum": told}).status_code in (400, 460)
    assert uploader.head(made).headers["Upload-Offset"] == "0"


def test_a_request_that_is_cut_loses_less_than_4_kb(uploader: Uploader, data: bytes) -> None:
    """P7: also of a piece with a checksum, which nobody can check any more; the digest of the whole is asked at the end."""
    made = uploader.create(data)
    uploader.cut(made, data[:30_000], len(data), **checksum(data))
    reached = int(uploader.head(made).headers["Upload-Offset"])
    assert 30_000 - parts.PIECE_BYTES < reached <= 30_000
    assert uploader.patch(made, data[reached:], reached).headers[CUSTODY]


def test_a_line_that_is_dead_without_a_word_holds_up_nobody(uploader: Uploader, data: bytes) -> None:
    """P7: after a change of network the old connection lingers for hours; the tablet goes on at once by a new one."""
    made = uploader.create(data)
    with uploader.begin(made, data[:20_000], len(data)) as dead:
        reached = 0
        while reached <= 20_000 - parts.PIECE_BYTES:
            reached = int(uploader.head(made).headers["Upload-Offset"])
        done = uploader.patch(made, data[reached:], reached)
        assert done.headers[CUSTODY]
        dead.sendall(bytes(len(data) - 20_000))
        assert dead.recv(100).startswith(b"HTTP/1.1 4")
    assert store(uploader).original(sha256(data)) == data
    assert not parts.path(store(uploader), id_of(made)).exists()


def test_bytes_that_do_not_add_up_begin_at_0_in_the_same_upload(uploader: Uploader, data: bytes) -> None:
    made = uploader.create(data)
    assert uploader.patch(made, bytes(len(data)), 0).status_code == 460
    # All bytes were there when the server died, and they were wrong:
    parts.path(store(uploader), id_of(made)).write_bytes(bytes(len(data)))
    asked = uploader.head(made)
    assert (asked.status_code, asked.headers["Upload-Offset"]) == (200, "0")
    assert uploader.patch(made, data, 0).headers[CUSTODY]


def test_an_upload_tells_when_it_expires_and_is_gone_after(uploader: Uploader, data: bytes) -> None:
    made = uploader.create(data)
    rest = timedelta(days=uploader.live.settings.upload_days)
    for answer in (made, uploader.patch(made, data[:9000], 0), uploader.head(made)):
        assert parsedate_to_datetime(answer.headers["Upload-Expires"]) == _second(CLOCK.now() + rest)
    with open_session(uploader.live.settings) as session:
        session.get_one(Upload, id_of(made)).expires_at = CLOCK.now()
    for answer in (uploader.head(made), uploader.patch(made, data[9000:], 9000), uploader.delete(made)):
        assert answer.status_code == 410
    assert "Upload-Expires" not in uploader.bring(data).headers


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def test_a_creation_may_bring_the_first_bytes_along(uploader: Uploader, data: bytes) -> None:
    some = uploader.create(data, body=data[:9000], **checksum(data[:9000]))
    assert (some.status_code, some.headers["Upload-Offset"], CUSTODY in some.headers) == (201, "9000", False)
    again = uploader.create(data, body=data)
    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (some.headers["Location"], "9000")
    other = b"all of it" + data
    assert uploader.create(other, body=other).headers[CUSTODY].startswith(sha256(other))


def test_the_server_says_what_it_can(uploader: Uploader, data: bytes) -> None:
    told = requests.options(f"{uploader.live.url}/v1/uploads", timeout=20).headers
    assert told["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert told["Tus-Checksum-Algorithm"] == "sha1,sha256"
    asked = uploader.head(uploader.create(data)).headers
    assert asked["Upload-Metadata"].startswith("sha256 ") and asked["Upload-Length"] == str(len(data))


def test_a_small_copy_gives_nobody_custody(uploader: Uploader, data: bytes) -> None:
    """P4: whatever is told of the copy, the original stays on the tablet."""
    copy = data[:5000]
    done = uploader.create(copy, review_of=sha256(data), body=copy)
    assert (done.headers["Upload-Offset"], CUSTODY in done.headers) == ("5000", False)
    with open_session(uploader.live.settings) as session:
        assert session.get(MediaFile, sha256(copy)) is None and session.get(MediaFile, sha256(data)) is None
    assert CUSTODY not in uploader.create(data).headers
