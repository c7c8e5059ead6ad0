"""Codes of counties that a layer ended: they become aliases of the county that took their ground, if one took nearly all."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from server.places.model import CountyAlias
from server.places.rules import Alias

BASIS = "ground"
MARK = "按范围判定："
_NEARLY_ALL = 0.9

_SHARES = text("""
    SELECT gone.code, gone.name_zh, heir.code AS heir, heir.name_zh AS heir_name,
        ST_Area(ST_Intersection(gone.geom, heir.geom)::geography) / ST_Area(gone.geom::geography) AS share
    FROM xiangye.county gone JOIN xiangye.county heir ON heir.boundary_version = :version AND ST_Intersects(gone.geom, heir.geom)
    WHERE gone.boundary_version = :before AND gone.code = ANY(:gone)
    ORDER BY gone.code, share DESC, heir.code
    """)


def retire(session: Session, before: str, version: str, gone: Iterable[str], on: date) -> None:
    """Older codes that led to one of them lead on to its heir."""
    rows = session.execute(_SHARES, {"before": before, "version": version, "gone": sorted(gone)}).all()
    for code in dict.fromkeys(row.code for row in rows):
        heirs = [row for row in rows if row.code == code and row.share >= 0.01]
        heir = heirs[0].heir if heirs and heirs[0].share >= _NEARLY_ALL else None
        note = MARK + "，".join(f"{row.heir_name} {row.share:.0%}" for row in heirs)
        name = next(row.name_zh for row in rows if row.code == code)
        basis = BASIS if heir else "none"
        session.execute(
            update(CountyAlias)
            .where(CountyAlias.current_code == code)
            .values(current_code=heir, **({} if heir else {"basis": "none", "note": note}))
        )
        session.merge(
            CountyAlias(
                code=code, name_zh=name, kind="retired", current_code=heir, retired_on=on, basis=basis, note=note
            )
        )
    session.flush()


def following(session: Session, aliases: Iterable[Alias]) -> list[Alias]:
    """Our own list where layers have ended codes since: what led to one of those leads on, and what a layer retired stays."""
    ended = {row.code: row for row in session.scalars(select(CountyAlias).where(CountyAlias.note.like(f"{MARK}%")))}
    found = []
    for alias in aliases:
        heir = ended.get(alias.current_code or "")
        if alias.code in ended:
            continue
        if heir is None:
            found.append(alias)
        elif heir.current_code is None:
            found.append(replace(alias, current_code=None, basis="none", note=heir.note))
        else:
            found.append(replace(alias, current_code=heir.current_code))
    return found
