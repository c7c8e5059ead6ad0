"""What the CSV files of species_lists say of a name. Written from that folder's README alone; imports nothing of the project."""

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

CHECKLISTS = ("checklist_hunan_common", "checklist_rule_members")
PROTECTED = ("protected_animals_2021", "protected_plants_2021")
INVASIVE = (
    "invasive_key_managed_2022",
    "invasive_mee_batch_1",
    "invasive_mee_batch_2",
    "invasive_mee_batch_3",
    "invasive_mee_batch_4",
)
SPECIES_RANKS = {"species", "subspecies", "variety", "form"}
GROUP_RANKS = ("section", "genus", "family", "order", "class")
CLASS_ZH = {"I": "一级", "II": "二级"}
_GROUPS = {
    "Mammalia": "哺乳类",
    "Aves": "鸟类",
    "Reptilia": "爬行类",
    "Amphibia": "两栖类",
    "Actinopterygii": "鱼类",
    "Chondrichthyes": "鱼类",
    "Elasmobranchii": "鱼类",
    "Petromyzonti": "鱼类",
    "Insecta": "昆虫",
}
Row = dict[str, str]


@dataclass
class Taxon:
    """`protection`: 一级, 二级 or None; `level`: of the default sensitivity, 0 where none asks for more."""

    name: str
    rank: str
    group: str
    chinese: set[str] = field(default_factory=set)
    order: str = ""
    family: str = ""
    genus: str = ""
    section: str = ""
    klass: str = ""
    plant: bool = False
    protection: str | None = None
    wild_only: bool = False
    invasive: list[str] = field(default_factory=list)
    level: int = 0
    red_list: str | None = None
    endemic: bool = False


class Lists:
    def __init__(self, folder: Path) -> None:
        self.rows = {path.stem: _read(path) for path in sorted(folder.glob("*.csv"))}
        self.told = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
        self._synonyms = {row["name"]: row["scientific_name"] for row in self.rows["names"] if row["language"] == "la"}
        self._by_name: dict[str, list[tuple[str, Row]]] = {}
        for name in (*PROTECTED, *INVASIVE, *CHECKLISTS):
            for row in self.rows[name]:
                if row["entry_kind"] == "taxon" and row["rank"] in SPECIES_RANKS:
                    self._by_name.setdefault(self.accepted(row["scientific_name"]), []).append((name, row))
        self._known: dict[str, Taxon | None] = {}

    def taxon(self, scientific_name: str) -> Taxon | None:
        """None for a name that no list has as a species or below."""
        if scientific_name not in self._known:
            self._known[scientific_name] = self._make(scientific_name)
        return self._known[scientific_name]

    def entries(self, name: str) -> int:
        return len(self.rows[name])

    def unverified(self, name: str) -> int:
        return sum(row["status"] == "unverified" for row in self.rows[name])

    def accepted(self, name: str) -> str:
        return self._synonyms.get(name, name)

    def _make(self, written: str) -> Taxon | None:
        name = self.accepted(written)
        found = self._by_name.get(name)
        if not found:
            return None
        rows = [row for _, row in found]
        first = rows[0]
        taxon = Taxon(
            name,
            first["rank"],
            _group(first),
            {row["name_zh"] for row in rows},
            first["order"],
            first["family"],
            name.split()[0],
            next((row.get("section") or "" for row in rows if row.get("section")), ""),
            first["class"],
            first["kingdom"] == "Plantae",
        )
        taxon.red_list = next((row["red_list"] for row in rows if row.get("red_list")), None)
        endemic = {self.accepted(row["scientific_name"]) for row in self.rows["endemic_china"]}
        taxon.endemic = name in endemic or any(row.get("endemic") == "1" for row in rows)
        self._protect(taxon)
        taxon.invasive = [self.told[one]["short_title_zh"] for one in INVASIVE if self._entry(one, taxon)]
        taxon.level = self._level(taxon)
        return taxon

    def _protect(self, taxon: Taxon) -> None:
        for name in PROTECTED:
            entry = self._entry(name, taxon)
            if entry is not None:
                taxon.protection = CLASS_ZH[entry["category"]]
                taxon.wild_only = taxon.plant or entry["population"] == "wild"
                return

    def _entry(self, name: str, taxon: Taxon) -> Row | None:
        """A row for the species itself comes first, then the narrowest group that does not leave it out."""
        rows = self.rows[name]
        names = (taxon.name, " ".join(taxon.name.split()[:2]))
        own = {self.accepted(row["scientific_name"]): row for row in rows if row["entry_kind"] == "taxon"}
        for one in names:
            if one in own:
                return own[one]
        higher = {
            "section": taxon.section,
            "genus": taxon.genus,
            "family": taxon.family,
            "order": taxon.order,
            "class": taxon.klass,
        }
        for rank in GROUP_RANKS:
            for row in rows:
                left_out = set((row.get("excludes") or "").split(";"))
                if (
                    row["entry_kind"] == "group"
                    and row["rank"] == rank
                    and row["scientific_name"] == higher[rank]
                    and not taxon.chinese & left_out
                ):
                    return row
        return None

    def _level(self, taxon: Taxon) -> int:
        """Of an identified wild organism that is neither at a nest nor at a roost."""
        rows = [row for row in self.rows["sensitivity_default"] if not row["condition"]]
        own = [row for row in rows if row["entry_kind"] == "taxon" and row["scientific_name"] == taxon.name]
        if own:
            return int(own[0]["category"])
        places = {taxon.genus, taxon.family, taxon.order}
        asked = [
            int(row["category"]) for row in rows if row["entry_kind"] == "group" and row["scientific_name"] in places
        ]
        asked += [
            int(row["category"])
            for row in rows
            if row["rank"] == "protection_class" and CLASS_ZH.get(row["scientific_name"], "省级") == taxon.protection
        ]
        return min(asked, default=0)


def _read(path: Path) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _group(row: Row) -> str:
    if row["class"] in _GROUPS:
        return _GROUPS[row["class"]]
    if row["kingdom"] == "Animalia":
        return "其他无脊椎动物"
    if row["phylum"] == "Tracheophyta":
        return "维管束植物"
    return {"Plantae": "其他植物", "Fungi": "真菌"}.get(row["kingdom"], "其他")
