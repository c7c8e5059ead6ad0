"""Zones of protected areas: which of the two zonings a zone belongs to, and whose it is."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from server.places.columns import nearest, required
from server.places.drafts import Draft, Findings
from server.places.features import Place
from server.places.matching_names import NameTable

THREE, TWO = "core_buffer_experimental", "core_general"
SCHEMES: Mapping[str, str] = {THREE: "核心区/缓冲区/实验区（旧）", TWO: "核心保护区/一般控制区（新）"}
_ZONES: Mapping[str, tuple[str, str]] = {
    "核心区": (THREE, "core"),
    "缓冲区": (THREE, "buffer"),
    "实验区": (THREE, "experimental"),
    "核心保护区": (TWO, "core_protection"),
    "一般控制区": (TWO, "general_control"),
}


def identify(
    file: str, drafts: Sequence[Draft], columns: Sequence[str], areas: NameTable, findings: Findings
) -> list[Place]:
    """Every zone names its protected area, by code or by name, and one of the five zones."""
    parent, zone = required(file, columns, "parent", None, None), required(file, columns, "zone", None, None)
    places: list[Place] = []
    for draft in drafts:
        area, wrong = _area(draft.fields[parent], areas)
        known = next((one for one in sorted(_ZONES, key=len, reverse=True) if one in draft.fields[zone]), None)
        if known is None:
            wrong = wrong or f"分区 {draft.fields[zone]!r} 不是 {'、'.join(_ZONES)} 之一"
        if wrong or known is None:
            findings.problems.append(f"{draft}{wrong}")
            continue
        scheme, category = _ZONES[known]
        name = f"{areas.names[area]}{known}"
        places.append(
            Place(draft.code, name, draft.shape, parent_code=area, scheme=scheme, category=category, status="")
        )
    _check_schemes(places, areas, findings)
    return _numbered(places)


def _area(written: str, areas: NameTable) -> tuple[str, str | None]:
    code = areas.match(written, written)
    if code is not None:
        return code, None
    close = nearest(written, list(areas.names.values()))
    return "", f"所属保护地 {written!r} 不在登记中" + (f"；相近的有 {'、'.join(close)}" if close else "")


def _check_schemes(places: Sequence[Place], areas: NameTable, findings: Findings) -> None:
    used: dict[str, set[str]] = defaultdict(set)
    for place in places:
        used[place.parent_code or ""].add(place.scheme or "")
    for code, schemes in sorted(used.items()):
        if len(schemes) > 1:
            both = "与".join(SCHEMES[one] for one in sorted(schemes))
            findings.problems.append(f"{code} {areas.names[code]} 同时有{both}两种分区；请分作两个版本载入")


def _numbered(places: Sequence[Place]) -> list[Place]:
    """Codes of our own where the file has none: the area's, the zone, and a number for its second and further part."""
    named: dict[str, Place] = {}
    for place in places:
        stem = place.code or f"{place.parent_code}/{place.category}"
        numbered = (f"{stem}-{number}" for number in itertools.count(2))
        code = next(one for one in itertools.chain([stem], numbered) if one not in named)
        named[code] = replace(place, code=code)
    return list(named.values())


def check_owners(places: Sequence[Place], before: Mapping[str, Place], areas: NameTable, findings: Findings) -> None:
    """Files that number their zones 1, 2, 3 would take each other's."""
    for place in places:
        owner = before[place.code].parent_code if place.code in before else place.parent_code
        if owner is not None and owner != place.parent_code:
            findings.problems.append(
                f"{place.name_zh}的代码 {place.code} 已是{areas.names.get(owner, owner)}的分区所用；请改用全省不重复的代码，或去掉代码列"
            )
