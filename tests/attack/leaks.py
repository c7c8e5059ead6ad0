"""Leaks, planted one at a time by the owner of the database or in the running program, and taken away again."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import and_, func, text

from server import db
from server.exchange import readable
from server.occurrences import filters, tiles
from server.sensitivity.model import DisclosedPlaceRow
from server.sensitivity.records import DisclosedPlace
from server.settings import Settings

Leak = Callable[[Settings, pytest.MonkeyPatch], contextlib.AbstractContextManager[None]]
_EXACT = """
    CREATE FUNCTION xiangye.exact_{axis}(record uuid) RETURNS double precision LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT {axis}_e7 / 1e7 FROM precise.place WHERE id = record'
"""
_AXES = ("latitude", "longitude")


@contextlib.contextmanager
def _changed(settings: Settings, there: tuple[str, ...], back: tuple[str, ...]) -> Iterator[None]:
    engine = db.engine_for(settings, "owner")
    with engine.begin() as owner:
        for statement in there:
            owner.execute(text(statement))
    try:
        yield
    finally:
        with engine.begin() as owner:
            for statement in back:
                owner.execute(text(statement))


@contextlib.contextmanager
def _exact_by_function(settings: Settings) -> Iterator[None]:
    makes = tuple(_EXACT.format(axis=axis) for axis in _AXES)
    grants = tuple(f"GRANT EXECUTE ON FUNCTION xiangye.exact_{axis}(uuid) TO xiangye_app" for axis in _AXES)
    drops = tuple(f"DROP FUNCTION xiangye.exact_{axis}(uuid)" for axis in _AXES)
    with _changed(settings, (*makes, *grants), drops):
        yield


@contextlib.contextmanager
def box_on_the_true_point(settings: Settings, patch: pytest.MonkeyPatch) -> Iterator[None]:
    def exact(viewer: object, value: str) -> object:
        west, south, east, north = map(float, value.split(","))
        id_ = DisclosedPlaceRow.id
        lat, lon = func.xiangye.exact_latitude(id_), func.xiangye.exact_longitude(id_)
        return filters._of_place(viewer, lambda _: and_(lat.between(south, north), lon.between(west, east)))  # type: ignore[arg-type]

    with _exact_by_function(settings), patch.context() as within:
        within.setitem(filters._CONDITIONS, "bbox", exact)
        yield


@contextlib.contextmanager
def disclosed_as_it_is(settings: Settings, _patch: pytest.MonkeyPatch) -> Iterator[None]:
    keep = "CREATE TABLE xiangye.kept AS SELECT * FROM xiangye.disclosed_place"
    leak = """UPDATE xiangye.disclosed_place d SET latitude = p.latitude_e7 / 1e7, longitude = p.longitude_e7 / 1e7
        FROM precise.place p WHERE p.id = d.id AND d.cell_within_county"""
    back = """UPDATE xiangye.disclosed_place d SET latitude = k.latitude, longitude = k.longitude FROM xiangye.kept k WHERE k.id = d.id"""
    with _changed(settings, (keep, leak), (back, "DROP TABLE xiangye.kept")):
        yield


@contextlib.contextmanager
def exported_as_it_is(settings: Settings, patch: pytest.MonkeyPatch) -> Iterator[None]:
    with db.engine_for(settings, "owner").begin() as owner:
        rows = owner.execute(
            text("SELECT id, latitude_e7 / 1e7, longitude_e7 / 1e7 FROM precise.place WHERE latitude_e7 IS NOT NULL")
        )
        exact: Mapping[object, tuple[float, float]] = {row[0]: (float(row[1]), float(row[2])) for row in rows}
    asked = readable.readable

    def leaking(*args: object, **more: object) -> object:
        found = asked(*args, **more)  # type: ignore[arg-type]
        return [replace(one, record=replace(one.record, disclosed=_moved(one, exact))) for one in found]

    from server.exchange import exports

    with patch.context() as within:
        within.setattr(exports, "readable", leaking)
        yield


def _moved(one: readable.Readable, exact: Mapping[object, tuple[float, float]]) -> DisclosedPlace | None:
    shown = one.record.disclosed
    if shown is None or one.id not in exact:
        return shown
    return replace(shown, latitude=exact[one.id][0], longitude=exact[one.id][1])


@contextlib.contextmanager
def in_order_of_saving(settings: Settings, _patch: pytest.MonkeyPatch) -> Iterator[None]:
    keep = "CREATE TABLE xiangye.kept AS SELECT id, listed_on, listing_key FROM xiangye.shown_record"
    ordered = """
        CREATE TABLE xiangye.saved AS SELECT v.id, v.received_at::date AS day, lpad(to_hex(row_number() OVER (
            ORDER BY v.received_at, v.author, convert_from(b.body, 'UTF8')::jsonb #>> '{body,observed_from}')), 32, '0')::uuid AS key
        FROM (SELECT DISTINCT ON (id) * FROM xiangye.version ORDER BY id, received_at) v JOIN precise.version_body b USING (id, digest)
    """
    names = ("shown_record", "record_scope")
    told, kept = "listed_on = s.day, listing_key = s.key", "listed_on = s.listed_on, listing_key = s.listing_key"
    leak = [f"UPDATE xiangye.{name} r SET {told} FROM xiangye.saved s WHERE s.id = r.id" for name in names]
    back = [f"UPDATE xiangye.{name} r SET {kept} FROM xiangye.kept s WHERE s.id = r.id" for name in names]
    with _changed(settings, (keep, ordered, *leak), (*back, "DROP TABLE xiangye.kept", "DROP TABLE xiangye.saved")):
        yield


@contextlib.contextmanager
def tile_of_true_points(settings: Settings, patch: pytest.MonkeyPatch) -> Iterator[None]:
    def exact(_session: object, told: object) -> str:
        axis = next(axis for axis in _AXES if axis in str(told))
        return f"xiangye.exact_{axis}(xiangye.disclosed_place.id)"

    with _exact_by_function(settings), patch.context() as within:
        within.setattr(tiles, "_written", exact)
        yield


@contextlib.contextmanager
def times_to_the_second(settings: Settings, patch: pytest.MonkeyPatch) -> Iterator[None]:
    keep = "CREATE TABLE xiangye.kept AS SELECT id, observed_from, observed_to, date_precision FROM xiangye.occurrence"
    leak = """UPDATE xiangye.occurrence o SET date_precision = 'second',
            observed_from = (convert_from(b.body, 'UTF8')::jsonb #>> '{body,observed_from}')::timestamptz,
            observed_to = (convert_from(b.body, 'UTF8')::jsonb #>> '{body,observed_from}')::timestamptz
        FROM precise.version_body b JOIN xiangye.shown_record s ON s.id = b.id AND s.level > 0 WHERE b.id = o.id"""
    back = """UPDATE xiangye.occurrence o SET observed_from = k.observed_from, observed_to = k.observed_to, date_precision = k.date_precision
        FROM xiangye.kept k WHERE k.id = o.id"""
    with _changed(settings, (keep, leak), (back, "DROP TABLE xiangye.kept")):
        yield


LEAKS: Mapping[str, tuple[Leak, str]] = {
    "box": (box_on_the_true_point, "box"),
    "disclosed": (disclosed_as_it_is, "told place"),
    "export": (exported_as_it_is, "export"),
    "order": (in_order_of_saving, "order of a list"),
    "tile": (tile_of_true_points, "tile"),
    "time": (times_to_the_second, "time"),
}
"""Each with what the attacker finds it by."""
