"""What reviewers and rules had said of each record by a cutoff."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.sensitivity.records import GivenName, Review


def reviews_at(session: Session, ids: Collection[UUID], cutoff: datetime) -> dict[UUID, Review]:
    """By id; of which nobody had said anything, none."""
    found: dict[UUID, Review] = {}
    for row in _decisions(session, cutoff):
        if row["record_id"] in ids:
            found[row["record_id"]] = _after(found.get(row["record_id"], Review()), row)
    flags = session.execute(
        text("""
        SELECT record_id, array_agg(DISTINCT rule_id) FROM xiangye.rule_finding
        WHERE severity = 'flag' AND found_at < :cutoff AND (gone_at IS NULL OR gone_at >= :cutoff) GROUP BY record_id
        """),
        {"cutoff": cutoff},
    )
    for record_id, rules in flags:
        if record_id in ids:
            found[record_id] = replace(found.get(record_id, Review()), flags=tuple(sorted(rules)))
    return found


def _decisions(session: Session, cutoff: datetime) -> list[Mapping[str, Any]]:
    """In the order in which they were taken."""
    rows = session.execute(
        text("""
        SELECT d.record_id, d.action, d.state, d.reason_code, d.actor_role, d.decided_at, i.id AS named, i.taxon_id::text,
            i.scientific_name, i.name_zh, i.qualifier, i.method, i.confidence
        FROM xiangye.decision d LEFT JOIN xiangye.identification i ON i.decision_id = d.id
        WHERE d.decided_at < :cutoff AND d.action <> 'check' ORDER BY d.change_no, d.id
        """),
        {"cutoff": cutoff},
    )
    return [dict(row) for row in rows.mappings()]


def _after(before: Review, row: Mapping[str, Any]) -> Review:
    """A name stands until another is given, or until the record says something else than what was judged."""
    name = before.name if row["reason_code"] != "changed" else None
    if row["named"] is not None:
        name = GivenName(**{key: row[key] for key in GivenName.__dataclass_fields__})
    return Review(row["state"], before.flags, name, row["actor_role"], row["decided_at"].isoformat())
