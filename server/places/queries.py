"""Where a point lies, what a code means, and the shapes to draw. Every answer comes from the boundaries in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from server.places.grid import GridCell, cells_of, grid_cell
from server.places.model import BoundaryVersion, CountyAlias, CountyRow
from server.places.rules import Alias, County, Stamp, is_uncertain, on_earth
from server.settings import from_environment
from shared.problems import Problem


class UnknownCounty(Problem):
    """A code that no county bears and that no single county took over."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__("county_unknown", detail, county_code=code)


class BoundariesMissing(Problem):
    """Without boundaries every point would be stamped as lying nowhere, so nothing is stamped at all."""

    def __init__(self) -> None:
        super().__init__("boundaries_missing", "尚未载入县级边界；请先运行 xiangye places load")


@dataclass(frozen=True)
class CountyShape:
    """`shape` in WGS84 degrees."""

    county: County
    shape: MultiPolygon


_COLUMNS = "code, name_zh, prefecture_code, prefecture_name, province_code, province_name, boundary_version"

# The distance is to the ring of the county itself. Outside all counties, one whose area comes within 0.01 degree is
# near enough to ask: no place of the layer is so far north that this falls below 500 m.
_STAMP = text("""
    WITH point AS (
        SELECT n, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS at
        FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS given (lon, lat, n)
    ), inside AS (
        SELECT DISTINCT ON (n) n, code, name_zh, prefecture_code, prefecture_name, geom
        FROM point JOIN xiangye.county ON boundary_version = :boundary_version AND ST_Intersects(geom, at)
        ORDER BY n, code
    )
    SELECT n, code, name_zh, prefecture_code, prefecture_name,
        CASE WHEN code IS NOT NULL THEN ST_Distance(ST_Boundary(geom)::geography, at::geography)
        ELSE (
            SELECT min(ST_Distance(near.geom::geography, at::geography)) FROM xiangye.county near
            WHERE near.boundary_version = :boundary_version AND near.geom && ST_Expand(at, 0.01)
        ) END AS distance
    FROM point LEFT JOIN inside USING (n)
    """)


def boundary_version(session: Session) -> str:
    """Id of the county boundaries in force."""
    found = session.scalar(
        select(BoundaryVersion.id).where(BoundaryVersion.kind == "county", BoundaryVersion.valid_to.is_(None))
    )
    if found is None:
        raise BoundariesMissing
    return found


def stamp_many(
    session: Session,
    points: Sequence[tuple[str, float, float]],
    home_province: str | None = None,
) -> dict[str, Stamp]:
    """Stamps by key of (key, longitude, latitude in WGS84 degrees). A point in no county, or on no earth, gets a stamp
    without county; on a shared border the lowest code wins. `home_province` is by default the setting's."""
    home = from_environment().home_province if home_province is None else home_province
    version = boundary_version(session)
    possible = [point for point in points if on_earth(point[1], point[2])]
    found = session.execute(
        _STAMP,
        {
            "lons": [lon for _, lon, _ in possible],
            "lats": [lat for _, _, lat in possible],
            "boundary_version": version,
        },
    )
    rows = {possible[row["n"] - 1][0]: row for row in found.mappings()}
    return {key: _stamp(rows.get(key), lon, lat, home, version) for key, lon, lat in points}


def locate(session: Session, lon: float, lat: float, home_province: str | None = None) -> Stamp:
    return stamp_many(session, [("", lon, lat)], home_province)[""]


def county(session: Session, code: str) -> County:
    """The county of a code, or of the code that took its place. UnknownCounty where there is none."""
    code = code.strip()
    found = _county(session, code)
    if found is not None:
        return found
    alias = session.get(CountyAlias, code)
    current = None if alias is None or alias.current_code is None else _county(session, alias.current_code)
    if alias is None or current is None:
        raise UnknownCounty(code, _why_unknown(session, code, alias))
    return replace(current, alias=Alias(**{name: getattr(alias, name) for name in Alias.__dataclass_fields__}))


def counties(session: Session, province: str = "43") -> list[County]:
    """Those of a province (two digits of GB/T 2260), by code."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM xiangye.county WHERE boundary_version = :version AND province_code = :province ORDER BY code"
        ),
        {"version": boundary_version(session), "province": f"{province}0000"},
    )
    return [County(**row) for row in rows.mappings()]


def county_shape(session: Session, code: str) -> MultiPolygon:
    """In WGS84 degrees."""
    return _shapes(session, "code = :code", code=county(session, code).code)[0].shape


def province_counties(session: Session, province: str = "43") -> list[CountyShape]:
    """What a map of the province draws, by code."""
    return _shapes(session, "province_code = :province", province=f"{province}0000")


def neighbours(session: Session, code: str) -> list[CountyShape]:
    """The counties that share a border with one, in whatever province, by code."""
    own = county(session, code).code
    return _shapes(
        session,
        """
        code <> :own AND ST_Intersects(geom, (
            SELECT geom FROM xiangye.county WHERE code = :own AND boundary_version = :version
        ))""",
        own=own,
    )


def grid_cells(session: Session, county_code: str) -> list[GridCell]:
    """The 10 km cells that a county has ground in, by code, each with the share of the cell that lies inside."""
    return list(cells_of(county_shape(session, county_code)))


def _stamp(row: RowMapping | None, lon: float, lat: float, home: str, version: str) -> Stamp:
    found: Mapping[str, Any] = {} if row is None else dict(row)
    code, distance = found.get("code"), found.get("distance")
    if distance is not None:
        distance = round(distance, 1)
    if code is None and not is_uncertain(distance):
        distance = None
    return Stamp(
        county_code=code,
        county_name=found.get("name_zh"),
        prefecture_code=found.get("prefecture_code"),
        prefecture_name=found.get("prefecture_name"),
        in_scope=code is not None and code.startswith(home),
        uncertain=is_uncertain(distance),
        distance_to_border_m=distance,
        areas=(),
        grid_cell=grid_cell(lon, lat),
        boundary_version=version,
    )


def _county(session: Session, code: str) -> County | None:
    row = (
        session.execute(
            text(f"SELECT {_COLUMNS} FROM xiangye.county WHERE boundary_version = :version AND code = :code"),
            {"version": boundary_version(session), "code": code},
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else County(**row)


def _why_unknown(session: Session, code: str, alias: CountyAlias | None) -> str:
    if alias is not None:
        what = "是统计用区代码，从来不是县级行政区" if alias.kind == "zone" else "是已停用的代码"
        return f"{code} {alias.name_zh}{what}，且没有唯一对应的现行县（{alias.note}）；请改用所在县的代码"
    group = session.execute(
        select(CountyRow.prefecture_name, CountyRow.province_name)
        .where((CountyRow.prefecture_code == code) | (CountyRow.province_code == code))
        .limit(1)
    ).first()
    if group is not None:
        name = group.province_name if code.endswith("0000") else group.prefecture_name
        return f"{code} 是{name}的代码，不是县级代码"
    return f"没有代码为 {code!r} 的县级行政区；县级代码是 GB/T 2260 的六位数字，例如 431022"


def _shapes(session: Session, condition: str, **values: str) -> list[CountyShape]:
    """`condition` is SQL of this module on columns of county; `values` are bound."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}, ST_AsBinary(geom) AS wkb FROM xiangye.county WHERE boundary_version = :version AND {condition} ORDER BY code"
        ),
        {"version": boundary_version(session), **values},
    )
    return [
        CountyShape(
            County(**{name: value for name, value in row.items() if name != "wkb"}), shapely.from_wkb(bytes(row["wkb"]))
        )
        for row in rows.mappings()
    ]
