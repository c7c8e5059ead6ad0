"""Stamps many points at once out of the layers in force, equal to PostGIS to the point.

Layers are kept in the process by version and digest, so that a batch asks the database for nothing but the version numbers;
the shapes are fetched when a point first comes near them.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places.borders import Border
from server.places.grid import grid_cells_at
from server.places.label_raster import LabelRaster
from server.places.polygons import Boxes, Floats, Ints, Polygons, first_of, groups
from server.places.rules import NEAR_DEG, UNCERTAIN_WITHIN_M, Stamp

AREA_KINDS = ("protected_area", "priority_area")
POLYGON_KINDS = (*AREA_KINDS, "zone", "grid")
STAMPING_KINDS = ("county", *POLYGON_KINDS, "elevation", "land_cover")
_LAYERS_KEPT = 12  # the five of today, those of a day before, and two more; the counties of the country take 100 MB
_BORDERS_KEPT = 600
_RASTER_FROM = 200_000  # points asked for so far: the raster takes about as long to make as so many tests
_ALL_FROM = 400  # shapes wanted at once: then the whole layer comes in one go


class Version(NamedTuple):
    """A layer as it was loaded; two databases with the same digest of the same moment are copies of one."""

    id: str
    kind: str
    digest: str
    loaded_at: datetime


@dataclass(frozen=True)
class Unit:
    """What a stamp tells of a county."""

    code: str
    name: str
    prefecture_code: str
    prefecture_name: str


class Layer:
    """The polygons of one version, in the order of their codes."""

    def __init__(self, version: Version, units: Sequence[Unit], bounds: Floats) -> None:
        self.version, self.units = version, units
        self.codes = [unit.code for unit in units]
        self._boxes, self._near = Boxes(bounds), Boxes(bounds + np.array([-NEAR_DEG, -NEAR_DEG, NEAR_DEG, NEAR_DEG]))
        self._lock = threading.RLock()
        self._shapes: list[shapely.Geometry | None] = [None] * len(units)
        self._known = np.zeros(len(units), dtype=bool)
        self._polygons = Polygons(self._shapes, self._boxes)
        self._raster: LabelRaster | None = None
        self._asked = 0
        self._borders: OrderedDict[int, Border] = OrderedDict()

    def first(self, session: Session, x: Floats, y: Floats, extent: str = "") -> Ints:
        """The lowest polygon that holds each point, or -1. `extent`: codes that begin so bound the raster."""
        source = self._ready(session, x, y, extent)
        if isinstance(source, LabelRaster):
            return source.first(x, y)
        return first_of(len(x), *source.holding(x, y))

    def holding(self, session: Session, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """(point, polygon) of every polygon that a point lies in or on."""
        return self._ready(session, x, y, "").holding(x, y)

    def distances_m(self, session: Session, polygon: Ints, x: Floats, y: Floats, outside: bool = False) -> Floats:
        """To the ring of the polygon named for each point."""
        self._fetch(session, np.unique(polygon))
        found = np.empty(len(x))
        for one, some in groups(polygon):
            found[some] = self._border(one).distances_m(x[some], y[some], outside)
        return found

    def nearest_m(self, session: Session, x: Floats, y: Floats) -> Floats:
        """To the nearest polygon of those whose box is near, for points outside all of them; else not a number."""
        found = np.full(len(x), np.nan)
        point, polygon = self._near.around(x, y)
        if len(point):
            np.fmin.at(found, point, self.distances_m(session, polygon, x[point], y[point], outside=True))
        return found

    def _ready(self, session: Session, x: Floats, y: Floats, extent: str) -> Polygons | LabelRaster:
        self._asked += len(x)
        if self._raster is None and self._asked >= _RASTER_FROM:
            self._draw(session, extent)
        if self._raster is None or not self._known.all():
            self._fetch(session, np.unique(self._boxes.around(x, y)[1]))
        return self._raster or self._polygons

    def _draw(self, session: Session, extent: str) -> None:
        bounds = self._boxes.bounds
        wanted = np.array([code.startswith(extent) for code in self.codes], dtype=bool)
        if not wanted.any():
            return
        low, high = bounds[wanted, :2].min(axis=0), bounds[wanted, 2:].max(axis=0)
        with self._lock:
            self._fetch(session, np.arange(len(self.units)))
            self._raster = self._raster or LabelRaster(self._polygons, (low[0], low[1], high[0], high[1]))

    def _fetch(self, session: Session, wanted: Ints) -> None:
        if self._known[wanted].all():
            return
        with self._lock:
            new = wanted[~self._known[wanted]]
            if len(new) > _ALL_FROM:
                new = np.flatnonzero(~self._known)
            codes = [self.codes[one] for one in new]
            rows = session.execute(text(_SHAPES[self.version.kind == "county"]), {**self._key, "codes": codes})
            found = {code: shapely.from_wkb(bytes(wkb)) for code, wkb in rows}
            for one, code in zip(new, codes, strict=True):
                self._shapes[one] = found[code]
            self._polygons = Polygons(self._shapes, self._boxes)
            self._known[new] = True  # last, since others look at it without the lock

    @property
    def _key(self) -> dict[str, str]:
        return {"kind": self.version.kind, "version": self.version.id}

    def _border(self, polygon: int) -> Border:
        with self._lock:
            border = self._borders.pop(polygon, None)
            if border is None:
                border = Border(*self._polygons.rings_of(polygon))
            self._borders[polygon] = border
            while len(self._borders) > _BORDERS_KEPT:
                self._borders.popitem(last=False)
            return border


_SHAPES = (
    """SELECT code, public.ST_AsBinary(geom) FROM xiangye.named_place
       WHERE kind = :kind AND boundary_version = :version AND code = ANY(:codes)""",
    "SELECT code, public.ST_AsBinary(geom) FROM xiangye.county WHERE boundary_version = :version AND code = ANY(:codes)",
)
_BOXES = (
    """SELECT code, '', '', '', public.ST_XMin(geom), public.ST_YMin(geom), public.ST_XMax(geom), public.ST_YMax(geom)
       FROM xiangye.named_place
       WHERE kind = :kind AND boundary_version = :version AND public.ST_Dimension(geom) = 2 ORDER BY code COLLATE "C" """,
    """SELECT code, name_zh, prefecture_code, prefecture_name,
           public.ST_XMin(geom), public.ST_YMin(geom), public.ST_XMax(geom), public.ST_YMax(geom)
       FROM xiangye.county WHERE boundary_version = :version ORDER BY code""",
)
_layers: OrderedDict[Version, Layer] = OrderedDict()
_layers_lock = threading.Lock()


def layer(session: Session, version: Version) -> Layer:
    with _layers_lock:
        found = _layers.get(version)
        if found is not None:
            _layers.move_to_end(version)
            return found
    made = _read(session, version)
    with _layers_lock:
        made = _layers.setdefault(version, made)
        while len(_layers) > _LAYERS_KEPT:
            _layers.popitem(last=False)
    return made


def _read(session: Session, version: Version) -> Layer:
    key = {"kind": version.kind, "version": version.id}
    rows = session.execute(text(_BOXES[version.kind == "county"]), key).all()
    bounds = np.array([row[4:] for row in rows], dtype=np.float64).reshape(-1, 4)
    return Layer(version, [Unit(*row[:4]) for row in rows], bounds)


@dataclass(frozen=True)
class Found:
    """By point. `county`: its number in the layer, or -1; `distance_m`: to the nearest 0.1 m, or not a number."""

    county: Ints
    distance_m: Floats
    uncertain: NDArray[np.bool_]


def find_counties(session: Session, counties: Layer, x: Floats, y: Floats, home: str) -> Found:
    """A point outside all counties has a distance only where one is near enough to make it uncertain."""
    county = counties.first(session, x, y, home)
    inside, outside = np.flatnonzero(county >= 0), np.flatnonzero(county < 0)
    distance = np.full(len(x), np.nan)
    distance[inside] = counties.distances_m(session, county[inside], x[inside], y[inside])
    distance[outside] = counties.nearest_m(session, x[outside], y[outside])
    distance = np.round(distance, 1)
    uncertain = distance < UNCERTAIN_WITHIN_M
    distance[outside] = np.where(uncertain[outside], distance[outside], np.nan)
    return Found(county, distance, uncertain)


def stamps(session: Session, versions: Mapping[str, Version], x: Floats, y: Floats, home: str) -> list[Stamp]:
    """For points on the earth; without what rasters tell."""
    counties = layer(session, versions["county"])
    found = find_counties(session, counties, x, y, home)
    sets = {kind: _sets(session, versions.get(kind), x, y) for kind in (*AREA_KINDS, "zone")}
    cells = _cells(session, versions.get("grid"), x, y)
    used = {kind: version.id for kind, version in versions.items() if kind in POLYGON_KINDS}
    version = versions["county"].id
    told = zip(found.county.tolist(), found.distance_m.tolist(), found.uncertain.tolist(), cells, strict=True)
    made = []
    for point, (number, distance, uncertain, cell) in enumerate(told):
        unit = counties.units[number] if number >= 0 else None
        areas = {code for kind in AREA_KINDS for code in sets[kind].get(point, ())}
        made.append(
            Stamp(
                county_code=unit.code if unit else None,
                county_name=unit.name if unit else None,
                prefecture_code=unit.prefecture_code if unit else None,
                prefecture_name=unit.prefecture_name if unit else None,
                in_scope=unit is not None and unit.code.startswith(home),
                uncertain=uncertain,
                distance_to_border_m=None if distance != distance else distance,
                areas=tuple(sorted(areas)),
                grid_cell=cell,
                boundary_version=version,
                zones=tuple(sets["zone"].get(point, ())),
                layer_versions=used,
            )
        )
    return made


def _sets(session: Session, version: Version | None, x: Floats, y: Floats) -> dict[int, list[str]]:
    """The codes of the polygons that hold a point, in order, for the points that any holds."""
    found: dict[int, list[str]] = {}
    if version is not None:
        polygons = layer(session, version)
        for point, polygon in zip(*(column.tolist() for column in polygons.holding(session, x, y)), strict=True):
            found.setdefault(point, []).append(polygons.codes[polygon])
    return found


def _cells(session: Session, version: Version | None, x: Floats, y: Floats) -> list[str | None]:
    if version is None:
        return grid_cells_at(x, y)
    grid = layer(session, version)
    return [grid.codes[number] if number >= 0 else None for number in grid.first(session, x, y).tolist()]
