"""From a name, or an id, to the taxon that it is."""

from collections.abc import Iterable, Sequence, Set

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from server.taxa.names import lookup_keys
from server.taxa.remembered import remembered_each
from server.taxa.rules import ResolvedTaxon

TAXON_COLUMNS = """
    t.taxon_id::text AS taxon_id, t.scientific_name, z.name AS name_zh, t.rank, t.kingdom, t.phylum, t.class_name, t.order_name, t.family,
    t.genus, t.section, t.group_zh, t.status
"""
TAXON_SOURCE = """
    xiangye.taxon t LEFT JOIN xiangye.taxon_name z ON z.taxon_id = t.taxon_id AND z.language = 'zh' AND z.kind = 'accepted'
"""


def resolve_many(session: Session, names: Sequence[tuple[str | None, str | None]]) -> list[ResolvedTaxon | None]:
    """One taxon a (scientific name, Chinese name), by accepted name or synonym, Latin first; None where no list knows it."""
    wanted = [lookup_keys(latin, chinese) for latin, chinese in names]
    known = remembered_each(
        session,
        "search_name",
        {key for keys in wanted for key in keys},
        lambda keys: _by_search_name(session, keys),
        _is_listed,
    )
    return [next((known[key] for key in keys if key in known), None) for keys in wanted]


def _is_listed(taxon: ResolvedTaxon) -> bool:
    """A provisional taxon of the same name is never taken in its place."""
    return taxon.status != "provisional"


def _by_search_name(session: Session, keys: Set[str]) -> dict[str, ResolvedTaxon]:
    rows = session.execute(
        text(f"""
        SELECT n.search_name, {TAXON_COLUMNS} FROM xiangye.taxon_name n JOIN {TAXON_SOURCE} ON t.taxon_id = n.taxon_id
        WHERE n.search_name = ANY(:keys) ORDER BY t.status = 'accepted', t.status = 'superseded', n.kind = 'accepted', t.taxon_id DESC
        """),
        {"keys": sorted(keys)},
    )
    return {row["search_name"]: _resolved(row) for row in rows.mappings()}


def _resolved(row: RowMapping) -> ResolvedTaxon:
    return ResolvedTaxon(**{key: value for key, value in row.items() if key != "search_name"})


def by_ids(session: Session, taxon_ids: Iterable[str]) -> dict[str, ResolvedTaxon]:
    return remembered_each(session, "taxon_id", set(taxon_ids), lambda ids: _by_ids(session, ids), _is_listed)


def _by_ids(session: Session, taxon_ids: Set[str]) -> dict[str, ResolvedTaxon]:
    rows = session.execute(
        text(f"SELECT {TAXON_COLUMNS} FROM {TAXON_SOURCE} WHERE t.taxon_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": sorted(taxon_ids)},
    )
    return {row["taxon_id"]: _resolved(row) for row in rows.mappings()}
