"""Camera trap packages say one thing twice: once for each picture (media level) and once for the whole event. Only one may count.

Event-level rows count. Media-level rows are kept as evidence of their event. Where an event has no event-level row, the picture with the
highest count stands for each name in it. A person in a picture is never counted as wildlife.
"""

from collections.abc import Iterable, Mapping, Sequence

from server.exchange.rules import Reading

_LEVEL, _TYPE = "observationLevel", "observationType"


def mark_evidence(readings: Sequence[Reading]) -> None:
    """Flags the rows that must not be counted; rejected rows are told by `body` None and still say which events exist."""
    told = {_event(r.terms) for r in readings if r.terms.get(_LEVEL) == "event"}
    media = [r for r in readings if r.body is not None and r.terms.get(_LEVEL) == "media"]
    chosen = _one_for_each_name(r for r in media if _event(r.terms) not in told)
    people = [r for r in readings if r.body is not None and r.terms.get(_TYPE) == "human"]
    silent = {r.number: r for r in [*media, *people] if r.number not in chosen or r.terms.get(_TYPE) == "human"}
    for reading in silent.values():
        if reading.body is not None:
            reading.body["evidence_only"] = True
            reading.flag(_TYPE if reading.terms.get(_TYPE) == "human" else _LEVEL, "evidence_only")


def _event(terms: Mapping[str, str]) -> tuple[str, str]:
    """A picture without an event is an event of its own."""
    return terms.get("deploymentID", ""), terms.get("eventID") or f"\0{terms.get('occurrenceID', '')}"


def _one_for_each_name(media: Iterable[Reading]) -> set[int]:
    best: dict[tuple[tuple[str, str], str], tuple[int, int]] = {}
    for reading in media:
        assert reading.body is not None
        key = (_event(reading.terms), reading.body["taxon"]["verbatim_name"])
        rank = (reading.body["individual_count"] or 0, -reading.number)
        best[key] = max(best.get(key, rank), rank)
    return {-number for _, number in best.values()}
