"""Loads boundary versions. A source that was loaded before changes nothing, whoever asks and however often."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Date, cast, delete, func, select, text, update
from sqlalchemy.orm import Session

from server.places.layer import AliasList, Layer, Outline, read_aliases, read_layer
from server.places.model import BoundaryVersion, CountyAlias, CountyRow
from server.places.queries import boundary_version
from server.places.rules import Alias

_LOCK = "xiangye.places.load"
_TODAY = cast(func.timezone("Asia/Shanghai", func.now()), Date)


@dataclass(frozen=True)
class Loaded:
    """What is in force after a load, and whether this load brought it."""

    boundary_version: str
    counties: int
    aliases: int
    changed: bool


def load_counties(session: Session, layer: Layer | None = None, codes: AliasList | None = None) -> Loaded:
    """The default layer and our list of other codes; of two loads at once the second waits and finds nothing to do."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(_LOCK))))
    layer, codes = layer or read_layer(), codes or read_aliases()
    new_layer, new_codes = _open_version(session, "county", layer), _open_version(session, "county_alias", codes)
    if new_layer:
        _insert_counties(session, layer, codes)
    in_force = boundary_version(session)
    known = frozenset(session.scalars(select(CountyRow.code).where(CountyRow.boundary_version == in_force)))
    if new_codes:
        session.execute(delete(CountyAlias))
        session.add_all(CountyAlias(**vars(alias)) for alias in codes.aliases)
        session.flush()
    if new_layer or new_codes:
        check_aliases(codes.aliases, known)
    return Loaded(in_force, len(known), len(codes.aliases), new_layer or new_codes)


def check_aliases(aliases: Iterable[Alias], known: Collection[str]) -> None:
    """ValueError where an alias is itself a county of the layer, or names one that is not."""
    for alias in aliases:
        if alias.code in known:
            raise ValueError(f"county aliases: {alias.code} {alias.name_zh} is a county of the layer")
        if alias.current_code is not None and alias.current_code not in known:
            raise ValueError(
                f"county aliases: {alias.code} {alias.name_zh} points to {alias.current_code}, which the layer does not have"
            )


def _open_version(session: Session, kind: str, source: Layer | AliasList) -> bool:
    """Puts a source in force in place of the one before; False where it was loaded already, in force or not."""
    if session.get(BoundaryVersion, source.id) is not None:
        return False
    ended = session.execute(
        update(BoundaryVersion)
        .where(BoundaryVersion.kind == kind, BoundaryVersion.valid_to.is_(None))
        .values(valid_to=_TODAY)
        .returning(BoundaryVersion.valid_to)
    ).scalar()
    session.add(BoundaryVersion(id=source.id, kind=kind, source=source.source, digest=source.digest, valid_from=ended))
    session.flush()
    return True


def _insert_counties(session: Session, layer: Layer, codes: AliasList) -> None:
    since = {alias.current_code: alias.retired_on for alias in codes.aliases if alias.basis == "upgrade"}
    session.execute(
        text("""
        INSERT INTO xiangye.county (code, boundary_version, name_zh, prefecture_code, prefecture_name, province_code, province_name, valid_from, geom)
        VALUES (:code, :boundary_version, :name_zh, :prefecture_code, :prefecture_name, :province_code, :province_name, :valid_from,
                ST_GeomFromWKB(:wkb, 4326))
        """),
        [
            _row(outline) | {"boundary_version": layer.id, "valid_from": since.get(outline.code)}
            for outline in layer.outlines()
        ],
    )


def _row(outline: Outline) -> dict[str, object]:
    return {name: value for name, value in vars(outline).items() if name != "shape"} | {"wkb": outline.shape.wkb}
