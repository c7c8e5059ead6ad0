"""Taxa and their names as the rows of all lists make them, the same whatever the order of loading; pure.

What the versions in force say comes first. A taxon that only an earlier or a later version has keeps what that one says.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from server.taxa.kinds import KINDS
from server.taxa.names import parse_latin, taxon_id_for
from server.taxa.rules import group_zh
from server.taxa.versions import Row

PLACES = ("kingdom", "phylum", "class_name", "order_name", "family")
SPEAKING = frozenset({"sensitivity", "traits", "lookalikes", "identifiers"})
"""Kinds that speak of taxa which other lists name; only where no other does, they make the taxon themselves."""
WITHOUT_TAXA = SPEAKING | {"names", "pinyin"}
_ORDER = {kind: number for number, kind in enumerate(KINDS)}
_ABOVE_GENUS = frozenset({"kingdom", "phylum", "class", "order", "family"})


@dataclass(frozen=True)
class Source:
    """One version of a list; `status` of its rows is what holds for them, confirmations counted."""

    list_id: str
    kind: str
    version: str
    loaded_no: int
    current: bool
    built_in: bool
    rows: Sequence[Row]

    def order(self) -> tuple[bool, int, bool, str, int]:
        return not self.current, _ORDER[self.kind], not self.built_in, self.list_id, -self.loaded_no


@dataclass(frozen=True)
class Renamed:
    """A list calls by another name what its version before had under the old one."""

    from_taxon_id: str
    to_taxon_id: str
    from_name: str
    list_id: str


@dataclass(frozen=True)
class Name:
    taxon_id: str
    name: str
    language: str
    kind: str
    region: str | None
    source: str
    status: str
    reason: str | None = None


def accepted_names(sources: Iterable[Source]) -> dict[str, str]:
    """Latin synonym → the name it stands for, by the lists of names in force."""
    direct = {
        row["name"]: row["scientific_name"]
        for source in sorted(sources, key=Source.order, reverse=True)
        if source.kind == "names" and source.current
        for row in source.rows
        if row["language"] == "la"
    }
    return {name: _last(direct, name) for name in direct}


def _last(direct: Mapping[str, str], name: str) -> str:
    """A synonym of a synonym stands for what that one stands for."""
    passed = {name}
    while (after := direct.get(name)) is not None and after not in passed:
        passed.add(after)
        name = after
    return name


@dataclass
class Nomenclature:
    accepted_of: Mapping[str, str]
    taxa: dict[str, dict[str, Any]] = field(default_factory=dict)
    names: dict[tuple[str, str, str], Name] = field(default_factory=dict)
    superseded: dict[str, str] = field(default_factory=dict)
    _chinese: dict[str, str] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)

    def accepted(self, printed: str) -> str:
        return self.accepted_of.get(printed, printed)

    def id_of(self, printed: str) -> str:
        if printed not in self._ids:
            self._ids[printed] = taxon_id_for(self.accepted(printed))
        return self._ids[printed]

    def add(self, sources: Iterable[Source], renamed: Iterable[Renamed]) -> None:
        ordered = sorted(sources, key=Source.order)
        for source in ordered:
            if source.kind not in WITHOUT_TAXA:
                self._add_taxa(source)
        for source in ordered:
            if source.kind in SPEAKING:
                self._add_taxa_spoken_of(source)
        self._supersede(renamed, ordered)
        for source in ordered:
            {"names": self._add_other_names, "identifiers": self._add_matched_names}.get(
                source.kind, self._add_own_names
            )(source)
        self._inherit()
        self._place_by_genus()

    def _add_taxa(self, source: Source) -> None:
        found = [self._taxon_of(row, source.list_id) for row in entries(source.rows)]
        known = frozenset() if source.current else frozenset(self.taxa)
        for taxon in found:
            if taxon["taxon_id"] not in known:
                kept = self.taxa.setdefault(taxon["taxon_id"], taxon)
                kept.update({column: value for column, value in taxon.items() if value is not None})
                if source.kind == "endemic":
                    kept.update(endemic=True, endemic_source=source.list_id)

    def _add_taxa_spoken_of(self, source: Source) -> None:
        for row in source.rows:
            for column in ("scientific_name", "other_scientific_name"):
                printed = row.get(column, "")
                speaks = printed and row.get("entry_kind", "taxon") == "taxon" and row.get("match") != "open"
                if speaks and self.id_of(printed) not in self.taxa:
                    self.taxa[self.id_of(printed)] = self._taxon_of({**row, "scientific_name": printed}, "")

    def _taxon_of(self, row: Row, list_id: str) -> dict[str, Any]:
        name = self.accepted(row["scientific_name"])
        rank = row.get("rank") or _rank_of(name)
        endemic = bool(row.get("endemic"))
        return {
            "taxon_id": self.id_of(name),
            "scientific_name": name,
            "authorship": row.get("authorship") or None,
            "rank": rank,
            **{column: row.get(column.removesuffix("_name")) or None for column in PLACES},
            "genus": None if rank in _ABOVE_GENUS else name.split()[0],
            "section": name if rank == "section" else row.get("section") or None,
            "endemic": True if endemic else None,
            "endemic_source": list_id if endemic else None,
        }

    def _supersede(self, renamed: Iterable[Renamed], ordered: Sequence[Source]) -> None:
        """A renamed taxon gives its name to the new one, unless a list in force still has it."""
        listed = {
            self.id_of(row["scientific_name"])
            for source in ordered
            if source.current and source.kind not in WITHOUT_TAXA
            for row in entries(source.rows)
        }
        for one in renamed:
            if one.to_taxon_id in listed and one.from_taxon_id not in listed:
                self.superseded[one.from_taxon_id] = one.to_taxon_id
                reason = "该名录上一版用此名"
                self._name(
                    Name(one.to_taxon_id, one.from_name, "la", "synonym", None, one.list_id, "unverified", reason)
                )

    def _name(self, name: Name) -> None:
        if name.taxon_id in self.taxa and name.name:
            self.names.setdefault((name.taxon_id, name.name, name.language), name)

    def _add_own_names(self, source: Source) -> None:
        rows = [row for row in entries(source.rows) if row.get("scientific_name")]
        named = frozenset() if source.current and source.kind not in SPEAKING else frozenset(self._chinese)
        for row in rows:
            taxon_id = self.id_of(row["scientific_name"])
            latin = self.accepted(row["scientific_name"])
            self._name(Name(taxon_id, latin, "la", "accepted", None, source.list_id, row["status"]))
            if row.get("other_scientific_name"):
                other = self.accepted(row["other_scientific_name"])
                self._name(Name(taxon_id_for(other), other, "la", "accepted", None, source.list_id, row["status"]))
            if taxon_id not in named:
                self._add_chinese(taxon_id, row, source.list_id)

    def _add_chinese(self, taxon_id: str, row: Row, list_id: str) -> None:
        chosen = row.get("name_zh", "")
        for name in dict.fromkeys([chosen, *row.get("other_names_zh", "").split(";")]):
            accepted = name and name == chosen and self._chinese.setdefault(taxon_id, name) == name
            kind = "accepted" if accepted else "vernacular"
            self._name(Name(taxon_id, name, "zh", kind, None, list_id, row["status"]))

    def _add_other_names(self, source: Source) -> None:
        for row in source.rows if source.current else ():
            taxon_id, region, reason = (
                self.id_of(row["scientific_name"]),
                row["region"] or None,
                row.get("reason") or None,
            )
            self._name(
                Name(taxon_id, row["name"], row["language"], row["kind"], region, source.list_id, row["status"], reason)
            )

    def _add_matched_names(self, source: Source) -> None:
        """What another authority calls a taxon is its synonym, unless a list has that name for another taxon."""
        self._add_own_names(source)
        for row in source.rows if source.current else ():
            name = row["matched_name"]
            taken = taxon_id_for(name) in self.taxa or name in self.accepted_of
            if name and row["match"] != "open" and name != row["scientific_name"] and not taken:
                taxon_id, reason = self.id_of(row["scientific_name"]), row["reason"] or None
                self._name(Name(taxon_id, name, "la", "synonym", None, source.list_id, row["status"], reason))

    def _inherit(self) -> None:
        """Whoever asks for a superseded taxon by another of its names is led to the one in its place."""
        for name in list(self.names.values()) if self.superseded else ():
            if name.taxon_id in self.superseded and name.language != "la":
                self._name(replace(name, taxon_id=self.superseded[name.taxon_id], kind="vernacular"))

    def _place_by_genus(self) -> None:
        placed: dict[str, dict[str | None, dict[str, Any]]] = {}
        for taxon in self.taxa.values():
            if taxon["genus"] and taxon["family"]:
                placed.setdefault(taxon["genus"], {}).setdefault(taxon["kingdom"], taxon)
        for taxon in self.taxa.values():
            by_kingdom = placed.get(taxon["genus"] or "", {})
            if not any(taxon[column] for column in PLACES[1:]) and by_kingdom:
                one = by_kingdom.get(taxon["kingdom"]) or (
                    next(iter(by_kingdom.values())) if len(by_kingdom) == 1 else None
                )
                if one and taxon["kingdom"] in (None, one["kingdom"]):
                    taxon.update({column: one[column] for column in PLACES})
            taxon["group_zh"] = group_zh(taxon["kingdom"], taxon["phylum"], taxon["class_name"])


def _rank_of(name: str) -> str:
    parsed = parse_latin(name)
    return parsed.rank if parsed else "species"


def entries(rows: Iterable[Row]) -> Iterable[Row]:
    """The rows about one taxon; a list without `entry_kind` has no others."""
    return (row for row in rows if row.get("entry_kind", "taxon") == "taxon" and row.get("scientific_name"))
