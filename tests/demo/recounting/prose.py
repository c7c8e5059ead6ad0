"""Figures in the sentences of a county baseline; imports nothing of the project."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from recounting.county import METHODS, length_m
from recounting.figures import text, total


def plain_text(report: Path) -> str:
    page = (report / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"<(style|svg)\b.*?</\1>", "", page, flags=re.S)
    return unescape(re.sub(r"<[^>]*>", "", page))


def baseline_prose(report: Path, counted: Any) -> list[str]:
    page, county = plain_text(report), counted.county
    lines = list(county.lines.values())
    species, invasive = len(lines), sum(bool(one.taxon.invasive) for one in lines)
    grades = [sum(one.protection == grade for one in lines) for grade in ("一级", "二级")]
    groups = len({one.taxon.group for one in lines})
    hidden = sum(county.hides(one) for one in lines)
    kilometres = total((length_m(one) for one in county.visits), 1000)
    surveyed = counted.surveyed & counted.whole.keys()
    placed = [one for one in county.open([*county.seen, *county.unplaced]) if one.point]
    recorded = {counted.visit_cell(one) for one in placed} & counted.whole.keys()
    whole = sum(round(share, 6) >= 1 for share in counted.whole.values())
    cells = len(counted.whole)
    photos = sum(one.kind == "media" for one in county.records)
    findings = sum(one.kind == "finding" for one in county.records)
    wanted = [
        f"可计数的物种出现记录{county.shown(lines)}条",
        f"共记录物种{species}种，分属{groups}个类群；国家重点保护物种{sum(grades)}种，外来入侵物种{invasive}种。",
        f"开展样线、样地、样点和巡护{len(county.visits)}次，里程合计{text(kilometres, 2)} km。",
        f"其中国家一级重点保护{grades[0]}种、二级重点保护{grades[1]}种，列入外来入侵物种名录的{invasive}种。",
        f"全县涉及10 km网格{cells}个，其中完全位于县内的{whole}个；开展过调查事件的{len(surveyed)}个，有出现记录的{len(recorded)}个。",
        f"记录到列入名录的外来入侵物种{invasive}种",
        f"共登记巡护发现{findings}件。",
        f"随记录上传的照片共{photos}张",
        f"共记录物种{species}种，其中国家重点保护{sum(grades)}种、外来入侵{invasive}种。",
        f"本名录共{species}种。",
        f"{cells}个网格中有{cells - len(surveyed)}个尚未开展调查事件，其中{cells - len(surveyed | recorded)}个没有任何记录",
    ]
    if not county.public:
        wanted.append(f"选入记录数：{len(county.records)}")
    elif "选入记录数" in page:
        return ["the public report tells how many records there are in all"]
    if hidden:
        wanted.append(f"另有{hidden}种重点保护或敏感物种以“有记录”表示")
    for (group, method), visits in county.effort.items():
        length = total(map(length_m, visits), 1000)
        told = f"，里程{text(length, 2)} km" if length is not None else ""
        wanted.append(f"{group}：完成{METHODS.get(method, method)}{len(visits)}次{told}。")
    for group in {one.taxon.group for one in lines}:
        own = [one for one in lines if one.taxon.group == group]
        wanted.append(f"记录{group}{len(own)}种，分属{len({one.taxon.family for one in own})}科。")
    return [f"no such sentence in the report: {sentence}" for sentence in wanted if sentence not in page]
