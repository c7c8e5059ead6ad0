"""What a list says of itself: title, announcement, dates. From a JSON file beside the CSV, or from the workbook's own sheet."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from server.taxa.kinds import KINDS
from server.taxa.unreadable import ListError, Problem
from server.taxa.writing_habits import day, values
from shared import strict_json


@dataclass(frozen=True)
class Field:
    zh: str
    hint: str = ""
    example: str = ""
    form: str = ".*"


FIELDS: Mapping[str, Field] = {
    "id": Field(
        "名录代号", "小写英文、数字和下划线，各版名录沿用同一代号", "protected_animals_hunan", "[a-z][a-z0-9_]{2,60}"
    ),
    "kind": Field("名录种类", "由模板填好，请勿改动"),
    "title_zh": Field("名录全称", "", "湖南省地方重点保护野生动物名录"),
    "short_title_zh": Field("名录简称", "报告里引用的名称；空则用全称", "湖南省重点保护野生动物名录（2023）"),
    "title_en": Field("英文名称", "可空"),
    "region": Field("适用地区", "行政区划代码（GB/T 2260），全国写 CN", "43", r"CN|\d\d(\d\d){0,2}"),
    "version": Field("版本", "一版一名，如年份或日期", "2023", r"[^\s+]{1,40}"),
    "announcement": Field("公告文号", "发布公告的全名和文号"),
    "issuing_body": Field("发布机关", "", "湖南省林业局、湖南省农业农村厅"),
    "issued_on": Field("发布日期", "如 2023-08-01"),
    "in_force_on": Field("施行日期", "自何日起施行；查某日的保护级别以此为准"),
    "legal_basis": Field("法律依据", "", "《中华人民共和国野生动物保护法》"),
    "populations_excluded": Field("不适用的种群", "人工培育 cultivated、圈养 captive、放归 released；用“；”隔开，可空"),
    "populations_excluded_basis": Field("不适用的依据", "上一项的法律依据，可空"),
    "red_list_scope": Field("评估范围", "红色名录必填：全球、中国、湖南", "中国"),
    "red_list_edition": Field("评估版次", "如 2020；可空"),
    "red_list_title_zh": Field("评估来源", "红色名录必填：报告里写明的来源", "中国生物多样性红色名录（2020）"),
    "unverified_rows": Field("未核对的行", "哪些行未与原文核对，为什么；全部核对过则写“无”"),
    "entries": Field("条目数", "公告所载的条目总数；填了就在载入时核对", "336", r"[1-9]\d*"),
    "note": Field("其他说明", "可空"),
}
_ALWAYS = ("id", "kind", "title_zh", "region", "version", "issuing_body")
_DATES = ("issued_on", "in_force_on")
_LISTS = ("populations_excluded",)
_STRICT_TEXTS = (*_ALWAYS, "file", "title_en", "short_title_zh", "announcement", "legal_basis", "unverified_rows")
_POPULATIONS = {
    "人工培育": "cultivated",
    "栽培": "cultivated",
    "圈养": "captive",
    "人工繁育": "captive",
    "放归": "released",
}


def needed(kind_code: str) -> tuple[str, ...]:
    """Fields that an agency's list of the kind must fill."""
    return (*_ALWAYS, *(KINDS[kind_code].described if kind_code in KINDS else ()))


def from_json(file: str, data: bytes) -> dict[str, Any]:
    try:
        value = strict_json.read(data)
    except ValueError as error:
        raise ListError(file, f"不是可读的 JSON：{error}") from error
    if not isinstance(value, dict):
        raise ListError(file, "应为一个 JSON 对象")
    return value


def from_sheet(file: str, pairs: Sequence[tuple[int, str, str]]) -> dict[str, Any]:
    """Rows of “项目 — 内容”; what stands beside an unknown item is refused, for it was meant to say something."""
    keys = {**{item.zh: key for key, item in FIELDS.items()}, **{key: key for key in FIELDS}}
    found: dict[str, Any] = {}
    problems = []
    for line, label, content in pairs:
        key = keys.get(re.sub(r"[\s*：:]|（必填）", "", label))
        if key and content:
            found[key] = content
        elif not key and content and label != "项目":
            problems.append(Problem(f"不认识的项目“{label}”", line))
    if problems:
        raise ListError(file, problems=problems)
    return {key: _typed(key, content) for key, content in found.items()}


def _typed(key: str, content: str) -> Any:
    if key in _LISTS:
        return [_POPULATIONS.get(value, value) for value in values(content)]
    if key == "kind":
        return next((code for code, kind in KINDS.items() if kind.title_zh == content), content)
    return day(content) if key in _DATES else content


def is_strict(described: Mapping[str, Any]) -> bool:
    """A descriptor that names the columns speaks of a list that is kept with its counts; an agency's need not."""
    return "columns" in described


def complete(file: str, described: Mapping[str, Any], data_file: str) -> dict[str, Any]:
    """Checked, and with every field there, blank where nothing was said."""
    problems = [*_missing(described), *_misshapen(described)]
    if problems:
        raise ListError(file, problems=problems)
    whole: dict[str, Any] = {key: described.get(key) or "" for key in FIELDS}
    whole |= {key: described.get(key) or None for key in _DATES}
    whole |= {key: described.get(key) or [] for key in _LISTS}
    whole["short_title_zh"] = whole["short_title_zh"] or whole["title_zh"]
    whole["file"] = described.get("file") or data_file
    told = {key: value for key, value in described.items() if not key.startswith("_")}
    return {**told, **whole}


def _missing(described: Mapping[str, Any]) -> list[Problem]:
    if is_strict(described):
        wrong = [key for key in _STRICT_TEXTS if not isinstance(described.get(key), str)]
        return [Problem("缺少此项或不是文本", field=key) for key in wrong]
    return [problem(key, "此项必填") for key in needed(str(described.get("kind"))) if not described.get(key)]


def _misshapen(described: Mapping[str, Any]) -> list[Problem]:
    problems = []
    for key, value in described.items():
        if key in FIELDS and key not in _LISTS and value is not None and not isinstance(value, str):
            problems.append(problem(key, f"应为文本：{value!r}"))
        elif key in FIELDS and value and key not in _LISTS and not re.fullmatch(FIELDS[key].form, value, re.DOTALL):
            problems.append(problem(key, f"不合格式：{value!r}（{FIELDS[key].hint}）"))
    known = "、".join(f"{kind.title_zh}（{code}）" for code, kind in KINDS.items())
    if isinstance(described.get("kind"), str) and described["kind"] not in KINDS:
        problems.append(problem("kind", f"未知的名录种类 {described['kind']}，可为 {known}"))
    problems += [problem(key, f"不是日期：{described[key]}") for key in _DATES if not _is_date(described.get(key))]
    if is_strict(described) and not (
        isinstance(described["columns"], list) and isinstance(described.get("counts"), dict)
    ):
        problems.append(Problem("缺少 columns 或 counts", field="columns"))
    return problems


def _is_date(value: Any) -> bool:
    try:
        return not value or bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def problem(key: str, reason: str) -> Problem:
    return Problem(reason, field=key, heading=FIELDS[key].zh if key in FIELDS else None)
