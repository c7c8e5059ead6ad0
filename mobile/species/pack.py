"""Reads a species pack: an SQLite file made by the server, opened read-only."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from mobile.species.entry import Species


class PackUnreadable(Exception):
    """The file is not a species pack of a form that this app knows."""


@dataclass(frozen=True)
class NamedSpecies:
    """A species with one of its names and what a keypad would type for it."""

    species: Species
    name: str
    pinyin: str
    initials: str


def read_pack(path: Path) -> tuple[NamedSpecies, ...]:
    """Every name of every taxon: accepted Latin and Chinese ones first, then synonyms and other names."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("pragma trusted_schema = off")
            connection.row_factory = sqlite3.Row
            return tuple(_names(connection))
        finally:
            connection.close()
    except (sqlite3.DatabaseError, KeyError, IndexError) as error:
        raise PackUnreadable(f"物种名录包无法读取：{error}") from error


def _names(connection: sqlite3.Connection) -> list[NamedSpecies]:
    taxa: dict[str, Species] = {}
    found: list[NamedSpecies] = []
    for row in connection.execute("select * from taxon order by taxon_id"):
        species = taxa[row["taxon_id"]] = _species(row)
        if species.name_zh:
            found.append(NamedSpecies(species, species.name_zh, row["pinyin"] or "", row["initials"] or ""))
        if species.scientific_name:
            found.append(NamedSpecies(species, species.scientific_name, "", ""))
    seen = {(named.species.taxon_id, named.name) for named in found}
    others = connection.execute("select * from name order by taxon_id, name")
    return found + [
        NamedSpecies(taxa[row["taxon_id"]], row["name"], row["pinyin"] or "", row["initials"] or "")
        for row in others
        if row["taxon_id"] in taxa and (row["taxon_id"], row["name"]) not in seen
    ]


def _species(row: sqlite3.Row) -> Species:
    protection = row["protection_class"] if row["protection_class"] in ("I", "II") else ""
    return Species(
        row["taxon_id"],
        row["scientific_name"] or "",
        row["name_zh"] or "",
        row["group_zh"] or "",
        row["rank"] or "",
        row["family"] or "",
        protection,
        bool(row["invasive"]),
        row["sensitivity"],
    )
