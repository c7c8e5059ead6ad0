"""Which row is which: across imports by its identifier, and by its content where it has none or shares it with another row.

A row's identifier is its occurrenceID, else its gbifID, else its catalogNumber within institution and collection. An identifier that stands
in one file on rows of different content identifies none of them (GBIF hands out two herbarium sheets whose occurrenceID is "present"):
all are kept, flagged, and go by the next identifier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.exchange.rules import Reading
from shared.canonical import digest

_LONGEST = 200


@dataclass(frozen=True)
class Identity:
    """`source_id` names the row within its data set, `content` its digest; both are keys of the import register."""

    source_id: str
    content: str
    shared_field: str | None = None
    """The identifier that other rows of the file bear too."""


def identify(readings: Sequence[Reading]) -> list[Identity]:
    contents = [content_key(reading) for reading in readings]
    bearers: dict[str, set[str]] = {}
    for reading, content in zip(readings, contents, strict=True):
        for _, key in _identifiers(reading.terms):
            bearers.setdefault(key, set()).add(content)
    return [_identity(reading, content, bearers) for reading, content in zip(readings, contents, strict=True)]


def content_key(reading: Reading) -> str:
    """Digest of the row as it came, and of whether it counts, which other rows decide."""
    counted = reading.body is None or "evidence_only" not in reading.body
    return "row:" + digest({"verbatim": reading.verbatim, "counted": counted})


def _identity(reading: Reading, content: str, bearers: Mapping[str, set[str]]) -> Identity:
    shared = None
    for field, key in _identifiers(reading.terms):
        if len(bearers[key]) == 1:
            return Identity(key, content, shared)
        shared = shared or field
    return Identity(content, content, shared)


def _identifiers(terms: Mapping[str, str]) -> list[tuple[str, str]]:
    alone = {field: terms.get(field, "").strip() for field in ("occurrenceID", "gbifID")}
    found = [(field, f"{field}:{_short(text)}") for field, text in alone.items() if text]
    if terms.get("catalogNumber", "").strip():
        parts = [terms.get(part, "").strip() for part in ("institutionCode", "collectionCode", "catalogNumber")]
        found.append(("catalogNumber", f"catalogNumber:{_short('|'.join(parts))}"))
    return found


def _short(text: str) -> str:
    """An index holds keys of some length only."""
    return text if len(text) <= _LONGEST else digest(text)
