"""The rendered report, both editions: what a reader sees, and what he must not see."""

import io
import json
from pathlib import Path

from openpyxl import load_workbook

from server.assessments.build import build
from server.assessments.conclusions import conclusions
from server.assessments.period import Period
from server.assessments.service import assessments, render
from server.reporting.document import Section
from server.settings import Settings
from server.statistics.hj623 import load_parameters
from tests.assessments.conftest import Made
from tests.assessments.fakes import snapshot, two_periods
from tests.reporting.report_checker import check

SPECIES_NOW = {"红嘴蓝鹊", "大山雀", "小燕尾", "穿山甲", "小蓬草", "空心莲子草"}


def test_the_checker_finds_nothing(made: Made) -> None:
    assert check(made.html) == []


def test_the_same_species_everywhere(made: Made) -> None:
    assert set(made.page.counts["species"]) == {"6"}
    assert {row[1] for row in made.page.plates["checklist"].rows} == SPECIES_NOW
    assert made.rows("composition")["合计"][1] == "6"
    workbook = load_workbook(io.BytesIO(made.files["annexes.xlsx"]))
    sheet = next(workbook[name] for name in workbook.sheetnames if "本期物种名录" in name)
    assert {row[1] for row in sheet.iter_rows(values_only=True)} >= SPECIES_NOW
    assert len(workbook.sheetnames) == len(json.loads(made.files["tables.json"]))


def test_counts_by_county(made: Made) -> None:
    assert made.rows("change_counts") == {
        "宜章县": ["1", "1", "2", "3", "2", "0"],
        "临武县": ["0", "0", "1", "0", "0", "0"],
    }
    overview = made.rows("overview")
    assert overview["有物种记录的县"] == ["个", "1", "2"]
    assert overview["开展过调查的10 km网格"] == ["个", "2", "2"]
    assert overview["物种"] == ["种", "6", "6"]
    assert "占全省122个县级行政区的1.6%" in made.html


def test_few_records_of_guarded_species_are_told_in_restricted_alone(editions: dict[str, Made]) -> None:
    public, restricted = (editions[code].rows("protected") for code in ("public", "restricted"))
    names = list(editions["public"].page.plates["protected"].rows)
    assert {row[0]: row[3:5] for row in names} == {
        "穿山甲": ["0", "有记录"],
        "莽山烙铁头蛇": ["有记录", "0"],
        "黄腹角雉": ["有记录", "0"],
    }
    assert restricted["穿山甲"][2:4] == ["0", "1"]
    assert public.keys() == restricted.keys()
    assert editions["public"].rows("composition")["合计"][5:] == ["4", "5"]
    assert editions["restricted"].rows("composition")["合计"][5:] == ["6", "6"]


def test_no_total_tells_what_is_hidden(editions: dict[str, Made]) -> None:
    quality = editions["public"].rows("quality")
    assert not any("合计" in name or "不在两期之内" in name for name in quality)
    assert editions["restricted"].rows("quality")["选入的出现记录合计"] == ["16"]


def test_every_chapter_stands_with_data_or_a_reason(made: Made) -> None:
    headings = [chapter.title for chapter in made.report.chapters]
    assert len(headings) == 13
    reasons = {chapter.title: chapter.reason for chapter in made.report.chapters if chapter.reason}
    assert set(reasons) == {"生态系统", "趋势指数", "水生生物", "遗传资源"}
    assert all("本章无数据" in reason for reason in reasons.values())


def test_the_county_index_says_what_it_lacks(made: Made) -> None:
    rows = made.rows("county_index")
    names = [indicator.code for indicator in load_parameters().indicators]
    home = dict(zip(names, rows["宜章县"], strict=False))
    # magpie, tit, bulbul, redstart, forktail, tragopan, viper, manis, macaque and the butterfly; the yew is undated literature
    assert (home["R_V"], home["R_P"], home["D_E"], rows["宜章县"][-2:]) == (
        "10",
        "1",
        "不能计算",
        ["不能计算", "不能计算"],
    )
    assert rows["临武县"][5] == "不能计算"  # an invasive alone: nothing native to divide by
    basis = made.rows("county_basis")
    assert basis["宜章县"][:3] == ["野外观察、文献", "含文献或标本资料", "两栖类、鱼类"]
    assert basis["临武县"][1] == "只依据调查记录"
    assert "没有鱼类和蝶类记录" in basis["临武县"][4]
    matrix = made.rows("county_matrix")
    assert matrix["宜章县"][:4] == ["6", "10", "0", "1"]  # undated and later ones are not of the period before
    assert "未能与标准原文逐条核对" in made.html


def test_maps_are_marked(made: Made) -> None:
    maps = [plate for plate in made.page.plates.values() if plate.is_map]
    assert {plate.name for plate in maps} == {"coverage_map", "invaded_map"}
    assert all("内部工作用图 未经审核 不得公开" in "".join(plate.text) for plate in maps)
    assert "演示数据" in made.report.marks and "演示数据" in made.html


def test_warnings_name_the_protected_that_were_not_found_again(made: Made) -> None:
    warning = next(
        block for block in conclusions(made.assessment) if isinstance(block, Section) and block.title == "预警"
    )
    assert "黄腹角雉" in str(warning) and "莽山烙铁头蛇" in str(warning)
    assert "穿山甲" not in str(warning)


def test_a_loss_is_never_claimed(made: Made) -> None:
    assert "本报告没有判定为消失的物种" in made.html
    assert {row[-1] for row in made.page.plates["change_counts"].rows} == {"0"}


def test_the_same_bytes_twice(editions: dict[str, Made]) -> None:
    made = editions["public"]
    again = assessments(snapshot(two_periods()), Period(2021, 2025), made.assessment.settings)
    one = again[made.assessment.edition.code]
    assert render(one, build(one)) == made.files


def test_nothing_recorded_is_a_report_too(tmp_path: Path) -> None:
    one = assessments(snapshot([]), Period(2021, 2025), Settings(var_dir=tmp_path))["public"]
    html = render(one, build(one))["report.html"].decode()
    assert check(html) == []
    assert "没有任何县有物种记录" in html
