"""Records that were edited in two places, as the server tells them, and which of them a person has settled here."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mobile.store.database import Database

SETTLED = """exists (select 1 from conflict c join settlement t on t.record_id = c.record_id and t.heads = c.heads
    join outbox made on made.record_id = t.record_id and made.digest = t.digest
    where c.record_id = s.record_id and made.state <> 'quarantined')"""
"""Of the record of `s`: that a version made here stands for all the heads that the server last told. It may still wait."""


@dataclass(frozen=True)
class Written:
    """One version: who wrote it and when; `deleted`, where it is a tombstone."""

    digest: str
    author_name: str
    saved_at: str
    deleted: bool


@dataclass(frozen=True)
class Claim:
    """What a version says of a field; `dropped`, where it has it no more."""

    digest: str
    value: Any
    dropped: bool


@dataclass(frozen=True)
class Conflict:
    """`fields` claimed by several; `body` merges what nobody disputes, None where the server told none; `sealed`: it told no values,
    or not all, since nobody may read them here."""

    record_id: str
    kind: str
    heads: tuple[str, ...]
    versions: Mapping[str, Written]
    fields: Mapping[str, tuple[Claim, ...]]
    body: Mapping[str, Any] | None
    sealed: bool

    @property
    def deleted_heads(self) -> tuple[str, ...]:
        return tuple(head for head in self.heads if head in self.versions and self.versions[head].deleted)


class Conflicts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, record_id: str) -> Conflict | None:
        """What waits for a person; None where nothing does, or the server has told no versions."""
        rows = self._database.rows(
            f"""select s.kind, told.told from server_state s join conflict told using (record_id)
            where s.record_id = ? and s.state = 'conflict' and not {SETTLED}""",
            (record_id,),
        )
        return _read(record_id, rows[0]["kind"], json.loads(rows[0]["told"])) if rows else None

    def open_count(self, kinds: Sequence[str]) -> int:
        """Records of these kinds, in which somebody wrote here, that wait for a person."""
        return self._database.count(
            f"""select count(*) from server_state s where s.state = 'conflict' and not {SETTLED} and exists (
                select 1 from record r where r.record_id = s.record_id and r.kind in ({",".join("?" * len(kinds))}))""",
            tuple(kinds),
        )

    def followed_elsewhere(self, record_id: str) -> bool:
        """Whether the province's newest version was made on another tablet, or there; its content is not known here."""
        query = """select count(*) from server_state s where s.record_id = ? and s.state = 'current' and s.head_digest is not null
            and not exists (select 1 from record r where r.record_id = s.record_id and r.digest = s.head_digest)"""
        return self._database.count(query, (record_id,)) > 0

    def unsent(self, record_id: str) -> bool:
        """Whether a version made here has not reached the province: what it told of the record is then not all there is."""
        query = "select count(*) from outbox where record_id = ? and state in ('waiting', 'sent')"
        return self._database.count(query, (record_id,)) > 0

    def settled(self, connection: sqlite3.Connection, record_id: str, digest: str, heads: Sequence[str]) -> None:
        """In the transaction that saves the version."""
        connection.execute("insert into settlement values (?, ?, ?)", (record_id, digest, _in_order(heads)))


def take_conflicts(connection: sqlite3.Connection, changes: Iterable[Mapping[str, Any]]) -> None:
    """A record that is in conflict no more has none here either; what is garbled is left out, and holds up no pull."""
    for change in changes:
        told = change.get("conflict")
        if change["state"] != "conflict":
            connection.execute("delete from conflict where record_id = ?", (change["record_id"],))
        elif isinstance(told, dict) and (found := _read(change["record_id"], change["kind"], told)):
            connection.execute(
                "insert or replace into conflict values (?, ?, ?)",
                (found.record_id, _in_order(found.heads), json.dumps(told, ensure_ascii=False)),
            )


def _in_order(heads: Sequence[str]) -> str:
    return " ".join(sorted(heads))


def _read(record_id: str, kind: str, told: Mapping[str, Any]) -> Conflict | None:
    """None where it has not the form of a conflict."""
    try:
        heads = tuple(_text(head) for head in told["heads"])
        versions = {one["digest"]: _written(one) for one in told["versions"]}
        claimed = told.get("fields") or {}
        fields = {_text(name): tuple(map(_claim, claims)) for name, claims in claimed.items()}
        withheld = any("withheld" in claim for claims in claimed.values() for claim in claims)
    except (KeyError, TypeError, AttributeError):
        return None
    body, sealed = told.get("body"), withheld or told.get("sealed") is True
    if len(heads) < 2 or not all(fields.values()):
        return None
    return Conflict(record_id, kind, heads, versions, fields, body if isinstance(body, dict) else None, sealed)


def _written(one: Mapping[str, Any]) -> Written:
    name, at = one.get("author_name"), one.get("saved_at")
    return Written(
        _text(one["digest"]),
        name if isinstance(name, str) else "",
        at if isinstance(at, str) else "",
        one.get("deleted") is True,
    )


def _claim(one: Mapping[str, Any]) -> Claim:
    return Claim(_text(one["digest"]), one.get("value"), "value" not in one)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value
