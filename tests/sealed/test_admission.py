"""Sealed records at the server: opened and admitted like any, or kept as they came with the reason; nothing lost, nothing doubled."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.accounts.service import enrol, grant, issue_code
from server.accounts.viewer import LOCAL_OPERATOR
from server.db import SEAL_KEYS
from server.sensitivity import service as sensitivity
from server.sensitivity.precise import as_precise
from server.sensitivity.sealing import SealKey, add_key, read_keys, write_keys
from server.settings import Settings
from shared.canonical import canonical_bytes, digest
from shared.ids import uuid7
from tests.admitting import CLOCK, count, frozen, outcomes, send, set_up
from tests.records import (
    DEVICE,
    MANGSHAN,
    PANGOLIN,
    PERSON,
    edited,
    envelope,
    event,
    observed,
    occurrence,
    survey,
    tombstone,
)
from tests.sealed.wrapping import Record, flipped, sealed, wire

SECRET = "249512345"


@pytest.fixture
def key(reference: Session, tmp_path: Path) -> SealKey:
    set_up(reference)
    here = Settings(var_dir=tmp_path)
    reference.info[SEAL_KEYS] = here.seal_key_file
    return add_key(here, datetime(2026, 1, 1, tzinfo=UTC), first=True)


def reasons(session: Session, *sent: Any) -> list[tuple[str, str | None]]:
    return [(one.outcome, one.reason) for one in send(session, *sent)]


def quarantined(session: Session) -> list[Mapping[str, Any]]:
    with as_precise(session):
        rows = session.execute(text("SELECT * FROM precise.quarantine ORDER BY received_at, digest"))
        return [dict(row) for row in rows.mappings()]


def test_a_sealed_record_stands_like_one_in_clear(reference: Session, key: SealKey) -> None:
    """P2, P4: one outcome under the sealed digest, a repeat is recognised, and its rows are those of the same record in clear."""
    plain, record = occurrence(taxon=PANGOLIN), occurrence(taxon=PANGOLIN)
    send(reference, plain)
    one = sealed(record, key)
    first, again = send(reference, wire(one), wire(one))
    assert (first.outcome, again.outcome) == ("accepted", "already_have")
    assert first.digest == again.digest == one.digest != digest(record)
    told = frozen(reference)
    ours, theirs = told[record["id"]], told[plain["id"]]
    assert (ours.body, ours.disclosed) == (theirs.body, theirs.disclosed)
    level, in_clear = reference.execute(
        text(
            "SELECT level, (SELECT count(*) FROM disclosed_place WHERE id = :plain) FROM disclosed_place WHERE id = :id"
        ),
        {"id": record["id"], "plain": plain["id"]},
    ).one()
    assert level > 0 and in_clear == 1
    with as_precise(reference):
        body, header, data = reference.execute(
            text(
                "SELECT b.body, s.header, s.sealed FROM precise.version_body b JOIN precise.sealed_version s USING (id, digest)"
            )
        ).one()
    assert (bytes(body), bytes(header), bytes(data)) == (canonical_bytes(record), one.header_bytes, one.data)
    assert sensitivity.altered_bodies(reference) == []


def test_every_order_of_sealed_and_open_versions_ends_as_in_clear(reference: Session, key: SealKey) -> None:
    """P5: two edits of one sealed base, one of them in clear, and what stands after all orders is what stands without seals."""
    bodies, orders = [], list(itertools.permutations(range(4)))
    for seals in (False, True):
        for order in orders[::4] if seals else orders[:1]:
            base = occurrence(taxon=PANGOLIN)
            one = sealed(base, key) if seals else None
            mark = one.digest if one else digest(base)
            left = {**edited(base, individual_count=5), "base_digest": mark}
            right = {**edited(base, sex="male"), "base_digest": mark}
            left_sealed = sealed(left, key) if seals else None
            last = {
                **edited(left, life_stage="adult"),
                "base_digest": left_sealed.digest if left_sealed else digest(left),
            }
            versions: list[Record] = [
                wire(one) if one else base,
                wire(left_sealed) if left_sealed else left,
                right,
                wire(sealed(last, key)) if seals else last,
            ]
            assert all(send(reference, versions[at])[0].outcome == "accepted" for at in order)
            row = reference.execute(
                text(
                    "SELECT l.state, o.individual_count, o.sex, o.life_stage FROM ledger l JOIN occurrence o USING (id) WHERE l.id = :id"
                ),
                {"id": base["id"]},
            ).one()
            bodies.append(tuple(row))
    assert set(bodies) == {("current", 5, "male", "adult")} and len(bodies) == 7


def test_the_same_field_twice_is_a_conflict_and_a_tombstone_withdraws(reference: Session, key: SealKey) -> None:
    base = occurrence(taxon=PANGOLIN)
    one = sealed(base, key)
    left, right = ({**edited(base, individual_count=n), "base_digest": one.digest} for n in (3, 4))
    assert outcomes(reference, wire(one), wire(sealed(left, key)), wire(sealed(right, key)))[-1] == "conflict"
    other = occurrence(taxon=PANGOLIN)
    seal = sealed(other, key)
    gone = {**tombstone(other), "base_digest": seal.digest}
    assert outcomes(reference, gone, wire(seal)) == ["accepted", "accepted"]
    assert (
        reference.execute(text("SELECT state FROM ledger WHERE id = :id"), {"id": other["id"]}).scalar_one()
        == "deleted"
    )


def test_without_its_key_a_record_is_kept_and_taken_in_when_the_key_is_there(reference: Session, key: SealKey) -> None:
    """P1: nothing is lost, and the records in clear beside it do not wait. The receipt frees nothing."""
    lost = SealKey(9, date(2025, 1, 1), ec.generate_private_key(ec.SECP256R1()))
    record = occurrence(taxon=PANGOLIN)
    one = sealed(record, lost)
    assert reasons(reference, wire(one), occurrence()) == [("quarantined", "seal_key_unknown"), ("accepted", None)]
    (row,) = quarantined(reference)
    assert (row["digest"], str(row["record_id"])) == (one.digest, record["id"]) and bytes(
        row["body"]
    ) == one.on_the_wire()
    assert SECRET.encode() not in bytes(row["body"])
    path = reference.info[SEAL_KEYS]
    path.chmod(0o644)
    assert reasons(reference, wire(sealed(record, key)), occurrence())[0] == ("quarantined", "seal_key_unknown"), (
        "unreadable"
    )
    path.chmod(0o600)
    write_keys(path, (lost, *read_keys(path).keys), first=False)
    assert reasons(reference, json.loads(bytes(row["body"]))) == [("accepted", None)]
    assert frozen(reference)[record["id"]].body["taxon"]["name_zh"] == "穿山甲"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_any_flipped_bit_is_kept_and_named(reference: Session, key: SealKey, share: float) -> None:
    """T14: a bit of what is sealed, anywhere."""
    record = occurrence(taxon=PANGOLIN)
    one = sealed(record, key)
    before = len(quarantined(reference))
    broken = flipped(one, int(share * 8 * len(one.data)))
    assert reasons(reference, broken) == [("quarantined", "seal_broken")]
    assert len(quarantined(reference)) == before + 1
    assert outcomes(reference, wire(one)) == ["accepted"], "the sound bytes are not hindered by the broken ones"


@pytest.mark.parametrize("name", ["id", "kind", "author", "device", "seq", "base_digest"])
def test_a_header_that_is_not_the_records_own_is_no_seal(reference: Session, key: SealKey, name: str) -> None:
    """Sealed anew by somebody in the middle under another header: sound cryptography, but not what the author named."""
    record = occurrence(taxon=PANGOLIN)
    other: dict[str, Any] = {
        **occurrence(),
        "kind": "event",
        "author": DEVICE,
        "device": PERSON,
        "seq": 77,
        "base_digest": "ab" * 32,
    }
    told = reasons(reference, wire(sealed(record, key, **{name: other[name]})))
    assert told == [("quarantined", "seal_broken")]
    changed = wire(sealed(record, key))
    changed["header"][name] = other[name]
    assert reasons(reference, changed) == [("quarantined", "seal_broken")]


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"sealed": None},
        {"sealed": "=="},
        {"sealed": "QQ"},
        {"sealed": "QR=="},
        {"sealed": ""},
        {"header": None},
        {"header": {}},
        {"header": [[[[[[]]]]]]},
    ],
)
def test_what_is_no_seal_at_all_is_kept_as_it_came(reference: Session, key: SealKey, change: dict[str, Any]) -> None:
    told = wire(sealed(occurrence(taxon=PANGOLIN), key)) | change
    assert reasons(reference, told, occurrence()) == [("quarantined", "seal_broken"), ("accepted", None)]
    assert json.loads(bytes(quarantined(reference)[-1]["body"])) == told


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        (b"", "invalid"),
        (b"[1]", "seal_broken"),
        (b'{"body":1.5}', "invalid"),
        (b"[" * 5000, "invalid"),
        (b"\xff", "invalid"),
        (None, "invalid"),
    ],
)
def test_a_sound_seal_around_nonsense_is_kept(
    reference: Session, key: SealKey, plain: bytes | None, reason: str
) -> None:
    record = occurrence(taxon=PANGOLIN)
    inside = json.dumps(record, indent=1).encode() if plain is None else plain
    assert reasons(reference, wire(sealed(record, key, inside)), occurrence()) == [
        ("quarantined", reason),
        ("accepted", None),
    ]


def test_what_came_before_its_survey_is_taken_in_with_it(reference: Session, key: SealKey) -> None:
    """P5: a survey that is begun in the field may come after what was sealed in it; one whose key is gone by then waits for its key."""
    begun = survey(county_codes=["431022"])
    grant(reference, CLOCK, LOCAL_OPERATOR, UUID(PERSON), "station_lead", "county", "431022")
    enrol(reference, CLOCK, issue_code(reference, CLOCK, UUID(PERSON)), UUID(DEVICE), "平板", "0.1.0")
    found, lost, elsewhere = (
        occurrence(taxon=PANGOLIN, survey_id=id_) for id_ in (begun["id"], begun["id"], str(uuid7()))
    )
    path = reference.info[SEAL_KEYS]
    gone = add_key(Settings(var_dir=path.parent / "gone"), datetime(2026, 1, 1, tzinfo=UTC), first=True)
    write_keys(path, (key, gone), first=False)
    early = [wire(sealed(found, key)), wire(sealed(lost, gone)), wire(sealed(elsewhere, key))]
    assert reasons(reference, *early) == [("quarantined", "survey_unknown")] * 3
    write_keys(path, (key,), first=False)
    assert reasons(reference, begun) == [("accepted", None)]
    assert count(reference, "occurrence") == 1 and found["id"] in frozen(reference)
    assert reasons(reference, early[0]) == [("already_have", None)]


def test_a_receipt_never_tells_what_stood_inside(reference: Session, key: SealKey) -> None:
    """T1: the words of what was wrong go back to the tablet in clear."""
    place = {**MANGSHAN, "altitude_m": "24.9512345 N", "coordinate_uncertainty_in_meters": "24.9512345 N"}
    bad = [
        occurrence(taxon=PANGOLIN, place=place),
        {**occurrence(taxon=PANGOLIN), "app_version": "24.9512345 N" * 9},
        occurrence(taxon=PANGOLIN, life_stage="24.9512345 \0"),
    ]
    for outcome in send(reference, *(wire(sealed(record, key)) for record in bad)):
        assert (outcome.outcome, outcome.reason) == ("quarantined", "invalid")
        assert outcome.detail and "24.9" not in json.dumps(outcome.detail)


def test_what_came_sealed_is_kept_from_change_and_proves_the_opened_body(reference: Session, key: SealKey) -> None:
    """T20: the audit opens it again."""
    one = sealed(occurrence(taxon=PANGOLIN), key)
    send(reference, wire(one))
    for change in ("UPDATE precise.sealed_version SET sealed = NULL", "DELETE FROM precise.sealed_version"):
        with pytest.raises(DBAPIError), reference.begin_nested(), as_precise(reference):
            reference.execute(text(change))
    assert count(reference, "version") == 1 and sensitivity.altered_bodies(reference) == []


def test_every_kind_but_a_tombstone_may_come_sealed(reference: Session, key: SealKey) -> None:
    """An event with its find before it, a walk with its track, a photo: rows and places as from records in clear."""
    walk = event(place=MANGSHAN, geometry=[[1129287654, 249512345], [1129297654, 249512345]])
    patrol = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", place=MANGSHAN))
    find = occurrence(taxon=PANGOLIN, event_id=walk["id"])
    track = envelope(
        "track_segment",
        observed(patrol_id=patrol["id"], leg=0, points=[[1747700000000, 1129287654, 249512345, 500, None]]),
    )
    finding = envelope("finding", observed(event_id=patrol["id"], finding_type="snare", place=MANGSHAN))
    about = {"sha256": "ab" * 32, "byte_count": 9, "media_type": "image/jpeg", "sealed_sha256": "cd" * 32}
    photo = envelope("media", observed(subject_ids=[find["id"]], **about))
    sent = [photo, find, track, finding, patrol, walk]
    assert outcomes(reference, *(wire(sealed(record, key)) for record in sent)) == ["accepted"] * 6
    tables = ("occurrence", "media_item", "patrol", "finding", "event")
    assert [count(reference, table) for table in tables] == [1, 1, 1, 1, 2]
    with as_precise(reference):
        assert count(reference, "precise.track_point") == 1
    gone = tombstone(find)
    assert reasons(reference, wire(sealed(gone, key))) == [("quarantined", "seal_broken")]
