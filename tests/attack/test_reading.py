"""The sweep finds an exact place however it is spelled, and takes no digits drawn by lot for one."""

import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.attack.planting import Target
from tests.attack.reading import Sweep

LATITUDE, LONGITUDE = 25.9619765, 113.0499965
AT = Target(
    UUID(int=1), 3, round(LATITUDE * 1e7), round(LONGITUDE * 1e7), "431003", False, datetime(2024, 5, 26, tzinfo=UTC)
)
POINT = struct.pack("<dd", LONGITUDE, LATITUDE)


@pytest.mark.parametrize(
    "written",
    [
        f"{LATITUDE:.6f}, {LONGITUDE:.6f} 石壁沟".encode(),
        b'{"latitude_e7":259619765,"accuracy_m":8,"longitude_e7":1130499965}',
        "25°57′43.1″N 113°2′59.99″E".encode(),
        b"\x01\x01\x00\x00\x00\xff" + POINT,
        b"0101000020E6100000" + POINT.hex().encode(),
    ],
)
def test_an_exact_place_is_found_however_it_is_spelled(written: bytes) -> None:
    assert Sweep([AT]).places_in(written) == {0}


def test_a_cell_beside_a_pseudonym_that_reads_as_a_latitude_is_none() -> None:
    """Found so in a run of the suite: 113.05 is the centre of somebody else's cell, and one pseudonym in many thousands reads so."""
    pseudonym = "x" + struct.pack(">i", round(LATITUDE * 1e7)).hex() + "5202a7bd980400ff"
    assert Sweep([AT]).places_in(f"2024-05\t113.0500000\t28.3900000\t{pseudonym}".encode()) == set()
