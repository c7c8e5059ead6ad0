"""What is wrong with a list that somebody handed in: every place, in the words of the file."""

from collections.abc import Sequence
from dataclasses import dataclass

TOLD = 20
"""A file with a wrong column has a fault in every row; the first of them say it all."""


@dataclass(frozen=True)
class Problem:
    """`line`: line of the file or row of the sheet. `field`: our name of the column; `heading`: the file's own; `cell`: as a spreadsheet names it."""

    reason: str
    line: int | None = None
    field: str | None = None
    heading: str | None = None
    cell: str | None = None

    def where(self) -> str:
        at = f" 第 {self.line} 行" if self.line else ""
        own = [name for name in (self.field if self.heading else None, self.cell) if name]
        named = (self.heading or self.field or "") + (f"（{'，'.join(own)}）" if own else "")
        return at + (f" 字段 {named}" if named else "")


class ListError(ValueError):
    """A list that cannot be loaded; the message names file, row (line of the file) and field of each problem, at most TOLD."""

    def __init__(
        self,
        file: str,
        reason: str = "",
        line: int | None = None,
        field: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        self.file = file
        self.problems = tuple(problems) or (Problem(reason, line, field),)
        self.line, self.field = self.problems[0].line, self.problems[0].field
        told = [f"{file}{problem.where()}：{problem.reason}" for problem in self.problems[:TOLD]]
        more = len(self.problems) - len(told)
        super().__init__("\n".join([*told, f"……另有 {more} 处，共 {len(self.problems)} 处"] if more else told))
