"""Which column of a sheet is which: by our English names or by Chinese ones, below any title line; and what merged cells mean."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from server.taxa.columns import COLUMNS
from server.taxa.kinds import KINDS, Kind
from server.taxa.sheets import Sheet
from server.taxa.unreadable import ListError, Problem

_SEARCHED_ROWS = 15
_TRIMMINGS = re.compile(r"[\s*＊：:]|[（(](必填|选填|可空)[）)]")
_OF_ONE_ROW = frozenset({"no", "scientific_name", "name_zh", "tree_no"})
"""Merged over several rows, these would make one entry of them; any other column then says the same of each."""


class Headings:
    """`names`: our name of each column of the sheet, None where it has no heading."""

    def __init__(self, file: str, sheet: Sheet, kind_code: str, first_row_only: bool) -> None:
        self._sheet, self._kind = sheet, KINDS[kind_code]
        self._known = _known(self._kind)
        candidates = sheet.rows[: 1 if first_row_only else _SEARCHED_ROWS]
        place = max(range(len(candidates)), key=lambda n: (self._count(candidates[n][1]), -n))
        self.line, self.written = candidates[place]
        self._rows = sheet.rows[place + 1 :]
        self.names = [self._known.get(_folded(cell)) for cell in self.written]
        problems = self._problems()
        if problems:
            raise ListError(file, problems=problems)

    def _count(self, cells: Sequence[str]) -> int:
        return len({self._known[_folded(cell)] for cell in cells if _folded(cell) in self._known})

    def _problems(self) -> list[Problem]:
        if self._count(self.written) < 2:
            wanted = "、".join(COLUMNS[name].zh for name in self._kind.required)
            return [
                Problem(f"找不到列名行：应有 {wanted} 等列（或其英文名），实为 {'、'.join(self.written)}", self.line)
            ]
        problems: list[Problem] = []
        for n, (written, name) in enumerate(zip(self.written, self.names, strict=True)):
            if name is None and (written.strip() or any(cells[n].strip() for _, cells in self._rows if n < len(cells))):
                problems.append(Problem(self._unknown(n, written), self.line, cell=self.cell(self.line, n)))
            elif name is not None and name in self.names[:n]:
                problems.append(Problem(f"列“{written}”重复", self.line, name, cell=self.cell(self.line, n)))
        missing = [name for name in self._kind.required if name not in self.names]
        return problems + [Problem(self._missing(name), self.line, name) for name in missing]

    def _unknown(self, n: int, written: str) -> str:
        if not written.strip():
            return f"第 {n + 1} 列有内容而没有列名"
        near = get_close_matches(_folded(written), [k for k, v in self._known.items() if v not in self.names], 1, 0.5)
        return f"不认识的列“{written}”" + (f"；最接近的是“{_titled(self._known[near[0]])}”" if near else "")

    def _missing(self, name: str) -> str:
        unknown = [
            _folded(written) for written, known in zip(self.written, self.names, strict=True) if not known and written
        ]
        near = [w for key, own in self._known.items() if own == name for w in get_close_matches(key, unknown, 1, 0.5)]
        return f"缺少列“{_titled(name)}”" + (f"；最接近的是“{near[0]}”" if near else "")

    def rows(self) -> list[tuple[int, dict[str, str]]]:
        """Rows under their columns, merged cells filled in; a row of blank cells is none."""
        filled = self._filled()
        rows = []
        for line, cells in self._rows:
            row = {
                name: filled.get((line, n), cell)
                for n, (name, cell) in enumerate(zip(self.names, cells, strict=False))
                if name
            }
            rows.append((line, row))
        return rows

    def _filled(self) -> Mapping[tuple[int, int], str]:
        cells = dict(self._rows)
        return {
            (line, merge.columns[0]): cells[merge.lines[0]][merge.columns[0]]
            for merge in self._sheet.merges
            if self._is_clear(merge.columns, merge.lines) and merge.lines[0] in cells
            for line in merge.lines
        }

    def _is_clear(self, columns: range, lines: range) -> bool:
        if len(columns) != 1 or columns[0] >= len(self.names) or lines[0] <= self.line:
            return False
        return self.names[columns[0]] not in _OF_ONE_ROW

    def faults(self) -> list[Problem]:
        """Cells of the table that cannot be read, and merged ones of which it is not clear what each row has."""
        problems = [
            self.problem(line, n, reason)
            for (line, n), reason in self._sheet.faults.items()
            if line > self.line and n < len(self.names) and self.names[n]
        ]
        for merge in self._sheet.merges:
            below = merge.lines[-1] > self.line and merge.columns[0] < len(self.names)
            if below and not self._is_clear(merge.columns, merge.lines):
                reason = (
                    f"{merge.name} 是合并单元格，看不出各行各列是什么；请取消合并，每行写全（小标题请填入“类群”列）"
                )
                problems.append(self.problem(merge.lines[0], merge.columns[0], reason))
        return problems

    def problem(self, line: int, n: int, reason: str) -> Problem:
        heading = _folded(self.written[n])
        return Problem(reason, line, self.names[n], None if heading == self.names[n] else heading, self.cell(line, n))

    def problem_of(self, line: int, name: str, reason: str) -> Problem:
        if name not in self.names:
            return Problem(reason, line, name, COLUMNS[name].zh if self._sheet.letters else None)
        return self.problem(line, self.names.index(name), reason)

    def place(self, problem: Problem) -> tuple[int, int]:
        """Where a reader going through the sheet meets it."""
        known = problem.field in self.names
        return problem.line or 0, self.names.index(problem.field) if known else len(self.names)

    def cell(self, line: int, n: int) -> str | None:
        return f"{self._sheet.letters[n]}{line}" if n < len(self._sheet.letters) else None


def _known(kind: Kind) -> dict[str, str]:
    known: dict[str, str] = {}
    for name in kind.columns:
        column = COLUMNS[name]
        for written in (name, column.zh, *column.also, *(kind.category_titles if name == "category" else ())):
            known.setdefault(_folded(written), name)
    return known


def _folded(heading: str) -> str:
    return _TRIMMINGS.sub("", heading.lstrip("\ufeff")).casefold()


def _titled(name: str) -> str:
    return f"{COLUMNS[name].zh}（{name}）"
