"""What can be wrong with one row: a closed catalogue. A rejected row is not kept; any other problem is a flag on a kept row."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    zh: str
    en: str
    rejects: bool = False


CODES: Mapping[str, Code] = {
    "cannot_split": Code("这一行无法按列拆开", "the row cannot be split into its columns", rejects=True),
    "no_name": Code("没有物种名称", "the row has no name", rejects=True),
    "refused": Code(
        "数据库拒绝了这一行，原文已存入隔离区",
        "the database refused the row; its text is kept in quarantine",
        rejects=True,
    ),
    "row_repeated": Code(
        "与本文件前面的一行完全相同，只保留一次", "the same as an earlier row of this file; kept once"
    ),
    "duplicate_in_file": Code(
        "编号在本文件中不唯一，内容不同，均已保留",
        "the identifier stands more than once with other contents; all are kept",
    ),
    "place_missing": Code("没有坐标", "no coordinates"),
    "place_odd": Code("坐标不是数字", "the coordinates are not numbers"),
    "place_zero": Code("坐标为 0,0", "the coordinates are 0,0"),
    "place_out_of_range": Code("坐标超出取值范围", "the coordinates are out of range"),
    "datum_other": Code(
        "坐标基准不是 WGS84 或 CGCS2000，未作转换", "the datum is neither WGS84 nor CGCS2000; nothing was converted"
    ),
    "date_missing": Code("没有日期", "no date"),
    "date_odd": Code("日期无法理解", "the date cannot be understood"),
    "date_disagrees": Code("日期与年、月、日列不一致", "the date disagrees with the columns year, month and day"),
    "date_future": Code("日期在今天之后", "the date lies in the future"),
    "count_odd": Code("数量自相矛盾", "the counts contradict each other"),
    "number_odd": Code("应为数字", "not a number"),
    "text_damaged": Code("有无法解码的字符", "characters could not be decoded"),
    "private_use": Code(
        "名称中有私用区字符，原文保留，已知的按正字读",
        "the name holds private-use characters; kept verbatim, read where their meaning is known",
    ),
    "name_unknown": Code("名录中没有这个名称", "no list knows the name"),
    "name_conflict": Code(
        "学名与中文名不是同一个种，按学名处理",
        "the Latin and the Chinese name mean different taxa; the Latin one is taken",
    ),
    "text_too_long": Code(
        "文字过长，字段中只保留开头，原文另存", "the text is too long for its field; the whole is kept verbatim"
    ),
    "evidence_only": Code(
        "作为同一次事件的影像证据保留，不再计数", "kept as evidence of an event that is counted already"
    ),
}


@dataclass(frozen=True)
class RowProblem:
    """`row` counts data rows from 1; `field` is a term or a column heading."""

    row: int
    field: str
    code: str
    detail: str = ""

    @property
    def rejects(self) -> bool:
        return CODES[self.code].rejects

    def as_json(self) -> dict[str, object]:
        code = CODES[self.code]
        detail = f"：{self.detail}" if self.detail else ""
        return {"row": self.row, "field": self.field, "code": self.code, "message": f"{code.zh}{detail} ({code.en})"}
