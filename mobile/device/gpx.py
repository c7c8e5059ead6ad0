"""Reads the track points of a GPX file: time, position, altitude, accuracy."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from mobile.device.ports import DeviceFailure, Fix
from shared.clock import parse_aware
from shared.coordinates import in_range_e7, to_e7

MAX_BYTES = 50_000_000
METRES_PER_HDOP = 5.0
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def read_gpx(path: Path) -> list[Fix]:
    """Oldest first. DeviceFailure names the file and what is wrong with it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DeviceFailure(f"GPX 文件过大：{path}")
        fixes = sorted(_fixes(_Reader().read(path.read_bytes())), key=lambda fix: fix.at)
    except (OSError, expat.ExpatError, ValueError) as error:
        raise DeviceFailure(f"无法读取 GPX 文件 {path}：{error}") from error
    if not fixes:
        raise DeviceFailure(f"GPX 文件中没有带时间的轨迹点：{path}")
    return fixes


class _Reader:
    """Expat with entities refused: a GPX needs none, and a hostile one lives off them."""

    def __init__(self) -> None:
        self.points: list[dict[str, str]] = []
        self._open: dict[str, str] | None = None
        self._text = ""

    def read(self, data: bytes) -> list[dict[str, str]]:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse
        parser.Parse(data, True)
        return self.points

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._text = ""
        if _local(name) in ("trkpt", "wpt", "rtept"):
            self._open = {"lat": attributes.get("lat", ""), "lon": attributes.get("lon", "")}

    def _characters(self, text: str) -> None:
        self._text = (self._text + text)[-200:]

    def _end(self, name: str) -> None:
        if self._open is None:
            return
        if _local(name) == "trkpt":
            self.points.append(self._open)
        if _local(name) in ("trkpt", "wpt", "rtept"):
            self._open = None
        else:
            self._open[_local(name)] = self._text.strip()


def _fixes(points: list[dict[str, str]]) -> Iterator[Fix]:
    for point in points:
        if "time" not in point:
            continue
        latitude, longitude = to_e7(point["lat"]), to_e7(point["lon"])
        if not in_range_e7(latitude, longitude):
            raise ValueError(f"坐标超出取值范围 {point['lat']}, {point['lon']}")
        yield Fix(latitude, longitude, _accuracy(point), parse_aware(point["time"]), _number(point.get("ele")))


def _accuracy(point: dict[str, str]) -> float | None:
    """Metres as an extension says (accuracy), else estimated from hdop, else unknown."""
    said = _number(point.get("accuracy"))
    hdop = _number(point.get("hdop"))
    return said if said is not None else None if hdop is None else hdop * METRES_PER_HDOP


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None


def _local(name: str) -> str:
    return name.rsplit(":", 1)[-1]


def _refuse(*_: object) -> None:
    raise ValueError("实体声明不被允许")
