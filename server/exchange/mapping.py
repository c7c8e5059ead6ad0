"""Column mappings: which heading of a file means which term, as data in `mappings/*.json` or in a file of the user's own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.formats.darwin_core import term_of
from server.formats.unusable import Unusable
from shared import strict_json

FOLDER = Path(__file__).parent / "mappings"
COUNT_MIN, COUNT_MAX = "individualCountMin", "individualCountMax"
OWN_TERMS = frozenset({COUNT_MIN, COUNT_MAX})
"""Meanings that Darwin Core has no term for; their columns keep their own headings in the verbatim row."""
_KEYS = frozenset(
    {
        "name",
        "aliases",
        "title_zh",
        "title_en",
        "recognise_all",
        "recognise_any",
        "columns",
        "event_date",
        "constants",
        "values",
        "notes",
    }
)
_DATE_PARTS = frozenset({"from", "from_time", "to", "to_time"})


@dataclass(frozen=True)
class ColumnMapping:
    """`columns`: heading → term; `event_date`: headings of its parts; `constants`: term → text where the row has none; `values`: term → its words."""

    name: str
    columns: Mapping[str, str]
    aliases: Sequence[str] = ()
    recognise_all: Sequence[str] = ()
    recognise_any: Sequence[str] = ()
    event_date: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def recognises(self, headings: frozenset[str]) -> bool:
        wanted = bool(self.recognise_all or self.recognise_any)
        return (
            wanted
            and headings.issuperset(self.recognise_all)
            and (not self.recognise_any or not headings.isdisjoint(self.recognise_any))
        )

    def term(self, heading: str) -> str | None:
        return self.columns.get(heading) or term_of(heading)

    def headings_by_term(self, headings: Sequence[str]) -> dict[str, str]:
        """Under which heading of this file a term is to be found, the first where several are; `eventDate` also under its first part."""
        found = {"eventDate": self.event_date["from"]} if self.event_date.get("from") in headings else {}
        for heading in reversed(headings):
            term = self.term(heading)
            if term is not None:
                found[term] = heading
        return found

    def apply(self, cells: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """(terms to read, verbatim row). In both a column that has a Darwin Core term goes by it, any other by its heading."""
        verbatim: dict[str, str] = {}
        own: dict[str, str] = {}
        for heading, text in cells.items():
            term = self.term(heading)
            if term in OWN_TERMS:
                own[term] = text
            verbatim[heading if term is None or term in OWN_TERMS or term in verbatim else term] = text
        composed = self._event_date(cells)
        if composed and "eventDate" not in verbatim:
            verbatim["eventDate"] = composed
        terms = {**self.constants, **verbatim, **own}
        for term, words in self.values.items():
            if term in terms:
                terms[term] = words.get(terms[term].strip(), terms[term])
        return terms, verbatim

    def _event_date(self, cells: Mapping[str, str]) -> str:
        start, end = (self._moment(cells, part) for part in ("from", "to"))
        return f"{start}/{end}" if start and end and start != end else start or end

    def _moment(self, cells: Mapping[str, str], part: str) -> str:
        day = cells.get(self.event_date.get(part, ""), "").strip()
        time = cells.get(self.event_date.get(f"{part}_time", ""), "").strip()
        return f"{day}T{time}" if day and time else day


def shipped() -> Iterator[ColumnMapping]:
    for path in sorted(FOLDER.glob("*.json")):
        yield _read(path)


def named(name_or_file: str) -> ColumnMapping:
    """A mapping by its name, an alias, or the path of a JSON file."""
    wanted = name_or_file.strip().lower().replace("-", "_")
    for mapping in shipped():
        if wanted in (mapping.name, *mapping.aliases):
            return mapping
    if Path(name_or_file).is_file():
        return _read(Path(name_or_file))
    raise Unusable("mapping_unknown", f"{name_or_file}；可用：{'、'.join(mapping.name for mapping in shipped())}")


def recognised(headings: Sequence[str]) -> ColumnMapping:
    """The mapping whose signs the headings bear; Darwin Core where none does."""
    seen = frozenset(headings)
    return next((mapping for mapping in shipped() if mapping.recognises(seen)), None) or named("darwin_core")


def _read(path: Path) -> ColumnMapping:
    try:
        described = strict_json.read(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Unusable("mapping_broken", f"{path.name}: {error}") from error
    _check(path.name, described)
    told = {key: described[key] for key in described.keys() - {"title_zh", "title_en", "notes"}}
    return ColumnMapping(**{"name": path.stem, **told})


def _check(name: str, described: Any) -> None:
    if not isinstance(described, dict) or not isinstance(described.get("columns"), dict):
        raise Unusable("mapping_broken", f"{name}: columns 应为 列名 → 术语 (columns maps headings to terms)")
    unknown = described.keys() - _KEYS
    if (
        unknown
        or not _is_texts(described["columns"])
        or not all(_is_texts(described.get(key, {})) for key in ("event_date", "constants"))
    ):
        raise Unusable("mapping_broken", f"{name}: {', '.join(sorted(unknown)) or 'columns, event_date, constants'}")
    targets = [*described["columns"].values(), *described.get("constants", {}), *described.get("values", {})]
    strange = [term for term in targets if term not in OWN_TERMS and term_of(term) != term]
    strange += sorted(described.get("event_date", {}).keys() - _DATE_PARTS)
    if strange:
        raise Unusable("mapping_broken", f"{name}: 不是 Darwin Core 术语 (no Darwin Core term): {', '.join(strange)}")


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
