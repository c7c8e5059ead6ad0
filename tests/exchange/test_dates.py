from datetime import tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.exchange.dates import read_date
from shared.clock import CHINA, observed_interval


@pytest.mark.parametrize(
    ("text", "first", "last", "precision"),
    [
        ("2023", "2023", None, "year"),
        ("2023-05", "2023-05", None, "month"),
        ("2023-5-1", "2023-05-01", None, "day"),
        ("2023/05/01", "2023-05-01", None, "day"),
        ("2023.5.1", "2023-05-01", None, "day"),
        ("2023年5月1日", "2023-05-01", None, "day"),
        ("2023年5月", "2023-05", None, "month"),
        ("1987年", "1987", None, "year"),
        ("20230501", "2023-05-01", None, "day"),
        ("2023-05-01T08:30", "2023-05-01T08:30+08:00", None, "minute"),
        ("2023-05-01 08:30:15", "2023-05-01T08:30:15+08:00", None, "second"),
        ("2023-05-01T08", "2023-05-01T08:00+08:00", None, "hour"),
        ("2023-05-01T08:30Z", "2023-05-01T08:30+00:00", None, "minute"),
        ("2023-05-01T08:30:15.123+0530", "2023-05-01T08:30:15+05:30", None, "second"),
        ("1991-06-12T00:00:00", "1991-06-12", None, "day"),
        ("1991-06-12T00:00:00Z", "1991-06-12", None, "day"),
        ("2007-11-13/15", "2007-11-13", "2007-11-15", "day"),
        ("2007-11/12", "2007-11", "2007-12", "month"),
        ("2006/2007", "2006", "2007", "year"),
        ("2017-01-01/2017-01-01", "2017-01-01", None, "day"),
        ("2017-01-08T20:00/2017/01/08T23:00:00", "2017-01-08T20:00+08:00", "2017-01-08T23:00:00+08:00", "minute"),
        ("2007-03-01T13:00Z/15:30Z", "2007-03-01T13:00+00:00", "2007-03-01T15:30+00:00", "minute"),
        ("2006-05/2007", "2006", "2007", "year"),
    ],
)
def test_understood(text: str, first: str, last: str | None, precision: str) -> None:
    found = read_date(text, CHINA)
    assert found is not None
    assert (found.observed_from, found.observed_to, found.precision) == (first, last, precision)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "spring",
        "2023-13",
        "2023-02-30",
        "0999",
        "9999",
        "23",
        "2023-05-01T25:00",
        "2023-05-01T08:61",
        "2023-05-02/2023-05-01",
        "05/01/2023",
        "Tue Apr 01 00:00:00 CET 1930",
        "2023-05-01T08:30+99:00",
        "2023-5/1",
        "٢٠٢٣",
        "2023-05T08:30",
    ],
)
def test_not_understood(text: str) -> None:
    assert read_date(text, CHINA) is None


@pytest.mark.parametrize(("zone", "first"), [(CHINA, "2016-06-15T16:57+08:00"), (None, "2016-06-15")])
def test_a_time_without_a_zone_is_believed_only_where_its_zone_is_known(zone: tzinfo | None, first: str) -> None:
    found = read_date("2016-06-15T16:57", zone)
    assert found is not None and found.observed_from == first


@given(st.text(st.sampled_from("0123456789-/:T Z+年月日."), max_size=24))
def test_whatever_is_understood_has_an_interval(text: str) -> None:
    found = read_date(text, CHINA)
    if found is not None:
        start, end = observed_interval({"observed_from": found.observed_from, "observed_to": found.observed_to})
        assert start is not None and end is not None and start <= end
