"""The survey profile: outline, wording and limits of the report, as data."""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("profiles")
DEFAULT = "hunan-county/1"


@dataclass(frozen=True)
class Outline:
    """A chapter or annex; `no_data` is what it says when nothing fills it."""

    key: str
    title: str
    no_data: str | None = None


@dataclass(frozen=True)
class Profile:
    id: str
    title: str
    status_zh: str
    chapters: tuple[Outline, ...]
    annexes: tuple[Outline, ...]
    flagships: frozenset[str]
    completeness_floor_percent: int
    completeness_floor_zh: str
    basis: tuple[str, ...]
    references: tuple[str, ...]


def load_profile(profile_id: str = DEFAULT) -> Profile:
    data = json.loads((FOLDER / f"{profile_id.replace('/', '-')}.json").read_text(encoding="utf-8"))
    return Profile(
        data["id"],
        data["title"],
        data["status_zh"],
        tuple(Outline(**one) for one in data["chapters"]),
        tuple(Outline(**one) for one in data["annexes"]),
        frozenset(data["flagships"]),
        data["completeness_floor_percent"],
        data["completeness_floor_zh"],
        tuple(data["basis"]),
        tuple(data["references"]),
    )
