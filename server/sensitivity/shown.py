"""What a viewer is shown of a place: the one expression that lists, filters, sorts, tiles, counts and exports read."""

from typing import Any

from sqlalchemy import ColumnElement, case, literal, null, true

from server.accounts.viewer import Viewer
from server.sensitivity.model import DisclosedPlaceRow

_ALWAYS = (
    "level",
    "county_code",
    "county_name",
    "prefecture_name",
    "in_scope",
)
_OF_CELL = ("cell_x", "cell_y", "latitude", "longitude", "uncertainty_m", "grid_cell", "altitude_m")
_AREA_ZH = "位置仅公布到县级行政区"


def place_columns(viewer: Viewer) -> dict[str, ColumnElement[Any]]:
    """By name, over DisclosedPlaceRow. Nothing finer is to be had from them in any combination: a cell that a border would cut stands
    in no row, and who sees by a protected area alone would cut it by the area."""
    columns: dict[str, ColumnElement[Any]] = {name: getattr(DisclosedPlaceRow, name).label(name) for name in _ALWAYS}
    columns |= {name: _if_shown(viewer, getattr(DisclosedPlaceRow, name)).label(name) for name in _OF_CELL}
    row = DisclosedPlaceRow
    columns["uncertain"] = (row.uncertain & cell_is_shown(viewer)).label("uncertain")
    columns["data_generalizations"] = (
        row.data_generalizations.label("data_generalizations")
        if not sees_by_areas_alone(viewer)
        else case((cell_is_shown(viewer) | (row.level == 1), row.data_generalizations), else_=literal(_AREA_ZH)).label(
            "data_generalizations"
        )
    )
    columns["information_withheld"] = row.information_withheld.label("information_withheld")
    return columns


def cell_is_shown(viewer: Viewer) -> ColumnElement[bool]:
    """Whether the viewer may be told a cell or a point, where the row has one."""
    return (DisclosedPlaceRow.level == 0) if sees_by_areas_alone(viewer) else true()


def sees_by_areas_alone(viewer: Viewer) -> bool:
    """Every grant of the viewer is for something smaller than a county."""
    return bool(viewer.held) and all(one.area_kind == "area" for one in viewer.held)


def _if_shown(viewer: Viewer, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return case((cell_is_shown(viewer), column), else_=null()) if sees_by_areas_alone(viewer) else column
