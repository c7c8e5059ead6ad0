"""Hostile photos of our own making: the parent lives, and time and memory stay within limits, measured in a process for each."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.media.decoding import decode
from server.media.limits import MAX_CPU_SECONDS, MAX_MEMORY_BYTES, MAX_SECONDS
from server.media.rules import is_bare_jpeg
from tests.hostile import images, tiff
from tests.hostile.measuring import measured
from tests.hostile.pictures import FORMATS, written
from tests.house.tree import ROOT

_SLACK_SECONDS, _PARENT_MB = 2, 100


@pytest.mark.parametrize("name", images.HOSTILE)
def test_a_hostile_photo_harms_nobody(tmp_path: Path, name: str) -> None:
    """T21"""
    make, expected = images.HOSTILE[name]
    (tmp_path / "photo").write_bytes(make())
    told = measured(tmp_path / "photo")
    assert told["child_mb"] < MAX_MEMORY_BYTES / 2**20
    assert told["parent_mb"] < _PARENT_MB
    assert told["child_cpu_seconds"] < MAX_CPU_SECONDS + _SLACK_SECONDS
    assert told["seconds"] < MAX_SECONDS + _SLACK_SECONDS
    assert (told["problem"] is None) == (expected == images.READ), told["problem"]
    assert all(is_bare_jpeg(bytes.fromhex(jpeg)) for _, _, jpeg in told["renditions"])
    assert len(told["renditions"]) == (2 if expected == images.READ else 0)


@pytest.mark.parametrize("name", images.EXIF)
def test_hostile_exif_tells_no_wrong_place(name: str) -> None:
    make, position = images.EXIF[name]
    told = decode(make())
    assert told.problem is None, "the pixels are good"
    assert told.position == position


@pytest.mark.thorough
def test_a_photo_that_never_ends_is_ended(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(images.jpeg_of_very_many_scans())
    told = measured(tmp_path / "photo")
    assert told["problem"] == "图片无法解码：超过 10 秒"
    assert told["child_cpu_seconds"] < MAX_CPU_SECONDS + _SLACK_SECONDS
    assert told["seconds"] < MAX_SECONDS + _SLACK_SECONDS
    assert told["child_mb"] < MAX_MEMORY_BYTES / 2**20


@pytest.mark.parametrize("kind", FORMATS)
def test_a_photo_cut_off_anywhere_is_told(kind: str) -> None:
    whole = written(kind, exif=b"Exif\0\0" + tiff.block(inner={tiff.GPS_IFD: tiff.gps(24.95, 112.93)}))
    assert decode(whole).problem is None
    for percent in range(0, 97, 8):
        told = decode(whole[: len(whole) * percent // 100])
        assert told.problem is not None, percent
        assert told.renditions == ()


@given(
    where=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=12),
    kind=st.sampled_from(FORMATS),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_bytes_changed_anywhere_end_in_an_answer(where: list[tuple[float, int]], kind: str) -> None:
    data = bytearray(written(kind))
    for part, value in where:
        data[int(part * len(data))] = value
    told = decode(bytes(data))
    assert (told.problem is None) == (len(told.renditions) == 2)


@given(st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000))
@settings(max_examples=25, deadline=None)
def test_any_position_is_read_as_written(latitude_e7: int, longitude_e7: int) -> None:
    entries = [
        tiff.text(1, "S" if latitude_e7 < 0 else "N"),
        tiff.rationals(2, (abs(latitude_e7), 10_000_000), (0, 1), (0, 1)),
        tiff.text(3, "W" if longitude_e7 < 0 else "E"),
        tiff.rationals(4, (abs(longitude_e7), 10_000_000), (0, 1), (0, 1)),
    ]
    told = decode(written("JPEG", exif=b"Exif\0\0" + tiff.block(inner={tiff.GPS_IFD: entries})))
    assert told.position == (latitude_e7, longitude_e7)


_TRIES = """
import json, os, socket, subprocess
from server.media.decoder import give_up_rights
give_up_rights(0)
def tried(what):
    try:
        what()
    except BaseException as error:
        return type(error).__name__
    return "done"
print(json.dumps({
    "socket": tried(lambda: socket.socket()),
    "read": tried(lambda: open("/etc/passwd").read()),
    "write": tried(lambda: open("/tmp/evil", "w")),
    "start": tried(lambda: os.fork()),
    "copy": tried(lambda: os.dup(0)),
    "memory": tried(lambda: bytearray(600_000_000)),
    "raise": tried(lambda: __import__("resource").setrlimit(7, (99, 99))),
    "root again": tried(lambda: os.setuid(0)),
    "uid": os.getuid(),
}))
"""


def test_the_child_can_reach_nothing() -> None:
    """No socket, no file, no process, no memory beyond its own, and no way back."""
    done = subprocess.run([sys.executable, "-c", _TRIES], cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["uid"] == (65534 if os.getuid() == 0 else os.getuid())
    assert {told[name] for name in ("socket", "read", "write", "copy")} == {"OSError"}
    assert told["start"] == "BlockingIOError"
    assert told["memory"] == "MemoryError"
    assert told["raise"] == "ValueError"
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 100, "the parent keeps its own"
    if os.getuid() == 0:
        assert told["root again"] == "PermissionError"
