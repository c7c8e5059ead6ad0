"""Reads a list's CSV and its descriptor, and refuses what does not agree, naming file, row and field; pure but for reading."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

KINDS = ("pinyin", "protected", "invasive", "checklist", "names", "sensitivity")
"""In the order of loading: readings first, then what names taxa, then what speaks of them."""

_BASE = (
    "no",
    "entry_kind",
    "rank",
    "scientific_name",
    "authorship",
    "name_zh",
    "other_names_zh",
    "kingdom",
    "phylum",
    "class",
    "order",
    "family",
)
_TAIL = ("list_group", "category", "population", "note", "status")
_OPTIONAL = frozenset(
    {
        "section",
        "excludes",
        "managed_by",
        "red_list",
        "endemic",
        "condition",
        "reason",
        "coarsest_name",
        "review_on",
    }
)
_OTHER_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "names": ("no", "scientific_name", "name", "language", "kind", "region", "note", "status"),
    "pinyin": ("no", "text", "pinyin", "note", "status"),
}
_RANKS = "class|order|family|genus|section|species|subspecies|variety|form|forma_specialis"
_CATEGORIES = {"protected": "I|II", "invasive": r"key_managed|\d", "checklist": "", "sensitivity": "[1-4]"}
_SCIENTIFIC = r"[A-Z][a-z-]+( (sect\. [A-Z][a-z]+|×?[a-z-]+( (var\.|subsp\.|f\.|f\. sp\.) [a-z-]+| [a-z-]+)?))?"
_PATTERNS: Mapping[str, str] = {
    "no": r"[1-9]\d*",
    "entry_kind": "taxon|group",
    "rank": _RANKS,
    "population": "(wild|landlocked)?",
    "status": "verified|unverified",
    "scientific_name": _SCIENTIFIC,
    "name_zh": ".+",
    "kingdom": "[A-Z][a-z]+",
    "managed_by": "(forestry|agriculture)?",
    "red_list": "(EX|EW|RE|CR|EN|VU|NT|LC|DD)?",
    "endemic": "1?",
    "condition": "(nest|roost|unidentified)?",
    "reason": ".+",
    "coarsest_name": "(county|prefecture|province)?",
    "review_on": r"\d{4}-\d\d-\d\d",
}
_NAME_PATTERNS: Mapping[str, str] = {
    "no": _PATTERNS["no"],
    "scientific_name": _SCIENTIFIC,
    "name": ".+",
    "language": "la|zh|en",
    "kind": "synonym|vernacular|misspelling",
    "status": _PATTERNS["status"],
}
_PINYIN_PATTERNS: Mapping[str, str] = {
    "no": _PATTERNS["no"],
    "text": ".+",
    "pinyin": "[a-z]+( [a-z]+)*",
    "status": _PATTERNS["status"],
}
_BAD_CHARACTER = re.compile("[\ue000-\uf8ff\ufffd\u0000-\u001f\u200b-\u200f\ufeff]")
_DESCRIPTOR_TEXTS = (
    "id",
    "file",
    "kind",
    "title_zh",
    "title_en",
    "short_title_zh",
    "region",
    "announcement",
    "issuing_body",
    "version",
    "legal_basis",
    "unverified_rows",
)


class ListError(ValueError):
    """A list that cannot be loaded; the message names file, row (line of the file) and field."""

    def __init__(self, file: str, reason: str, line: int | None = None, field: str | None = None) -> None:
        at = f" 第 {line} 行" if line else ""
        on = f" 字段 {field}" if field else ""
        super().__init__(f"{file}{at}{on}：{reason}")
        self.file, self.line, self.field = file, line, field


@dataclass(frozen=True)
class ParsedList:
    descriptor: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]
    digest: str

    @property
    def list_id(self) -> str:
        return str(self.descriptor["id"])

    @property
    def kind(self) -> str:
        return str(self.descriptor["kind"])

    def order(self) -> tuple[int, str]:
        return KINDS.index(self.kind), self.list_id


def read_list(path: Path) -> ParsedList:
    """`path`: the CSV or its descriptor; they lie side by side under one name."""
    data_path, descriptor_path = path.with_suffix(".csv"), path.with_suffix(".json")
    descriptor_bytes, data = _bytes_of(descriptor_path), _bytes_of(data_path)
    descriptor = _descriptor(descriptor_path.name, descriptor_bytes)
    rows = _rows(data_path.name, data, descriptor)
    _count(data_path.name, descriptor, [row for _, row in rows])
    digest = hashlib.sha256(descriptor_bytes + b"\0" + data).hexdigest()
    return ParsedList(descriptor, [row for _, row in rows], digest)


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ListError(path.name, f"读不到文件（{path}）：{error.strerror}") from error


def _descriptor(file: str, data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ListError(file, f"不是可读的 JSON：{error}") from error
    if not isinstance(value, dict):
        raise ListError(file, "应为一个 JSON 对象")
    for key in _DESCRIPTOR_TEXTS:
        if not isinstance(value.get(key), str):
            raise ListError(file, "缺少此项或不是文本", field=key)
    if value["kind"] not in KINDS:
        raise ListError(file, f"未知的名录种类 {value['kind']}", field="kind")
    for key in ("issued_on", "in_force_on"):
        _check_date(file, key, value.get(key))
    if not isinstance(value.get("columns"), list) or not isinstance(value.get("counts"), dict):
        raise ListError(file, "缺少 columns 或 counts", field="columns")
    return value


def _check_date(file: str, key: str, value: Any) -> None:
    try:
        if value is not None:
            date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ListError(file, f"不是日期：{value}", field=key) from error


def _rows(file: str, data: bytes, descriptor: Mapping[str, Any]) -> list[tuple[int, Mapping[str, str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ListError(file, "不是 UTF-8 编码", line) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(reader, [])
    _check_header(file, header, descriptor)
    rows: list[tuple[int, Mapping[str, str]]] = []
    try:
        for cells in reader:
            if len(cells) != len(header):
                raise ListError(file, f"有 {len(cells)} 列，应为 {len(header)} 列", reader.line_num)
            rows.append((reader.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise ListError(file, f"不能分列：{error}", reader.line_num) from error
    check = _checker(descriptor)
    for line, row in rows:
        for field, reason in check(row):
            raise ListError(file, reason, line, field)
    _check_unique(file, rows, descriptor["kind"])
    return rows


def _check_header(file: str, header: list[str], descriptor: Mapping[str, Any]) -> None:
    if header != descriptor["columns"]:
        raise ListError(file, f"列名与描述文件的 columns 不符：{','.join(header)}", 1)
    fixed = _OTHER_COLUMNS.get(descriptor["kind"])
    if fixed and tuple(header) != fixed:
        raise ListError(file, f"列名应为 {','.join(fixed)}", 1)
    if not fixed:
        extra = header[len(_BASE) : -len(_TAIL)]
        if (
            tuple(header[: len(_BASE)]) != _BASE
            or tuple(header[-len(_TAIL) :]) != _TAIL
            or not _OPTIONAL.issuperset(extra)
        ):
            raise ListError(file, "列名不合名录的统一格式（species_lists/README.md）", 1)


_Check = Callable[[Mapping[str, str]], list[tuple[str, str]]]


def _checker(descriptor: Mapping[str, Any]) -> _Check:
    kind = descriptor["kind"]
    texts = {"names": _NAME_PATTERNS, "pinyin": _PINYIN_PATTERNS}.get(kind) or {
        **_PATTERNS,
        "category": _CATEGORIES[kind],
    }
    compiled = {field: re.compile(pattern) for field, pattern in texts.items()}

    def check(row: Mapping[str, str]) -> list[tuple[str, str]]:
        faults = [(field, _fault_of(value)) for field, value in row.items() if _fault_of(value)]
        for field, pattern in compiled.items():
            if field in row and not _exempt(row, field) and not pattern.fullmatch(row[field]):
                faults.append((field, f"不合格式：{row[field]!r}"))
        if kind == "pinyin" and not faults and len(row["text"]) != len(row["pinyin"].split()):
            faults.append(("pinyin", "音节数与字数不符"))
        return faults

    return check


def _fault_of(value: str) -> str:
    if value != value.strip() or "  " in value:
        return f"多余空格：{value!r}"
    bad = _BAD_CHARACTER.search(value)
    return f"含私用区或不可见字符 U+{ord(bad[0]):04X}" if bad else ""


def _exempt(row: Mapping[str, str], field: str) -> bool:
    """A synonym is not held to form; the rule on a whole class of protection has no taxon."""
    if row.get("rank") == "protection_class":
        return field in ("rank", "scientific_name", "kingdom")
    return False


def _check_unique(file: str, rows: list[tuple[int, Mapping[str, str]]], kind: str) -> None:
    keys = {"names": ("name", "language"), "pinyin": ("text",)}.get(
        kind, ("scientific_name", "entry_kind", "condition")
    )
    for fields in (("no",), keys):
        seen: dict[tuple[str, ...], int] = {}
        for line, row in rows:
            key = tuple(row.get(field, "") for field in fields)
            if key in seen:
                raise ListError(file, f"与第 {seen[key]} 行重复：{key[0]}", line, fields[0])
            seen[key] = line


def _count(file: str, descriptor: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> None:
    kinds = Counter(row.get("entry_kind", "row") for row in rows)
    found = {"taxa": kinds["taxon"], "groups": kinds["group"], "rows": kinds["row"]}
    for key, expected in descriptor["counts"].items():
        if found.get(key) != expected:
            raise ListError(
                file, f"行数与描述文件不符：{key} 应为 {expected}，实有 {found.get(key)}", field=f"counts.{key}"
            )
    for kind, expected_by in descriptor.get("counts_by_category", {}).items():
        _agree(
            file,
            f"counts_by_category.{kind}",
            expected_by,
            Counter(r["category"] for r in rows if r["entry_kind"] == kind),
        )
    if "counts_by_group" in descriptor:
        _agree(
            file,
            "counts_by_group",
            descriptor["counts_by_group"],
            Counter(r["list_group"] for r in rows if r["list_group"]),
        )
    if "counts_by_status" in descriptor:
        _agree(file, "counts_by_status", descriptor["counts_by_status"], Counter(r["status"] for r in rows))


def _agree(file: str, field: str, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    if dict(expected) != dict(found):
        raise ListError(file, f"行数与描述文件不符：应为 {dict(expected)}，实有 {dict(found)}", field=field)
