"""From one version of a list to another, whichever way and however many versions lie between."""

from dataclasses import replace

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import bridging, difference
from server.taxa.bridging import Bridge
from server.taxa.difference import Difference, Rows
from server.taxa.names import taxon_id_for
from server.taxa.versions import rows_of


def bridge(session: Session, list_id: str, from_version: str, to_version: str) -> list[Bridge]:
    """What became of each taxon between two versions, step by step along what replaced what; back in time too.
    ValueError where there is no such version."""
    replaces: dict[str, str | None] = {
        row[0]: row[1]
        for row in session.execute(
            text("SELECT version, replaces FROM xiangye.list_version WHERE list_id = :list"), {"list": list_id}
        )
    }
    for version in (from_version, to_version):
        if version not in replaces:
            raise ValueError(f"名录 {list_id} 没有版本 {version}；有：{'、'.join(sorted(replaces)) or '无'}")
    way = bridging.way(replaces, from_version, to_version)
    if way is None:
        return _compared(session, list_id, from_version, to_version)
    return [one for start, end in way for one in _step(session, list_id, start, end)]


def became(session: Session, list_id: str, from_version: str, to_version: str, name: str) -> dict[str, frozenset[str]]:
    """The taxa that an entry of this name (Latin or Chinese, as the list has it) was → those they are in the other version.
    Empty where the old version has no such entry."""
    meant = session.execute(
        text("""
        SELECT taxon_id::text FROM xiangye.list_entry WHERE (list_id, version) = (:list, :version) AND :name IN (scientific_name, name_zh)"""),
        {"list": list_id, "version": from_version, "name": name},
    )
    return bridging.carry(bridge(session, list_id, from_version, to_version), meant.scalars().all())


def _compared(session: Session, list_id: str, from_version: str, to_version: str) -> list[Bridge]:
    """Of versions that did not replace one another, one loaded out of turn: out of their rows."""
    kind = session.execute(
        text("SELECT kind FROM xiangye.species_list WHERE list_id = :list"), {"list": list_id}
    ).scalar_one()
    before, after = (_rows(session, kind, list_id, version) for version in (from_version, to_version))
    found = difference.between(Difference(list_id, kind, "", to_version, from_version, 0), before, after).bridges
    return [replace(one, from_version=from_version, to_version=to_version) for one in found]


def _rows(session: Session, kind: str, list_id: str, version: str) -> Rows:
    meant: dict[str, str] = {
        row[0]: row[1]
        for row in session.execute(
            text(
                "SELECT scientific_name, taxon_id::text FROM xiangye.list_entry WHERE (list_id, version) = (:list, :version)"
            ),
            {"list": list_id, "version": version},
        )
    }
    return Rows(kind, rows_of(session, list_id, version), lambda name: meant.get(name) or taxon_id_for(name))


def _step(session: Session, list_id: str, from_version: str, to_version: str) -> list[Bridge]:
    rows = session.execute(
        text("""
        SELECT change, from_taxon_id::text, to_taxon_id::text, from_value, to_value, from_version, to_version FROM xiangye.taxon_bridge
        WHERE list_id = :list AND (from_version, to_version) IN ((:one, :other), (:other, :one)) ORDER BY bridge_no"""),
        {"list": list_id, "one": from_version, "other": to_version},
    )
    found = [Bridge(*row) for row in rows]
    return [one if one.from_version == from_version else one.backwards() for one in found]
