"""Track points as they come in: they outlive the app, and stay after their walk was closed into records, unless these were sealed."""

import sqlite3
from collections.abc import Sequence

from mobile.store.database import Database
from mobile.tracking.point import TrackPoint


class Tracks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event_id: str, points: Sequence[TrackPoint]) -> None:
        with self._database.transaction() as connection:
            connection.executemany(
                "insert or ignore into track_point values (?, ?, ?, ?, ?, ?, ?)",
                [(event_id, p.leg, p.t_ms, p.lon_e7, p.lat_e7, p.accuracy_cm, p.altitude_dm) for p in points],
            )

    def points(self, event_id: str) -> list[TrackPoint]:
        rows = self._database.rows("select * from track_point where event_id = ? order by leg, t_ms", (event_id,))
        return [
            TrackPoint(r["leg"], r["t_ms"], r["lon_e7"], r["lat_e7"], r["accuracy_cm"], r["altitude_dm"]) for r in rows
        ]

    def forget(self, connection: sqlite3.Connection, event_id: str) -> None:
        connection.execute("delete from track_point where event_id = ?", (event_id,))
