"""P9, T16: a record of another vocabulary is taken whole: a code that we do not know is kept as it came, shown as unknown, and counted as nothing
that it is not."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields
from sqlalchemy import text
from sqlalchemy.orm import Session

from mobile.presenters.field_words import words_of
from mobile.presenters.titles import title_of
from mobile.store.outbox import KeptRecord
from server.sync.admission import Outcome, admit
from shared import vocabulary
from shared.canonical import canonical_bytes, digest
from shared.vocabulary import EVIDENCE_CLASSES, all_codes, label, labels, renamed
from shared.wire.base import KnownCode
from shared.wire.envelope import BODIES, InvalidRecord, load_record
from shared.wire.standing import stand
from tests.admitting import ACTOR, CLOCK, frozen, send, set_up
from tests.records import MANGSHAN, PANGOLIN, edited, envelope, event, observed, occurrence, survey

NEWER = "99"
NOTICE = {"version": "2030-1", "basis": "research.v2", "accepted_at": None, "guardian": None}
UNKNOWN_STATUS = "presumed-present"


@pytest.fixture
def surveyed(reference: Session) -> Session:
    set_up(reference)
    return reference


def _newer(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "vocabulary": NEWER}


def _of_every_kind() -> list[dict[str, Any]]:
    """Each code of each kind that the server knows, as a newer app may say it."""
    place = {**MANGSHAN, "source": "beidou.sms"}
    patrol = envelope(
        "patrol",
        observed(event_type="drone-patrol", sampling_protocol="drone_patrol", leader=None, place=place, notice=NOTICE),
    )
    odd = {"date_precision": "tide", "place": place}
    return [
        _newer(record)
        for record in (
            patrol,
            event(event_type="seascape", **odd),
            occurrence(
                occurrence_status=UNKNOWN_STATUS, evidence_class="acoustic", basis_of_record="Sound:Observation", **odd
            ),
            occurrence(occurrence_status=UNKNOWN_STATUS, taxon=PANGOLIN, evidence_class="E112.92N24.95"),
            envelope(
                "finding", observed(event_id=patrol["id"], finding_type="drone", case_state="sub-judice", place=place)
            ),
        )
    ]


def _told(outcomes: list[Outcome]) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.reason) for one in outcomes]


def test_codes_of_a_newer_vocabulary_are_taken_kept_and_read(surveyed: Session) -> None:
    sent = _of_every_kind()
    assert _told(send(surveyed, *sent)) == [("accepted", None)] * len(sent)
    read = frozen(surveyed)
    _, _, plain, guarded, _finding = sent
    assert {record["id"] for record in sent} == read.keys()
    for record in sent:
        told = read[record["id"]].body
        assert {name: told[name] for name in record["body"] if name not in ("place", "notice", "effort", "taxon")} == {
            name: value for name, value in record["body"].items() if name not in ("place", "notice", "effort", "taxon")
        }
    rows = surveyed.execute(
        text("SELECT id::text, occurrence_status, evidence_class, basis_of_record, date_precision FROM occurrence")
    ).all()
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        plain["id"]: (UNKNOWN_STATUS, "acoustic", "Sound:Observation", "tide"),
        # Of a guarded record a code that nobody knows tells nothing: it could say where.
        guarded["id"]: ("unknown", "unknown", "HumanObservation", "month"),
    }
    assert surveyed.execute(text("SELECT finding_type, case_state FROM finding")).one() == ("drone", "sub-judice")
    surveyed.execute(text("SET LOCAL ROLE xiangye_precise"))
    kept = surveyed.execute(text("SELECT digest, body FROM precise.version_body")).all()
    assert {row.digest: bytes(row.body) for row in kept} == {digest(one): canonical_bytes(one) for one in sent}


def test_a_survey_of_a_newer_kind_is_begun(surveyed: Session) -> None:
    begun = _newer(survey(survey_kind="glacier", date_precision="season"))
    anywhere = replace(ACTOR, follows_anybody=True)
    assert _told(admit(surveyed, anywhere, CLOCK, [begun])) == [("accepted", None)]
    of_it = {"id": begun["id"]}
    assert surveyed.execute(text("SELECT kind FROM survey WHERE id = :id"), of_it).scalar_one() == "glacier"


def test_a_code_that_is_none_is_refused_of_every_vocabulary(surveyed: Session) -> None:
    own = occurrence(evidence_class="acoustic")
    words = _newer(occurrence(evidence_class="we heard it"))
    number = _newer(occurrence(evidence_class=7))
    kind = _newer(envelope("unicorn", {}))
    assert _told(send(surveyed, own, words, number, kind)) == [("quarantined", "invalid")] * 4


def test_versions_of_two_vocabularies_merge(surveyed: Session) -> None:
    first = occurrence(evidence_class="image")
    newer = _newer(edited(first, evidence_class="acoustic"))
    ours = edited(first, individual_count=4)
    assert [one.outcome for one in send(surveyed, first, newer, ours)] == ["accepted"] * 3
    row = surveyed.execute(text("SELECT evidence_class, individual_count FROM occurrence")).one()
    assert row == ("acoustic", 4)
    assert (
        surveyed.execute(text("SELECT state FROM ledger WHERE id = :id"), {"id": first["id"]}).scalar_one() == "current"
    )


def test_what_was_renamed_is_read_by_its_name_of_today_and_kept_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        "0": {
            "evidence_class": {"photo": "image"},
            "place.source": {"gps": "gnss"},
            "measurements.code": {"h": "height_m"},
        }
    }
    monkeypatch.setattr(vocabulary, "RENAMED", table)
    place, measured = {**MANGSHAN, "source": "gps"}, [{"code": "h", "value": "12"}, {"code": "new", "value": "1"}]
    old = {**occurrence(evidence_class="photo", place=place, measurements=measured), "vocabulary": "0"}
    before = canonical_bytes(old)
    body = load_record(old)["body"]
    assert (body["evidence_class"], body["place"]["source"]) == ("image", "gnss")
    assert [one["code"] for one in body["measurements"]] == ["height_m", "new"]
    assert canonical_bytes(old) == before
    # The app of today says it by the new name: nothing was changed, and beside it another may change something else.
    again = {**edited(old, evidence_class="image", place=MANGSHAN, sex="male"), "vocabulary": vocabulary.VERSION}
    other = edited(old, life_stage="adult")
    standing = stand({digest(one): one for one in (old, again, other)})
    assert (standing.view.state, standing.body and standing.body["evidence_class"]) == ("current", "image")
    for odd in (
        {"evidence_class": {"photo": 1}, "place": None, "measurements": {"code": 3}},
        {"place": [], "measurements": "h"},
    ):
        assert renamed(odd, "0") == odd


_WHOLE: dict[str, Callable[..., dict[str, Any]]] = {
    "survey": survey,
    "occurrence": occurrence,
    "event": event,
    "patrol": lambda **fields: envelope("patrol", event()["body"] | fields),
    "finding": lambda **fields: envelope(
        "finding", observed(event_id=event()["id"], finding_type="snare", case_state="open") | fields
    ),
    "track_segment": lambda **fields: envelope(
        "track_segment", observed(patrol_id=event()["id"], leg=0, points=[[0, 0, 0, None, None]]) | fields
    ),
    "media": lambda **fields: envelope(
        "media",
        observed(subject_ids=[event()["id"]], sha256="ab" * 32, byte_count=1, media_type="image/png") | fields,
    ),
}
_CODED = sorted(
    (kind, name)
    for kind, schema in ((one, BODIES[one]) for one in _WHOLE)
    for name, field in schema().fields.items()
    if isinstance(field, fields.String) and any(isinstance(rule, KnownCode) for rule in field.validators)
)


def test_every_kind_with_codes_is_tried() -> None:
    """`media_type` and the like are words of the protocol, no codes."""
    assert set(BODIES) - set(_WHOLE) == {"identification_answer", "tombstone"}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(_CODED), st.from_regex(vocabulary.CODE, fullmatch=True))
def test_any_code_in_any_place_is_read_and_shown(place: tuple[str, str], code: str) -> None:
    kind, name = place
    record = _newer(_WHOLE[kind](**{name: code}))
    assert load_record(json.loads(canonical_bytes(record)))["body"][name] == code
    assert code in label(EVIDENCE_CLASSES, code) or code in EVIDENCE_CLASSES
    ours = next(rule for rule in BODIES[kind]().fields[name].validators if isinstance(rule, KnownCode))
    if code not in ours.choices:
        with pytest.raises(InvalidRecord) as refused:
            load_record({**record, "vocabulary": vocabulary.VERSION})
        assert [problem["field"] for problem in refused.value.problems] == [f"body.{name}"]


def test_a_label_says_that_it_does_not_know() -> None:
    assert label(EVIDENCE_CLASSES, "image") == "影像"
    assert label(EVIDENCE_CLASSES, "acoustic") == "未知代码 acoustic"
    assert label(EVIDENCE_CLASSES, "听到叫声 3 次") == "听到叫声 3 次"
    assert all_codes(EVIDENCE_CLASSES, ["zz", None, "field", "aa"]) == [*EVIDENCE_CLASSES, "aa", "zz"]
    assert labels(EVIDENCE_CLASSES, [None, "aa", "image", "field"]) == ["野外观察", "影像", "未知代码 aa"]


def test_the_tablet_shows_what_it_does_not_know() -> None:
    kept = {"record_id": "r", "digest": "d", "state": "held", "reason": "", "saved_at": "2025-05-20T08:30:00+08:00"}
    titles = [
        title_of(KeptRecord(kind=record["kind"], record=record, **kept))
        for record in _of_every_kind()
        if record["kind"] != "patrol"
    ]
    assert titles == [
        "鸟类样线",
        "白鹭 未知代码 presumed-present",
        "穿山甲 未知代码 presumed-present",
        "巡护发现：未知代码 drone",
    ]
    for name, value, words in (
        ("evidence_class", "acoustic", "未知代码 acoustic"),
        ("sampling_protocol", "沿河走 2 km", "沿河走 2 km"),
        ("date_precision", "tide", "未知代码 tide"),
        ("place", {**MANGSHAN, "source": "beidou.sms"}, "未知代码 beidou.sms"),
        ("measurements", [{"code": "damage_grade", "value": "total"}], "危害程度 未知代码 total"),
    ):
        assert words in words_of(name, value)
