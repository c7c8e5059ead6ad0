"""A list of 50 for a county reviewer among 1,000,000 occurrences: with gate and scopes, and the same query without them.

Ours is what the application asks: its own role, the session narrowed to the county, row-level security on every table, places as
they may be shown. Beside it the same columns as the owner of the tables asks for them, for whom no policy is read, with the exact
places in place of the shown ones and the county as an ordinary condition. Both are timed as SQL, without what Python adds to both.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from server import db
from server.accounts import scopes
from server.accounts.viewer import Held, Viewer, viewer
from server.occurrences import filters, queries
from server.sensitivity import listing
from server.sensitivity.model import RecordScope
from tests.benchmarks.measure import Goal, Result, compare, figure
from tests.many_occurrences import COUNT, fill
from tests.own_database import reference_database

COUNTY, LIMIT, TIMES, ROUNDS = "431022", 50, 20, 9
AT_MOST = 1.5
_EXACT = """
    CREATE VIEW precise.place_as_it_is AS SELECT id, 0 AS level, NULL::integer AS cell_x, NULL::integer AS cell_y, latitude_e7 / 1e7 AS latitude,
        longitude_e7 / 1e7 AS longitude, uncertainty_m, county_code, county_name, prefecture_name, in_scope, uncertain, grid_cell,
        altitude_m, NULL AS data_generalizations, NULL AS information_withheld FROM precise.place
    """
Rows = list[tuple[Any, ...]]


def cases() -> Iterator[Result]:
    with reference_database() as settings:
        begun = time.perf_counter()
        fill(settings)
        yield figure(f"{COUNT:,} occurrences copied into all their tables", [time.perf_counter() - begun], "s")
        with db.session_factory(settings)() as app, Session(db.engine_for(settings, "owner")) as owner:
            owner.execute(text(_EXACT))
            yield from _cases(app, owner)


def _cases(app: Session, owner: Session) -> Iterator[Result]:
    numbers = scopes.numbers(app, "county", COUNTY)
    reviewer = viewer(UUID(int=1), "reviewer", (Held("reviewer", "county", COUNTY, None, numbers),), frozenset())
    db.look_through(app, numbers)
    (number,) = numbers
    ways = {}
    for name, after in (("first page", None), ("last page", _before_the_last(owner, number // scopes.GROUPS))):
        wanted = listing.Asked(LIMIT, after)
        ours = _run(app, _asked(reviewer, wanted))
        theirs = _run(owner, _without(reviewer, number // scopes.GROUPS, wanted))
        _check(ours(), theirs())
        ways[name] = ours
        yield from compare(
            f"list of {LIMIT}, {name}",
            _often(ours),
            {"the same query without gate and scopes": _often(theirs)},
            {"the same query without gate and scopes": Goal(at_least=1 / AT_MOST)},
            rounds=ROUNDS,
        )
    first, last = ways.values()
    ratios = [_seconds(_often(last)) / _seconds(_often(first)) for _ in range(ROUNDS)]
    yield figure(f"list of {LIMIT}, last page / first page", ratios, "×", Goal(at_most=AT_MOST))


def _asked(reviewer: Viewer, wanted: listing.Asked) -> str:
    rows = listing.page(reviewer, filters.wanted(reviewer, {}), wanted)
    return _written(_of_page(reviewer, rows))


def _without(reviewer: Viewer, scope_no: int, wanted: listing.Asked) -> str:
    """The county as an ordinary condition, in the order of the same index."""
    of = listing.scan(filters.KIND).where(RecordScope.scope_no == scope_no, *listing.after(wanted))
    rows = of.order_by(RecordScope.listed_on.desc(), RecordScope.listing_key.desc()).limit(LIMIT + 1).subquery("page")
    return _written(_of_page(reviewer, rows)).replace("xiangye.disclosed_place", "precise.place_as_it_is")


def _of_page(reviewer: Viewer, rows: Any) -> Select[Any]:
    told = queries.told(reviewer, rows, rows.c.id, rows.c.observed_year)
    return told.add_columns(rows.c.listing_key).order_by(*listing.in_order(rows))


def _written(told: Select[Any]) -> str:
    from sqlalchemy.dialects import postgresql

    return str(told.compile(dialect=postgresql.psycopg.dialect(), compile_kwargs={"literal_binds": True})).replace(
        "%%", "%"
    )


def _run(session: Session, sql: str) -> Callable[[], Rows]:
    connection = session.connection().connection.driver_connection
    assert connection is not None

    def run() -> Rows:
        with connection.cursor() as cursor:
            rows: Rows = cursor.execute(sql, prepare=True).fetchall()
            return rows

    return run


def _check(ours: Rows, theirs: Rows) -> None:
    """The same records in the same order, named alike; of some the place is kept back by the one and told by the other."""
    assert len(ours) >= LIMIT
    assert [(row[0], row[1]) for row in ours] == [(row[0], row[1]) for row in theirs]
    assert ours != theirs, "no guarded record on this page: the gate is not tried"


def _before_the_last(owner: Session, scope_no: int) -> Any:
    """Where the last whole page begins."""
    columns = select(RecordScope.listed_on, RecordScope.listing_key).where(RecordScope.scope_no == scope_no)
    return tuple(
        owner.execute(columns.order_by(RecordScope.listed_on, RecordScope.listing_key).offset(LIMIT)).first() or ()
    )


def _often(run: Callable[[], Rows]) -> Callable[[], None]:
    def times() -> None:
        for _ in range(TIMES):
            run()

    return times


def _seconds(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun
