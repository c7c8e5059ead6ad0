"""Records as Darwin Core terms: everything for those who may see it, or what may be public. Pure.

An imported row goes out as it came, in the terms that it came with; only the identifiers without which an archive has no order are added.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from server.formats.darwin_core import ADDRESS
from server.sensitivity.records import FrozenRecord
from shared.canonical import digest
from shared.coordinates import e7_text

DATUM = "EPSG:4326"
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
    "coordinateUncertaintyInMeters",
)
_TAXON_TERMS = frozenset(
    """
scientificName scientificNameAuthorship vernacularName taxonRank verbatimTaxonRank kingdom phylum class order family genus specificEpithet
infraspecificEpithet taxonomicStatus nomenclaturalCode
""".split()
)
_GUARDED_TERMS = _TAXON_TERMS | {
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
}
"""What a guarded record, or one whose place is not known, may show beside its disclosed place."""
_PUBLIC_TERMS = _GUARDED_TERMS | {
    "occurrenceID",
    "eventID",
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
}
"""No person is named in public: recordedBy and identifiedBy stay here."""


def restricted_terms(record: FrozenRecord) -> dict[str, str]:
    """Every term, the precise place included."""
    body = record.body
    came = {term: text for term, text in body["verbatim"].items() if term in ADDRESS}
    if not came:
        came = {**_own_terms(body), **_place_terms(body["place"])}
    return {"occurrenceID": record.id, "eventID": _event_id(record), "basisOfRecord": body["basis_of_record"], **came}


def public_terms(record: FrozenRecord) -> dict[str, str]:
    """With the disclosed place only; where the place is guarded or unknown, no date finer than the year and no name of a place."""
    body, shown = record.body, record.disclosed
    open_place = shown is not None and shown.level == 0
    came = {**_own_terms(body), **{term: text for term, text in body["verbatim"].items() if term in ADDRESS}}
    allowed = _PUBLIC_TERMS if open_place else _GUARDED_TERMS
    terms = {
        "occurrenceID": record.id if open_place else _opaque_id(record),
        "basisOfRecord": body["basis_of_record"],
        **{term: text for term, text in came.items() if term in allowed},
    }
    if shown is not None:
        terms |= {"county": shown.county_name or "", "dataGeneralizations": shown.data_generalizations or ""}
        terms |= {"informationWithheld": shown.information_withheld or ""}
        if shown.latitude is not None and shown.longitude is not None:
            uncertainty = f"{shown.uncertainty_m:.0f}" if shown.uncertainty_m is not None else ""
            terms |= {
                "decimalLatitude": f"{shown.latitude:.7f}",
                "decimalLongitude": f"{shown.longitude:.7f}",
                "geodeticDatum": DATUM,
            }
            terms |= {"coordinateUncertaintyInMeters": uncertainty}
    if open_place:
        return {"eventID": _event_id(record), **terms}
    year = str(record.observed_year) if record.observed_year else ""
    place = terms.get("decimalLatitude", ""), terms.get("decimalLongitude", ""), terms.get("county", "")
    return {**terms, "eventDate": year, "eventID": "x" + digest([body["survey_id"], *place, year])[:24]}


def _opaque_id(record: FrozenRecord) -> str:
    """An id of its own for a guarded record: ours holds the millisecond of the tap, and its neighbours of that minute are shown."""
    return "g" + digest(["public occurrence", record.id])[:32]


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


def _event_id(record: FrozenRecord) -> str:
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
