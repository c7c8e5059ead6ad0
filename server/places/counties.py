"""Counties of a file: their codes held against GB/T 2260 as it stands, their ground against the ground in force."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places.columns import find
from server.places.drafts import Draft, Findings
from server.places.features import Place
from server.places.measuring import area_km2
from server.places.rules import prefecture_of
from server.places.standing import Standing

_ZONE_CODES = range(71, 80)
_OVERLAP_KM2, _OVERLAP_SHARE = 1.0, 0.01
_NOTHING_DEGREES2 = 1e-9  # ten square metres


@dataclass(frozen=True)
class CodeTable:
    """Names by code: prefectures and provinces as the version in force has them, and the codes that are no counties."""

    prefectures: Mapping[str, str]
    provinces: Mapping[str, str]
    aliases: Mapping[str, str]


def code_table(session: Session, version: str) -> CodeTable:
    groups = session.execute(
        text(
            "SELECT DISTINCT prefecture_code, prefecture_name, province_code, province_name FROM xiangye.county WHERE boundary_version = :version"
        ),
        {"version": version},
    ).all()
    aliases = session.execute(text("SELECT code, name_zh, kind, current_code, note FROM xiangye.county_alias")).all()
    return CodeTable(
        {row.prefecture_code: row.prefecture_name for row in groups},
        {row.province_code: row.province_name for row in groups},
        {row.code: _alias_words(row.name_zh, row.kind, row.current_code, row.note) for row in aliases},
    )


def identify(drafts: Sequence[Draft], at: Standing, table: CodeTable, since: date, findings: Findings) -> list[Place]:
    """Places by code, in the order of the file; what is wrong goes to `findings`."""
    found: dict[str, tuple[Draft, Place]] = {}
    for draft in drafts:
        code = digits(draft.code)
        wrong = _wrong(code, draft, at, table)
        if wrong:
            findings.problems.append(f"{draft}{wrong}")
        elif code in found:
            findings.problems.append(
                f"{draft}代码 {code} 重复，第 {found[code][0].no} 个要素已用（{found[code][0].name}）"
            )
        else:
            found[code] = (draft, _place(code, draft, at, table, since))
    return [place for _, place in found.values()]


def check_ground(places: Sequence[Place], before: Mapping[str, Place], findings: Findings) -> None:
    """A code keeps its ground or most of it; counties do not lie over each other."""
    for place in places:
        old = before.get(place.code)
        if old is not None and not _shares_ground(old.shape, place.shape):
            findings.problems.append(
                f"{place.code} {place.name_zh} 的图形与现行 {old.name_zh} 不在一处，代码与图形对不上"
            )
    _check_overlaps(places, findings)


def _shares_ground(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    least = min(shapely.area(one), shapely.area(other))
    return bool(shapely.area(shapely.intersection(one, other)) > _OVERLAP_SHARE * least)


def check_carried(
    places: Sequence[Place], carried: Mapping[str, BaseGeometry], names: Mapping[str, str], findings: Findings
) -> None:
    """Against the counties that the file does not have. Finer borders always overlap older ones a little."""
    little = 0.0
    tree, codes = shapely.STRtree(list(carried.values())), list(carried)
    for place in places:
        for n in tree.query(place.shape, predicate="intersects"):
            shared = area_km2(shapely.intersection(place.shape, carried[codes[n]]))
            if shared > 0.5 * area_km2(carried[codes[n]]):
                findings.problems.append(
                    f"{place.code} {place.name_zh} 盖住了沿用的 {codes[n]} {names[codes[n]]} 的一半以上（{shared:.1f} km²）；"
                    f"若该县已撤销，请加 --gone {codes[n]}"
                )
            else:
                little += shared
    if little > 0.01:
        findings.told.append(f"与沿用的邻县共重叠 {little:.2f} km²（新旧界线粗细不同所致）；重叠处归代码较小的县")


def _check_overlaps(places: Sequence[Place], findings: Findings) -> None:
    tree, little = shapely.STRtree([place.shape for place in places]), 0.0
    for n, place in enumerate(places):
        for m in sorted(tree.query(place.shape, predicate="intersects")):
            if m <= n:
                continue
            other, common = places[m], shapely.intersection(place.shape, places[m].shape)
            if shapely.area(common) < _NOTHING_DEGREES2:  # neighbours share their border
                continue
            shared = area_km2(common)
            least = min(area_km2(one.shape) for one in (place, other) if one.shape is not None)
            if shared > min(_OVERLAP_KM2, _OVERLAP_SHARE * least):
                findings.problems.append(
                    f"{place.code} {place.name_zh} 与 {other.code} {other.name_zh} 重叠 {shared:.2f} km²，县级行政区不能重叠"
                )
            else:
                little += shared
    if little > 0.01:
        findings.told.append(f"文件内的县之间有零碎重叠共 {little:.2f} km²；重叠处归代码较小的县")


def check_province(places: Sequence[Place], table: CodeTable, home: str, findings: Findings) -> None:
    """A layer that has none of the home province's counties is another's; one that has some may have others too."""
    grouped: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        grouped[place.code[:2]].append(place)
    words = "，".join(
        f"{table.provinces.get(code + '0000', code)} {len(group)} 个县（{sum(area_km2(one.shape) for one in group):,.0f} km²）"
        for code, group in sorted(grouped.items(), key=lambda one: -len(one[1]))
    )
    if home not in grouped:
        findings.problems.append(f"不是本省（{table.provinces.get(home + '0000', home)}）的图层：{words}")
    elif len(grouped) > 1:
        findings.told.append(f"含外省的县：{words}")


def digits(written: str) -> str:
    """Without the country's prefix, and without the zeros of a code of twelve digits."""
    if re.fullmatch(r"156\d{6}", written):
        return written[3:]
    return written[:6] if re.fullmatch(r"\d{6}0{6}", written) else written


def _wrong(code: str, draft: Draft, at: Standing, table: CodeTable) -> str | None:
    if not code:
        return "没有代码"
    if code in at.names:
        return _wrong_name(code, draft.name, at)
    if not re.fullmatch(r"\d{6}", code):
        return f"代码 {code!r} 不是 GB/T 2260 的六位数字"
    if code in table.aliases:
        return table.aliases[code]
    if code[:2] + "0000" not in table.provinces:
        return f"代码 {code} 的前两位不是任何省级行政区"
    if code.endswith("00"):
        return f"代码 {code} 是省级或地级的代码，不是县级"
    if int(code[4:]) in _ZONE_CODES:
        return f"代码 {code} 是统计用区（71–79），不是 GB/T 2260 的县级行政区"
    if code[:4] + "00" not in table.prefectures and not find(list(draft.fields), "prefecture_name"):
        return f"代码 {code} 所属的地级 {code[:4]}00 不在现行代码表中；请加一列 prefecture_name 写明"
    return None if draft.name else "是新的代码，但没有名称"


def _wrong_name(code: str, name: str, at: Standing) -> str | None:
    """A new name is a renaming; the name of another county is a mistake."""
    if not name or name == at.names[code]:
        return None
    others = [other for other, known in at.names.items() if known == name and other[:2] == code[:2]]
    if others and name not in ("市辖区",):
        return f"代码 {code} 是{at.names[code]}的，名称却是{name}（其代码是 {others[0]}）"
    return None


def _place(code: str, draft: Draft, at: Standing, table: CodeTable, since: date) -> Place:
    """Of a new code; that of a known one is filled from the version before."""
    name = draft.name or at.names[code]
    if code in at.names:
        return Place(code, name, draft.shape)
    province = table.provinces[code[:2] + "0000"]
    prefecture_code, prefecture_name = prefecture_of(code, province, table.prefectures)
    column = find(list(draft.fields), "prefecture_name")
    if prefecture_code not in table.prefectures and column:
        prefecture_name = draft.fields[column] or prefecture_name
    groups = {
        "prefecture_code": prefecture_code,
        "prefecture_name": prefecture_name,
        "province_code": code[:2] + "0000",
        "province_name": province,
        "valid_from": since.isoformat(),
    }
    return Place(code, name, draft.shape, properties=groups)


def completed(places: Sequence[Place], before: Mapping[str, Place]) -> list[Place]:
    """With the prefecture and province of the version before, where the code was known to it."""
    return [
        replace(place, properties=before[place.code].properties, status="verified")
        if place.code in before
        else replace(place, status="verified")
        for place in places
    ]


def _alias_words(name: str, kind: str, current: str | None, note: str | None) -> str:
    if kind == "zone":
        return f"代码是统计用区 {name} 的，从来不是县级行政区"
    return f"代码是已停用的（{name}），" + (f"现为 {current}" if current else f"没有唯一对应的现行县（{note}）")
