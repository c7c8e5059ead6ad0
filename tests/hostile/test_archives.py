"""Hostile archives of our own making: refused with one word each, nothing written, and within time and memory.

Every room that reads ZIP files does so through server/formats/archive.py; each door is tried here.
"""

import time
import tracemalloc
from pathlib import Path

import pytest

from server.exchange.sources import open_source
from server.formats.archive import open_archive
from server.formats.unusable import Unusable
from server.places.reading import read_vector
from server.places.refusal import LayerRefused
from server.taxa.unreadable import ListError
from server.taxa.workbooks import read_workbook
from tests.hostile.archives import HOSTILE, SAFE, TABLE, Member, zipped

_MOST_SECONDS, _MOST_BYTES = 5, 64 * 1024 * 1024


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {name: make() for name, (make, _) in HOSTILE.items()}


def _read_all(path: Path) -> str:
    try:
        with open_archive(path) as archive:
            for name in archive.names:
                with archive.stream(name) as stream:
                    while stream.read(1 << 16):
                        pass
    except Unusable as error:
        return error.code
    return SAFE


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_within_limits(made: dict[str, bytes], tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(made[name])
    tracemalloc.start()
    begun = time.perf_counter()
    try:
        code = _read_all(path)
        seconds, peak = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert code == HOSTILE[name][1]
    assert seconds < _MOST_SECONDS
    assert peak < _MOST_BYTES
    assert list(tmp_path.iterdir()) == [path], "nothing is ever extracted"


@pytest.mark.parametrize("name", HOSTILE)
def test_every_door_refuses_it_in_words(made: dict[str, bytes], tmp_path: Path, name: str) -> None:
    """An import, a packed shapefile and a workbook."""
    path, book = tmp_path / "a.zip", tmp_path / "a.xlsx"
    path.write_bytes(made[name])
    book.write_bytes(made[name])
    with pytest.raises(Unusable), open_source(path) as source:
        list(source.table.rows)
    with pytest.raises(LayerRefused):
        read_vector(path)
    with pytest.raises(ListError):
        read_workbook(book)


def test_a_good_archive_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(Member(b"a.csv", TABLE, method=8), comment=b"PK\x05\x06 in a comment"[:3]))
    assert _read_all(tmp_path / "a.zip") == SAFE


def test_a_name_in_gb18030_is_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(Member("样地/𬶋鵟.csv".encode("gb18030"), flags=0)))
    with open_archive(tmp_path / "a.zip") as archive:
        assert archive.names == ["样地/𬶋鵟.csv"]
        assert archive.read("样地/𬶋鵟.csv", 1000) == TABLE


def test_every_truncation_of_a_good_one_is_refused(tmp_path: Path) -> None:
    whole = zipped(Member(b"a.csv", TABLE * 40, method=8), Member(b"b.csv"))
    for cut in range(0, len(whole), max(len(whole) // 100, 1)):
        (tmp_path / "a.zip").write_bytes(whole[:cut])
        assert _read_all(tmp_path / "a.zip") != SAFE
