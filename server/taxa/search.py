"""Search as people type: Chinese anywhere, initials, pinyin, parts of Latin words; the exact name first."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from server.taxa.names import clean, fold_chinese, fold_latin, has_chinese
from server.taxa.rules import ABOVE_SPECIES

_CANDIDATES = 400


@dataclass(frozen=True)
class Hit:
    """`match`: exact, chinese, initials, pinyin or latin."""

    taxon_id: str
    match: str


def matches(session: Session, query: str, limit: int) -> list[Hit]:
    query = clean(query)
    if not query or limit < 1:
        return []
    rows = _chinese(session, fold_chinese(query)) if has_chinese(query) else _typed(session, fold_latin(query))
    best: dict[str, tuple[tuple[object, ...], str]] = {}
    for row in rows:
        match = _match_of(row, query)
        rank = _rank_of(row, match, query)
        if row["taxon_id"] not in best or rank < best[row["taxon_id"]][0]:
            best[row["taxon_id"]] = (rank, match)
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    return [Hit(taxon_id, match) for taxon_id, (_, match) in ordered[:limit]]


_SELECT = """
    SELECT n.taxon_id::text AS taxon_id, t.scientific_name, t.rank, t.status, n.name, n.language, n.kind, n.search_name, n.pinyin, n.initials
    FROM xiangye.taxon_name n JOIN xiangye.taxon t USING (taxon_id)
"""
_ORDER = "ORDER BY n.kind <> 'accepted', length(n.name), n.name LIMIT :candidates"


def _chinese(session: Session, query: str) -> list[RowMapping]:
    found = session.execute(
        text(f"{_SELECT} WHERE n.language = 'zh' AND n.search_name LIKE :part {_ORDER}"),
        {"part": f"%{_escape(query)}%", "candidates": _CANDIDATES},
    )
    return list(found.mappings().all())


def _typed(session: Session, query: str) -> list[RowMapping]:
    """Letters: Latin words by their beginnings in any order, or Chinese names by initials or run-together pinyin."""
    typed = query.replace("ü", "v").replace("'", " ")
    squeezed = typed.replace(" ", "")
    words = query.split()
    latin = " AND ".join(f"' ' || n.search_name LIKE :word_{i}" for i in range(len(words))) or "false"
    bound = {f"word_{i}": f"% {_escape(word)}%" for i, word in enumerate(words)}
    found = session.execute(
        text(f"""{_SELECT} WHERE (n.language IN ('la', 'en') AND {latin})
        OR (n.language = 'zh' AND (n.initials LIKE :begins OR replace(n.pinyin, ' ', '') LIKE :begins OR ' ' || n.pinyin LIKE :inside))
        {_ORDER}"""),
        {**bound, "begins": f"{_escape(squeezed)}%", "inside": f"% {_escape(typed)}%", "candidates": _CANDIDATES},
    )
    return list(found.mappings().all())


def _escape(query: str) -> str:
    return query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _match_of(row: RowMapping, query: str) -> str:
    if row["search_name"] in (fold_chinese(query), fold_latin(query)):
        return "exact"
    if row["language"] != "zh":
        return "latin"
    if has_chinese(query):
        return "chinese"
    return "initials" if (row["initials"] or "").startswith(fold_latin(query).replace(" ", "")) else "pinyin"


def _rank_of(row: RowMapping, match: str, query: str) -> tuple[object, ...]:
    """Exact, then whole initials or pinyin, then beginnings, then inside; species before groups, accepted before other
    names, short before long."""
    folded = fold_chinese(query) if has_chinese(query) else fold_latin(query)
    squeezed = folded.replace(" ", "")
    whole = squeezed in (row["initials"], (row["pinyin"] or "").replace(" ", "")) or row["search_name"] == folded
    begins = row["search_name"].startswith(folded) or (row["initials"] or "").startswith(squeezed)
    return (
        match != "exact",
        not whole,
        row["status"] == "provisional",
        not begins,
        row["rank"] in ABOVE_SPECIES,
        row["kind"] != "accepted",
        len(row["search_name"]),
        row["scientific_name"],
    )
