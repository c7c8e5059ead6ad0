"""Keeps taxa, their names and the table of readings as the lists in force make them; writes only what differs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.taxa import versions
from server.taxa.inserting import insert
from server.taxa.names import fold
from server.taxa.nomenclature import Name, Nomenclature, Renamed, Source
from server.taxa.readings import Readings
from server.taxa.remembered import forget

_TAXON = tuple(
    "taxon_id scientific_name authorship rank kingdom phylum class_name order_name family genus section group_zh endemic"
    " endemic_source status".split()
)
_NAME = tuple("taxon_id name language kind region source status search_name pinyin initials reason".split())


def sources(session: Session, day: date) -> list[Source]:
    """Every version of every list with its rows."""
    stored = versions.stored(session)
    current = {versions.in_force(kept, day) or kept[0] for kept in stored.values()}
    rows: dict[tuple[str, str], list[versions.Row]] = {}
    for list_id, version, cells in session.execute(
        text("""
        SELECT r.list_id, r.version, r.cells || jsonb_build_object('status', CASE WHEN r.status = 'verified' OR c.list_id IS NOT NULL
            THEN 'verified' ELSE 'unverified' END)
        FROM xiangye.list_row r LEFT JOIN xiangye.list_confirmation c ON (c.list_id, c.row_digest) = (r.list_id, r.digest)
        ORDER BY r.list_id, r.version, r.entry_no""")
    ):
        rows.setdefault((list_id, version), []).append(cells)
    return [
        Source(
            v.list_id,
            v.kind,
            v.version,
            v.loaded_no,
            v in current,
            v.loaded_by == versions.BUILT_IN,
            rows.get((v.list_id, v.version), []),
        )
        for kept in stored.values()
        for v in kept
    ]


def refresh(
    session: Session, known: Sequence[Source], accepted_of: Mapping[str, str], renamed: Iterable[Renamed]
) -> Nomenclature:
    """`renamed`: by versions that are being loaded; those of earlier ones are in the bridges."""
    made = Nomenclature(accepted_of)
    made.add(known, [*_bridged(session), *renamed])
    readings, are_as_before = _refresh_readings(session, known)
    _refresh_taxa(session, made)
    _refresh_names(session, made, readings, are_as_before)
    return made


def _bridged(session: Session) -> list[Renamed]:
    rows = session.execute(
        text("""
        SELECT b.from_taxon_id::text, b.to_taxon_id::text, t.scientific_name, b.list_id FROM xiangye.taxon_bridge b
        JOIN xiangye.taxon t ON t.taxon_id = b.from_taxon_id
        WHERE b.change IN ('renamed', 'merged') AND b.from_taxon_id <> b.to_taxon_id ORDER BY b.list_id, b.bridge_no""")
    )
    return [Renamed(*row) for row in rows]


def _refresh_readings(session: Session, known: Sequence[Source]) -> tuple[Readings, bool]:
    """Whether nothing of them changed comes along."""
    wanted = {
        row["text"]: row["pinyin"]
        for source in sorted(known, key=Source.order, reverse=True)
        if source.kind == "pinyin" and source.current
        for row in source.rows
    }
    stored = {row[0]: row[1] for row in session.execute(text("SELECT text, pinyin FROM xiangye.pinyin_reading"))}
    if stored != wanted:
        session.execute(text("DELETE FROM xiangye.pinyin_reading"))
        insert(session, "pinyin_reading", [{"text": key, "pinyin": value} for key, value in wanted.items()])
    return Readings(wanted), stored == wanted


def _refresh_taxa(session: Session, made: Nomenclature) -> None:
    columns = ", ".join(_TAXON).replace("taxon_id", "taxon_id::text", 1)
    stored = {
        row["taxon_id"]: dict(row) for row in session.execute(text(f"SELECT {columns} FROM xiangye.taxon")).mappings()
    }
    wanted = [
        {**taxon, "status": "superseded" if key in made.superseded else "accepted"} for key, taxon in made.taxa.items()
    ]
    overwrite = ", ".join(f"{column} = excluded.{column}" for column in _TAXON[1:])
    changed = [taxon for taxon in wanted if stored.get(taxon["taxon_id"]) != taxon]
    insert(session, "taxon", changed, f"ON CONFLICT (taxon_id) DO UPDATE SET {overwrite}")
    # Its name is now a synonym of another: whatever had its id keeps it.
    left = [key for key, row in stored.items() if key not in made.taxa and row["status"] == "accepted"]
    session.execute(
        text("UPDATE xiangye.taxon SET status = 'superseded' WHERE taxon_id = ANY(CAST(:ids AS uuid[]))"), {"ids": left}
    )
    forget(session)


def _refresh_names(session: Session, made: Nomenclature, readings: Readings, are_as_before: bool) -> None:
    columns = ", ".join(_NAME).replace("taxon_id", "taxon_id::text", 1)
    stored = {
        (row["taxon_id"], row["name"], row["language"]): dict(row)
        for row in session.execute(text(f"SELECT {columns} FROM xiangye.taxon_name")).mappings()
        if row["taxon_id"] in made.taxa
    }
    read = {key[1]: (row["pinyin"], row["initials"]) for key, row in stored.items()} if are_as_before else {}
    wanted = {key: _row_of(name, readings, read.get(name.name)) for key, name in made.names.items()}
    stale = [row for key, row in stored.items() if wanted.get(key) != row]
    _delete_names(session, stale)
    insert(session, "taxon_name", [row for key, row in wanted.items() if stored.get(key) != row])


def _delete_names(session: Session, rows: Collection[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(
            text(
                "DELETE FROM xiangye.taxon_name WHERE (taxon_id, name, language) = (CAST(:taxon_id AS uuid), :name, :language)"
            ),
            [{key: row[key] for key in ("taxon_id", "name", "language")} for row in rows],
        )
        forget(session)


def _row_of(name: Name, readings: Readings, read: tuple[str | None, str | None] | None) -> dict[str, Any]:
    """`read`: pinyin and initials that the name already has; reading is what takes long."""
    if name.language != "zh":
        pinyin, initials = None, None
    elif read:
        pinyin, initials = read
    else:
        reading = readings.of(name.name)
        pinyin, initials = reading.pinyin, reading.initials
    return {
        **vars(name),
        "search_name": fold(name.name, name.language),
        "pinyin": pinyin,
        "initials": initials,
    }
