"""Where a point lies, what a code means, and the shapes to draw.

Every answer comes from the layers in force now, or on the day that `on` names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import ColumnElement, event, func, or_, select, text
from sqlalchemy.orm import Session, SessionTransaction

from server.places import stamping
from server.places.grid import GRID_LABEL, GridCell, cells_of, share_cells
from server.places.model import BoundaryVersion, CountyAlias, CountyRow, NamedPlace
from server.places.raster_sampling import with_samples
from server.places.rules import Alias, County, Stamp
from server.settings import from_environment
from shared.problems import Problem

IN_FORCE_LOCK = "xiangye.places.in_force"
"""Advisory: shared by whoever stamps, exclusive for whoever puts a layer in force, so that no record is stamped by one that
ends under it."""
_HELD = "xiangye.places.in_force"
"""Of a session, while it holds the layers in force: what it was told of them; None where it may change them itself."""


class UnknownCounty(Problem):
    """A code that no county bears and that no single county took over."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__("county_unknown", detail, county_code=code)


class BoundariesMissing(Problem):
    """Without boundaries every point would be stamped as lying nowhere, so nothing is stamped at all."""

    def __init__(self, on: date | None = None) -> None:
        told = "尚未载入县级边界；请先运行 xiangye places load"
        super().__init__("boundaries_missing", told if on is None else f"没有在 {on} 有效的县级边界")


@dataclass(frozen=True)
class CountyShape:
    """`shape` in WGS84 degrees."""

    county: County
    shape: MultiPolygon


_COLUMNS = "code, name_zh, prefecture_code, prefecture_name, province_code, province_name, boundary_version"


def hold_in_force(session: Session) -> None:
    """Until the transaction ends, no layer is put in force. To be taken before any row that a restamping may change."""
    if _HELD not in session.info:
        session.execute(select(func.pg_advisory_xact_lock_shared(func.hashtext(IN_FORCE_LOCK))))
        session.info[_HELD] = {}


def hold_all_layers(session: Session) -> None:
    """Until the transaction ends, nobody else stamps."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(IN_FORCE_LOCK))))
    session.info[_HELD] = None  # it may itself put one in force: what it was told before need not hold


@event.listens_for(Session, "after_transaction_end")
def _let_go(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_HELD, None)


@event.listens_for(Session, "after_soft_rollback")
def _taken_back(session: Session, _transaction: SessionTransaction) -> None:
    session.info.pop(_HELD, None)  # with the lock, if it was taken since the savepoint


def layers_in_force(session: Session, on: date | None = None) -> dict[str, stamping.Version]:
    """The layer of each kind that has one; asked once by who holds those in force."""
    held: dict[date | None, dict[str, stamping.Version]] | None = session.info.get(_HELD)
    if held is None:
        return _read_in_force(session, on)
    if on not in held:
        held[on] = _read_in_force(session, on)
    return held[on]


def _read_in_force(session: Session, on: date | None) -> dict[str, stamping.Version]:
    row = BoundaryVersion
    valid: tuple[ColumnElement[bool], ...] = (row.valid_to.is_(None),)
    if on is not None:
        valid = (or_(row.valid_from.is_(None), row.valid_from <= on), or_(row.valid_to.is_(None), row.valid_to > on))
    found = session.execute(select(row.id, row.kind, row.digest, row.loaded_at).where(*valid))
    return {version.kind: version for version in map(stamping.Version._make, found)}


def versions_on(session: Session, on: date | None = None) -> dict[str, str]:
    """Id of the layer of each kind that has one."""
    return {kind: version.id for kind, version in layers_in_force(session, on).items()}


def boundary_version(session: Session, on: date | None = None) -> str:
    """Id of the county boundaries."""
    return _counties_in_force(layers_in_force(session, on), on).id


def grid_label(session: Session, on: date | None = None) -> str:
    """What has to stand beside the code of a cell."""
    version = layers_in_force(session, on).get("grid")
    row = None if version is None else session.get(BoundaryVersion, version.id)
    return GRID_LABEL if row is None else row.label or row.source


def stamp_many(
    session: Session,
    points: Sequence[tuple[str, float, float]],
    home_province: str | None = None,
    *,
    on: date | None = None,
    sampled: bool = True,
) -> dict[str, Stamp]:
    """Stamps by key of (key, longitude, latitude in WGS84 degrees). A point in no county, or on no earth, gets a stamp
    without county; on a shared border the lowest code wins. `home_province` is by default the setting's; rasters are read
    only where `sampled`."""
    hold_in_force(session)
    home = from_environment().home_province if home_province is None else home_province
    versions = layers_in_force(session, on)
    nowhere = Stamp(None, None, None, None, False, False, None, (), None, _counties_in_force(versions, on).id)
    x, y = np.array([point[1:] for point in points], dtype=np.float64).reshape(-1, 2).T
    possible = np.flatnonzero((np.abs(x) <= 180) & (np.abs(y) <= 90))
    made = stamping.stamps(session, versions, x[possible], y[possible], home) if len(possible) else []
    if sampled and made:
        made = with_samples(session, versions, made, x[possible], y[possible])
    found = dict(zip((points[i][0] for i in possible.tolist()), made, strict=True))
    return {key: found.get(key, nowhere) for key, _, _ in points}


def locate(session: Session, lon: float, lat: float, home_province: str | None = None) -> Stamp:
    return stamp_many(session, [("", lon, lat)], home_province)[""]


def _counties_in_force(versions: dict[str, stamping.Version], on: date | None) -> stamping.Version:
    if "county" not in versions:
        raise BoundariesMissing(on)
    return versions["county"]


def county(session: Session, code: str, on: date | None = None) -> County:
    """The county of a code, or of the code that took its place. UnknownCounty where there is none."""
    code = code.strip()
    found = _county(session, code, on)
    if found is not None:
        return found
    alias = session.get(CountyAlias, code)
    current = None if alias is None or alias.current_code is None else _county(session, alias.current_code, on)
    if alias is None or current is None:
        raise UnknownCounty(code, _why_unknown(session, code, alias))
    return replace(current, alias=Alias(**{name: getattr(alias, name) for name in Alias.__dataclass_fields__}))


def counties(session: Session, province: str = "43", on: date | None = None) -> list[County]:
    """Those of a province (two digits of GB/T 2260), by code."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM xiangye.county WHERE boundary_version = :version AND province_code = :province ORDER BY code"
        ),
        {"version": boundary_version(session, on), "province": f"{province}0000"},
    )
    return [County(**row) for row in rows.mappings()]


def county_shape(session: Session, code: str, on: date | None = None) -> MultiPolygon:
    """In WGS84 degrees."""
    return _shapes(session, on, "code = :code", code=county(session, code, on).code)[0].shape


def province_counties(session: Session, province: str = "43", on: date | None = None) -> list[CountyShape]:
    """What a map of the province draws, by code."""
    return _shapes(session, on, "province_code = :province", province=f"{province}0000")


def neighbours(session: Session, code: str, on: date | None = None) -> list[CountyShape]:
    """The counties that share a border with one, in whatever province, by code."""
    own = county(session, code, on).code
    return _shapes(
        session,
        on,
        """
        code <> :own AND ST_Intersects(geom, (
            SELECT geom FROM xiangye.county WHERE code = :own AND boundary_version = :version
        ))""",
        own=own,
    )


def grid_cells(session: Session, county_code: str, on: date | None = None) -> list[GridCell]:
    """The cells that a county has ground in, by code, each with the share of the cell that lies inside: those of the grid
    that was loaded, else our own of 10 km."""
    shape, grid = county_shape(session, county_code, on), layers_in_force(session, on).get("grid")
    if grid is None:
        return list(cells_of(shape))
    west, south, east, north = shape.bounds
    rows = session.execute(
        select(NamedPlace.code, func.ST_AsBinary(NamedPlace.geom))
        .where(NamedPlace.kind == "grid", NamedPlace.boundary_version == grid.id)
        .where(func.ST_Dimension(NamedPlace.geom) == 2)
        .where(NamedPlace.geom.op("&&")(func.ST_MakeEnvelope(west, south, east, north, 4326)))
    )
    return list(share_cells(shape, {code: shapely.from_wkb(bytes(wkb)) for code, wkb in rows}))


def _county(session: Session, code: str, on: date | None) -> County | None:
    row = (
        session.execute(
            text(f"SELECT {_COLUMNS} FROM xiangye.county WHERE boundary_version = :version AND code = :code"),
            {"version": boundary_version(session, on), "code": code},
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


def _shapes(session: Session, on: date | None, condition: str, **values: str) -> list[CountyShape]:
    """`condition` is SQL of this module on columns of county; `values` are bound."""
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}, ST_AsBinary(geom) AS wkb FROM xiangye.county WHERE boundary_version = :version AND {condition} ORDER BY code"
        ),
        {"version": boundary_version(session, on), **values},
    )
    return [
        CountyShape(
            County(**{name: value for name, value in row.items() if name != "wkb"}), shapely.from_wkb(bytes(row["wkb"]))
        )
        for row in rows.mappings()
    ]
