"""The years of an assessment and those before it; pure."""

import re
from dataclasses import dataclass
from datetime import date

from shared.problems import Problem

_FORM = re.compile(r"([0-9]{4})-([0-9]{4})")
_LONGEST = 10


@dataclass(frozen=True)
class Period:
    """Whole years, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"

    @property
    def title(self) -> str:
        return f"{self.first}—{self.last}年" if self.first != self.last else f"{self.first}年"

    @property
    def previous(self) -> "Period":
        """As long, ending the year before."""
        years = self.last - self.first + 1
        return Period(self.first - years, self.first - 1)

    def holds(self, first: date | None, last: date | None) -> bool:
        """Only what lies wholly inside: a record that may belong to either period belongs to none."""
        return first is not None and last is not None and self.first <= first.year and last.year <= self.last


def parse_period(text: str, as_of: date) -> Period:
    """Problem `invalid` for what is no period, or one that had not begun on `as_of`."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise Problem("invalid", f"评估期 {text!r} 不是“起始年-终止年”的形式，例如 2021-2025", field="period")
    period = Period(int(match[1]), int(match[2]))
    if not 1900 <= period.first <= period.last:
        raise Problem(
            "invalid", f"评估期 {text} 的起止年份不成立：起始年应不早于1900年，且不晚于终止年", field="period"
        )
    if period.last - period.first + 1 > _LONGEST:
        raise Problem("invalid", f"评估期 {text} 超过{_LONGEST}年", field="period")
    if period.first > as_of.year:
        raise Problem("invalid", f"评估期 {text} 在数据截止日期 {as_of.isoformat()} 之后才开始", field="period")
    return period
