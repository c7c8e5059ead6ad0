"""Reads: from a name to a taxon, from a taxon to what the lists in force say of it. Few queries, however many names."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from server.taxa import search
from server.taxa.names import lookup_keys
from server.taxa.rules import Coverage, Entry, ResolvedTaxon, SensitivityRule, SensitivityRules, TaxonFacts
from shared.clock import CHINA, SystemClock

TAXON_COLUMNS = """
    t.taxon_id::text AS taxon_id, t.scientific_name, z.name AS name_zh, t.rank, t.kingdom, t.phylum, t.class_name, t.order_name, t.family,
    t.genus, t.section, t.group_zh, t.status
"""
TAXON_SOURCE = """
    xiangye.taxon t LEFT JOIN xiangye.taxon_name z ON z.taxon_id = t.taxon_id AND z.language = 'zh' AND z.kind = 'accepted'
"""
_IN_FORCE = """
    in_force AS (
        SELECT DISTINCT ON (v.list_id) v.*, l.kind, l.title_zh, l.short_title_zh, l.region, l.populations_excluded, l.populations_excluded_basis
        FROM xiangye.list_version v JOIN xiangye.species_list l USING (list_id)
        WHERE coalesce(v.in_force_on, '0001-01-01') <= :day AND (l.region = 'CN' OR CAST(:region AS text) IS NULL OR :region LIKE l.region || '%')
        ORDER BY v.list_id, v.in_force_on DESC NULLS LAST, v.version DESC)
"""
_SPOKEN = ("protected", "invasive")


@dataclass(frozen=True)
class ListVersion:
    list_id: str
    kind: str
    title_zh: str
    short_title_zh: str
    version: str
    announcement: str
    issued_on: date | None
    in_force_on: date | None
    digest: str
    taxon_count: int
    group_count: int
    unverified_count: int
    unverified_rows: str


def today() -> date:
    """Lists come into force by the calendar of China."""
    return SystemClock().now().astimezone(CHINA).date()


def list_versions(session: Session, on: date | None = None) -> list[ListVersion]:
    """The version of each list that was in force on the day."""
    rows = session.execute(
        text(f"""WITH {_IN_FORCE}
        SELECT list_id, kind, title_zh, short_title_zh, version, announcement, issued_on, in_force_on, digest, taxon_count, group_count,
            unverified_count, unverified_rows
        FROM in_force ORDER BY list_id"""),
        {"day": on or today(), "region": None},
    )
    return [ListVersion(**row) for row in rows.mappings()]


def reference_version(session: Session) -> str:
    """Changes with any list, and with nothing else."""
    versions = session.execute(
        text("SELECT list_id, version, digest FROM xiangye.list_version ORDER BY list_id, version")
    ).all()
    in_force = [f"{v.list_id}@{v.version}" for v in list_versions(session)]
    return hashlib.sha256(repr(([tuple(row) for row in versions], in_force)).encode()).hexdigest()[:16]


def resolve_many(session: Session, names: Sequence[tuple[str | None, str | None]]) -> list[ResolvedTaxon | None]:
    """One taxon a (scientific name, Chinese name), by accepted name or synonym, Latin first; None where no list knows it."""
    wanted = [lookup_keys(latin, chinese) for latin, chinese in names]
    known = _by_search_name(session, {key for keys in wanted for key in keys})
    return [next((known[key] for key in keys if key in known), None) for keys in wanted]


def _by_search_name(session: Session, keys: set[str]) -> dict[str, ResolvedTaxon]:
    if not keys:
        return {}
    rows = session.execute(
        text(f"""
        SELECT n.search_name, {TAXON_COLUMNS} FROM xiangye.taxon_name n JOIN {TAXON_SOURCE} ON t.taxon_id = n.taxon_id
        WHERE n.search_name = ANY(:keys) ORDER BY t.status = 'provisional' DESC, n.kind = 'accepted', t.taxon_id DESC
        """),
        {"keys": sorted(keys)},
    )
    return {row["search_name"]: _resolved(row) for row in rows.mappings()}


def _resolved(row: RowMapping) -> ResolvedTaxon:
    return ResolvedTaxon(**{key: value for key, value in row.items() if key != "search_name"})


def by_ids(session: Session, taxon_ids: Iterable[str]) -> dict[str, ResolvedTaxon]:
    rows = session.execute(
        text(f"SELECT {TAXON_COLUMNS} FROM {TAXON_SOURCE} WHERE t.taxon_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": sorted(set(taxon_ids))},
    )
    return {row["taxon_id"]: _resolved(row) for row in rows.mappings()}


def coverage(
    session: Session, on: date | None = None, region: str | None = None, kinds: Sequence[str] = _SPOKEN
) -> Coverage:
    """`region`: a GB/T 2260 code whose provincial lists count beside the national ones; None counts every list that is loaded."""
    bound = {"day": on or today(), "region": region, "kinds": list(kinds)}
    entries = session.execute(
        text(f"""WITH {_IN_FORCE}
        SELECT f.kind, f.list_id, f.short_title_zh AS list_title, f.version, e.entry_no, 'species' AS rank, e.scientific_name AS name, e.name_zh,
            coalesce(e.category, '') AS category, e.taxon_id::text AS taxon_id, NULL AS kingdom, e.population, NULL AS excludes,
            f.populations_excluded, f.populations_excluded_basis
        FROM in_force f JOIN xiangye.list_entry e USING (list_id, version) WHERE f.kind = ANY(:kinds)
        UNION ALL
        SELECT f.kind, f.list_id, f.short_title_zh, f.version, r.entry_no, r.rank, r.name, r.name_zh, r.category, NULL, r.kingdom, r.population,
            (SELECT array_agg(x.name_zh) FROM xiangye.list_rule_exclusion x
             WHERE (x.list_id, x.version, x.entry_no) = (r.list_id, r.version, r.entry_no)), f.populations_excluded, f.populations_excluded_basis
        FROM in_force f JOIN xiangye.list_rule r USING (list_id, version) WHERE f.kind = ANY(:kinds)
        """),
        bound,
    ).mappings()
    return Coverage(
        Entry(
            **{
                **row,
                "excludes": frozenset(row["excludes"] or ()),
                "populations_excluded": frozenset(row["populations_excluded"]),
            }
        )
        for row in entries
    )


def sensitivity_rules(session: Session, on: date | None = None) -> SensitivityRules:
    rows = session.execute(
        text(f"""WITH {_IN_FORCE}
        SELECT s.list_id || ':' || s.entry_no AS rule_id, s.rank, s.name, s.level, s.reason, s.taxon_id::text AS taxon_id, s.kingdom, s.population,
            s.condition, s.coarsest_name
        FROM in_force f JOIN xiangye.sensitivity_rule s USING (list_id, version) ORDER BY s.list_id, s.entry_no
        """),
        {"day": on or today(), "region": None},
    ).mappings()
    return SensitivityRules([SensitivityRule(**row) for row in rows], coverage(session, on))


def facts(session: Session, taxon_ids: Iterable[str], on: date) -> dict[str, TaxonFacts]:
    """By taxon id; of wild populations. Five queries for any number of taxa; ids that no taxon has are left out."""
    taxa = by_ids(session, taxon_ids)
    covered = coverage(session, on)
    red = _red_list(session, sorted(taxa))
    endemic: dict[str, bool] = {
        row[0]: row[1]
        for row in session.execute(
            text(
                "SELECT taxon_id::text, endemic FROM xiangye.taxon WHERE endemic IS NOT NULL AND taxon_id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": sorted(taxa)},
        )
    }
    chinese = _chinese_names_of_groups(session, taxa.values())
    return {
        taxon_id: _facts(taxon, covered, red.get(taxon_id), endemic.get(taxon_id), chinese)
        for taxon_id, taxon in taxa.items()
    }


def _facts(
    taxon: ResolvedTaxon, covered: Coverage, red: tuple[str, str] | None, endemic: bool | None, chinese: dict[str, str]
) -> TaxonFacts:
    protection_class, entry = covered.class_of(taxon)
    return TaxonFacts(
        **asdict(taxon),
        protection_class=protection_class,
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


def _red_list(session: Session, taxon_ids: list[str]) -> dict[str, tuple[str, str]]:
    rows = session.execute(
        text("""
        SELECT taxon_id::text, category, source FROM xiangye.red_list_assessment
        WHERE scope = 'China' AND taxon_id = ANY(CAST(:ids AS uuid[])) ORDER BY edition
        """),
        {"ids": taxon_ids},
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
    no list in force says anything."""
    known = by_ids(session, [taxon]).get(taxon) if isinstance(taxon, str) else taxon
    none = {"protection_class": None, "entry": None, "rule": None, "list": None, "list_version": None}
    if known is None:
        return none
    covered = coverage(session, on, region, ("protected",))
    protection_class, entry = covered.class_of(known, population)
    entry = entry or covered.exclusion_of(known)
    if entry is None:
        return none
    return {
        "protection_class": protection_class,
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


def pack_rows(session: Session) -> dict[str, list[Mapping[str, Any]]]:
    """{taxon, name}: the rows of a tablet's pack in a fixed order; provisional taxa stay here."""
    rules = sensitivity_rules(session)
    rows = (
        session.execute(
            text(f"""
        SELECT {TAXON_COLUMNS}, z.pinyin, z.initials FROM {TAXON_SOURCE} WHERE t.status = 'accepted' ORDER BY t.taxon_id
        """)
        )
        .mappings()
        .all()
    )
    taxa: list[Mapping[str, Any]] = [_pack_taxon(row, rules) for row in rows]
    names = session.execute(
        text("""
        SELECT n.taxon_id::text AS taxon_id, n.name, n.kind, n.pinyin, n.initials FROM xiangye.taxon_name n JOIN xiangye.taxon t USING (taxon_id)
        WHERE t.status = 'accepted' ORDER BY n.taxon_id, n.language, n.name
        """)
    ).mappings()
    return {"taxon": taxa, "name": [dict(row) for row in names]}


def _pack_taxon(row: RowMapping, rules: SensitivityRules) -> dict[str, Any]:
    taxon = ResolvedTaxon(**{key: value for key, value in row.items() if key not in ("pinyin", "initials")})
    entries = rules.protection.matches(taxon)
    kept = ("taxon_id", "scientific_name", "name_zh", "rank", "class_name", "family", "group_zh", "pinyin", "initials")
    return {
        **{key: row[key] for key in kept},
        "protection_class": rules.protection.class_of(taxon)[0],
        "invasive": int(any(entry.kind == "invasive" for entry in entries)),
        "sensitivity": rules.level_for(taxon)[0] or None,
    }
