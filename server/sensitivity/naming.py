"""What a record's name means: its taxon, and how closely its place must be kept."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.sensitivity.circumstances import of_bodies
from server.sensitivity.words import without_position
from server.taxa import queries as taxa
from server.taxa.matching import propose_many
from server.taxa.rules import NOT_SENSITIVE, UNPLACED, Circumstances, ResolvedTaxon, SensitivityRules
from server.taxa.service import ensure_taxa
from shared.ids import is_uuid

_Pair = tuple[str | None, str | None]


@dataclass(frozen=True)
class Named:
    taxon_id: UUID | None
    level: int
    rule: str | None
    coarsest: str | None
    flags: tuple[str, ...]


def name_all(session: Session, bodies: Mapping[UUID, Mapping[str, Any]]) -> dict[UUID, Named]:
    """A name that no list knows becomes a provisional taxon, so that no record loses its name; without a position that somebody wrote
    into it, since taxa are for everybody to read."""
    names = [_names(body["taxon"]) for body in bodies.values()]
    ensure_taxa(session, [pair for pair in names if any(pair)])
    resolved = taxa.resolve_many(session, names)
    rules = taxa.sensitivity_rules(session)
    like = _likenesses(session, names, resolved)
    when = of_bodies(session, bodies, rules)
    return {
        id_: _named(taxon, like.get(name, ()), rules, when[id_])
        for id_, name, taxon in zip(bodies, names, resolved, strict=True)
    }


@dataclass(frozen=True)
class Asking:
    """What a standing identification says, and under what its occurrence was met with."""

    names: tuple[str | None, str | None]
    taxon_id: UUID | None
    when: Circumstances


def levels_asked(session: Session, rules: SensitivityRules, asked: Sequence[Asking]) -> list[tuple[int, str]]:
    """(level, rule) that the lists in force ask for each, by the taxon it was taken for and by what its words may mean."""
    named = list(dict.fromkeys(one.names for one in asked if any(one.names)))
    resolved = dict(zip(named, taxa.resolve_many(session, named), strict=True))
    like = _likenesses(session, named, [resolved[name] for name in named])
    known = taxa.by_ids(session, {str(one.taxon_id) for one in asked if one.taxon_id})
    found = []
    for one in asked:
        own = [known.get(str(one.taxon_id)), resolved.get(one.names)]
        level, rule, *_ = _strictest([taxon for taxon in own if taxon], like.get(one.names, ()), rules, one.when)
        found.append((level, rule or "none"))
    return found


def _likenesses(
    session: Session, names: Sequence[_Pair], resolved: Sequence[ResolvedTaxon | None]
) -> dict[_Pair, list[ResolvedTaxon]]:
    """What each name on no list may be a slip for, and both sides of a name whose Latin and Chinese disagree. None of it is taken, but
    a pangolin misspelt is kept as closely as a pangolin."""
    unknown = {
        name for name, taxon in zip(names, resolved, strict=True) if taxon is None or taxon.status == "provisional"
    }
    proposed = propose_many(session, (name for name in names if name in unknown or all(name)))
    doubtful = {
        name: [one.taxon_id for one in found]
        for name, found in proposed.items()
        if name in unknown or any(one.conflict for one in found)
    }
    known = taxa.by_ids(session, {one for meant in doubtful.values() for one in meant}) if doubtful else {}
    return {name: [known[one] for one in meant] for name, meant in doubtful.items()}


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
    names = {one: (taxon.scientific_name, taxon.name_zh) for one, taxon in known.items()}
    like = _likenesses(session, list(names.values()), list(known.values()))
    meant = {one: [taxon, *like.get(names[one], ())] for one, taxon in known.items()}
    return frozenset(
        one for one in taxon_ids if one not in known or any(rules.level_for(taxon)[0] > 0 for taxon in meant[one])
    )


def _names(taxon: Mapping[str, Any]) -> _Pair:
    return without_position(taxon["scientific_name"] or taxon["verbatim_name"]), without_position(taxon["name_zh"])


def _named(
    taxon: ResolvedTaxon | None, like: Sequence[ResolvedTaxon], rules: SensitivityRules, when: Circumstances
) -> Named:
    level, rule, _reason, coarsest = _strictest([taxon] if taxon else [], like, rules, when)
    unknown = taxon is None or taxon.rank == "unranked"
    return Named(
        UUID(taxon.taxon_id) if taxon else None, level, rule or None, coarsest, ("name_unknown",) if unknown else ()
    )


def _strictest(
    own: Sequence[ResolvedTaxon], like: Sequence[ResolvedTaxon], rules: SensitivityRules, when: Circumstances
) -> tuple[int, str, str, str | None]:
    """A name that cannot be placed may be any of the guarded ones: closed by default."""
    levels = [rules.level_for(taxon, when=when) for taxon in (*own, *like)] + ([] if own else [UNPLACED])
    return min((level for level in levels if level[0] > 0), key=lambda found: found[0], default=NOT_SENSITIVE)
