"""Confirmed records and their way to the server."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mobile.species.entry import Species
from mobile.store.conflicts import SETTLED
from mobile.store.database import Database
from mobile.store.soundness import is_whole
from mobile.store.standing import Standing, standing
from mobile.store.twins import FARTHEST

RECENT = 12
# 'sent' means: posted, but the answer never came; it is offered again like one that waits.
_WAITS = "('waiting', 'sent')"
_HELD = "('held', 'conflict')"


@dataclass(frozen=True)
class KeptRecord:
    """`state` as in the outbox, ``withdrawn``, ``settled`` (a conflict, settled here and not sent yet), or once it is held the state
    of its review (``answered`` while a question's answer is on its way); `reason` the server's words or why it still waits."""

    record_id: str
    digest: str
    kind: str
    record: dict[str, Any]
    state: str
    reason: str
    saved_at: str

    @property
    def is_damaged(self) -> bool:
        """Its bytes are not those that were confirmed: what they say is not told as what was recorded."""
        return not self.record

    @property
    def is_sealed(self) -> bool:
        """Nothing of its body can be read here any more. A damaged one may have been sealed, and is guarded like one that was."""
        return self.is_damaged or "sealed" in self.record

    @property
    def body(self) -> dict[str, Any]:
        return {} if self.is_sealed else dict(self.record["body"])


class Outbox:
    def __init__(self, database: Database) -> None:
        self._database = database

    def next_seq(self, connection: sqlite3.Connection) -> int:
        """In the transaction that uses it, so that no number is given twice and none is lost. A floor out of reach is none."""
        floor = "select coalesce(max(cast(value as integer)), 0) from setting where name = 'seq_floor'"
        highest, least = connection.execute(f"select coalesce(max(seq), 0), ({floor}) from record").fetchone()
        return int(max(highest, least if least - highest <= FARTHEST else 0)) + 1

    def add(self, connection: sqlite3.Connection, record: dict[str, Any], digest: str, canonical: bytes) -> None:
        connection.execute(
            "insert into record values (?, ?, ?, ?, ?, ?, ?)",
            (
                record["seq"],
                record["id"],
                digest,
                record["base_digest"],
                record["kind"],
                record["saved_at"]["wall"],
                canonical,
            ),
        )
        connection.execute("insert into outbox (record_id, digest) values (?, ?)", (record["id"], digest))

    def standing(self) -> Standing:
        return standing(self._database)

    def total(self) -> int:
        return self._database.count("select count(*) from record")

    def waiting_count(self) -> int:
        return self._database.count(f"select count(*) from outbox where state in {_WAITS}")

    def held_count(self) -> int:
        return self._database.count(f"select count(*) from outbox where state in {_HELD}")

    def reasons(self) -> list[tuple[str, int]]:
        """Why records are not at the server, with how many."""
        rows = self._database.rows(
            f"select last_reason, count(*) from outbox where state not in {_HELD} and last_reason <> '' group by 1 order by 2 desc",
        )
        return [(row[0], row[1]) for row in rows]

    def counts(self, kinds: Sequence[str]) -> dict[str, int]:
        rows = self._database.rows(f"select shown, count(*) from ({_shown_of(kinds)}) group by 1", tuple(kinds))
        return {row[0]: row[1] for row in rows}

    def latest(self, kinds: Sequence[str], limit: int, state: str | None = None) -> list[KeptRecord]:
        """Newest first; a record is shown once, by its newest version."""
        rows = self._database.rows(
            f"select * from ({_shown_of(kinds)}) where ? is null or shown = ? order by seq desc limit ?",
            (*kinds, state, state, limit),
        )
        return [_kept(row) for row in rows]

    def find(self, kinds: Sequence[str], record_id: str) -> KeptRecord | None:
        """One record as the list shows it."""
        rows = self._database.rows(f"select * from ({_shown_of(kinds)}) where record_id = ?", (*kinds, record_id))
        return _kept(rows[0]) if rows else None

    def newest_version(self, record_id: str) -> KeptRecord | None:
        return next(reversed(self.versions(record_id)), None)

    def versions(self, record_id: str) -> list[KeptRecord]:
        """All that were made here, oldest first, each as it came through by itself."""
        rows = self._database.rows(
            "select r.*, o.last_reason, o.state as shown from record r join outbox o using (record_id, digest) "
            "where record_id = ? order by seq",
            (record_id,),
        )
        return [_kept(row) for row in rows]

    def has(self, record_id: str, digest: str) -> bool:
        """Whether this version was made here."""
        query = "select count(*) from record where record_id = ? and digest = ?"
        return self._database.count(query, (record_id, digest)) > 0

    def sealed_since(self, moment: str) -> bool:
        """Whether something was met that was sealed, at or after this time of the tablet. Canonical bytes begin with their first
        name in order."""
        query = """select count(*) from record where kind = 'occurrence' and saved_at >= ?
            and substr(cast(canonical as text), 1, 10) = '{"header":'"""
        return self._database.count(query, (moment,)) > 0

    def of_event(self, kind: str, event_id: str) -> list[KeptRecord]:
        """Children of an event, oldest first."""
        found = self.latest((kind,), 10_000)
        return [record for record in reversed(found) if record.body.get("event_id") == event_id]

    def recent_species(self) -> list[Species]:
        """What this user recorded lately, each species once."""
        rows = self._database.rows(
            "select digest, canonical from record where kind = 'occurrence' order by seq desc limit 100"
        )
        taxa = [record["body"]["taxon"] for record in map(_record_of, rows) if "body" in record]
        named = [Species(t["taxon_id"], t["scientific_name"] or "", t["name_zh"] or "") for t in taxa]
        return list({species.key: species for species in reversed(named) if species.key}.values())[::-1][:RECENT]


def _shown_of(kinds: Sequence[str]) -> str:
    """Each record of these kinds by its newest version; `shown` is how far it came, and once it is held, how its review stands."""
    return f"""select r.*, o.last_reason,
        case when s.state = 'conflict' and not {SETTLED} then 'conflict'
             when exists (select 1 from record t where t.kind = 'tombstone' and t.record_id = r.record_id and t.seq > r.seq)
                  or s.state = 'deleted' and o.state in {_HELD} then 'withdrawn'
             when o.state in {_WAITS} and exists (select 1 from settlement t where t.record_id = r.record_id
                  and t.digest = r.digest) then 'settled'
             when o.state not in {_HELD} then o.state
             when o.state = 'conflict' and s.state is null then 'conflict'
             when v.state is null then 'held'
             when v.state = 'asked' and exists (select 1 from review_answer a
                  where a.occurrence_id = r.record_id and a.decision_id = v.decision_id) then 'answered'
             else v.state end as shown
        from record r join outbox o using (record_id, digest) left join server_state s using (record_id)
        left join review v on v.record_id = r.record_id
             and v.change_no = (select max(w.change_no) from review w where w.record_id = r.record_id)
        where r.kind in ({",".join("?" * len(kinds))}) and not exists (
            select 1 from record n where n.record_id = r.record_id and n.kind = r.kind and n.seq > r.seq)"""


def _kept(row: sqlite3.Row) -> KeptRecord:
    return KeptRecord(
        row["record_id"],
        row["digest"],
        row["kind"],
        _record_of(row),
        row["shown"],
        row["last_reason"],
        row["saved_at"],
    )


def _record_of(row: sqlite3.Row) -> dict[str, Any]:
    """Empty where it is damaged."""
    canonical = row["canonical"]
    return dict(json.loads(canonical)) if is_whole(row["digest"], canonical) else {}
