"""What a record's name means: its taxon, and how closely its place must be kept."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.taxa import queries as taxa
from server.taxa.rules import UNPLACED, ResolvedTaxon, SensitivityRules
from server.taxa.service import ensure_taxa
from shared.ids import is_uuid


@dataclass(frozen=True)
class Named:
    taxon_id: UUID | None
    level: int
    rule: str | None
    coarsest: str | None
    flags: tuple[str, ...]


def name_all(session: Session, bodies: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, Named]:
    """A name that no list knows becomes a provisional taxon, so that no record loses its name."""
    names = [_names(body["taxon"]) for body in bodies.values()]
    ensure_taxa(session, names)
    resolved = taxa.resolve_many(session, names)
    rules = taxa.sensitivity_rules(session)
    found = {}
    for (id_, body), taxon in zip(bodies.items(), resolved, strict=True):
        found[id_] = _named(taxon, rules, body)
    return found


def levels_of(session: Session, bodies: Sequence[Mapping[str, Any]]) -> list[int]:
    """How closely the place of each is kept by its name alone, in order."""
    by_number = {UUID(int=number): body for number, body in enumerate(bodies)}
    return [named.level for named in name_all(session, by_number).values()]


def guarded_taxa(session: Session, taxon_ids: Set[str]) -> frozenset[str]:
    """Those of the taxa whose places are guarded, and those that no list can place."""
    if not taxon_ids:
        return frozenset()
    known = taxa.by_ids(session, [one for one in taxon_ids if is_uuid(one)])
    rules = taxa.sensitivity_rules(session)
    return frozenset(one for one in taxon_ids if one not in known or rules.level_for(known[one])[0] > 0)


def _names(taxon: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return taxon["scientific_name"] or taxon["verbatim_name"], taxon["name_zh"]


def _named(taxon: ResolvedTaxon | None, rules: SensitivityRules, body: Mapping[str, Any]) -> Named:
    if taxon is None:
        # A name that cannot be placed may be any of the guarded ones: closed by default.
        level, rule, _reason, coarsest = UNPLACED
        return Named(None, level, rule, coarsest, ("name_unknown",))
    level, rule, _reason, coarsest = rules.level_for(taxon, population=population_of(body["degree_of_establishment"]))
    return Named(
        UUID(taxon.taxon_id), level, rule or None, coarsest, ("name_unknown",) if taxon.rank == "unranked" else ()
    )


def population_of(degree_of_establishment: str | None) -> str:
    """Which population a list's rule asks about; what is not said to be otherwise is wild."""
    return degree_of_establishment if degree_of_establishment in ("captive", "released", "cultivated") else "wild"
