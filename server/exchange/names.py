"""The names of an import that deserve a second look: on no list, or Latin and Chinese at odds; each once, with what it may mean."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy.orm import Session

from server.exchange.problems import RowProblem
from server.exchange.rules import NAME_TERMS, Reading
from server.taxa.matching import REASONS_ZH, Candidate, propose_many
from server.taxa.queries import resolve_many

_Pair = tuple[str | None, str | None]


def doubtful_names(session: Session, rows: Sequence[Reading], headings: Mapping[str, str]) -> list[dict[str, Any]]:
    """In the order of the file. `row`, `field`, `code`, `message` as a problem has them; `rows` bear the name; `proposals` are for a
    person to choose from: the records keep what was written."""
    bearers: dict[_Pair, list[Reading]] = {}
    for row in rows:
        if row.body is not None:
            bearers.setdefault(_pair(row.body["taxon"]), []).append(row)
    taxa = dict(zip(bearers, resolve_many(session, list(bearers)), strict=True))
    unknown = {pair for pair, taxon in taxa.items() if taxon is None or taxon.status == "provisional"}
    proposed = propose_many(session, [pair for pair in bearers if pair in unknown or all(pair)])
    told = []
    for pair, found in proposed.items():
        code = "name_unknown" if pair in unknown else "name_conflict"
        if pair in unknown or any(one.conflict for one in found):
            told.append(_entry(bearers[pair], code, found, headings))
    return told


def _pair(taxon: Mapping[str, Any]) -> _Pair:
    return taxon["scientific_name"] or taxon["verbatim_name"], taxon["name_zh"]


def _entry(
    rows: Sequence[Reading], code: str, found: Sequence[Candidate], headings: Mapping[str, str]
) -> dict[str, Any]:
    first = rows[0]
    term = next(term for term in NAME_TERMS if first.terms.get(term, "").strip())
    taxon = (first.body or {})["taxon"]
    names = dict.fromkeys(filter(None, (taxon["verbatim_name"], taxon["scientific_name"], taxon["name_zh"])))
    likely = "；".join(map(_words, found))
    detail = " ".join(names) + (f"，可能是：{likely}" if likely else "")
    return {
        **RowProblem(first.number, headings.get(term, term), code, detail).as_json(),
        "rows": len(rows),
        "scientific_name": taxon["scientific_name"],
        "name_zh": taxon["name_zh"],
        "verbatim_name": taxon["verbatim_name"],
        "proposals": [asdict(one) for one in found],
    }


def _words(candidate: Candidate) -> str:
    named = " ".join(filter(None, (candidate.name_zh, candidate.scientific_name)))
    return f"{named}［{REASONS_ZH[candidate.reason]} {candidate.score:.2f}］"
