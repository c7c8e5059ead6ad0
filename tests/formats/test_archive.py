"""Archives of strangers: read as streams, refused when hostile."""

import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from server.formats.archive import Archive, open_archive
from server.formats.unusable import Unusable


def _zip(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # a name that stands twice is the point of one case
        for name, data in members:
            archive.writestr(name, data)
    return path


def _refused(path: Path) -> str:
    with pytest.raises(Unusable) as caught, open_archive(path):
        pass
    return caught.value.code


def test_members_are_read_as_streams(tmp_path: Path) -> None:
    path = _zip(
        tmp_path / "a.zip",
        ("dir/", b""),
        ("dir/x.txt", b"abc"),
        ("__MACOSX/._x.txt", b"litter"),
        (".DS_Store", b"litter"),
    )
    with open_archive(path) as archive:
        assert archive.names == ["dir/x.txt"]
        with archive.stream("dir/x.txt") as stream:
            assert stream.read() == b"abc"
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["../x.txt", "a/../../x.txt", "/etc/passwd", "a\\b.txt", "C:x.txt", "..", "a/.."])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    assert _refused(_zip(tmp_path / "a.zip", ("ok.txt", b"1"), (name, b"1"))) == "archive_unsafe"


@pytest.mark.parametrize("names", [("a.txt", "a.txt"), ("a.txt", "A.TXT"), ("é.txt", "e\u0301.txt")])
def test_names_that_stand_twice(tmp_path: Path, names: tuple[str, str]) -> None:
    assert _refused(_zip(tmp_path / "a.zip", *((name, b"1") for name in names))) == "archive_unsafe"


def test_a_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert _refused(tmp_path / "a.zip") == "archive_unsafe"


def test_an_archive_in_the_archive(tmp_path: Path) -> None:
    assert _refused(_zip(tmp_path / "a.zip", ("inner.zip", b"PK"))) == "archive_unsafe"


def test_a_bomb(tmp_path: Path) -> None:
    assert _refused(_zip(tmp_path / "a.zip", ("zeros.txt", bytes(20 * 1024 * 1024)))) == "archive_too_large"


def test_too_many_members(tmp_path: Path) -> None:
    assert _refused(_zip(tmp_path / "a.zip", *((f"{n}.txt", b"") for n in range(1001)))) == "archive_too_large"


def test_empty_and_broken(tmp_path: Path) -> None:
    assert _refused(_zip(tmp_path / "empty.zip")) == "archive_empty"
    (tmp_path / "text.zip").write_text("not a zip")
    assert _refused(tmp_path / "text.zip") == "archive_broken"


def test_members_that_share_their_bytes(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", ("a.txt", b"1" * 50), ("b.txt", b"2" * 50), compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # the second member starts where the first does
    path.write_bytes(data)
    assert _refused(path) == "archive_unsafe"


def test_a_size_that_lies_is_found_out_while_reading(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", ("a.txt", b"1" * 5000))
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\x01\x02")
    data[central + 24 : central + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    with open_archive(path) as archive, pytest.raises(Unusable), archive.stream("a.txt") as stream:
        stream.read()


def test_every_truncation_ends_in_one_clear_error(tmp_path: Path) -> None:
    whole = _zip(tmp_path / "a.zip", ("a.txt", bytes(range(256)) * 20), ("b.txt", b"xyz")).read_bytes()
    for cut in range(0, len(whole), 7):
        with pytest.raises(Unusable):
            _read_all(whole[:cut])


def _read_all(data: bytes) -> None:
    try:
        opened = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise Unusable("archive_broken") from error
    with opened:
        archive = Archive(opened)
        for name in archive.names:
            archive.read(name, 1 << 20)
