"""Where and when photos say they were taken: kept like exact places, and held against the place of their record."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from server.db import EVERYTHING, look_through, session_factory
from server.sensitivity import precise
from server.settings import Settings
from tests.admitting import count
from tests.media.photos import LATITUDE_E7, LONGITUDE_E7, jpeg, send_with_photo


def test_a_photo_is_held_against_the_place_of_its_record(reference_settings: Settings, tmp_path: Path) -> None:
    shots = {
        "there": jpeg(at="2025:05:20 08:00:00"),
        "a tenth of a degree north": jpeg(LATITUDE_E7 + 1_000_000),
        "without a fix": jpeg(0, 0),
        "no photo": b"\xff\xd8 no photo",
    }
    ids = {}
    for number, (name, data) in enumerate(shots.items()):
        ids[name] = UUID(send_with_photo(reference_settings, tmp_path, data, known=number > 0)[0])
    with session_factory(reference_settings)() as session:
        told = {row["subject_id"]: row for row in precise.read_photos(session, list(ids.values()))}
        assert ids["no photo"] not in told
        assert told[ids["there"]]["distance_m"] < 1
        assert told[ids["there"]]["captured_at"] == "2025-05-20T08:00:00+08:00"
        assert abs(told[ids["a tenth of a degree north"]]["distance_m"] - 11_119.5) < 20
        assert told[ids["without a fix"]]["distance_m"] is None
        assert told[ids["without a fix"]]["captured_at"] == "2025-05-20T08:29:30+08:00"


def test_positions_of_photos_are_behind_both_walls(reference_settings: Settings, tmp_path: Path) -> None:
    """P11: the application's own role reads none, and the role of exact places none beyond the scopes of who looks."""
    record = UUID(send_with_photo(reference_settings, tmp_path, jpeg())[0])
    with session_factory(reference_settings)() as session:
        assert len(precise.read_photos(session, [record])) == 1
        look_through(session, {99_999 * 16})
        assert precise.read_photos(session, [record]) == []
        with precise.as_precise(session):
            assert count(session, "precise.media_position") == 0
        look_through(session, EVERYTHING)
        with precise.as_precise(session):
            assert count(session, "precise.media_position") == 1
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT latitude_e7 FROM precise.media_position"))
        session.rollback()


def test_the_same_photo_twice_is_one_position(reference_settings: Settings, tmp_path: Path) -> None:
    data = jpeg(-LATITUDE_E7, -LONGITUDE_E7)
    send_with_photo(reference_settings, tmp_path, data)
    send_with_photo(reference_settings, tmp_path, data, known=True)
    with session_factory(reference_settings)() as session, precise.as_precise(session):
        assert session.execute(text("SELECT latitude_e7, longitude_e7 FROM precise.media_position")).all() == [
            (-LATITUDE_E7, -LONGITUDE_E7)
        ]
