"""Reads: from a name to a taxon, from a taxon to what the lists in force say of it. Few queries, however many names."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import confirming, search
from server.taxa.crossing import bridge
from server.taxa.in_force import IN_FORCE, ListVersion, list_versions, today
from server.taxa.names import taxon_id_for
from server.taxa.remembered import remembered
from server.taxa.resolving import TAXON_COLUMNS, TAXON_SOURCE, by_ids, resolve_many
from server.taxa.rules import PROVINCIAL, Coverage, Entry, ResolvedTaxon, SensitivityRule, SensitivityRules, TaxonFacts

_HERE = "({row}.region_code IS NULL OR CAST(:region AS text) IS NULL OR :region LIKE {row}.region_code || '%')"
# A rule leaves species out by their Chinese names. A list that calls one otherwise must not bring it back in.
_EXCLUDED = """
    excluded AS (
        SELECT x.list_id, x.version, x.entry_no, array_agg(DISTINCT x.name_zh) AS names,
            array_agg(DISTINCT t.taxon_id::text) FILTER (WHERE t.taxon_id IS NOT NULL) AS ids
        FROM xiangye.list_rule_exclusion x JOIN xiangye.list_rule r USING (list_id, version, entry_no)
        LEFT JOIN xiangye.taxon_name n ON n.name = x.name_zh AND n.language = 'zh' AND (n.kind = 'accepted' OR NOT EXISTS (
            SELECT FROM xiangye.taxon_name a WHERE a.search_name = n.search_name AND a.language = 'zh' AND a.kind = 'accepted'))
        LEFT JOIN xiangye.taxon t ON t.taxon_id = n.taxon_id AND r.name IN (t.genus, t.section, t.family, t.order_name, t.class_name)
        GROUP BY 1, 2, 3)
"""
_SPOKEN = ("protected", "invasive")
FLAGS = ("flagship", "tiny_population", "endemic", "indicator", "ancient_tree")

__all__ = [
    "FLAGS",
    "TAXON_COLUMNS",
    "TAXON_SOURCE",
    "ListVersion",
    "bridge",
    "by_ids",
    "list_versions",
    "resolve_many",
    "today",
]


def coverage(
    session: Session, on: date | None = None, region: str | None = None, kinds: Sequence[str] = _SPOKEN
) -> Coverage:
    """`region`: a GB/T 2260 code whose provincial lists, and entries for this place, count beside the national ones; None
    counts every list that is loaded."""
    day = on or today()
    return remembered(session, ("coverage", day, region, *kinds), lambda: _coverage(session, day, region, kinds))


def _coverage(session: Session, day: date, region: str | None, kinds: Sequence[str]) -> Coverage:
    bound = {"day": day, "region": region, "kinds": list(kinds)}
    entries = session.execute(
        text(f"""WITH {IN_FORCE}, {_EXCLUDED}
        SELECT f.kind, f.list_id, f.short_title_zh AS list_title, f.version, e.entry_no, 'species' AS rank, e.scientific_name AS name, e.name_zh,
            coalesce(e.category, '') AS category, e.taxon_id::text AS taxon_id, NULL AS kingdom, e.population, NULL AS excludes,
            NULL AS excluded_ids, f.populations_excluded, f.populations_excluded_basis
        FROM in_force f JOIN xiangye.list_entry e USING (list_id, version) WHERE f.kind = ANY(:kinds) AND {_HERE.format(row="e")}
        UNION ALL
        SELECT f.kind, f.list_id, f.short_title_zh, f.version, r.entry_no, r.rank, r.name, r.name_zh, r.category, NULL, r.kingdom, r.population,
            x.names, x.ids, f.populations_excluded, f.populations_excluded_basis
        FROM in_force f JOIN xiangye.list_rule r USING (list_id, version) LEFT JOIN excluded x USING (list_id, version, entry_no)
        WHERE f.kind = ANY(:kinds) AND {_HERE.format(row="r")}
        """),
        bound,
    ).mappings()
    found = (
        Entry(
            **{
                **row,
                "excludes": frozenset(row["excludes"] or ()),
                "excluded_ids": frozenset(row["excluded_ids"] or ()),
                "populations_excluded": frozenset(row["populations_excluded"]),
            }
        )
        for row in entries
    )
    return Coverage(found, _same_taxa(session))


# A row that had by mistake the Latin name of another listed species was renamed too, when the mistake was put right. The two are one
# only where nothing else speaks of the old one, where they bear one Chinese name, or where the row itself says what it was called.
_CALLED = (
    "(SELECT z.name FROM xiangye.taxon_name z WHERE z.taxon_id = {taxon} AND z.language = 'zh' AND z.kind = 'accepted')"
)
_SAME_TAXA = f"""
    SELECT t.taxon_id::text, n.taxon_id::text, t.genus FROM xiangye.taxon t JOIN xiangye.taxon_name n ON n.name = t.scientific_name
    WHERE n.language = 'la' AND n.kind <> 'accepted' AND n.taxon_id <> t.taxon_id
    UNION
    SELECT b.from_taxon_id::text, b.to_taxon_id::text, t.genus FROM xiangye.taxon_bridge b JOIN xiangye.taxon t ON t.taxon_id = b.from_taxon_id
    WHERE b.change = 'renamed' AND b.from_taxon_id <> b.to_taxon_id AND (
        t.status <> 'accepted' OR coalesce({_CALLED.format(taxon="b.from_taxon_id")} = {_CALLED.format(taxon="b.to_taxon_id")}, true)
        OR (b.list_id, b.to_version, b.to_value) IN (
            SELECT r.list_id, r.version, r.cells->>'scientific_name' FROM xiangye.list_row r WHERE r.cells->>'former_names' <> ''))
"""


def _same_taxa(session: Session) -> list[tuple[str, str, str | None]]:
    """(a taxon that stayed when its name became a synonym of another's, that other, the genus of the first)."""
    return [(row[0], row[1], row[2]) for row in session.execute(text(_SAME_TAXA))]


def sensitivity_rules(session: Session, on: date | None = None) -> SensitivityRules:
    day = on or today()
    return remembered(session, ("sensitivity", day), lambda: _sensitivity_rules(session, day))


def _sensitivity_rules(session: Session, day: date) -> SensitivityRules:
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT s.list_id || ':' || s.entry_no AS rule_id, s.rank, s.name, s.level, s.reason, s.taxon_id::text AS taxon_id, s.kingdom, s.population,
            s.condition, s.coarsest_name, s.months, s.county_codes
        FROM in_force f JOIN xiangye.sensitivity_rule s USING (list_id, version) ORDER BY s.list_id, s.entry_no
        """),
        {"day": day, "region": None},
    ).mappings()
    found = [
        SensitivityRule(**{**row, **{name: frozenset(row[name] or ()) for name in ("months", "county_codes")}})
        for row in rows
    ]
    return SensitivityRules(found, coverage(session, day))


def facts(session: Session, taxon_ids: Iterable[str], on: date, region: str | None = None) -> dict[str, TaxonFacts]:
    """By taxon id; of wild populations, in the region as `coverage` has it. A taxon that another superseded has the facts of
    that other. Few queries for any number of taxa; ids that no taxon has are left out."""
    taxa = _as_now(session, by_ids(session, taxon_ids))
    covered = coverage(session, on, region)
    ids = sorted(taxon.taxon_id for taxon in taxa.values())
    red = _red_list(session, ids, on)
    endemic: dict[str, bool] = {
        row[0]: row[1]
        for row in session.execute(
            text(
                "SELECT taxon_id::text, endemic FROM xiangye.taxon WHERE endemic IS NOT NULL AND taxon_id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": ids},
        )
    }
    chinese = _chinese_names_of_groups(session, taxa.values())
    return {
        key: _facts(taxon, covered, red.get(taxon.taxon_id), endemic.get(taxon.taxon_id), chinese)
        for key, taxon in taxa.items()
    }


def protection_classes(session: Session, taxa: dict[str, ResolvedTaxon], on: date) -> dict[str, str | None]:
    """What `facts` tells of protection, of taxa by id, without asking for the rest."""
    covered = coverage(session, on)
    return {key: _national(covered.protecting(taxon))[1] for key, taxon in _as_now(session, taxa).items()}


def _national(entries: Sequence[Entry]) -> tuple[Entry | None, str | None]:
    """The entry of the national lists that counts, and its class where it holds for wild ones."""
    entry = next((entry for entry in entries if entry.category != PROVINCIAL), None)
    return entry, entry.category if entry and entry.applies_to("wild") else None


def _as_now(session: Session, taxa: dict[str, ResolvedTaxon]) -> dict[str, ResolvedTaxon]:
    """Beside the id of each superseded taxon the one that took its place, where that is one and no more."""
    old = {key for key, taxon in taxa.items() if taxon.status == "superseded"}
    if not old:
        return taxa
    after: dict[str, set[str]] = {}
    for one, other, _ in _same_taxa(session):
        after.setdefault(one, set()).add(other)
    now = {key: _followed(after, key) for key in old}
    found = by_ids(session, now.values())
    return {key: found.get(now.get(key, ""), taxon) for key, taxon in taxa.items()}


def _followed(after: dict[str, set[str]], taxon_id: str) -> str:
    passed = {taxon_id}
    while len(following := after.get(taxon_id, set()) - passed) == 1:
        [taxon_id] = following
        passed.add(taxon_id)
    return taxon_id


def _facts(
    taxon: ResolvedTaxon, covered: Coverage, red: tuple[str, str] | None, endemic: bool | None, chinese: dict[str, str]
) -> TaxonFacts:
    entries = covered.protecting(taxon)
    provincial = [entry for entry in entries if entry.category == PROVINCIAL]
    entry, protection_class = _national(entries)
    return TaxonFacts(
        **asdict(taxon),
        protection_class=protection_class,
        provincial_list=provincial[0].list_title if provincial else None,
        protection_entry=entry.title() if entry else None,
        protection_list=entry.list_id if entry else None,
        list_version=entry.version if entry else None,
        invasive_lists=tuple(
            e.list_title for e in sorted(covered.matches(taxon), key=lambda e: e.list_id) if e.kind == "invasive"
        ),
        red_list=red[0] if red else None,
        red_list_source=red[1] if red else None,
        endemic=endemic,
        wild_only=entry is not None and entry.population == "wild",
        family_zh=chinese.get(taxon.family or ""),
        order_zh=chinese.get(taxon.order_name or ""),
        class_zh=chinese.get(taxon.class_name or ""),
    )


def _red_list(session: Session, taxon_ids: list[str], on: date) -> dict[str, tuple[str, str]]:
    """The latest assessment for China; one of the whole species stands above one of a population."""
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT a.taxon_id::text, a.category, a.source FROM in_force f JOIN xiangye.red_list_assessment a USING (list_id, version)
        WHERE a.scope = 'China' AND a.taxon_id = ANY(CAST(:ids AS uuid[]))
        ORDER BY a.population_zh IS NULL, a.assessed_year NULLS FIRST, a.edition NULLS FIRST, a.list_id, a.entry_no
        """),
        {"ids": taxon_ids, "day": on, "region": None},
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def _chinese_names_of_groups(session: Session, taxa: Iterable[ResolvedTaxon]) -> dict[str, str]:
    wanted = {name for t in taxa for name in (t.family, t.order_name, t.class_name) if name}
    rows = session.execute(
        text(
            f"SELECT t.scientific_name, z.name FROM {TAXON_SOURCE} WHERE t.scientific_name = ANY(:names) AND z.name IS NOT NULL"
        ),
        {"names": sorted(wanted)},
    )
    return {row[0]: row[1] for row in rows}


def protection(
    session: Session,
    taxon: str | ResolvedTaxon,
    population: str = "wild",
    region: str | None = None,
    on: date | None = None,
) -> dict[str, Any]:
    """`taxon`: its id, or a taxon that is not stored. {protection_class, entry, rule, list, list_version}; all None where
    no list in force says anything. `also`, only where further lists protect the taxon: the same of each of them."""
    known = by_ids(session, [taxon]).get(taxon) if isinstance(taxon, str) else taxon
    none = {"protection_class": None, "entry": None, "rule": None, "list": None, "list_version": None}
    if known is None:
        return none
    covered = coverage(session, on, region, ("protected",))
    said = [_said(entry, entry.applies_to(population)) for entry in covered.protecting(known, population)]
    left_out = covered.exclusion_of(known)
    if left_out and not said:
        return _said(left_out, False)
    return (said[0] | ({"also": said[1:]} if said[1:] else {})) if said else none


def _said(entry: Entry, holds: bool) -> dict[str, Any]:
    return {
        "protection_class": entry.category if holds else None,
        "entry": entry.title(),
        "rule": entry.words(),
        "list": entry.list_title,
        "list_version": entry.version,
    }


def find(session: Session, text: str, limit: int = 20) -> list[dict[str, Any]]:
    """[{taxon_id, scientific_name, name_zh, rank, protection_class, lists, match}], best first; lists in force today."""
    hits = search.matches(session, text, limit)
    taxa = by_ids(session, [hit.taxon_id for hit in hits])
    covered = coverage(session, kinds=("protected", "invasive", "checklist")) if hits else Coverage(())
    return [_found(taxa[hit.taxon_id], covered, hit.match) for hit in hits]


def _found(taxon: ResolvedTaxon, covered: Coverage, match: str) -> dict[str, Any]:
    return {
        "taxon_id": taxon.taxon_id,
        "scientific_name": taxon.scientific_name,
        "name_zh": taxon.name_zh,
        "rank": taxon.rank,
        "protection_class": covered.class_of(taxon)[0],
        "lists": sorted(entry.list_id for entry in covered.matches(taxon)),
        "match": match,
    }


def red_list_assessments(session: Session, taxon_id: str, on: date | None = None) -> list[dict[str, Any]]:
    """Every assessment in force, of the taxon whole or of a population, the latest first."""
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT a.scope, a.assessed_year, a.edition, a.category, a.criteria, a.population_zh, a.source, a.list_id, a.version AS list_version
        FROM in_force f JOIN xiangye.red_list_assessment a USING (list_id, version) WHERE a.taxon_id = CAST(:taxon_id AS uuid)
        ORDER BY a.assessed_year DESC NULLS LAST, a.scope, a.list_id, a.entry_no"""),
        {"taxon_id": taxon_id, "day": on or today(), "region": None},
    )
    return [dict(row) for row in rows.mappings()]


def traits(session: Session, taxon_ids: Iterable[str], on: date | None = None) -> dict[str, dict[str, tuple[str, ...]]]:
    """By taxon id: trait → its values; its own, else those of its species, else of its genus (areal types stand on genera)."""
    taxa = by_ids(session, taxon_ids)
    asked = {
        key: (*taxon.own_ids, *([taxon_id_for(taxon.genus)] if taxon.genus else [])) for key, taxon in taxa.items()
    }
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT x.taxon_id::text, x.trait, array_agg(DISTINCT x.value) FROM in_force f JOIN xiangye.taxon_trait x USING (list_id, version)
        WHERE x.taxon_id = ANY(CAST(:ids AS uuid[])) GROUP BY 1, 2 ORDER BY 1, 2"""),
        {"ids": sorted({key for keys in asked.values() for key in keys}), "day": on or today(), "region": None},
    )
    said: dict[str, dict[str, tuple[str, ...]]] = {}
    for taxon_id, trait, values in rows:
        said.setdefault(taxon_id, {})[trait] = tuple(values)
    found = {key: {t: v for own in reversed(keys) for t, v in said.get(own, {}).items()} for key, keys in asked.items()}
    return {key: values for key, values in found.items() if values}


def lookalikes(session: Session, taxon_id: str, on: date | None = None) -> list[tuple[ResolvedTaxon, str]]:
    """(the other, by what to tell them apart), whichever of the two the list names first."""
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT CASE WHEN x.taxon_id = CAST(:id AS uuid) THEN x.other_id ELSE x.taxon_id END::text, x.difference_zh
        FROM in_force f JOIN xiangye.taxon_lookalike x USING (list_id, version)
        WHERE CAST(:id AS uuid) IN (x.taxon_id, x.other_id) ORDER BY x.list_id, x.entry_no"""),
        {"id": taxon_id, "day": on or today(), "region": None},
    ).all()
    taxa = by_ids(session, [row[0] for row in rows])
    return [(taxa[row[0]], row[1]) for row in rows]


def identifiers(session: Session, taxon_ids: Iterable[str], on: date | None = None) -> dict[str, dict[str, str]]:
    """By taxon id: authority → what it calls the taxon."""
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT x.taxon_id::text, x.authority, x.identifier FROM in_force f JOIN xiangye.taxon_identifier x USING (list_id, version)
        WHERE x.taxon_id = ANY(CAST(:ids AS uuid[])) ORDER BY x.list_id DESC, x.entry_no DESC"""),
        {"ids": sorted(set(taxon_ids)), "day": on or today(), "region": None},
    )
    found: dict[str, dict[str, str]] = {}
    for taxon_id, authority, identifier in rows:
        found.setdefault(taxon_id, {})[authority] = identifier
    return found


def flags(
    session: Session, taxon_ids: Iterable[str], on: date | None = None, region: str | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """By taxon id: kind of list → {list, list_version, category, reason, threshold, …}; a subspecies has what its species has."""
    taxa = by_ids(session, taxon_ids)
    covered = coverage(session, on, region, FLAGS)
    details = _details(session, on)
    return {
        taxon_id: {
            entry.kind: {
                "list": entry.list_title,
                "list_version": entry.version,
                "category": entry.category or None,
                **details.get((entry.list_id, entry.version, entry.entry_no), {}),
            }
            for entry in reversed(covered.matches(taxon))
        }
        for taxon_id, taxon in taxa.items()
    }


def _details(session: Session, on: date | None) -> dict[tuple[str, str, int], dict[str, Any]]:
    rows = session.execute(
        text(f"""WITH {IN_FORCE}
        SELECT e.list_id, e.version, e.entry_no, e.details FROM in_force f JOIN xiangye.list_entry e USING (list_id, version)
        WHERE f.kind = ANY(:kinds) AND e.details <> '{{}}'"""),
        {"day": on or today(), "region": None, "kinds": list(FLAGS)},
    )
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def unverified(session: Session, on: date | None = None) -> list[dict[str, Any]]:
    """[{list_id, title_zh, version, rows}] of the lists in force that have rows nobody stands for."""
    return confirming.unverified(session, on or today())
