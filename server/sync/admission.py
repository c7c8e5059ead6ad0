"""The one door for records, whether a tablet sends them or a file brings them.

Idempotent by id and digest; one bad record never blocks the others; what cannot be read is kept as it came.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.ledger import service as ledger
from server.ledger.model import Ledger
from server.sensitivity import service as sensitivity
from server.surveys.service import datasets_by_survey
from server.sync.projection import Projected, project
from shared import protocol
from shared.canonical import NotCanonical, canonical_bytes
from shared.clock import Clock, observed_year
from shared.merge import Merged, Version, merge
from shared.wire.envelope import InvalidRecord, load_record


@dataclass(frozen=True)
class Outcome:
    record_id: str | None
    digest: str
    outcome: str
    reason: str | None = None
    detail: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    position: int
    raw: bytes
    digest: str
    record: Mapping[str, Any]  # with defaults; `raw` is what came

    @property
    def id(self) -> UUID:
        return UUID(self.record["id"])


def admit(session: Session, actor: Actor, clock: Clock, records: Sequence[Any]) -> list[Outcome]:
    """One outcome a record, in order, all in the session's transaction."""
    now = clock.now()
    outcomes: dict[int, Outcome] = {}
    candidates: list[_Candidate] = []
    datasets = datasets_by_survey(session)
    for position, record in enumerate(records):
        read = _read(position, record, actor, datasets)
        if isinstance(read, _Candidate):
            candidates.append(read)
        else:
            outcomes[position] = read
    _keep_unreadable(session, actor, now, records, outcomes)
    outcomes |= _admit_bisecting(session, actor, now, candidates, datasets)
    return [outcomes[position] for position in range(len(records))]


def _read(position: int, record: Any, actor: Actor, datasets: Mapping[UUID, UUID]) -> "_Candidate | Outcome":
    try:
        raw = canonical_bytes(record)
    except NotCanonical as error:
        return Outcome(_id_of(record), hashlib.sha256(repr(record).encode("utf-8", "surrogatepass")).hexdigest(), protocol.QUARANTINED, "not_canonical", [{"field": error.path, "message": error.reason}])
    mark = hashlib.sha256(raw).hexdigest()
    if protocol.depth_of(record) > protocol.MAX_DEPTH:
        return Outcome(_id_of(record), mark, protocol.QUARANTINED, "too_deep", [{"field": "/", "message": f"nested deeper than {protocol.MAX_DEPTH}"}])
    try:
        loaded = load_record(record)
    except InvalidRecord as error:
        return Outcome(error.record_id, mark, protocol.QUARANTINED, "invalid", error.problems)
    problem = _foreign(loaded, actor, datasets)
    if problem:
        return Outcome(loaded["id"], mark, protocol.QUARANTINED, problem["code"], [{"field": problem["field"], "message": problem["message"]}])
    return _Candidate(position, raw, mark, loaded)


def _foreign(record: Mapping[str, Any], actor: Actor, datasets: Mapping[UUID, UUID]) -> dict[str, str] | None:
    if UUID(record["device"]) != actor.device_id:
        return {"code": "wrong_device", "field": "device", "message": "the record names another device than the one that sends it"}
    if UUID(record["author"]) != actor.person_id:
        return {"code": "wrong_author", "field": "author", "message": "the record names another author than the device's person"}
    if record["kind"] == "tombstone":
        same = record["body"]["target_id"] == record["id"] and record["base_digest"]
        return None if same else {"code": "invalid", "field": "body.target_id", "message": "a tombstone bears its target's id and a base"}
    if UUID(record["body"]["survey_id"]) not in datasets:
        return {"code": "survey_unknown", "field": "body.survey_id", "message": "no such survey on this server"}
    return None


def _id_of(record: Any) -> str | None:
    value = record.get("id") if isinstance(record, dict) else None
    return value if isinstance(value, str) else None


def _keep_unreadable(session: Session, actor: Actor, now: datetime, records: Sequence[Any], outcomes: Mapping[int, Outcome]) -> None:
    sensitivity.keep_quarantined(session, [
        _quarantine_row(actor, now, outcome, json.dumps(records[position], ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for position, outcome in outcomes.items()
    ])


def _quarantine_row(actor: Actor, now: datetime, outcome: Outcome, body: bytes) -> dict[str, Any]:
    return {
        "digest": outcome.digest, "record_id": outcome.record_id.replace("\0", "") if outcome.record_id else None, "device_id": actor.device_id,
        "app_version": None, "received_at": now, "reason": outcome.reason, "detail": _without_nul(outcome.detail), "body": body,
    }


def _without_nul(detail: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: value.replace("\0", "\\0") for key, value in one.items()} for one in detail]


def _admit_bisecting(
    session: Session, actor: Actor, now: datetime, candidates: list[_Candidate], datasets: Mapping[UUID, UUID],
) -> dict[int, Outcome]:
    """What the database itself refuses is halved until the one bad record is alone."""
    if not candidates:
        return {}
    try:
        with session.begin_nested():
            return _admit_together(session, actor, now, candidates, datasets)
    except DBAPIError as error:
        if error.connection_invalidated or _is_passing(error):
            raise
        if len(candidates) == 1:
            return _refused_by_database(session, actor, now, candidates[0], error)
    middle = len(candidates) // 2
    first = _admit_bisecting(session, actor, now, candidates[:middle], datasets)
    return first | _admit_bisecting(session, actor, now, candidates[middle:], datasets)


def _is_passing(error: DBAPIError) -> bool:
    """Trouble of the moment (classes 08, 40, 53, 57, 58), not of the record: the tablet tries again."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return state[:2] in ("08", "40", "53", "57", "58")


def _refused_by_database(session: Session, actor: Actor, now: datetime, candidate: _Candidate, error: DBAPIError) -> dict[int, Outcome]:
    message = str(error.orig).splitlines()[0]
    outcome = Outcome(candidate.record["id"], candidate.digest, protocol.QUARANTINED, "database", [{"field": "/", "message": message}])
    sensitivity.keep_quarantined(session, [_quarantine_row(actor, now, outcome, candidate.raw)])
    return {candidate.position: outcome}


def _admit_together(
    session: Session, actor: Actor, now: datetime, candidates: list[_Candidate], datasets: Mapping[UUID, UUID],
) -> dict[int, Outcome]:
    ledger.expect(session, [(c.id, _ledger_kind(c.record["kind"])) for c in candidates] + _named_parents(candidates))
    rows = ledger.lock(session, {c.id for c in candidates})
    strangers = {c.position for c in candidates if _is_of_another_kind(c, rows[c.id])}
    misfits = [c for c in candidates if c.position in strangers]
    candidates = [c for c in candidates if c.position not in strangers]
    fresh = ledger.insert_versions(session, _unique(_version_row(c, now) for c in candidates))
    new = [c for c in candidates if (c.id, c.digest) in fresh]
    sensitivity.keep_bodies(session, list({(c.id, c.digest): (c.id, c.digest, c.raw) for c in new}.values()))
    views = _merge_touched(session, new)
    _project_views(session, now, new, views, rows, datasets)
    ledger.number_changes(session, fresh)
    return {c.position: _outcome(c, fresh, views, candidates) for c in candidates} | _refuse_kind(session, actor, now, misfits)


def _is_of_another_kind(candidate: _Candidate, row: Ledger) -> bool:
    return row.state != "expected" and candidate.record["kind"] not in (row.kind, "tombstone")


def _refuse_kind(session: Session, actor: Actor, now: datetime, misfits: Sequence[_Candidate]) -> dict[int, Outcome]:
    detail = [{"field": "kind", "message": "the id already belongs to a record of another kind"}]
    outcomes = {c.position: Outcome(c.record["id"], c.digest, protocol.QUARANTINED, "wrong_kind", detail) for c in misfits}
    sensitivity.keep_quarantined(session, [_quarantine_row(actor, now, outcomes[c.position], c.raw) for c in misfits])
    return outcomes


def _ledger_kind(kind: str) -> str:
    return "unknown" if kind == "tombstone" else kind


def _named_parents(candidates: Sequence[_Candidate]) -> list[tuple[UUID, str]]:
    named = []
    for candidate in candidates:
        body = candidate.record["body"]
        named += [(UUID(body[name]), kind) for name, kind in (("event_id", "event"), ("parent_event_id", "event"), ("patrol_id", "patrol")) if body.get(name)]
        named += [(UUID(subject), "unknown") for subject in body.get("subject_ids", [])]
    return named


def _version_row(candidate: _Candidate, now: datetime) -> dict[str, Any]:
    record = candidate.record
    return {
        "id": candidate.id, "digest": candidate.digest, "base_digest": record["base_digest"], "kind": record["kind"], "author": UUID(record["author"]),
        "device": UUID(record["device"]), "seq": record["seq"], "protocol": record["protocol"], "app_version": record["app_version"],
        "saved_at": datetime.fromisoformat(record["saved_at"]["wall"]), "received_at": now,
    }


def _unique(rows: Any) -> list[dict[str, Any]]:
    return list({(row["id"], row["digest"]): row for row in rows}.values())


def _merge_touched(session: Session, new: Sequence[_Candidate]) -> dict[UUID, Merged]:
    """The merged view of every record that has a new version, over the set of all its versions."""
    versions: dict[UUID, list[Version]] = {}
    for id_, mark, body in sensitivity.bodies_for_merging(session, sorted({c.id for c in new}, key=str)):
        record = json.loads(body)
        versions.setdefault(id_, []).append(Version(mark, record.get("base_digest"), record["kind"], record["body"]))
    return {id_: merge(found) for id_, found in versions.items()}


def _project_views(
    session: Session, now: datetime, new: Sequence[_Candidate], views: Mapping[UUID, Merged], rows: Mapping[UUID, Ledger],
    datasets: Mapping[UUID, UUID],
) -> None:
    projected = []
    for id_, candidate in {c.id: c for c in new}.items():
        view = views[id_]
        kind = rows[id_].kind if candidate.record["kind"] == "tombstone" else candidate.record["kind"]
        living = view.state in ("current", "conflict") and kind != "unknown"
        body = load_record({**candidate.record, "kind": kind, "body": dict(view.body)})["body"] if living else None
        session.execute(
            update(Ledger).where(Ledger.id == id_)
            .values(kind=kind, state=view.state, head_digest=view.heads[0], **({"observed_year": observed_year(body)} if body else {}))
            .execution_options(synchronize_session=False)
        )
        if body is not None:
            dataset_id = UUID(body["dataset_id"]) if body["dataset_id"] else datasets[UUID(body["survey_id"])]
            projected.append(Projected(
                id_, kind, view.heads[0], body, UUID(candidate.record["author"]), candidate.record["saved_at"]["wall"], now, dataset_id,
            ))
    project(session, projected)


def _outcome(candidate: _Candidate, fresh: set[tuple[UUID, str]], views: Mapping[UUID, Merged], all_of_them: Sequence[_Candidate]) -> Outcome:
    key = (candidate.id, candidate.digest)
    first_here = next(c.position for c in all_of_them if (c.id, c.digest) == key)
    if key not in fresh or candidate.position != first_here:
        return Outcome(candidate.record["id"], candidate.digest, protocol.ALREADY_HAVE)
    view = views[candidate.id]
    if view.state == "conflict":
        detail = [{"field": name, "message": "two values claim this field"} for name in sorted(view.conflicts)]
        return Outcome(candidate.record["id"], candidate.digest, protocol.CONFLICT, None, detail)
    return Outcome(candidate.record["id"], candidate.digest, protocol.ACCEPTED, "waiting" if view.state == "waiting" else None)
