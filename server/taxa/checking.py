"""What must hold of the rows of a list, one by one and together; pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from server.taxa.columns import COLUMNS
from server.taxa.kinds import KINDS, Kind

Row = Mapping[str, str]
Fault = tuple[str, str]
"""A column and what is wrong there."""

_BAD_CHARACTER = re.compile(
    "[\ue000-\uf8ff\ufffd\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028\u2029\ufeff\ud800-\udfff\U000f0000-\U0010ffff]"
)
_ESCAPED = re.compile("_x[0-9A-Fa-f]{4}_")
_HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_NOT_LATIN = re.compile("[^ -~ë×]")
_LATIN_WORD = re.compile("[A-Za-z]{4,}")
_CHINESE = ("name_zh", "other_names_zh", "excludes")
_LATIN = ("scientific_name", "other_scientific_name", "matched_name")
_FORMS = {name: re.compile(column.form, re.DOTALL) for name, column in COLUMNS.items()}
_TRAIT_VALUES = {
    "residency": ("留鸟|夏候鸟|冬候鸟|旅鸟|迷鸟", "留鸟、夏候鸟、冬候鸟、旅鸟、迷鸟"),
    "genus_areal_type": (r"(1[0-5]|[1-9])(-[1-9])? .+", "类型号、空格、名称，如“8 北温带分布”"),
}
_YOUNGEST = {"1": (500, 9999), "2": (300, 499), "3": (100, 299)}


def faults_of(kind_code: str, row: Row, strict: bool) -> Iterator[Fault]:
    kind = KINDS[kind_code]
    for field, value in row.items():
        fault = _characters(value) or _form(kind, row, field, value)
        if fault:
            yield field, fault
    for field in (*kind.required, *(("status", "kingdom") if strict and not kind.own else ())):
        if not row.get(field) and not _is_exempt(row, field):
            yield field, "此格必填"
    if row.get("rank") == "protection_class" and kind_code != "sensitivity":
        yield "rank", "“保护级别”只用于敏感物种级别"
    yield from _ACROSS.get(kind_code, _nothing)(row)


def _characters(value: str) -> str:
    if value != value.strip() or "  " in value:
        return f"多余空格：{value!r}"
    bad = _BAD_CHARACTER.search(value)
    if bad:
        code = ord(bad[0])
        what = "私用区字符，换一台电脑就显示不出来，请改为正式汉字" if _is_private(code) else "不可见或损坏的字符"
        return f"含私用区或不可见字符 U+{code:04X}（{what}）"
    escaped = _ESCAPED.search(value)
    return f"含残码 {escaped[0]}，此处原有的字已损坏" if escaped else ""


def _is_private(code: int) -> bool:
    return 0xE000 <= code <= 0xF8FF or code >= 0xF0000


def _form(kind: Kind, row: Row, field: str, value: str) -> str:
    if not value or _is_exempt(row, field):
        return ""
    if field in _CHINESE:
        return _chinese(value)
    if field in _LATIN and (odd := _NOT_LATIN.search(value)):
        what = "汉字" if _HAN.match(odd[0]) else f"拉丁字母以外的字符“{odd[0]}”（U+{ord(odd[0]):04X}）"
        return f"学名里有{what}：{value}"
    form = re.compile(kind.category) if field == "category" else _FORMS[field]
    if not form.fullmatch(value):
        hint = kind.category_hint if field == "category" else COLUMNS[field].hint
        return f"不合格式：{value!r}" + (f"（{hint}）" if hint else "")
    return _not_a_day(value) if COLUMNS[field].day else ""


def _chinese(value: str) -> str:
    if any(not _HAN.search(name) for name in value.split(";")):
        return f"应为中文名，没有汉字：{value}"
    if re.search("[*＊#]", value):
        return f"中文名里有记号：{value}（记号的意思请填入相应的列，如“主管部门”）"
    latin = _LATIN_WORD.search(value)
    return f"中文名里有拉丁字母：{value}（学名请另填一格）" if latin else ""


def _not_a_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        return f"没有这一天：{value}"
    return ""


def _is_exempt(row: Row, field: str) -> bool:
    """The rule on a whole class of protection has no taxon."""
    return row.get("rank") == "protection_class" and field in ("rank", "scientific_name", "kingdom")


def _trait(row: Row) -> Iterator[Fault]:
    form, words = _TRAIT_VALUES.get(row["trait"], (".+", ""))
    if row["value"] and not re.fullmatch(form, row["value"]):
        yield "value", f"{row['value']} 不是该性状的取值（{words}）"


def _nothing(row: Row) -> Iterator[Fault]:
    return iter(())


def _pinyin(row: Row) -> Iterator[Fault]:
    if len(row["text"]) != len(row["pinyin"].split()):
        yield "pinyin", "音节数与字数不符"


def _name(row: Row) -> Iterator[Fault]:
    if row["language"] == "zh" and not _HAN.search(row["name"]):
        yield "name", f"语言是中文而没有汉字：{row['name']}"
    if row["language"] == "la" and _HAN.search(row["name"]):
        yield "name", f"语言是拉丁文而有汉字：{row['name']}"


def _tree(row: Row) -> Iterator[Fault]:
    bounds, age = _YOUNGEST.get(row["category"]), row.get("age_years", "")
    if bounds and not age:
        yield "age_years", "定级的古树必须填树龄"
    elif bounds and age.isdecimal() and not bounds[0] <= int(age) <= bounds[1]:
        due = f"{bounds[0]} 年以上" if row["category"] == "1" else f"{bounds[0]}—{bounds[1]} 年"
        yield "category", f"级别与树龄不符：树龄 {age} 年，{row['category']} 级应为 {due}"


def _sensitivity(row: Row) -> Iterator[Fault]:
    if row["rank"] == "protection_class" and row["scientific_name"] not in ("I", "II", "provincial"):
        yield (
            "scientific_name",
            f"分类阶元为“保护级别”时，此格应为 国家一级、国家二级 或 省级：{row['scientific_name']}",
        )


def _lookalike(row: Row) -> Iterator[Fault]:
    if row["scientific_name"] == row["other_scientific_name"]:
        yield "other_scientific_name", "与学名相同"


def _identifier(row: Row) -> Iterator[Fault]:
    if (row["match"] == "open") != (not row["identifier"]):
        yield "identifier", "未解决（open）的行没有外部编号，其余的行必须有"
    if row["match"] in ("synonym", "spelling", "rank", "homonym") and not row["reason"]:
        yield "reason", "名称不一致，须写明理由"


_ACROSS: Mapping[str, Any] = {
    "pinyin": _pinyin,
    "names": _name,
    "ancient_tree": _tree,
    "traits": _trait,
    "sensitivity": _sensitivity,
    "lookalikes": _lookalike,
    "identifiers": _identifier,
}


def repeated(kind_code: str, rows: Sequence[tuple[int, Row]]) -> Iterator[tuple[int, Fault]]:
    for fields in (("no",), KINDS[kind_code].unique):
        seen: dict[tuple[str, ...], int] = {}
        for line, row in rows:
            key = tuple(row.get(field, "") for field in fields)
            if key in seen and key[0]:
                yield line, (fields[0], f"与第 {seen[key]} 行重复：{'，'.join(filter(None, key))}")
            seen.setdefault(key, line)
    if kind_code == "lookalikes":
        yield from _both_ways(rows)


def _both_ways(rows: Sequence[tuple[int, Row]]) -> Iterator[tuple[int, Fault]]:
    """A pair says for both how to tell them apart; the same pair turned round is the same again."""
    lines = {(row["scientific_name"], row["other_scientific_name"]): line for line, row in rows}
    for (one, other), line in lines.items():
        earlier = lines.get((other, one), line)
        if earlier < line:
            yield line, ("scientific_name", f"与第 {earlier} 行重复（同一对种）：{one}，{other}")


def miscounted(described: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[Fault]:
    """A field of the descriptor and how the rows disagree with it; only what is stated is counted."""
    kinds = Counter(row.get("entry_kind", "row") for row in rows)
    found = {"taxa": kinds["taxon"], "groups": kinds["group"], "rows": kinds["row"]}
    if described.get("entries") and int(described["entries"]) != len(rows):
        yield "entries", f"条目数应为 {described['entries']}，实有 {len(rows)}"
    for key, expected in described.get("counts", {}).items():
        if found.get(key) != expected:
            yield f"counts.{key}", f"行数与描述文件不符：{key} 应为 {expected}，实有 {found.get(key)}"
    stated = [
        (f"counts_by_category.{kind}", wanted, Counter(r["category"] for r in rows if r["entry_kind"] == kind))
        for kind, wanted in described.get("counts_by_category", {}).items()
    ]
    for key, column in (("counts_by_group", "list_group"), ("counts_by_status", "status")):
        if key in described:
            stated.append((key, described[key], Counter(r[column] for r in rows if r[column])))
    for key, wanted, counted in stated:
        if dict(wanted) != dict(counted):
            yield key, f"行数与描述文件不符：应为 {dict(wanted)}，实有 {dict(counted)}"
