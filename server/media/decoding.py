"""Photos of strangers, decoded in a child process with limits, so that no photo can harm who reads it.

A child for each photo: see decisions/a-child-for-each-photo.md.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from server.media.limits import EDGES_PX, MAX_CPU_SECONDS, MAX_SECONDS
from server.media.rules import is_bare_jpeg, may_be_photo
from shared.coordinates import in_range_e7

_COMMAND = (sys.executable, "-I", "-m", "server.media.decoder")
_AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)  # each may take half a gigabyte
_MOST_ANSWER_BYTES = 16 * 1024 * 1024
_BROKEN = "图片无法解码：解码进程中止"
_NO_PHOTO = "图片无法解码：不是 JPEG、PNG、WebP 或 HEIC"
_TOO_SLOW = f"图片无法解码：超过 {MAX_CPU_SECONDS} 秒"
DIED = (_BROKEN, _TOO_SLOW)
"""What may have been the machine's fault, such as no memory or no time, and not the photo's."""


@dataclass(frozen=True)
class Rendition:
    jpeg: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Decoded:
    """`renditions`: large and small, none where `problem` says why. `position` is latitude and longitude in 1e-7 degree,
    as the photo says; `captured_at` is ISO, with an offset only where the photo tells one."""

    renditions: tuple[Rendition, ...] = ()
    problem: str | None = None
    position: tuple[int, int] | None = None
    captured_at: str | None = None
    map_datum: str = ""
    gps_date: str = ""
    make: str = ""
    model: str = ""


def decode(data: bytes) -> Decoded:
    if not may_be_photo(data):
        return Decoded(problem=_NO_PHOTO)
    with _AT_ONCE, _in_memory(data) as photo:
        child = subprocess.Popen(
            _COMMAND, stdin=photo, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", env={}
        )
        end = threading.Timer(MAX_SECONDS, child.kill)
        end.start()
        with child:  # waits for it; one that goes on talking is not listened to, and ends by that
            answer = cast(BinaryIO, child.stdout).read(_MOST_ANSWER_BYTES)
        end.cancel()
    return read_answer(answer, child.returncode)


@contextlib.contextmanager
def _in_memory(data: bytes) -> Iterator[BinaryIO]:
    """A file without a name or a place on the disk, so that nobody has to feed the child while it speaks."""
    with open(os.memfd_create("photo"), "w+b") as file:
        file.write(data)
        file.seek(0)
        yield file


def read_answer(answer: bytes, status: int | None) -> Decoded:
    """A child that a photo has taken over may say anything: what it says is checked like the photo itself."""
    facts: dict[str, Any] = {}
    try:
        line, _, rest = answer.partition(b"\n")
        told = json.loads(line)
        if "facts" in told:
            facts = _facts(told["facts"])
            line, _, rest = rest.partition(b"\n")
            told = json.loads(line)
        if "problem" in told:
            return Decoded(problem=str(told["problem"])[:200], **facts)
        return Decoded(_renditions(told["sizes"], rest), **facts)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Decoded(problem=_TOO_SLOW if status == -9 else _BROKEN, **facts)


def _facts(told: Any) -> dict[str, Any]:
    latitude, longitude = told["latitude_e7"], told["longitude_e7"]
    placed = isinstance(latitude, int) and isinstance(longitude, int) and in_range_e7(latitude, longitude)
    texts = {name: str(told[name])[:64] for name in ("map_datum", "gps_date", "make", "model")}
    captured_at = told["captured_at"]
    return {
        "position": (latitude, longitude) if placed else None,
        "captured_at": None if captured_at is None else str(captured_at)[:40],
        **texts,
    }


def _renditions(sizes: Any, rest: bytes) -> tuple[Rendition, ...]:
    made, at = [], 0
    for (width, height, length), edge in zip(sizes, EDGES_PX, strict=True):
        jpeg = rest[at : at + length]
        at += length
        _refuse_unlike(jpeg, (width, height, length), edge)
        made.append(Rendition(jpeg, width, height))
    if at != len(rest):
        raise ValueError("more than was said")
    return tuple(made)


def _refuse_unlike(jpeg: bytes, told: tuple[Any, Any, Any], edge: int) -> None:
    if not all(isinstance(number, int) and number > 0 for number in told):
        raise ValueError("no sizes")
    if max(told[:2]) > edge or not is_bare_jpeg(jpeg):
        raise ValueError("no rendition")
