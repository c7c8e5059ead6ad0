"""A photo whose original lies, untouched and named by its SHA-256, in the tablet's folder."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class KeptPhoto:
    """`taken_at` is the tablet's time of taking it, `captured_at` the photo's own; places as on the wire, or None."""

    sha256: str
    byte_count: int
    media_type: str
    file_name: str
    taken_at: str
    captured_at: str | None
    exif_place: dict[str, int] | None
    tablet_place: dict[str, Any] | None
    warning: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "KeptPhoto":
        return cls(**value)
