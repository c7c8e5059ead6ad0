"""An import: the file is read to its end, then everything is written in the caller's transaction, or nothing is."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.audit.service import log, seal_versions
from server.exchange.names import doubtful_names
from server.exchange.problems import RowProblem
from server.exchange.reading import FileReading, read_file
from server.exchange.records import Target, visit_keys
from server.exchange.rules import WHOLE_ROW, Reading
from server.exchange.visits import Visit, told_by
from server.ledger import service as ledger
from server.occurrences.model import Occurrence
from server.sensitivity.naming import levels_of
from server.surveys.model import Dataset
from server.surveys.service import survey as find_survey
from server.sync.admission import admit
from shared import protocol
from shared.clock import CHINA, Clock
from shared.problems import Problem

_BATCH, _KEYS = 200, 2000
"""Records admitted and keys looked up in one statement."""
_LOCK_SPACE = 0x5859
_Batched = TypeVar("_Batched")


@dataclass(frozen=True)
class _Item:
    """One thing to write; `seq` is its row in the file."""

    kind: str
    seq: int
    source_id: str
    content: str
    body: Mapping[str, Any]


@dataclass
class _Written:
    """By identifier: the id of what is now there. `old` were there before, `changed` are new versions, `refused` the database would not have."""

    ids: dict[str, UUID]
    old: set[str]
    changed: set[str]
    refused: dict[str, str]


def import_file(
    session: Session,
    actor: Actor,
    clock: Clock,
    path: Path,
    survey_id: UUID,
    dataset_id: UUID | None = None,
    mapping: str | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """The report. Unusable or Problem where nothing can be kept; a dry run does everything and takes it back."""
    survey = find_survey(session, survey_id)
    if dataset_id is not None and session.get(Dataset, dataset_id) is None:
        raise Problem("not_found", f"没有编号为 {dataset_id} 的数据集", field="dataset_id")
    now = clock.now()
    target = Target(survey.id, dataset_id or survey.dataset_id, survey.profile, actor, now)
    reading = read_file(path, mapping, now.astimezone(CHINA).date())
    attempt = session.begin_nested()
    report = {"file": path.name, "survey_id": str(survey_id), "dataset_id": str(target.dataset_id), "dry_run": dry_run}
    report |= _write(session, clock, target, reading)
    if dry_run:
        attempt.rollback()
        return report
    attempt.commit()
    counts = {name: report[name] for name in ("read", "kept", "already_have", "rejected", "flagged")}
    seal_versions(session, clock, str(actor.person_id), str(target.dataset_id))
    # Not by its name: that of a file may tell a place or a person.
    log(session, clock, str(actor.person_id), "import", str(target.dataset_id), counts)
    return report


def _write(session: Session, clock: Clock, target: Target, reading: FileReading) -> dict[str, Any]:
    # Two imports into one data set at once would both find a row new; the second waits here for the first.
    session.execute(
        text("SELECT pg_advisory_xact_lock(:space, hashtext(:dataset))"),
        {"space": _LOCK_SPACE, "dataset": str(target.dataset_id)},
    )
    visits: list[_Item] = []
    event_of_row: dict[int, str] = {}
    for visit, told in zip(reading.visits, _told_by_open_rows(session, reading), strict=True):
        source_id, content = visit_keys(visit.event_id, visit.body)
        visits.append(_Item("event", visit.rows[0], source_id, content, told.body))
        event_of_row |= dict.fromkeys(visit.rows, source_id)
    events = _write_items(session, clock, target, visits).ids
    rows = []
    for row, identity in zip(reading.kept, reading.identities, strict=True):
        event_id = events.get(event_of_row.get(row.number, ""))
        body = {**(row.body or {}), "event_id": str(event_id) if event_id else None}
        rows.append(_Item("occurrence", row.number, identity.source_id, identity.content, body))
    written = _write_items(session, clock, target, rows)
    for row, item in zip(reading.kept, rows, strict=True):
        if item.source_id in written.refused:
            row.problems.append(RowProblem(row.number, WHOLE_ROW, "refused", written.refused[item.source_id]))
    kept = [
        r
        for r, item in zip(reading.kept, rows, strict=True)
        if item.source_id not in written.old and item.source_id not in written.refused
    ]
    ids = [
        written.ids[item.source_id]
        for item in rows
        if item.source_id in written.ids and item.source_id not in written.old
    ]
    report = _report(reading, kept, written, _count_flags(session, ids), len(events))
    return report | {"names": doubtful_names(session, kept, reading.headings)}


def _told_by_open_rows(session: Session, reading: FileReading) -> list[Visit]:
    """A visit is shown where it was, so it may not take its place from rows whose own place is guarded."""
    in_visits = {number for visit in reading.visits for number in visit.rows}
    rows = {row.number: row for row in reading.kept if row.number in in_visits and row.body is not None}
    levels = levels_of(session, [row.body for row in rows.values() if row.body is not None])
    open_rows = {number: row for (number, row), level in zip(rows.items(), levels, strict=True) if level == 0}
    return [
        told_by(visit, [open_rows[number] for number in visit.rows if number in open_rows]) for visit in reading.visits
    ]


def _write_items(session: Session, clock: Clock, target: Target, items: Sequence[_Item]) -> _Written:
    known: dict[str, UUID] = {}
    for some in _batches([key for item in items for key in (item.source_id, item.content)], _KEYS):
        known |= ledger.imported_ids(session, target.dataset_id, some)
    result = _Written({}, set(), set(), {})
    for some_items in _batches(items):
        fresh = [item for item in some_items if item.content not in known]
        result.old |= {item.source_id for item in some_items if item.content in known}
        result.ids |= {item.source_id: known[item.content] for item in some_items if item.content in known}
        changed = {item.source_id: known[item.source_id] for item in fresh if item.source_id in known}
        _admit(session, clock, target, fresh, changed, result)
    return result


def _admit(
    session: Session,
    clock: Clock,
    target: Target,
    items: Sequence[_Item],
    changed: Mapping[str, UUID],
    result: _Written,
) -> None:
    heads = ledger.heads(session, list(changed.values()))
    ids = {item.source_id: changed.get(item.source_id) or target.new_id(item.source_id) for item in items}
    records = [target.record(i.kind, ids[i.source_id], i.seq, heads.get(ids[i.source_id]), i.body) for i in items]
    keys: dict[str, UUID] = {}
    for item, outcome in zip(items, admit(session, target.actor, clock, records), strict=True):
        if outcome.outcome == protocol.QUARANTINED:
            result.refused[item.source_id] = "; ".join(f"{one['field']}: {one['message']}" for one in outcome.detail)
            continue
        keys[item.source_id] = keys[item.content] = result.ids[item.source_id] = ids[item.source_id]
    result.changed |= changed.keys() - result.refused.keys()
    ledger.remember_imports(session, target.dataset_id, keys)


def _batches(items: Sequence[_Batched], size: int = _BATCH) -> Iterator[Sequence[_Batched]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _count_flags(session: Session, ids: Sequence[UUID]) -> Counter[str]:
    """What only the reference data can tell: rows outside the province, names on no list."""
    counted: Counter[str] = Counter()
    for some in _batches(ids, _KEYS):
        for flags in session.scalars(select(Occurrence.flags).where(Occurrence.id.in_(some))):
            counted.update(flags)
    return counted


def _report(
    reading: FileReading, kept: Sequence[Reading], written: _Written, flags: Mapping[str, int], events: int
) -> dict[str, Any]:
    """read = kept + already_have + rejected; `flagged` are rows among the kept that have a problem."""
    rejected = len(reading.rejected) + len(written.refused)
    flagged = [row for row in kept if row.problems]
    refused = [row for row in reading.kept if any(problem.code == "refused" for problem in row.problems)]
    shown = [*reading.rejected, *refused, *flagged, *reading.repeats]
    problems = sorted(
        (problem for row in shown for problem in row.problems),
        key=lambda problem: (problem.row, problem.code, problem.field),
    )
    return {
        "source": reading.source,
        "encoding": reading.encoding,
        "mapping": reading.mapping,
        "read": reading.read,
        "kept": len(kept),
        "already_have": reading.read - len(kept) - rejected,
        "rejected": rejected,
        "flagged": len(flagged),
        "new_versions": len(written.changed),
        "events": events,
        "evidence_only": sum(1 for row in kept if row.body and row.body.get("evidence_only")),
        "out_of_scope": flags.get("out_of_scope", 0),
        "name_unknown": flags.get("name_unknown", 0),
        "codes": dict(sorted(Counter(problem.code for problem in problems).items())),
        "problems": [problem.as_json() for problem in problems],
    }
