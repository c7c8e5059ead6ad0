"""The tablet's own key: made once, kept away from the database, never lost halfway."""

import threading
from pathlib import Path

import pytest

from mobile.device.desktop_key import FileKey
from mobile.device.desktop_signatures import LibrarySignatures
from mobile.device.ports import DeviceFailure
from tests.mobile.tablets import tablet


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "device_key.pem"
    first = FileKey(path)
    public = first.public_key()
    assert path.stat().st_mode & 0o777 == 0o600
    assert FileKey(path).public_key() == public == first.public_key()
    signature = FileKey(path).sign(b"statement")
    assert LibrarySignatures().holds(public, b"statement", signature)
    assert not LibrarySignatures().holds(public, b"statemenu", signature)
    assert [file.name for file in tmp_path.iterdir()] == ["device_key.pem"], "no half file stays"


def test_two_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    keys = [FileKey(tmp_path / "device_key.pem") for _ in range(6)]
    found: list[str] = []
    threads = [threading.Thread(target=lambda key=key: found.append(key.public_key())) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_a_damaged_key_is_kept_aside_and_one_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "device_key.pem"
    path.write_text("no key")
    assert FileKey(path).public_key()
    assert (tmp_path / "device_key.damaged.pem").read_text() == "no key"
    (tmp_path / "file").write_text("")
    with pytest.raises(DeviceFailure, match="签名密钥"):
        FileKey(tmp_path / "file" / "device_key.pem").public_key()


def test_the_private_key_is_in_no_database_and_no_copy(tmp_path: Path) -> None:
    with tablet(tmp_path) as held:
        held.device.device_key.public_key()
        held.sighting()
    pem = (tmp_path / "device_key.pem").read_bytes().splitlines()[1]
    others = [file for file in tmp_path.rglob("*") if file.is_file() and file.name != "device_key.pem"]
    assert others and all(pem not in file.read_bytes() for file in others)
