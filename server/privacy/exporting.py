"""Everything about one person, for that person: what is held of them, what they sent, where they walked, who looked it up."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.accounts.model import Person
from server.accounts.viewer import Viewer
from server.audit.service import log
from server.formats.packing import pack
from server.ledger.service import DESK
from server.privacy import contacts, notices
from server.privacy.model import RecordNotice
from server.privacy.sealing import contact_key
from server.sensitivity import service as sensitivity
from server.settings import Settings
from shared.clock import Clock
from shared.problems import Problem

_SECRETS = ("hash", "secret", "nonce", "sealed", "verifier", "scopes", "key_id")
_WITHHELD = ("place", "geometry", "verbatim", "event_id")
_WITHHELD_WORDS = "受保护的位置按规定隐去"
_OWN_WAYS = ("patrol", "track_segment", "finding")
_READ_ME = """本压缩包是湘野系统中关于您个人的全部数据（JSON，UTF-8）：
person.json 登记、账号、权限、设备、告知与同意、联系方式，以及其他提到您的登记；
records.json 您提交的全部记录及其每个版本；巡护轨迹按您提交的原样给出；
audit.json 审计日志中由您所为和关于您的条目。
敏感物种的准确位置按规定隐去，不因记录人是您而例外；密码与令牌只存有不可还原的摘要，不在其中。
"""
_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL) FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'xiangye'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND format_type(a.atttypid, NULL) IN ('uuid', 'text') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
        AND c.relname <> ALL (:elsewhere) AND (:own OR NOT c.relrowsecurity)
    ORDER BY 1, 2
    """
_ELSEWHERE = (
    "audit_entry",
    "version",
    "ledger",
    "shown_record",
    "record_scope",
    "scope",
    "contact",
    "media_file",
    "redaction",
)
_READABLE = """
    SELECT a.attname FROM pg_attribute a WHERE a.attrelid = CAST(:name AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
        AND has_column_privilege(a.attrelid, a.attnum, 'SELECT') ORDER BY a.attnum
    """


def export_person(
    session: Session, viewer: Viewer, clock: Clock, settings: Settings, person_id: UUID, own: bool = True
) -> bytes:
    """A ZIP of JSON. For the person the session sees everything: it is all theirs, wherever they were. Who exports for another
    is told no more than the own scopes hold, neither ways nor contacts."""
    person = session.get(Person, person_id)
    if person is None:
        raise Problem("not_found", f"没有编号为 {person_id} 的人员")
    held: dict[str, Any] = dict(_rows_about(session, person, own))
    if own:
        held["contact"] = [
            {"id": row.id, "created_at": row.created_at, **words}
            for row, words in contacts.of_person(session, contact_key(settings), person_id)
        ]
    records = list(_records(session, person_id, own))
    names = (str(person_id), person.account or str(person.pseudonym))
    members = {
        "person.json": _json(held),
        "records.json": _json(records),
        "audit.json": _json(_entries(session, names)),
        "README.txt": _READ_ME.encode(),
    }
    log(session, clock, viewer.name, "export_person", str(person_id), {"records": len(records), "own": own})
    return pack(members, clock.now())


def _rows_about(session: Session, person: Person, own: bool) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Of every table, the rows that name the person by id, account or pseudonym, whatever their column is called; for another
    none of the tables that hold records."""
    names = [str(person.id), str(person.pseudonym), *([person.account] if person.account else [])]
    by_table: dict[str, list[str]] = {}
    for table, column, _kind in session.execute(text(_COLUMNS), {"elsewhere": list(_ELSEWHERE), "own": own}).all():
        by_table.setdefault(table, []).append(column)
    for table, columns in by_table.items():
        kept = [name for name in _readable(session, table) if not any(secret in name for secret in _SECRETS)]
        where = " OR ".join(f'CAST("{column}" AS text) = ANY (:names)' for column in columns)
        chosen = ", ".join(f'"{name}"' for name in kept)
        rows = session.execute(text(f'SELECT {chosen} FROM xiangye."{table}" WHERE {where}'), {"names": names})
        if found := [dict(row) for row in rows.mappings()]:
            yield table, found


def _readable(session: Session, table: str) -> list[str]:
    return list(session.execute(text(_READABLE), {"name": f'xiangye."{table}"'}).scalars())


def _records(session: Session, person_id: UUID, own: bool) -> Iterator[dict[str, Any]]:
    rows = session.execute(
        text("""
        SELECT v.id, v.digest, v.kind, v.received_at, v.device, coalesce(s.level, 0) AS level, coalesce(s.shown_id, v.id) AS shown_id
        FROM xiangye.version v LEFT JOIN xiangye.shown_record s USING (id) WHERE v.author = :person ORDER BY v.id, v.received_at, v.digest
        """),
        {"person": person_id},
    ).all()
    for start in range(0, len(rows), 500):
        some = rows[start : start + 500]
        bodies = {
            (id_, mark): body for id_, mark, body in sensitivity.bodies_for_merging(session, [row.id for row in some])
        }
        told = notices.of_records(session, [row.id for row in some])
        for row in some:
            if row.device == DESK or (row.level and not own):
                yield {"id": row.shown_id, "kind": row.kind, "information_withheld": _WITHHELD_WORDS}
                continue
            record = json.loads(bodies[row.id, row.digest])
            yield {
                "id": row.id,
                "digest": row.digest,
                "received_at": row.received_at,
                "notice": _notice(told.get(row.id)),
                "record": _shown(record, row.level),
            }


def _shown(record: Mapping[str, Any], level: int) -> dict[str, Any]:
    """One's own way is one's own; the place of a guarded animal is nobody's."""
    if level == 0 or record["kind"] in _OWN_WAYS:
        return dict(record)
    body = {name: value for name, value in record["body"].items() if name not in _WITHHELD}
    return {**record, "body": {**body, "information_withheld": _WITHHELD_WORDS}}


def _notice(row: RecordNotice | None) -> dict[str, Any] | None:
    names = ("version", "basis", "accepted_at", "guardian")
    return {name: getattr(row, name) for name in names} if row else None


def _entries(session: Session, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = session.execute(
        text("""
        SELECT entry_no, at, actor = ANY (:names) AS by_you, action, subject = ANY (:names) AS about_you FROM xiangye.audit_entry
        WHERE actor = ANY (:names) OR subject = ANY (:names) ORDER BY entry_no
        """),
        {"names": list(names)},
    )
    return [dict(row) for row in rows.mappings()]


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode()
