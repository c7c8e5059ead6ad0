"""`/v1/media`: photos of a record for who may see it, as pixels alone."""

import io
from pathlib import Path
from uuid import UUID

import pytest
import requests
from PIL import Image

from server.db import session_factory
from server.media.model import MediaReview
from server.sensitivity.scoping import shown_ids
from shared.ids import uuid7
from tests.admitting import outcomes
from tests.media.photos import jpeg, photo_of, send_with_photo
from tests.media.uploading import Uploader, sha256
from tests.people import subject
from tests.records import PANGOLIN, occurrence
from tests.serving import Live


def shown(live: Live, id_: str) -> str:
    with session_factory(live.settings)() as session:
        return str(shown_ids(session, [UUID(id_)])[UUID(id_)])


def get(live: Live, path: str, as_: dict[str, str], **query: str) -> requests.Response:
    return requests.get(f"{live.url}/v1/media{path}", headers=as_, params=query, timeout=20)


def test_a_reviewer_sees_the_photos_of_a_record_and_their_renditions(live: Live, tmp_path: Path) -> None:
    record, photo = send_with_photo(live.settings, tmp_path, jpeg(), known=True)
    reviewer = subject(live.settings, "reviewer")
    answer = get(live, "", reviewer, record=shown(live, record))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {
        "items": [
            {
                "id": shown(live, photo),
                "media_type": "image/jpeg",
                "captured_at": "2025-05-20T08:29:30+08:00",
                "sequence": None,
                "width_px": 640,
                "height_px": 480,
                "problem": None,
                "original_here": True,
            }
        ],
        "next": None,
    }
    for size, edge in (("large", 640), ("small", 400)):
        picture = get(live, f"/{shown(live, photo)}/rendition", reviewer, size=size)
        assert (picture.status_code, picture.headers["Content-Type"]) == (200, "image/jpeg")
        assert "filename*=UTF-8''%E7%85%A7%E7%89%87" in picture.headers["Content-Disposition"]
        with Image.open(io.BytesIO(picture.content)) as image:
            assert max(image.size) == edge


def test_the_small_copy_is_shown_until_the_original_is_here(live: Live, tmp_path: Path) -> None:
    data, copy, record = jpeg(), jpeg(at="2025:05:20 08:29:31"), occurrence()
    photo, uploader = photo_of([record["id"]], data), Uploader(live)
    with session_factory(live.settings)() as session:
        assert outcomes(session, record, photo) == ["accepted", "accepted"]
        session.commit()
    reviewer = subject(live.settings, "reviewer")

    def seen() -> tuple[bool, int]:
        [item] = get(live, "", reviewer, record=shown(live, record["id"])).json()["items"]
        return item["original_here"], get(live, f"/{item['id']}/rendition", reviewer).status_code

    assert seen() == (False, 404)
    uploader.create(copy, review_of=sha256(data), body=copy)
    assert seen() == (False, 200)
    with session_factory(live.settings)() as session:
        assert session.get(MediaReview, sha256(data)) is not None
    uploader.bring(data)
    assert seen() == (True, 200)
    with session_factory(live.settings)() as session:
        assert session.get(MediaReview, sha256(data)) is None


def test_a_photo_elsewhere_answers_like_one_that_is_not_there(live: Live, tmp_path: Path) -> None:
    """P12: another county's photo, and none at all, are one answer."""
    record, photo = send_with_photo(live.settings, tmp_path, jpeg(), known=True)
    neighbour = subject(live.settings, "reviewer", area_code="431021")
    for path, id_ in (("", record), ("/{}/rendition", photo)):
        known, unknown = (
            get(live, path.format(one), neighbour, **({} if path else {"record": one}))
            for one in (shown(live, id_), str(uuid7()))
        )
        assert (known.status_code, known.content) == (404, unknown.content)


def test_photos_need_a_sign_in_and_a_role_that_reads(live: Live, tmp_path: Path) -> None:
    record, photo = send_with_photo(live.settings, tmp_path, jpeg(), known=True)
    for path in ("", f"/{shown(live, photo)}/rendition"):
        query = {} if path else {"record": shown(live, record)}
        assert get(live, path, {}, **query).status_code == 401
        assert get(live, path, live.headers, **query).status_code == 401, "a tablet's credential is none"
        assert get(live, path, subject(live.settings, "auditor"), **query).status_code == 403


def test_a_guarded_photo_has_another_name_and_tells_the_month(live: Live, tmp_path: Path) -> None:
    """L9, L19: of a pangolin's photo neither its own id nor its day is told."""
    record, photo = send_with_photo(live.settings, tmp_path, jpeg(), known=True, taxon=PANGOLIN)
    assert shown(live, record) != record
    assert shown(live, photo) != photo
    reviewer = subject(live.settings, "reviewer")
    [item] = get(live, "", reviewer, record=shown(live, record)).json()["items"]
    assert item["captured_at"] == "2025-05"
    assert get(live, "", reviewer, record=record).status_code == 404
    assert get(live, f"/{photo}/rendition", reviewer).status_code == 404


@pytest.mark.parametrize("together", [True, False])
def test_a_photo_does_not_tell_that_two_records_are_of_one_place(live: Live, tmp_path: Path, together: bool) -> None:
    """L7, L10: one picture of an egret whose place is open and of a pangolin, as one photo or as the same file twice."""
    guarded, photo = send_with_photo(live.settings, tmp_path, jpeg(), known=True, taxon=PANGOLIN)
    egret = occurrence()
    more = photo_of([egret["id"], guarded] if together else [egret["id"]], jpeg())
    with session_factory(live.settings)() as session:
        assert outcomes(session, egret, more) == ["accepted"] * 2
        session.commit()
    reviewer = subject(live.settings, "reviewer")
    listed = {one: get(live, "", reviewer, record=shown(live, one)).json()["items"] for one in (guarded, egret["id"])}
    assert shown(live, photo) in {one["id"] for one in listed[guarded]}
    assert listed[egret["id"]] == []


def test_a_photo_that_does_not_decode_says_so_and_has_no_rendition(live: Live, tmp_path: Path) -> None:
    record, photo = send_with_photo(live.settings, tmp_path, b"\xff\xd8 no photo", known=True)
    reviewer = subject(live.settings, "reviewer")
    [item] = get(live, "", reviewer, record=shown(live, record)).json()["items"]
    assert "图片无法解码" in item["problem"]
    assert get(live, f"/{shown(live, photo)}/rendition", reviewer).status_code == 404


def test_nonsense_in_a_query_is_told(live: Live) -> None:
    reviewer = subject(live.settings, "reviewer")
    assert get(live, "", reviewer).status_code == 422
    assert get(live, "", reviewer, record="x").status_code == 422
    assert get(live, "", reviewer, record=str(uuid7()), after="x").status_code in (404, 422)
    assert get(live, "", reviewer, record=str(uuid7()), other="1\0").status_code == 422
