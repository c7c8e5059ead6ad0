"""What a list of occurrences may be asked for. Every condition reads what may be shown, never where a record really was."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, exists, extract, func, select, table
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import LateralFromClause

from server.accounts.viewer import Viewer
from server.occurrences.model import Occurrence
from server.sensitivity.listing import Scan, scan
from server.sensitivity.model import DisclosedPlaceRow, RecordScope, ShownRecord
from server.sensitivity.shown import place_columns
from server.taxa.model import Taxon
from shared.problems import Problem

KIND = "occurrence"
# Rooms above this one write these two; here they are only read.
_NAMING = ("id", "occurrence_id", "taxon_id", "scientific_name", "name_zh", "qualifier", "confidence", "received_at")
IDENTIFICATION = table("identification", *map(column, _NAMING), schema="xiangye")
REVIEW = table("review", column("record_id"), column("state"), schema="xiangye")


def wanted(viewer: Viewer, asked: Mapping[str, Any]) -> Scan:
    """`asked`: the fields of FilterSchema that are given. Problem where a filter is not understood."""
    conditions = []
    for name, value in asked.items():
        if value is not None and name in _CONDITIONS:
            conditions.append(_CONDITIONS[name](viewer, value))
    return scan(KIND, *conditions)


def last_naming(of: ColumnElement[Any] | InstrumentedAttribute[Any]) -> LateralFromClause:
    """The naming that stands: the last one, whoever made it."""
    return _newest(IDENTIFICATION, of).lateral("naming")


def _newest(columns: Any, of: Any) -> Select[Any]:
    naming = IDENTIFICATION.c
    newest = select(columns).where(naming.occurrence_id == of).correlate_except(IDENTIFICATION)
    return newest.order_by(naming.received_at.desc(), naming.id.desc()).limit(1)


def _of_occurrence(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    same = (Occurrence.observed_year == RecordScope.observed_year) & (Occurrence.id == RecordScope.id)
    return exists().where(same, condition)


def _of_place(viewer: Viewer, condition: Callable[[Mapping[str, Any]], ColumnElement[bool]]) -> ColumnElement[bool]:
    return exists().where(DisclosedPlaceRow.id == RecordScope.id, condition(place_columns(viewer)))


def _taxon_id() -> Any:
    return _newest(IDENTIFICATION.c.taxon_id, RecordScope.id).scalar_subquery()


def _bbox(viewer: Viewer, value: str) -> ColumnElement[bool]:
    try:
        west, south, east, north = (float(part) for part in value.split(","))
    except ValueError as error:
        raise Problem("invalid", "bbox 应为 西,南,东,北 四个数", field="bbox") from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Problem("invalid", "bbox 应为 西,南,东,北，经度 ±180、纬度 ±90 以内", field="bbox")
    return _of_place(
        viewer, lambda place: and_(place["latitude"].between(south, north), place["longitude"].between(west, east))
    )


_WITH_MONTH = ("month", "day", "hour", "minute", "second")


def _month(value: int) -> ColumnElement[bool]:
    observed = func.timezone("Asia/Shanghai", Occurrence.observed_from)
    return _of_occurrence((extract("month", observed) == value) & Occurrence.date_precision.in_(_WITH_MONTH))


_CONDITIONS: Mapping[str, Callable[[Viewer, Any], ColumnElement[bool]]] = {
    "county": lambda viewer, code: _of_place(viewer, lambda place: place["county_code"] == code),
    "cell": lambda viewer, cell: _of_place(viewer, lambda place: place["grid_cell"] == cell),
    "bbox": _bbox,
    "taxon_id": lambda _viewer, id_: _taxon_id() == id_,
    "group": lambda _viewer, group: _taxon_id().in_(select(Taxon.taxon_id).where(Taxon.group_zh == group)),
    "year": lambda _viewer, year: RecordScope.observed_year == year,
    "month": lambda _viewer, month: _month(month),
    "survey_id": lambda _viewer, id_: _of_occurrence(Occurrence.survey_id == id_),
    "level": lambda _viewer, level: exists(
        select(ShownRecord.id).where(ShownRecord.id == RecordScope.id, ShownRecord.level == level)
    ),
    "state": lambda _viewer, state: exists().where(REVIEW.c.record_id == RecordScope.id, REVIEW.c.state == state),
}
