"""What people write in a cell → what we keep: spaces, separators, dates, words for codes, names with their authors. Pure.

Only what has one meaning is taken so; whatever does not fit afterwards is for the check to name.
"""

import re
from collections.abc import Mapping

from server.taxa import higher
from server.taxa.columns import COLUMNS, SCIENTIFIC
from server.taxa.kinds import KINDS, Kind

_SPACES = re.compile(r"[\s\u00a0\u3000]+")
_SEPARATORS = re.compile("[;；、，,]")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MONTHS = re.compile(r"(\d{1,2})月?\s*[-–—~～至到]\s*(\d{1,2})月?")
_AUTHORED = re.compile(rf"(?P<name>{SCIENTIFIC}) (?P<by>\(?[A-Z(].*)")
_INNER_RANK = re.compile(r" (var|subsp|ssp|f)\. [a-z]")
_ABOVE_SPECIES = frozenset({"class", "order", "family", "genus", "section", "protection_class"})
_PLACES = ("class", "order", "family")


def plain(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def values(text: str) -> list[str]:
    return [value for value in (plain(part) for part in _SEPARATORS.split(text)) if value]


def day(text: str) -> str:
    found = _DATE.fullmatch(plain(text))
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else plain(text)


def region(code: str) -> str:
    """GB/T 2260 writes the province as 430000; a code is kept without the pairs of zeros that mean "all of it"."""
    return re.sub(r"(00){1,2}$", "", code) if re.fullmatch(r"\d{6}", code) else code


def tidy(kind_code: str, row: Mapping[str, str]) -> dict[str, str]:
    """The row in our codes, every column that all rows of the kind have being there."""
    kind = KINDS[kind_code]
    kept = {name: _cell(kind, name, text) for name, text in row.items()}
    whole = {name: kept.get(name, "") for name in kind.columns if name in kept or name in kind.always}
    whole["status"] = whole["status"] or "unverified"
    if "scientific_name" in whole:
        _name(whole)
    if not kind.own:
        _place(kind, whole)
    return whole


def _cell(kind: Kind, name: str, text: str) -> str:
    column, text = COLUMNS[name], plain(text)
    if name == "months":
        return ";".join(_months(text))
    if name == "region_code":
        return region(text)
    if column.many:
        return ";".join(values(text))
    if column.day:
        return day(text)
    if name == "category":
        return kind.words.get(text, text)
    if name in _PLACES:
        return higher.latin(name, text) or text
    return column.words.get(text, text)


def _months(text: str) -> list[str]:
    found: list[str] = []
    for part in values(text):
        span = _MONTHS.fullmatch(part)
        if span and 1 <= int(span[1]) <= 12 and 1 <= int(span[2]) <= 12:
            first, last = int(span[1]), int(span[2])
            found += [str((first - 1 + n) % 12 + 1) for n in range((last - first) % 12 + 1)]
        else:
            found.append(part.removesuffix("月"))
    return list(dict.fromkeys(found))


def _name(row: dict[str, str]) -> None:
    name = row["scientific_name"].replace("× ", "×").replace(" ssp. ", " subsp. ")
    authored = None if re.fullmatch(SCIENTIFIC, name) else _AUTHORED.fullmatch(name)
    if authored and "authorship" in row and not row["authorship"] and not _INNER_RANK.search(authored["by"]):
        name, row["authorship"] = authored["name"], authored["by"]
    row["scientific_name"] = name


def _place(kind: Kind, row: dict[str, str]) -> None:
    genus = re.fullmatch(r"([A-Z][a-z-]+) spp\.?", row["scientific_name"])
    if genus:
        row["scientific_name"] = genus[1]
        row["entry_kind"] = row["entry_kind"] or "group"
    row["rank"] = row["rank"] or higher.rank_of(row["scientific_name"])
    if row["rank"] == "protection_class":
        row["scientific_name"] = KINDS["protected"].words.get(row["scientific_name"], row["scientific_name"])
    covers = kind.above_species_is_group and row["rank"] in _ABOVE_SPECIES
    row["entry_kind"] = row["entry_kind"] or ("group" if covers else "taxon")
    for rank in ("family", "order", "class"):
        for place, name in higher.lineage(rank, row[rank]).items() if row[rank] else ():
            row[place] = row[place] or name
