"""Versions into the ledger, and the merged view of each record into the rows that readers read."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from server.accounts.viewer import Actor
from server.ledger import service as ledger
from server.ledger.service import Held
from server.sensitivity import service as sensitivity
from server.sensitivity.scoping import place_in_lists
from server.surveys import service as surveys
from server.surveys.queries import recorded_in
from server.surveys.service import SurveyToWrite
from server.sync import surveying
from server.sync.following import not_theirs
from server.sync.projection import Projected, Said, project, withdraw
from server.sync.reading import Candidate, Outcome, quarantine_row
from server.verification import service as verification
from server.verification.answering import ANSWER, Answer, take_answers
from shared import protocol
from shared.checks import clock_is_off
from shared.clock import observed_year
from shared.failpoints import fail
from shared.wire.standing import Standing, stand


def admit_together(
    session: Session,
    actor: Actor,
    now: datetime,
    candidates: list[Candidate],
    datasets: Mapping[UUID, UUID],
) -> dict[int, Outcome]:
    identities = [(c.id, _ledger_kind(c.record["kind"])) for c in candidates] + _named_parents(candidates)
    ledger.expect(session, identities, {c.id: observed_year(c.record["body"]) for c in candidates if _begins(c)})
    # Parents too: writing a child touches its parent's row, and two batches may name each other's.
    rows = ledger.lock(session, {id_ for id_, _ in identities})
    kinds = _kinds(candidates, rows)
    misfits = [c for c in candidates if c.record["kind"] not in (kinds[c.id], "tombstone")]
    candidates = [c for c in candidates if c.record["kind"] in (kinds[c.id], "tombstone")]
    refused = not_theirs(session, actor, now, candidates)
    candidates = [c for c in candidates if c.position not in {one.position for one in refused}]
    barred = surveying.barred(session, actor, now, candidates)
    no_surveys = [c for c in candidates if c.position in barred]
    candidates = [c for c in candidates if c.position not in barred]
    fresh = ledger.insert_versions(session, _unique(_version_row(c, actor, now) for c in candidates))
    new = _first_deliveries(candidates, fresh)
    fail("versions_written")
    sensitivity.keep_bodies(session, [(c.id, c.digest, c.raw) for c in new.values()])
    sensitivity.keep_sealed(session, [(c.id, c.sealed, c.raw) for c in new.values() if c.sealed])
    standings = _merge_touched(session, {c.id for c in new.values()}, {c.digest: c.record for c in new.values()})
    fail("bodies_kept")
    _project_all(session, now, standings, datasets, _passing(new.values(), standings))
    outcomes = {c.position: _outcome(c, c.position in new, standings) for c in candidates}
    outcomes |= _refuse(session, actor, now, refused, "not_yours", _NOT_YOURS)
    for one in no_surveys:
        outcomes |= _refuse(session, actor, now, [one], *barred[one.position])
    return outcomes | _refuse(session, actor, now, misfits, "wrong_kind", _WRONG_KIND)


def _begins(candidate: Candidate) -> bool:
    return candidate.record["base_digest"] is None and candidate.record["kind"] != "tombstone"


def _passing(new: Iterable[Candidate], standings: Mapping[UUID, Standing]) -> Said:
    """Bodies of occurrences that are not as the record now stands."""
    some = [c for c in new if c.record["kind"] == "occurrence" and standings[c.id].view.heads != (c.digest,)]
    return [(c.id, c.record["body"]) for c in some]


def _first_deliveries(candidates: Iterable[Candidate], fresh: set[tuple[UUID, str]]) -> dict[int, Candidate]:
    """By position: what is new, and of the same bytes twice in one batch only the first."""
    first: dict[tuple[UUID, str], Candidate] = {}
    for candidate in candidates:
        if (candidate.id, candidate.digest) in fresh:
            first.setdefault((candidate.id, candidate.digest), candidate)
    return {candidate.position: candidate for candidate in first.values()}


def _kinds(candidates: Iterable[Candidate], rows: Mapping[UUID, Held]) -> dict[UUID, str]:
    """What each id is: what it was when first it came, not what a child or a tombstone supposed."""
    kinds = {id_: row.kind for id_, row in rows.items() if row.state != "expected" and row.kind != "unknown"}
    for candidate in candidates:
        if candidate.record["kind"] != "tombstone":
            kinds.setdefault(candidate.id, candidate.record["kind"])
    return {c.id: kinds.get(c.id, "unknown") for c in candidates}


_WRONG_KIND = {"field": "kind", "message": "the id already belongs to a record of another kind"}
_NOT_YOURS = {"field": "id", "message": "the record is another person's, and lies where you may not send records"}


def _refuse(
    session: Session, actor: Actor, now: datetime, these: Sequence[Candidate], reason: str, detail: dict[str, str]
) -> dict[int, Outcome]:
    outcomes = {c.position: Outcome(c.record["id"], c.digest, protocol.QUARANTINED, reason, [detail]) for c in these}
    sensitivity.keep_quarantined(session, [quarantine_row(actor, now, outcomes[c.position], c.came) for c in these])
    return outcomes


def _ledger_kind(kind: str) -> str:
    return "unknown" if kind == "tombstone" else kind


_PARENTS: Mapping[str, tuple[str, str]] = {
    "event": ("parent_event_id", "event"),
    "patrol": ("parent_event_id", "event"),
    "occurrence": ("event_id", "event"),
    "finding": ("event_id", "patrol"),
    "track_segment": ("patrol_id", "patrol"),
    ANSWER: ("occurrence_id", "occurrence"),
}
"""By kind: the field that names the parent, and what the parent is supposed to be."""


def _named_parents(candidates: Sequence[Candidate]) -> list[tuple[UUID, str]]:
    named = []
    for candidate in candidates:
        kind, body = candidate.record["kind"], candidate.record["body"]
        if kind in _PARENTS and body[_PARENTS[kind][0]]:
            named.append((UUID(body[_PARENTS[kind][0]]), _PARENTS[kind][1]))
        if kind == "media":
            named += [(UUID(subject), "unknown") for subject in body["subject_ids"]]
    return named


def _version_row(candidate: Candidate, actor: Actor, now: datetime) -> dict[str, Any]:
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
        "clock_off": clock_is_off(record, now, actor.clock_offset),
    }


def _unique(rows: Any) -> list[dict[str, Any]]:
    return list({(row["id"], row["digest"]): row for row in rows}.values())


def _merge_touched(
    session: Session, ids: Iterable[UUID], loaded: Mapping[str, Mapping[str, Any]]
) -> dict[UUID, Standing]:
    """`loaded`: what was read on its way in, which need not be read again."""
    records: dict[UUID, dict[str, Mapping[str, Any]]] = {}
    for id_, mark, body in sensitivity.bodies_for_merging(session, sorted(ids, key=str)):
        records.setdefault(id_, {})[mark] = json.loads(body)
    return {id_: stand(versions, loaded) for id_, versions in records.items()}


def _project_all(
    session: Session,
    now: datetime,
    standings: Mapping[UUID, Standing],
    datasets: Mapping[UUID, UUID],
    others: Said,
) -> None:
    stands, living, dead, over = [], [], [], []
    came = ledger.came(session, standings, now)
    for id_, standing in standings.items():
        body, view = standing.body, standing.view
        year = observed_year(body) if body is not None else None
        stands.append(ledger.Stand(id_, standing.kind, view.state, view.heads[0], year))
        if body is not None:
            dataset_id = _dataset_of(id_, standing.kind, body, datasets)
            living.append(Projected(id_, standing, body, now, dataset_id, came.get(id_, {})))
        elif view.state == "deleted":
            dead.append(id_)
            if standing.buried is not None:
                over.append(SurveyToWrite(id_, standing.buried, withdrawn=True))
    ledger.write_stands(session, stands)
    moved = surveys.write(session, over, now)
    withdraw(session, dead)
    moved |= project(session, now, living, others)
    place_in_lists(session, [*standings, *(recorded_in(session, moved) if moved else ())])
    verification.withdraw(session, dead)
    verification.run_rules(session, now, standings, standings)
    answers = [Answer(one.id, UUID(one.standing.lead["author"]), one.body) for one in living if one.kind == ANSWER]
    take_answers(session, now, answers)


def _dataset_of(id_: UUID, kind: str, body: Mapping[str, Any], datasets: Mapping[UUID, UUID]) -> UUID:
    if kind == "survey":
        return id_  # its own
    return UUID(body["dataset_id"]) if body["dataset_id"] else datasets[UUID(body["survey_id"])]


def _outcome(candidate: Candidate, is_new: bool, standings: Mapping[UUID, Standing]) -> Outcome:
    id_ = candidate.record["id"]
    if not is_new:
        return Outcome(id_, candidate.digest, protocol.ALREADY_HAVE)
    view = standings[candidate.id].view
    if view.state == "conflict" and candidate.digest in view.heads:
        detail = [{"field": name, "message": "two values claim this field"} for name in sorted(view.conflicts)]
        return Outcome(id_, candidate.digest, protocol.CONFLICT, None, detail)
    return Outcome(id_, candidate.digest, protocol.ACCEPTED, "waiting" if candidate.digest in view.waiting else None)
