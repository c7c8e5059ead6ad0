"""The names that free words are held against: of guarded taxa as the lists in force have them, of counties and named places."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.places.queries import versions_on
from server.sensitivity.words import GuardedNames
from server.taxa import queries as taxa
from server.taxa.remembered import remembered
from server.taxa.rules import Circumstances, ResolvedTaxon

_AT_NEST = Circumstances(conditions=frozenset({"nest", "roost"}))
_GROUP_ENDINGS = ("属", "科", "目", "组")
_SHORTEST_LATIN = 4


def guarded_names(session: Session, on: date | None = None) -> GuardedNames:
    """Kept in the process until a list or a layer is another one."""
    layers = tuple(sorted(versions_on(session).items()))
    return remembered(session, ("guarded names", on or taxa.today(), layers), lambda: _read(session, on))


def _read(session: Session, on: date | None) -> GuardedNames:
    rules = taxa.sensitivity_rules(session, on)
    known = [
        ResolvedTaxon(**row)
        for row in session.execute(
            text(f"SELECT {taxa.TAXON_COLUMNS} FROM {taxa.TAXON_SOURCE} WHERE t.status <> 'provisional'")
        ).mappings()
    ]
    always = {taxon.taxon_id for taxon in known if rules.level_for(taxon)[0] > 0}
    at_nest = {taxon.taxon_id for taxon in known if rules.level_for(taxon, when=_AT_NEST)[0] > 0} - always
    names: dict[str, set[str]] = {}
    for taxon_id, name in session.execute(text("SELECT taxon_id::text, name FROM xiangye.taxon_name")):
        names.setdefault(taxon_id, set()).update(_spoken(name))
    return GuardedNames(_of(names, always), _places(session), _of(names, at_nest))


def _of(names: dict[str, set[str]], wanted: Iterable[str]) -> set[str]:
    return {name for taxon_id in wanted for name in names.get(taxon_id, ())}


def _spoken(name: str) -> set[str]:
    """A group is spoken of without the word for its rank: 石斛 for 石斛属."""
    if name.isascii():
        return {name} if len(name) >= _SHORTEST_LATIN else set()
    short = name[:-1] if name.endswith(_GROUP_ENDINGS) and len(name) > 2 else name
    return {name, short}


def _places(session: Session) -> set[str]:
    """Those of the layers in force; a county also without its last word."""
    rows = session.execute(
        text("""
        SELECT c.name_zh FROM xiangye.county c JOIN xiangye.boundary_version v ON v.id = c.boundary_version AND v.valid_to IS NULL
        UNION SELECT c.prefecture_name FROM xiangye.county c JOIN xiangye.boundary_version v ON v.id = c.boundary_version AND v.valid_to IS NULL
        UNION SELECT p.name_zh FROM xiangye.named_place p JOIN xiangye.boundary_version v ON v.id = p.boundary_version AND v.valid_to IS NULL
        WHERE p.kind <> 'grid'
        """)
    ).scalars()
    return {name for full in rows for name in (full, full[:-1]) if len(name) > 1}
