from typing import Any

import pytest

from shared.wire.envelope import InvalidRecord, load_record
from tests.records import occurrence


def test_a_record_loads_and_keeps_fields_of_a_newer_app() -> None:
    record = occurrence(taxon={"name_zh": "穿山甲", "future": 1}, weather_code="9")
    loaded = load_record(record)
    assert loaded["body"]["weather_code"] == "9"
    assert loaded["body"]["taxon"]["future"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"individual_count": "3"}, "body.individual_count"),
        ({"individual_count": True}, "body.individual_count"),
        ({"individual_count": -1}, "body.individual_count"),
        ({"taxon": {}}, "body.taxon.verbatim_name"),
        ({"observed_from": "2025-13-01"}, "body.observed_from"),
        ({"date_precision": "week"}, "body.date_precision"),
        ({"count_min": 5, "count_max": 2}, "body.count_min"),
        ({"occurrence_status": "absent", "individual_count": 2}, "body.individual_count"),
        ({"place": {"latitude_e7": 910_000_000, "longitude_e7": 0, "source": "gnss"}}, "body.place.latitude_e7"),
        ({"place": {"latitude_e7": 24.9, "longitude_e7": 0, "source": "gnss"}}, "body.place.latitude_e7"),
        ({"occurrence_remarks": "a\0b"}, "body.occurrence_remarks"),
    ],
)
def test_each_problem_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        load_record(occurrence(**change))
    assert field in [problem["field"] for problem in refused.value.problems]


def test_a_naive_time_of_saving_is_refused() -> None:
    record = occurrence()
    record["saved_at"]["wall"] = "2025-05-20T08:00:00"
    with pytest.raises(InvalidRecord) as refused:
        load_record(record)
    assert refused.value.problems[0]["field"] == "saved_at.wall"


@pytest.mark.parametrize("junk", [None, 1, "x", [], {"id": 3}, {"kind": "x"}])
def test_junk_is_refused_without_a_crash(junk: object) -> None:
    with pytest.raises(InvalidRecord):
        load_record(junk)
