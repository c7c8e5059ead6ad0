"""A point of a track, as it is stored and as it travels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mobile.device.ports import Fix
from shared.clock import CHINA


@dataclass(frozen=True)
class TrackPoint:
    """Time in ms since the epoch, 1e-7 degree, accuracy in cm, altitude in dm; `leg` counts up at each pause."""

    leg: int
    t_ms: int
    lon_e7: int
    lat_e7: int
    accuracy_cm: int | None
    altitude_dm: int | None

    @classmethod
    def of(cls, fix: Fix, leg: int) -> "TrackPoint":
        return cls(
            leg,
            int(fix.at.timestamp() * 1000),
            fix.longitude_e7,
            fix.latitude_e7,
            None if fix.accuracy_m is None else round(fix.accuracy_m * 100),
            None if fix.altitude_m is None else round(fix.altitude_m * 10),
        )

    @property
    def degrees(self) -> tuple[float, float]:
        return self.lon_e7 / 1e7, self.lat_e7 / 1e7

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.t_ms / 1000, CHINA)

    def as_wire(self) -> list[Any]:
        return [self.t_ms, self.lon_e7, self.lat_e7, self.accuracy_cm, self.altitude_dm]
