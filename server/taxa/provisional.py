"""Taxa for names that no list knows: placed by what is known of their genus, marked provisional."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import queries
from server.taxa.names import LatinName, clean, fold, has_chinese, parse_latin, split_name, taxon_id_for
from server.taxa.readings import Readings
from server.taxa.remembered import forget
from server.taxa.rules import ResolvedTaxon

_SOURCE = "record"


def place(session: Session, names: Sequence[tuple[str | None, str | None]]) -> list[ResolvedTaxon | None]:
    """What the taxa of unknown names would be, nothing written; None where there is no name at all."""
    read = [_read(latin, chinese) for latin, chinese in names]
    genera = _genera(session, {parsed.genus for parsed, _, _ in read if parsed and parsed.genus})
    return [_taxon(parsed, chinese, verbatim, genera) for parsed, chinese, verbatim in read]


def missing(session: Session, names: Sequence[tuple[str | None, str | None]]) -> list[dict[str, Any]]:
    distinct = sorted(set(names), key=repr)
    unknown = [
        pair for pair, taxon in zip(distinct, queries.resolve_many(session, distinct), strict=True) if taxon is None
    ]
    if not unknown:
        return []
    placed = {taxon.taxon_id: taxon for taxon in place(session, unknown) if taxon}
    return [asdict(placed[taxon_id]) for taxon_id in sorted(placed)]


def write(session: Session, rows: list[dict[str, Any]]) -> None:
    session.execute(
        text("""
        INSERT INTO xiangye.taxon (taxon_id, scientific_name, rank, kingdom, phylum, class_name, order_name, family, genus, section, group_zh, status)
        VALUES (:taxon_id, :scientific_name, :rank, :kingdom, :phylum, :class_name, :order_name, :family, :genus, :section, :group_zh, 'provisional')
        ON CONFLICT DO NOTHING"""),
        rows,
    )
    readings = load_readings(session)
    names = [name for row in rows for name in _names(row, readings)]
    session.execute(
        text("""
        INSERT INTO xiangye.taxon_name (taxon_id, name, language, kind, source, status, search_name, pinyin, initials)
        VALUES (:taxon_id, :name, :language, 'accepted', :source, 'provisional', :search_name, :pinyin, :initials) ON CONFLICT DO NOTHING"""),
        names,
    )
    forget(session)


def load_readings(session: Session) -> Readings:
    return Readings(
        {row[0]: row[1] for row in session.execute(text("SELECT text, pinyin FROM xiangye.pinyin_reading"))}
    )


def _names(row: dict[str, Any], readings: Readings) -> Iterable[dict[str, Any]]:
    for name in dict.fromkeys(filter(None, (row["scientific_name"], row["name_zh"]))):
        language = "zh" if has_chinese(name) else "la"
        reading = readings.of(name) if language == "zh" else None
        yield {
            "taxon_id": row["taxon_id"],
            "name": name,
            "language": language,
            "source": _SOURCE,
            "search_name": fold(name, language),
            "pinyin": reading.pinyin if reading else None,
            "initials": reading.initials if reading else None,
        }


def _read(latin: str | None, chinese: str | None) -> tuple[LatinName | None, str | None, str]:
    """(scientific name, Chinese name, what was written)."""
    latin_part, chinese_in_latin = split_name(latin)
    latin_in_chinese, chinese_part = split_name(chinese)
    parsed = parse_latin(latin_part) or parse_latin(latin_in_chinese)
    return parsed, chinese_part or chinese_in_latin, clean(latin_part or chinese_part or chinese_in_latin or chinese)


def _genera(session: Session, genera: set[str]) -> dict[str, dict[str, Any]]:
    rows = session.execute(
        text("""
        SELECT DISTINCT ON (genus) genus, kingdom, phylum, class_name, order_name, family, group_zh FROM xiangye.taxon
        WHERE genus = ANY(:genera) ORDER BY genus, status, family IS NULL, taxon_id
        """),
        {"genera": sorted(genera)},
    ).mappings()
    return {row["genus"]: dict(row) for row in rows}


def _unplaced(name: str, chinese: str | None) -> ResolvedTaxon | None:
    """Neither Latin nor known: kept under the words as written."""
    if not name:
        return None
    return ResolvedTaxon(
        taxon_id=taxon_id_for(name), scientific_name=name, name_zh=chinese, rank="unranked", status="provisional"
    )


def _taxon(
    parsed: LatinName | None, chinese: str | None, verbatim: str, genera: dict[str, dict[str, Any]]
) -> ResolvedTaxon | None:
    if parsed is None:
        return _unplaced(chinese or verbatim, chinese)
    known = genera.get(parsed.genus or "", {"genus": parsed.genus})
    own = (
        {"family": parsed.canonical}
        if parsed.rank == "family"
        else {"order_name": parsed.canonical}
        if parsed.rank == "order"
        else {}
    )
    return ResolvedTaxon(
        taxon_id=taxon_id_for(parsed.canonical),
        scientific_name=parsed.canonical,
        name_zh=chinese,
        rank=parsed.rank,
        status="provisional",
        **{**known, **own},
    )
