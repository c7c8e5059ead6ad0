"""The tablet seals once, at 确认: what it keeps tells nobody where, not even its own user; what it cannot seal it says."""

import base64
import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mobile.photos.splice import splice_exif
from mobile.store.database import Database
from server.sensitivity.sealing import SealKey
from shared.canonical import parse
from shared.clock import CHINA
from shared.wire.sealed import read_sealed
from shared.wire.sealed_photo import read_sealed_photo
from tests.mobile.station import make_pack
from tests.mobile.tablets import Tablet, tablet
from tests.mobile.test_photos import jpeg
from tests.sealed.searching import bytes_of, found

KEY = SealKey(1, datetime(2026, 1, 1, tzinfo=UTC).date(), ec.derive_private_key(7, ec.SECP256R1()))
PLACES = [
    (random.Random(n).randrange(246_000_000, 301_000_000), random.Random(-n).randrange(1_088_000_000, 1_142_000_000))
    for n in range(1, 201)
]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Tablet]:
    """With a species pack and, as after a sync, the province's key."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, (latitude_e7, longitude_e7) in enumerate(PLACES[:3]):
        at = datetime(2025, 5, 20, 7, 30, tzinfo=CHINA)
        (photos / f"{number}.jpg").write_bytes(splice_exif(jpeg(), latitude_e7, longitude_e7, at))
    with tablet(tmp_path / "tablet", photos=photos) as one:
        one.app.store.packs.install("taxa", make_pack(tmp_path / "pack"), one.clock.now())
        one.app.store.identity.keep(seal_key=KEY.public, seal_key_number="1")
        yield one


def told(one: Tablet, record_id: str) -> dict[str, object]:
    """What the province reads in a sealed record."""
    newest = one.app.store.outbox.newest_version(record_id)
    assert newest is not None and newest.is_sealed
    sealed = read_sealed(newest.record)
    assert sealed.digest == newest.digest
    opened: dict[str, object] = parse(KEY.open(sealed.header_bytes, sealed.data))
    return opened


def ciphertexts(one: Tablet) -> list[bytes]:
    """What was sealed, as it lies in the files: each proved to be so by being opened."""
    rows = one.app.store.database.rows("select canonical from record")
    records = [record for record in (json.loads(row["canonical"]) for row in rows) if "sealed" in record]
    for sealed in map(read_sealed, records):
        KEY.open(sealed.header_bytes, sealed.data)
    photos = [read_sealed_photo(photo.path.read_bytes()) for photo in one.app.store.media.due(one.clock.now(), True)]
    return [record["sealed"].encode() for record in records] + [photo.data for photo in photos]


def record_all(one: Tablet) -> None:
    """Half by the receiver's position, half picked on the map and so kept in drafts; photos, changed minds, restarts."""
    for number, (latitude_e7, longitude_e7) in enumerate(PLACES):
        form = one.app.record
        if number % 2:
            one.stand(longitude_e7 / 1e7, latitude_e7 / 1e7)
        form.open(fresh=True)
        assert form.choose_name("白鹭") and form.choose_name("穿山甲" if number % 3 else "Manis aurita")
        if not number % 2:
            assert form.pick_on_map(longitude_e7 / 1e7, latitude_e7 / 1e7) and form.set_remarks("洞口" * number)
        if number < 3:
            assert form.take_photo(f"{number}.jpg")
        if number == 100:
            one.restart()
            form = one.app.record
            form.open()
        assert form.confirm(), form.message
        assert form.message == "已保存（已密封：位置仅省级可读）"
        one.wait(60)


def test_a_lost_tablet_tells_no_place_of_two_hundred_sealed_records(held: Tablet, tmp_path: Path) -> None:
    """T1: data folder, write-ahead log, copies, caches; while the app runs and after it was closed. 0 hits."""
    held.app.store.database.connection().execute("vacuum into ?", (str(tmp_path / "tablet" / "field.before9.sqlite3"),))
    record_all(held)
    assert held.app.store.outbox.waiting_count() == 203
    sealed = ciphertexts(held)
    assert len(sealed) == 206
    shutil.copytree(tmp_path / "tablet", tmp_path / "running")
    held.app.close()
    shutil.copytree(tmp_path / "tablet", tmp_path / "closed")
    plain = [(tmp_path / "photos" / f"{number}.jpg").read_bytes()[:300] for number in range(3)]
    for copy in (tmp_path / "running", tmp_path / "closed"):
        assert found(copy, PLACES, sealed) == []
        assert not any(head in data for head in plain for data in bytes_of(copy).values())
        assert not any(b"Manis aurita" in data for name, data in bytes_of(copy).items() if "packs" not in name)


def test_the_search_finds_what_is_not_sealed(held: Tablet, tmp_path: Path) -> None:
    """The same days on a tablet that was told no key: it says so, and each place is found."""
    held.app.store.identity.keep(seal_key="")
    form = held.app.record
    for latitude_e7, longitude_e7 in PLACES[:5]:
        form.open(fresh=True)
        assert form.choose_name("穿山甲") and form.pick_on_map(longitude_e7 / 1e7, latitude_e7 / 1e7) and form.confirm()
        assert form.message.startswith("已保存（这台平板还没有密封公钥")
    held.app.close()
    hits = found(tmp_path / "tablet", PLACES)
    assert {place for _, place, spelling in hits if len(spelling) > 4} == set(PLACES[:5])


def test_a_draft_in_a_copy_of_the_store_goes_with_it(held: Tablet, tmp_path: Path) -> None:
    """T1: the copy that an upgrade or the day made while the form was open."""
    latitude_e7, longitude_e7 = PLACES[7]
    form = held.app.record
    form.open(fresh=True)
    assert form.choose_name("穿山甲") and form.pick_on_map(longitude_e7 / 1e7, latitude_e7 / 1e7)
    copy = tmp_path / "tablet" / "field.before9.sqlite3"
    held.app.store.database.connection().execute("vacuum into ?", (str(copy),))
    assert found(tmp_path / "tablet", [PLACES[7]])
    assert form.confirm()
    assert found(tmp_path / "tablet", [PLACES[7]]) == [] and copy.is_file()


def test_only_what_tells_where_a_guarded_species_is_is_sealed(held: Tablet) -> None:
    egret = held.sighting("白鹭")
    newest = held.app.store.outbox.newest_version(egret)
    assert held.app.record.message == "已保存" and newest is not None and not newest.is_sealed
    held.stand(112.9287654, 24.9512345)
    pangolin = held.sighting("穿山甲", 2)
    inside = told(held, pangolin)
    assert isinstance(inside["body"], dict) and inside["id"] == pangolin
    assert inside["body"]["individual_count"] == 2 and inside["body"]["place"]["latitude_e7"] == 249512345
    assert [species.display for species in held.app.store.outbox.recent_species()] == ["白鹭"]


def test_what_is_shown_of_it_is_words(held: Tablet) -> None:
    held.stand(112.9287654, 24.9512345)
    record_id = held.sighting("穿山甲")
    records, detail = held.app.my_records, held.app.record_detail
    records.refresh()
    row = records.rows[0]
    assert (row.title, row.photo_path) == ("敏感记录", None) and row.subtitle.endswith("已密封：位置仅省级可读")
    detail.open(record_id)
    assert detail.title == "敏感记录" and "112" not in detail.subtitle and detail.can_withdraw
    assert detail.withdraw()
    newest = held.app.store.outbox.newest_version(record_id)
    assert newest is not None and newest.kind == "tombstone"
    rows = held.app.store.database.rows("select digest from record where record_id = ? order by seq", (record_id,))
    assert newest.record["base_digest"] == rows[0]["digest"]
    records.refresh()
    assert records.rows[0].state == "withdrawn"


def test_photos_of_it_are_sealed_files_and_the_plain_ones_are_gone(held: Tablet, tmp_path: Path) -> None:
    form = held.app.record
    form.open(fresh=True)
    assert form.choose_name("穿山甲") and form.take_photo("1.jpg")
    plain = form.photos[0]
    assert form.confirm() and not Path(plain.path).exists()
    media_id = form.saved_ids[1]
    body = told(held, media_id)["body"]
    assert isinstance(body, dict) and body["sha256"] == plain.sha256 and body["subject_ids"] == [form.saved_ids[0]]
    (file,) = held.app.store.media.due(held.clock.now(), True)
    assert (file.sha256, file.file_name, file.media_id) == (body["sealed_sha256"], "密封照片", media_id)
    sealed = read_sealed_photo(file.path.read_bytes())
    assert KEY.open(sealed.associated, sealed.data) == (tmp_path / "photos" / "1.jpg").read_bytes()
    assert held.app.store.media.intact(file.sha256)


def test_a_plain_photo_that_a_crash_left_goes_when_the_app_begins(
    held: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7 of secrets: the power fails between the commit and the removal."""
    monkeypatch.setattr("mobile.store.traces.Traces.clear", lambda *_: None)
    form = held.app.record
    form.open(fresh=True)
    assert form.choose_name("穿山甲") and form.take_photo("1.jpg")
    plain = Path(form.photos[0].path)
    assert form.confirm() and plain.exists()
    monkeypatch.undo()
    held.restart()
    assert not plain.exists() and held.app.store.media.waiting_count() == 1


def test_a_photo_that_another_record_shows_in_clear_stays(held: Tablet) -> None:
    for name in ("白鹭", "穿山甲"):
        form = held.app.record
        form.open(fresh=True)
        assert form.choose_name(name) and form.take_photo("2.jpg")
        plain = Path(form.photos[0].path)
        assert form.confirm()
    assert plain.exists() and held.app.store.media.waiting_count() == 2


def test_an_event_and_a_track_that_tell_where_it_was_are_sealed_too(held: Tablet, tmp_path: Path) -> None:
    """T1 on a walk: a transect with one guarded find, and a patrol on which one was met. Walks without any stay in clear."""
    kinds = {}
    for number, names in enumerate((("穿山甲", "白鹭"), ("白鹭",))):
        at_step(held, number, 5)
        transect = held.app.transect
        transect.open(fresh=True)
        assert transect.start("样线", []), transect.message
        walk(held, number)
        for name in names:
            species = held.app.store.packs.species().exact(name)
            assert species is not None
            transect.transect.count(species, 1, None)
        assert transect.end(), transect.message
        kinds[names] = [saved.sealed for saved in transect.saved]
    assert kinds == {("穿山甲", "白鹭"): [True, True, False], ("白鹭",): [False, False]}
    for number in (2, 3):
        at_step(held, number, 5)
        patrol = held.app.patrol
        patrol.open(fresh=True)
        assert patrol.start("路线"), patrol.message
        walk(held, number)
        held.sighting("穿山甲" if number == 2 else "白鹭")
        held.wait(60)
        assert patrol.end(), patrol.message
        held.wait(60)
    segments = held.app.store.outbox.latest(("track_segment",), 10)
    assert [one.is_sealed for one in segments] == [False, True]
    sealed = ciphertexts(held)
    held.app.close()
    hits = found(tmp_path / "tablet", [last_of(number) for number in range(4)], sealed)
    told = {place for _, place, _ in hits}
    assert told == {last_of(1), last_of(3)}, "what is not sealed is found"


def walk(held: Tablet, number: int) -> None:
    for step in (4, 3, 2, 1, 0):
        held.wait(30)
        at_step(held, number, step)


def at_step(held: Tablet, number: int, step: int) -> None:
    latitude_e7, longitude_e7 = last_of(number)
    held.stand((longitude_e7 + step * 2000) / 1e7, (latitude_e7 + step * 2000) / 1e7)


def last_of(number: int) -> tuple[int, int]:
    """Where a walk ends."""
    return PLACES[50 + number]


def test_a_device_that_cannot_seal_saves_in_clear_and_says_so(held: Tablet) -> None:
    """P1 before T1: never a record less."""
    for key in ("not base64!", base64.b64encode(b"no key").decode()):
        held.app.store.identity.keep(seal_key=key)
        record_id = held.sighting("穿山甲")
        newest = held.app.store.outbox.newest_version(record_id)
        assert newest is not None and not newest.is_sealed and "未密封" in held.app.record.message


def test_what_fails_after_the_commit_is_no_failure_of_the_record(held: Tablet, monkeypatch: pytest.MonkeyPatch) -> None:
    """P3: a record that was saved must not be said to be lost, or it is saved twice."""

    def full(_: Database) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Database, "settle", full)
    assert held.sighting("穿山甲") and held.app.store.outbox.waiting_count() == 1
    assert json.dumps(held.app.record.message, ensure_ascii=False).startswith('"已保存')


def test_a_sealed_record_is_amended_by_filling_it_in_anew_and_sealed_again(held: Tablet) -> None:
    """P5: a version on the sealed one, whatever it is called now; where the user stands in the evening is not where it was."""
    held.stand(112.93, 24.95)
    record_id, egret = held.sighting("穿山甲"), held.sighting("白鹭")
    first = held.app.store.outbox.newest_version(record_id)
    detail, form = held.app.record_detail, held.app.record
    detail.open(egret)
    assert not detail.can_amend and not form.amend(egret) and "只有密封的" in form.message
    detail.open(record_id)
    assert detail.can_amend and form.amend(record_id) and form.amending and "重新填写" in form.flags[0]
    held.wait(7200)
    assert form.choose_name("白鹭") and form.set_count(3)
    assert not form.confirm() and "重新选点" in form.message
    held.restart()
    form = held.app.record
    form.open()
    assert form.amending and form.pick_on_map(112.94, 24.96) and form.confirm(), form.message
    assert form.saved_ids == (record_id,) and form.undo_id is None and "已密封" in form.message
    inside, body = told(held, record_id), told(held, record_id)["body"]
    assert first is not None and inside["base_digest"] == first.digest and isinstance(body, dict)
    assert (body["individual_count"], body["place"]["longitude_e7"]) == (3, 1_129_400_000)
    assert body["observed_from"] == first.saved_at
    held.app.my_records.refresh()
    assert [row.title for row in held.app.my_records.rows] == ["敏感记录", "白鹭 × 1"]
    held.app.record_detail.open(record_id)
    assert held.app.record_detail.withdraw() and not held.app.record_detail.can_amend
