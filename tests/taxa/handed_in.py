"""Makes lists as agencies hand them in, for the tests of reading them."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl

HEAD = ("序号", "中文名", "学名", "保护级别", "类群", "备注")
ROWS: Sequence[Sequence[Any]] = (
    (1, "小䴙䴘", "Tachybaptus ruficollis", "省级", "鸟纲", None),
    (2, "环颈雉", "Phasianus colchicus", "省级", "鸟纲", "仅指名亚种"),
    (3, "乌梢蛇", "Ptyas dhumnades", "二级", "爬行纲", None),
)
TOLD = {
    "名录代号": "protected_test",
    "名录种类": "重点保护物种名录",
    "名录全称": "某省地方重点保护野生动物名录",
    "适用地区": "430000",
    "版本": "2023",
    "发布机关": "某省林业局",
    "公告文号": "某省林业局公告2023年第8号",
    "施行日期": "2023年8月15日",
    "法律依据": "《中华人民共和国野生动物保护法》",
}
KEYS = {
    "id": "protected_test",
    "kind": "protected",
    "title_zh": "某省地方重点保护野生动物名录",
    "region": "43",
    "version": "2023",
    "issuing_body": "某省林业局",
    "announcement": "某省林业局公告2023年第8号",
    "in_force_on": "2023-08-15",
    "legal_basis": "《中华人民共和国野生动物保护法》",
}


def workbook(
    path: Path,
    rows: Sequence[Sequence[Any]] = ROWS,
    head: Sequence[str] = HEAD,
    told: Mapping[str, str] | None = None,
    above: Sequence[Sequence[Any]] = (),
) -> "openpyxl.Workbook":
    """Saved at `path`; given back to be spoiled and saved again."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "名录"
    for row in (*above, head, *rows):
        sheet.append(list(row))
    description = book.create_sheet("说明")
    for item in (TOLD if told is None else told).items():
        description.append(item)
    book.save(path)
    return book


def table(
    path: Path,
    rows: Sequence[Sequence[Any]] = ROWS,
    head: Sequence[str] = HEAD,
    encoding: str = "utf-8",
    **keys: Any,
) -> Path:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerows([head, *(["" if cell is None else cell for cell in row] for row in rows)])
    path.write_bytes(out.getvalue().encode(encoding))
    path.with_suffix(".json").write_text(json.dumps({**KEYS, **keys}, ensure_ascii=False), "utf-8")
    return path
