"""What the public learns of guarded records: that a species was there, never how often; pure.

A row is no record. It stands for all records of one taxon in one synthetic event: survey × disclosed place × year. So a guarded find
leaves its own event, which keeps place and effort for the other species, and neither the number of rows nor an id leads back to it.
See decisions/presences.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.reporting.small_counts import Kind, Tally
from server.sensitivity import generalising
from server.sensitivity.records import DisclosedPlace, FrozenRecord
from shared.canonical import digest
from shared.vocabulary import OCCURRENCE_STATUS

DATUM = "EPSG:4326"
_NAMES = ("scientificName", "vernacularName")
_AGREED = (
    "basisOfRecord",
    "scientificNameAuthorship",
    "taxonRank",
    "kingdom",
    "phylum",
    "class",
    "order",
    "family",
    "genus",
    "specificEpithet",
    "infraspecificEpithet",
    "establishmentMeans",
    "degreeOfEstablishment",
    "identificationVerificationStatus",
    "countryCode",
    "stateProvince",
    "license",
    "datasetName",
)
"""Told where all records of a row say the same."""
_MERGED = "同一物种在同一地点的记录合并为一行，不表示条数"
_FEW = "位置仅公布到县级行政区；记录少于5条的物种合并为一行，不表示条数"
_NO_CELL = "位置仅公布到县级行政区（概化网格跨越县界）"
_WITHHELD = "敏感记录：条数、日期、记录者和原编号不公开"


@dataclass(frozen=True)
class PublicPlace:
    """`area`: code of the county that may be named, "" where none may; `cell`: longitude, latitude, uncertainty of a cell's centre."""

    area: str
    name: str
    cell: tuple[float, float, float] | None


def is_guarded(record: FrozenRecord) -> bool:
    """Also where nobody ever asked how closely it is to be kept."""
    return record.level is None or record.level > 0


def public_code(record: FrozenRecord, codes: Mapping[str, str], name: str) -> str:
    """A field that holds a code, "" where it holds none; of a guarded record no code that we do not know."""
    return generalising.known_code(int(is_guarded(record)), codes, record.body.get(name) or "")


def is_guarded_visit(unit: FrozenRecord) -> bool:
    """Where rangers walk, and where nothing but guarded species was found."""
    return unit.kind == "patrol" or bool(unit.level)


def public_place(record: FrozenRecord) -> PublicPlace:
    """The one place of a guarded record in everything public: its cell where that lies wholly inside its county, else the name alone.
    A cell beside the name of a county that holds a part of it would be that part."""
    shown = record.disclosed
    if shown is None:
        return PublicPlace("", "", None)
    return PublicPlace(shown.county_code or "", shown.county_name or "", _cell(shown))


def _cell(shown: DisclosedPlace) -> tuple[float, float, float] | None:
    if shown.level < 2 or not shown.cell_within_county or shown.longitude is None or shown.latitude is None:
        return None
    return shown.longitude, shown.latitude, shown.uncertainty_m or 0.0


def kind_of(record: FrozenRecord) -> Kind:
    taxon = record.body["taxon"]
    named = record.taxon_id or "|".join(taxon.get(key) or "" for key in ("scientific_name", "name_zh", "verbatim_name"))
    return named, public_code(record, OCCURRENCE_STATUS, "occurrence_status"), public_place(record).area


def tally(records: Iterable[FrozenRecord]) -> Tally:
    """Over the occurrences that count, guarded ones alone."""
    found = Tally()
    for record in records:
        if is_guarded(record):
            found.add(kind_of(record), record.observed_year)
    return found


def presence_rows(told: Sequence[tuple[FrozenRecord, Mapping[str, str]]], known: Tally) -> list[dict[str, str]]:
    """`told`: guarded records with their terms, of which names and what all agree on is used. `known`: over all records there are."""
    grouped: dict[tuple[Kind, tuple[str, ...]], list[tuple[FrozenRecord, Mapping[str, str]]]] = {}
    for record, terms in told:
        kind = kind_of(record)
        grouped.setdefault((kind, _event_key(record, kind, known)), []).append((record, terms))
    rows = [_row(kind, event, members, known.few(kind)) for (kind, event), members in grouped.items()]
    return sorted(rows, key=lambda row: row["occurrenceID"])


def _event_key(record: FrozenRecord, kind: Kind, known: Tally) -> tuple[str, ...]:
    """survey, longitude, latitude, uncertainty, name of the area, year: what the synthetic event is. Of few records none but the name."""
    place = public_place(record)
    if known.few(kind):
        return "", "", "", "", place.name, ""
    cell = (f"{place.cell[0]:.7f}", f"{place.cell[1]:.7f}", f"{place.cell[2]:.0f}") if place.cell else ("", "", "")
    year = str(record.observed_year) if record.observed_year in known.told_years(kind) else ""
    return record.body["survey_id"], *cell, place.name, year


def _row(
    kind: Kind, event: tuple[str, ...], members: Sequence[tuple[FrozenRecord, Mapping[str, str]]], few: bool
) -> dict[str, str]:
    _, longitude, latitude, uncertainty, county, year = event
    event_id = "x" + digest(["public event", *event, kind[2]])[:24]
    row = {
        "eventID": event_id,
        "occurrenceID": "g" + digest(["public presence", *kind, event_id])[:32],
        "occurrenceStatus": kind[1],
        "eventDate": year,
        "county": county,
        "decimalLongitude": longitude,
        "decimalLatitude": latitude,
        "geodeticDatum": DATUM if longitude else "",
        "coordinateUncertaintyInMeters": uncertainty,
        "dataGeneralizations": _generalised([record for record, _ in members], few, bool(longitude)),
        "informationWithheld": _WITHHELD,
    }
    return row | _said_by_all([terms for _, terms in members])


def _generalised(records: Sequence[FrozenRecord], few: bool, has_cell: bool) -> str:
    if few:
        return _FEW
    shown = records[0].disclosed
    words = shown.data_generalizations if shown is not None and (has_cell or shown.level == 1) else _NO_CELL
    return f"{words or _NO_CELL}；{_MERGED}"


def _said_by_all(members: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Names as most have them, of equally many the first by the alphabet."""
    said = {}
    for name in _NAMES:
        spelled = Counter(terms[name] for terms in members if terms.get(name))
        if spelled:
            said[name] = min(spelled, key=lambda text: (-spelled[text], text))
    for term in _AGREED:
        texts = {terms.get(term, "") for terms in members}
        said[term] = texts.pop() if len(texts) == 1 else ""
    said["basisOfRecord"] = said["basisOfRecord"] or "Occurrence"
    return {term: text for term, text in said.items() if text}
