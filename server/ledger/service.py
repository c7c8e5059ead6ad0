"""Where a repeat is recognised: by id and digest, in one statement, under locks taken in id order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from server.db import among, as_json, put
from server.ledger.model import ImportKey, Ledger, ServerState, VersionRow
from shared.ids import uuid7_from

_ORDER_LOCK = 0x58590001
DESK = uuid7_from("xiangye conflicts", 0)
"""The device in whose name versions are written that a person made at the server, of values that others had recorded: whoever settles
a record so has not become one of its observers."""


def take_order_lock(session: Session) -> None:
    """Held to the end of the transaction, so that numbers are given in the order of commits and a reader's cursor skips none."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ORDER_LOCK})


def expect(session: Session, identities: Iterable[tuple[UUID, str]], years: Mapping[UUID, int]) -> None:
    """A row for every id that is named, even before its record has come: children may arrive before their parents. `years`: of those
    that begin now, so that the key which other tables point to need not change at once."""
    # A known kind wins.
    ordered = sorted(set(identities), key=lambda identity: (str(identity[0]), identity[1] == "unknown", identity[1]))
    rows = [{"id": id_, "kind": kind, "observed_year": years.get(id_, 0), "state": "expected"} for id_, kind in ordered]
    if rows:
        put(session, Ledger, rows, "DO NOTHING")


class Held(NamedTuple):
    """A row of the ledger as it stands while it is locked."""

    id: UUID
    kind: str
    state: str


def lock(session: Session, ids: Iterable[UUID]) -> dict[UUID, Held]:
    """The ledger rows of these ids, locked in id order. Against whoever would change them, not against rows that name them: of two
    batches each may withdraw what is then named the first of its county in the other's place."""
    columns = select(Ledger.id, Ledger.kind, Ledger.state).where(among(Ledger.id, ids))
    rows = session.execute(columns.order_by(Ledger.id).with_for_update(key_share=True))
    return {row[0]: Held(*row) for row in rows}


def insert_versions(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[tuple[UUID, str]]:
    """The (id, digest) pairs that were not known before."""
    if not rows:
        return set()
    return {(row.id, row.digest) for row in put(session, VersionRow, rows, "DO NOTHING", "id, digest")}


class Came(NamedTuple):
    """When a version came first, and whether a wrong clock had saved it."""

    received_at: datetime
    clock_off: bool


def came(session: Session, ids: Iterable[UUID], now: datetime) -> dict[UUID, dict[str, Came]]:
    """By record and digest: the versions of these records but for those that a right clock saved and that came just now."""
    query = select(VersionRow.id, VersionRow.digest, VersionRow.received_at, VersionRow.clock_off)
    found: dict[UUID, dict[str, Came]] = {}
    for row in session.execute(
        query.where(VersionRow.id.in_(list(ids)), VersionRow.clock_off | (VersionRow.received_at != now))
    ):
        found.setdefault(row.id, {})[row.digest] = Came(row.received_at, row.clock_off)
    return found


class Numbered(NamedTuple):
    id: UUID
    digest: str
    received_at: datetime


def number_changes(session: Session) -> list[Numbered]:
    """Almost the last step of a transaction that wrote versions, followed only by the audit log's entries, which tell of them:
    until its commit no other can number its own."""
    take_order_lock(session)
    written = session.execute(
        text("""
            UPDATE xiangye.version SET change_no = nextval('xiangye.change_no_seq') WHERE change_no IS NULL
            RETURNING id, digest, received_at, change_no
            """)
    )
    _number_decisions(session)
    return [Numbered(row[0], row[1], row[2]) for row in sorted(written, key=lambda row: row[3])]


def number_decisions(session: Session) -> None:
    """What reviewers decided goes to tablets by the same cursor."""
    take_order_lock(session)
    _number_decisions(session)


def _number_decisions(session: Session) -> None:
    session.execute(
        text("UPDATE xiangye.decision SET change_no = nextval('xiangye.change_no_seq') WHERE change_no IS NULL")
    )


@dataclass(frozen=True)
class Stand:
    """How a record stands after its versions were merged; `observed_year` None leaves the year as it is."""

    id: UUID
    kind: str
    state: str
    head_digest: str
    observed_year: int | None


def write_stands(session: Session, stands: Sequence[Stand]) -> None:
    if stands:
        session.execute(
            text("""
                UPDATE xiangye.ledger l SET kind = s.kind, state = s.state, head_digest = s.head_digest,
                    observed_year = coalesce(s.observed_year, l.observed_year)
                FROM jsonb_populate_recordset(NULL::xiangye.ledger, CAST(:stands AS jsonb)) s WHERE l.id = s.id
                """),
            {"stands": as_json([vars(stand) for stand in stands])},
        )


def epoch(session: Session) -> UUID:
    return session.execute(select(ServerState.epoch)).scalar_one()


def begin_epoch(session: Session) -> UUID:
    """The database was put back from a backup: tablets are told, and offer all that they keep once more. Only its owner may."""
    return session.execute(
        update(ServerState).values(epoch=func.gen_random_uuid()).returning(ServerState.epoch)
    ).scalar_one()


def imported_ids(session: Session, dataset_id: UUID, source_ids: Sequence[str]) -> dict[str, UUID]:
    """source id → our id, for the rows of a data set that came before."""
    query = select(ImportKey.source_id, ImportKey.id).where(
        ImportKey.dataset_id == dataset_id, ImportKey.source_id.in_(source_ids)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def remember_imports(session: Session, dataset_id: UUID, ids: Mapping[str, UUID]) -> None:
    rows = [{"dataset_id": dataset_id, "source_id": source, "id": id_} for source, id_ in sorted(ids.items())]
    if rows:
        session.execute(insert(ImportKey).on_conflict_do_nothing(), rows)


def heads(session: Session, ids: Sequence[UUID]) -> dict[UUID, str | None]:
    if not ids:
        return {}
    return {
        row[0]: row[1] for row in session.execute(select(Ledger.id, Ledger.head_digest).where(among(Ledger.id, ids)))
    }
