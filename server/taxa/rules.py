"""What a list says about a taxon: its own entry first, then the rules of its section, genus, family, order; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from server.taxa.names import binomial_of, taxon_id_for

GROUP_RANKS = ("section", "genus", "family", "order", "class")
PROVINCIAL = "provincial"
ABOVE_SPECIES = frozenset({"kingdom", "phylum", "class", "order", "family", "genus", "section", "unranked"})
POPULATION_WORDS: Mapping[str, str] = {
    "wild": "野生",
    "captive": "人工繁育",
    "released": "放归",
    "cultivated": "人工栽培",
}
RED_LIST_CATEGORIES: Mapping[str, str] = {
    "EX": "灭绝",
    "EW": "野外灭绝",
    "RE": "区域灭绝",
    "CR": "极危",
    "EN": "濒危",
    "VU": "易危",
    "NT": "近危",
    "LC": "无危",
    "DD": "数据缺乏",
}
_GROUP_BY_CLASS: Mapping[str, str] = {
    "Mammalia": "哺乳类",
    "Aves": "鸟类",
    "Reptilia": "爬行类",
    "Amphibia": "两栖类",
    "Actinopterygii": "鱼类",
    "Chondrichthyes": "鱼类",
    "Petromyzonti": "鱼类",
    "Elasmobranchii": "鱼类",
    "Insecta": "昆虫",
}
_ALGAL_PHYLA = frozenset({"Ochrophyta", "Cyanobacteria", "Rhodophyta", "Chlorophyta", "Charophyta"})


@dataclass(frozen=True, kw_only=True)
class ResolvedTaxon:
    taxon_id: str
    scientific_name: str
    name_zh: str | None
    rank: str
    kingdom: str | None = None
    phylum: str | None = None
    class_name: str | None = None
    order_name: str | None = None
    family: str | None = None
    genus: str | None = None
    section: str | None = None
    group_zh: str = "其他"
    status: str = "accepted"

    @property
    def own_ids(self) -> tuple[str, ...]:
        """This taxon and, for a subspecies or variety, its species."""
        species = binomial_of(self.scientific_name)
        return (self.taxon_id,) if species == self.scientific_name else (self.taxon_id, taxon_id_for(species))

    @property
    def is_nominate(self) -> bool:
        """Its last epithet is that of its species, which it repeats."""
        words = self.scientific_name.split()
        return len(words) > 2 and words[1] == words[-1]

    def place_at(self, rank: str) -> str | None:
        """The name of the group of this rank that the taxon lies in (or is)."""
        higher = {
            "section": self.section,
            "genus": self.genus,
            "family": self.family,
            "order": self.order_name,
            "class": self.class_name,
        }
        return self.scientific_name if rank == self.rank else higher.get(rank)


@dataclass(frozen=True, kw_only=True)
class TaxonFacts(ResolvedTaxon):
    """`protection_class`: I, II or None; `protection_entry`: the entry or rule that gives it, as the list names it.
    `provincial_list`: short title of the provincial list that protects it where no national one does.

    `invasive_lists`: short Chinese titles; `family_zh`, `order_zh`, `class_zh` where a list names them.
    """

    protection_class: str | None = None
    protection_entry: str | None = None
    protection_list: str | None = None
    list_version: str | None = None
    provincial_list: str | None = None
    invasive_lists: tuple[str, ...] = ()
    red_list: str | None = None
    red_list_source: str | None = None
    endemic: bool | None = None
    wild_only: bool = False
    family_zh: str | None = None
    order_zh: str | None = None
    class_zh: str | None = None


def group_zh(kingdom: str | None, phylum: str | None, class_name: str | None) -> str:
    if phylum == "Chordata" or kingdom == "Animalia" or class_name in _GROUP_BY_CLASS:
        return _GROUP_BY_CLASS.get(
            class_name or "", "其他" if not class_name and phylum in (None, "Chordata") else "其他无脊椎动物"
        )
    if phylum == "Tracheophyta":
        return "维管束植物"
    if kingdom == "Plantae" or phylum in _ALGAL_PHYLA:
        return "其他植物"
    return "真菌" if kingdom == "Fungi" else "其他"


def differ(kingdom: str | None, other: str | None) -> bool:
    """Genus names may be shared across kingdoms; an unknown kingdom differs from none."""
    return bool(kingdom and other and kingdom != other)


@dataclass(frozen=True)
class Entry:
    """One row of a list in force: for one taxon (`taxon_id` set) or for a group (`rank`, `name`); `kind` is its list's."""

    kind: str
    list_id: str
    list_title: str
    version: str
    entry_no: int
    rank: str
    name: str
    name_zh: str
    category: str
    taxon_id: str | None = None
    kingdom: str | None = None
    population: str | None = None
    excludes: frozenset[str] = frozenset()
    excluded_ids: frozenset[str] = frozenset()
    populations_excluded: frozenset[str] = frozenset()
    populations_excluded_basis: str = ""

    def covers(self, taxon: ResolvedTaxon) -> bool:
        """Of a group rule: does the taxon lie in it, and is it not one of those left out."""
        return not differ(self.kingdom, taxon.kingdom) and not self.leaves_out(taxon)

    def leaves_out(self, taxon: ResolvedTaxon) -> bool:
        """By its Chinese name, or as the taxon that bears that name whatever another list calls it. A variety of a species
        left out is covered unless it is the species once more (油杉 is left out, 江南油杉 is not)."""
        ids = taxon.own_ids if taxon.is_nominate else (taxon.taxon_id,)
        return taxon.name_zh in self.excludes or not self.excluded_ids.isdisjoint(ids)

    def applies_to(self, population: str) -> bool:
        if population in self.populations_excluded:
            return False
        return self.population is None or population == "wild"

    def strictness(self, population: str) -> tuple[bool, str, int, str]:
        """Sorts what holds before what does not, class I before II; in one order whatever the database gives first."""
        return not self.applies_to(population), self.category, self.entry_no, self.list_id

    def title(self) -> str:
        return self.name_zh if self.taxon_id else f"{self.name_zh}（所有种）"

    def words(self) -> str:
        parts = (
            ["列入名录的种"]
            if self.taxon_id
            else [f"{self.title()}" + (f"，{'、'.join(sorted(self.excludes))}除外" if self.excludes else "")]
        )
        if self.population:
            parts.append("仅限野外种群" if self.population == "wild" else "仅限陆封种群")
        if self.populations_excluded:
            kinds = "、".join(POPULATION_WORDS[p] for p in sorted(self.populations_excluded))
            parts.append(f"不含{kinds}（{self.populations_excluded_basis}）")
        return "；".join(parts)


class Coverage:
    """Entries and group rules of the lists in force, ready to be asked about many taxa."""

    def __init__(self, entries: Iterable[Entry], same: Iterable[tuple[str, str, str | None]] = ()) -> None:
        """`same`: (a taxon, the one in whose place it was, the genus of that one): what a list says of either, or of the
        genus a species stood in when the list was issued, holds for both."""
        pairs = list(same)
        self._same = _joined((one, other) for one, other, _ in pairs)
        self._former_genera: dict[str, set[str]] = {}
        for one, genus in ((one, genus) for one, _, genus in pairs if genus):
            for taxon_id in self._same[one]:
                self._former_genera.setdefault(taxon_id, set()).add(genus)
        self._direct: dict[str, list[Entry]] = {}
        self._groups: dict[tuple[str, str], list[Entry]] = {}
        for entry in entries:
            if entry.taxon_id:
                self._direct.setdefault(entry.taxon_id, []).append(entry)
            else:
                self._groups.setdefault((entry.rank, entry.name), []).append(entry)

    def ids_of(self, taxon: ResolvedTaxon) -> list[str]:
        """The taxon under all its names, then its species."""
        return [same for own in taxon.own_ids for same in self._same.get(own, (own,))]

    def places_of(self, taxon: ResolvedTaxon, rank: str) -> list[str]:
        """The groups of the rank that the taxon lies in, by its name today and by those it had."""
        today = taxon.place_at(rank)
        former = self._former_genera.get(taxon.taxon_id, ()) if rank == "genus" else ()
        return [*([today] if today else []), *sorted(set(former) - {today})]

    def matches(self, taxon: ResolvedTaxon, population: str = "wild") -> list[Entry]:
        """At most one a list: the taxon's own entry, its species', or the narrowest group rule. Of several entries for one
        taxon (two places, two populations, two names of old) the strictest that holds."""
        found: dict[str, Entry] = {}
        for entry in self._candidates(taxon, population):
            found.setdefault(entry.list_id, entry)
        return list(found.values())

    def _candidates(self, taxon: ResolvedTaxon, population: str) -> Iterable[Entry]:
        for taxon_id in self.ids_of(taxon):
            yield from sorted(self._direct.get(taxon_id, ()), key=lambda entry: entry.strictness(population))
        for rules in self._rules(taxon):
            covering = (entry for entry in rules if entry.covers(taxon))
            yield from sorted(covering, key=lambda entry: entry.strictness(population))

    def _rules(self, taxon: ResolvedTaxon) -> Iterable[Sequence[Entry]]:
        """By group, the narrowest first."""
        for rank in GROUP_RANKS:
            for name in self.places_of(taxon, rank):
                yield self._groups.get((rank, name), ())

    def exclusion_of(self, taxon: ResolvedTaxon) -> Entry | None:
        """The group rule that leaves this taxon out by name, if one does."""
        return next((entry for rules in self._rules(taxon) for entry in rules if entry.leaves_out(taxon)), None)

    def protecting(self, taxon: ResolvedTaxon, population: str = "wild") -> list[Entry]:
        """The strictest first; behind them those that do not hold for this population."""
        found = [entry for entry in self.matches(taxon, population) if entry.kind == "protected"]
        return sorted(found, key=lambda entry: (*entry.strictness(population), entry.list_id))

    def class_of(self, taxon: ResolvedTaxon, population: str = "wild") -> tuple[str | None, Entry | None]:
        """(class, the entry that gives it); (None, entry) where an entry exists but not for this population."""
        first = next(iter(self.protecting(taxon, population)), None)
        return (first.category if first and first.applies_to(population) else None), first


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Each taxon → itself and all that are the same as it, itself first."""
    groups: dict[str, set[str]] = {}
    for one, other in pairs:
        group = groups.get(one, {one}) | groups.get(other, {other})
        groups.update(dict.fromkeys(group, group))
    return {key: (key, *sorted(group - {key})) for key, group in groups.items()}


@dataclass(frozen=True)
class SensitivityRule:
    """`rank` protection_class: `name` is I or II. `condition`: nest, roost, unidentified (not named to species). `months` and
    `county_codes` (of counties, or of prefectures with 00 at the end): only then, only there; empty: always, everywhere."""

    rule_id: str
    rank: str
    name: str
    level: int
    reason: str
    taxon_id: str | None = None
    kingdom: str | None = None
    population: str | None = None
    condition: str | None = None
    coarsest_name: str | None = None
    months: frozenset[int] = frozenset()
    county_codes: frozenset[str] = frozenset()

    def found(self) -> tuple[int, str, str, str | None]:
        return self.level, self.rule_id, self.reason, self.coarsest_name

    def holds(self, when: "Circumstances") -> bool:
        """What is not known may be what the rule means."""
        in_season = not self.months or when.months is None or bool(self.months & when.months)
        return in_season and (self.population is None or when.population == "wild") and self._holds_at(when.counties)

    def _holds_at(self, counties: Mapping[int, frozenset[str]] | None) -> bool:
        if not self.county_codes or counties is None:
            return True
        near = counties.get(self.level, frozenset())
        return bool(
            self.county_codes & (near | {f"{code[:4]}00" for code in near} | {f"{code[:2]}0000" for code in near})
        )


@dataclass(frozen=True)
class Circumstances:
    """Under what a taxon was met with. `months`, `counties`: None where not known. `counties`: by level the counties that the place
    may lie in as it is told at that level, so that whether a rule held tells nothing that its cell does not."""

    population: str = "wild"
    conditions: frozenset[str] = frozenset()
    months: frozenset[int] | None = None
    counties: Mapping[int, frozenset[str]] | None = None


UNKNOWN = Circumstances()


NOT_SENSITIVE: tuple[int, str, str, str | None] = (0, "", "", None)
UNPLACED: tuple[int, str, str, str | None] = (2, "unplaced-name", "名称不能归入已知类群，可能是敏感物种", None)


@dataclass(frozen=True)
class SensitivityRules:
    rules: Sequence[SensitivityRule]
    protection: Coverage = field(default_factory=lambda: Coverage(()))

    def level_for(
        self,
        taxon: ResolvedTaxon,
        protection_class: str | Literal["by list"] | None = "by list",
        when: Circumstances = UNKNOWN,
    ) -> tuple[int, str, str, str | None]:
        """(level, 0 = not sensitive; rule_id; reason; coarsest name of a level-1 place).

        A rule for the taxon itself stands above all others, the strictest where lists have several; else the strictest of
        group rules, class of protection and conditions (`nest`, `roost`). `protection_class` "by list": looked up in the
        lists the rules came with.
        """
        if taxon.rank == "unranked":
            return UNPLACED
        ids = self.protection.ids_of(taxon)
        own = [rule for rule in self.rules if rule.taxon_id in ids and not rule.condition and rule.holds(when)]
        if protection_class == "by list":
            protection_class = self.protection.class_of(taxon, when.population)[0]
        general = sorted(own, key=lambda rule: rule.level)[:1] or [
            rule for rule in self.rules if self._is_general(rule, taxon, protection_class, when)
        ]
        present = when.conditions | ({"unidentified"} if taxon.rank in ABOVE_SPECIES else set())
        conditional = [
            rule
            for rule in self.rules
            if rule.condition in present and rule.holds(when) and (rule.taxon_id in ids or self._lies_in(rule, taxon))
        ]
        strictest = min([*general, *conditional], key=lambda rule: rule.level, default=None)
        return strictest.found() if strictest else NOT_SENSITIVE

    def _is_general(
        self, rule: SensitivityRule, taxon: ResolvedTaxon, protection_class: str | None, when: Circumstances
    ) -> bool:
        if rule.taxon_id or rule.condition or not rule.holds(when):
            return False
        if rule.rank == "protection_class":
            return rule.name == protection_class
        return self._lies_in(rule, taxon)

    def _lies_in(self, rule: SensitivityRule, taxon: ResolvedTaxon) -> bool:
        return not differ(rule.kingdom, taxon.kingdom) and rule.name in self.protection.places_of(taxon, rule.rank)
