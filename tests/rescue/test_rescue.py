"""What a tablet never sent comes to the province by hand, whole, once, and without the app having to start."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mobile import cli as tablet_cli
from mobile.device.desktop_key import FileKey
from mobile.device.desktop_sealing import LibrarySealing
from mobile.rescue.reading import wreck_of
from mobile.rescue.writing import RescueFailure, Tools, rescue
from shared import failpoints
from shared.rescue_file import BATCH, MANIFEST, PHOTO, Reader
from tests.admitting import CLOCK
from tests.commands import Here, environment, here
from tests.faults.disks import small_disk
from tests.faults.server_process import environment_of
from tests.mobile.tablets import tablet
from tests.mobile.test_photos import jpeg
from tests.rescue.wards import at_province, copied, enrolled, on_tablet, sightings, states
from tests.serving import Live

__all__ = ["here"]
WITHOUT_WINDOW = "import sys; sys.modules['kivy'] = sys.modules['requests'] = None\n"
_RESCUE = [sys.executable, "-c", WITHOUT_WINDOW + "from shared.command import main; main()", "field", "--json"]


def tools_of(folder: Path) -> Tools:
    return Tools(FileKey(folder / "device_key.pem", make=False), LibrarySealing(), CLOCK.now)


def everything_in(folder: Path) -> dict[str, bytes]:
    """The index of the log (-shm) is SQLite's own, made anew by whoever reads."""
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite3-shm"
    }


def test_a_tablet_whose_app_does_not_start_hands_over_everything(
    province: Live, tmp_path: Path, stick: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    """P1, P3, T9: neither a newer store, nor lost settings of the app, nor a missing window library keeps a record back; exporting
    marks nothing as sent; the province's receipts do, and only by digest."""
    with enrolled(province, tmp_path) as made:
        sightings(made, 4, photos=2)
        before = on_tablet(made)
        # The app dies here: what it wrote last is in the log alone, and what comes next is a newer version's.
        broken = copied(tmp_path / "tablet", tmp_path / "broken")
        raw = sqlite3.connect(broken / "field.sqlite3")
        raw.execute("pragma user_version = 999")
        raw.close()
        (broken / "keys.json").write_text("{ no longer JSON")
        shutil.copyfile(tmp_path / "tablet" / "field.sqlite3-wal", broken / "field.sqlite3-wal")

        untouched = everything_in(broken)
        said = subprocess.run(
            [*_RESCUE, "--data", str(broken), "--rescue", str(stick)],
            env=environment(), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        assert everything_in(broken) == untouched
        told = json.loads(said.stdout)
        assert (told["records"], told["photos"], told["sealed"], told["signed"], told["unread"]) == (
            6,
            2,
            True,
            True,
            [],
        )
        [file] = stick.iterdir()
        assert b"scientific_name" not in file.read_bytes()
        assert set(states(made)) == {"waiting"}

        env = environment_of(province.settings)
        done = _imported(here, env, file)
        assert done["outcomes"] == {"accepted": 6, "already_have": 0, "conflict": 0, "quarantined": 0}
        there = at_province(province.settings)
        assert before.versions <= there.versions
        assert before.photos <= there.photos
        assert _imported(here, env, file)["outcomes"]["already_have"] == 6

        capsys.readouterr()
        receipts = ["--data", str(tmp_path / "tablet"), "--receipts", done["receipts"], "--json"]
        assert tablet_cli.run("field", receipts) == 0, capsys.readouterr().err
        assert json.loads(capsys.readouterr().out) == {"records": 6, "photos": 2, "quarantined": 0}
        assert set(states(made)) == {"held"}
        assert made.app.store.media.waiting_count() == 0
        assert rescue(tmp_path / "tablet", stick, tools_of(tmp_path / "tablet")).path is None
        assert rescue(tmp_path / "tablet", stick, tools_of(tmp_path / "tablet"), everything=True).records == 6


def _imported(here: Here, env: dict[str, str], *files: Path, code: int = 0) -> dict[str, Any]:
    said = here.xiangye(env, "import", *map(str, files), "--json")
    assert said.code == code, said
    done: list[dict[str, Any]] = json.loads(said.out)
    return done[0]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tablet's folder with 60 sightings and 3 photos, closed."""
    home = tmp_path_factory.mktemp("many")
    (home / "shots").mkdir()
    for number in range(3):
        (home / "shots" / f"IMG_{number}.jpg").write_bytes(jpeg() + bytes([number]))
    with tablet(home / "tablet", home / "shots") as made:
        sightings(made, 60, photos=3)
        made.device.device_key.public_key()
        made.app.store.database.connection().execute("pragma wal_checkpoint(truncate)")
    return home / "tablet"


def _kept(folder: Path) -> set[str]:
    with wreck_of(folder / "field.sqlite3") as wreck:
        return {kept.record_id for kept in wreck.records()}


def _rescued(file: Path) -> tuple[set[str], Counter[str], dict[str, Any]]:
    """Ids of the records, kinds of the entries, and the manifest of a file in clear."""
    ids: set[str] = set()
    kinds: Counter[str] = Counter()
    whole = b""
    with file.open("rb") as opened:
        reader = Reader(opened)
        reader.check()
        kind = ""
        for piece in reader.pieces(lambda _, frame: frame):
            if piece.about is not None:
                kind, whole = piece.about["kind"], b""
                kinds[kind] += 1
            whole += piece.data
            if kind == BATCH:
                ids |= {record["id"] for record in json.loads(whole)["records"]}
    return ids, kinds, json.loads(whole)


def test_a_damaged_page_costs_what_lies_on_it_and_is_told(many: Path, tmp_path: Path, stick: Path) -> None:
    """T9: whichever page of the store is lost, the first, the schema's and inner ones too, whatever lies on the others comes out,
    and what could not be read is said."""
    broken = copied(many, tmp_path / "broken")
    path = broken / "field.sqlite3"
    sound, everything = path.read_bytes(), _kept(many)
    worst = 0
    for page in range(0, len(sound) // 4096, 2):
        path.write_bytes(sound[: page * 4096] + b"\xa5" * 4096 + sound[(page + 1) * 4096 :])
        done = rescue(broken, stick, tools_of(broken), in_clear=True)
        assert done.path is not None
        ids, kinds, manifest = _rescued(done.path)
        lost = everything - ids
        worst = max(worst, len(lost))
        assert len(lost) <= 5, (page, lost)
        assert bool(done.unread) or not lost
        assert all(any(one in words for words in done.unread) for one in lost)
        assert (kinds[PHOTO], kinds[MANIFEST], manifest["unread"]) == (3, 1, done.unread)
        done.path.unlink()
    assert worst > 0


def test_a_store_without_its_first_page_is_read_from_its_copy(many: Path, tmp_path: Path, stick: Path) -> None:
    """T9: the copies that the app keeps stand in; what cannot be opened is named, and photos are found by their files."""
    broken = copied(many, tmp_path / "broken")
    shutil.copyfile(broken / "field.sqlite3", broken / "field.before9.sqlite3")
    (broken / "field.sqlite3").write_bytes(b"not a database any more" * 400)
    done = rescue(broken, stick, tools_of(broken), in_clear=True)
    assert done.path is not None
    ids, kinds, _ = _rescued(done.path)
    assert ids == _kept(many)
    assert kinds[PHOTO] == 3
    assert "field.sqlite3 无法打开" in done.unread[0]


def test_an_altered_record_and_photo_are_handed_over_as_scraps(many: Path, tmp_path: Path, stick: Path) -> None:
    """P4: what has not its digest is not passed off as a record; its bytes are not thrown away either."""
    broken = copied(many, tmp_path / "broken")
    with sqlite3.connect(broken / "field.sqlite3") as raw:
        raw.execute("drop trigger record_is_final")
        raw.execute("update record set canonical = replace(canonical, '白鹭', '白鹳') where seq = 5")
    raw.close()
    photo = next((broken / "media").glob("??/*"))
    photo.write_bytes(photo.read_bytes()[:-1] + b"\xff")
    done = rescue(broken, stick, tools_of(broken), in_clear=True)
    assert (done.scraps, done.photos, len(done.unread)) == (2, 2, 2)


def test_without_the_provinces_key_nothing_is_written_unless_asked(many: Path, stick: Path) -> None:
    """T12: exact places leave the tablet in clear only where somebody said so."""
    with pytest.raises(RescueFailure, match="--in-clear"):
        rescue(many, stick, tools_of(many))
    assert list(stick.iterdir()) == []


def test_files_on_one_stick_are_never_overwritten(many: Path, stick: Path) -> None:
    """P1: the same tablet in the same second."""
    for _ in range(3):
        rescue(many, stick, tools_of(many), in_clear=True)
    assert len(list(stick.iterdir())) == 3


def test_a_stick_that_is_full_or_gone_is_told_in_words(many: Path, tmp_path: Path) -> None:
    """T17: and nothing half written stays behind."""
    with pytest.raises(RescueFailure, match="没有文件夹"):
        rescue(many, tmp_path / "gone", tools_of(many), in_clear=True)
    with small_disk(tmp_path / "small", 64) as disk:
        with pytest.raises(RescueFailure, match="空间不足"):
            rescue(many, disk.folder, tools_of(many), in_clear=True)
        assert list(disk.folder.iterdir()) == []


def test_a_stick_that_breaks_behind_the_last_byte_is_left_as_it_was(many: Path, stick: Path) -> None:
    """T17: a file is there under its name only when it was read back."""
    failpoints.arm("rescue.written=raise")
    with pytest.raises(RescueFailure, match="没有留下不完整的文件"):
        rescue(many, stick, tools_of(many), in_clear=True)
    assert list(stick.iterdir()) == []
    assert rescue(many, stick, tools_of(many), in_clear=True).path in set(stick.iterdir())


def test_a_tablet_without_its_signing_key_is_rescued_unsigned(many: Path, tmp_path: Path, stick: Path) -> None:
    """And no new key is made, nor the damaged one moved."""
    broken = copied(many, tmp_path / "broken")
    (broken / "device_key.pem").write_text("damaged")
    done = rescue(broken, stick, tools_of(broken), in_clear=True)
    assert not done.signed
    assert (broken / "device_key.pem").read_text() == "damaged"
