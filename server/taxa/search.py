"""Search as people type: Chinese anywhere, initials, pinyin, parts of Latin words, or a name with its authors; the whole name first."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from server.taxa.matching import read_so
from server.taxa.names import clean, fold_chinese, fold_latin, has_chinese, lookup_keys
from server.taxa.rules import ABOVE_SPECIES

_CANDIDATES = 400


@dataclass(frozen=True)
class Hit:
    """`match`: exact (a whole name, with or without authors), chinese, initials, pinyin or latin."""

    taxon_id: str
    match: str


def matches(session: Session, query: str, limit: int) -> list[Hit]:
    query = clean(query)
    if not query or limit < 1:
        return []
    keys = lookup_keys(query, None)
    folded = fold_chinese(query) if has_chinese(query) else fold_latin(query)
    if not folded:
        return []
    rows = _whole(session, keys) + (_chinese(session, folded) if has_chinese(query) else _typed(session, folded))
    if not rows and folded.isascii() and folded.replace(" ", "").isalpha():
        rows = _whole(session, read_so(session, folded.replace(" ", "")))
    best: dict[str, tuple[tuple[object, ...], str]] = {}
    for row in rows:
        match = "exact" if row["search_name"] in keys else _match_of(row, folded)
        rank = _rank_of(row, keys, folded)
        if row["taxon_id"] not in best or rank < best[row["taxon_id"]][0]:
            best[row["taxon_id"]] = (rank, match)
    ordered = sorted(best.items(), key=lambda item: item[1][0])
    return [Hit(taxon_id, match) for taxon_id, (_, match) in ordered[:limit]]


_SELECT = """
    SELECT n.taxon_id::text AS taxon_id, t.scientific_name, t.rank, t.status, n.name, n.language, n.kind, n.search_name, n.pinyin, n.initials
    FROM xiangye.taxon_name n JOIN xiangye.taxon t ON t.taxon_id = n.taxon_id AND t.status <> 'superseded'
"""
_ORDER = "ORDER BY n.kind <> 'accepted', length(n.name), n.name LIMIT :candidates"


def _whole(session: Session, keys: list[str]) -> list[RowMapping]:
    found = session.execute(text(f"{_SELECT} WHERE n.search_name = ANY(:keys)"), {"keys": keys})
    return list(found.mappings().all())


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


def _match_of(row: RowMapping, folded: str) -> str:
    if row["language"] != "zh":
        return "latin"
    if has_chinese(folded):
        return "chinese"
    return "initials" if (row["initials"] or "").startswith(folded.replace(" ", "")) else "pinyin"


def _rank_of(row: RowMapping, keys: list[str], folded: str) -> tuple[object, ...]:
    """The accepted name, the accepted name without what stood beside it, another name of a taxon; then whole initials or pinyin,
    beginnings, inside; species before groups, accepted before other names, short before long."""
    squeezed = folded.replace(" ", "")
    named = row["search_name"] in keys
    whole = squeezed in (row["initials"], (row["pinyin"] or "").replace(" ", ""))
    begins = row["search_name"].startswith(folded) or (row["initials"] or "").startswith(squeezed)
    return (
        not named,
        named and row["kind"] != "accepted",
        keys.index(row["search_name"]) if named else 0,
        not whole,
        row["status"] == "provisional",
        not begins,
        row["rank"] in ABOVE_SPECIES,
        row["kind"] != "accepted",
        len(row["search_name"]),
        row["scientific_name"],
    )
