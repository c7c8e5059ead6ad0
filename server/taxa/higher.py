"""Latin names and ranks of classes, orders and families by their Chinese names, from the list we ship."""

import csv
from collections.abc import Mapping
from functools import cache

from server.settings import REPOSITORY

_PLACES = ("kingdom", "phylum", "class", "order")
_PATH = REPOSITORY / "species_lists" / "higher_taxa.csv"


@cache
def _by_chinese() -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for row in _rows():
        for name in (row["name_zh"], *filter(None, row["other_names_zh"].split(";"))):
            found.setdefault((row["rank"], name), row["scientific_name"])
    return found


@cache
def _ranks() -> Mapping[str, str]:
    return {row["scientific_name"]: row["rank"] for row in _rows()}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    with _PATH.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def latin(rank: str, name_zh: str) -> str | None:
    return _by_chinese().get((rank, name_zh))


def lineage(rank: str, scientific_name: str) -> Mapping[str, str]:
    """Kingdom, phylum, class and order of a class, an order or a family of the list; what is not stated is blank."""
    return _lineages().get((rank, scientific_name), {})


@cache
def _lineages() -> Mapping[tuple[str, str], Mapping[str, str]]:
    return {(row["rank"], row["scientific_name"]): {place: row[place] for place in _PLACES} for row in _rows()}


def rank_of(scientific_name: str) -> str:
    """By the form of the name; a single word that no ending and no list places is a genus."""
    for mark, rank in ((" sect. ", "section"), (" var. ", "variety"), (" subsp. ", "subspecies")):
        if mark in scientific_name:
            return rank
    if " f. " in scientific_name:
        return "forma_specialis" if " f. sp. " in scientific_name else "form"
    words = scientific_name.split()
    if len(words) > 1:
        return "species" if len(words) == 2 else "subspecies"
    listed = _ranks().get(scientific_name)
    if listed:
        return listed
    if scientific_name.endswith(("idae", "aceae")):
        return "family"
    return "order" if scientific_name.endswith(("iformes", "ales")) else "genus"
