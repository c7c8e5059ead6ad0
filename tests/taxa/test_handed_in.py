"""A list as an agency hands it in: Chinese headings and words are understood, and every fault is told by file, row and field."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from server.taxa import higher
from server.taxa.kinds import BASE, KINDS, TAIL
from server.taxa.lists import ListError, read_list
from server.taxa.service import default_paths
from server.taxa.unreadable import TOLD as TOLD_AT_MOST
from tests.taxa.handed_in import HEAD, KEYS, ROWS, TOLD, table, workbook

LEVELS = KINDS["sensitivity"].category_hint
LOOKALIKE = "序号|学名|易混种学名|区别"
IDENTIFIER = "序号|学名|来源库|外部编号|对应方式"


def read(path: Path, head: str, *rows: str, kind: str = "checklist", **keys: Any) -> list[dict[str, str]]:
    """Rows written with | between their cells."""
    parts = [row.split("|") for row in rows]
    return [dict(r) for r in read_list(table(path / "a.csv", parts, head.split("|"), kind=kind, **keys)).rows]


def problems(path: Path, head: str, *rows: str, kind: str = "checklist", **keys: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(ListError) as caught:
        read(path, head, *rows, kind=kind, **keys)
    return [(p.line, p.field, p.reason) for p in caught.value.problems]


def test_a_short_list_gets_all_columns_and_our_codes(tmp_path: Path) -> None:
    row = read(
        tmp_path,
        "序号|学名|中文名|目|保护级别|种群限定|主管部门|适用地区|别名|核对状态",
        "1|Andrias davidianus (Blanchard, 1871)|　大鲵 |有尾目|国家二级|仅限野外种群|渔业|430800|娃娃鱼、鲵鱼|已核对",
        kind="protected",
    )[0]
    assert [*BASE, *TAIL] == [column for column in row if column in {*BASE, *TAIL}]
    said = {key: value for key, value in row.items() if value}
    assert said == {
        "no": "1",
        "entry_kind": "taxon",
        "rank": "species",
        "scientific_name": "Andrias davidianus",
        "authorship": "(Blanchard, 1871)",
        "name_zh": "大鲵",
        "other_names_zh": "娃娃鱼;鲵鱼",
        "kingdom": "Animalia",
        "phylum": "Chordata",
        "class": "Amphibia",
        "order": "Caudata",
        "managed_by": "agriculture",
        "region_code": "4308",
        "category": "II",
        "population": "wild",
        "status": "verified",
    }


@pytest.mark.parametrize(
    ("written", "name", "rank", "kind"),
    [
        ("Cuora spp.", "Cuora", "genus", "group"),
        ("Orchidaceae", "Orchidaceae", "family", "group"),
        ("Antipatharia", "Antipatharia", "order", "group"),
        ("Paphiopedilum sect. Brachypetalum", "Paphiopedilum sect. Brachypetalum", "section", "group"),
        ("Populus × irtyschensis", "Populus ×irtyschensis", "species", "taxon"),
        ("Trachemys scripta elegans", "Trachemys scripta elegans", "subspecies", "taxon"),
        ("Taxus wallichiana var. mairei", "Taxus wallichiana var. mairei", "variety", "taxon"),
        ("Disanthus cercidifolius ssp. longipes", "Disanthus cercidifolius subsp. longipes", "subspecies", "taxon"),
        (
            "Abies beshanzuensis var. ziyuanensis (L. K. Fu & S. L. Mo) L. K. Fu",
            "Abies beshanzuensis var. ziyuanensis",
            "variety",
            "taxon",
        ),
    ],
)
def test_rank_and_kind_of_entry_follow_from_the_name(
    tmp_path: Path, written: str, name: str, rank: str, kind: str
) -> None:
    row = read(tmp_path, "序号|学名|中文名|保护级别", f"1|{written}|某种|一级", kind="protected")[0]
    assert (row["scientific_name"], row["rank"], row["entry_kind"]) == (name, rank, kind)


def test_a_name_above_the_species_is_a_taxon_of_a_checklist(tmp_path: Path) -> None:
    row = read(tmp_path, "序号|学名|中文名", "1|Orchidaceae|兰科")[0]
    assert (row["entry_kind"], row["rank"]) == ("taxon", "family")


def test_dates_months_and_codes_are_kept_in_one_way(tmp_path: Path) -> None:
    row = read(tmp_path, "序号|学名|中文名|月份|分布县", "1|Hirundo rustica|家燕|3-5月；10月|430529，431121")[0]
    assert (row["months"], row["county_codes"]) == ("3;4;5;10", "430529;431121")
    row = read(tmp_path, "序号|学名|中文名|月份", "1|Anas crecca|绿翅鸭|11-2")[0]
    assert row["months"] == "11;12;1;2"
    head = "序号|学名|中文名|敏感级别|理由|复核日期"
    for day in ("2028-01-01", "2028/1/1", "2028年1月1日", "2028.1.1"):
        row = read(tmp_path, head, f"1|Manis pentadactyla|穿山甲|1级|盗猎|{day}", kind="sensitivity")[0]
        assert (row["review_on"], row["category"]) == ("2028-01-01", "1")


def test_one_taxon_may_be_assessed_several_times(tmp_path: Path) -> None:
    head = "序号|学名|中文名|评估等级|评估年份|评估种群"
    rows = (
        "1|Neophocaena asiaeorientalis|长江江豚|濒危|2017|",
        "2|Neophocaena asiaeorientalis|长江江豚|极危|2012|长江种群",
    )
    keys: dict[str, Any] = {"kind": "red_list", "red_list_scope": "全球", "red_list_title_zh": "IUCN"}
    assert [row["category"] for row in read(tmp_path, head, *rows, **keys)] == ["EN", "CR"]
    again = "3|Neophocaena asiaeorientalis|长江江豚|近危|2017|"
    assert problems(tmp_path, head, *rows, again, **keys) == [
        (4, "scientific_name", "与第 2 行重复：Neophocaena asiaeorientalis，2017")
    ]


@pytest.mark.parametrize(
    ("kind", "head", "row", "said"),
    [
        ("checklist", "", "1|Aus bus|Aus bus", [("name_zh", "应为中文名，没有汉字：Aus bus")]),
        ("checklist", "", "1|Aus bus|藏酋猴 Macaca thibetana", [("name_zh", "中文名里有拉丁字母：藏酋猴 Macaca thibetana（学名请另填一格）")]),
        ("checklist", "", "1|藏酋猴|藏酋猴", [("scientific_name", "学名里有汉字：藏酋猴")]),
        ("checklist", "", "1|C\u0430nis lupus|狼", [("scientific_name", "学名里有拉丁字母以外的字符“\u0430”（U+0430）：C\u0430nis lupus")]),
        ("checklist", "", "1|Aus bus|大鲵*", [("name_zh", "中文名里有记号：大鲵*（记号的意思请填入相应的列，如“主管部门”）")]),
        ("checklist", "", "1|aus bus|某种", [("scientific_name", "不合格式：'aus bus'（拉丁学名，不含命名人；属的所有种写作“Cuora spp.”）")]),
        ("checklist", "", "1||某种", [("scientific_name", "此格必填")]),
        ("checklist", "", "一|Aus bus|某种", [("no", "不合格式：'一'（从 1 起的整数，不重复）")]),
        ("checklist", "", "1|Aus bus|\ue147", [("name_zh", "含私用区或不可见字符 U+E147（私用区字符，换一台电脑就显示不出来，请改为正式汉字）")]),
        ("checklist", "", "1|Aus bus|铗_xD85C_", [("name_zh", "含残码 _xD85C_，此处原有的字已损坏")]),
        ("checklist", "|月份", "1|Aus bus|某种|2024-03-05", [("months", "不合格式：'2024-03-05'（可见月份，如 4；5；6 或 4-6）")]),
        ("checklist", "|科", "1|Aus bus|某种|某某科", [("family", "不合格式：'某某科'（中文名或拉丁名）")]),
        ("protected", "|保护级别", "1|Aus bus|某种|", [("category", "此格必填")]),
        ("sensitivity", "|级别|理由|复核日期", "1|Aus bus|某种|5|甲|2028-02-30",
            [("category", f"不合格式：'5'（{LEVELS}）"), ("review_on", "没有这一天：2028-02-30")]),
        ("indicator", "|理由|阈值|责任单位", "1|Aus bus|某种|甲||", [("threshold", "此格必填"), ("responsible_unit", "此格必填")]),
        ("ancient_tree", "|古树编号|古树等级|树龄", "1|Ginkgo biloba|银杏|T1|一级|450",
            [("category", "级别与树龄不符：树龄 450 年，1 级应为 500 年以上")]),
        ("ancient_tree", "|古树编号|古树等级|树龄", "1|Ginkgo biloba|银杏|T1|三级|", [("age_years", "定级的古树必须填树龄")]),
        ("traits", "|性状|取值", "1|Aus bus|某种|居留型|常年", [("value", "常年 不是该性状的取值（留鸟、夏候鸟、冬候鸟、旅鸟、迷鸟）")]),
    ],
)  # fmt: skip
def test_a_fault_is_told_by_field_and_reason(
    tmp_path: Path, kind: str, head: str, row: str, said: Sequence[tuple[str, str]]
) -> None:
    assert problems(tmp_path, f"序号|学名|中文名{head}", row, kind=kind) == [(2, *one) for one in said]


def test_a_rule_of_sensitivity_may_speak_of_a_class_of_protection(tmp_path: Path) -> None:
    head = "序号|学名|中文名|分类阶元|敏感级别|理由|复核日期"
    said = "其他国家一级保护物种|保护级别|2级|缺省|2028-01-01"
    row = read(tmp_path, head, f"1|国家一级|{said}", kind="sensitivity")[0]
    assert (row["entry_kind"], row["rank"], row["scientific_name"]) == ("group", "protection_class", "I")
    fault = "分类阶元为“保护级别”时，此格应为 国家一级、国家二级 或 省级：四级"
    assert problems(tmp_path, head, f"1|四级|{said}", kind="sensitivity") == [(2, "scientific_name", fault)]
    fault = "“保护级别”只用于敏感物种级别"
    assert problems(tmp_path, "序号|学名|中文名|分类阶元", "1|I|某种|保护级别") == [(2, "rank", fault)]


def test_famous_trees_need_no_age_and_graded_ones_agree_with_theirs(tmp_path: Path) -> None:
    head = "序号|学名|中文名|古树编号|古树等级|树龄"
    rows = [
        f"{n}|Ginkgo biloba|银杏|T{n}|{grade}|{age}"
        for n, (grade, age) in enumerate([("一级", "500"), ("二级", "300"), ("Ⅲ级", "299"), ("名木", "")], 1)
    ]
    assert [row["category"] for row in read(tmp_path, head, *rows, kind="ancient_tree")] == ["1", "2", "3", "famous"]


@pytest.mark.parametrize(
    ("kind", "head", "rows", "said"),
    [
        ("lookalikes", LOOKALIKE, ["1|Aus bus|Aus bus|无"], [(2, "other_scientific_name", "与学名相同")]),
        ("lookalikes", LOOKALIKE, ["1|Aus bus|Cus dus|尾", "2|Cus dus|Aus bus|尾"],
            [(3, "scientific_name", "与第 2 行重复（同一对种）：Cus dus，Aus bus")]),
        ("identifiers", IDENTIFIER, ["1|Aus bus|gbif||一致"], [(2, "identifier", "未解决（open）的行没有外部编号，其余的行必须有")]),
        ("identifiers", IDENTIFIER, ["1|Aus bus|gbif|7|异名"], [(2, "reason", "名称不一致，须写明理由")]),
        ("names", "序号|学名|另一名称|语言|名称类型", ["1|Aus bus|Cus|中文|别名"], [(2, "name", "语言是中文而没有汉字：Cus")]),
        ("pinyin", "序号|汉字|拼音", ["1|重楼|chong"], [(2, "pinyin", "音节数与字数不符")]),
    ],
)  # fmt: skip
def test_kinds_with_columns_of_their_own_have_their_own_faults(
    tmp_path: Path, kind: str, head: str, rows: list[str], said: list[tuple[Any, ...]]
) -> None:
    assert problems(tmp_path, head, *rows, kind=kind) == said


def test_both_rows_of_a_repetition_are_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "序号|学名|中文名", "1|Aus bus|甲种", "2|Cus dus|乙种", "2|Aus bus|丙种")
    assert found == [(4, "no", "与第 3 行重复：2"), (4, "scientific_name", "与第 2 行重复：Aus bus，taxon")]


def test_the_same_taxon_in_two_regions_is_no_repetition(tmp_path: Path) -> None:
    head = "序号|学名|中文名|保护级别|适用地区"
    rows = read(tmp_path, head, "1|Aus bus|甲种|省级|4305", "2|Aus bus|甲种|省级|4311", kind="protected")
    assert [row["region_code"] for row in rows] == ["4305", "4311"]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("序号|拉丁文学名|中文名", "不认识的列“拉丁文学名”；最接近的是“学名（scientific_name）”"),
        ("序号|拉丁文学名|中文名", "缺少列“学名（scientific_name）”；最接近的是“拉丁文学名”"),
        ("序号|学名|中文名|照片编号", "不认识的列“照片编号”"),
        ("序号|学名|中文名|", "第 4 列有内容而没有列名"),
        ("序号|学名|中文名|拉丁名", "列“拉丁名”重复"),
        ("甲|乙|丙|丁", "找不到列名行：应有 序号、学名、中文名 等列（或其英文名），实为 甲、乙、丙、丁"),
    ],
)  # fmt: skip
def test_a_wrong_head_says_what_is_missing_unknown_and_near(tmp_path: Path, head: str, said: str) -> None:
    row = "1|Aus bus|某种" + "|多" * (head.count("|") - 2)
    assert any(reason.startswith(said) for _, _, reason in problems(tmp_path, head, row))


def test_english_and_chinese_headings_mean_the_same(tmp_path: Path) -> None:
    row = "1|Aus bus|某种|甲"
    chinese = read(tmp_path, "序号|拉丁 学名*|中文名（必填）|说明", row)
    assert read(tmp_path, "no|scientific_name|Name_ZH|note", row) == chinese


def test_many_faults_are_told_at_once_and_no_more_than_is_readable(tmp_path: Path) -> None:
    rows = [f"{n}|aus{n}|某种" for n in range(1, 51)]
    with pytest.raises(ListError) as caught:
        read(tmp_path, "序号|学名|中文名", *rows)
    assert len(caught.value.problems) == 50
    lines = str(caught.value).splitlines()
    assert len(lines) == TOLD_AT_MOST + 1
    assert lines[0].startswith("a.csv 第 2 行 字段 学名（scientific_name）：不合格式：'aus1'")
    assert lines[-1] == "……另有 30 处，共 50 处"


def test_one_bad_row_among_a_thousand_is_the_only_one_told(tmp_path: Path) -> None:
    rows = [f"{n}|Aus {'b' * n}|某种" for n in range(1, 1001)]
    rows[499] = "500|Aus bb!|某种"
    assert [line for line, _, _ in problems(tmp_path, "序号|学名|中文名", *rows)] == [501]


def test_a_head_without_rows_and_a_wrong_number_of_rows_are_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "序号|学名|中文名") == [(1, None, "只有列名，没有任何条目")]
    assert problems(tmp_path, "序号|学名|中文名", "1|Aus bus|某种", entries="2") == [
        (None, "entries", "条目数应为 2，实有 1")
    ]


@pytest.mark.parametrize(
    ("keys", "field", "reason"),
    [
        ({"in_force_on": "下个月"}, "in_force_on", "不是日期：下个月"),
        ({"in_force_on": ""}, "in_force_on", "此项必填"),
        ({"id": "Hunan 2023"}, "id", "不合格式"),
        ({"kind": "wishes"}, "kind", "未知的名录种类 wishes"),
        ({"version": 2023}, "version", "应为文本：2023"),
        ({"region": "湖南"}, "region", "不合格式"),
        ({"title_zh": None}, "title_zh", "此项必填"),
    ],
)
def test_a_wrong_descriptor_names_its_item(tmp_path: Path, keys: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(ListError) as caught:
        read_list(table(tmp_path / "a.csv", **keys))
    assert caught.value.file == "a.json"
    assert any((p.field, p.reason[: len(reason)]) == (field, reason) for p in caught.value.problems)


def test_a_workbook_without_its_description_or_with_an_unknown_item_is_refused(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", told={**TOLD, "上级": "某某"})
    with pytest.raises(ListError, match=r"a\.xlsx 的“说明”表 第 10 行：不认识的项目“上级”"):
        read_list(tmp_path / "a.xlsx")
    book["说明"].delete_rows(3)
    book["说明"].delete_rows(9)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ListError, match=r"a\.xlsx 的“说明”表 字段 名录全称（title_zh）：此项必填"):
        read_list(tmp_path / "a.xlsx")
    del book["说明"]
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ListError, match=r"工作簿里没有“说明”表，旁边也没有描述文件 a\.json"):
        read_list(tmp_path / "a.xlsx")
    (tmp_path / "a.json").write_text(json.dumps(KEYS), "utf-8")
    assert read_list(tmp_path / "a.xlsx").list_id == "protected_test"


def test_other_files_and_a_table_without_descriptor_are_refused(tmp_path: Path) -> None:
    for name, said in (("a.ods", "只收 .xlsx 工作簿"), ("a.csv", "旁边没有描述文件 a.json"), ("a.xlsx", "读不到文件")):
        with pytest.raises(ListError, match=said):
            read_list(tmp_path / name)
    table(tmp_path / "b.CSV")
    assert read_list(tmp_path / "b.CSV").list_id == "protected_test"
    (tmp_path / "c.json").write_text((tmp_path / "b.json").read_text("utf-8"), "utf-8")
    with pytest.raises(ListError, match=r"c\.csv：读不到文件"):
        read_list(tmp_path / "c.json")


def test_a_fault_in_a_workbook_names_heading_and_cell(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", [*ROWS, (4, "环颈雉", "Phasianus versicolor", "五级", "鸟纲", None)])
    with pytest.raises(ListError, match=r"a\.xlsx 第 5 行 字段 保护级别（category，D5）：不合格式：'五级'"):
        read_list(tmp_path / "a.xlsx")


def test_digest_and_lines_tell_content_and_place(tmp_path: Path) -> None:
    first = read_list(table(tmp_path / "a.csv"))
    assert (list(first.lines), first.file, first.version, first.kind) == ([2, 3, 4], "a.csv", "2023", "protected")
    assert read_list(table(tmp_path / "b.csv")).digest == first.digest
    assert read_list(table(tmp_path / "c.csv", version="2024")).digest != first.digest
    assert read_list(table(tmp_path / "d.csv", ROWS[:2])).digest != first.digest
    assert read_list(table(tmp_path / "e.csv", head=[*HEAD[:-1], "说明"])).digest == first.digest


def test_kinds_are_whole() -> None:
    for code, kind in KINDS.items():
        assert set(kind.required) <= set(kind.columns), code
        assert set(kind.offered) <= set(kind.columns), code
        assert set(kind.unique) <= set(kind.columns), code
        assert ("category" in kind.required) == bool(kind.category), code


def test_every_list_we_ship_is_held_to_its_counts() -> None:
    for path in default_paths():
        descriptor = json.loads(path.with_suffix(".json").read_text("utf-8"))
        assert {"columns", "counts", "counts_by_status"} <= set(descriptor), path.stem


def test_chinese_names_of_families_lead_to_latin_and_lineage() -> None:
    assert higher.latin("family", "兰科") == "Orchidaceae"
    assert higher.lineage("family", "Orchidaceae")["class"] == "Liliopsida"
    assert (higher.latin("family", "没有科"), higher.lineage("genus", "Pinus")) == (None, {})
