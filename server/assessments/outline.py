"""The outline, wording and drivers of the assessment, as data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.baselines.survey_profile import Outline, Profile

FOLDER = Path(__file__).with_name("profiles")
DEFAULT = "hunan-five-year/1"


@dataclass(frozen=True)
class Driver:
    """A pressure on biodiversity. `findings`: types of patrol findings that tell of it; `missing`: what else it would take."""

    name: str
    findings: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class Outlines:
    """`profile` is the part that both compilers understand; `map_breaks`: upper ends of the classes of the map of records.

    `method_groups`: the groups that a method looks for, where its visits do not say.
    """

    profile: Profile
    drivers: tuple[Driver, ...]
    map_breaks: tuple[int, ...]
    method_groups: Mapping[str, tuple[str, ...]]
    methods: tuple[str, ...]
    uncertainty: tuple[str, ...]


def load_outlines(outline_id: str = DEFAULT) -> Outlines:
    data = json.loads((FOLDER / f"{outline_id.replace('/', '-')}.json").read_text(encoding="utf-8"))
    chapters, annexes = (tuple(Outline(**one) for one in data[name]) for name in ("chapters", "annexes"))
    profile = Profile(
        id=data["id"],
        title=data["title"],
        status_zh=data["status_zh"],
        chapters=chapters,
        annexes=annexes,
        flagships=frozenset(data["flagships"]),
        completeness_floor_percent=data["completeness_floor_percent"],
        completeness_floor_zh=data["completeness_floor_zh"],
        basis=tuple(data["basis"]),
        references=tuple(data["references"]),
    )
    drivers = tuple(Driver(one["name"], tuple(one["findings"]), one["missing"]) for one in data["drivers"])
    return Outlines(
        profile=profile,
        drivers=drivers,
        map_breaks=tuple(data["map_breaks"]),
        method_groups={method: tuple(groups) for method, groups in data["method_groups"].items()},
        methods=tuple(data["methods"]),
        uncertainty=tuple(data["uncertainty"]),
    )
