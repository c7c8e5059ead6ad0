"""L7: what a photo carries beside its pixels is in no rendition."""

import io
from pathlib import Path
from uuid import UUID

import pytest
import requests
from PIL import Image

from server.db import session_factory
from server.media.decoding import decode
from server.sensitivity.scoping import shown_ids
from tests.admitting import outcomes
from tests.hostile.canaries import CANARY, PLACES, stands_in
from tests.hostile.pictures import FORMATS, written
from tests.media.photos import bring, photo_of
from tests.people import subject
from tests.records import PANGOLIN, occurrence
from tests.serving import Live


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("place", PLACES)
def test_a_word_planted_in_a_photo_is_in_no_rendition(kind: str, place: str) -> None:
    """L7: 12 places × 4 formats × both renditions."""
    planted = PLACES[place](kind)
    assert stands_in(planted), "nothing was planted"
    told = decode(planted)
    assert told.problem is None
    assert len(told.renditions) == 2
    for made in told.renditions:
        assert not stands_in(made.jpeg)
        with Image.open(io.BytesIO(made.jpeg)) as image:
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("place", ["EXIF text", "comment", "XMP", "ICC text"])
def test_a_rendition_made_the_usual_way_would_be_noticed(place: str) -> None:
    """L7, the control: what Pillow saves again by itself keeps words, and the search finds them."""
    with Image.open(io.BytesIO(PLACES[place]("JPEG"))) as image:
        kept = {name: image.info[name] for name in ("exif", "comment", "xmp", "icc_profile") if name in image.info}
        assert stands_in(written("JPEG", image.copy(), **kept))


def test_no_answer_about_a_photo_tells_its_file_name_or_what_it_carries(live: Live, tmp_path: Path) -> None:
    """L7: over HTTP, of a guarded record: the list, both renditions and their headers."""
    found = occurrence(taxon=PANGOLIN)
    data = {kind: PLACES["EXIF text"](kind) for kind in FORMATS}
    photos = [photo_of([found["id"]], one, file_name=f"{CANARY.decode()}.jpg") for one in data.values()]
    with session_factory(live.settings)() as session:
        assert set(outcomes(session, found, *photos)) == {"accepted"}
        for one in data.values():
            bring(session, live.settings, tmp_path, one)
        session.commit()
        shown = shown_ids(session, [UUID(found["id"])])[UUID(found["id"])]
    reviewer = subject(live.settings, "reviewer")
    listed = requests.get(f"{live.url}/v1/media", params={"record": str(shown)}, headers=reviewer, timeout=20)
    assert len(listed.json()["items"]) == len(FORMATS)
    answers = [listed]
    for item in listed.json()["items"]:
        for size in ("large", "small"):
            address = f"{live.url}/v1/media/{item['id']}/rendition"
            answers.append(requests.get(address, params={"size": size}, headers=reviewer, timeout=20))
    for answer in answers:
        assert answer.status_code == 200
        assert not stands_in(answer.content)
        assert CANARY.decode() not in str(answer.headers)
