"""What may be told of the values that several versions of one record claim: no more than lists tell of what stands."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.sensitivity import generalising
from server.sensitivity.following import event_guards
from server.sensitivity.generalising import Spoken
from server.sensitivity.mentions import guarded_names
from server.taxa.queries import resolve_many
from shared.ids import is_uuid

WITHHELD = object()
_COARSE = frozenset(
    {
        *("taxon", "occurrence_status", "individual_count", "count_min", "count_max", "count_method"),
        *("organism_quantity_type", "sex", "life_stage", "evidence_class", "basis_of_record"),
        *("event_type", "sampling_protocol", "target_group", "finding_type", "case_state", "survey_id", "dataset_id"),
        *("establishment_means", "degree_of_establishment", "nil_report"),
    }
)
"""What tells neither where, nor on which day, nor, read as a code, in free words."""
_OF_FILES = frozenset({"exif_place", "tablet_place", "file_name"})
"""Where a photo was taken is no place that lists show."""
_OF_A_GUARDED_EVENT = frozenset({"geometry", "measurements", "verbatim"})


@dataclass(frozen=True)
class Telling:
    """`guarded_event`: something guarded was found on it, though it keeps its own place for the other species."""

    level: int
    guarded_event: bool
    spoken: Spoken
    listed: frozenset[tuple[str | None, str | None]]

    def value(self, name: str, value: Any) -> Any:
        """As much of it as may be told, or WITHHELD."""
        if name in _OF_FILES:
            return WITHHELD
        if self.level > 0:
            return self._of_guarded(name, value)
        if self.guarded_event and name in _OF_A_GUARDED_EVENT and value:
            return WITHHELD
        if name in generalising.EVENT_WORDS and self.guarded_event:
            words = {**dict.fromkeys(generalising.EVENT_WORDS), name: value}
            told = generalising.event_words(True, words, self.spoken)[name]
            return value if told == value else WITHHELD
        if any(self.spoken(words) for words in _words(value)):
            return WITHHELD
        return _in_steps(value) if name == "place" else value

    def guards(self, name: str, value: Any) -> bool:
        """Whether it is to be kept from whoever else wrote in an open record, which has its place open to them."""
        return name != "place" and self.value(name, value) is WITHHELD

    def _of_guarded(self, name: str, value: Any) -> Any:
        if name not in _COARSE:
            return WITHHELD
        if name == "taxon":
            return self._taxon(value)
        if name in generalising.VOCABULARIES:
            return generalising.known_code(self.level, generalising.VOCABULARIES[name], value)
        if isinstance(value, str) and not is_uuid(value):
            return value if generalising.code(self.level, value) == value else WITHHELD
        return value

    def _taxon(self, taxon: Mapping[str, Any]) -> Any:
        """Its names and how sure they are; what the observer wrote word for word stays where it is."""
        is_listed = _pair(taxon) in self.listed
        names = {name: generalising.taxon_name(taxon.get(name), is_listed) for name in ("scientific_name", "name_zh")}
        if not any(names.values()):
            return WITHHELD
        sure = {name: generalising.naming_words(taxon.get(name)) for name in ("qualifier", "method", "confidence")}
        return {name: words for name, words in {**names, **sure}.items() if words}


def tellings(
    session: Session, levels: Mapping[UUID, tuple[str, int]], taxa: Iterable[Mapping[str, Any]]
) -> dict[UUID, Telling]:
    """By record, of its (kind, level). `taxa`: all names that are claimed for any of them."""
    spoken = guarded_names(session).spoken_of
    guards = event_guards(session, [id_ for id_, (kind, _) in levels.items() if kind in ("event", "patrol")])
    pairs = list(dict.fromkeys(_pair(taxon) for taxon in taxa))
    known = zip(pairs, resolve_many(session, pairs) if pairs else (), strict=True)
    listed = frozenset(pair for pair, taxon in known if taxon is not None and taxon.status != "provisional")
    return {
        id_: Telling(level, id_ in guards and guards[id_].guarded, spoken, listed) for id_, (_, level) in levels.items()
    }


def _pair(taxon: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return taxon.get("scientific_name"), taxon.get("name_zh")


def _words(value: Any) -> Iterator[str]:
    """All text in it, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (words for part in value.values() for words in _words(part))
    elif isinstance(value, list | tuple):
        yield from (words for part in value for words in _words(part))


def _in_steps(place: Any) -> Any:
    if not isinstance(place, Mapping) or place.get("altitude_m") is None:
        return place
    return {**place, "altitude_m": str(generalising.altitude_m(0, float(place["altitude_m"])))}
