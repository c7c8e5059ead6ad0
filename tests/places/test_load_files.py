"""Reading vector files: every format and encoding, and what no file can make the reader do."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
import shapely

from server.places.reading import RawLayer, read_vector
from server.places.refusal import LayerRefused
from server.places.staging import staged
from tests.house.tree import ROOT
from tests.places.vector_files import write

SQUARE = shapely.box(112.9, 25.0, 113.1, 25.2)
FACTS = {"code": "431022", "name": "宜章县"}
RARE = "䴙䴘𬶋鵟𩷶"


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".shp", ".zip", ".kml"])
def test_every_format_gives_the_same_feature(tmp_path: Path, ending: str) -> None:
    column = "Name" if ending == ".kml" else "name"
    layer = read_vector(write(tmp_path / f"图层{ending}", [({"code": "431022", column: RARE}, SQUARE)]))
    (feature,) = layer.features
    assert (feature.no, feature.fields["code"], feature.fields[column]) == (1, "431022", RARE)
    assert feature.shape is not None and shapely.equals(feature.shape, SQUARE)
    assert layer.told == ()


def test_the_name_that_nobody_filled_in_a_kml_hides_no_other(tmp_path: Path) -> None:
    layer = read_vector(write(tmp_path / "a.kml", [({"名称": RARE}, SQUARE)]))
    assert "Name" not in layer.columns and layer.features[0].fields["名称"] == RARE


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("page", ["as written", "none", "lying", "nonsense"])
def test_a_table_is_read_in_its_own_encoding_whatever_its_page_says(tmp_path: Path, encoding: str, page: str) -> None:
    path = write(tmp_path / "a.shp", [({"代码": "431022", "名称": RARE + "保护区"}, SQUARE)], encoding=encoding)
    declared = path.with_suffix(".cpg")
    if page == "none":
        declared.unlink()
    elif page == "lying":
        declared.write_text("ISO-8859-1" if encoding == "GB18030" else "GBK")
    elif page == "nonsense":
        declared.write_text("quite unheard of")
    layer = read_vector(path)
    assert layer.columns == ("代码", "名称")
    assert layer.features[0].fields == {"代码": "431022", "名称": RARE + "保护区"}
    assert bool(layer.told) == (page == "lying" or (page in ("none", "nonsense") and encoding == "GB18030"))


@pytest.mark.parametrize("page", ["936", "CP936", "GBK", "gb2312", "54936"])
def test_the_smaller_chinese_pages_are_read_by_the_larger(tmp_path: Path, page: str) -> None:
    path = write(tmp_path / "a.shp", [({"name": RARE}, SQUARE)], encoding="GB18030")
    path.with_suffix(".cpg").write_text(page)
    assert read_vector(path).features[0].fields["name"] == RARE


def test_a_geojson_in_gb18030_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    feature = {"type": "Feature", "properties": {"name": RARE}, "geometry": shapely.geometry.mapping(SQUARE)}
    path.write_bytes(
        json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False).encode("gb18030")
    )
    assert read_vector(path).features[0].fields["name"] == RARE


def test_numbers_are_written_as_a_person_would(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [({"code": 431022.0, "share": 0.5, "none": None}, SQUARE)])
    assert read_vector(path).features[0].fields == {"code": "431022", "share": "0.5", "none": ""}


def test_capital_endings_are_the_same_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [(FACTS, SQUARE)], crs="EPSG:4490")
    for part in tmp_path.glob("a.*"):
        part.rename(part.with_suffix(part.suffix.upper()))
    layer = read_vector(path.with_suffix(".SHP"))
    assert layer.crs == "EPSG:4490"
    assert layer.features[0].fields == FACTS


def test_one_of_several_layers_must_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [(FACTS, SQUARE)], layer="县")
    write(path, [({"code": "1", "name": "甲"}, SQUARE)], layer="乡", append=True)
    with pytest.raises(LayerRefused, match="2 个图层（县、乡），请用 --layer"):
        read_vector(path)
    with pytest.raises(LayerRefused, match="没有名为 村 的图层；现有：县、乡"):
        read_vector(path, "村")
    assert read_vector(path, "县").features[0].fields == FACTS


def test_a_shapefile_of_300_mb_is_refused_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [(FACTS, SQUARE)])
    os.truncate(path, 300_000_000)
    began = time.perf_counter()
    with pytest.raises(LayerRefused, match=r"共 300 MB，超过 200 MB 的上限；.*--max-mb"):
        read_vector(path)
    assert time.perf_counter() - began < 0.5


def test_a_packed_shapefile_is_measured_unpacked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [(FACTS, SQUARE)])
    os.truncate(path, 3_000_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in tmp_path.glob("a.[sd]*"):
            archive.write(part, part.name)
    assert (tmp_path / "a.zip").stat().st_size < 100_000
    with pytest.raises(LayerRefused, match="超过 1 MB 的上限"):
        read_vector(tmp_path / "a.zip", limit_bytes=1_000_000)


VIRTUAL = (
    """<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""
)


@pytest.mark.parametrize("ending", [".geojson", ".json", ".kml", ".gpkg", ".shp"])
def test_a_virtual_dataset_is_refused_under_every_name(tmp_path: Path, ending: str) -> None:
    secret = write(tmp_path / "secret.geojson", [({"name": "密"}, SQUARE)])
    path = tmp_path / f"a{ending}"
    path.write_text(VIRTUAL.format(secret))
    for beside in (".dbf", ".shx"):
        path.with_suffix(beside).write_bytes(b"x" * 40)
    with pytest.raises(LayerRefused, match=r"不是|KML"):
        read_vector(path)


@pytest.mark.parametrize("ending", [".geojson", ".kml"])
def test_a_virtual_dataset_inside_a_file_of_the_right_form_opens_no_other_file(tmp_path: Path, ending: str) -> None:
    (tmp_path / "secret.csv").write_text("name,x,y\n密,112,27\n", encoding="utf-8")
    inside = VIRTUAL.format(tmp_path / "secret.csv").replace('"x"', "'secret'")
    inside = inside.replace("</OGRVRTLayer>", "<GeometryField encoding='PointFromColumns' x='x' y='y'/></OGRVRTLayer>")
    path = tmp_path / f"a{ending}"
    if ending == ".kml":
        path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"></kml>{inside}', encoding="utf-8")
        with pytest.raises(LayerRefused, match="虚拟数据集"):
            read_vector(path)
        return
    point = {"type": "Point", "coordinates": [112, 27]}
    feature = {"type": "Feature", "properties": {"name": "<a\\\\<b"}, "geometry": point}
    path.write_text(json.dumps({"x": inside, "type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (read,) = read_vector(path).features
    assert read.fields == {"name": "<a\\\\<b"}


def test_a_packed_shapefile_with_any_byte_changed_is_read_or_refused_in_words(tmp_path: Path) -> None:
    write(tmp_path / "a.shp", [(FACTS, SQUARE)])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(tmp_path.glob("a.[sd]*")):
            archive.write(part, part.name)
    whole = (tmp_path / "a.zip").read_bytes()
    for place in range(len(whole)):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x55
        (tmp_path / "b.zip").write_bytes(spoilt)
        with contextlib.suppress(LayerRefused), staged(tmp_path / "b.zip"):
            pass


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://127.0.0.1:9/a.geojson",
        "/vsizip/a.zip/a.shp",
        "zip://a.zip!a.shp",
        "http://127.0.0.1:9/a.gpkg",
        "GPKG:a.gpkg",
    ],
)
def test_a_name_is_never_an_address(name: str) -> None:
    with pytest.raises(LayerRefused, match=r"文件不存在|格式不支持"):
        read_vector(Path(name))


def test_a_name_with_marks_that_mean_something_to_gdal_is_a_plain_name(tmp_path: Path) -> None:
    for name in ("a.zip!b.geojson", "x?y&z.geojson", "vsimem.geojson"):
        assert read_vector(write_as(tmp_path, name)).features[0].fields == FACTS


def write_as(folder: Path, name: str) -> Path:
    return write(folder / "plain.geojson", [(FACTS, SQUARE)]).rename(folder / name)


def _damaged(tmp_path: Path, what: str) -> Path:
    if what == "folder":
        (tmp_path / "a.gpkg").mkdir()
        return tmp_path / "a.gpkg"
    if what == "pipe":
        os.mkfifo(tmp_path / "a.geojson")
        return tmp_path / "a.geojson"
    texts = {
        "empty": ("a.geojson", b""),
        "half": ("a.geojson", b'{"type": "FeatureCollection", "features": ['),
        "other json": ("a.json", b'{"type": "Topology"}'),
        "array": ("a.json", b"[1]"),
        "no features": ("a.geojson", b'{"type": "FeatureCollection", "features": []}'),
        "web page": ("a.kml", b"<html><body>404</body></html>"),
        "entities": ("a.kml", b'<!DOCTYPE k [<!ENTITY x "y">]><kml xmlns="http://www.opengis.net/kml/2.2">&x;</kml>'),
        "open kml": ("a.kml", b"<kml"),
        "not packed": ("a.zip", b"PK but no more"),
        "not sqlite": ("a.gpkg", b"SQLite format 4\0" * 10),
        "half sqlite": ("a.gpkg", b"SQLite format 3\0" + bytes(50)),
        "table": ("a.csv", b"x,y\n1,2\n"),
    }
    name, content = texts[what]
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("folder", "不是普通文件"),
        ("pipe", "不是普通文件"),
        ("empty", "是空的"),
        ("half", "不是可读的 JSON"),
        ("other json", "不是 GeoJSON"),
        ("array", "不是 GeoJSON"),
        ("no features", "没有任何要素|没有带图形的图层"),
        ("web page", "根元素是 html"),
        ("entities", "不是可读的 KML"),
        ("open kml", "不是可读的 KML"),
        ("not packed", "压缩包无法读取"),
        ("not sqlite", "内容不是 GPKG"),
        ("half sqlite", "无法读取"),
        ("table", "格式不支持"),
    ],
)
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, what: str, words: str) -> None:
    path = _damaged(tmp_path, what)
    with pytest.raises(LayerRefused, match=words) as refused:
        read_vector(path)
    assert str(refused.value).startswith(path.name)
    assert not re.search(r"/tmp|vsi", str(refused.value))


def test_a_shapefile_needs_its_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [(FACTS, SQUARE)])
    path.with_suffix(".dbf").unlink()
    with pytest.raises(LayerRefused, match=r"缺少同名的 \.dbf"):
        read_vector(path)


def test_a_pack_holds_exactly_one_shapefile(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.shp", b"1")
        archive.writestr("y.shp", b"2")
    with pytest.raises(LayerRefused, match=r"恰有一个 \.shp，实有：x\.shp、y\.shp"):
        read_vector(tmp_path / "a.zip")


def test_a_broken_ring_is_named(tmp_path: Path) -> None:
    ring = {"type": "Polygon", "coordinates": [[[112, 25], [113, 25]]]}
    good = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(SQUARE)}
    features = [good, {**good, "geometry": ring}]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(LayerRefused, match="第 2 个要素的图形"):
        read_vector(tmp_path / "a.geojson")


def test_reading_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [(FACTS, SQUARE)])
    before, content = sorted(tmp_path.iterdir()), path.read_bytes()
    layers = [read_vector(path) for _ in range(2)]
    assert isinstance(layers[0], RawLayer) and layers[0].features[0].fields == layers[1].features[0].fields
    assert sorted(tmp_path.iterdir()) == before
    assert path.read_bytes() == content


def test_gdal_knows_no_driver_that_reads_other_files() -> None:
    """In a process of its own, since the library is loaded once."""
    asked = "from server.places.gdal import vector_library; print(*vector_library().list_drivers(), sep='\\n')"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    drivers = set(found.stdout.splitlines())
    assert drivers >= {"GeoJSON", "GPKG", "ESRI Shapefile", "KML"}
    assert not drivers & {
        "VRT",
        "OGR_VRT",
        "GDALG",
        "GML",
        "WFS",
        "OAPIF",
        "CSW",
        "Carto",
        "Elasticsearch",
        "PDF",
        "MapML",
    }
