"""Elevation and land cover: what is refused, what is told of a point, and that no record waits for a raster."""

import json
import logging
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import LOCAL_OPERATOR
from server.places import queries, rasters
from server.places.model import BoundaryVersion, RasterLayer
from server.places.raster_sampling import path_of, sample
from server.places.refusal import LayerRefused
from server.sensitivity.queries import frozen_records
from server.sensitivity.restamping import restamp
from server.settings import Settings, from_environment
from shared.clock import end_of_day_in_china
from shared.problems import Problem
from tests import records
from tests.admitting import CLOCK, frozen, outcomes, set_up
from tests.places.versions import named_layer

WEST, NORTH, CELL = 112.5, 25.5, 0.01
Write = Callable[..., Path]


def from_origin(west: float, north: float, width: float, height: float) -> rasterio.Affine:
    return rasterio.Affine(width, 0, west, 0, -height, north)


def plane(height: int = 100, width: int = 100) -> np.ndarray:
    """200 m at the north-western corner of the first cell, 3 m more a column, 2 m more a row."""
    row, column = np.mgrid[0:height, 0:width]
    return (200 + 3 * (column + 0.5) + 2 * (row + 0.5)).astype(np.float32)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(values: np.ndarray | None = None, name: str = "dem.tif", **changes: Any) -> Path:
        cells = plane() if values is None else values
        profile: dict[str, Any] = {
            "driver": "GTiff",
            "height": cells.shape[-2],
            "width": cells.shape[-1],
            "count": 1 if cells.ndim == 2 else len(cells),
            "dtype": cells.dtype,
            "crs": "EPSG:4490",
            "transform": from_origin(WEST, NORTH, CELL, CELL),
            "nodata": -9999 if cells.dtype.kind == "f" else 0,
            **changes,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # one of them is to have no reference
            with rasterio.open(tmp_path / name, "w", **profile) as opened:
                opened.write(cells if cells.ndim == 3 else cells[None])
        return tmp_path / name

    return made


@pytest.fixture
def settings_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("XIANGYE_VAR", str(tmp_path / "var"))
    return from_environment()


def load(session: Session, settings: Settings, path: Path, kind: str = "elevation", **how: Any) -> str:
    prepared = rasters.prepare(session, path, kind, **how)
    assert rasters.load(session, settings, prepared, "管理员")
    return prepared.version


def height(lon: float, lat: float) -> float:
    return 200 + 3 * (lon - WEST) / CELL + 2 * (NORTH - lat) / CELL


def told(path: Path, *points: tuple[float, float], smooth: bool = True) -> list[float]:
    return sample(path, np.array([p[0] for p in points]), np.array([p[1] for p in points]), smooth).tolist()


def test_elevation_is_read_between_the_centres_of_four_cells(write: Write) -> None:
    draw = np.random.default_rng(5)
    points = [(float(x), float(y)) for x, y in draw.uniform((112.51, 24.51), (113.49, 25.49), (500, 2))]
    assert told(write(), *points) == pytest.approx([height(*point) for point in points], abs=2e-3)


def test_at_the_rim_and_beside_a_hole_the_cell_itself_tells(write: Write) -> None:
    cells = plane()
    cells[40, 40] = -9999
    path = write(cells)
    hole, beside = (WEST + 40.5 * CELL, NORTH - 40.5 * CELL), (WEST + 41.2 * CELL, NORTH - 40.5 * CELL)
    assert np.isnan(told(path, hole)[0])
    assert told(path, beside)[0] == pytest.approx(float(cells[40, 41]))
    assert told(path, (WEST + 0.001, NORTH - 0.001))[0] == pytest.approx(float(cells[0, 0]), abs=0.01)
    assert all(np.isnan(value) for value in told(path, (WEST - 0.001, 25.0), (112.6, NORTH + 0.001), (0, 0), (114, 25)))


def test_land_cover_is_that_of_the_very_cell(write: Write) -> None:
    cells = np.zeros((100, 100), dtype=np.uint8)
    cells[:, ::2], cells[:, 1::2] = 10, 20
    path = write(cells)
    columns = [WEST + (n + share) * CELL for n in range(6) for share in (0.02, 0.5, 0.98)]
    assert (
        told(path, *((lon, 25.0) for lon in columns), smooth=False)
        == [10.0] * 3 + [20.0] * 3 + [10.0] * 3 + [20.0] * 3 + [10.0] * 3 + [20.0] * 3
    )


def test_a_raster_in_gauss_krueger_metres_and_tiles_tells_the_same(write: Write) -> None:
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:4547", always_xy=True).transform(112.93, 24.95)
    row, column = np.mgrid[0:700, 0:900]
    cells = (column * 1.0 + row * 0.5).astype(np.float32)
    path = write(
        cells,
        crs="EPSG:4547",
        transform=from_origin(east - 9000, north + 7000, 20, 20),
        tiled=True,
        blockxsize=256,
        blockysize=256,
    )
    assert told(path, (112.93, 24.95))[0] == pytest.approx(9000 / 20 - 0.5 + 0.5 * (7000 / 20 - 0.5), abs=1e-3)


def test_scale_and_offset_are_applied(write: Write) -> None:
    path = write((plane() * 10).astype(np.int16), nodata=-32768)
    with rasterio.open(path, "r+") as opened:
        opened.scales, opened.offsets = (0.1,), (5.0,)
    assert told(path, (113.0, 25.0))[0] == pytest.approx(height(113.0, 25.0) + 5, abs=0.1)


def test_a_raster_is_sampled_for_what_comes_in_and_for_what_stands(
    reference: Session, write: Write, settings_here: Settings
) -> None:
    set_up(reference)
    first, second = records.occurrence(), records.occurrence(taxon=records.PANGOLIN)
    outcomes(reference, first)
    restamp(reference, "system", CLOCK)
    version = load(reference, settings_here, write())
    (done,) = restamp(reference, "管理员", CLOCK)
    assert (done.kind, done.to_version, done.checked, done.moved) == ("elevation", version, 1, 1)
    outcomes(reference, second)
    expected = pytest.approx(height(112.9287654, 24.9512345), abs=0.06)
    for record in (first, second):
        stamp = frozen(reference)[record["id"]].exact.stamp
        assert (stamp.elevation_m, stamp.layer_versions["elevation"]) == (expected, version)
    assert queries.locate(reference, 112.9287654, 24.9512345).elevation_m == expected
    cells = np.full((100, 100), 20, dtype=np.uint8)
    (settings_here.var_dir / "legend.json").write_text(json.dumps({"20": "林地"}), encoding="utf-8")
    load(reference, settings_here, write(cells, "lc.tif"), "land_cover", legend=settings_here.var_dir / "legend.json")
    assert [(one.kind, one.moved) for one in restamp(reference, "管理员", CLOCK)] == [("land_cover", 2)]
    assert frozen(reference)[first["id"]].exact.stamp.land_cover == "林地"


def test_the_public_sees_no_elevation_of_an_exact_place(reference: Session) -> None:
    columns = reference.execute(
        text("SELECT column_name FROM information_schema.columns WHERE table_name = 'disclosed_place'")
    ).scalars()
    assert not {"elevation_m", "land_cover", "zones", "areas"} & set(columns)


@pytest.mark.parametrize("harm", ["gone", "cut short", "not a raster"])
def test_no_record_is_refused_for_a_raster_that_cannot_be_read(
    reference: Session, write: Write, settings_here: Settings, caplog: pytest.LogCaptureFixture, harm: str
) -> None:
    set_up(reference)
    load(reference, settings_here, write())
    kept = path_of(settings_here.store_dir, reference.scalars(select(RasterLayer.sha256)).one())
    whole = kept.read_bytes()
    if harm == "gone":
        kept.unlink()
    else:
        kept.write_bytes(whole[: len(whole) // 3] if harm == "cut short" else b"nothing of the kind")
    record = records.occurrence()
    with caplog.at_level(logging.ERROR, logger="xiangye.places"):
        assert outcomes(reference, record) == ["accepted"]
    stamp = frozen(reference)[record["id"]].exact.stamp
    assert (stamp.elevation_m, "elevation" in stamp.layer_versions) == (None, False)
    assert stamp.county_code == "431022"
    assert "cannot be read" in caplog.text


def test_no_standing_place_loses_its_elevation_to_a_raster_that_cannot_be_read(
    reference: Session, write: Write, settings_here: Settings
) -> None:
    set_up(reference)
    load(reference, settings_here, write())
    record = records.occurrence()
    outcomes(reference, record)
    restamp(reference, "system", CLOCK)
    before = frozen(reference)[record["id"]].exact
    version = named_layer(reference, "grid", {"G1": shapely.box(112.9, 24.9, 113.0, 25.0)})
    kept = path_of(settings_here.store_dir, reference.scalars(select(RasterLayer.sha256)).one())
    kept.rename(kept.with_suffix(".away"))
    with pytest.raises(Problem, match="的文件无法读取"):
        restamp(reference, "管理员", CLOCK)
    kept.with_suffix(".away").rename(kept)
    assert [one.to_version for one in restamp(reference, "管理员", CLOCK)] == [version]
    after = frozen(reference)[record["id"]].exact
    assert before.stamp.elevation_m is not None and after.stamp.elevation_m == before.stamp.elevation_m


def test_as_of_a_day_before_the_new_raster_the_old_one_tells(
    reference: Session, write: Write, settings_here: Settings
) -> None:
    set_up(reference)
    record = records.occurrence()
    outcomes(reference, record)
    old = load(reference, settings_here, write())
    new = load(reference, settings_here, write(plane() + 100, "new.tif"), valid_from=date(2025, 7, 1))
    restamp(reference, "管理员", CLOCK)
    heights = {}
    for day in ("2025-06-30", "2025-07-01"):
        found = frozen_records(reference, LOCAL_OPERATOR, CLOCK, "test", end_of_day_in_china(day))
        heights[day] = next(one.exact.stamp for one in found if one.id == record["id"] and one.exact)
    assert [one.layer_versions["elevation"] for one in heights.values()] == [old, new]
    assert heights["2025-07-01"].elevation_m == pytest.approx(heights["2025-06-30"].elevation_m + 100)


def test_the_same_raster_twice_changes_nothing(reference: Session, write: Write, settings_here: Settings) -> None:
    path = write()
    first = load(reference, settings_here, path)
    again = rasters.prepare(reference, path, "elevation")
    assert (again.version, again.before) == (first, first)
    assert rasters.load(reference, settings_here, again, "管理员") is False
    second = load(reference, settings_here, write(plane() + 1, "second.tif"), valid_from=date(2025, 7, 1))
    rows = reference.execute(
        select(BoundaryVersion.id, BoundaryVersion.valid_to).where(BoundaryVersion.kind == "elevation")
    ).all()
    assert dict(map(tuple, rows)) == {first: date(2025, 7, 1), second: None}
    with pytest.raises(LayerRefused, match="早已载入"):
        rasters.load(reference, settings_here, again, "管理员")
    assert reference.get_one(RasterLayer, second).byte_count == (path.parent / "second.tif").stat().st_size


def test_a_file_that_changes_after_its_check_is_refused(
    reference: Session, write: Write, settings_here: Settings
) -> None:
    prepared = rasters.prepare(reference, write(), "elevation")
    write(plane() + 5)
    with pytest.raises(LayerRefused, match="又变了"):
        rasters.load(reference, settings_here, prepared, "管理员")
    assert [path for path in (settings_here.store_dir).rglob("*") if path.is_file()] == []
    assert reference.scalars(select(RasterLayer)).all() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"crs": None}, "没有坐标系"),
        ({"transform": rasterio.Affine.identity()}, "没有地理配准"),
        ({"transform": from_origin(100.0, 40.0, CELL, CELL)}, "与本省不相交：范围是经度 100.000"),
        ({"values": np.stack([plane(), plane()])}, "应为单波段，实有 2 个波段"),
        ({"values": plane().astype(np.uint8), "nodata": 0}, "像元类型应为"),
        ({"values": np.full((100, 100), -9999, dtype=np.float32)}, "全部像元都没有数据"),
        ({"values": plane() * 30}, "不像是米"),
    ],
)
def test_what_is_no_elevation_of_this_province_is_refused(
    reference: Session, write: Write, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(LayerRefused, match=words) as refused:
        rasters.prepare(reference, write(**changes), "elevation")
    assert str(refused.value).startswith("dem.tif：")


def test_files_that_are_no_raster_are_refused(reference: Session, write: Write, tmp_path: Path) -> None:
    path = write()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(LayerRefused, match="损坏"):
        rasters.prepare(reference, path, "elevation")
    path.write_bytes(b"<VRTDataset></VRTDataset>")
    with pytest.raises(LayerRefused, match="不是 TIFF"):
        rasters.prepare(reference, path, "elevation")
    with pytest.raises(LayerRefused, match="不存在"):
        rasters.prepare(reference, tmp_path / "none.tif", "elevation")
    with pytest.raises(LayerRefused, match="不是普通文件"):
        rasters.prepare(reference, tmp_path, "elevation")
    with pytest.raises(LayerRefused, match="--raster"):
        rasters.prepare(reference, path, "slope")


def test_a_legend_names_every_value_or_is_refused(reference: Session, write: Write, tmp_path: Path) -> None:
    cells = np.full((50, 50), 10, dtype=np.uint8)
    cells[0, 0] = 20
    path, legend = write(cells), tmp_path / "legend.json"
    for content, words in (
        ('{"10": "耕地"}', "图例缺少取值 20"),
        ('["耕地"]', "JSON 对象"),
        ('{"a": "耕地"}', "JSON 对象"),
        ("{", "无法读取"),
    ):
        legend.write_text(content, encoding="utf-8")
        with pytest.raises(LayerRefused, match=words):
            rasters.prepare(reference, path, "land_cover", legend=legend)
    legend.write_text('{"10": "耕地", "20": "林地"}', encoding="utf-8")
    prepared = rasters.prepare(reference, path, "land_cover", legend=legend)
    assert prepared.legend == {"10": "耕地", "20": "林地"}
    assert "没有图例" in " ".join(rasters.prepare(reference, path, "land_cover").told)
    with pytest.raises(LayerRefused, match="图例"):
        rasters.prepare(reference, write(), "elevation", legend=legend)


def test_what_nobody_declared_is_told(reference: Session, write: Write) -> None:
    assert "没有声明无数据值" in " ".join(rasters.prepare(reference, write(nodata=None), "elevation").told)
