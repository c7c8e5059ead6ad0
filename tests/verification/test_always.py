"""What holds of every track and every record, whatever comes."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sensitivity.checked import Checked, PhotoFacts
from server.sensitivity.track_measures import TrackPoint, measure, where_at
from server.verification.defaults import default_rules
from server.verification.rules import KINDS, Case, Rule, faults_of, judge
from shared.ids import uuid7

POINTS = st.lists(
    st.builds(
        TrackPoint,
        leg=st.integers(0, 3),
        t_ms=st.integers(0, 4_102_444_800_000),
        longitude_e7=st.integers(-1_800_000_000, 1_800_000_000),
        latitude_e7=st.integers(-900_000_000, 900_000_000),
        accuracy_cm=st.none() | st.integers(0, 100_000),
    ),
    max_size=60,
).map(lambda points: sorted(points, key=lambda point: point.t_ms))
NUMBERS = st.none() | st.floats(-1e6, 1e6)
CHECKED = st.builds(
    Checked,
    id=st.builds(uuid7),
    kind=st.sampled_from(("occurrence", "patrol")),
    body=st.fixed_dictionaries(
        {
            "occurrence_status": st.sampled_from(("present", "absent")),
            "individual_count": st.none() | st.integers(0, 10**8),
            "taxon": st.fixed_dictionaries({"qualifier": st.none() | st.just("cf."), "method": st.none()}),
        }
    ),
    level=st.integers(0, 4),
    county_code=st.none() | st.sampled_from(("431022", "430102")),
    altitude_m=NUMBERS,
    month=st.none() | st.integers(1, 12),
    mock=st.booleans(),
    photos=st.builds(PhotoFacts, count=st.integers(0, 3), distance_m=NUMBERS, older_min=NUMBERS, newer_min=NUMBERS),
    track_distance_m=NUMBERS,
    tracks=POINTS.map(lambda points: (measure(points),)),
    alike=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1e6)), max_size=3).map(tuple),
)
RULES = [
    Rule(
        one["rule_id"], 1, one["kind"], one["severity"], one["title_zh"], one["reason_zh"], parameters=one["parameters"]
    )
    for one in default_rules()
]


@given(POINTS, POINTS)
@settings(max_examples=200, deadline=None)
def test_any_track_can_be_measured(track: list[TrackPoint], earlier: list[TrackPoint]) -> None:
    found = measure(track, [earlier])
    assert 0 <= found.replayed_share <= 1
    assert 0 <= found.same_accuracy_share <= 1
    assert min(found.straight_m, found.fastest_m_s, found.jump_m_s, found.minutes) >= 0
    for point in track[:5]:
        at = where_at(track, point.t_ms)
        assert at is None or at.t_ms == point.t_ms


@given(CHECKED)
@settings(max_examples=200, deadline=None)
def test_words_hold_no_number_but_those_of_the_rule(checked: Checked) -> None:
    """L17: a limit is the rule's, a measured distance or height would be the record's."""
    for rule in RULES:
        words = judge(rule, Case(checked))
        own = set(re.findall(r"\d+", str(dict(rule.parameters))))
        assert words is None or set(re.findall(r"\d+", words)) <= own, words


def test_the_default_rules_are_whole() -> None:
    ids = [one["rule_id"] for one in default_rules()]
    assert len(ids) == len(set(ids))
    for one in default_rules():
        assert faults_of(one["kind"], one["parameters"]) == {}, one["rule_id"]
        assert one["source"] and one["source_status"] in ("verified", "unverified")
    assert {one["kind"] for one in default_rules()} == set(KINDS)
