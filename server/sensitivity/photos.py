"""Where and when photos say they were taken: as exact as a place, and kept like one."""

from sqlalchemy.orm import Session

from server.sensitivity import precise


def keep_position(
    session: Session, sha256: str, position: tuple[int, int] | None, captured_at: str | None, map_datum: str
) -> None:
    if position is None and captured_at is None:
        return
    latitude, longitude = position or (None, None)
    precise.keep_media_position(
        session,
        {
            "sha256": sha256,
            "latitude_e7": latitude,
            "longitude_e7": longitude,
            "captured_at": captured_at,
            "map_datum": map_datum,
        },
    )
