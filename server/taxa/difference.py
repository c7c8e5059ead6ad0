"""What a new file of a list changes against the version before: rows, cells, and what became of each taxon; pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.taxa.bridging import Bridge
from server.taxa.kinds import KINDS
from server.taxa.names import taxon_id_for
from server.taxa.nomenclature import WITHOUT_TAXA, entries
from server.taxa.versions import Row, row_digest

CLASSIFYING = ("category", "family")
_RENAMING = "scientific_name"


@dataclass(frozen=True)
class Change:
    """`row`: as the new file has it; `before_no`: the number of the old row."""

    row: Row
    before_no: str
    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """`base`: the version compared with, None where the list is new. `unmatched`: rows whose name no list knows;
    `synonyms`: rows whose name stands for another. `described`: fields of the descriptor that say something else."""

    list_id: str
    kind: str
    title_zh: str
    version: str
    base: str | None
    rows: int
    added: tuple[Row, ...] = ()
    gone: tuple[Row, ...] = ()
    changed: tuple[Change, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    unmatched: tuple[tuple[Row, tuple[Any, ...]], ...] = ()
    synonyms: tuple[tuple[Row, str], ...] = ()
    described: tuple[str, ...] = ()

    def of(self, change: str) -> tuple[Bridge, ...]:
        return tuple(one for one in self.bridges if one.change == change)

    @property
    def renamed(self) -> tuple[Bridge, ...]:
        return self.of("renamed")

    @property
    def split(self) -> tuple[Bridge, ...]:
        return self.of("split")

    @property
    def merged(self) -> tuple[Bridge, ...]:
        return self.of("merged")

    @property
    def reclassified(self) -> tuple[Bridge, ...]:
        return self.of("reclassified")

    @property
    def empty(self) -> bool:
        return self.base is not None and not (self.added or self.gone or self.changed or self.described)


@dataclass(frozen=True)
class Rows:
    """Rows of one version, the taxon each name stands for today, and the taxa that are known."""

    kind: str
    rows: Sequence[Row]
    id_of: Callable[[str], str]
    known: frozenset[str] = frozenset()

    def taxon_of(self, row: Row) -> str:
        return self.id_of(row["scientific_name"]) if row.get("scientific_name") else ""

    def key(self, row: Row) -> tuple[str, ...]:
        return tuple(row.get(name, "") for name in KINDS[self.kind].unique)


Pairs = list[tuple[Row, Row]]


def compare(old: Rows, new: Rows) -> tuple[Pairs, list[Row], list[Row]]:
    """(pairs of the same row, gone, added). The surest likeness first: what a row says, its key, its name before, its
    taxon, its Chinese name."""
    pairs: Pairs = []
    gone, added = list(old.rows), list(new.rows)
    for likeness in _likenesses(old, new):
        waiting: dict[Any, list[Row]] = {}
        for row in gone:
            for key in likeness(row, True):
                waiting.setdefault(key, []).append(row)
        taken: set[int] = set()
        left = []
        for row in added:
            match = _first_free(waiting, likeness(row, False), taken)
            if match is None:
                left.append(row)
            else:
                taken.add(id(match))
                pairs.append((match, row))
        gone, added = [row for row in gone if id(row) not in taken], left
    return pairs, gone, added


def _first_free(waiting: Mapping[Any, list[Row]], keys: Iterable[Any], taken: set[int]) -> Row | None:
    return next((row for key in keys for row in waiting.get(key, ()) if id(row) not in taken), None)


_Likeness = Callable[[Row, bool], Iterable[Any]]


def _likenesses(old: Rows, new: Rows) -> list[_Likeness]:
    certain: list[_Likeness] = [
        lambda row, _old: [row_digest(row)],
        lambda row, _old: [old.key(row)],
    ]
    if old.kind in WITHOUT_TAXA - {"sensitivity"}:
        return certain

    def kind_of(row: Row) -> tuple[str, ...]:
        return tuple(row.get(name, "") for name in KINDS[old.kind].unique if name != _RENAMING)

    def by_former_name(row: Row, of_old: bool) -> Iterable[Any]:
        names = (row["scientific_name"], row["name_zh"]) if of_old else former_names(row)
        return [(name, kind_of(row)) for name in names if name]

    def by_taxon(row: Row, of_old: bool) -> Iterable[Any]:
        taxon_id = (old if of_old else new).taxon_of(row)
        return [(taxon_id, kind_of(row))] if taxon_id else []

    def by_chinese(row: Row, _old: bool) -> Iterable[Any]:
        return [(row["name_zh"], kind_of(row))] if row["name_zh"] else []

    return [*certain, by_former_name, by_taxon, by_chinese]


def former_names(row: Row) -> list[str]:
    return [name for name in row.get("former_names", "").split(";") if name]


def changed_cells(pairs: Pairs) -> list[Change]:
    return [
        Change(after, before["no"], name, before.get(name, ""), after.get(name, ""))
        for before, after in pairs
        for name in dict.fromkeys([*before, *after])
        if name != "no" and before.get(name, "") != after.get(name, "")
    ]


def bridges(old: Rows, new: Rows, pairs: Pairs) -> tuple[Bridge, ...]:
    if old.kind == "names":
        return _made_synonyms(old, new)
    if old.kind in WITHOUT_TAXA:
        return ()
    edges = _edges(old, new, pairs)
    before, after = _taxa(old), _taxa(new)
    found = [*_moved(edges, before, after), *_reclassified(old, new, pairs)]
    left = {one.from_taxon_id for one in found if one.change != "reclassified"}
    come = {one.to_taxon_id for one in found if one.change != "reclassified"}
    found += [
        Bridge("gone", key, None, name, None) for key, name in before.items() if key not in after and key not in left
    ]
    found += [
        Bridge("added", None, key, None, name) for key, name in after.items() if key not in before and key not in come
    ]
    return tuple(dict.fromkeys(found))


def _made_synonyms(old: Rows, new: Rows) -> tuple[Bridge, ...]:
    """A name that had a taxon of its own and is now a synonym of another's."""
    before = {row["name"] for row in old.rows if row["language"] == "la"}
    return tuple(
        Bridge("renamed", taxon_id_for(row["name"]), new.taxon_of(row), row["name"], row[_RENAMING])
        for row in new.rows
        if row["language"] == "la" and row["name"] not in before and taxon_id_for(row["name"]) in new.known
    )


def _taxa(rows: Rows) -> dict[str, str]:
    return {rows.taxon_of(row): row["scientific_name"] for row in entries(rows.rows)}


def _edges(old: Rows, new: Rows, pairs: Pairs) -> dict[tuple[str, str], tuple[str, str]]:
    """(old taxon, new taxon) → their names as printed: of rows that are one row, and of names said to be former ones."""
    edges: dict[tuple[str, str], tuple[str, str]] = {}
    for before, after in pairs:
        if before.get("entry_kind") == after.get("entry_kind") == "taxon":
            edges[old.taxon_of(before), new.taxon_of(after)] = before[_RENAMING], after[_RENAMING]
    called: dict[str, Row] = {}
    for row in entries(old.rows):
        called.setdefault(row["name_zh"], row)
        called[row["scientific_name"]] = row
    for after in entries(new.rows):
        for before in (called[name] for name in former_names(after) if name in called):
            edges[old.taxon_of(before), new.taxon_of(after)] = before[_RENAMING], after[_RENAMING]
    return edges


def _moved(
    edges: Mapping[tuple[str, str], tuple[str, str]], before: Mapping[str, str], after: Mapping[str, str]
) -> list[Bridge]:
    into, out = Counter(one for one, _ in edges), Counter(other for _, other in edges)
    found = []
    for (one, other), (printed, reprinted) in edges.items():
        change = "split" if into[one] > 1 else "merged" if out[other] > 1 else "renamed"
        if change != "renamed" or printed != reprinted:
            found.append(Bridge(change, one, other, printed, reprinted))
    return found


def _reclassified(old: Rows, new: Rows, pairs: Pairs) -> list[Bridge]:
    return [
        Bridge(
            "reclassified", old.taxon_of(before), new.taxon_of(after), before.get(name) or None, after.get(name) or None
        )
        for before, after in pairs
        for name in CLASSIFYING
        if before.get(name, "") != after.get(name, "")
        and before.get("entry_kind") == after.get("entry_kind") == "taxon"
    ]


def between(empty: Difference, old: Rows, new: Rows) -> Difference:
    pairs, gone, added = compare(old, new)
    changed = changed_cells(pairs)
    return replace(
        empty, added=tuple(added), gone=tuple(gone), changed=tuple(changed), bridges=bridges(old, new, pairs)
    )
