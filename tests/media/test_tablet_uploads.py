"""P4, P7, T8, T20: photos of a real tablet at the real server, with somebody between who spoils one thing each time."""

import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image

from mobile.device.desktop_folder import WiredNetwork
from mobile.store.media import MediaFile
from server.accounts.service import issue_code
from server.db import open_session
from server.media.model import MediaReview
from server.media.store import Store
from shared.protocol import UPLOAD_CHUNK_BYTES as CHUNK
from tests import records
from tests.admitting import CLOCK
from tests.media.meddling import Answer, Between, Passing, between
from tests.media.uploading import sha256
from tests.mobile.tablets import Tablet, tablet
from tests.serving import Live

SIZE = 2 * CHUNK + 1000


@pytest.fixture(scope="module")
def enrolled(served: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tablet, Between, Path]]:
    """One tablet for all of these tests: each takes photos of its own and leaves none waiting."""
    folder, photos = tmp_path_factory.mktemp("tablet"), tmp_path_factory.mktemp("photos")
    with open_session(served.settings) as session:
        code = issue_code(session, CLOCK, UUID(records.PERSON))
    with between(served.url) as line, tablet(folder, photos=photos, server_url=line.url, enrolled=False) as held:
        held.clock.set(CLOCK.now())
        assert not held.app.session.enrol(code, "平板").problems
        yield held, line, photos


@pytest.fixture
def held(enrolled: tuple[Tablet, Between, Path]) -> Iterator[Tablet]:
    held, line, _ = enrolled
    line.passed.clear()
    yield held
    line.meddle = lambda _: None
    assert not held.app.store.media.waiting_count() or held.app.sync.sync()
    assert held.app.store.media.waiting_count() == 0


@pytest.fixture
def line(enrolled: tuple[Tablet, Between, Path]) -> Between:
    return enrolled[1]


@pytest.fixture
def photos(enrolled: tuple[Tablet, Between, Path]) -> Path:
    return enrolled[2]


def photograph(held: Tablet, photos: Path, data: bytes, name: str = "") -> bytes:
    name = name or f"{sha256(data)[:8]}.jpg"
    (photos / name).write_bytes(data)
    record = held.app.record
    record.open(fresh=True)
    assert record.choose_name("白鹭") and record.set_count(1) and record.take_photo(name) and record.confirm()
    return data


def bytes_of_no_picture(size: int = SIZE) -> bytes:
    return b"\xff\xd8\xff" + os.urandom(size - 3)


def picture() -> bytes:
    """Large for its pixels, as noise is, and long, so that a copy of it saves much."""
    out = io.BytesIO()
    Image.frombytes("RGB", (2400, 300), os.urandom(2400 * 300 * 3)).save(out, "JPEG", quality=60)
    return out.getvalue()


def waiting(held: Tablet) -> list[MediaFile]:
    return held.app.store.media.due(held.clock.now(), True)


def original(served: Live, data: bytes) -> bytes:
    return Store(served.settings.store_dir).original(sha256(data))


def test_a_piece_damaged_on_the_way_is_sent_again_from_its_place(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    """P7: it costs one piece, not the photo."""
    data = photograph(held, photos, bytes_of_no_picture())
    damaged: list[str] = []

    def damage_second(passing: Passing) -> None:
        if passing.method == "PATCH" and passing.headers["Upload-Offset"] == str(CHUNK) and not damaged:
            passing.body = bytes(len(passing.body))
            damaged.append(passing.path)

    line.meddle = damage_second
    assert held.app.sync.sync() is True and damaged
    assert original(served, data) == data
    assert (line.body_bytes(), line.count("POST")) == (SIZE + CHUNK, 1)


def test_a_server_that_answers_460_to_the_question_where_it_stands(held: Tablet, line: Between, photos: Path) -> None:
    """As one of an older release does after it died with all bytes, and wrong ones: the photo begins anew, and is not refused."""
    photograph(held, photos, bytes_of_no_picture())
    _break_once(held, line)
    line.meddle = lambda passing: Answer(460, {"Tus-Resumable": "1.0.0"}) if passing.method == "HEAD" else None
    assert held.app.sync.sync() is True


def _break_once(held: Tablet, line: Between) -> None:
    """An upload that stands at its first piece."""
    line.meddle = lambda passing: (
        Answer(503, {"Tus-Resumable": "1.0.0"})
        if passing.method == "PATCH" and passing.headers["Upload-Offset"] != "0"
        else None
    )
    assert held.app.sync.sync() is False
    assert [photo.upload_url is not None for photo in waiting(held)] == [True]


def test_bytes_left_are_what_the_server_lacks(held: Tablet, line: Between, photos: Path) -> None:
    photograph(held, photos, bytes_of_no_picture())
    assert held.app.store.media.bytes_left() == SIZE
    _break_once(held, line)
    assert held.app.store.media.bytes_left() == SIZE - CHUNK
    [photo] = held.app.store.media.waiting_photos()
    assert (photo.byte_count, photo.bytes_left) == (SIZE, SIZE - CHUNK) and "503" in photo.reason
    line.passed.clear()
    line.meddle = lambda _: None
    assert held.app.sync.sync() is True
    assert line.body_bytes() == SIZE - CHUNK


@pytest.mark.parametrize("address", ["/v1/uploads", "/v1/uploads/0190"])
def test_an_address_that_is_no_uploads_is_given_up(held: Tablet, line: Between, photos: Path, address: str) -> None:
    """`Location` cut short on the way, or one kept by an older release: no photo waits for ever for it."""
    first = photograph(held, photos, bytes_of_no_picture(3000))
    second = photograph(held, photos, bytes_of_no_picture(5000))
    held.app.store.media.uploading(sha256(first), line.url + address)

    def cut_first_location(passing: Passing) -> Answer | None:
        if passing.method == "POST" and passing.path == "/v1/uploads" and line.count("POST") == 1:
            return Answer(201, {"Tus-Resumable": "1.0.0", "Location": address, "Upload-Offset": "0"})
        return None

    line.meddle = cut_first_location
    assert held.app.sync.sync() is True
    assert not [one for one in line.passed if one.method == "HEAD"]
    assert held.app.store.media.held_count() >= 2 and second


@pytest.mark.parametrize("status", [507, 400])
def test_a_photo_that_the_server_cannot_take_holds_up_nothing_else(
    held: Tablet, line: Between, photos: Path, served: Live, status: int
) -> None:
    """Not the photos after it, and not what is to be fetched."""
    bad = photograph(held, photos, bytes_of_no_picture(3000))
    held.wait(1)
    good = photograph(held, photos, bytes_of_no_picture(5000))
    words = b'{"title": "no room"}'
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/problem+json"}
    line.meddle = lambda passing: (
        Answer(status, headers, words) if passing.method == "PATCH" and passing.body == bad else None
    )
    line.passed.clear()
    assert held.app.sync.sync() is False
    assert "no room" in held.app.sync.message
    assert [photo.sha256 for photo in waiting(held)] == [sha256(bad)]
    assert original(served, good) == good
    assert line.count("GET", "/v1/sync/changes") >= 1


def test_an_answer_that_makes_no_sense_holds_up_nothing_else(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    """Its address is given up too: it may be what is wrong."""
    bad = photograph(held, photos, bytes_of_no_picture(3000))
    held.wait(1)
    good = photograph(held, photos, bytes_of_no_picture(5000))
    line.meddle = lambda passing: (
        Answer(204, {"Tus-Resumable": "1.0.0"}) if passing.method == "PATCH" and passing.body == bad else None
    )
    assert held.app.sync.sync() is False
    assert [(photo.sha256, photo.upload_url) for photo in waiting(held)] == [(sha256(bad), None)]
    assert original(served, good) == good
    assert line.count("GET", "/v1/sync/changes") >= 1


def test_a_portal_that_answers_401_revokes_nobody(held: Tablet, line: Between, photos: Path) -> None:
    """T20: only our own server can say that it does not know this tablet any more."""
    photograph(held, photos, bytes_of_no_picture(3000))
    line.meddle = lambda passing: (
        Answer(401, {"Content-Type": "text/html"}, b"<html>Log in") if "/uploads" in passing.path else None
    )
    assert held.app.sync.sync() is False
    assert not held.app.sync.refused and "不是来自湘野服务器" in held.app.sync.message


def test_small_copies_go_before_all_originals_and_free_nothing(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    """P4: and they are much smaller."""
    taken = [photograph(held, photos, picture()) for _ in range(2)]
    assert held.app.sync.sync() is True
    begun = ["review_of" in one.headers["Upload-Metadata"] for one in line.passed if one.path == "/v1/uploads"]
    assert begun == [True, True, False, False]
    copies = [one.body for one in line.passed if one.method == "POST" and one.body and "uploads" in one.path]
    assert all(len(copy) < len(data) / 3 for copy, data in zip(copies, taken, strict=True))
    assert [original(served, data) for data in taken] == taken
    assert list((held.app.store.database.path.parent / "media" / "review").iterdir()) == []


def test_a_copy_that_the_server_will_not_have_is_given_up(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    data = photograph(held, photos, picture())
    told = {"Tus-Resumable": "1.0.0"}
    line.meddle = lambda passing: (
        Answer(422, told) if "review_of" in passing.headers.get("Upload-Metadata", "") else None
    )
    assert held.app.sync.sync() is True
    assert original(served, data) == data
    assert held.app.store.review_copies.waiting_count() == 0


def test_originals_wait_for_a_network_without_a_price_and_say_so(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    """Copies and records go; a restart changes nothing; a person can send now."""
    data = photograph(held, photos, picture())
    held.device = replace(held.device, network=WiredNetwork(metered=True))
    held.restart()
    for _ in range(2):
        assert held.app.sync.sync() is False
        assert f"1 张原片（还有 {len(data) / 1e6:.1f} MB）在等无线网络" in held.app.sync.lines[-1]
    assert (line.count("POST"), line.count("HEAD")) == (1, 0), "the copy, once"
    assert line.body_bytes("POST") + line.body_bytes("PATCH") < len(data) / 2
    with open_session(served.settings) as session:
        assert session.get(MediaReview, sha256(data)) is not None
    [photo] = waiting(held)
    held.app.store.media.free(held.clock.now(), 1)
    assert photo.path.is_file(), "a copy at the server frees nothing"
    assert held.app.sync.sync(originals_now=True) is True
    assert original(served, data) == data
    photograph(held, photos, picture())
    held.app.sync.let_wait("copy", True)
    line.passed.clear()
    assert held.app.sync.sync() is False and line.count("POST") == 0, "a setting of its own for each kind"
    held.app.sync.let_wait("original", False)
    assert held.app.sync.sync() is True and line.count("POST") == 1, "the original; its copy never went"
    held.app.sync.let_wait("original", True)
    held.app.sync.let_wait("copy", False)
    held.device = replace(held.device, network=WiredNetwork())
    held.restart()


def test_a_server_that_lost_a_photo_gets_it_again(held: Tablet, photos: Path, served: Live) -> None:
    """P4: its custody was told, it was restored without the file, and the tablet offers what it still keeps."""
    data = photograph(held, photos, bytes_of_no_picture(3000))
    assert held.app.sync.sync() is True
    (served.settings.store_dir / "precise" / "original" / sha256(data)[:2] / sha256(data)).unlink()
    held.app.store.identity.keep(server_epoch="before it was restored")
    assert held.app.sync.sync() is True
    assert original(served, data) == data


class CarriedOut(WiredNetwork):
    """Without a price until one piece of a file has passed."""

    def __init__(self, line: Between) -> None:
        super().__init__()
        self._line = line

    def metered(self) -> bool:
        return self._line.count("PATCH") > 0


def test_a_tablet_that_leaves_the_house_in_the_middle_of_an_original_pays_for_no_more_of_it(
    held: Tablet, line: Between, photos: Path, served: Live
) -> None:
    """The price is asked before each file and each piece; what is there already is not sent again."""
    data, other = (photograph(held, photos, bytes_of_no_picture()) for _ in range(2))
    wired, held.device = held.device, replace(held.device, network=CarriedOut(line))
    held.restart()
    assert held.app.sync.sync() is False and line.count("PATCH") == 1
    assert "2 张原片" in held.app.sync.lines[-1] and "在等无线网络" in held.app.sync.lines[-1]
    assert not held.app.sync.problems and [photo.reason for photo in held.app.store.media.waiting_photos()] == ["", ""]
    assert held.app.store.media.bytes_left() == 2 * SIZE - CHUNK
    line.passed.clear()
    held.device = wired
    held.restart()
    assert held.app.sync.sync() is True
    assert line.body_bytes("PATCH") == 2 * SIZE - CHUNK
    assert original(served, data) == data and original(served, other) == other
