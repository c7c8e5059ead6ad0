"""All that the lists in force say of one taxon."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import queries, versions
from server.taxa.columns import COLUMNS
from server.taxa.kinds import KINDS, category_word
from server.taxa.rules import ResolvedTaxon

_TRAITS = {code: word for word, code in [*COLUMNS["trait"].words.items()][::-1]}
_LISTED = tuple(kind for kind, one in KINDS.items() if not one.own and kind != "sensitivity")


def about(session: Session, taxon: ResolvedTaxon, on: date) -> dict[str, Any]:
    covered = queries.coverage(session, on, kinds=_LISTED)
    names = session.execute(
        text("""
        SELECT name, language, kind, source, status, reason FROM xiangye.taxon_name WHERE taxon_id = CAST(:id AS uuid)
        ORDER BY language DESC, kind <> 'accepted', name"""),
        {"id": taxon.taxon_id},
    ).mappings()
    return {
        "taxon_id": taxon.taxon_id,
        "scientific_name": taxon.scientific_name,
        "name_zh": taxon.name_zh,
        "names": [dict(row) for row in names],
        "lists": [
            {
                "list_id": entry.list_id,
                "kind": entry.kind,
                "list": entry.list_title,
                "list_version": entry.version,
                "category": entry.category or None,
                "entry": entry.title(),
                "rule": entry.words(),
            }
            for entry in covered.matches(taxon)
        ],
        "red_list": queries.red_list_assessments(session, taxon.taxon_id, on),
        "traits": queries.traits(session, [taxon.taxon_id], on).get(taxon.taxon_id, {}),
        "flags": queries.flags(session, [taxon.taxon_id], on).get(taxon.taxon_id, {}),
        "lookalikes": [
            {"scientific_name": other.scientific_name, "name_zh": other.name_zh, "difference_zh": difference}
            for other, difference in queries.lookalikes(session, taxon.taxon_id, on)
        ],
        "identifiers": queries.identifiers(session, [taxon.taxon_id], on).get(taxon.taxon_id, {}),
    }


def not_yet_in_force(session: Session, on: date) -> list[tuple[str, date]]:
    """National lists of protection that begin after the day (title, first day), so that nothing is known of it."""
    begins: dict[str, tuple[str, date]] = {}
    for list_id, held in versions.stored(session).items():
        first = min(held, key=lambda version: version.in_force_on or date.min)
        if first.kind == "protected" and first.descriptor["region"] == "CN" and (first.in_force_on or date.min) > on:
            begins[list_id] = str(first.descriptor["title_zh"]), first.in_force_on or date.min
    return sorted(begins.values(), key=lambda one: one[1])


def lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['name_zh'] or ''} {found['scientific_name']}".strip()
    others = [one for one in found["names"] if one["kind"] != "accepted"]
    if others:
        yield "  又名 " + "、".join(one["name"] + (f"（{one['reason']}）" if one["reason"] else "") for one in others)
    for one in found["lists"]:
        category = category_word(one["kind"], one["category"] or "")
        yield "  " + "，".join(filter(None, (one["list"], one["list_version"], category, one["entry"])))
    for one in found["red_list"]:
        told = (one["source"], str(one["assessed_year"] or ""), one["category"], one["criteria"], one["population_zh"])
        yield "  红色名录 " + "，".join(filter(None, told))
    for trait, values in found["traits"].items():
        yield f"  {_TRAITS.get(trait, trait)} {'、'.join(values)}"
    for one in found["lookalikes"]:
        yield f"  易混 {one['name_zh'] or one['scientific_name']}：{one['difference_zh']}"
    for authority, identifier in found["identifiers"].items():
        yield f"  {authority} {identifier}"
