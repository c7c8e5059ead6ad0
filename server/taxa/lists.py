"""Reads a list as an agency hands it in, and refuses what does not agree, naming file, row and field; pure but for reading."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.taxa import checking, descriptors
from server.taxa.headings import Headings
from server.taxa.kinds import BASE, KINDS, OPTIONAL, TAIL
from server.taxa.sheets import Sheet, read_bytes, read_csv
from server.taxa.unreadable import ListError, Problem
from server.taxa.workbooks import DESCRIPTION_SHEET, read_workbook
from server.taxa.writing_habits import region, tidy

__all__ = ["BASE", "KINDS", "OPTIONAL", "TAIL", "ListError", "ParsedList", "Problem", "read_list"]

_ORDER = tuple(KINDS)
_WORKBOOKS = (".xlsx", ".xlsm", ".xls")  # the latter two to say why they are refused


@dataclass(frozen=True)
class ParsedList:
    """`lines`: line of the file or row of the sheet that each of `rows` came from. `notes`: what the reader ought to know."""

    descriptor: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]
    digest: str
    lines: Sequence[int] = ()
    file: str = ""
    notes: tuple[str, ...] = ()

    @property
    def list_id(self) -> str:
        return str(self.descriptor["id"])

    @property
    def kind(self) -> str:
        return str(self.descriptor["kind"])

    @property
    def version(self) -> str:
        return str(self.descriptor["version"])

    def order(self) -> tuple[int, str]:
        return _ORDER.index(self.kind), self.list_id


def read_list(path: Path) -> ParsedList:
    """`path`: a workbook, or a CSV or its descriptor, which lie side by side under one name. ListError holds every problem found."""
    suffix = path.suffix.lower()
    if suffix not in (*_WORKBOOKS, ".csv", ".json"):
        raise ListError(path.name, "只收 .xlsx 工作簿，或 .csv 与同名的 .json；请另存后再载入")
    data_path = path.with_suffix(".csv") if suffix == ".json" else path
    sheet = read_workbook(data_path) if suffix in _WORKBOOKS else None
    described = _described(data_path, sheet)
    strict = descriptors.is_strict(described)
    sheet = sheet or read_csv(data_path)
    headings = Headings(data_path.name, sheet, described["kind"], first_row_only=strict)
    if strict:
        _check_columns(data_path.name, headings, described)
        always = KINDS[described["kind"]].always
        rows = [(line, {**dict.fromkeys(always, ""), **row}) for line, row in headings.rows()]
    else:
        described["region"] = region(described["region"])
        rows = [(line, tidy(described["kind"], row)) for line, row in headings.rows()]
    _check(data_path.name, described, headings, rows, strict)
    return ParsedList(
        described,
        [row for _, row in rows],
        _digest(described, [row for _, row in rows]),
        [line for line, _ in rows],
        data_path.name,
        sheet.notes,
    )


def _described(data_path: Path, sheet: Sheet | None) -> dict[str, Any]:
    if sheet is not None and sheet.description is not None:
        where = f"{data_path.name} 的“{DESCRIPTION_SHEET}”表"
        return descriptors.complete(where, descriptors.from_sheet(where, sheet.description), data_path.name)
    path = data_path.with_suffix(".json")
    if not path.exists():
        where = f"工作簿里没有“{DESCRIPTION_SHEET}”表，旁边也没有" if sheet is not None else "旁边没有"
        raise ListError(
            path.name,
            f"读不到文件：{where}描述文件 {path.name}（名录的名称、公告、日期；xiangye species template 可写一份）",
        )
    found = descriptors.from_json(path.name, read_bytes(path))
    return descriptors.complete(path.name, found, data_path.name)


def _check_columns(file: str, headings: Headings, described: Mapping[str, Any]) -> None:
    header, kind = list(headings.written), KINDS[described["kind"]]
    if header != described["columns"]:
        raise ListError(file, f"列名与描述文件的 columns 不符：{','.join(header)}", headings.line)
    if header != [name for name in kind.columns if name in header] or not set(kind.required) <= set(header):
        raise ListError(file, "列名不合名录的统一格式（species_lists/README.md）", headings.line)


def _check(
    file: str,
    described: Mapping[str, Any],
    headings: Headings,
    rows: Sequence[tuple[int, Mapping[str, str]]],
    strict: bool,
) -> None:
    kind = described["kind"]
    unread = headings.faults()
    told = {(problem.line, problem.field) for problem in unread}
    faults = [(line, fault) for line, row in rows for fault in checking.faults_of(kind, row, strict)]
    faults += checking.repeated(kind, rows)
    found = [headings.problem_of(line, *fault) for line, fault in faults if (line, fault[0]) not in told]
    problems = sorted([*unread, *found], key=headings.place)
    if not rows:
        problems.append(Problem("只有列名，没有任何条目", headings.line))
    if not problems:
        counted = checking.miscounted(described, [row for _, row in rows])
        problems = [descriptors.problem(field, reason) for field, reason in counted]
    if problems:
        raise ListError(file, problems=problems)


def _digest(described: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> str:
    """Over what the list says, so that saving a workbook again or changing the encoding is no new list."""
    said = {key: value for key, value in described.items() if key not in ("file", "columns")}
    content = json.dumps([said, rows], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()
