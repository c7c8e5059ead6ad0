from datetime import date

import pytest

from server.assessments.period import Period, parse_period
from shared.problems import Problem

AS_OF = date(2026, 6, 30)


def test_a_period_and_the_one_before() -> None:
    period = parse_period(" 2021-2025 ", AS_OF)
    assert (period, period.previous, str(period)) == (Period(2021, 2025), Period(2016, 2020), "2021-2025")
    assert (period.title, Period(2024, 2024).title) == ("2021—2025年", "2024年")
    assert Period(2024, 2024).previous == Period(2023, 2023)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2021", "形式"),
        ("2021/2025", "形式"),
        ("２０２１-２０２５", "形式"),
        ("2025-2021", "起止年份不成立"),
        ("0001-0005", "起止年份不成立"),
        ("2001-2025", "超过10年"),
        ("2027-2031", "之后才开始"),
    ],
)
def test_no_period(text: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as caught:
        parse_period(text, AS_OF)
    assert (caught.value.kind.code, caught.value.extra) == ("invalid", {"field": "period"})


def test_only_what_lies_wholly_inside_belongs() -> None:
    period = Period(2021, 2025)
    assert period.holds(date(2021, 1, 1), date(2025, 12, 31))
    assert not period.holds(date(2020, 12, 31), date(2021, 1, 1))
    assert not period.holds(date(2025, 12, 31), date(2026, 1, 1))
    assert not period.holds(None, None)
