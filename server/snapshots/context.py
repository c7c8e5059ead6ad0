"""What a report needs beside the records, frozen with them: taxa and lists, boundaries and grid, surveys, photos."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from server.snapshots.left_out import LeftOut, words_of
from server.surveys.model import NEEDS_REVIEW


@dataclass(frozen=True)
class Area:
    """A county; `wkt` in WGS84 degrees."""

    code: str
    name_zh: str
    prefecture_name: str
    province_name: str
    wkt: str

    @property
    def shape(self) -> BaseGeometry:
        return shapely.from_wkt(self.wkt)


@dataclass(frozen=True)
class Cell:
    """A 10 km cell; `share` of it that lies in the county, 0–1."""

    code: str
    share: float
    wkt: str

    @property
    def shape(self) -> BaseGeometry:
        return shapely.from_wkt(self.wkt)


@dataclass(frozen=True)
class Taxon:
    taxon_id: str
    scientific_name: str
    name_zh: str | None
    rank: str
    kingdom: str | None
    phylum: str | None
    class_name: str | None
    order_name: str | None
    family: str | None
    genus: str | None
    group_zh: str
    status: str
    family_zh: str | None
    order_zh: str | None
    protection_class: str | None
    protection_entry: str | None
    wild_only: bool
    invasive_lists: tuple[str, ...]
    red_list: str | None
    red_list_source: str | None
    endemic: bool | None


@dataclass(frozen=True)
class SurveyFacts:
    survey_id: str
    title: str
    kind: str
    dataset_id: str


@dataclass(frozen=True)
class DatasetFacts:
    dataset_id: str
    title: str
    owner: str
    licence: str
    demonstration: bool
    cross_border: str = NEEDS_REVIEW


@dataclass(frozen=True)
class Rendition:
    """By the id of the media record."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True)
class Context:
    boundary_version: str
    boundary_source: str
    grid_label: str
    counties: tuple[Area, ...]
    neighbours: tuple[Area, ...] = ()
    cells: tuple[Cell, ...] = ()
    taxa: Mapping[str, Taxon] = field(default_factory=dict)
    lists: tuple[Mapping[str, Any], ...] = ()
    surveys: Mapping[str, SurveyFacts] = field(default_factory=dict)
    datasets: Mapping[str, DatasetFacts] = field(default_factory=dict)
    renditions: Mapping[str, Rendition] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()

    @property
    def left_out_zh(self) -> str:
        return words_of(self.left_out)

    @property
    def demonstration(self) -> bool:
        return any(dataset.demonstration for dataset in self.datasets.values())


def to_json(context: Context) -> dict[str, Any]:
    return asdict(context)


def from_json(data: Mapping[str, Any]) -> Context:
    return Context(
        boundary_version=data["boundary_version"],
        boundary_source=data["boundary_source"],
        grid_label=data["grid_label"],
        counties=_areas(data["counties"]),
        neighbours=_areas(data["neighbours"]),
        cells=tuple(Cell(**cell) for cell in data["cells"]),
        taxa={key: _taxon(value) for key, value in data["taxa"].items()},
        lists=tuple(data["lists"]),
        surveys={key: SurveyFacts(**value) for key, value in data["surveys"].items()},
        datasets={key: DatasetFacts(**value) for key, value in data["datasets"].items()},
        renditions={key: Rendition(**value) for key, value in data["renditions"].items()},
        left_out=tuple(LeftOut(**{**one, "rules": tuple(one["rules"])}) for one in data.get("left_out", ())),
    )


def _areas(rows: Sequence[Mapping[str, Any]]) -> tuple[Area, ...]:
    return tuple(Area(**row) for row in rows)


def _taxon(row: Mapping[str, Any]) -> Taxon:
    return Taxon(**{**row, "invasive_lists": tuple(row["invasive_lists"])})
