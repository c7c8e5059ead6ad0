"""Named places by kind, name, code and day: what `places list` shows and a report may quote."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places import queries
from server.places.features import KINDS


@dataclass(frozen=True)
class NamedPlaceView:
    """`has_boundary` is False for what only the register knows; `km2` and `km` measure the boundary, `area_ha` is as registered."""

    kind: str
    code: str
    name_zh: str
    parent_code: str | None
    level: str | None
    category: str | None
    scheme: str | None
    county_codes: list[str]
    area_ha: float | None
    has_boundary: bool
    km2: float | None
    km: float | None
    extent: list[float] | None
    status: str
    source: str
    note: str | None
    properties: dict[str, Any]
    boundary_version: str

    def line(self) -> str:
        size = "仅登记，无边界" if not self.has_boundary else ""
        size = f"{self.km2:.2f} km²" if self.km2 is not None else f"{self.km:.1f} km" if self.km is not None else size
        status = "" if self.status == "verified" else "未核实"
        return "  ".join(part for part in (self.code, self.name_zh, KINDS[self.kind], size, status) if part)


_FIND = text("""
    SELECT p.kind, p.code, p.name_zh, p.parent_code, p.level, p.category, p.scheme, p.county_codes, CAST(p.area_ha AS float8) AS area_ha,
        p.geom IS NOT NULL AS has_boundary,
        CASE WHEN ST_Dimension(p.geom) = 2 THEN ST_Area(p.geom::geography) / 1e6 END AS km2,
        CASE WHEN ST_Dimension(p.geom) = 1 THEN ST_Length(p.geom::geography) / 1e3 END AS km,
        CASE WHEN p.extent IS NOT NULL THEN ARRAY[ST_XMin(p.extent), ST_YMin(p.extent), ST_XMax(p.extent), ST_YMax(p.extent)] END AS extent,
        p.status, p.source, p.note, p.properties, p.boundary_version
    FROM xiangye.named_place p JOIN xiangye.boundary_version v ON v.id = p.boundary_version
    WHERE (CAST(:kind AS text) IS NULL OR p.kind = :kind)
        AND (CAST(:code AS text) IS NULL OR p.code = :code)
        AND (CAST(:name AS text) IS NULL OR strpos(p.name_zh, :name) > 0)
        AND (CAST(:parent AS text) IS NULL OR p.parent_code = :parent)
        AND CASE WHEN CAST(:day AS date) IS NULL THEN v.valid_to IS NULL
            ELSE coalesce(v.valid_from <= :day, true) AND coalesce(v.valid_to > :day, true) END
    ORDER BY p.kind, p.code
    """)


def find(
    session: Session,
    kind: str | None = None,
    *,
    code: str | None = None,
    name: str | None = None,
    parent: str | None = None,
    on: date | None = None,
) -> list[NamedPlaceView]:
    """By kind and code, of the versions in force, or of those that were on a day. `name` may be a part of it."""
    rows = session.execute(_FIND, {"kind": kind, "code": code, "name": name, "parent": parent, "day": on})
    return [NamedPlaceView(**row) for row in rows.mappings()]


@dataclass(frozen=True)
class VersionView:
    id: str
    kind: str
    label: str | None
    source: str
    file_name: str | None
    crs: str | None
    valid_from: date | None
    valid_to: date | None
    loaded_by: str

    def line(self) -> str:
        life = f"{self.valid_from or '一直'} … {self.valid_to or '现行'}"
        return "  ".join(part for part in (self.id, life, self.label, self.source, self.crs) if part)


@dataclass(frozen=True)
class CountyView:
    code: str
    name_zh: str
    prefecture_code: str
    prefecture_name: str
    boundary_version: str

    def line(self) -> str:
        return f"{self.code}  {self.prefecture_name}  {self.name_zh}"


def counties(
    session: Session, province: str, *, code: str | None = None, name: str | None = None, on: date | None = None
) -> list[CountyView]:
    """Those of a province, by code. A code that is no longer used leads to the county of today, or is refused in words."""
    if code is not None:
        code = queries.county(session, code, on).code
    return [
        CountyView(one.code, one.name_zh, one.prefecture_code, one.prefecture_name, one.boundary_version)
        for one in queries.counties(session, province, on)
        if (code is None or one.code == code) and (name is None or name in one.name_zh)
    ]


def versions(session: Session, kind: str | None = None) -> list[VersionView]:
    """Every version there ever was, by kind and the order they were loaded in."""
    rows = session.execute(
        text("""
        SELECT id, kind, label, source, file_name, crs, valid_from, valid_to, loaded_by FROM xiangye.boundary_version
        WHERE CAST(:kind AS text) IS NULL OR kind = :kind ORDER BY kind, loaded_at, id
        """),
        {"kind": kind},
    )
    return [VersionView(**row) for row in rows.mappings()]
