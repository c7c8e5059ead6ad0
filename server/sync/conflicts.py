"""Records that were edited in two places: what each side says, and a version by which a person settles it.

Whoever may not see a place chooses by version, and the value is taken from that version here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.viewer import Actor, Viewer
from server.audit.service import log, seal_versions
from server.db import EVERYTHING, looking_through
from server.ledger import service as ledger
from server.ledger.model import Ledger, VersionRow
from server.ledger.service import DESK
from server.places.queries import hold_in_force
from server.sensitivity import generalising
from server.sensitivity import service as sensitivity
from server.sensitivity.disputed import WITHHELD, Telling, tellings
from server.sensitivity.model import ShownRecord
from server.sync.admission import admit
from shared import __version__, protocol
from shared.clock import CHINA, Clock
from shared.field_names import FIELD_NAMES
from shared.merge import Claim, Merged, claims_of, merge
from shared.problems import Problem
from shared.wire.envelope import MAX_MERGED, vocabulary_of
from shared.wire.standing import as_versions, stand

_OF_PEOPLE = frozenset({"participants", "recorded_by", "leader", "notice"})


@dataclass(frozen=True)
class Conflict:
    """`rows`: the versions in the order in which they were numbered, which name them 1, 2, … to whoever may not know their digests."""

    id: UUID
    level: int
    shown: ShownRecord
    rows: Sequence[VersionRow]
    records: Mapping[str, Mapping[str, Any]]
    sealed: bool

    @cached_property
    def view(self) -> Merged:
        return merge(as_versions(self.records).values())

    @property
    def deleted_heads(self) -> tuple[str, ...]:
        return tuple(head for head in self.view.heads if self.records[head]["kind"] == "tombstone")

    @cached_property
    def fields(self) -> Mapping[str, tuple[Claim, ...]]:
        """Those that a person has to choose, with who claims what."""
        known = as_versions(self.records)
        edits = [known[head] for head in self.view.heads if known[head].kind != "tombstone"]
        names = stand(self.records).view.conflicts
        return {name: self.view.disputed.get(name) or claims_of(edits, name) for name in names}

    def number_of(self, digest: str) -> int:
        return 1 + [row.digest for row in self.rows].index(digest)

    @property
    def mentioned(self) -> list[VersionRow]:
        """The heads, and whoever claims a field."""
        named = {*self.view.heads, *(claim.digest for claims in self.fields.values() for claim in claims)}
        return [row for row in self.rows if row.digest in named]


def load(session: Session, ids: Iterable[UUID]) -> dict[UUID, Conflict]:
    """Of these ids those that are in conflict, and that this session sees."""
    query = (
        select(ShownRecord)
        .join(Ledger, Ledger.id == ShownRecord.id)
        .where(Ledger.state == "conflict", Ledger.id.in_(set(ids)))
    )
    shown = {row.id: row for row in session.scalars(query)}
    if not shown:
        return {}
    rows: dict[UUID, list[VersionRow]] = {}
    order = (VersionRow.change_no, VersionRow.received_at, VersionRow.digest)
    for row in session.scalars(select(VersionRow).where(VersionRow.id.in_(shown)).order_by(*order)):
        rows.setdefault(row.id, []).append(row)
    records: dict[UUID, dict[str, Any]] = {}
    for id_, mark, body in sensitivity.bodies_for_merging(session, sorted(shown)):
        records.setdefault(id_, {})[mark] = json.loads(body)
    sealed = sensitivity.sealed_among(session, sorted(shown))
    return {
        id_: Conflict(id_, row.level, row, rows[id_], records[id_], id_ in sealed)
        for id_, row in shown.items()
        if id_ in records
    }


def told_to_author(session: Session, ids: Iterable[UUID], person_id: UUID) -> dict[UUID, dict[str, Any]]:
    """For the tablet of somebody who wrote in it. Values only where nothing was sealed, and nothing guarded is somebody else's."""
    found = load(session, ids)
    names = _names(session, found.values())
    gate = _tellings(session, found)
    return {one.id: _for_author(one, person_id, names, gate[one.id]) for one in found.values()}


def _for_author(one: Conflict, person_id: UUID, names: Mapping[UUID, str], gate: Telling) -> dict[str, Any]:
    """What is told goes back as it was told, so all of it is exact or none is told."""
    if one.sealed or _guards_others(one, person_id, gate):
        return _outline(one, names) | {"sealed": True}
    return _outline(one, names) | {
        "fields": {
            name: [{"digest": c.digest} | ({} if c.dropped else {"value": c.value}) for c in claims]
            for name, claims in one.fields.items()
        },
        "body": one.view.body,
    }


def _guards_others(one: Conflict, person_id: UUID, gate: Telling) -> bool:
    own = {row.digest for row in one.rows if row.author == person_id and row.device != DESK}
    if one.level > 0:
        return len(own) < len(one.rows)
    claims = [(name, claim) for name, claims in one.fields.items() for claim in claims]
    said = [(name, claim.digest, claim.value) for name, claim in claims if not claim.dropped]
    said += [(name, one.view.sources[name], value) for name, value in one.view.body.items()]
    return any(mark not in own and gate.guards(name, value) for name, mark, value in said)


def _tellings(session: Session, found: Mapping[UUID, Conflict]) -> dict[UUID, Telling]:
    claims = [claim for one in found.values() for claim in one.fields.get("taxon", ()) if not claim.dropped]
    levels = {one.id: (one.shown.kind, one.level) for one in found.values()}
    return tellings(session, levels, [claim.value for claim in claims])


def _outline(one: Conflict, names: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "heads": list(one.view.heads),
        "versions": [
            {
                "digest": row.digest,
                "author_name": names.get(row.author, ""),
                "saved_at": row.saved_at.isoformat(),
                "deleted": row.kind == "tombstone",
            }
            for row in one.mentioned
        ],
    }


def told_to_reviewer(session: Session, found: Mapping[UUID, Conflict]) -> dict[UUID, dict[str, Any]]:
    """By the numbers of versions, since a digest of a place can be found by trying places; a guarded record tells no more than lists do."""
    names = _names(session, found.values())
    gate = _tellings(session, found)
    return {one.id: _for_reviewer(one, names, gate[one.id]) for one in found.values()}


def _for_reviewer(one: Conflict, names: Mapping[UUID, str], gate: Telling) -> dict[str, Any]:
    return {
        "record_id": str(one.shown.shown_id),
        "kind": one.shown.kind,
        "versions_seen": len(one.rows),
        "versions": [
            {
                "version": one.number_of(row.digest),
                "author_name": names.get(row.author, "") if generalising.tells_recorder(one.level) else None,
                "saved_at": _moment(one, row.saved_at),
                "deleted": row.kind == "tombstone",
                "head": row.digest in one.view.heads,
            }
            for row in one.mentioned
        ],
        "fields": [
            {
                "name": name,
                "name_zh": FIELD_NAMES.get(name, name),
                "values": [_value(one, name, claim, gate) for claim in claims],
            }
            for name, claims in sorted(one.fields.items())
        ],
        "may_delete": bool(one.deleted_heads),
    }


def _moment(one: Conflict, saved_at: datetime) -> str:
    local = saved_at.astimezone(CHINA)
    return local.strftime("%Y-%m") if one.level > 0 else local.isoformat()


def _value(one: Conflict, name: str, claim: Claim, gate: Telling) -> dict[str, Any]:
    told: dict[str, Any] = {"version": one.number_of(claim.digest)}
    if claim.dropped:
        return told
    value = WITHHELD if name in _OF_PEOPLE else gate.value(name, claim.value)
    return told | ({"withheld": True} if value is WITHHELD else {"value": value})


def _names(session: Session, found: Iterable[Conflict]) -> dict[UUID, str]:
    authors = {row.author for one in found for row in one.rows}
    return {row[0]: row[1] for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(authors)))}


@dataclass(frozen=True)
class Choice:
    """`seen`: how many versions there were when the person looked; `fields`: by field the number of the version whose value holds."""

    seen: int
    fields: Mapping[str, int]
    delete: bool
    remarks: str | None


def waiting(session: Session, limit: int, after: tuple[str, ...] | None) -> list[ShownRecord]:
    """One more than `limit` where there are more; the session sees what the viewer may verify."""
    query = select(ShownRecord).join(Ledger, Ledger.id == ShownRecord.id).where(Ledger.state == "conflict")
    if after:
        query = query.where(tuple_(ShownRecord.listed_on, ShownRecord.listing_key) > tuple_(*_key_values(after)))
    return list(session.scalars(query.order_by(ShownRecord.listed_on, ShownRecord.listing_key).limit(limit + 1)))


def _key_values(after: tuple[str, ...]) -> tuple[Any, ...]:
    try:
        return datetime.fromisoformat(after[0]).date(), UUID(after[1])
    except ValueError as error:
        raise Problem("invalid", "翻页标记无效；请从第一页开始", field="after") from error


def settle(session: Session, viewer: Viewer, clock: Clock, id_: UUID, choice: Choice) -> str:
    """The state in which the record stands then. The session sees what the viewer may verify; all in its transaction, commits nothing."""
    if viewer.person_id is None:
        raise Problem("not_allowed")
    hold_in_force(session)
    with looking_through(session, EVERYTHING):
        ledger.lock(session, [id_])
        found = load(session, [id_]).get(id_)
        if found is None or len(found.rows) != choice.seen:
            raise Problem("conflict_changed")
        record = _settlement(found, viewer.person_id, clock, choice)
        actor = replace(Actor(viewer.person_id, DESK), follows_anybody=True)
        (outcome,) = admit(session, actor, clock, [record])
        if outcome.outcome == protocol.QUARANTINED:
            field = next((one["field"].removeprefix("body.") for one in outcome.detail), "choose")
            raise Problem("invalid", "所选的值放在一起不成立，请另选", field=f"choose.{field}")
        seal_versions(session, clock, viewer.name, str(id_))
        log(session, clock, viewer.name, "settle_conflict", str(id_), {"digest": outcome.digest})
        return session.scalars(select(Ledger.state).where(Ledger.id == id_)).one()


def _settlement(found: Conflict, author: UUID, clock: Clock, choice: Choice) -> dict[str, Any]:
    now, heads = clock.now(), found.view.heads[: MAX_MERGED + 1]
    lead = found.records[found.view.lead]
    about: dict[str, Any] = {
        "base_digest": heads[0],
        "merged_digests": list(heads[1:]),
        "author": str(author),
        "device": str(DESK),
        "seq": int(now.timestamp() * 1_000_000),  # a person settles one at a time, and no number is used twice
        "app_version": f"server {__version__}"[:40],
        "saved_at": {"wall": now.astimezone(CHINA).isoformat(), "monotonic_ms": 0, "gnss": None},
    }
    if choice.delete:
        if not found.deleted_heads:
            raise Problem("invalid", "没有人删除过这条记录", field="delete")
        body = {"target_id": lead["id"], "target_kind": lead["kind"], "reason": choice.remarks}
        return {**lead, **about, "kind": "tombstone", "body": body}
    chosen = _chosen(found, choice)
    # Words of a person may tell a place: they stand in the version, behind its walls, and not in the audit log.
    about["settlement_remarks"] = choice.remarks
    return {**lead, **about, "vocabulary": vocabulary_of(lead["kind"], chosen), "body": chosen}


def _chosen(found: Conflict, choice: Choice) -> dict[str, Any]:
    for name in choice.fields:
        if name not in found.fields:
            raise Problem("invalid", "这一项没有分歧", field=f"choose.{name}")
    body = dict(found.view.body)
    for name, claims in found.fields.items():
        by_number = {found.number_of(claim.digest): claim for claim in claims}
        claim = by_number.get(choice.fields.get(name, 0))
        if claim is None:
            raise Problem("invalid", "请选定其中一个版本的值", field=f"choose.{name}")
        body.pop(name, None)
        if not claim.dropped:
            body[name] = claim.value
    return body
