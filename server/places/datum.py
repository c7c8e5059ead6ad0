"""Whether a layer stands in WGS84 or in GCJ-02: measured against what is in force, decided by the user's word where given."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from server.places import shift
from server.places.counties import digits
from server.places.drafts import Draft, Findings
from server.places.standing import Standing, counties_near, outlines_near, places

_AROUND = 0.05


def in_wgs84(made: Sequence[Draft], datum: str | None, measured: shift.Measured, findings: Findings) -> list[Draft]:
    """The user's word decides, but not against a measurement that says otherwise. What cannot be taken is a problem."""
    if datum == "gcj02":
        if measured.offset is not None and not measured.is_gcj and not measured.is_unexplained:
            findings.problems.append(f"--datum 说是 GCJ-02，但没有测到这样的偏移：{measured.words}")
        findings.told.append(f"已由 GCJ-02 换算为 WGS84（换算前：{measured.words}）")
        return [replace(draft, shape=shift.corrected(draft.shape)) for draft in made]
    if datum is not None:
        findings.told.append(f"按 --datum {datum} 原样采用（{measured.words}）")
    elif measured.is_gcj:
        findings.problems.append(
            f"像是 GCJ-02（网络地图的加密坐标）：{measured.words}。"
            "若确是 GCJ-02，请加 --datum gcj02（换算为 WGS84 后载入）；若不是，请加 --datum wgs84 或 cgcs2000"
        )
    elif measured.is_unexplained:
        findings.problems.append(
            f"整体偏移不像 GCJ-02，原因不明（坐标系可能写错）：{measured.words}。确认无误请加 --datum wgs84 或 cgcs2000"
        )
    else:
        findings.told.append(measured.words)
    return list(made)


def measure_counties(session: Session, at: Standing, made: Sequence[Draft]) -> shift.Measured:
    """By the outlines of the same codes or, where a code is not known, of a name that one county alone bears."""
    by_name: dict[str, list[str]] = {}
    for code, name in at.names.items():
        by_name.setdefault(name, []).append(code)
    shapes: dict[str, BaseGeometry] = {}
    for draft in made:
        code, same_name = digits(draft.code), by_name.get(draft.name, [])
        if code in at.names:
            shapes[code] = draft.shape
        elif len(same_name) == 1:
            shapes[same_name[0]] = draft.shape
    known = places(session, at, list(shapes))
    return shift.measure_counties(shapes, {code: place.shape for code, place in known.items() if place.shape})


def measure_others(session: Session, kind: str, made: Sequence[Draft]) -> shift.Measured:
    """By the borders they may run along: of counties, of their own kind, of the areas that zones divide."""
    shapes = [draft.shape for draft in made]
    west, south, east, north = shapely.total_bounds(np.asarray(shapes, dtype=object))
    around = (west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND)
    known = list(counties_near(session, around).values())
    for other in ("protected_area", kind) if kind == "zone" else (kind,):
        known += outlines_near(session, other, around)
    return shift.measure_others(shapes, known)
