from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import CHINA, end_of_day_in_china, observed_interval, observed_year, parse_aware
from shared.coordinates import e7_text, from_e7, to_e7
from shared.geodesy import distance_m, length_m


@given(st.integers(-1_800_000_000, 1_800_000_000))
def test_e7_survives_text_and_back(value: int) -> None:
    assert to_e7(e7_text(value)) == value
    assert to_e7(from_e7(value)) == value


@pytest.mark.parametrize("text", ["", "north", "1,5", "nan", "inf"])
def test_what_is_no_number_of_degrees_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="degrees"):
        to_e7(text)


def test_a_degree_of_latitude_is_111_km() -> None:
    assert distance_m(112, 25, 112, 26) == pytest.approx(111_195, abs=10)
    assert length_m([(112.0, 25.0), (112.0, 26.0), (112.0, 25.0)]) == pytest.approx(2 * 111_195, abs=20)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01T00:00:00+08:00", "2024-12-31T23:59:59+08:00"),
        ("2024-02", "2024-02-01T00:00:00+08:00", "2024-02-29T23:59:59+08:00"),
        ("2024-02-29", "2024-02-29T00:00:00+08:00", "2024-02-29T23:59:59+08:00"),
        ("2024-02-29T06:30:00+08:00", "2024-02-29T06:30:00+08:00", "2024-02-29T06:30:00+08:00"),
    ],
)
def test_a_date_means_all_of_it_in_china(text: str, first: str, last: str) -> None:
    assert observed_interval({"observed_from": text}) == (datetime.fromisoformat(first), datetime.fromisoformat(last))


def test_new_year_in_china_is_the_new_year() -> None:
    assert observed_year({"observed_from": "2024-12-31T16:30:00Z"}) == 2025
    assert observed_year({}) == 0


def test_as_of_means_midnight_in_china() -> None:
    assert end_of_day_in_china("2025-06-30") == datetime(2025, 7, 1, tzinfo=CHINA)
    assert end_of_day_in_china("2025-06-30") == datetime(2025, 6, 30, 16, tzinfo=UTC)


def test_a_naive_time_is_no_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        parse_aware("2025-01-01T00:00:00")
