"""A whole file → its rows with their identities, before any database is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from server.exchange.camera import mark_evidence
from server.exchange.identity import Identity, identify
from server.exchange.rules import WHOLE_ROW, Reading, read_row
from server.exchange.sources import Source, open_source
from server.exchange.visits import Visit, gather_visits


@dataclass
class FileReading:
    """`rejected` have no body; `kept` and `identities` go together; `repeats` are rows whose twin stands earlier in the file; `headings`
    by the term they mean."""

    source: str
    encoding: str
    mapping: str
    read: int = 0
    rejected: list[Reading] = field(default_factory=list)
    kept: list[Reading] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    repeats: list[Reading] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    headings: Mapping[str, str] = field(default_factory=dict)


def read_file(path: Path, mapping: str | None, today: date) -> FileReading:
    with open_source(path, mapping) as source:
        return read_source(source, today)


def read_source(source: Source, today: date) -> FileReading:
    readings = [read_row(row, source.mapping, today) for row in source.table.rows]
    if source.table.source == "camtrap_dp":
        mark_evidence(readings)
    result = FileReading(source.table.source, source.table.encoding, source.mapping.name, len(readings))
    result.rejected = [reading for reading in readings if reading.body is None]
    _part_repeats(result, [reading for reading in readings if reading.body is not None])
    if source.table.source != "camtrap_dp":  # there an event is a burst of pictures, not a visit with effort
        result.visits = gather_visits(result.kept)
    result.headings = source.mapping.headings_by_term(source.table.headings)
    _speak_of_columns(readings, result.headings)
    return result


def _speak_of_columns(readings: Iterable[Reading], headings: Mapping[str, str]) -> None:
    """Problems name the column as the file heads it, which is where its owner will look."""
    for reading in readings:
        reading.problems = [
            replace(problem, field=headings.get(problem.field, problem.field)) for problem in reading.problems
        ]


def _part_repeats(result: FileReading, readings: Iterable[Reading]) -> None:
    readings = list(readings)
    seen: set[str] = set()
    for reading, identity in zip(readings, identify(readings), strict=True):
        if identity.content in seen:
            reading.flag(WHOLE_ROW, "row_repeated")
            result.repeats.append(reading)
            continue
        seen.add(identity.content)
        if identity.shared_field:
            reading.flag(identity.shared_field, "duplicate_in_file", reading.terms[identity.shared_field])
        result.kept.append(reading)
        result.identities.append(identity)
