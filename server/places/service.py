"""Loads boundary versions. A source that was loaded before changes nothing, whoever asks and however often."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from server.places import preparing, succession
from server.places.layer import AliasList, Layer, Outline, read_aliases, read_layer
from server.places.model import BoundaryVersion, CountyAlias, CountyRow
from server.places.preparing import Prepared
from server.places.queries import boundary_version, hold_all_layers, versions_on
from server.places.refusal import LayerRefused
from server.places.registers import load_registers, read_registers
from server.places.rules import Alias
from server.places.standing import standing
from server.places.writing import carry_over, open_version, write_places
from shared.clock import SystemClock, today_in_china

prepare = preparing.prepare


@dataclass(frozen=True)
class Loaded:
    """What is in force after a load, and whether this load brought it."""

    boundary_version: str
    counties: int
    aliases: int
    changed: bool


@dataclass(frozen=True)
class LoadedLayer:
    """`version` is in force; `before` is what it took the place of. Without `changed` they are the same."""

    kind: str
    version: str
    before: str | None
    written: int
    carried: int
    changed: bool


def load_layer(session: Session, prepared: Prepared, by: str) -> LoadedLayer:
    """Puts a prepared file in force. LayerRefused where another version came in between: its difference would be untrue."""
    hold_all_layers(session)
    at = standing(session, prepared.kind)
    if at.version != prepared.before:
        raise LayerRefused(prepared.file, f"准备之后，别人已载入了新版本 {at.version}；请重新运行，核对新的差异")
    if prepared.difference.is_nothing and at.version is not None:
        return LoadedLayer(prepared.kind, at.version, at.version, 0, len(at.names), changed=False)
    row = BoundaryVersion(
        digest=prepared.digest,
        source=prepared.source,
        label=prepared.label,
        file_name=prepared.file,
        crs=prepared.crs,
        loaded_by=by,
        valid_from=prepared.valid_from,
        kind=prepared.kind,
        id=prepared.version,
    )
    open_version(session, row)
    write_places(session, prepared.kind, prepared.version, prepared.places)
    replaced = {place.code for place in prepared.places} | set(prepared.gone)
    if at.version is not None:
        carry_over(session, prepared.kind, at.version, prepared.version, replaced)
        if prepared.kind == "county" and prepared.gone:
            succession.retire(session, at.version, prepared.version, prepared.gone, prepared.valid_from)
    carried = len(at.names.keys() - replaced)
    return LoadedLayer(prepared.kind, prepared.version, at.version, len(prepared.places), carried, changed=True)


def load_defaults(session: Session, by: str = "system") -> tuple[Loaded, dict[str, int]]:
    """What every installation starts with: the counties, the codes that are none, and the registers."""
    loaded = load_counties(session)
    return loaded, load_registers(session, read_registers(), by)


def load_counties(session: Session, layer: Layer | None = None, codes: AliasList | None = None) -> Loaded:
    """The default layer and our list of other codes; of two loads at once the second waits and finds nothing to do."""
    hold_all_layers(session)
    layer, codes = layer or read_layer(), codes or read_aliases()
    new_layer = _is_default(session) and _open_source(session, "county", layer)
    new_codes = _open_source(session, "county_alias", codes)
    if new_layer:
        _insert_counties(session, layer, codes)
    in_force = boundary_version(session)
    known = frozenset(session.scalars(select(CountyRow.code).where(CountyRow.boundary_version == in_force)))
    aliases = succession.following(session, codes.aliases)
    if new_codes:
        session.execute(
            delete(CountyAlias).where(CountyAlias.note.is_(None) | CountyAlias.note.not_like(f"{succession.MARK}%"))
        )
        session.add_all(CountyAlias(**vars(alias)) for alias in aliases)
        session.flush()
    if new_layer or new_codes:
        check_aliases(aliases, known)
    return Loaded(in_force, len(known), len(codes.aliases), new_layer or new_codes)


def _is_default(session: Session) -> bool:
    """Whether no agency has put its own counties in force: a newer default never takes their place."""
    own = select(BoundaryVersion.id).where(
        BoundaryVersion.kind == "county", BoundaryVersion.valid_to.is_(None), BoundaryVersion.file_name.is_not(None)
    )
    return session.scalar(own) is None


def check_aliases(aliases: Iterable[Alias], known: Collection[str]) -> None:
    """ValueError where an alias is itself a county of the layer, or names one that is not."""
    for alias in aliases:
        if alias.code in known:
            raise ValueError(f"county aliases: {alias.code} {alias.name_zh} is a county of the layer")
        if alias.current_code is not None and alias.current_code not in known:
            raise ValueError(
                f"county aliases: {alias.code} {alias.name_zh} points to {alias.current_code}, which the layer does not have"
            )


def _open_source(session: Session, kind: str, source: Layer | AliasList) -> bool:
    """Puts a source in force in place of the one before; False where it was loaded already, in force or not."""
    if session.get(BoundaryVersion, source.id) is not None:
        return False
    since = today_in_china(SystemClock()) if kind in versions_on(session) else None
    row = BoundaryVersion(id=source.id, kind=kind, source=source.source, digest=source.digest, valid_from=since)
    open_version(session, row)
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
