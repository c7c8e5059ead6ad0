"""What each edition may print. One study makes both; only what is shown differs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry

from server.baselines.species import SpeciesLine
from server.baselines.study import Sighting, Study
from server.reporting.darwin import PUBLIC_DECIMALS
from server.reporting.presences import is_guarded, public_place
from server.reporting.small_counts import small
from server.sensitivity import generalising
from server.sensitivity.records import FrozenRecord

SUPPRESSED = "有记录"


@dataclass(frozen=True)
class Edition:
    code: str
    title: str
    restricted: bool

    def hides(self, line: SpeciesLine) -> bool:
        """The open records of a species can be counted in the archive, so its guarded ones alone must be enough."""
        return not self.restricted and small(line.guarded)

    def count(self, line: SpeciesLine) -> int | str:
        return SUPPRESSED if self.hides(line) else line.records

    def open_to_it(self, sightings: Iterable[Sighting]) -> list[Sighting]:
        """Those from which figures other than lists and counts are made: in public none that is guarded."""
        return [one for one in sightings if self.restricted or not is_guarded(one.record)]

    def date_text(self, sighting: Sighting | None, day: date | None) -> str | None:
        """As precise as the record; of a guarded one the public learns the year alone."""
        if sighting is None or day is None:
            return None
        precision = "year" if not self.restricted and is_guarded(sighting.record) else sighting.precision
        return {"year": f"{day:%Y}", "month": f"{day:%Y-%m}"}.get(precision, day.isoformat())

    def told_code(self, codes: Mapping[str, str], found: str) -> str:
        """Of rangers' work the public reads no code that we do not know: it could say anything."""
        return generalising.known_code(int(not self.restricted), codes, found)

    def position(self, record: FrozenRecord) -> tuple[float, float] | None:
        """Longitude and latitude of a point to draw, or None where only an area may be drawn."""
        if self.restricted:
            return (record.exact.longitude, record.exact.latitude) if record.exact else None
        shown = record.disclosed
        if shown is None or shown.level > 0 or shown.longitude is None or shown.latitude is None:
            return None
        return round(shown.longitude, PUBLIC_DECIMALS), round(shown.latitude, PUBLIC_DECIMALS)

    def disclosure_cell(self, record: FrozenRecord, county: BaseGeometry) -> BaseGeometry | None:
        """The cell of a guarded record; the public sees it only where it lies wholly inside the record's own county and this one,
        since what a border cuts off would bring the place nearer than the cell does."""
        shown = record.disclosed
        if (
            shown is None
            or shown.level == 0
            or shown.longitude is None
            or shown.latitude is None
            or not shown.cell_size_deg
        ):
            return None
        half = shown.cell_size_deg / 2
        cell = shapely.box(shown.longitude - half, shown.latitude - half, shown.longitude + half, shown.latitude + half)
        return cell if self.restricted or (public_place(record).cell and county.covers(cell)) else None

    def grid_cell(self, record: FrozenRecord, study: Study) -> str | None:
        """Code of the 10 km cell that may be printed for a record."""
        if self.restricted:
            return record.exact.stamp.grid_cell if record.exact else None
        shown = record.disclosed
        if shown is None or shown.grid_cell is None:
            return None
        if shown.level > 0 and not (public_place(record).cell and _wholly_inside(study, shown.grid_cell)):
            return None
        return shown.grid_cell


PUBLIC = Edition("public", "公开版", restricted=False)
RESTRICTED = Edition("restricted", "内部版（限制使用）", restricted=True)
EDITIONS = {edition.code: edition for edition in (PUBLIC, RESTRICTED)}


def _wholly_inside(study: Study, code: str) -> bool:
    return any(cell.code == code and cell.share >= 1 for cell in study.snapshot.context.cells)
