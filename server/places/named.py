"""Named places of a file: matched with the register by code or name, new ones under a code of their own."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import shapely

from server.places.columns import find, nearest, number
from server.places.drafts import Draft, Findings
from server.places.features import Place, filled
from server.places.matching_names import NameTable, plain

_PREFIX: Mapping[str, str] = {
    "protected_area": "PA",
    "priority_area": "BPA",
    "river_section": "RS",
    "location": "LOC",
}
_STATUS: Mapping[str, str] = {
    "verified": "verified",
    "已核实": "verified",
    "unverified": "unverified",
    "未核实": "unverified",
}
_COLUMNS = ("level", "category", "note", "county_codes", "area_ha", "status")


def identify(kind: str, drafts: Sequence[Draft], table: NameTable, home: str, findings: Findings) -> list[Place]:
    """Several lines of one river section are one place; of any other kind the same place twice is a problem."""
    found: dict[str, tuple[Draft, Place]] = {}
    for draft in drafts:
        code = _code(kind, draft, table, home, findings)
        if code is None:
            continue
        place = _place(code, draft, table, findings)
        if code not in found:
            found[code] = (draft, place)
        elif kind == "river_section" and _dimension(place) == _dimension(found[code][1]):
            found[code] = (found[code][0], _joined(found[code][1], place))
        else:
            findings.problems.append(
                f"{draft}与第 {found[code][0].no} 个要素是同一{'代码' if draft.code else '名称'}（{code}）；多片请合并为一个要素"
            )
    return [place for _, place in found.values()]


def completed(places: Sequence[Place], before: Mapping[str, Place], source: str | None, file: str) -> list[Place]:
    """With what the register knows. A file whose source is named is vouched for; without one nothing gets surer."""
    done = []
    for place in places:
        known = before.get(place.code)
        status = place.status or ("verified" if source else known.status if known else "unverified")
        new = place if known is None else filled(known, place)
        done.append(replace(new, source=source or file, status=status))
    return done


def _code(kind: str, draft: Draft, table: NameTable, home: str, findings: Findings) -> str | None:
    matched = table.match(draft.code, draft.name)
    if matched is not None:
        if draft.code != matched:
            findings.told.append(f"{draft}按名称对应到登记的 {matched} {table.names[matched]}")
        return matched
    if kind == "grid":
        if not draft.code:
            findings.problems.append(f"{draft}没有网格代码")
        return draft.code or None
    if not draft.name:
        findings.problems.append(f"{draft}没有名称")
        return None
    code = draft.code or f"{_PREFIX[kind]}-{home}-{hashlib.sha256(plain(draft.name).encode()).hexdigest()[:8]}"
    close = nearest(draft.name, list(table.names.values()))
    findings.told.append(
        f"{draft}不在登记中，作为新的 {code} 载入" + (f"；登记中相近的有 {'、'.join(close)}" if close else "")
    )
    return code


def _place(code: str, draft: Draft, table: NameTable, findings: Findings) -> Place:
    columns = list(draft.fields)
    used = {name: find(columns, name) for name in _COLUMNS}
    written = {name: draft.fields[column] if column else "" for name, column in used.items()}
    spent = {column for column in used.values() if column} | {
        column for column, cell in draft.fields.items() if cell in (draft.code, draft.name)
    }
    return Place(
        code,
        draft.name or table.names.get(code, code),
        draft.shape,
        county_codes=_counties(draft, written["county_codes"], findings),
        area_ha=_area(draft, written["area_ha"], findings),
        status=_status(draft, written["status"], findings),
        properties={column: cell for column, cell in draft.fields.items() if cell and column not in spent},
        level=written["level"] or None,
        category=written["category"] or None,
        note=written["note"] or None,
    )


def _counties(draft: Draft, written: str, findings: Findings) -> tuple[str, ...]:
    codes = [code for code in re.split(r"[\s;,；，、]+", written) if code]
    odd = [code for code in codes if not re.fullmatch(r"\d{6}", code)]
    if odd:
        findings.problems.append(f"{draft}的县代码 {'、'.join(odd)} 不是六位数字")
    return tuple(sorted(set(codes)))


def _area(draft: Draft, written: str, findings: Findings) -> float | None:
    try:
        return number(written)
    except ValueError:
        findings.problems.append(f"{draft}的面积 {written!r} 不是大于零的数字")
        return None


def _status(draft: Draft, written: str, findings: Findings) -> str:
    """Blank where the file says nothing."""
    if written and written not in _STATUS:
        findings.problems.append(f"{draft}的核实情况 {written!r} 应为 verified（已核实）或 unverified（未核实）")
    return _STATUS.get(written, "")


def _dimension(place: Place) -> int:
    return int(shapely.get_dimensions(place.shape))


def _joined(one: Place, other: Place) -> Place:
    return replace(one, shape=shapely.union_all([one.shape, other.shape]))
