"""Tracks of patrols: whole for who walked, the station and the auditor; cells for others, and those late (L10, T30)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.queries import viewer_of
from server.accounts.viewer import Viewer
from server.audit.model import AuditEntry
from server.db import EVERYTHING, look_through
from server.sensitivity.scoping import real_id, shown_ids
from server.sensitivity.tracks import DELAY, track
from shared.clock import FixedClock
from shared.problems import Problem
from tests.admitting import CLOCK, outcomes, set_up
from tests.people import person
from tests.records import MANGSHAN, PERSON, envelope, observed
from tests.sensitivity.forms import forms_of

_LAST = datetime(2025, 5, 20, 3, 0, tzinfo=UTC)
LATE = FixedClock(_LAST + DELAY + timedelta(minutes=1))


@pytest.fixture
def patrol(reference: Session) -> UUID:
    """Its shown id; the walk goes through cells that borders cut and through one that none does."""
    set_up(reference)
    walk = envelope("patrol", observed(event_type="patrol", sampling_protocol="patrol", place=MANGSHAN))
    steps = [(1129287654, 249512345), (1129500000, 252512345), (1129600000, 252812345)]
    points = [[int(_LAST.timestamp() * 1000) - 1000 * n, lon, lat, 500, None] for n, (lon, lat) in enumerate(steps)]
    segment = envelope("track_segment", observed(patrol_id=walk["id"], leg=1, points=points))
    assert outcomes(reference, walk, segment) == ["accepted"] * 2
    return shown_ids(reference, [UUID(walk["id"])])[UUID(walk["id"])]


def viewer(session: Session, role: str | None, *area: str, person_id: UUID | None = None) -> Viewer:
    look_through(session, EVERYTHING)
    return viewer_of(session, CLOCK, person_id or person(session, role, *area).id)


@pytest.mark.parametrize(("role", "area"), [("station_lead", ()), ("auditor", ("province", "43"))])
def test_the_station_and_the_auditor_see_the_track_and_it_is_logged(
    reference: Session, patrol: UUID, role: str, area: tuple[str, ...]
) -> None:
    """P13: reading a track is reading an exact place."""
    who = viewer(reference, role, *area)
    told = track(reference, who, CLOCK, patrol)
    assert told["edition"] == "exact" and len(told["legs"][0]["points"]) == 3
    entry = reference.query(AuditEntry).order_by(AuditEntry.entry_no.desc()).first()
    assert entry is not None and (entry.action, entry.actor, entry.subject) == ("read_precise", who.name, "track")


def test_who_walked_sees_their_own(reference: Session, patrol: UUID) -> None:
    look_through(reference, EVERYTHING)
    reference.execute(
        text("""
        INSERT INTO role_grant (id, person_id, role, area_kind, area_code, granted_by, granted_at)
        VALUES (gen_random_uuid(), :id, 'ranger', 'county', '430104', 'test', now() - interval '10 years')
        """),
        {"id": PERSON},
    )
    assert track(reference, viewer(reference, None, person_id=UUID(PERSON)), CLOCK, patrol)["edition"] == "exact"


def test_who_made_a_later_version_of_it_walked_nothing(reference: Session, patrol: UUID) -> None:
    """L10: a colleague who may edit the patrol sees no more of its track for that."""
    who = viewer(reference, "ranger")
    look_through(reference, EVERYTHING)
    columns = "base_digest, kind, device, seq, protocol, app_version, saved_at"
    reference.execute(
        text(f"""
        INSERT INTO version (id, digest, author, received_at, {columns})
        SELECT id, repeat('0', 64), :other, received_at + interval '1 hour', {columns} FROM version WHERE id = :id
        """),
        {"id": real_id(reference, patrol), "other": who.person_id},
    )
    assert track(reference, who, CLOCK, patrol)["edition"] == "withheld"


def test_others_see_cells_that_no_border_cuts_and_only_when_the_rangers_are_long_gone(
    reference: Session, patrol: UUID
) -> None:
    """L10, T30: 72 hours later, at 0.1 degree, without times and legs."""
    who = viewer(reference, "reviewer")
    assert track(reference, who, FixedClock(_LAST + DELAY - timedelta(minutes=1)), patrol) == {
        "edition": "withheld",
        "cells": [],
    }
    told: Any = track(reference, who, LATE, patrol)
    assert told["edition"] == "generalised"
    assert set(told) == {"edition", "cells"}
    assert all(round(cell["latitude"] * 100) % 10 == 5 for cell in told["cells"])
    assert len(told["cells"]) < 3, "the first lies in a cell that a border cuts"
    assert not any(form in repr(told) for form in forms_of(249512345, 1129287654))


def test_a_foreign_patrol_answers_like_a_missing_one(reference: Session, patrol: UUID) -> None:
    """P12: by whatever right."""
    for role in ("station_lead", "reviewer"):
        elsewhere = viewer(reference, role, "county", "430104")
        with pytest.raises(Problem) as refused:
            track(reference, elsewhere, LATE, patrol)
        assert refused.value.kind.code == "not_found"
    with pytest.raises(Problem) as refused:
        track(reference, viewer(reference, "public_reporter"), LATE, patrol)
    assert refused.value.kind.code == "not_allowed"
