"""Maps and charts: the same bytes each time, text that stays text, and everything a map must carry."""

from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from server.reporting.charts import accumulation, bars
from server.reporting.maps import NOT_APPROVED, MapSheet, Points, Shapes, draw_map
from server.settings import Settings

SETTINGS = Settings(var_dir=Path("/nonexistent"))
COUNTY = shapely.box(112.6, 24.9, 113.2, 25.6) - shapely.box(112.8, 25.1, 112.9, 25.2)
SHEET = MapSheet(
    "map",
    "某县记录分布图",
    COUNTY,
    (Shapes("area", (COUNTY,), "某县"), Shapes("guarded", (shapely.box(113, 25, 113.1, 25.1),), "概化网格")),
    "县级界线",
    "2025年6月30日",
    points=(Points("record", ((112.9, 25.3),), "出现记录"),),
)


def test_a_map_carries_what_it_must() -> None:
    svg = draw_map(SETTINGS, SHEET)
    for text in ("某县记录分布图", "北", " km</text>", "WGS84", "CGCS2000", "资料来源：县级界线", "数据日期：2025年6月30日",
                 "行政界线不作划界依据", NOT_APPROVED, "概化网格", "出现记录"):  # fmt: skip
        assert text in svg, text


def test_with_an_approval_number_the_mark_goes() -> None:
    svg = draw_map(replace(SETTINGS, map_approval_number="湘S(2026)001号"), SHEET)
    assert "审图号：湘S(2026)001号" in svg
    assert NOT_APPROVED not in svg


def test_the_same_drawing_gives_the_same_bytes() -> None:
    assert draw_map(SETTINGS, SHEET) == draw_map(SETTINGS, SHEET)
    curve = [(1, 3.0, False), (2, 4.5, False), (4, 5.5, True)]
    assert accumulation(SETTINGS, "c", [("鸟类", curve)], "次") == accumulation(SETTINGS, "c", [("鸟类", curve)], "次")


def test_two_drawings_share_no_id() -> None:
    first, second = draw_map(SETTINGS, SHEET), draw_map(SETTINGS, replace(SHEET, name="other"))
    ids = [{part.split('"')[0] for part in svg.split(' id="')[1:]} for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]


def test_text_stays_text_in_the_report_s_typeface() -> None:
    svg = bars(SETTINGS, "b", ["鸟类", "鱼类"], [12, 3], "物种数（种）")
    assert ">鸟类</text>" in svg
    assert ">12</text>" in svg
    assert "Xiangye Sans" in svg
    assert "Noto" not in svg
    assert "<?xml" not in svg and "dc:date" not in svg


@pytest.mark.parametrize("values", [[0], []])
def test_nothing_to_draw_is_no_error(values: list[int]) -> None:
    assert bars(SETTINGS, "b", ["鸟类"] * len(values), values, "种").startswith("<svg")
