"""Records as Darwin Core terms: everything for those who may see it, or what may be public. Pure.

An imported row goes out as it came, in the terms that it came with; only the identifiers without which an archive has no order are added.
In public guarded records are no rows of their own: presences.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.formats.darwin_core import ADDRESS
from server.reporting.presences import DATUM, is_guarded, presence_rows, public_code
from server.reporting.small_counts import Tally
from server.sensitivity.records import DisclosedPlace, ExactPlace, FrozenRecord
from shared.canonical import digest
from shared.coordinates import e7_text
from shared.vocabulary import BASIS_OF_RECORD, REVIEW_STATES, label

PUBLIC_DECIMALS, ROUNDED_AWAY_M = 3, 80
"""No position in public is finer than 0.001 degree, which may put it 80 m off."""
_EVENT_TERMS = (
    "eventDate",
    "samplingProtocol",
    "sampleSizeValue",
    "sampleSizeUnit",
    "samplingEffort",
    "countryCode",
    "stateProvince",
    "county",
    "decimalLatitude",
    "decimalLongitude",
    "geodeticDatum",
    "coordinatePrecision",
    "coordinateUncertaintyInMeters",
)
_TAXON_TERMS = frozenset(
    """
scientificName scientificNameAuthorship vernacularName taxonRank verbatimTaxonRank kingdom phylum class order family genus specificEpithet
infraspecificEpithet taxonomicStatus nomenclaturalCode
""".split()
)
_PUBLIC_TERMS = _TAXON_TERMS | {
    "basisOfRecord",
    "occurrenceStatus",
    "individualCount",
    "organismQuantity",
    "organismQuantityType",
    "sex",
    "lifeStage",
    "establishmentMeans",
    "degreeOfEstablishment",
    "pathway",
    "stateProvince",
    "countryCode",
    "license",
    "eventDate",
    "year",
    "month",
    "day",
    "samplingProtocol",
    "sampleSizeValue",
    "sampleSizeUnit",
    "behavior",
    "county",
    "habitat",
    "institutionCode",
    "collectionCode",
    "catalogNumber",
    "datasetName",
    "identificationQualifier",
    "identificationVerificationStatus",
    "identificationRemarks",
    "recordedByID",
}
"""No person is named in public: recordedBy and identifiedBy stay here, and whoever recorded is known by a pseudonym alone."""
_TERM_OF = {"occurrence_remarks": "occurrenceRemarks", "verbatim_event_date": "verbatimEventDate"}
_NAMES_OF_PEOPLE = ("recordedBy", "identifiedBy", "recordedByID", "identifiedByID")


def restricted_terms(record: FrozenRecord) -> dict[str, str]:
    """Every term, the precise place included."""
    body = record.body
    came = {term: text for term, text in body["verbatim"].items() if term in ADDRESS}
    if not came:
        came = {**_own_terms(body), **_place_terms(body["place"])}
    terms = {
        "occurrenceID": record.id,
        "eventID": event_id_of(record),
        "basisOfRecord": body["basis_of_record"],
        **came,
    }
    return _as_named(record, {**identification_terms(record), **terms})


def public_terms(record: FrozenRecord) -> dict[str, str]:
    """Of a record that is not guarded, with the place that is disclosed; of a guarded one only what a presence may take from it."""
    body, shown = record.body, record.disclosed
    came = {term: text for term, text in body["verbatim"].items() if term in ADDRESS}
    terms = {**_own_terms(body), **{term: text for term, text in came.items() if term not in _NAMES_OF_PEOPLE}}
    terms = {term: text for term, text in terms.items() if term not in _withheld_terms(record)}
    terms = _as_named(record, {**identification_terms(record), **terms})
    terms = {term: text for term, text in terms.items() if term in _PUBLIC_TERMS}
    terms = {
        "eventID": event_id_of(record),
        "occurrenceID": record.id,
        "basisOfRecord": public_code(record, BASIS_OF_RECORD, "basis_of_record"),
        **terms,
    }
    if shown is None or is_guarded(record):
        return terms
    terms["county"] = shown.county_name or ""
    if shown.latitude is not None and shown.longitude is not None:
        terms |= public_position(shown.longitude, shown.latitude)
        if shown.uncertainty_m is not None:
            terms["coordinateUncertaintyInMeters"] = f"{max(shown.uncertainty_m, ROUNDED_AWAY_M):.0f}"
    return terms


def scope_terms(record: FrozenRecord, shown_id: str) -> dict[str, str]:
    """For who may see the record but no exact place: everything that the gate has left of it, a row for each record. A guarded one
    stands in a synthetic event here too, since its own has a place."""
    shown = record.disclosed
    terms = {**identification_terms(record), **_own_terms(record.body), "basisOfRecord": record.body["basis_of_record"]}
    if shown is not None:
        terms |= {
            "county": shown.county_name or "",
            "dataGeneralizations": shown.data_generalizations or "",
            "informationWithheld": shown.information_withheld or "",
            **_cell_terms(shown),
        }
    event_id = event_id_of(record)
    if is_guarded(record):
        place = (terms.get(term, "") for term in ("decimalLatitude", "decimalLongitude", "county"))
        event_id = "x" + digest(["scope event", record.body["survey_id"], *place, str(record.observed_year)])[:24]
    return {"eventID": event_id, "occurrenceID": shown_id, **{term: text for term, text in terms.items() if text}}


def _cell_terms(shown: DisclosedPlace) -> dict[str, str]:
    height = f"{shown.altitude_m:.0f}" if shown.altitude_m is not None else ""
    told = {"minimumElevationInMeters": height, "maximumElevationInMeters": height}
    if shown.latitude is not None and shown.longitude is not None:
        told |= {
            "decimalLatitude": f"{shown.latitude:.7f}",
            "decimalLongitude": f"{shown.longitude:.7f}",
            "geodeticDatum": DATUM,
            "coordinateUncertaintyInMeters": f"{shown.uncertainty_m:.0f}" if shown.uncertainty_m is not None else "",
        }
    return told


def exact_terms(place: ExactPlace) -> dict[str, str]:
    """In place of the disclosed one, for who was granted it."""
    told = {
        "decimalLatitude": e7_text(place.latitude_e7),
        "decimalLongitude": e7_text(place.longitude_e7),
        "geodeticDatum": DATUM,
        "coordinateUncertaintyInMeters": f"{place.uncertainty_m:.0f}" if place.uncertainty_m is not None else "",
        "minimumElevationInMeters": place.altitude_m or "",
        "maximumElevationInMeters": place.altitude_m or "",
        "county": place.stamp.county_name or "",
    }
    withheld = {"dataGeneralizations": "", "informationWithheld": "精确坐标，经批准查阅，不得转交"}
    return {**told, **withheld}


def public_position(longitude: float, latitude: float) -> dict[str, str]:
    """What is not guarded either is told no finer than maps for the public may be."""
    return {
        "decimalLatitude": f"{latitude:.{PUBLIC_DECIMALS}f}",
        "decimalLongitude": f"{longitude:.{PUBLIC_DECIMALS}f}",
        "geodeticDatum": DATUM,
        "coordinatePrecision": f"{10**-PUBLIC_DECIMALS:.{PUBLIC_DECIMALS}f}",
    }


def _withheld_terms(record: FrozenRecord) -> set[str]:
    """Terms of a record whose words speak of something guarded. Its own name is told even so: no species disappears."""
    return {_TERM_OF.get(field, field.removeprefix("verbatim.")) for field in record.withheld} - _TAXON_TERMS


def public_rows(records: Sequence[FrozenRecord], known: Tally) -> tuple[list[FrozenRecord], list[dict[str, str]]]:
    """The open records, and the rows of all: first theirs in the same order, then those of the presences. `known`: tally over all
    records there are, however few are published."""
    open_records = [record for record in records if not is_guarded(record)]
    guarded = [(record, public_terms(record)) for record in records if is_guarded(record)]
    return open_records, [*map(public_terms, open_records), *presence_rows(guarded, known)]


def identification_terms(record: FrozenRecord) -> dict[str, str]:
    """How sure the name is, by which method, and what reviewers made of it."""
    taxon = vars(record.review.name) if record.review.name else record.body["taxon"]
    parts = (("method", "鉴定方法"), ("confidence", "把握程度"))
    remarks = "；".join(f"{words}：{taxon[key]}" for key, words in parts if taxon.get(key))
    told = {
        "identificationQualifier": taxon.get("qualifier"),
        "identificationRemarks": remarks,
        "identificationVerificationStatus": label(REVIEW_STATES, record.review.state),
    }
    return {term: text for term, text in told.items() if text}


def _as_named(record: FrozenRecord, terms: Mapping[str, str]) -> dict[str, str]:
    """With the name that a reviewer gave, where one did; what was said before stays beside it."""
    name = record.review.name
    if name is None:
        return dict(terms)
    kept = {term: text for term, text in terms.items() if term not in _TAXON_TERMS}
    told = {
        "scientificName": name.scientific_name,
        "vernacularName": name.name_zh,
        "previousIdentifications": terms.get("scientificName") or terms.get("vernacularName"),
    }
    return {**kept, **{term: text for term, text in told.items() if text}}


def in_order_of_ids(occurrences: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Rows of a table as they are published: by the id that is shown, since the order of saving would tell what the id withholds."""
    return sorted(occurrences, key=lambda terms: terms["occurrenceID"])


def measurement_terms(record: FrozenRecord, terms: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {
            "eventID": terms["eventID"],
            "occurrenceID": terms["occurrenceID"],
            "measurementType": one["code"],
            "measurementValue": one["value"],
            "measurementUnit": one["unit"] or "",
        }
        for one in record.body["measurements"]
    ]


def event_rows(occurrences: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """One event for each eventID, with what all its occurrences agree on."""
    events: dict[str, dict[str, str]] = {}
    for terms in occurrences:
        told = {term: terms.get(term, "") for term in _EVENT_TERMS}
        known = events.setdefault(terms["eventID"], told)
        events[terms["eventID"]] = {term: text if told[term] == text else "" for term, text in known.items()}
    return [{"eventID": event_id, **told} for event_id, told in events.items()]


def event_id_of(record: FrozenRecord) -> str:
    said: str = record.body["verbatim"].get("eventID", "").strip()
    return said or record.body["event_id"] or f"{record.id}:event"


def _own_terms(body: Mapping[str, Any]) -> dict[str, str]:
    taxon, first, last = body["taxon"], body["observed_from"], body["observed_to"]
    told = {
        "scientificName": taxon["scientific_name"] or taxon["verbatim_name"] or taxon["name_zh"],
        "vernacularName": taxon["name_zh"],
        "verbatimIdentification": taxon["verbatim_name"],
        "occurrenceStatus": body["occurrence_status"],
        "individualCount": _text(body["individual_count"]),
        "organismQuantity": body["organism_quantity"],
        "organismQuantityType": body["organism_quantity_type"],
        "sex": body["sex"],
        "lifeStage": body["life_stage"],
        "behavior": body["behavior"],
        "establishmentMeans": body["establishment_means"],
        "degreeOfEstablishment": body["degree_of_establishment"],
        "pathway": body["pathway"],
        "occurrenceRemarks": body["occurrence_remarks"],
        "eventDate": f"{first}/{last}" if first and last else first,
        "verbatimEventDate": body["verbatim_event_date"],
        "recordedByID": " | ".join(body["recorded_by"]),
    }
    return {term: text for term, text in told.items() if text}


def _place_terms(place: Mapping[str, Any] | None) -> dict[str, str]:
    if place is None:
        return {}
    told = {
        "decimalLatitude": e7_text(place["latitude_e7"]),
        "decimalLongitude": e7_text(place["longitude_e7"]),
        "geodeticDatum": DATUM,
        "coordinateUncertaintyInMeters": place["coordinate_uncertainty_in_meters"],
        "minimumElevationInMeters": place["altitude_m"],
        "maximumElevationInMeters": place["altitude_m"],
        "verticalDatum": place["vertical_datum"],
    }
    return {term: text for term, text in told.items() if text}


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
