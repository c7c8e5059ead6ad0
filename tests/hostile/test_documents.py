"""Hostile XML at every door that reads XML: a Darwin Core archive's meta.xml, a KML, a workbook; and a GeoPackage that calls functions."""

import io
import resource
import sqlite3
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
import shapely

from server.exchange.sources import open_source
from server.formats.unusable import Unusable
from server.places.reading import read_vector
from server.places.refusal import LayerRefused
from server.taxa.unreadable import ListError
from server.taxa.workbooks import read_workbook
from tests.hostile import documents
from tests.hostile.archives import TABLE, Member, zipped
from tests.places.vector_files import write

_MOST_SECONDS, _MOST_GROWTH_KB = 5, 200 * 1024


@pytest.fixture(autouse=True)
def _within_limits() -> object:
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    yield
    assert time.perf_counter() - begun < _MOST_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _MOST_GROWTH_KB


@pytest.mark.parametrize("name", documents.HOSTILE)
def test_a_description_of_an_archive(tmp_path: Path, name: str) -> None:
    """T22"""
    _refuses_archive(tmp_path, documents.meta(*documents.HOSTILE[name]))


@pytest.mark.parametrize("name", documents.HOSTILE)
def test_a_map(tmp_path: Path, name: str) -> None:
    """T22"""
    _refuses_map(tmp_path, documents.kml(*documents.HOSTILE[name]))


@pytest.mark.parametrize("name", documents.HOSTILE)
def test_a_workbook(tmp_path: Path, name: str) -> None:
    """T22"""
    _refuses_workbook(tmp_path, documents.sheet(*documents.HOSTILE[name]))


def test_an_attribute_of_100_mb(tmp_path: Path) -> None:
    _refuses_archive(tmp_path, documents.meta("", "a.csv", documents.VAST_ATTRIBUTE))
    _refuses_workbook(tmp_path, documents.sheet("", "x", documents.VAST_ATTRIBUTE))


def test_an_attribute_of_100_mb_in_a_map(tmp_path: Path) -> None:
    _refuses_map(tmp_path, documents.kml("", "x", documents.VAST_ATTRIBUTE[:40_000_000]))


def test_what_is_well_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(Member(b"meta.xml", documents.meta("", "a.csv")), Member(b"a.csv", TABLE)))
    with open_source(tmp_path / "a.zip") as source:
        assert len(list(source.table.rows)) == 2
    (tmp_path / "a.kml").write_bytes(documents.kml("", "点"))
    assert len(read_vector(tmp_path / "a.kml").features) == 1
    (tmp_path / "a.xlsx").write_bytes(_workbook(documents.sheet("", "鵟")))
    assert read_workbook(tmp_path / "a.xlsx").rows == [(1, ("鵟",))]


@pytest.mark.parametrize(
    "call", ["gdal_get_pixel_value('/etc/passwd', 1, 'pixel', 0, 0)", "load_extension('/tmp/x.so')", "ogr_geocode('x')"]
)
def test_a_view_that_calls_what_reaches_further(tmp_path: Path, call: str) -> None:
    path = write(tmp_path / "a.gpkg", [({"name": "甲"}, shapely.box(112.9, 25.0, 113.1, 25.2))])
    with sqlite3.connect(path) as made:
        [(table,)] = made.execute("SELECT table_name FROM gpkg_contents")
        made.execute(f"CREATE VIEW seen AS SELECT fid, geom, {call} AS name FROM {table}")
        made.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) SELECT 'seen', 'features', 'seen', srs_id FROM gpkg_contents"
        )
        columns = "column_name, geometry_type_name, srs_id, z, m"
        made.execute(f"INSERT INTO gpkg_geometry_columns SELECT 'seen', {columns} FROM gpkg_geometry_columns")
    made.close()
    before = path.read_bytes()
    with pytest.raises(LayerRefused, match="无法读取"):
        read_vector(path, layer="seen")
    assert path.read_bytes() == before, "a file is opened to be read"


def _refuses_archive(folder: Path, meta: bytes) -> None:
    (folder / "a.zip").write_bytes(zipped(Member(b"meta.xml", meta, method=8), Member(b"a.csv", TABLE)))
    with pytest.raises(Unusable), open_source(folder / "a.zip") as source:
        list(source.table.rows)


def _refuses_map(folder: Path, kml: bytes) -> None:
    (folder / "a.kml").write_bytes(kml)
    with pytest.raises(LayerRefused):
        read_vector(folder / "a.kml")


def _refuses_workbook(folder: Path, sheet: bytes) -> None:
    (folder / "a.xlsx").write_bytes(_workbook(sheet))
    with pytest.raises(ListError):
        read_workbook(folder / "a.xlsx")


def _workbook(sheet: bytes) -> bytes:
    """A workbook as it should be, whose only sheet is another."""
    empty, out = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(empty)
    with zipfile.ZipFile(empty) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            made.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else given.read(name))
    return out.getvalue()
