"""An empty list of a kind for an agency to fill in: a workbook with three sheets, or a CSV with its descriptor beside it."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from server.taxa.columns import COLUMNS
from server.taxa.descriptors import FIELDS, needed
from server.taxa.kinds import KINDS
from server.taxa.unreadable import ListError
from server.taxa.workbooks import DESCRIPTION_SHEET, GUIDE_SHEET, ROWS_SHEET

_PREPARED_ROWS = 5000
"""So many rows have the text format and the drop-down lists; more may be written below."""
_WIDTHS = {"no": 7, "scientific_name": 30, "other_scientific_name": 30, "authorship": 22, "name_zh": 18, "excludes": 24}
_LONG = frozenset(
    {"reason", "note", "difference_zh", "threshold", "other_names_zh", "former_names", "locality", "value"}
)
_ADVICE = (
    "从“名录”表第 2 行起，一行填一个种（或一个类群）；深色列名必填，浅色列名可空，不用的列可以整列删去。",
    "“说明”表填名录本身的名称、公告、日期；必填项空着不能载入。",
    "请勿合并单元格，请勿在表内加小标题、合计或表下注释；分组写进“类群”列，注释写进“备注”列。",
    "学名写拉丁学名（命名人写在“命名人”列，没有该列就不写）；一个属的所有种写作“Cuora spp.”，除外的种写进“除外种”列。",
    "从 PDF 或网页复制时，注意生僻字（如 鵟、䴙䴘、𬶋）是否变成空白或方框；那样的字请重新输入。",
    "单元格已设为文本，代码、日期、编号照写即可；日期写作 2028-01-01。",
    "填好后载入：xiangye species load 本文件。载入前会列出与上一版的增、删、改，确认后才写入；有错会指出第几行、哪一列，一行也不会写入。",
)


def write(kind_code: str, path: Path) -> list[Path]:
    """Writes FILE.xlsx, or FILE.csv and FILE.json, by the ending of `path`; a file that is there is never overwritten."""
    if kind_code not in KINDS:
        raise ListError(path.name, f"未知的名录种类 {kind_code}，可为 {'、'.join(KINDS)}")
    makers: Mapping[str, Mapping[str, Callable[[str], bytes]]] = {
        ".xlsx": {".xlsx": _workbook},
        ".csv": {".csv": _csv, ".json": _json},
    }
    if path.suffix.lower() not in makers:
        raise ListError(path.name, "文件名应以 .xlsx 或 .csv 结尾")
    made = {path.with_suffix(suffix): make for suffix, make in makers[path.suffix.lower()].items()}
    for target in made:
        if target.exists():
            raise ListError(target.name, "文件已存在，不覆盖；请换一个文件名")
    for target, make in made.items():
        target.write_bytes(make(kind_code))
    return list(made)


def columns_of(kind_code: str) -> list[str]:
    """In the order people read them: number, Chinese name, Latin name, what must be filled, the rest, remarks."""
    kind = KINDS[kind_code]
    if kind.own:
        return list(kind.own)
    return [*dict.fromkeys(("no", "name_zh", "scientific_name", *kind.required, *kind.offered)), "note", "status"]


def heading(kind_code: str, name: str) -> str:
    titles = KINDS[kind_code].category_titles
    return titles[0] if name == "category" and titles else COLUMNS[name].zh


def choices(kind_code: str, name: str) -> list[str]:
    """The first word of each code; none for a column of free text."""
    words = KINDS[kind_code].words if name == "category" else COLUMNS[name].words
    first: dict[str, str] = {}
    for word, code in words.items():
        if code != "protection_class" or kind_code == "sensitivity":
            first.setdefault(code, word)
    return list(first.values()) if name not in ("class", "order", "family") else []


def _hint(kind_code: str, name: str) -> str:
    kind = KINDS[kind_code]
    return kind.category_hint if name == "category" else COLUMNS[name].hint


def _csv(kind_code: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow([heading(kind_code, name) for name in columns_of(kind_code)])
    return out.getvalue().encode("utf-8-sig")


def _json(kind_code: str) -> bytes:
    required = needed(kind_code)
    fields: dict[str, Any] = dict.fromkeys(FIELDS, "") | {"kind": kind_code, "region": "43"}
    told = {
        key: f"{item.zh}{'（必填）' if key in required else ''} {item.hint}".strip() for key, item in FIELDS.items()
    }
    return (json.dumps({"_说明": told, **fields}, ensure_ascii=False, indent=2) + "\n").encode()


def _workbook(kind_code: str) -> bytes:
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"{KINDS[kind_code].title_zh} 模板"})
    styles = _styles(book)
    _write_rows(book.add_worksheet(ROWS_SHEET), kind_code, styles)
    _write_description(book.add_worksheet(DESCRIPTION_SHEET), kind_code, styles)
    _write_guide(book.add_worksheet(GUIDE_SHEET), kind_code, styles)
    book.close()
    return written.getvalue()


def _styles(book: Any) -> dict[str, Any]:
    base = {"font_name": "宋体", "font_size": 11, "valign": "top", "text_wrap": True}
    head = {**base, "bold": True, "border": 1, "valign": "vcenter"}
    return {
        "required": book.add_format({**head, "bg_color": "#1f5c45", "font_color": "#ffffff"}),
        "optional": book.add_format({**head, "bg_color": "#dcebe3"}),
        "cell": book.add_format({**base, "num_format": "@"}),
        "latin": book.add_format({**base, "num_format": "@", "font_name": "Times New Roman", "italic": True}),
        "boxed": book.add_format({**base, "num_format": "@", "border": 1}),
        "to_fill": book.add_format({**base, "num_format": "@", "border": 1, "bg_color": "#fff8e1"}),
        "title": book.add_format({**base, "bold": True, "font_size": 14, "text_wrap": False}),
    }


def _write_rows(sheet: Any, kind_code: str, styles: Mapping[str, Any]) -> None:
    required = KINDS[kind_code].required
    for n, name in enumerate(columns_of(kind_code)):
        column = COLUMNS[name]
        sheet.set_column(n, n, _width(name), styles["latin" if "scientific_name" in name else "cell"])
        sheet.write_string(0, n, heading(kind_code, name), styles["required" if name in required else "optional"])
        told = "必填。" if name in required else "可空。"
        example = f"例：{column.example}" if column.example else ""
        advice: dict[str, Any] = {
            "input_title": heading(kind_code, name)[:32],
            "input_message": f"{told}{_hint(kind_code, name)}\n{example}".strip()[:255],
            "ignore_blank": True,
        }
        listed = choices(kind_code, name)
        shape = {"validate": "list", "source": listed, "error_type": "warning"} if listed else {"validate": "any"}
        warned = (
            {"error_title": "不在可选的词里", "error_message": "载入时只认下拉列表里的词或其代码。"} if listed else {}
        )
        sheet.data_validation(1, n, _PREPARED_ROWS, n, {**advice, **shape, **warned})
    sheet.ignore_errors({"number_stored_as_text": f"A1:AZ{_PREPARED_ROWS + 1}"})
    sheet.set_row(0, 24)
    sheet.freeze_panes(1, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _width(name: str) -> int:
    return _WIDTHS.get(name, 36 if name in _LONG else 14)


def _write_description(sheet: Any, kind_code: str, styles: Mapping[str, Any]) -> None:
    required = needed(kind_code)
    for n, (title, width) in enumerate((("项目", 24), ("内容", 46), ("怎么填", 60))):
        sheet.set_column(n, n, width)
        sheet.write_string(0, n, title, styles["optional"])
    given = {"kind": KINDS[kind_code].title_zh, "region": "43"}
    for n, key in enumerate(_fields(kind_code), 1):
        item = FIELDS[key]
        sheet.write_string(n, 0, item.zh + ("（必填）" if key in required else ""), styles["boxed"])
        sheet.write_string(n, 1, given.get(key, ""), styles["boxed" if key == "kind" else "to_fill"])
        told = [item.hint, f"例：{item.example}" if item.example else ""]
        sheet.write_string(n, 2, "；".join(filter(None, told)), styles["boxed"])
    sheet.freeze_panes(1, 0)


def _fields(kind_code: str) -> Sequence[str]:
    """Fields on red lists are for red lists alone, those on populations for lists that give protection."""
    red, legal = kind_code == "red_list", kind_code in ("protected", "valued", "cites")
    return [
        key
        for key in FIELDS
        if (red or not key.startswith("red_list_")) and (legal or not key.startswith("populations_"))
    ]


def _write_guide(sheet: Any, kind_code: str, styles: Mapping[str, Any]) -> None:
    kind = KINDS[kind_code]
    for n, width in enumerate((16, 8, 60, 26, 46)):
        sheet.set_column(n, n, width)
    sheet.write_string(0, 0, f"{kind.title_zh}：填写须知", styles["title"])
    for n, advice in enumerate(_ADVICE, 1):
        sheet.merge_range(n, 0, n, 4, f"{n}. {advice}", styles["cell"])
        sheet.set_row(n, 32)
    first = len(_ADVICE) + 2
    for n, title in enumerate(("列名", "必填", "怎么填", "例", "可选的词")):
        sheet.write_string(first, n, title, styles["optional"])
    for line, name in enumerate(columns_of(kind_code), first + 1):
        column, listed = COLUMNS[name], choices(kind_code, name)
        example = (listed[0] if name == "category" and listed else "") or column.example
        cells = (
            heading(kind_code, name),
            "必填" if name in kind.required else "",
            _hint(kind_code, name),
            example,
            "、".join(listed),
        )
        for n, text in enumerate(cells):
            sheet.write_string(line, n, text, styles["boxed"])
