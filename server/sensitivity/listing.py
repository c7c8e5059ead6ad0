"""Pages of records within the scopes of a viewer, in the order in which they came and in no finer one.

A record stands under each of its scopes; each scope of the viewer is read in that order from where the page begins, so that the
last page costs no more than the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    and_,
    bindparam,
    distinct,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from server.accounts.scopes import GROUPS
from server.accounts.viewer import Viewer
from server.db import EVERYTHING
from server.sensitivity.generalising import SMALLEST_COUNT
from server.sensitivity.model import RecordScope, ShownRecord
from server.web.paging import key_of
from shared.problems import Problem

NEWEST, OLDEST = "-listed_on", "listed_on"
SORTS = (NEWEST, OLDEST)
"""By the day a record came, or the month where its place is closely kept, and within it by chance. Nothing sorts by a place."""
Scan = Select[UUID, int, date, UUID]


@dataclass(frozen=True)
class Asked:
    limit: int
    after: tuple[date, UUID] | None = None
    sort: str = NEWEST


def asked(limit: int, after: str | None, sort: str = NEWEST) -> Asked:
    """Problem where the cursor is none of ours."""
    key = key_of(after, 2)
    try:
        return Asked(limit, (date.fromisoformat(key[0]), UUID(key[1])) if key else None, sort)
    except ValueError as error:
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after") from error


def scan(kind: str, *conditions: ColumnElement[bool]) -> Scan:
    """All records of a kind; what they are further asked is joined to it by RecordScope.id (and observed_year)."""
    columns = select(RecordScope.id, RecordScope.observed_year, RecordScope.listed_on, RecordScope.listing_key)
    return columns.where(RecordScope.kind == kind, *conditions)


def page(viewer: Viewer, of: Scan, wanted: Asked) -> Subquery:
    """One row more than the limit where there is another page."""
    scopes = _scopes(viewer.scopes)
    within, begins = _within(scopes), after(wanted)
    one = of.where(within, *begins).order_by(*_order(RecordScope, wanted.sort)).limit(wanted.limit + 1).lateral("found")
    rows = select(one.c.id, one.c.observed_year, one.c.listed_on, one.c.listing_key).distinct()
    ordered = rows.select_from(scopes).join(one, true()).order_by(*_order(one.c, wanted.sort))
    return ordered.limit(wanted.limit + 1).subquery("page")


def in_order(of_page: Subquery, sort: str = NEWEST) -> tuple[ColumnElement[Any], ...]:
    return _order(of_page.c, sort)


def key(row: Any) -> tuple[str, str]:
    return row.listed_on.isoformat(), str(row.listing_key)


def count(session: Session, viewer: Viewer, of: Scan) -> dict[str, int | str]:
    """Few guarded records are told as fewer than five."""
    scopes = _scopes(viewer.scopes)
    level = select(ShownRecord.level).where(ShownRecord.id == RecordScope.id).scalar_subquery()
    numbers = of.with_only_columns(
        func.count(distinct(RecordScope.id)).filter(level == 0), func.count(distinct(RecordScope.id)).filter(level > 0)
    )
    unguarded, guarded = session.execute(numbers.join(scopes, _within(scopes))).one()
    return {
        "open": unguarded,
        "guarded": guarded if guarded == 0 or guarded >= SMALLEST_COUNT else f"<{SMALLEST_COUNT}",
    }


def scope_pairs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """(scope_no, the bit of the taxon group or 0): the first wall. The second is row-level security, which reads the session's own."""
    known = frozenset(numbers)
    wanted = EVERYTHING if known & EVERYTHING else known
    return sorted({(number // GROUPS, 1 << number % GROUPS if number % GROUPS else 0) for number in wanted})


def _scopes(numbers: Iterable[int]) -> Any:
    pairs = scope_pairs(numbers)
    told = [bindparam(None, [pair[which] for pair in pairs], ARRAY(Integer)) for which in (0, 1)]
    return func.unnest(*told).table_valued("scope_no", "bit", name="scopes").render_derived()


def _within(scopes: Any) -> ColumnElement[bool]:
    of_group: ColumnElement[bool] = or_(scopes.c.bit == 0, RecordScope.groups.op("&")(scopes.c.bit) != 0)
    return and_(RecordScope.scope_no == scopes.c.scope_no, of_group)


def after(wanted: Asked) -> list[ColumnElement[bool]]:
    if wanted.after is None:
        return []
    here, there = tuple_(RecordScope.listed_on, RecordScope.listing_key), tuple_(*wanted.after)
    return [here < there if wanted.sort == NEWEST else here > there]


def _order(of: Any, sort: str) -> tuple[ColumnElement[Any], ...]:
    columns = (of.listed_on, of.listing_key)
    return columns if sort == OLDEST else tuple(column.desc() for column in columns)


def gathered(told: dict[str, Any], *groups: str) -> dict[str, Any]:
    """Columns named place_… (and so with every other group) stand together under that name; a record without place has none."""
    for group in ("place", *groups):
        of_group = [name for name in told if name.startswith(f"{group}_")]
        told[group] = {name.removeprefix(f"{group}_"): told.pop(name) for name in of_group}
    if told["place"]["level"] is None:
        told["place"] = None
    return told
