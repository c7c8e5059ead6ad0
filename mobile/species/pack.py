"""Reads a species pack: an SQLite file made by the server, opened read-only."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mobile.species.entry import Species
from shared.taxon_pack import Meta, cell_of, read_meta


class PackUnreadable(Exception):
    """The file is not a species pack of a form that this app knows."""


@dataclass(frozen=True, slots=True)
class NamedSpecies:
    """A species with one of its names and one reading of it, as a keypad would type it; another reading is another one."""

    species: Species
    name: str
    pinyin: str
    initials: str


@contextmanager
def open_pack(path: Path) -> Iterator[sqlite3.Connection]:
    """PackUnreadable for whatever is wrong with the file."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("pragma trusted_schema = off")
            connection.row_factory = sqlite3.Row
            yield connection
        finally:
            connection.close()
    except (sqlite3.Error, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise PackUnreadable(f"物种名录包无法读取：{error}") from error


def meta_of_file(path: Path) -> Meta:
    with open_pack(path) as pack:
        return read_meta(pack)


def read_pack(path: Path) -> tuple[NamedSpecies, ...]:
    """Every name of every taxon in every reading: accepted Chinese and Latin ones first, then synonyms and other names."""
    with open_pack(path) as pack:
        read_meta(pack)
        taxa = _taxa(pack)
        accepted: list[NamedSpecies] = []
        others: list[NamedSpecies] = []
        for row in pack.execute("select taxon_no, name, language, kind, readings from name order by taxon_no, name"):
            _require_texts(row["name"], row["readings"])
            species = taxa[row["taxon_no"]]
            named = [
                NamedSpecies(species, row["name"], pinyin, "".join(syllable[0] for syllable in pinyin.split()))
                for pinyin in row["readings"].split(";")
            ]
            (accepted if row["kind"] == "accepted" else others).extend(named)
    return tuple(accepted + others)


def read_likely(path: Path, county_code: str, month: int) -> dict[str, int]:
    """{taxon_id: records in this county and month of any year}; empty where nothing was recorded."""
    with open_pack(path) as pack:
        rows = pack.execute(
            "select t.taxon_id, l.weight from likely l join taxon t using (taxon_no) where l.county_code = ? and l.month = ?",
            (county_code, month),
        )
        return {row["taxon_id"]: row["weight"] for row in rows}


def read_lookalikes(path: Path, taxon_id: str) -> list[tuple[Species, str]]:
    """(the other species, by what the eye tells the two apart)"""
    with open_pack(path) as pack:
        rows = pack.execute(
            "select l.other_no, l.difference_zh from taxon t join lookalike l using (taxon_no) where t.taxon_id = ?",
            (taxon_id,),
        ).fetchall()
        found = [(_taxa(pack, row["other_no"])[row["other_no"]], row["difference_zh"]) for row in rows]
        return sorted(found, key=lambda pair: pair[0].scientific_name)


def county_at(path: Path, latitude_e7: int, longitude_e7: int) -> str | None:
    """Code of the county that most of the coarse cell (0.05°) lies in: good enough to guess by, never to stamp with."""
    with open_pack(path) as pack:
        found = pack.execute(
            "select county_code from cell where row = ? and col = ?", cell_of(latitude_e7, longitude_e7)
        ).fetchone()
        return found["county_code"] if found else None


def _taxa(pack: sqlite3.Connection, taxon_no: int | None = None) -> dict[int, Species]:
    chosen, values = ("", ()) if taxon_no is None else (" and taxon_no = ?", (taxon_no,))
    named: dict[tuple[int, str], str] = {
        (row["taxon_no"], row["language"]): row["name"]
        for row in pack.execute(f"select taxon_no, language, name from name where kind = 'accepted'{chosen}", values)
    }
    found: dict[int, Species] = {}
    for row in pack.execute(f"select * from taxon where true{chosen}", values):
        _require_texts(row["taxon_id"], row["group_zh"], row["rank"])
        found[row["taxon_no"]] = Species(
            row["taxon_id"],
            named.get((row["taxon_no"], "la"), ""),
            named.get((row["taxon_no"], "zh"), ""),
            row["group_zh"],
            row["rank"],
            row["family"] or "",
            row["protection_class"] if row["protection_class"] in ("I", "II") else "",
            bool(row["invasive"]),
            row["sensitivity"],
            bool(row["provincial"]),
        )
    return found


def _require_texts(*cells: object) -> None:
    """One flipped bit makes a number or bytes of a text, and SQLite does not mind."""
    if not all(isinstance(cell, str) for cell in cells):
        raise TypeError("应为文字的地方不是文字")
