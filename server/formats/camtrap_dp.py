"""Observations of a camera trap package (Camtrap DP 1.0), each with the place of its deployment."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from server.formats.table import SourceRow, Table

OBSERVATION_HEADINGS = frozenset({"observationID", "deploymentID", "observationLevel", "observationType"})
_OF_THE_PLACE = ("locationID", "locationName", "latitude", "longitude", "coordinateUncertainty", "habitat")


def with_places(observations: Table, deployments: Iterable[SourceRow]) -> Table:
    places = {
        row.cells["deploymentID"]: {name: row.cells[name] for name in _OF_THE_PLACE if name in row.cells}
        for row in deployments
        if row.cells is not None and "deploymentID" in row.cells
    }
    headings = tuple(dict.fromkeys(observations.headings + _OF_THE_PLACE))
    return replace(observations, source="camtrap_dp", headings=headings, rows=_joined(observations.rows, places))


def _joined(rows: Iterable[SourceRow], places: Mapping[str, Mapping[str, str]]) -> Iterator[SourceRow]:
    for row in rows:
        if row.cells is None:
            yield row
        else:
            yield replace(row, cells={**row.cells, **places.get(row.cells.get("deploymentID", ""), {})})
