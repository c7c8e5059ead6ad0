"""The report as its reader sees it, in both editions."""

import io
import json
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from server.baselines.build import build
from server.baselines.draft import Draft
from server.baselines.edition import PUBLIC, RESTRICTED
from server.baselines.encounters import encounter_table
from server.baselines.methods import surveyed_cells
from server.baselines.service import render
from server.baselines.study import make_study
from server.baselines.survey_profile import load_profile
from server.places.grid import grid_cell
from server.settings import Settings
from tests.baselines.conftest import Made
from tests.baselines.fakes import Field, context, snapshot
from tests.reporting.report_checker import check

SPECIES = 13


def rows(made: Made, table: str) -> list[list[str]]:
    return made.page.plates[table].rows


def cell(made: Made, table: str, row: str, column: str) -> str:
    plate = made.page.plates[table]
    head = [title.split("（")[0] for title in plate.head]
    return next(r for r in plate.rows if row in r)[head.index(column)]


def test_the_checker_finds_nothing(made: Made) -> None:
    assert check(made.html) == []


def test_species_are_counted_alike_everywhere(made: Made) -> None:
    book = openpyxl.load_workbook(io.BytesIO(made.files["annexes.xlsx"]))
    name = next(name for name in book.sheetnames if "物种名录" in name)
    numbers = [row[0] for row in book[name].iter_rows(values_only=True) if isinstance(row[0], int)]
    assert made.page.counts == {"species": [str(SPECIES)] * 5}
    assert len(rows(made, "checklist")) == SPECIES == numbers[-1] == len(numbers)
    assert cell(made, "composition", "合计", "种") == str(SPECIES)
    assert sum(int(row[4]) for row in rows(made, "composition")[:-1]) == SPECIES


def test_every_chapter_of_the_outline_is_there(made: Made) -> None:
    headings = [
        section.heading for section in made.page.sections if section.heading[:1].isdigit() or "附录" in section.heading
    ]
    assert len(headings) == len(made.draft.profile.chapters) + len(made.draft.profile.annexes)
    assert "4 生态系统与植被" in headings


def test_absent_single_pictures_and_doubtful_names_do_not_count(made: Made) -> None:
    assert cell(made, "encounters_birds_bird_transect", "黄腹角雉", "见到") == "0"
    assert cell(made, "encounters_birds_bird_transect", "黄腹角雉", "搜寻未见") == "5"
    assert [row[1] for row in rows(made, "unplaced")] == ["Parus ignotus", "Phylloscopus"]
    told = {row[0]: row[1] for row in rows(made, "quality")}
    assert told["“未见”记录"] == "5"
    assert told["同一事件的单张影像等，不重复计数"] == "1"


def test_encounter_rates_count_lines_without_a_find(made: Made) -> None:
    """小燕尾: 5 walks of 2 km; it was seen on the fourth alone, five of them."""
    assert cell(made, "encounters_birds_bird_transect", "小燕尾", "遇见率") == "0.50"


def test_effort_by_hand(made: Made) -> None:
    assert rows(made, "effort")[0] == ["鸟类", "鸟类样线", "5", "5", "0", "10.00", "5.0"]
    patrol = next(row for row in rows(made, "effort") if row[1] == "巡护")
    assert (patrol[2], patrol[6]) == ("1", "2.0")
    assert float(patrol[5]) == pytest.approx(2 * 30 * 0.001 * 111.195 * 0.9066, abs=0.02)


def test_invasives_by_hand(made: Made) -> None:
    assert cell(made, "invasives", "空心莲子草", "发生面积合计") == "401"
    assert cell(made, "invasives", "空心莲子草", "盖度") == "10–45"
    assert cell(made, "invasives", "空心莲子草", "样地") == "2"
    assert "轻1、中1" in " ".join(rows(made, "invasives")[1])


def test_completeness_names_its_variant_or_says_why_not(made: Made) -> None:
    """Birds on 5 walks: Q1 1 (小燕尾), Q2 1 (红尾水鸲): 5 + 4/5 x 1/2 = 5.4."""
    birds = next(row for row in rows(made, "completeness") if row[1] == "鸟类样线")
    assert birds[3:6] == ["5", "5", "5.4"]
    insects = next(row for row in rows(made, "completeness") if row[0] == "昆虫")
    assert insects[5:8] == ["—", "—", "—"]
    assert insects[8].startswith("不能计算：")
    reptiles = [row for row in rows(made, "completeness") if row[0] == "爬行类"]
    assert bool(reptiles) is made.draft.edition.restricted, "the one reptile is guarded: its cells would be told"
    assert any("Chao2（iNEXT式）" in title for title in made.page.plates["completeness"].head)


def test_patrol_findings(made: Made) -> None:
    assert rows(made, "findings") == [["猎套", "0", "1", "1"], ["用火", "1", "0", "1"], ["合计", "1", "1", "2"]]


def test_the_index_says_what_it_lacks(made: Made) -> None:
    assert rows(made, "biodiversity_index")[-1][-1] == "—"
    told = "".join(made.page.words)
    assert "生物多样性指数不能计算：缺少指标：生态系统类型多样性" in told
    assert "参数状态：参数凭记载整理" in told


def test_demonstration_is_told_in_every_output(made: Made) -> None:
    assert "演示数据" in made.html
    assert "演示数据" in made.files["tables.json"].decode()
    assert "演示数据".encode() in zipfile.ZipFile(io.BytesIO(made.files["annexes.xlsx"])).read("xl/sharedStrings.xml")
    with zipfile.ZipFile(io.BytesIO(made.files["dwca.zip"])) as archive:
        assert "演示数据" in archive.read("eml.xml").decode()


def test_the_public_learns_nothing_exact_of_what_is_guarded(editions: dict[str, Made]) -> None:
    public = editions["public"]
    with zipfile.ZipFile(io.BytesIO(public.files["dwca.zip"])) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist()]
    texts += [public.html, public.files["tables.json"].decode()]
    for secret in ("112.937", "24.963", "112.947", "24.971", "112.923", "24.961", "天台山巡护线", "证1", "person-1"):
        assert not any(secret in text for text in texts), secret
    assert cell(public, "checklist", "穿山甲", "记录数") == "有记录"
    assert cell(public, "checklist", "穿山甲", "首次记录") == "2025"
    assert cell(editions["restricted"], "checklist", "穿山甲", "记录数") == "1"
    assert cell(editions["restricted"], "checklist", "穿山甲", "首次记录") == "2025-05-20"


def test_no_difference_tells_a_hidden_count(editions: dict[str, Made]) -> None:
    public = editions["public"]
    shown = [int(row[9]) for row in rows(public, "checklist") if row[9] != "有记录"]
    assert int(cell(public, "composition", "合计", "记录数")) == sum(shown)
    assert sum(shown) < int(cell(editions["restricted"], "composition", "合计", "记录数"))


def test_a_guarded_cell_that_a_border_cuts_is_not_drawn_for_the_public() -> None:
    field = Field()
    inside, cut = field.sighting("tragopan", (112.95, 25.05)), field.sighting("tragopan", (112.615, 25.25))
    draft = Draft(make_study(snapshot(field.records)), PUBLIC, load_profile(), Settings())
    county = draft.study.county.shape
    assert PUBLIC.disclosure_cell(inside, county) is not None
    assert PUBLIC.disclosure_cell(cut, county) is None
    assert PUBLIC.grid_cell(cut, draft.study) is None


def test_archive_holds_every_counted_record_once(made: Made) -> None:
    with zipfile.ZipFile(io.BytesIO(made.files["dwca.zip"])) as archive:
        lines = archive.read("occurrence.txt").decode().splitlines()
    study = made.draft.study
    counted = [*study.sightings, *study.unplaced, *study.absences]
    merged = 0 if made.draft.edition.restricted else 2  # five absences of 黄腹角雉 in three places
    assert len(lines) - 1 == len(counted) - merged


def test_tables_as_data_equal_tables_as_page(made: Made) -> None:
    content = json.loads(made.files["tables.json"])
    for name, plate in made.page.plates.items():
        if plate.kind == "table":
            assert content[name]["rows"] == plate.rows, name
            assert content[name]["number"] == plate.number


def test_the_same_snapshot_gives_the_same_bytes(editions: dict[str, Made]) -> None:
    made = editions["public"]
    again = Draft(make_study(made.draft.study.snapshot), PUBLIC, load_profile(), made.draft.settings)
    assert render(again, build(again)) == made.files


def test_a_county_without_a_record_still_has_a_report() -> None:
    draft = Draft(make_study(snapshot([], context(demonstration=False))), PUBLIC, load_profile(), Settings())
    html = render(draft, build(draft))["report.html"].decode()
    assert check(html) == []
    assert "没有可供本章使用的记录，本章无数据。" in html
    assert "演示数据" not in html


def test_a_visit_without_place_was_where_its_open_finds_were() -> None:
    field = Field()
    walk = replace(
        field.event((112.95, 25.05), target_group=None, sampling_protocol="herp_transect"), exact=None, disclosed=None
    )
    field.records[0] = walk
    field.sighting("viper", (112.95, 25.05), walk)
    draft = Draft(make_study(snapshot(field.records)), PUBLIC, load_profile(), Settings())
    assert surveyed_cells(draft) == set()
    field.sighting("tit", (113.05, 25.25), walk)
    draft = Draft(make_study(snapshot(field.records)), PUBLIC, load_profile(), Settings())
    assert surveyed_cells(draft) == {grid_cell(113.05, 25.25)}


def test_a_method_tells_the_groups_it_looks_for() -> None:
    """A bird met on a walk for reptiles and amphibians is no unit of a bird survey."""
    field = Field()
    walks = [field.event((112.95, 25.05), target_group=None, sampling_protocol="herp_transect") for _ in range(3)]
    for walk in walks:
        field.sighting("tit", (112.95, 25.05), walk)
        field.sighting("viper", (112.95, 25.05), walk)
    draft = Draft(make_study(snapshot(field.records)), RESTRICTED, load_profile(), Settings())
    assert [line.group for line in draft.effort] == ["爬行类、两栖类"]
    by_visits = [(one.group, one.observed) for one in draft.completeness if one.method]
    assert by_visits == [("爬行类", 1), ("两栖类", 0)]
    assert draft.completeness[1].richness.reason == "各调查单元均未记录到物种"
    assert len(encounter_table(draft, "爬行类")) == 1
    assert encounter_table(draft, "两栖类") == ()
