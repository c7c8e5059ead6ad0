"""One row of a file → the body of an occurrence, with what is odd about it. Pure: no database, no clock but the date that is handed in.

A row is rejected only if it cannot be split or has no name. Everything else is kept: what cannot be understood is flagged, left out of the
typed fields and stays in `verbatim`, the row as it came.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from server.exchange import dates, positions
from server.exchange.counting import read_counts
from server.exchange.mapping import ColumnMapping
from server.exchange.problems import RowProblem
from server.formats.table import SourceRow
from server.taxa.names import has_chinese, private_use, split_name

NAME_TERMS = (
    "scientificName",
    "verbatimScientificName",
    "acceptedNameUsage",
    "species",
    "verbatimIdentification",
    "originalNameUsage",
    "vernacularName",
    "genus",
)
"""Where a name may stand, the likeliest first; two are GBIF's own columns."""
WHOLE_ROW = "*"
"""The field of a problem that no single column has."""
_BASIS = {
    "humanobservation": ("HumanObservation", "field"),
    "machineobservation": ("MachineObservation", "image"),
    "preservedspecimen": ("PreservedSpecimen", "specimen"),
    "fossilspecimen": ("FossilSpecimen", "specimen"),
    "livingspecimen": ("LivingSpecimen", "specimen"),
    "materialsample": ("MaterialSample", "specimen"),
    "materialentity": ("MaterialEntity", "specimen"),
    "materialcitation": ("MaterialCitation", "literature"),
    "literature": ("MaterialCitation", "literature"),
    "observation": ("Observation", "field"),
    "occurrence": ("Occurrence", "literature"),
    "unknown": ("Occurrence", "literature"),
    "": ("HumanObservation", "field"),
}
_DATE_WIDTH, _TEXT_WIDTH = 200, 4000


@dataclass
class Reading:
    """`body` is an occurrence body without survey and data set; None where the row is rejected. `verbatim` is the row by its terms."""

    number: int
    terms: Mapping[str, str] = field(default_factory=dict)
    verbatim: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    problems: list[RowProblem] = field(default_factory=list)

    def flag(self, field_name: str, code: str, detail: str = "") -> None:
        self.problems.append(RowProblem(self.number, field_name, code, detail[:80]))
        if self.body is not None:
            self.body["flags"] = sorted({*self.body["flags"], code})


def read_row(row: SourceRow, mapping: ColumnMapping, today: date) -> Reading:
    reading = Reading(row.number)
    if row.cells is None:
        reading.flag(WHOLE_ROW, "cannot_split", f"应有 {row.expected} 列，实有 {row.found} 列，文件第 {row.line} 行")
        return reading
    clean = {heading: text.replace("\0", "\ufffd") for heading, text in row.cells.items()}
    reading.terms, reading.verbatim = mapping.apply(clean)
    if not any(reading.terms.get(term, "").strip() for term in NAME_TERMS):
        reading.flag("scientificName", "no_name", reading.terms.get("observationType", ""))
        return reading
    reading.body = _body(reading, today)
    for heading, text in clean.items():
        if "\ufffd" in text:
            reading.flag(mapping.term(heading) or heading, "text_damaged", text)
    return reading


def _body(reading: Reading, today: date) -> dict[str, Any]:
    terms = reading.terms
    place, found = positions.read_place(terms)
    observed, more = _observed(terms, positions.zone_of(place), today)
    counts, yet_more = read_counts(terms)
    basis, evidence = _BASIS.get(re.sub(r"[^a-z]", "", terms.get("basisOfRecord", "").lower()), _BASIS["unknown"])
    texts, last = _texts(terms)
    body = {
        "event_id": None,
        "taxon": _taxon(terms),
        **counts,
        **texts,
        "place": place,
        "evidence_class": evidence,
        "basis_of_record": basis,
        "observed_from": observed.observed_from if observed else None,
        "observed_to": observed.observed_to if observed else None,
        "date_precision": observed.precision if observed else None,
        "measurements": [],
        "recorded_by": [],
        "verbatim": reading.verbatim,
        "flags": [],
    }
    if basis == "LivingSpecimen" and body["degree_of_establishment"] is None:
        body["degree_of_establishment"] = "captive"  # an animal in a zoo, a plant in a garden: never counted as wild
    reading.body = body
    for problem in (*_odd_names(terms), *found, *more, *yet_more, *last):
        reading.flag(*problem)
    return body


def _taxon(terms: Mapping[str, str]) -> dict[str, str | None]:
    """`scientific_name` holds Latin and `name_zh` Chinese, whichever column they came in; `verbatim_name` is the first name of the row."""
    names = [text for text in (" ".join(terms.get(term, "").split()) for term in NAME_TERMS) if text]
    mixed = [split_name(text)[0] for text in names if has_chinese(text)]
    latin = next((text for text in names if not has_chinese(text)), "") or next(filter(None, mixed), "")
    if latin and latin == terms.get("genus", "").strip() and terms.get("specificEpithet", "").strip().islower():
        latin = " ".join(
            terms.get(part, "").strip() for part in ("genus", "specificEpithet", "infraspecificEpithet")
        ).strip()
    chinese = next((text for text in (terms.get("vernacularName", "").strip(), *names) if has_chinese(text)), "")
    if any(mixed):
        chinese = split_name(chinese)[1] or chinese
    return {
        "taxon_id": None,
        "scientific_name": latin[:300] or None,
        "name_zh": chinese[:120] or None,
        "verbatim_name": names[0][:400],
    }


def _odd_names(terms: Mapping[str, str]) -> list[positions.Found]:
    """A private-use character shows as something else, or as nothing, on the next machine."""
    return [(term, "private_use", "、".join(odd)) for term in NAME_TERMS if (odd := private_use(terms.get(term)))]


def _observed(terms: Mapping[str, str], zone: Any, today: date) -> tuple[dates.Observed | None, list[positions.Found]]:
    written = terms.get("eventDate", "").strip()
    read = _with_time(written, terms.get("eventTime", "").strip(), zone)
    columns, odd_column = dates.read_columns(terms)
    problems = [("eventDate", "date_odd", written)] if written and read is None else []
    if odd_column:
        problems.append((odd_column, "date_odd", terms[odd_column]))
    if read is not None and columns is not None and not _agree(read, columns):
        problems.append(("eventDate", "date_disagrees", f"{written} / {columns.observed_from}"))
    spoken = terms.get("verbatimEventDate", "").strip()
    observed = read or columns or (dates.read_date(spoken, zone) if spoken else None)
    if observed is None and not problems:
        problems.append(("verbatimEventDate", "date_odd", spoken) if spoken else ("eventDate", "date_missing", ""))
    if observed is not None and observed.observed_from[:10] > today.isoformat():
        problems.append(("eventDate", "date_future", observed.observed_from))
    return observed, problems


def _with_time(written: str, time: str, zone: Any) -> dates.Observed | None:
    read = dates.read_date(written, zone) if written else None
    if read is None or read.precision != "day" or read.observed_to is not None or not time:
        return read
    return dates.read_date(f"{read.observed_from}T{time}", zone) or read


def _agree(read: dates.Observed, columns: dates.Observed) -> bool:
    """Whether the columns lie within what the written date says, as far as both are precise."""
    last = read.observed_to or read.observed_from
    width = min(len(columns.observed_from), len(read.observed_from), 10)
    return read.observed_from[:width] <= columns.observed_from[:width] <= last[:width]


def _texts(terms: Mapping[str, str]) -> tuple[dict[str, str | None], list[positions.Found]]:
    found: dict[str, str | None] = {}
    problems: list[positions.Found] = []
    for name, (term, width) in _TEXTS.items():
        text = terms.get(term, "").strip()
        found[name] = text[:width] or None
        if len(text) > width:
            problems.append((term, "text_too_long", f"{len(text)} > {width}"))
    written = (terms.get("eventDate") or terms.get("verbatimEventDate") or "").strip()
    found["verbatim_event_date"] = written[:_DATE_WIDTH] or None
    return found, problems


_TEXTS = {
    "sex": ("sex", 60),
    "life_stage": ("lifeStage", 60),
    "behavior": ("behavior", 400),
    "establishment_means": ("establishmentMeans", 60),
    "degree_of_establishment": ("degreeOfEstablishment", 60),
    "pathway": ("pathway", 120),
    "occurrence_remarks": ("occurrenceRemarks", _TEXT_WIDTH),
}
"""Body field → term and the width of the field on the wire."""
