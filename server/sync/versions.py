"""Versions into the ledger, and the merged view of each record into the rows that readers read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.ledger import service as ledger
from server.ledger.model import Ledger
from server.sensitivity import service as sensitivity
from server.sync.projection import Projected, project
from server.sync.reading import Candidate, Outcome, quarantine_row
from shared import protocol
from shared.clock import observed_year
from shared.merge import Merged, Version, merge
from shared.wire.envelope import load_record


def admit_together(
    session: Session,
    actor: Actor,
    now: datetime,
    candidates: list[Candidate],
    datasets: Mapping[UUID, UUID],
) -> dict[int, Outcome]:
    ledger.expect(session, [(c.id, _ledger_kind(c.record["kind"])) for c in candidates] + _named_parents(candidates))
    rows = ledger.lock(session, {c.id for c in candidates})
    strangers = {c.position for c in candidates if _is_of_another_kind(c, rows[c.id])}
    misfits = [c for c in candidates if c.position in strangers]
    candidates = [c for c in candidates if c.position not in strangers]
    fresh = ledger.insert_versions(session, _unique(_version_row(c, now) for c in candidates))
    new = _first_deliveries(candidates, fresh)
    sensitivity.keep_bodies(session, [(c.id, c.digest, c.raw) for c in new.values()])
    standings = _merge_touched(session, {c.id for c in new.values()})
    loaded = {c.digest: c.record for c in new.values()}
    _project_all(session, now, standings, loaded, rows, datasets)
    ledger.number_changes(session, fresh)
    outcomes = {c.position: _outcome(c, c.position in new, standings) for c in candidates}
    return outcomes | _refuse_kind(session, actor, now, misfits)


def _first_deliveries(candidates: Iterable[Candidate], fresh: set[tuple[UUID, str]]) -> dict[int, Candidate]:
    """By position: what is new, and of the same bytes twice in one batch only the first."""
    first: dict[tuple[UUID, str], Candidate] = {}
    for candidate in candidates:
        if (candidate.id, candidate.digest) in fresh:
            first.setdefault((candidate.id, candidate.digest), candidate)
    return {candidate.position: candidate for candidate in first.values()}


def _is_of_another_kind(candidate: Candidate, row: Ledger) -> bool:
    return row.state != "expected" and row.kind != "unknown" and candidate.record["kind"] not in (row.kind, "tombstone")


def _refuse_kind(session: Session, actor: Actor, now: datetime, misfits: Sequence[Candidate]) -> dict[int, Outcome]:
    detail = [{"field": "kind", "message": "the id already belongs to a record of another kind"}]
    outcomes = {
        c.position: Outcome(c.record["id"], c.digest, protocol.QUARANTINED, "wrong_kind", detail) for c in misfits
    }
    sensitivity.keep_quarantined(session, [quarantine_row(actor, now, outcomes[c.position], c.raw) for c in misfits])
    return outcomes


def _ledger_kind(kind: str) -> str:
    return "unknown" if kind == "tombstone" else kind


def _named_parents(candidates: Sequence[Candidate]) -> list[tuple[UUID, str]]:
    named = []
    for candidate in candidates:
        body = candidate.record["body"]
        named += [
            (UUID(body[name]), kind)
            for name, kind in (("event_id", "event"), ("parent_event_id", "event"), ("patrol_id", "patrol"))
            if body.get(name)
        ]
        named += [(UUID(subject), "unknown") for subject in body.get("subject_ids", [])]
    return named


def _version_row(candidate: Candidate, now: datetime) -> dict[str, Any]:
    record = candidate.record
    return {
        "id": candidate.id,
        "digest": candidate.digest,
        "base_digest": record["base_digest"],
        "kind": record["kind"],
        "author": UUID(record["author"]),
        "device": UUID(record["device"]),
        "seq": record["seq"],
        "protocol": record["protocol"],
        "app_version": record["app_version"],
        "saved_at": datetime.fromisoformat(record["saved_at"]["wall"]),
        "received_at": now,
    }


def _unique(rows: Any) -> list[dict[str, Any]]:
    return list({(row["id"], row["digest"]): row for row in rows}.values())


@dataclass(frozen=True)
class _Standing:
    """How a record stands now: the merged view of all its versions, and the envelope of its head as it came."""

    view: Merged
    head: Mapping[str, Any]
    kind: str | None  # None where only a tombstone has come so far


def _merge_touched(session: Session, ids: Iterable[UUID]) -> dict[UUID, _Standing]:
    records: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for id_, mark, body in sensitivity.bodies_for_merging(session, sorted(ids, key=str)):
        records.setdefault(id_, {})[mark] = json.loads(body)
    return {id_: _stand(versions) for id_, versions in records.items()}


def _stand(versions: Mapping[str, Mapping[str, Any]]) -> _Standing:
    view = merge(
        Version(mark, record.get("base_digest"), record["kind"], record["body"]) for mark, record in versions.items()
    )
    kinds = sorted(record["kind"] for record in versions.values() if record["kind"] != "tombstone")
    return _Standing(view, versions[view.heads[0]], kinds[0] if kinds else None)


def _project_all(
    session: Session,
    now: datetime,
    standings: Mapping[UUID, _Standing],
    loaded: Mapping[str, Mapping[str, Any]],
    rows: Mapping[UUID, Ledger],
    datasets: Mapping[UUID, UUID],
) -> None:
    projected, stands = [], []
    for id_, standing in standings.items():
        head, view = standing.head, standing.view
        kind = standing.kind or rows[id_].kind
        living = view.state in ("current", "conflict") and kind != "unknown"
        body = _body(kind, standing, loaded) if living else None
        stands.append(
            ledger.Stand(id_, kind, view.state, view.heads[0], observed_year(body) if body is not None else None)
        )
        if body is not None:
            dataset_id = UUID(body["dataset_id"]) if body["dataset_id"] else datasets[UUID(body["survey_id"])]
            projected.append(
                Projected(
                    id_, kind, view.heads[0], body, UUID(head["author"]), head["saved_at"]["wall"], now, dataset_id
                )
            )
    ledger.write_stands(session, stands)
    project(session, projected)


def _body(kind: str, standing: _Standing, loaded: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The merged body with defaults; what was loaded on its way in and merged with nothing need not be loaded again."""
    heads = standing.view.heads
    if len(heads) == 1 and heads[0] in loaded:
        body: Mapping[str, Any] = loaded[heads[0]]["body"]
        return body
    merged: Mapping[str, Any] = load_record({**standing.head, "kind": kind, "body": dict(standing.view.body)})["body"]
    return merged


def _outcome(candidate: Candidate, is_new: bool, standings: Mapping[UUID, _Standing]) -> Outcome:
    if not is_new:
        return Outcome(candidate.record["id"], candidate.digest, protocol.ALREADY_HAVE)
    view = standings[candidate.id].view
    if view.state == "conflict":
        detail = [{"field": name, "message": "two values claim this field"} for name in sorted(view.conflicts)]
        return Outcome(candidate.record["id"], candidate.digest, protocol.CONFLICT, None, detail)
    return Outcome(
        candidate.record["id"], candidate.digest, protocol.ACCEPTED, "waiting" if view.state == "waiting" else None
    )
