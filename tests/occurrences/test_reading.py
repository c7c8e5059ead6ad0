"""Lists and single occurrences over real HTTP."""

from tests import records
from tests.scopes.ground import PLACES, YIZHANG, brought, caller
from tests.serving import Live


def test_a_reviewer_sees_the_records_of_the_own_county_alone(live: Live) -> None:
    mine, other, third = brought(live.settings, *(records.occurrence(place=place) for place in PLACES.values()))
    assert caller(live, "reviewer", "county", YIZHANG).ids() == {mine["id"]}
    assert caller(live, "prefecture_admin").ids() == {mine["id"], other["id"]}
    assert caller(live, "province_admin").ids() == {mine["id"], other["id"], third["id"]}
