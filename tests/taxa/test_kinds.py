"""A list of every kind goes in by the same door, is kept whole, and is said of its taxa."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import queries, templates, versions
from server.taxa.descriptors import FIELDS
from server.taxa.kinds import KINDS
from server.taxa.lists import read_list
from server.taxa.service import load_lists
from tests.taxa.agency import AGENCY, DESCRIBED, hand_in

EGRET = {"scientific_name": "Egretta garzetta", "name_zh": "白鹭"}
NEW = {"scientific_name": "Egretta nova", "name_zh": "新白鹭"}
RED = {"red_list_scope": "湖南", "red_list_title_zh": "湖南红色名录（2024）"}
ROWS: Mapping[str, list[dict[str, str]]] = {
    "pinyin": [{"text": "重楼", "pinyin": "chong lou"}],
    "protected": [{**EGRET, "category": "省级", "region_code": "4306"}, {**NEW, "category": "二级"}],
    "valued": [EGRET, {"scientific_name": "Rana spp.", "name_zh": "蛙属", "entry_kind": "类群"}],
    "cites": [
        {**EGRET, "category": "附录Ⅲ"},
        {"scientific_name": "Orchidaceae spp.", "name_zh": "兰科", "category": "附录Ⅱ", "kingdom": "植物界"},
    ],
    "invasive": [{**NEW, "category": "省级"}],
    "checklist": [{**EGRET, "months": "4-6", "county_codes": "430602"}, NEW],
    "red_list": [{**EGRET, "category": "近危", "assessed_year": "2024", "criteria": "A2c"}],
    "endemic": [EGRET],
    "flagship": [{**EGRET, "reason": "认得的人多"}],
    "tiny_population": [{"scientific_name": "Abies ziyuanensis", "name_zh": "资源冷杉", "reason": "不足千株"}],
    "indicator": [{**EGRET, "reason": "对水质敏感", "threshold": "连续两年未见", "responsible_unit": "县林业局"}],
    "ancient_tree": [
        {"scientific_name": "Ginkgo biloba", "name_zh": "银杏", "tree_no": no, "category": "一级", "age_years": "520"}
        for no in ("43052900012", "43052900013")
    ],
    "names": [{"scientific_name": "Egretta garzetta", "name": "小白鹭鸶", "language": "中文", "kind": "别名"}],
    "sensitivity": [{**EGRET, "category": "2", "reason": "巢区", "review_on": "2030-01-01"}],
    "traits": [{**EGRET, "trait": "居留型", "value": "夏候鸟"}],
    "lookalikes": [
        {"scientific_name": "Egretta garzetta", "other_scientific_name": "Egretta nova", "difference_zh": "趾色不同"}
    ],
    "identifiers": [
        {
            "scientific_name": "Egretta garzetta",
            "authority": "gbif",
            "identifier": "2480830",
            "matched_name": "Egretta garzetta",
        }
        | {"match": "一致"}
    ],
}


def test_every_kind_is_here() -> None:
    assert set(ROWS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_every_kind_is_kept_whole(reference: Session, tmp_path: Path, kind: str) -> None:
    said = RED if kind == "red_list" else {}
    path = hand_in(tmp_path, ROWS[kind], id=f"mine_{kind}", kind=kind, in_force_on="2024-01-01", **said)
    parsed = read_list(path)
    [loaded] = load_lists(reference, [path], AGENCY)
    assert (loaded.changed, loaded.rows) == (True, len(ROWS[kind]))
    assert versions.rows_of(reference, f"mine_{kind}", "2023") == [dict(row) for row in parsed.rows]
    assert f"mine_{kind}" in {one.list_id for one in queries.list_versions(reference, date(2024, 1, 1))}
    assert f"mine_{kind}" not in {one.list_id for one in queries.list_versions(reference, date(2023, 12, 31))}
    [again] = load_lists(reference, [path], AGENCY)
    assert not again.changed


def test_what_the_lists_say_is_found(reference: Session, tmp_path: Path) -> None:
    paths = [
        hand_in(tmp_path, rows, id=f"mine_{kind}", kind=kind, in_force_on="2020-01-01", **RED)
        for kind, rows in ROWS.items()
        if kind not in ("pinyin", "protected")
    ]
    load_lists(reference, paths, AGENCY)
    egret, fir, ginkgo, named = queries.resolve_many(
        reference, [(None, n) for n in ("白鹭", "资源冷杉", "银杏", "小白鹭鸶")]
    )
    assert egret and fir and ginkgo and named
    assert named.taxon_id == egret.taxon_id
    flags = queries.flags(reference, [egret.taxon_id, fir.taxon_id, ginkgo.taxon_id])
    assert {"flagship", "endemic", "indicator"} <= set(flags[egret.taxon_id])
    assert flags[fir.taxon_id]["tiny_population"]["reason"]
    assert flags[ginkgo.taxon_id]["ancient_tree"]["age_years"] == "520"
    facts = queries.facts(reference, [egret.taxon_id], date(2025, 1, 1))[egret.taxon_id]
    assert (facts.endemic, facts.red_list) == (True, None)
    assert queries.red_list_assessments(reference, egret.taxon_id)[0]["criteria"] == "A2c"
    assert queries.identifiers(reference, [egret.taxon_id])[egret.taxon_id]["gbif"] == "2480830"
    assert "夏候鸟" in queries.traits(reference, [egret.taxon_id])[egret.taxon_id]["residency"]
    assert "Egretta nova" in {other.scientific_name for other, _ in queries.lookalikes(reference, egret.taxon_id)}
    assert queries.sensitivity_rules(reference).level_for(egret)[0] == 2
    cites = queries.coverage(reference, kinds=("cites",))
    [orchid] = queries.resolve_many(reference, [(None, "春兰")])
    assert orchid is not None
    assert "II" in {entry.category for entry in cites.matches(orchid)}


def test_a_filled_template_of_336_animals_is_taken(reference: Session, tmp_path: Path) -> None:
    """The provincial list of 2023 is not to be had as a file: this is how it will come."""
    path = tmp_path / "hunan.xlsx"
    templates.write("protected", path)
    book = openpyxl.load_workbook(path)
    sheet = book["名录"]
    head = [cell.value for cell in sheet[1]]
    sheet.delete_rows(2, sheet.max_row)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for number in range(1, 337):
        cells = {
            "序号": number,
            "学名": f"Passer {letters[number % 26]}{letters[number // 26]}us",
            "中文名": f"某雀{number}",
            "保护级别": "省级",
        }
        sheet.append([cells.get(str(title).strip("* ").removesuffix("（必填）")) for title in head])
    items = {field.zh: key for key, field in FIELDS.items()}
    for label, content, *_ in book["说明"].iter_rows(max_col=2):
        key = items.get(str(label.value).removesuffix("（必填）").strip("* "))
        if key and key != "kind":
            content.value = DESCRIBED.get(key)
    book.save(path)
    book.close()
    [loaded] = load_lists(reference, [path], AGENCY)
    assert loaded.rows == 336
    counted = reference.execute(
        text("SELECT category, count(*) FROM xiangye.list_entry WHERE list_id = 'hunan_animals' GROUP BY 1")
    ).all()
    assert [tuple(row) for row in counted] == [("provincial", 336)]
