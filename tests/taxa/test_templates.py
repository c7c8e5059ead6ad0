"""A template of every kind comes back filled, and says to who fills it in what each column wants."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy.orm import Session

from server.taxa import queries
from server.taxa.columns import COLUMNS
from server.taxa.descriptors import FIELDS
from server.taxa.kinds import KINDS
from server.taxa.lists import ListError, ParsedList, read_list
from server.taxa.service import LISTS_DIR, load_lists
from server.taxa.templates import choices, columns_of, heading, write
from tests.taxa.handed_in import table

SAID = {
    "id": "given_by_an_agency",
    "title_zh": "某省某名录",
    "version": "2023",
    "issuing_body": "某省林业局",
    "announcement": "某省林业局公告2023年第8号",
    "in_force_on": "2023-08-15",
    "legal_basis": "《中华人民共和国野生动物保护法》",
    "red_list_scope": "中国",
    "red_list_title_zh": "中国生物多样性红色名录（2020）",
}
ROW = {
    "category": {
        "ancient_tree": "一级",
        "sensitivity": "1级",
        "red_list": "极危",
        "cites": "附录Ⅰ",
        "invasive": "重点管理",
    },
    "text": {"": "重楼"},
    "pinyin": {"": "chong lou"},
    "value": {"": "留鸟"},
    "reason": {"": "分布区极小"},
    "name": {"": "娃娃鱼"},
    "rank": {"": ""},
}


def example(kind: str, name: str) -> str:
    if name in ROW:
        return (
            ROW[name].get(kind) or ROW[name].get("") or ("一级" if name == "category" and kind == "protected" else "")
        )
    return COLUMNS[name].example or (choices(kind, name) or [""])[0]


def fill(path: Path, kind: str, rows: Sequence[Mapping[str, str]], **said: str) -> ParsedList:
    """As a person does: cells typed under the headings, items of the description beside their names."""
    write(kind, path)
    book = openpyxl.load_workbook(path)
    sheet, description = book["名录"], book["说明"]
    at = {str(cell.value): cell.column for cell in sheet[1]}
    for line, row in enumerate(rows, 2):
        for name, text in row.items():
            sheet.cell(line, at[heading(kind, name)]).value = text
    items = {FIELDS[key].zh: value for key, value in {**SAID, **said}.items()}
    for line in range(2, description.max_row + 1):
        label = str(description.cell(line, 1).value).removesuffix("（必填）")
        if items.get(label):
            description.cell(line, 2).value = items[label]
    book.save(path)
    return read_list(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_with_the_examples_it_gives_loads(tmp_path: Path, kind: str) -> None:
    row = {name: example(kind, name) for name in columns_of(kind)}
    parsed = fill(tmp_path / "a.xlsx", kind, [row])
    assert (parsed.kind, parsed.list_id, len(parsed.rows)) == (kind, "given_by_an_agency", 1)
    assert parsed.descriptor["region"] == "43"
    assert parsed.rows[0]["status"] == "verified"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unfilled_template_says_what_to_fill(tmp_path: Path, kind: str) -> None:
    for path in (tmp_path / "a.xlsx", tmp_path / "b.csv"):
        write(kind, path)
        with pytest.raises(ListError, match="名录全称（title_zh）：此项必填"):
            read_list(path)


def test_a_table_template_is_filled_in_the_same_way(tmp_path: Path) -> None:
    data, told = write("indicator", tmp_path / "a.csv")
    descriptor = json.loads(told.read_text("utf-8"))
    told.write_text(json.dumps({**descriptor, **SAID}), "utf-8")
    names = columns_of("indicator")
    row = {name: example("indicator", name) for name in names}
    head = data.read_text("utf-8-sig").rstrip("\r\n")
    data.write_text(head + "\r\n" + ",".join(f'"{row[name]}"' for name in names) + "\r\n", "gb18030")
    parsed = read_list(data)
    assert parsed.rows[0]["threshold"] == "连续两年未见"
    assert "_说明" not in parsed.descriptor


def provincial(source: str, count: int) -> list[dict[str, str]]:
    """So many rows as the provincial list has, with names out of the national one; the list itself is not to be had."""
    rows = [row for row in read_list(LISTS_DIR / source).rows if row["entry_kind"] == "taxon"][:count]
    kept = ("scientific_name", "name_zh", "authorship", "class", "order", "family", "list_group")
    words = {"category": "省级", "status": "未核对", "managed_by": "林草"}
    return [
        {
            "no": str(n),
            **{column: row[column] for column in kept},
            **words,
            "population": "仅限野外种群" if n <= 25 else "",
        }
        for n, row in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    ("source", "count", "wild"), [("protected_animals_2021.csv", 336, 25), ("protected_plants_2021.csv", 110, 25)]
)
def test_the_template_takes_a_whole_provincial_list(tmp_path: Path, source: str, count: int, wild: int) -> None:
    given = provincial(source, count)
    parsed = fill(tmp_path / "a.xlsx", "protected", given, entries=str(count))
    assert [row["name_zh"] for row in parsed.rows] == [row["name_zh"] for row in given]
    assert [row["family"] for row in parsed.rows] == [row["family"] for row in given]
    assert {row["category"] for row in parsed.rows} == {"provincial"}
    assert sum(row["population"] == "wild" for row in parsed.rows) == wild
    assert list(parsed.lines) == list(range(2, count + 2))


def test_a_list_of_ours_goes_through_the_template_unchanged(tmp_path: Path) -> None:
    """What we ship in CSV, typed into the workbook of its kind, is the same list to the cell."""
    ours = read_list(LISTS_DIR / "red_list_iucn.csv").rows
    typed = [{name: row[name] for name in columns_of("red_list") if row.get(name)} for row in ours]
    for row, source in zip(typed, ours, strict=True):
        row["status"] = {"verified": "已核对", "unverified": "未核对"}[source["status"]]
    parsed = fill(tmp_path / "a.xlsx", "red_list", typed)
    shown = [{k: v for k, v in row.items() if v} for row in parsed.rows]
    assert shown == [{k: v for k, v in row.items() if v} for row in ours]


def test_a_filled_template_of_every_kind_goes_into_the_database(reference: Session, tmp_path: Path) -> None:
    provincial_list = tmp_path / "provincial.xlsx"
    fill(provincial_list, "protected", provincial("protected_animals_2021.csv", 336), id="protected_animals_hunan")
    paths = [provincial_list]
    for kind in KINDS:
        if kind not in ("protected", "pinyin"):
            paths.append(tmp_path / f"{kind}.xlsx")
            fill(paths[-1], kind, [{name: example(kind, name) for name in columns_of(kind)}], id=f"given_{kind}")
    paths.append(table(tmp_path / "other.csv"))
    loaded = load_lists(reference, paths, by="an official")
    assert len(loaded) == len(paths) and all(one.changed for one in loaded)
    macaque = queries.resolve_many(reference, [("Macaca thibetana", None)])[0]
    assert macaque is not None
    found = queries.protection(reference, macaque, "wild", "43")
    assert found["protection_class"] == "II"
    assert [also["protection_class"] for also in found["also"]] == ["provincial"]
    grebe = queries.resolve_many(reference, [("Tachybaptus ruficollis", None)])[0]
    assert grebe is not None
    assert queries.sensitivity_rules(reference).level_for(grebe)[:2] == (4, "sensitivity_default:32")


def cells(path: Path, sheet: str) -> list[list[Any]]:
    return [list(row) for row in openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)]


def test_every_column_is_explained_where_it_is_filled_in_and_in_the_guide(tmp_path: Path) -> None:
    for kind in KINDS:
        path = tmp_path / f"{kind}.xlsx"
        write(kind, path)
        names = columns_of(kind)
        sheet = openpyxl.load_workbook(path)["名录"]
        told = {str(v.sqref).split(":", maxsplit=1)[0]: v for v in sheet.data_validations.dataValidation}
        assert [sheet.cell(1, n + 1).value for n in range(len(names))] == [heading(kind, name) for name in names]
        for n, name in enumerate(names):
            advice = told[f"{sheet.cell(2, n + 1).coordinate}"]
            assert advice.prompt.startswith("必填。" if name in KINDS[kind].required else "可空。")
            assert (advice.type == "list") == bool(choices(kind, name))
            assert len(advice.prompt) <= 255 and len(advice.formula1 or "") <= 255
        guide = cells(path, "填写须知")
        assert [row[0] for row in guide][-len(names) :] == [heading(kind, name) for name in names]


def test_every_word_on_offer_is_understood(tmp_path: Path) -> None:
    for kind in KINDS:
        for name in columns_of(kind):
            words = KINDS[kind].words if name == "category" else COLUMNS[name].words
            assert all(word in words for word in choices(kind, name)), (kind, name)


def test_nothing_is_overwritten_and_a_wrong_kind_or_ending_is_told(tmp_path: Path) -> None:
    write("protected", tmp_path / "a.xlsx")
    with pytest.raises(ListError, match="文件已存在，不覆盖"):
        write("protected", tmp_path / "a.xlsx")
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(ListError, match="文件已存在，不覆盖"):
        write("protected", tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()
    with pytest.raises(ListError, match="未知的名录种类 wishes，可为 pinyin、protected"):
        write("wishes", tmp_path / "c.xlsx")
    with pytest.raises(ListError, match=r"文件名应以 \.xlsx 或 \.csv 结尾"):
        write("protected", tmp_path / "c.doc")
